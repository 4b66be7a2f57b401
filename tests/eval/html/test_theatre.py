"""The blocks of the memory theatre: what the page needs to show every step, and nothing twice."""

import dataclasses
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

import pandas as pd
import pytest

from memdojo.agents.baselines.registry import make_baseline, make_retriever_baseline
from memdojo.envs.answering import CachedAnswerer, ExtractiveAnswerer
from memdojo.envs.streams.tasks import stream_of_tasks
from memdojo.envs.types import Feedback, Poison, Task
from memdojo.eval.html.sources import (
    TrainingPart,
    first_episodes,
    read_evaluation,
    streams_of,
    verdicts_of,
    verdicts_of_training,
)
from memdojo.eval.html.theatre import EpisodeBlock, StreamPart, Verdict, episode_block
from memdojo.eval.playing.settings import EvalSettings
from memdojo.eval.records.types import EpisodeRecord
from memdojo.eval.run import run_evaluation

from .conftest import HOSTILE, a_stream


@pytest.fixture(scope="module")
def part(folder: Path) -> StreamPart:
    return StreamPart(streams_of(read_evaluation(folder))[0])


@pytest.fixture(scope="module")
def record(folder: Path) -> EpisodeRecord:
    episodes = first_episodes(read_evaluation(folder))
    return next(each for each in episodes if (each.policy, each.stream) == ("forgets", "s"))


@pytest.fixture
def block(record: EpisodeRecord, part: StreamPart) -> EpisodeBlock:
    verdict = Verdict(0.0, "write", "deleted", "t0", step=2, operation=1, entry=1)
    return episode_block(record, part, {"home": verdict})


def test_a_stream_names_turns_by_their_place(part: StreamPart) -> None:
    block = part.plain()
    assert [turn[0] for turn in block["turns"]] == ["t0", "t1", "t2", "t3"]
    assert block["sessions"] == [[0, "1"]]
    home, *_, early = block["questions"]
    assert (home["evidence"], home["due"]) == ([0], 4)
    assert early["due"] == 1


def test_operations_name_versions_of_entries(block: EpisodeBlock) -> None:
    first, second, third, fourth = block.steps
    assert first["ops"] == [{"k": "ADD", "a": 0, "f": [0]}]
    assert [op["k"] for op in third["ops"]] == ["ADD", "DELETE"]
    assert third["ops"][1] == {"k": "DELETE", "b": 0}
    # The update leaves another version of the entry that was added at the second step.
    (update,) = fourth["ops"]
    assert (update["b"], block.entries[update["a"]][0]) == (second["ops"][0]["a"], 2)
    assert block.entries[update["a"]][6] == [1, 3]
    assert [step["n"] for step in block.steps] == [1, 2, 2, 2]


def test_entries_know_the_evidence_that_they_hold(block: EpisodeBlock) -> None:
    assert block.entries[0][7] == [0]
    # Overwritten by the tea, the entry of the dog no longer tells of it.
    assert block.entries[-1][6:] == [[1, 3], [3]]


def test_choices_and_questions_stand_at_their_step(block: EpisodeBlock) -> None:
    first, last = block.steps[0], block.steps[-1]
    assert first["p"] == [["ADD", None, 0.75, 1], ["NOOP", None, 0.25, 0]]
    assert first["c"] == last["c"] == HOSTILE
    assert [asked["q"] for asked in first["asked"]] == [3]
    home = last["asked"][0]
    assert home["score"] == 0
    assert home["blame"] == {"by": "write", "cause": "deleted", "turn": 0, "step": 2, "op": 1, "entry": 1}
    assert "blame" not in last["asked"][1]


def test_episodes_share_the_texts_of_their_stream(record: EpisodeRecord, part: StreamPart) -> None:
    blocks = [episode_block(record, part, {}) for _ in range(2)]
    assert len(part.new_texts(blocks[0])) == 4
    part.add(blocks[0])
    assert part.new_texts(blocks[1]) == []
    part.add(blocks[1])
    assert blocks[0].plain() == blocks[1].plain()
    assert len(part.plain()["texts"]) == 4


def test_verdicts_are_those_of_the_evaluation(folder: Path) -> None:
    found = verdicts_of(read_evaluation(folder))["forgets", 0, "s"]
    assert (found["home"].blame, found["home"].cause) == ("write", "deleted")
    assert (found["home"].step, found["home"].operation, found["home"].entry) == (2, 1, 1)
    assert (found["dog"].cause, found["dog"].step) == ("overwritten", 3)
    assert found["early"] == Verdict(1.0)


def test_verdicts_without_tables_are_those_that_the_tables_would_have(folder: Path) -> None:
    part = read_evaluation(folder)
    assert part.score == "token_f1"
    found = verdicts_of_training(TrainingPart("run", folder, part.score))
    assert found == verdicts_of(part)
    # By what was retrieved, a question that was answered by luck or not at all may fail or not.
    found = verdicts_of_training(TrainingPart("run", folder, "kept_evidence"))
    assert {verdict.score for verdict in found["keeps", 0, "s"].values()} == {1.0}


