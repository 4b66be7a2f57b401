import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model

from memdojo.agents.engines.models import load_causal_lm, load_tokenizer, save_model
from memdojo.agents.language.tiny import build_tiny_model
from memdojo.errors import ConfigError, MemdojoError, ModelError, RunFolderError
from memdojo.train.checkpoints.model_folders import find_model
from memdojo.train.language.merging import average_models

NORM = "model.norm.weight"


def _build(folder: Path, *, norm: tuple[float, float] = (1.0, 1.0), **sizes: Any) -> Path:
    """Build a model whose last norm begins with two given weights."""
    folder.mkdir(parents=True)
    given = {"hidden_dim": 32, "num_layers": 1, "num_heads": 1, "num_streams": 20, **sizes}
    build_tiny_model(folder, **given)
    model = load_causal_lm(str(folder))
    with torch.no_grad():
        model.model.norm.weight[:2] = torch.tensor(norm)
    model.save_pretrained(folder)
    return folder


def _state(folder: Path) -> dict[str, torch.Tensor]:
    return dict(load_causal_lm(str(folder)).state_dict())


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build(tmp_path_factory.mktemp("models") / "first", norm=(1.0, -4.0))


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build(tmp_path_factory.mktemp("models") / "second", norm=(2.0, 8.0), seed=1)


def _checkpoint(folder: Path, model: Path) -> Path:
    shutil.copytree(model, folder / "model")
    (folder / "policy.json").write_text(json.dumps({"of": model.name}), "utf-8")
    (folder / "optimizer.safetensors").write_bytes(b"beside")
    return folder


def test_the_average_of_two_models_is_their_mean(first: Path, second: Path, tmp_path: Path) -> None:
    out = tmp_path / "mean"
    average_models([first, second], out)
    mean, one, two = _state(out), _state(first), _state(second)
    assert mean[NORM][:3].tolist() == [1.5, 2.0, 1.0]
    for name, tensor in mean.items():
        torch.testing.assert_close(tensor, (one[name] + two[name]) / 2)
    assert {path.name for path in out.iterdir()} == {path.name for path in first.iterdir()}
    assert (out / "tokenizer.json").read_bytes() == (first / "tokenizer.json").read_bytes()
    assert torch.equal(mean["lm_head.weight"], mean["model.embed_tokens.weight"])


def test_weights_count_by_their_share(first: Path, second: Path, tmp_path: Path) -> None:
    average_models([first, second], tmp_path / "mean", weights=[1, 3])
    # (1 * 1 + 3 * 2) / 4 and (1 * -4 + 3 * 8) / 4
    assert _state(tmp_path / "mean")[NORM][:2].tolist() == [1.75, 5.0]


def test_sums_are_in_float32_and_the_result_in_the_precision_of_the_first(
    first: Path, second: Path, tmp_path: Path
) -> None:
    folders = []
    # The mean is 1 + 0.00390625 + 0.00390625, and bfloat16 would round each sum back to 1.
    for number, value in enumerate((3.0, 0.01171875, 0.01171875)):
        model = load_causal_lm(str(first), "bfloat16")
        with torch.no_grad():
            model.model.norm.weight[0] = value
        folders.append(tmp_path / str(number))
        save_model(folders[-1], model, load_tokenizer(str(first)), model.generation_config)
    average_models(folders, tmp_path / "mean")
    norm = _state(tmp_path / "mean")[NORM]
    assert norm.dtype is torch.bfloat16
    assert norm[0].item() == 1.0078125
    average_models([folders[0], second], tmp_path / "mixed")
    assert _state(tmp_path / "mixed")[NORM].dtype is torch.bfloat16
    average_models([second, folders[0]], tmp_path / "mixed_2")
    assert _state(tmp_path / "mixed_2")[NORM][0].item() == 2.5


