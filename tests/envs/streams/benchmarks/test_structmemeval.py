from pathlib import Path
from typing import Any

import pytest

from builders import write_json
from memdojo.envs.streams.benchmarks.structmemeval import (
    FOLDERS,
    SPLITS,
    load_structmemeval,
    shortest_chain,
)
from memdojo.envs.streams.benchmarks.structmemeval_files import structmemeval_files
from memdojo.envs.streams.jsonl.rules import check_stream
from memdojo.envs.types import Question
from memdojo.errors import ConfigError, DataError, UnknownNameError


def _said(*texts: str, role: str = "user") -> list[dict[str, str]]:
    return [{"role": role, "content": text} for text in texts]


def _ledger(num_messages: int = 12, answers: int = 2) -> dict[str, Any]:
    said = _said("Ann: Bread was €6, for Ben and me.", "What a day!", *["Ben: I like it here."] * 10)
    return {
        "session_id": "session_01",
        "topic": "",
        "messages": said[:num_messages],
        "answers": ["Settlement: Ann -> Ben : 3.00 EUR", "Ann -> Ben : 3.0000 EUR, Cem -> Ben : 1 EUR"][
            :answers
        ],
    }


def _accounting(*ledgers: Any) -> dict[str, Any]:
    return {"case_id": "10%", "sessions": list(ledgers or (_ledger(), _ledger()))}


def _tree() -> dict[str, Any]:
    said = _said(
        "Ann Ash works with Ben Birk.",
        "Cem Coe is a colleague of Ben Birk.",
        "Cem Coe works with Dee Dunn.",
        "Eve Elm works with Fay Fox.",
    )
    question = "Are Cem Coe and Ann Ash related to each other at work?"
    return {
        "case_id": "graph",
        "sessions": [{"session_id": "session_01", "messages": said}],
        "queries": [{"question": question, "reference_answer": {"text": "Yes, they are."}}],
    }


def _chat() -> dict[str, Any]:
    return {
        "case_id": "chat",
        "sessions": [
            {
                "session_id": "s1",
                "topic": "tea",
                "messages": [*_said("I love green tea."), *_said("Noted.", role="assistant")],
                "fact_id": "tea",
                "fact_quote": "love green tea",
            },
            {"session_id": "s2", "topic": "", "messages": _said(" ")},
            {
                "session_id": "s3",
                "topic": "",
                "messages": _said("Coffee is bitter.", "Too bitter."),
                "fact_id": "coffee",
                "fact_quote": "hates coffee",
            },
        ],
        "queries": [
            {
                "question": " What do I drink? ",
                "reference_answer": {"text": "Tea.", "required_facts": ["tea", "coffee", "unknown"]},
            }
        ],
    }


def _write(folder: Path, task: str, name: str, case: object) -> Path:
    write_json(folder / FOLDERS[task] / f"{name}.json", case)
    return folder


def _load(folder: Path, split: str, **options: Any) -> list[Any]:
    streams = list(load_structmemeval(split, path=folder, **options))
    assert all(check_stream(stream) == [] for stream in streams)
    return streams


def test_a_ledger_is_asked_for_its_balance_at_checkpoints(tmp_path: Path) -> None:
    streams = _load(_write(tmp_path, "accounting", "debt_tracker_10percent", _accounting()), "accounting")
    assert [stream.id for stream in streams] == ["debt_tracker_10percent-1", "debt_tracker_10percent-2"]
    stream = streams[0]
    assert (stream.group, len(stream.chunks)) == (stream.id, 12)
    assert [(turn.speaker, turn.text) for turn in stream.turns[:3]] == [
        ("Ann", "Bread was €6, for Ben and me."),
        ("User", "What a day!"),
        ("Ben", "I like it here."),
    ]
    first, second = stream.questions
    # The key says to whom what is due, and the reference who pays it.
    assert first.answers == ("Ben pays 3.00 to Ann",)
    assert second.answers == ("Ben pays 3.0000 to Ann, Ben pays 1 to Cem",)
    assert (first.ask_after, second.ask_after) == (9, 11)
    assert first.evidence == second.evidence == {"t1"}
    assert (first.metric, first.category) == ("settlement", "accounting")


def test_a_checkpoint_ends_a_chunk_of_any_size(tmp_path: Path) -> None:
    folder = _write(tmp_path, "accounting", "debt_tracker_10percent", _accounting(_ledger()))
    [stream] = _load(folder, "accounting", turns_per_chunk=50)
    assert [(chunk.session, len(chunk.turns)) for chunk in stream.chunks] == [
        ("messages_1_to_10", 10),
        ("messages_11_to_12", 2),
    ]
    assert [question.ask_after for question in stream.questions] == [0, 1]


def test_a_chain_in_a_tree_is_the_evidence(tmp_path: Path) -> None:
    [stream] = _load(_write(tmp_path, "tree", "graph_3_trimmed_10", _tree()), "tree")
    assert (stream.id, stream.group) == ("graph_3_trimmed_10", "tree-graph_3")
    assert stream.questions == (
        Question(
            "graph_3_trimmed_10/q0",
            "Are Cem Coe and Ann Ash related to each other at work?",
            ("Yes, they are.",),
            "tree",
            frozenset({"S1:1", "S1:2"}),
            metric="yes_no_match",
        ),
    )


def test_a_shortest_chain_is_found_or_none() -> None:
    edges = [("a", "b", "1"), ("b", "c", "2"), ("c", "d", "3"), ("a", "d", "4"), ("e", "f", "5")]
    assert shortest_chain(edges, "a", "c") in ({"1", "2"}, {"4", "3"})
    assert shortest_chain(edges, "b", "d") in ({"1", "4"}, {"2", "3"})
    assert shortest_chain(edges, "a", "e") == shortest_chain(edges, "x", "a") == frozenset()