def test_decisions_stand_at_their_step_and_those_of_reading_with_the_question(designed: Path) -> None:
    evaluation = read_evaluation(designed)
    stream = StreamPart(streams_of(evaluation)[0])
    record = next(each for each in first_episodes(evaluation) if each.policy == "notes")
    block = episode_block(record, stream, verdicts_of(evaluation)["notes", 0, "s"])
    keep, leave = block.steps[3]["d"]
    assert keep == {"k": "keep", "t": ["keep", "", None, None], "of": 2, "on": "The tea in the cup is green"}
    # The words of entries and of turns stand once.
    assert (leave["k"], leave["of"], leave["on"]) == ("leave", 3, 3)
    assert (leave["t"], leave["r"]) == (["", "", 2, 0.5], ["", "", 1, 0.25])
    assert leave["o"] == [["", "", 3, 0.25]]
    asked = {each["q"]: each for each in block.steps[3]["asked"]}
    assert asked[1]["blame"]["d"] == 1
    assert asked[0]["d"] == [{"k": "find", "t": ["newest", "", None, None], "of": 2}]
    assert (asked[0]["blame"]["by"], asked[0]["blame"]["d"]) == ("read", 0)


def test_an_evaluation_that_is_older_than_decisions_is_shown(designed: Path, tmp_path: Path) -> None:
    shutil.copytree(designed, tmp_path / "older")
    table = pd.read_csv(tmp_path / "older" / "diagnosis.csv")
    later = ["decision", "decision_place", "option", "rule_agrees"]
    table.drop(columns=later).to_csv(tmp_path / "older" / "diagnosis.csv", index=False)
    (tmp_path / "older" / "decisions.csv").unlink()
    part = read_evaluation(tmp_path / "older")
    assert not any("Decisions" in grid.title for grid in part.finding_grids())
    assert {each.decision for each in verdicts_of(part)["notes", 0, "s"].values()} == {None}
    assert any("Decisions" in grid.title for grid in read_evaluation(designed).finding_grids())


def test_a_retriever_has_questions_and_no_memory() -> None:
    stream = a_stream()
    retrievers = [make_retriever_baseline("bm25")]
    settings = EvalSettings(top_k=1)
    with TemporaryDirectory() as folder:
        run_evaluation(retrievers, [stream], settings, num_resamples=50, folder=folder).write(folder)
        found = {each.policy: each for each in first_episodes(read_evaluation(folder))}
    block = episode_block(found["bm25"], StreamPart(stream), {})
    assert not block.writes
    # The early question is asked after the first turn, the others at the end.
    assert [step["end"] for step in block.steps] == [1, 4, 4, 4]
    assert all("ops" not in step for step in block.steps)
    assert block.steps[0]["asked"][0]["hits"][0][2] == [0]


def test_tasks_have_options_and_what_is_said_of_the_answers(tmp_path: Path) -> None:
    feedbacks = [Feedback(), Feedback("A"), Feedback(is_false=True), Feedback(tells_success=False)]
    tasks = [
        Task(f"t{place}", f"Sort box {place}.", ("A",), ("A", "B") if place else (), "boxes", feedback)
        for place, feedback in enumerate(feedbacks)
    ]
    settings = EvalSettings(answerer=CachedAnswerer(ExtractiveAnswerer()))
    stream = stream_of_tasks("s", tasks)
    run_evaluation([make_baseline("no_op")], [stream], settings, num_resamples=2, folder=tmp_path).write(
        tmp_path
    )
    evaluation = read_evaluation(tmp_path)
    part = StreamPart(streams_of(evaluation)[0])
    record = next(each for each in first_episodes(evaluation) if each.policy == "no_op")
    block = episode_block(record, part, {})

    # A turn that reports a task names it; the others are as they always were.
    assert [turn[4:] for turn in part.plain()["turns"]] == [[], [0], [1], [2]]
    free, given, false, silent = part.plain()["questions"]
    assert (free["task"], "options" in free, "given" in free, "false" in free) == (True, False, False, False)
    assert (given["options"], given["given"], false["false"]) == (["A", "B"], "A", True)
    assert "false" not in silent
    told = [asked.get("told", "") for step in block.steps for asked in step["asked"]]
    answers = [asked["answer"] for step in block.steps for asked in step["asked"]]
    assert answers[0] == ""
    opposite = "wrong" if answers[2] == "A" else "right"
    assert told == ["wrong", "", opposite, ""]


def test_poison_is_marked_and_targets_tell_what_the_adversary_wants(tmp_path: Path) -> None:
    stream = a_stream()
    targets = MappingProxyType({"dog": ("Miso",), "tea": ()})
    stream = dataclasses.replace(
        stream, poison=Poison("drift", 0, frozenset({"t2"}), targets, MappingProxyType({"dog": "t3"}))
    )
    settings = EvalSettings(answerer=ExtractiveAnswerer())
    run_evaluation([make_baseline("recency")], [stream], settings, folder=tmp_path / "e").write(
        tmp_path / "e"
    )
    read = read_evaluation(tmp_path / "e")
    assert any("under attack" in grid.title for grid in read.finding_grids())
    part = StreamPart(streams_of(read)[0])
    assert part.plain()["poison"] == {"by": "drift", "turns": [2], "corrections": [3]}
    lures = {question["id"]: question.get("lures") for question in part.plain()["questions"]}
    assert lures == {"home": None, "dog": ["Miso"], "tea": [], "early": None}
    record = next(each for each in first_episodes(read) if each.policy == "no_op")
    asked = [each for step in episode_block(record, part, {}).steps for each in step.get("asked", ())]
    # No memory, no answer: that is wrong, and not what the adversary wants to hear of the dog.
    assert {each["q"]: each.get("lured") for each in asked} == {0: None, 1: False, 2: True, 3: None}


def test_a_clean_stream_says_nothing_of_poison(part: StreamPart, block: EpisodeBlock) -> None:
    assert "poison" not in part.plain()
    assert not any("lures" in question for question in part.plain()["questions"])
    assert not any("lured" in each for step in block.steps for each in step.get("asked", ()))