def test_a_checkpoint_makes_a_checkpoint(first: Path, second: Path, tmp_path: Path) -> None:
    checkpoint = _checkpoint(tmp_path / "step_000010", first)
    average_models([checkpoint, second], tmp_path / "mean")
    assert {path.name for path in (tmp_path / "mean").iterdir()} == {"model", "policy.json"}
    record = json.loads((tmp_path / "mean" / "policy.json").read_text("utf-8"))
    assert record.pop("digests").keys() == {"model/model.safetensors"}
    assert record == {"of": "first"}
    assert _state(tmp_path / "mean" / "model")[NORM][0].item() == 1.5
    average_models([second, checkpoint], tmp_path / "plain")
    assert not (tmp_path / "plain" / "policy.json").exists()


def test_of_a_run_the_best_checkpoint_counts_else_the_latest(
    first: Path, second: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    (run / "checkpoints").mkdir(parents=True)
    with pytest.raises(RunFolderError, match=r"run has no checkpoint yet"):
        find_model(run)
    early = _checkpoint(run / "checkpoints" / "step_000010", first)
    late = _checkpoint(run / "checkpoints" / "step_000020", second)
    assert find_model(run).folder == late / "model"
    (run / "best").symlink_to(early.relative_to(run))
    found = find_model(run)
    assert found.folder == early / "model"
    assert found.policy == early / "policy.json"
    assert find_model(early / "model").policy is None


def _adapter(base: Path, folder: Path, **options: Any) -> PeftModel:
    config = LoraConfig(
        r=4, lora_alpha=12, target_modules=["q_proj", "down_proj"], task_type="CAUSAL_LM", **options
    )
    model = get_peft_model(load_causal_lm(str(base), "float32"), config)
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.1)
    model.save_pretrained(folder)
    return model


def test_an_adapter_is_added_to_its_base_as_peft_does_it(first: Path, tmp_path: Path) -> None:
    model = _adapter(first, tmp_path / "adapter")
    average_models([tmp_path / "adapter"], tmp_path / "merged", trust_run=True)
    expected = model.merge_and_unload().state_dict()
    merged = _state(tmp_path / "merged")
    assert merged.keys() == expected.keys()
    for name, tensor in merged.items():
        torch.testing.assert_close(tensor, expected[name], rtol=1e-6, atol=1e-7)
    changed = {name for name, tensor in _state(first).items() if not torch.equal(tensor, merged[name])}
    assert changed == {"model.layers.0.self_attn.q_proj.weight", "model.layers.0.mlp.down_proj.weight"}


def test_adapters_and_models_are_averaged_together(first: Path, second: Path, tmp_path: Path) -> None:
    model = _adapter(first, tmp_path / "adapter")
    average_models([second, tmp_path / "adapter"], tmp_path / "mean", trust_run=True)
    whole = model.merge_and_unload().state_dict()
    name = "model.layers.0.self_attn.q_proj.weight"
    torch.testing.assert_close(_state(tmp_path / "mean")[name], (_state(second)[name] + whole[name]) / 2)