def test_quotes_of_facts_are_the_evidence_of_a_recommendation(tmp_path: Path) -> None:
    [stream] = _load(_write(tmp_path, "recommendations", "tea_data_100", _chat()), "recommendations")
    assert (stream.id, stream.group) == ("recommendations-tea_data_100", "recommendations-tea")
    [question] = stream.questions
    # The quote of the second fact is nowhere, so all of its session counts.
    assert question.evidence == {"S1:1", "S3:1", "S3:2"}
    assert (question.text, question.metric) == ("What do I drink?", "judge")
    assert [chunk.session for chunk in stream.chunks] == ["session_1", "session_1", "session_3", "session_3"]


def test_states_are_judged_and_related_cases_one_group(tmp_path: Path) -> None:
    for name in ("transition_2tr_001", "transition_3tr_004", "static_001"):
        _write(tmp_path, "state", f"state_machine_location/{name}", _chat())
    streams = _load(tmp_path, "state")
    assert [stream.group for stream in streams] == [
        "state-static_001",
        "state-transitions",
        "state-transitions",
    ]
    assert streams[0].questions[0].metric == "judge"


def test_splits_deal_out_graphs_and_ledgers(tmp_path: Path) -> None:
    for number in range(10):
        _write(tmp_path, "tree", f"graph_{number}_trimmed_10", _tree())
        _write(tmp_path, "tree", f"graph_{number}_trimmed_20", _tree())
    for share in (10, 30, 50):
        _write(tmp_path, "accounting", f"debt_tracker_{share}percent", _accounting(*[_ledger()] * 5))
    tasks = ("accounting", "tree")
    groups = {
        split: {stream.group for stream in _load(tmp_path, split)} for split in SPLITS if split[0] in "at"
    }
    for task in tasks:
        parts = [groups[f"{task}/{part}"] for part in ("train", "validation", "test")]
        assert sum(map(len, parts)) == len(set().union(*parts)) == len(groups[task])
    assert groups["tree/validation"] == {"tree-graph_6"}
    assert groups["accounting/validation"] == {"debt_tracker_30percent-2"}
    assert groups["all"] == groups["accounting"] | groups["tree"]


def test_damaged_files_of_the_release_are_left_out_and_told(tmp_path: Path) -> None:
    _write(tmp_path, "recommendations", "tea_data_100", _chat())
    (tmp_path / FOLDERS["recommendations"] / "movies_data_100.json").write_text("")
    with pytest.warns(UserWarning, match=r"movies_data_100\.json: damaged in the release and left out"):
        assert len(_load(tmp_path, "recommendations")) == 1


def _other(case: dict[str, Any], **changes: object) -> dict[str, Any]:
    return case | changes


@pytest.mark.parametrize(
    ("task", "case", "message"),
    [
        ("accounting", _accounting(_ledger() | {"answers": ["nothing"]}), "'nothing' has no claim such as"),
        ("accounting", _accounting(_ledger() | {"answers": [3]}), "3 has no claim"),
        ("accounting", _accounting(_ledger() | {"answers": ["a"] * 6}), "it has 6 answers to 12 messages"),
        ("accounting", _accounting(_ledger() | {"messages": []}), "2 answers to 0 messages"),
        ("accounting", _accounting({"messages": []}), "field 'answers' is None"),
        ("accounting", {"case_id": "x"}, "field 'sessions' is None"),
        ("tree", [_tree(), _tree()], "it has 2 cases where there is one"),
        ("tree", _other(_tree(), queries=None), "field 'queries' is None"),
        ("tree", _other(_tree(), queries=[{"question": "?"}]), "field 'reference_answer' is None"),
        ("tree", _other(_tree(), sessions=[]), "it has no message"),
        ("state", _other(_chat(), sessions=[{"messages": _said("x", role="tool")}]), "role is 'tool'"),
        ("state", _other(_chat(), sessions=[{}]), "field 'messages' is None"),
        (
            "recommendations",
            _other(_chat(), queries=[{"question": "?", "reference_answer": {"text": "a"}}]),
            "field 'required_facts' is None",
        ),
    ],
)
def test_a_damaged_case_is_told(task: str, case: object, message: str, tmp_path: Path) -> None:
    _write(tmp_path, task, "case", case)
    with pytest.raises(DataError, match=message) as caught:
        list(load_structmemeval(task, path=tmp_path))
    assert "case.json" in str(caught.value)


def test_options_and_missing_files_are_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMDOJO_DATA", str(tmp_path))
    with pytest.raises(UnknownNameError, match="split of structmemeval 'trees'"):
        load_structmemeval("trees")
    with pytest.raises(ConfigError, match="turns_per_chunk is 0"):
        load_structmemeval(turns_per_chunk=0)
    with pytest.raises(DataError, match=r"no file of the split 'tree' at .*graph_configs.*data fetch struct"):
        load_structmemeval("tree")


def test_what_is_fetched_is_what_is_looked_for(tmp_path: Path) -> None:
    cases = {"accounting": _accounting(), "tree": _tree(), "state": _chat(), "recommendations": _chat()}
    num_files = 0
    for task, case in cases.items():
        for file in structmemeval_files(task):
            write_json(tmp_path / file.path, case)
            num_files += 1
    streams = list(load_structmemeval(path=tmp_path / "structmemeval"))
    # Each of the three files of ledgers has two here.
    assert len(streams) == num_files + 3
    assert len({stream.id for stream in streams}) == len(streams)
