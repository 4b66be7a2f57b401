import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Literal

import pytest
from typer.testing import CliRunner, Result

import memdojo
from memdojo.agents.compact.manager import new_manager_network
from memdojo.agents.compact.retriever import new_retriever_network
from memdojo.cli import app
from memdojo.envs.features.manager import FeatureSettings, ManagerFeatures
from memdojo.envs.streams.jsonl.reading import write_jsonl
from memdojo.envs.types import Chunk, Question, Stream, Turn
from memdojo.errors import DataError
from memdojo.train.checkpoints.compact import TrainedOn, manager_spec, retriever_spec, save_policy

SETTINGS = FeatureSettings(num_candidates=4, embedder="hashed_ngrams")
FACTS = (
    ("I moved to Oslo.", "Where does Ann live?", "Oslo"),
    ("I own a red bike.", "What does Ann own?", "bike"),
)


def _stream(group: str) -> Stream:
    texts = [fact[0] for fact in FACTS] + ["Fine weather today.", "Yes, very fine."] * 2
    chunks = tuple(Chunk(i, (Turn(f"t{i}", "Ann", text),), "s1") for i, text in enumerate(texts))
    questions = tuple(
        Question(f"q{i}", fact[1], (fact[2],), "single", frozenset({f"t{i}"})) for i, fact in enumerate(FACTS)
    )
    return Stream(f"stream-{group}", group, chunks, questions)


@pytest.fixture
def data(tmp_path: Path) -> dict[str, str]:
    """Specs of three files of streams whose groups differ."""
    specs = {}
    for split in ("train", "validation", "test"):
        path = tmp_path / f"{split}.jsonl"
        write_jsonl([_stream(f"{split}-{number}") for number in range(3)], path)
        specs[split] = f"jsonl:{path}"
    return specs


@pytest.fixture
def small_config(tmp_path: Path, data: dict[str, str]) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(
        f"""
        task = "manager"
        [streams]
        train = "{data["train"]}"
        validation = "{data["validation"]}"
        test = "{data["test"]}"
        [episode]
        max_entries = 2
        [features]
        num_candidates = 4
        [policy]
        hidden_dim = 8
        [reward]
        evidence_recall = 1.0
        [algorithm]
        name = "grpo"
        num_updates = 2
        groups_per_update = 2
        group_size = 2
        [rollouts]
        num_workers = 1
        [evaluation]
        every = 1
        baselines = ["recency", "sum_idf"]
        num_resamples = 50
        """,
        encoding="utf-8",
    )
    return path


def _invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def _checkpoint(folder: Path, *groups: str, name: str = "mine", max_entries: int | None = 2) -> Path:
    record = TrainedOn(name, "jsonl:x", groups, ("test-1",), 0, "ppo", 1, max_entries, None, 5, "0.1.0")
    network = new_manager_network(ManagerFeatures(SETTINGS), 8, seed=0)
    save_policy(folder, network.state_dict(), manager_spec(SETTINGS, 8, record))
    return folder


def _retriever_checkpoint(folder: Path, granularity: Literal["turn", "session"] = "turn") -> Path:
    network = new_retriever_network(5, 8, seed=0)
    record = TrainedOn("ranker", top_k=5, granularity=granularity)
    save_policy(folder, network.state_dict(), retriever_spec("hashed_ngrams", 5, 8, record))
    return folder


def test_a_retriever_of_sessions_is_evaluated_on_sessions(data: dict[str, str], tmp_path: Path) -> None:
    sessions = _retriever_checkpoint(tmp_path / "s", "session")
    shown = _invoke("eval", sessions, "bm25", "--streams", data["test"]).stdout
    assert "answers from 5 sessions" in shown
    assert (
        "answers from 5 entries"
        in _invoke("eval", sessions, "--granularity", "turn", "--streams", data["test"]).stdout
    )
    mixed = _invoke("eval", sessions, _retriever_checkpoint(tmp_path / "t"), "--streams", data["test"])
    assert mixed.exit_code == 2
    assert "choose one by --granularity" in mixed.stderr