@pytest.mark.filterwarnings("ignore:Model has `tie_word_embeddings=True`")
def test_adapters_that_are_not_plain_are_refused(first: Path, tmp_path: Path) -> None:
    _adapter(first, tmp_path / "dora", use_dora=True)
    with pytest.raises(ModelError, match="use plain LoRA on linear layers"):
        average_models([tmp_path / "dora"], tmp_path / "out", trust_run=True)
    model = get_peft_model(load_causal_lm(str(first)), LoraConfig(r=4, target_modules=["lm_head"]))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(1.0)
    model.save_pretrained(tmp_path / "tied", save_embedding_layers=False)
    with pytest.raises(ModelError, match=r"changes only one of lm_head\.weight"):
        average_models([tmp_path / "tied"], tmp_path / "out", trust_run=True)
    (tmp_path / "dora" / "adapter_config.json").write_text("{}", "utf-8")
    with pytest.raises(ModelError, match="is damaged or names no base model"):
        average_models([tmp_path / "dora"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("base", ["somebody/model", "https://evil.example/model", "~/model", "../base", "/"])
def test_a_base_that_the_user_did_not_name_is_named_and_not_loaded(base: str, tmp_path: Path) -> None:
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": base}), "utf-8")
    with pytest.raises(ConfigError) as refused:
        average_models([adapter], tmp_path / "out")
    for part in (str(adapter), f"base_model_name_or_path = {base!r}", "--trust-run"):
        assert part in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_a_link_inside_an_adapter_leads_outside(first: Path, tmp_path: Path) -> None:
    adapter = tmp_path / "adapter"
    _adapter(first, adapter)
    (adapter / "base").symlink_to(first)
    config = json.loads((adapter / "adapter_config.json").read_text("utf-8"))
    config["base_model_name_or_path"] = str(adapter / "base")
    (adapter / "adapter_config.json").write_text(json.dumps(config), "utf-8")
    with pytest.raises(ConfigError, match="reaches outside of itself"):
        average_models([adapter], tmp_path / "out")


def test_a_base_that_the_user_named_or_that_lies_in_the_adapter_is_loaded(
    first: Path, tmp_path: Path
) -> None:
    _adapter(first, tmp_path / "adapter")
    average_models([tmp_path / "adapter", first], tmp_path / "mean")
    inside = Path(shutil.copytree(first, tmp_path / "own" / "base"))
    _adapter(inside, tmp_path / "own")
    average_models([tmp_path / "own"], tmp_path / "merged")
    assert (tmp_path / "merged" / "config.json").is_file()


@pytest.mark.parametrize("base", [None, 3, "", ["a"]])
def test_an_adapter_that_names_nothing_is_damaged(base: object, tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": base}), "utf-8")
    with pytest.raises(ModelError, match="is damaged or names no base model"):
        average_models([tmp_path], tmp_path / "out", trust_run=True)


def test_models_of_other_sizes_are_refused_by_the_name_of_a_tensor(first: Path, tmp_path: Path) -> None:
    deep = _build(tmp_path / "deep", num_layers=2)
    with pytest.raises(ModelError, match=r"layers\.1\.input_layernorm\.weight is missing in .*first and of"):
        average_models([first, deep], tmp_path / "out")
    wide = _build(tmp_path / "wide", hidden_dim=64)
    message = r"^lm_head\.weight is of shape \(1024, 32\) in .*first and of shape \(1024, 64\) in .*wide"
    with pytest.raises(ModelError, match=message):
        average_models([first, wide], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_models_that_compute_otherwise_are_refused(first: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(first, tmp_path / "other"))
    config = json.loads((other / "config.json").read_text("utf-8"))
    (other / "config.json").write_text(json.dumps({**config, "rms_norm_eps": 0.5}), "utf-8")
    with pytest.raises(ModelError, match=r"rms_norm_eps is 1e-06 in the config of .*first and 0\.5"):
        average_models([first, other], tmp_path / "out")
    vocabulary = _build(tmp_path / "vocabulary", num_streams=15)
    with pytest.raises(ModelError, match="tokenizers of different vocabularies"):
        average_models([first, vocabulary], tmp_path / "out")


def test_weights_that_are_not_finite_are_refused(first: Path, tmp_path: Path) -> None:
    broken = _build(tmp_path / "broken", norm=(1.0, float("nan")))
    for folders in ((first, broken), (broken, first)):
        with pytest.raises(ModelError, match=r"broken: model\.norm\.weight has weights that are not finite"):
            average_models(folders, tmp_path / "out")


def test_arguments_that_make_no_sense_are_refused(first: Path, second: Path, tmp_path: Path) -> None:
    models, out = [first, second], tmp_path / "out"
    cases: list[tuple[Any, type[MemdojoError], str]] = [
        (([], out), ConfigError, "0 models"),
        ((models, out, [1.0]), ConfigError, "1 weights for 2 models"),
        ((models, out, [1.0, 0.0]), ConfigError, "a weight is 0.0"),
        ((models, out, [1.0, float("inf")]), ConfigError, "a weight is inf"),
        ((models, first), ModelError, "first already exists"),
        (([first, tmp_path / "no"], out), ModelError, "no does not exist; give a run, a checkpoint"),
        (([first, tmp_path], out), ModelError, "has neither a config.json nor a folder model"),
    ]
    for arguments, kind, message in cases:
        with pytest.raises(kind, match=message):
            average_models(*arguments)
    assert list(tmp_path.iterdir()) == []
