import subprocess
import sys
from pathlib import Path

import pytest

import memdojo
from builders import invoke
from memdojo.errors import DataError


def test_the_version_is_that_of_the_package() -> None:
    result = invoke("--version")
    assert (result.exit_code, result.stdout) == (0, f"memdojo {memdojo.__version__}\n")


def test_every_command_explains_itself_with_an_example() -> None:
    for name in ("train", "eval", "streams"):
        result = invoke(name, "--help")
        assert result.exit_code == 0
        assert f"memdojo {name} " in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["streams", "locmo"],
            "error: unknown stream source 'locmo'. Did you mean 'locomo' or 'locomo_plus'?",
        ),
        (["streams", "synthetic", "--option", "num_fact=3"], "Did you mean 'num_facts'"),
        (["streams", "synthetic", "--option", "num_facts"], "'num_facts' is not of the form key=value"),
        (["train", "quikstart"], "no file of that name. Did you mean 'quickstart' or 'quickstart_minilm'?"),
        (["train", "quickstart", "sed=1"], "unknown key 'sed' (value 1). Did you mean 'seed'?"),
        (["train", "quickstart", "--resume", "--overwrite"], "give one of the two"),
        (["train", "quickstart", "streams.train=locmo"], "unknown stream source 'locmo'"),
        (
            ["train", "quickstart", "--resume", "--run-dir", "nowhere"],
            "no run at nowhere/quickstart to resume",
        ),
        (
            ["eval", "recncy", "--streams", "synthetic"],
            "unknown checkpoint, run or baseline 'recncy', and there is no folder of that name. Did you mean",
        ),
        (
            ["eval", "hybrid", "--streams", "synthetic"],
            "'hybrid' is a retriever; set the task to retriever (--task retriever)",
        ),
        (["eval", "sum_idf"], "no streams are named and no run is among the targets"),
        (
            ["eval", "runs/nowhere", "--streams", "synthetic"],
            "'runs/nowhere', and there is no folder of that name",
        ),
        (
            ["eval", "sum_idf", "--streams", "synthetic", "--max-entries", "3", "--capacity-share", "0.1"],
            "max_entries is 3 and capacity_share is 0.1; give one of the two",
        ),
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
    assert list(tmp_path.iterdir()) == []


def test_debug_shows_the_traceback() -> None:
    with pytest.raises(LookupError):
        invoke("streams", "locmo", "--debug")


def test_a_fault_is_one_line_that_names_debug(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError("first line\nsecond line")

    monkeypatch.setattr("memdojo.envs.streams.registry.load_streams", fail)
    result = invoke("streams", "synthetic")
    assert result.exit_code == 1
    assert result.stderr == "unexpected ZeroDivisionError: first line second line (--debug shows where)\n"


def test_an_error_of_a_ray_worker_is_told_by_its_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    from ray.exceptions import RayTaskError

    def fail_with(cause: Exception) -> None:
        def fail(*args: object, **kwargs: object) -> None:
            raise RayTaskError("play", "a long\ntraceback", cause).as_instanceof_cause()

        monkeypatch.setattr("memdojo.envs.streams.registry.load_streams", fail)

    fail_with(DataError("line 3 is broken."))
    result = invoke("streams", "synthetic")
    assert (result.exit_code, result.stderr) == (2, "error: line 3 is broken.\n")
    fail_with(ValueError("too wide"))
    result = invoke("streams", "synthetic")
    assert (result.exit_code, result.stderr) == (1, "unexpected ValueError: too wide (--debug shows where)\n")


def test_exit_codes_reach_the_shell() -> None:
    command = [sys.executable, "-m", "memdojo"]
    assert subprocess.run([*command, "--version"], capture_output=True).returncode == 0
    failed = subprocess.run([*command, "streams", "locmo"], capture_output=True, text=True)
    assert failed.returncode == 2
    assert "Traceback" not in failed.stderr
    assert subprocess.run([*command, "streams", "--nonsense"], capture_output=True).returncode == 2
