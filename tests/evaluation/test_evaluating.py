import io
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import memdojo
from builders import invoke, make_config, save_design, save_manager, save_retriever
from memdojo import EvalChoices
from memdojo.agents.baselines.registry import NamedRetriever, make_baseline
from memdojo.envs.memory import BM25Retriever
from memdojo.envs.streams.jsonl.reading import write_jsonl
from memdojo.errors import ConfigError, LeakError, UnknownNameError
from memdojo.evaluation import capacity_curve, evaluate_run, length_curve, prepare
from memdojo.train.checkpoints.compact import TrainedOn
from memdojo.train.config.files import parse_config
from memdojo.train.runs.folder import RunFolder
from memdojo.train.runs.streams_record import record_streams, source_label

SMALL: dict[str, Any] = {"num_streams": 2, "num_sessions": 3, "num_facts": 8, "num_questions": 8}
OPTIONS = [word for name, value in SMALL.items() for word in ("--option", f"{name}={value}")]


def _manager(folder: Path, *groups: str, chosen_on: tuple[str, ...] = ()) -> str:
    return str(
        save_manager(folder, TrainedOn("mine", groups=groups, validation_groups=chosen_on, max_entries=4))
    )


def test_a_function_and_the_command_line_come_to_the_same(tmp_path: Path) -> None:
    run = _manager(tmp_path / "run")
    report = memdojo.evaluate([run, "recency"], "synthetic:test", stream_options=SMALL, out=tmp_path / "f")
    shown = io.StringIO()
    report.print(shown)
    result = invoke("eval", run, "recency", "--streams", "synthetic:test", *OPTIONS, "--out", tmp_path / "c")
    assert result.exit_code == 0, result.stderr
    assert "a store of 4 entries with the tokens of as many turns, answers from 10 entries" in result.stdout
    # The heading stands above the tables, and where they were written below; the last column has seconds.
    ours, theirs = shown.getvalue().splitlines(), result.stdout.splitlines()[1:-1]
    assert [line.rpartition("  ")[0] for line in ours] == [line.rpartition("  ")[0] for line in theirs]
    for name in ("eval.csv", "summary.csv", "paired.csv"):
        tables = [pd.read_csv(tmp_path / folder / name) for folder in ("f", "c")]
        pd.testing.assert_frame_equal(*(table.drop(columns="seconds", errors="ignore") for table in tables))


def test_names_folders_and_objects_are_evaluated_side_by_side(tmp_path: Path) -> None:
    class Own:
        name, turns_per_chunk, stochastic = "own", None, False

        def act(self, episodes: list[Any]) -> list[tuple[()]]:
            return [() for _ in episodes]

    streams = memdojo.load_streams("synthetic:test", **SMALL)
    report = memdojo.evaluate([Own(), "sum_idf", Path(_manager(tmp_path / "m"))], streams)
    assert list(report.evaluation.policies) == ["mine", "own", "sum_idf", "no_op", "oracle"]
    assert report.evaluation.baselines == {"sum_idf", "no_op", "oracle"}
    folder = save_retriever(tmp_path / "r", TrainedOn("finder", top_k=5))
    objects = [BM25Retriever(), NamedRetriever.of("long texts", BM25Retriever(b=0.3))]
    report = memdojo.evaluate([folder, *objects, "hybrid"], streams)
    assert list(report.evaluation.policies)[:4] == ["finder", "BM25Retriever", "long texts", "hybrid"]
    assert report.details["settings"]["top_k"] == 5


def test_one_target_needs_no_list() -> None:
    report = memdojo.evaluate("recency", "synthetic:test", EvalChoices(max_entries=3), stream_options=SMALL)
    assert set(report.evaluation.policies) == {"recency", "no_op", "oracle"}
    assert report.details["settings"]["max_entries"] == 3


