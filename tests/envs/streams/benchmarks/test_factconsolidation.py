from pathlib import Path
from typing import Any

import pytest

from builders import write_json
from memdojo.envs.streams import check_no_leak, check_stream, load_streams
from memdojo.envs.streams.benchmarks.factconsolidation import DEALT, SPLITS, VARIANTS, load_factconsolidation
from memdojo.envs.streams.files import find_in_data_folders
from memdojo.envs.streams.splits import dealt_split
from memdojo.errors import ConfigError, DataError, LeakError, UnknownNameError

_REAL = find_in_data_folders(
    ["memoryagentbench/Conflict_Resolution.parquet", "memoryagentbench/Conflict_Resolution.json"]
)
needs_file = pytest.mark.skipif(
    _REAL is None,
    reason="memoryagentbench/Conflict_Resolution is neither under $MEMDOJO_DATA nor in the cache",
)

FACTS = [
    "Ann is a citizen of France.",
    "The capital of Peru is Lima.",
    "Ben was born in the city of Oslo.",
    "Ann is a citizen of Peru.",
]


def _row(variant: str, facts: list[str], *asked: tuple[str, str]) -> dict[str, Any]:
    lines = [f"{number}. {text}" for number, text in enumerate(facts)]
    return {
        "context": "\n".join(["Here is a list of facts:", *lines, ""]),
        "questions": [question for question, _ in asked],
        "answers": [[answer] for _, answer in asked],
        "metadata": {
            "source": f"factconsolidation_{variant}",
            "qa_pair_ids": [f"factconsolidation_{variant}_no{number}" for number in range(len(asked))],
        },
    }


SINGLE = _row("sh_6k", FACTS, ("Of which country is Ann a citizen?", "Peru"), ("Where was Ben born?", "Rome"))
MULTI = _row("mh_6k", FACTS, ("What is the capital of the country of Ann?", "Lima"))


def _write(tmp_path: Path, *rows: object) -> Path:
    return write_json(tmp_path / "Conflict_Resolution.json", rows)


def test_facts_are_turns_with_evidence_and_oracle_by_rule(tmp_path: Path) -> None:
    single, multi = load_factconsolidation(path=_write(tmp_path, SINGLE, MULTI))
    assert (single.id, single.group, single.source) == ("sh_6k", "factconsolidation", "factconsolidation:all")
    assert [(turn.id, turn.text) for turn in single.turns][3] == ("f3", "3. Ann is a citizen of Peru.")
    assert [len(chunk.turns) for chunk in single.chunks] == [1, 1, 1, 1]
    first, second = single.questions
    assert (first.id, first.answers, first.evidence) == ("factconsolidation_sh_6k_no0", ("Peru",), {"f3"})
    assert (first.category, first.metric, first.ask_after) == ("sh", "squad_substring_match", None)
    # No fact in force tells this answer, so nothing is said about its evidence.
    assert second.evidence == frozenset()
    assert single.oracle["f3"][0].target == "f0"
    assert (multi.questions[0].category, multi.questions[0].evidence) == ("mh", {"f3", "f1"})
    assert not check_stream(single)
    assert not check_stream(multi)


def test_variants_and_kinds_are_selected(tmp_path: Path) -> None:
    path = _write(tmp_path, SINGLE, MULTI, SINGLE | {"metadata": {"source": "eventqa_full"}})
    for split, ids in (("sh", ["sh_6k"]), ("mh_6k", ["mh_6k"]), ("all", ["sh_6k", "mh_6k"])):
        assert [stream.id for stream in load_factconsolidation(split, path=path)] == ids
    with pytest.raises(DataError, match="no context 'sh_64k'"):
        load_factconsolidation("sh_64k", path=path)
    with pytest.raises(UnknownNameError, match="Did you mean 'sh_32k'"):
        load_factconsolidation("sh_33k", path=path)


def test_sessions_hold_so_many_tokens_and_chunks_so_many_facts(tmp_path: Path) -> None:
    # Each fact has 8 or 9 tokens with number and full stops.
    path = _write(tmp_path, SINGLE)
    (stream,) = load_factconsolidation(path=path, session_tokens=20, turns_per_chunk=100)
    assert [len(chunk.turns) for chunk in stream.chunks] == [2, 2]
    with pytest.raises(ConfigError, match="session_tokens is 0"):
        load_factconsolidation(path=path, session_tokens=0)


