import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import GenerationConfig

from memdojo.agents.engines.model_facts import read_model_facts, read_weight_shapes
from memdojo.agents.engines.models import (
    ModelInfo,
    check_model,
    end_token_ids,
    load_causal_lm,
    load_tokenizer,
    save_model,
)
from memdojo.agents.language.tiny import build_tiny_model
from memdojo.errors import ModelError


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    build_tiny_model(folder, hidden_dim=32, num_layers=2, num_heads=1, num_streams=20)
    return folder


@pytest.fixture
def copy(tiny: Path, tmp_path: Path) -> Path:
    """A copy of the tiny model to be damaged."""
    return Path(shutil.copytree(tiny, tmp_path / "copy"))


def _edit(folder: Path, file: str, **changes: Any) -> None:
    """Set keys of a JSON file; None takes a key out."""
    path = folder / file
    known = json.loads(path.read_text("utf-8")) | changes
    path.write_text(json.dumps({key: value for key, value in known.items() if value is not None}), "utf-8")


def test_a_good_model_is_described(tiny: Path) -> None:
    assert check_model(str(tiny)) == ModelInfo(
        str(tiny), "LlamaForCausalLM", 2048, 1024, (1,), pad_id=0, pads_with_end=False, dtype="float32"
    )


def test_a_missing_pad_token_is_stated(copy: Path) -> None:
    _edit(copy, "tokenizer_config.json", pad_token=None)
    info = check_model(str(copy))
    assert (info.pad_id, info.pads_with_end) == (1, True)
    assert load_tokenizer(str(copy)).pad_token == "<|end|>"


def test_end_tokens_are_those_of_generation_config_and_tokenizer(copy: Path) -> None:
    _edit(copy, "generation_config.json", eos_token_id=[9, 7])
    assert end_token_ids(str(copy), load_tokenizer(str(copy))) == (9, 7, 1)
    assert check_model(str(copy)).end_ids == (9, 7, 1)
    _edit(copy, "tokenizer_config.json", eos_token=None)
    assert check_model(str(copy)).end_ids == (9, 7)


def test_without_generation_config_the_config_names_the_end_token(copy: Path) -> None:
    (copy / "generation_config.json").unlink()
    _edit(copy, "config.json", eos_token_id=8)
    assert check_model(str(copy)).end_ids == (8, 1)


def _without(*names: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return damage


def _edited(file: str, **changes: Any) -> Callable[[Path], None]:
    return lambda folder: _edit(folder, file, **changes)


def _without_end(folder: Path) -> None:
    _edit(folder, "tokenizer_config.json", eos_token=None)
    _edit(folder, "generation_config.json", eos_token_id=None)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_without("config.json"), "is not a model folder: it has no config.json"),
        (lambda folder: (folder / "config.json").write_text("{"), "its config.json cannot be used"),
        (_edited("config.json", model_type="nonsense"), "model type `nonsense`"),
        (
            _edited("config.json", model_type="bert", architectures=["BertModel"]),
            "is not a causal language model known to transformers: it is a BertModel",
        ),
        (_edited("config.json", architectures=None), "of type 'llama' without architecture"),
        (_edited("config.json", vocab_size=1000), "tokenizer has 1024 tokens and the model only 1000"),
        (_without("model.safetensors"), "has no weights"),
        (_without("tokenizer.json"), "has no tokenizer"),
        (lambda folder: (folder / "tokenizer.json").write_text("{}"), "its tokenizer cannot be used"),
        (_without("chat_template.jinja"), "the tokenizer has no chat template"),
        (_without_end, "no token ends a response; set eos_token"),
        (
            _edited("tokenizer_config.json", eos_token=None, pad_token=None),
            "neither a pad nor an end token; set pad_token",
        ),
    ],
)
def test_a_model_that_cannot_be_a_policy_is_refused(
    copy: Path, damage: Callable[[Path], None], message: str
) -> None:
    damage(copy)
    with pytest.raises(ModelError) as caught:
        check_model(str(copy))
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(copy))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("model", ["nowhere", "not/a/hub-id", "~/nowhere/at/all"])
def test_a_path_that_does_not_exist_is_told(model: str) -> None:
    for use in (check_model, load_tokenizer, load_causal_lm):
        with pytest.raises(ModelError, match=f"^{model} does not exist; give the folder"):
            use(model)


def test_a_model_that_the_hub_does_not_give_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: object, model: str, **options: Any) -> None:
        raise ConnectionError("no route\nto host")

    monkeypatch.setattr("memdojo.agents.engines.models.HfApi.model_info", refuse)
    for use in (check_model, load_tokenizer, load_causal_lm):
        with pytest.raises(ModelError) as caught:
            use("no-such-organisation/no-such-model")
        assert "did not give a model of that name (no route); any local folder" in str(caught.value)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_without("model.safetensors"), "has no weights"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"short"), "its weights cannot be used"),
        (_edited("config.json", num_hidden_layers=3), "layers.2.input_layernorm.weight is missing, one of 9"),
        (_edited("config.json", vocab_size=2000), "model.embed_tokens.weight has another shape, one of 1"),
    ],
)
def test_weights_that_do_not_fit_are_refused_and_not_drawn_anew(
    copy: Path, damage: Callable[[Path], None], message: str
) -> None:
    damage(copy)
    with pytest.raises(ModelError) as caught:
        load_causal_lm(str(copy))
    assert message in str(caught.value)


