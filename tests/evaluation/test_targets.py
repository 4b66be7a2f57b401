"""Wherever a name or a folder may be given, a registered name wins, and `./NAME` is the folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

import memdojo
from builders import FailingRoles, invoke, make_config, save_design, save_manager, save_retriever
from memdojo import EvalChoices
from memdojo.agents.baselines.registry import list_baselines
from memdojo.agents.baselines.rules import PriorityRule
from memdojo.agents.designs.mem_agent import MemAgent
from memdojo.agents.designs.registry import DESIGNS
from memdojo.agents.designs.running.policy import DesignManager
from memdojo.errors import ConfigError, MemdojoError, UnknownNameError
from memdojo.evaluation import find_targets, prepare
from memdojo.evaluation.comparing import compare
from memdojo.evaluation.sweeping import SweepRecipe, prepare_sweep
from memdojo.evaluation.targets import find_retriever
from memdojo.train.checkpoints.compact import TrainedOn
from memdojo.train.checkpoints.loading import load_manager
from memdojo.train.config.files import load_config
from memdojo.train.config.tables import EpisodeConfig
from memdojo.train.episodes.memories import load_writer

STREAMS = {"num_streams": 1, "num_sessions": 2, "num_facts": 4, "num_questions": 4}


@pytest.fixture(autouse=True)
def confusing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a directory that has a folder for each name that is asked for."""
    monkeypatch.chdir(tmp_path)
    save_manager(tmp_path / "recency", TrainedOn("folder", max_entries=3))
    save_retriever(tmp_path / "bm25", TrainedOn("folder", top_k=5))
    (tmp_path / "quickstart").write_text('task = "manager"', encoding="utf-8")
    return tmp_path


def _open_memory(target: str) -> object:
    with memdojo.open_memory("memory.sqlite", manager=target) as agent:
        return agent.manager


def _evaluated(target: str) -> object:
    report = memdojo.evaluate(target, "synthetic:test", stream_options=STREAMS)
    return report.evaluation.policies[0]


def _evaluated_by_command(target: str) -> object:
    options = [word for name, value in STREAMS.items() for word in ("--option", f"{name}={value}")]
    result = invoke("eval", target, "--streams", "synthetic:test", *options)
    assert result.exit_code == 0, result.stderr
    return "folder" if "folder" in result.stdout else "recency"


def _swept(target: str) -> object:
    return prepare_sweep(SweepRecipe(policies=(target,), num_streams=1)).targets.managers()[0]


def _remembered(target: str) -> object:
    choices = EvalChoices(task="retriever", memory=target, max_entries=3)
    memories = prepare("bm25", "synthetic:test", choices, stream_options=STREAMS).settings.memories
    assert memories is not None
    return "recency" if memories.name == "recency" else "folder"


@pytest.mark.parametrize(
    "ask",
    [
        _evaluated,
        _evaluated_by_command,
        _swept,
        _open_memory,
        _remembered,
        load_manager,
        lambda target: load_writer(target, EpisodeConfig(max_entries=3)).policy,
    ],
    ids=["evaluate", "eval", "sweep", "open_memory", "memory", "builder", "written_by"],
)
def test_a_manager_s_name_wins_over_a_folder(ask: Callable[[str], object]) -> None:
    assert _is_the_rule(ask("recency"))
    assert not _is_the_rule(ask("./recency"))
    with pytest.raises(
        (UnknownNameError, AssertionError), match=r"no folder of that name\. Did you mean 'recency'"
    ):
        ask("recncy")


def _is_the_rule(found: object) -> bool:
    return found == "recency" or isinstance(found, PriorityRule)


def test_a_retriever_s_name_wins_over_a_folder() -> None:
    assert find_retriever("bm25").name == "bm25"
    assert find_retriever("./bm25").name == "folder"
    # A retriever's name never is a manager's folder either.
    with pytest.raises(MemdojoError, match="is a retriever; set the task to retriever"):
        find_targets(["bm25"])
    assert find_targets(["./bm25"]).task == "retriever"


def test_what_is_compared_is_a_name_before_it_is_a_folder(confusing: Path) -> None:
    table = compare(["recency", "no_op"], "synthetic:test", stream_options=STREAMS).table
    assert set(table["method"]) == {"recency", "no_op"}
    with pytest.raises(MemdojoError, match="recency is neither a run nor the folder of an evaluation"):
        compare(["./recency"])
    # A report takes folders alone.
    result = invoke("report", "recency")
    assert "recency is neither a run nor the folder of an evaluation or sweep" in result.stderr


def test_a_configuration_s_name_wins_over_a_file() -> None:
    assert load_config("quickstart").name == "quickstart"
    with pytest.raises(MemdojoError, match="missing"):
        load_config("./quickstart")


def test_a_teacher_is_a_baseline_whatever_folders_there_are() -> None:
    config = make_config(
        **{"warm_start": {"teacher": "recency"}, "policy": {"kind": "language", "model": "x/y"}}
    )
    assert config.warm_start.teacher == "recency"


def test_designs_are_named_all_at_once_and_are_not_among_all_baselines() -> None:
    assert set(find_targets(["designs"]).baselines) == set(DESIGNS)
    assert not set(DESIGNS) & set(find_targets(["all"]).baselines)
    both = find_targets(["all", "designs", "sirllm"]).baselines
    assert set(both) == set(list_baselines())
    assert len(both) == len(set(both))
    with pytest.raises(UnknownNameError, match="retriever baseline 'designs'"):
        find_targets(["designs"], "retriever")


def test_two_designs_in_one_are_a_baseline() -> None:
    found = find_targets(["sirllm+scm", "recency"])
    assert [policy.name for policy in found.managers()] == ["sirllm+scm", "recency"]
    with pytest.raises(UnknownNameError, match="sirllm\\+scn"):
        find_targets(["sirllm+scn"])


@pytest.mark.parametrize(("names", "task"), [(["recency", "all"], None), (["bm25"], "retriever")])
def test_roles_without_a_memory_design_are_refused_with_a_sentence(
    names: list[str], task: Literal["retriever"] | None
) -> None:
    with pytest.raises(ConfigError, match=r"roles are to be played by failing .* no memory design is among"):
        find_targets(names, task, roles=FailingRoles())


def test_roles_go_to_all_memory_designs_and_tell_their_episodes_apart(tmp_path: Path) -> None:
    save_design(tmp_path / "trained", TrainedOn("trained"))
    own = DesignManager(MemAgent(), name="own", embedder="hashed_ngrams")
    names = ["./trained", "sirllm", "scm+karma", "recency", own]
    roles = FailingRoles()
    asked = find_targets(names, roles=roles)
    designs = [each for each in asked.managers() if isinstance(each, DesignManager)]
    assert [(each.name, each.roles) for each in designs] == [
        (name, roles) for name in ("trained", "own", "sirllm", "scm+karma")
    ]
    assert own.roles is not roles
    by_rules = find_targets(names).fingerprints()
    assert set(by_rules) == {"trained"}
    assert asked.fingerprints() == {
        "trained": by_rules["trained"] + "failing",
        **dict.fromkeys(("own", "sirllm", "scm+karma"), "failing"),
    }