def test_the_version_is_that_of_the_package() -> None:
    result = _invoke("--version")
    assert (result.exit_code, result.stdout) == (0, f"memdojo {memdojo.__version__}\n")


def test_every_command_explains_itself_with_an_example() -> None:
    for name in ("train", "eval", "streams"):
        result = _invoke(name, "--help")
        assert result.exit_code == 0
        assert f"memdojo {name} " in result.stdout


def test_environments_streams_and_baselines_are_listed() -> None:
    assert re.search(r"memdojo/MemoryManager-v0 +A manager", _invoke("envs").stdout)
    assert "synthetic[:SPLIT]" in _invoke("streams").stdout
    shown = _invoke("baselines").stdout
    assert re.search(r"sum_idf +Keeps", shown)
    assert re.search(r"hybrid +\w", shown)


def test_a_stream_is_shown_with_a_sample_and_statistics(data: dict[str, str]) -> None:
    shown = _invoke("streams", data["test"], "--turns", "2").stdout
    assert "  Ann: I own a red bike.\n  ... 4 more turns\n" in shown
    assert "? Where does Ann live? -> Oslo" in shown
    assert re.search(r"turns per stream +6\.0 \(6 to 6\)", shown)
    assert re.search(r"questions of category single +6", shown)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["streams", "locmo"], "error: unknown stream source 'locmo'. Did you mean 'locomo'?"),
        (["streams", "synthetic", "--option", "num_fact=3"], "Did you mean 'num_facts'"),
        (["streams", "synthetic", "--option", "num_facts"], "'num_facts' is not of the form key=value"),
        (["train", "quikstart"], "no packaged configuration 'quikstart'. Did you mean 'quickstart'?"),
        (["train", "quickstart", "sed=1"], "unknown key 'sed' (value 1). Did you mean 'seed'?"),
        (["train", "quickstart", "--resume", "--overwrite"], "give one of the two"),
        (["train", "quickstart", "streams.train=locmo"], "unknown stream source 'locmo'"),
        (
            ["train", "quickstart", "--resume", "--run-dir", "nowhere"],
            "no run at nowhere/quickstart to resume",
        ),
        (
            ["eval", "recncy", "--streams", "synthetic"],
            "unknown checkpoint, run or baseline 'recncy'. Did you",
        ),
        (["eval", "hybrid", "--streams", "synthetic"], "'hybrid' is a retriever; pass --task retriever"),
        (["eval", "sum_idf"], "--streams is missing and no run is among the targets"),
        (
            ["eval", "runs/nowhere", "--streams", "synthetic"],
            "runs/nowhere does not exist; give a checkpoint",
        ),
        (
            ["eval", "sum_idf", "--streams", "synthetic", "--max-entries", "3", "--capacity-share", "0.1"],
            "--max-entries is 3 and --capacity-share is 0.1; give one of the two",
        ),
    ],
)
def test_a_mistake_is_told_in_one_sentence_with_exit_code_2(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = _invoke(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_debug_shows_the_traceback() -> None:
    result = _invoke("streams", "locmo", "--debug")
    assert isinstance(result.exception, LookupError)


def test_a_fault_is_one_line_that_names_debug(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError("first line\nsecond line")

    monkeypatch.setattr("memdojo.envs.streams.registry.load_streams", fail)
    result = _invoke("streams", "synthetic")
    assert result.exit_code == 1
    assert result.stderr == "unexpected ZeroDivisionError: first line second line (--debug shows where)\n"


def test_an_error_of_a_ray_worker_is_told_by_its_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    from ray.exceptions import RayTaskError

    def fail_with(cause: Exception) -> None:
        def fail(*args: object, **kwargs: object) -> None:
            raise RayTaskError("play", "a long\ntraceback", cause).as_instanceof_cause()

        monkeypatch.setattr("memdojo.envs.streams.registry.load_streams", fail)

    fail_with(DataError("line 3 is broken."))
    result = _invoke("streams", "synthetic")
    assert (result.exit_code, result.stderr) == (2, "error: line 3 is broken.\n")
    fail_with(ValueError("too wide"))
    result = _invoke("streams", "synthetic")
    assert (result.exit_code, result.stderr) == (1, "unexpected ValueError: too wide (--debug shows where)\n")


def test_data_check_reports_problems_by_line(tmp_path: Path, data: dict[str, str]) -> None:
    path = Path(data["train"].removeprefix("jsonl:"))
    result = _invoke("data", "check", path)
    assert (result.exit_code, result.stdout) == (0, f"{path}: no problems. Use it as jsonl:{path}\n")
    path.write_text(path.read_text() + '{"id": "x"}\nnonsense\n')
    result = _invoke("data", "check", path)
    assert result.exit_code == 2
    assert "line 4: " in result.stdout
    assert "line 5: " in result.stdout
    shortened = _invoke("data", "check", path, "--max-problems", "1")
    assert re.search(r"\.\.\. and \d+ more\n$", shortened.stdout)
    assert _invoke("data", "check", tmp_path / "nowhere.jsonl").exit_code == 2


def test_a_checkpoint_is_evaluated_beside_baselines(tmp_path: Path, data: dict[str, str]) -> None:
    checkpoint = _checkpoint(tmp_path / "c", "train-0")
    out = tmp_path / "tables"
    result = _invoke("eval", checkpoint, "sum_idf", "--streams", data["test"], "--out", out)
    assert result.exit_code == 0, result.stderr
    assert "a store of 2 entries, answers from 5 entries" in result.stdout
    assert "was chosen by its score on 1 of these groups" in result.stderr
    for policy in ("mine", "sum_idf", "oracle", "no_op"):
        assert re.search(rf"\b{policy}\b", result.stdout)
    assert {path.suffix for path in out.iterdir()} >= {".csv", ".json"}


def test_streams_of_the_training_groups_are_refused(tmp_path: Path, data: dict[str, str]) -> None:
    checkpoint = _checkpoint(tmp_path / "c", "train-0", "test-2")
    result = _invoke("eval", checkpoint, "--streams", data["test"])
    assert result.exit_code == 2
    assert "was trained on the groups 'test-2' of these streams" in result.stderr


def test_retrievers_are_evaluated_and_serve_managers(tmp_path: Path, data: dict[str, str]) -> None:
    checkpoint = _retriever_checkpoint(tmp_path / "r")
    result = _invoke("eval", checkpoint, "bm25", "--streams", data["test"])
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("retrievers on jsonl:")
    result = _invoke("eval", "sum_idf", "--streams", data["test"], "--retriever", checkpoint)
    assert result.exit_code == 0, result.stderr
    assert "managers on jsonl:" in result.stdout


def test_targets_that_do_not_go_together_are_refused(tmp_path: Path, data: dict[str, str]) -> None:
    manager, retriever = _checkpoint(tmp_path / "m"), _retriever_checkpoint(tmp_path / "r")
    other = _checkpoint(tmp_path / "n", max_entries=9)
    for arguments, message in (
        ((manager, retriever), "evaluate one task at a time"),
        ((manager, "--task", "retriever"), "is a manager and the task is a retriever"),
        ((manager, other), "stores of different sizes; choose one by --max-entries"),
        (("sum_idf", "--retriever", manager), "is a manager; a retriever is wanted here"),
    ):
        result = _invoke("eval", *arguments, "--streams", data["test"])
        assert (result.exit_code, result.stdout) == (2, "")
        assert message in result.stderr


def test_a_damaged_checkpoint_is_told(tmp_path: Path, data: dict[str, str]) -> None:
    checkpoint = _checkpoint(tmp_path / "c")
    (checkpoint / "policy.safetensors").write_bytes(b"short")
    result = _invoke("eval", checkpoint, "--streams", data["test"])
    assert result.exit_code == 2
    assert "policy.safetensors is truncated or damaged" in result.stderr


def test_training_that_never_began_leaves_nothing(
    tmp_path: Path, small_config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("memdojo.train.entry.train", fail)
    result = _invoke("train", small_config, "--run-dir", tmp_path / "runs")
    assert result.exit_code == 130
    assert "interrupted before the first update; nothing was left behind" in result.stderr
    assert list((tmp_path / "runs").iterdir()) == []


def test_an_interrupted_run_says_how_to_go_on(
    tmp_path: Path, small_config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(config: object, run: object, **kwargs: object) -> None:
        run.log(1, {"reward": 0.5})  # type: ignore[attr-defined]
        raise KeyboardInterrupt

    monkeypatch.setattr("memdojo.train.entry.train", fail)
    runs = tmp_path / "my runs"
    result = _invoke("train", small_config, "seed=3", "--run-dir", runs)
    assert result.exit_code == 130
    assert f"go on with: memdojo train {small_config} seed=3 --run-dir '{runs}' --resume" in result.stderr
    again = _invoke("train", small_config, "seed=3", "--run-dir", runs)
    assert again.exit_code == 2
    assert "pass --resume to go on or --overwrite" in again.stderr


def test_training_without_its_packages_names_the_command(small_config: Path) -> None:
    # In a process of its own: half-imported modules must not reach other tests.
    code = "import sys; sys.modules['torch'] = None; from memdojo.cli import app; app()"
    command = [sys.executable, "-c", code, "train", str(small_config)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 2
    assert "training needs torch, which is not installed: pip install 'memdojo[train]'" in result.stderr


def test_listings_need_no_torch() -> None:
    code = (
        "import sys\n"
        "from memdojo.cli import app\n"
        "for command in ('envs', 'streams', 'baselines'):\n"
        "    app([command], standalone_mode=False)\n"
        "sys.exit(bool({'torch', 'ray', 'pandas'} & set(sys.modules)))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def test_exit_codes_reach_the_shell() -> None:
    command = [sys.executable, "-m", "memdojo.cli"]
    assert subprocess.run([*command, "--version"], capture_output=True).returncode == 0
    failed = subprocess.run([*command, "streams", "locmo"], capture_output=True, text=True)
    assert failed.returncode == 2
    assert "Traceback" not in failed.stderr
    assert subprocess.run([*command, "streams", "--nonsense"], capture_output=True).returncode == 2


@pytest.mark.slow
def test_a_run_trains_evaluates_and_is_evaluated_again(tmp_path: Path, small_config: Path) -> None:
    runs = tmp_path / "runs"
    result = _invoke("train", small_config, "--run-dir", runs)
    assert result.exit_code == 0, result.stderr
    assert "update 2/2" in result.stderr
    assert "sum_idf" in result.stdout
    assert (runs / "small" / "best" / "policy.json").is_file()
    assert list((runs / "small" / "evaluation").iterdir())
    again = _invoke("eval", runs / "small", "recency")
    assert again.exit_code == 0, again.stderr
    assert "recall@10" in again.stdout.splitlines()[2]
    longer = _invoke("train", small_config, "algorithm.num_updates=3", "--run-dir", runs, "--resume")
    assert longer.exit_code == 0, longer.stderr
    assert "update 3/3" in longer.stderr


@pytest.mark.slow
def test_ctrl_c_saves_the_run_and_exits_with_130(tmp_path: Path, small_config: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "memdojo.cli",
        "train",
        str(small_config),
        "algorithm.num_updates=100000",
    ]
    process = subprocess.Popen(
        [*command, "--run-dir", str(tmp_path / "runs")], stderr=subprocess.PIPE, text=True, env=os.environ
    )
    assert process.stderr is not None
    assert process.stderr.readline().startswith("update ")
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted; go on with: memdojo train" in errors
    assert list((tmp_path / "runs" / "small" / "checkpoints").glob("step_*"))