def test_a_model_is_loaded_in_the_precision_asked_for(tiny: Path) -> None:
    model = load_causal_lm(str(tiny), "bfloat16")
    assert model.dtype is torch.bfloat16
    assert not model.training


def test_a_saved_model_comes_back(tiny: Path, tmp_path: Path) -> None:
    model, tokenizer = load_causal_lm(str(tiny)), load_tokenizer(str(tiny))
    with torch.no_grad():
        model.model.embed_tokens.weight[3, 4] = 5.0
    save_model(tmp_path, model, tokenizer, GenerationConfig(eos_token_id=[1, 6], pad_token_id=0))
    again = load_causal_lm(str(tmp_path))
    assert again.lm_head.weight[3, 4] == 5.0
    assert all(torch.equal(again.state_dict()[name], each) for name, each in model.state_dict().items())
    assert load_tokenizer(str(tmp_path)).chat_template == tokenizer.chat_template
    assert check_model(str(tmp_path)).end_ids == (1, 6)


def _import_with(blocked: str, path: Path | None = None) -> str:
    """Return the error of importing the module in a process of its own."""
    code = f"import sys; sys.modules.update(dict.fromkeys({blocked.split()!r}))\n"
    if path is not None:
        code += f"sys.path.insert(0, {str(path)!r})\n"
    code += (
        "from memdojo.errors import MissingDependencyError\n"
        "try:\n    import memdojo.agents.engines.models\n"
        "except MissingDependencyError as error:\n    print(error)\n"
    )
    command = [sys.executable, "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


@pytest.mark.parametrize("library", ["torch", "transformers"])
def test_without_its_libraries_the_command_that_installs_them_is_told(library: str) -> None:
    told = _import_with(library)
    assert f"need {library}, which is not installed: pip install 'memdojo[llm-cpu]' on a CPU" in told


def test_a_torchvision_that_does_not_fit_is_told(tmp_path: Path) -> None:
    package, info = tmp_path / "torchvision", tmp_path / "torchvision-0.20.dist-info"
    package.mkdir()
    info.mkdir()
    code = "raise RuntimeError('operator torchvision::nms does not exist')"
    (package / "__init__.py").write_text(code, "utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: torchvision\nVersion: 0.20\n", "utf-8")
    assert "pip uninstall torchvision" in _import_with("", tmp_path)


OWN_CODE = """
from pathlib import Path
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
Path({folder!r}, "RAN").touch()
class OwnConfig(LlamaConfig):
    model_type = "own"
class OwnModel(LlamaForCausalLM):
    config_class = OwnConfig
class OwnTokenizer(PreTrainedTokenizerFast):
    pass
"""


@pytest.mark.parametrize(
    ("file", "changes"),
    [
        ("config.json", {"model_type": "own", "auto_map": {"AutoConfig": "own.OwnConfig"}}),
        (
            "config.json",
            {
                "model_type": "own",
                "auto_map": {"AutoConfig": "own.OwnConfig", "AutoModelForCausalLM": "own.OwnModel"},
            },
        ),
        ("config.json", {"auto_map": {"AutoModelForCausalLM": "own.OwnModel"}}),
        (
            "tokenizer_config.json",
            {"tokenizer_class": "OwnTokenizer", "auto_map": {"AutoTokenizer": [None, "own.OwnTokenizer"]}},
        ),
    ],
    ids=["configuration", "all of it", "model of a known type", "tokenizer"],
)
def test_code_that_comes_with_a_model_is_not_run(copy: Path, file: str, changes: dict[str, Any]) -> None:
    (copy / "own.py").write_text(OWN_CODE.format(folder=str(copy)), "utf-8")
    _edit(copy, file, **changes)
    for load in (check_model, load_tokenizer, load_causal_lm, read_model_facts, read_weight_shapes):
        with suppress(ModelError):
            load(str(copy))
    assert not (copy / "RAN").exists()


def test_a_model_that_needs_code_of_its_own_is_refused_in_a_sentence(copy: Path) -> None:
    (copy / "own.py").write_text(OWN_CODE.format(folder=str(copy)), "utf-8")
    _edit(copy, "config.json", model_type="own", auto_map={"AutoConfig": "own.OwnConfig"})
    for load in (check_model, load_causal_lm, read_model_facts):
        with pytest.raises(ModelError, match=r"copy needs code of its own, .* transformers itself has\.$"):
            load(str(copy))