def test_a_retriever_under_managers_is_a_name_or_an_object() -> None:
    streams = memdojo.load_streams("synthetic:test", **SMALL)
    with pytest.warns(UserWarning, match="dense ranks by the embedder hashed_ngrams.* weak yardstick"):
        named = memdojo.evaluate("recency", streams, EvalChoices(retriever="dense"))
    given = memdojo.evaluate("recency", streams, EvalChoices(retriever=BM25Retriever()))
    default = memdojo.evaluate("recency", streams)
    assert named.details["settings"]["retriever"] == "dense"
    pd.testing.assert_frame_equal(given.evaluation.questions, default.evaluation.questions)


def test_retrievers_are_asked_over_what_a_manager_wrote(tmp_path: Path) -> None:
    streams = memdojo.load_streams("synthetic:test", **SMALL)
    kept = {}
    for name, memory, limit in (
        ("name", "recency", 3),
        ("object", make_baseline("recency"), 3),
        ("folder", _manager(tmp_path / "m"), None),
    ):
        choices = EvalChoices(task="retriever", memory=memory, max_entries=limit)
        report = memdojo.evaluate("bm25", streams, choices)
        kept[name] = report.evaluation.of("bm25")["kept_evidence"].mean()
    assert kept["name"] == kept["object"]
    without = EvalChoices(task="retriever", memory="recency", max_entries=3, token_share=math.inf)
    more = memdojo.evaluate("bm25", streams, without).evaluation.of("bm25")["kept_evidence"].mean()
    assert more >= kept["name"]
    everything = memdojo.evaluate("bm25", streams, EvalChoices(task="retriever"))
    assert max(kept.values()) < everything.evaluation.of("bm25")["kept_evidence"].mean()


def test_streams_that_a_policy_was_trained_on_are_refused(tmp_path: Path) -> None:
    streams = memdojo.load_streams("synthetic:test", **SMALL)
    groups = [stream.group for stream in streams]
    with pytest.raises(LeakError, match=re.escape(groups[1])):
        memdojo.evaluate(_manager(tmp_path / "m", groups[1]), streams)
    with pytest.raises(LeakError, match=re.escape(groups[0])):
        memdojo.evaluate(make_baseline("recency"), streams, EvalChoices(training_groups=groups[:1]))
    writer = _manager(tmp_path / "w", groups[0])
    with pytest.raises(LeakError, match=re.escape(groups[0])):
        memdojo.evaluate("bm25", streams, EvalChoices(task="retriever", memory=writer))
    chosen = _manager(tmp_path / "c", chosen_on=(groups[0],))
    with pytest.warns(UserWarning, match="was chosen by its score on 1 of these groups"):
        memdojo.evaluate(chosen, streams)


def test_an_evaluation_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    streams = memdojo.load_streams("synthetic:test", **SMALL)
    targets = [_manager(tmp_path / "m"), "recency"]

    def stop(name: str, done: int, total: int) -> None:
        if name == "recency":
            raise KeyboardInterrupt

    whole = memdojo.evaluate(targets, streams)
    with pytest.raises(KeyboardInterrupt):
        memdojo.evaluate(targets, streams, out=tmp_path / "t", progress=stop)
    again = memdojo.evaluate(targets, streams, out=tmp_path / "t")
    pd.testing.assert_frame_equal(again.evaluation.questions, whole.evaluation.questions)
    assert (tmp_path / "t" / "eval.csv").is_file()
    monkeypatch.setattr(
        "memdojo.eval.playing.episodes.play_manager", lambda *args: pytest.fail("played again")
    )
    memdojo.evaluate(targets, streams, out=tmp_path / "t")
    with pytest.raises(ConfigError, match="played with top_k = 10, and now it is 3"):
        memdojo.evaluate(targets, streams, EvalChoices(top_k=3), out=tmp_path / "t")