def test_the_dealt_splits_share_no_subject_and_ask_single_hop_questions(tmp_path: Path) -> None:
    names = [f"Person {number}" for number in range(40)]
    facts = [f"{name} is a citizen of {country}." for country in ("Peru", "Chile") for name in names]
    asked = [(f"Of which country is {name} a citizen?", "Chile") for name in names]
    path = _write(tmp_path, SINGLE, _row("sh_32k", facts, *asked), MULTI)
    parts = {split: load_factconsolidation(split, path=path, facts_per_stream=20) for split in DEALT}
    subjects = {
        split: {turn.text.split(" is a ")[0].split(". ")[1] for stream in streams for turn in stream.turns}
        for split, streams in parts.items()
    }
    for split, streams in parts.items():
        assert subjects[split] == {name for name in names if dealt_split(name, DEALT) == split}
        questions = [question for stream in streams for question in stream.questions]
        assert len(questions) == len(subjects[split])
        assert all(len(question.evidence) == 1 for question in questions)
        assert [stream.group for stream in streams] == [
            f"factconsolidation/{stream.id}" for stream in streams
        ]
        # The later half of the list is in force.
        assert all(int(min(question.evidence)[1:]) >= 40 for question in questions)
    assert len(parts["train"]) > 1
    check_no_leak(parts["train"], [*parts["validation"], *parts["test"]])
    with pytest.raises(LeakError, match="'factconsolidation/train/0'"):
        check_no_leak(parts["train"], load_factconsolidation("sh_6k", path=path))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            SINGLE | {"context": "Facts:\n0. Ann likes tea."},
            "'0. Ann likes tea.' is not a fact in a known wording",
        ),
        (SINGLE | {"context": "Facts:\n1. Ann is famous for X.\n1. Ann is famous for Y."}, "out of order"),
        (SINGLE | {"answers": [["Peru"]]}, "its 2 questions have 1 answers"),
        (SINGLE | {"answers": [["Peru"], [""]]}, r"answers \[''\] are not texts"),
        (SINGLE | {"context": 3}, "field 'context' is 3"),
        (SINGLE | {"metadata": {}}, "field 'source' is None"),
    ],
)
def test_damaged_rows_are_told(tmp_path: Path, row: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_factconsolidation(path=_write(tmp_path, row))


def test_a_missing_file_is_told_with_the_command_that_fetches_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEMDOJO_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(DataError, match="memdojo data fetch memoryagentbench"):
        load_streams("factconsolidation:sh_6k")


@needs_file
def test_the_published_file_has_eight_contexts_of_a_hundred_questions() -> None:
    streams = load_streams("factconsolidation")
    assert {stream.id for stream in streams} == set(VARIANTS)
    sizes = {"6k": 455, "32k": 2310, "64k": 4580, "262k": 18332}
    assert all(len(stream.turns) == sizes[stream.id[3:]] for stream in streams)
    assert all(len(stream.questions) == 100 for stream in streams)
    told = {
        kind: sum(bool(q.evidence) for s in streams if s.id.startswith(kind) for q in s.questions)
        for kind in ("sh", "mh")
    }
    assert told == {"sh": 393, "mh": 338}
    assert not any(check_stream(stream) for stream in streams if "262k" not in stream.id)


@needs_file
def test_the_published_file_is_dealt_without_leak() -> None:
    parts = {split: load_streams(f"factconsolidation:{split}") for split in DEALT}
    assert {split: len(streams) for split, streams in parts.items()} == {
        "train": 22,
        "validation": 7,
        "test": 7,
    }
    assert {split: sum(len(s.questions) for s in streams) for split, streams in parts.items()} == {
        "train": 211,
        "validation": 61,
        "test": 77,
    }
    told = {split: {turn.text for s in streams for turn in s.turns} for split, streams in parts.items()}
    assert sum(map(len, told.values())) == len(set().union(*told.values()))
    check_no_leak(parts["train"], [*parts["validation"], *parts["test"]])
    assert SPLITS[-3:] == tuple(DEALT)