def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    streams = memdojo.load_streams("synthetic:test", **SMALL)
    cases: list[tuple[Any, Any, dict[str, Any], str]] = [
        (["recncy"], streams, {}, "Did you mean 'recency'"),
        (["recency", BM25Retriever()], streams, {"task": "manager"}, "the task is a manager"),
        ([make_baseline("recency"), BM25Retriever()], streams, {}, "evaluate one task at a time"),
        ([3], streams, {}, "nothing that can be evaluated"),
        (["recency"], None, {}, "no streams are named and no run is among the targets"),
        (["recency"], streams, {"max_entries": 3, "capacity_share": 0.1}, "give one of the two"),
        (["recency"], streams, {"memory": "recency"}, "managers write their own"),
        (["bm25"], streams, {"task": "retriever", "retriever": "bm25"}, "leave it out"),
        (["recency"], streams, {"metric": "judge"}, "name a judge"),
        (["bm25"], streams, {}, "set the task to retriever"),
    ]
    for targets, given, choices, message in cases:
        with pytest.raises((ConfigError, UnknownNameError), match=message):
            memdojo.evaluate(targets, given, EvalChoices(**choices))
    with pytest.raises(ConfigError, match="but the streams are given"):
        memdojo.evaluate("recency", streams, stream_options=SMALL)


def test_curves_are_over_capacities_and_lengths(tmp_path: Path) -> None:
    curve = capacity_curve("recency", [0.1, 0.3], "synthetic:test", stream_options=SMALL, out=tmp_path / "c")
    assert sorted(curve.table["capacity_share"].unique()) == [0.1, 0.3]
    assert (tmp_path / "c" / "capacities.csv").is_file()
    shown = io.StringIO()
    curve.print(shown)
    assert "Pareto front" in shown.getvalue()
    choices = EvalChoices(capacity_share=0.2)
    curve = length_curve("recency", [1, 2], "synthetic:test", choices, stream_options=SMALL)
    turns = curve.table.groupby("length_factor")["turns"].first()
    assert turns[2] > 1.5 * turns[1]
    with pytest.raises(ConfigError, match="is for managers"):
        capacity_curve(BM25Retriever(), [0.1], "synthetic:test", stream_options=SMALL)
    with pytest.raises(ConfigError, match="are not generated; use those of synthetic or assistant"):
        prepare("recency", memdojo.load_streams("synthetic:test", **SMALL)).over_lengths([1])


def test_a_run_is_evaluated_on_its_test_streams_under_its_own_settings(tmp_path: Path) -> None:
    config = make_config(
        "name=mine", "streams.test=synthetic:test", "streams.num_test=2", 'evaluation.baselines=["recency"]'
    )
    run = RunFolder.create(tmp_path, config)
    with pytest.raises(ConfigError, match="no checkpoint yet"):
        evaluate_run(run)
    training = TrainedOn(
        "mine", max_entries=config.episode.max_entries, capacity_share=config.episode.capacity_share
    )
    save_manager(run.path / "checkpoints" / "step_000001", training)
    report = evaluate_run(run)
    assert list(report.evaluation.policies) == ["mine", "recency", "no_op", "oracle"]
    assert (run.path / "evaluation" / "eval.csv").is_file()
    again = memdojo.evaluate([run.path, "recency"], choices=EvalChoices(seed=config.seed))
    pd.testing.assert_frame_equal(again.evaluation.questions, report.evaluation.questions)


@pytest.mark.parametrize(
    ("parameters", "rule"),
    [({}, "sirllm"), ({"num_first": 1, "num_recent": 2}, "sirllm, as configured")],
)
def test_learned_decisions_stand_beside_their_design_s_own_rule(
    tmp_path: Path, parameters: dict[str, int], rule: str
) -> None:
    config = parse_config(
        {
            "name": "mine",
            "task": "design",
            "streams": {"train": "synthetic:train", "test": "synthetic:test", "num_test": 2},
            "episode": {"max_entries": 8},
            "design": {"name": "sirllm", "parameters": parameters},
            "reward": {"token_f1": 1.0},
            "algorithm": {"name": "grpo", "num_updates": 1},
            "evaluation": {"baselines": ["recency"]},
        },
        [f"streams.options.{name}={value}" for name, value in SMALL.items() if name != "num_streams"],
    )
    run = RunFolder.create(tmp_path, config)
    folder = run.path / "checkpoints" / "step_000001"
    save_design(folder, TrainedOn("mine", max_entries=8), parameters)
    report = evaluate_run(run)
    assert set(report.evaluation.policies) == {"mine", rule, "recency", "no_op", "oracle"}
    by_hand = memdojo.evaluate([run.path, "sirllm"])
    assert {"mine", "sirllm"} <= set(by_hand.evaluation.policies)


@pytest.fixture
def run_of_file(tmp_path: Path) -> tuple[RunFolder, Path]:
    """A run with a checkpoint, whose test streams were those of a file, and the file."""
    data = tmp_path / "test.jsonl"
    write_jsonl(memdojo.load_streams("synthetic:test", **SMALL), data)
    config = make_config("name=mine", f"streams.test=jsonl:{data}", 'evaluation.baselines=["recency"]')
    run = RunFolder.create(tmp_path, config)
    label = source_label("test", f"jsonl:{data}", {})
    record_streams(run.path, {label: memdojo.load_streams(f"jsonl:{data}")})
    save_manager(run.path / "checkpoints" / "step_000001", TrainedOn("mine", max_entries=5))
    return run, data


def _change(data: Path) -> None:
    write_jsonl(memdojo.load_streams("synthetic:test", **SMALL, seed=7), data)


def test_test_data_that_has_changed_since_the_training_is_told_of(
    run_of_file: tuple[RunFolder, Path],
) -> None:
    run, data = run_of_file
    evaluate_run(run)
    _change(data)
    changed = rf"streams\.test: jsonl:{data} is not what it was when the run .*mine was trained: 2 streams "
    for call in (
        lambda: memdojo.evaluate(run.path),
        lambda: memdojo.evaluate(run.path / "checkpoints" / "step_000001", f"jsonl:{data}"),
        lambda: evaluate_run(run),
    ):
        with pytest.warns(UserWarning, match=changed):
            call()
    result = invoke("eval", run.path, "recency")
    assert (result.exit_code, re.search(f"note: {changed}", result.stderr) is not None) == (0, True)


def test_other_streams_than_those_of_the_run_are_no_change(run_of_file: tuple[RunFolder, Path]) -> None:
    run, data = run_of_file
    other = data.with_name("other.jsonl")
    _change(other)
    memdojo.evaluate(run.path, f"jsonl:{other}")
    memdojo.evaluate(run.path, memdojo.load_streams(f"jsonl:{other}"))


def test_streams_without_evidence_are_told_of() -> None:
    streams = [
        replace(stream, questions=tuple(replace(each, evidence=frozenset()) for each in stream.questions))
        for stream in memdojo.load_streams("synthetic:test", **SMALL)
    ]
    with pytest.warns(UserWarning, match="names its evidence: the oracle plays as if it knew nothing"):
        report = memdojo.evaluate("recency", streams)
    assert "the oracle knows nothing and is no upper bound" in report.grids[0].note


def test_tables_say_on_what_and_how_policies_were_played() -> None:
    streams = memdojo.load_streams("synthetic:test", **SMALL)
    note = memdojo.evaluate("recency", streams, EvalChoices(max_entries=3)).grids[0].note
    assert re.match(
        r"synthetic:test: 2 streams of 2 groups, \d+ questions \(fingerprint [0-9a-f]{12}\)\.", note
    )
    assert (
        " A store of 3 entries with the tokens of as many turns, the first 10 entries that bm25 finds" in note
    )
    with pytest.warns(UserWarning, match="fusion"):
        report = memdojo.evaluate(["fusion", "hybrid"], streams, EvalChoices(task="retriever"))
    assert "Over all that was said, the first 10 entries, answered by" in report.grids[0].note
    assert "Embedders: fusion hashed_ngrams:256, hybrid hashed_ngrams." in report.grids[0].note
    other = memdojo.evaluate("recency", streams[:1])
    assert other.details["fingerprint"] != report.details["fingerprint"]


def test_tables_say_who_reads_in_its_own_way_and_by_what() -> None:
    streams = memdojo.load_streams("synthetic:test", **SMALL)
    note = memdojo.evaluate(["flat", "karma", "recency"], streams, EvalChoices(max_entries=3)).grids[0].note
    assert " flat, karma read in their own way (wordllama:256, roles by rules)." in note
