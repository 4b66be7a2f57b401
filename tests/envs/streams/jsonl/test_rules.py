import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from memdojo.envs.streams.jsonl.reading import check_file, read_jsonl
from memdojo.envs.streams.jsonl.rules import check_stream
from memdojo.envs.streams.problems import Problem
from memdojo.envs.types import Chunk, Question, Stream, Turn
from memdojo.errors import DataError


def _record() -> dict[str, Any]:
    return {
        "id": "s1",
        "group": "g1",
        "chunks": [
            {"index": 0, "turns": [{"id": "t1", "speaker": "Ann", "text": "I live in Rome."}]},
            {"turns": [{"id": "t2", "speaker": "Ben", "text": "I see."}], "time": "2023-05-08T13:56:00"},
        ],
        "questions": [
            {"id": "q1", "text": "Where does Ann live?", "answers": ["Rome"], "evidence": ["t1"]},
            {"id": "q2", "text": "What is Ben's job?", "unanswerable": True},
        ],
        "oracle": {"t1": [{"kind": "ADD", "text": "Ann: Rome"}], "t2": [{"kind": "NOOP"}]},
    }


def _check(tmp_path: Path, *records: object) -> list[Problem]:
    path = tmp_path / "streams.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    problems = check_file(path)
    # The reader refuses exactly what the checker reports.
    if problems:
        with pytest.raises(DataError):
            list(read_jsonl(path))
    else:
        assert len(list(read_jsonl(path))) == len(records)
    return problems


def test_a_good_file_has_no_problems(tmp_path: Path) -> None:
    assert _check(tmp_path, _record(), _record() | {"id": "s2"}) == []
    poisoned = _record()
    _poison(poisoned)
    assert _check(tmp_path, poisoned) == []


def _turn(record: dict[str, Any]) -> dict[str, Any]:
    return record["chunks"][0]["turns"][0]  # type: ignore[no-any-return]


def _poison(record: dict[str, Any], **changes: object) -> None:
    sound = {"adversary": "drift", "seed": 0, "turns": ["t2"], "targets": {"q1": ["Oslo"]}}
    record["poison"] = sound | {"corrections": {"q1": "t1"}} | changes


_BREAKS: dict[str, tuple[Callable[[dict[str, Any]], object], str, str]] = {
    "field missing": (lambda r: r.pop("group"), "group", "missing"),
    "field misspelt": (lambda r: r.update(quesions=[]), "quesions", "unknown"),
    "id a number": (lambda r: r.update(id=3), "id", "3 is a number, not a text"),
    "id blank": (lambda r: r.update(id=" "), "id", "blank"),
    "no chunk": (lambda r: (r.update(chunks=[]), r.pop("oracle"), r["questions"].pop(0)), "chunks", "empty"),
    "no question": (lambda r: r.update(questions=[]), "questions", "empty"),
    "no turn": (lambda r: r["chunks"].append({"turns": []}), "chunks[2].turns", "empty"),
    "chunks null": (lambda r: r.update(chunks=None), "chunks", "None is null, not a list"),
    "turn a text": (
        lambda r: r["chunks"][1]["turns"].append("hi"),
        "chunks[1].turns[1]",
        "a text, not an object",
    ),
    "text a list": (lambda r: _turn(r).update(text=["a"]), "chunks[0].turns[0].text", "a list, not a text"),
    "text blank": (lambda r: _turn(r).update(text=""), "chunks[0].turns[0].text", "blank"),
    "half a surrogate pair": (
        lambda r: _turn(r).update(text="\ud83d"),
        "chunks[0].turns[0].text",
        "surrogate",
    ),
    "time no time": (
        lambda r: _turn(r).update(time="8 May"),
        "chunks[0].turns[0].time",
        "'8 May' is not a time",
    ),
    "time a number": (lambda r: _turn(r).update(time=1683), "chunks[0].turns[0].time", "1683 is not a time"),
    "zones mixed": (
        lambda r: _turn(r).update(time="2023-05-08T13:56:00Z"),
        "chunks[0].turns[0].time",
        "a zone, unlike that of chunks[1]",
    ),
    "index wrong": (lambda r: r["chunks"][1].update(index=2), "chunks[1].index", "the index is 2"),
    "turn id twice": (
        lambda r: r["chunks"][1]["turns"].append(dict(_turn(r))),
        "chunks[1].turns[1].id",
        "'t1' is also that of chunks[0].turns[0]",
    ),
    "metric unknown": (
        lambda r: r["questions"][0].update(metric="tokenf1"),
        "questions[0].metric",
        "'tokenf1' is no metric",
    ),
    "metric official": (
        lambda r: r["questions"][0].update(metric="official"),
        "questions[0].metric",
        "'official' is no metric",
    ),
    "metric of other categories": (
        lambda r: r["questions"][0].update(metric="locomo", category="place"),
        "questions[0].metric",
        "locomo does not grade the category 'place'",
    ),
    "metric of nuggets": (
        lambda r: r["questions"][0].update(metric="nugget_recall"),
        "questions[0].metric",
        "nugget_recall marks nuggets and the question has none",
    ),
    "metric a number": (
        lambda r: r["questions"][0].update(metric=3),
        "questions[0].metric",
        "3 is a number, not a text",
    ),
    "question id twice": (
        lambda r: r["questions"][1].update(id="q1"),
        "questions[1].id",
        "'q1' is also that of questions[0]",
    ),
    "no answer": (
        lambda r: r["questions"][0].pop("answers"),
        "questions[0].answers",
        "not marked unanswerable",
    ),
    "answers a text": (
        lambda r: r["questions"][0].update(answers="Rome"),
        "questions[0].answers",
        "'Rome' is a text, not a list",
    ),
    "answer a number": (
        lambda r: r["questions"][0].update(answers=[2022]),
        "questions[0].answers[0]",
        "2022",
    ),
    "unanswerable a text": (
        lambda r: r["questions"][1].update(unanswerable="yes"),
        "questions[1].unanswerable",
        "not true or false",
    ),
    "evidence unknown": (
        lambda r: r["questions"][0].update(evidence=["t1", "t9"]),
        "questions[0].evidence",
        "'t9' names no turn",
    ),
    "evidence too early": (
        lambda r: r["questions"][0].update(evidence=["t2"], ask_after=0),
        "questions[0].evidence",
        "'t2' is said in chunk 1, the question is asked after chunk 0",
    ),
    "ask_after out of range": (
        lambda r: r["questions"][0].update(ask_after=2),
        "questions[0].ask_after",
        "ask_after is 2, but the chunks are numbered 0 to 1",
    ),
    "ask_after negative": (
        lambda r: r["questions"][0].update(ask_after=-1),
        "questions[0].ask_after",
        "is -1",
    ),
    "oracle of no turn": (lambda r: r["oracle"].update(t9=[]), "oracle.t9", "'t9' names no turn"),
    "oracle kind": (
        lambda r: r["oracle"]["t2"][0].update(kind="add"),
        "oracle.t2[0].kind",
        "not an operation",
    ),
    "oracle no text": (lambda r: r["oracle"]["t1"][0].pop("text"), "oracle.t1[0].text", "ADD has no text"),
    "oracle no target": (
        lambda r: r["oracle"]["t2"][0].update(kind="DELETE"),
        "oracle.t2[0].target",
        "DELETE has no target",
    ),
    "oracle target": (
        lambda r: r["oracle"]["t1"][0].update(target="t2"),
        "oracle.t1[0].target",
        "ADD has a target",
    ),
    "oracle target late": (
        lambda r: r["oracle"]["t1"][0].update(kind="UPDATE", target="t2"),
        "oracle.t1[0].target",
        "'t2' is not before 't1'",
    ),
    "oracle target unknown": (
        lambda r: r["oracle"]["t2"][0].update(kind="DELETE", target="t9"),
        "oracle.t2[0].target",
        "'t9' names no turn",
    ),
    "poison in no turn": (lambda r: _poison(r, turns=["t2", "t9"]), "poison.turns[1]", "'t9' names no turn"),
    "poison for no question": (
        lambda r: _poison(r, targets={"q1": [], "q9": []}),
        "poison.targets.q9",
        "'q9' names no question",
    ),
    "correction of no target": (
        lambda r: _poison(r, corrections={"q2": "t1"}),
        "poison.corrections.q2",
        "'q2' is no target",
    ),
    "correction in no turn": (
        lambda r: _poison(r, corrections={"q1": "t9"}),
        "poison.corrections.q1",
        "'t9' names no turn",
    ),
    "poison misspelt": (lambda r: _poison(r, turn=[]), "poison.turn", "unknown"),
}


@pytest.mark.parametrize("name", _BREAKS)
def test_a_broken_rule_is_reported_with_line_and_field(name: str, tmp_path: Path) -> None:
    damage, where, what = _BREAKS[name]
    record = _record()
    damage(record)
    problems = _check(tmp_path, _record() | {"id": "s0"}, record)
    assert (problems[0].line, problems[0].where) == (2, where)
    assert what in problems[0].what
    assert problems[0].remedy
    assert len(problems) == (2 if name == "oracle target" else 1)


def test_the_nearest_metrics_are_named(tmp_path: Path) -> None:
    record = _record()
    record["questions"][0]["metric"] = "tokenf1"
    [problem] = _check(tmp_path, record)
    assert problem.remedy.startswith("write token_f1")


def test_the_example_of_the_documentation_is_a_good_line(tmp_path: Path) -> None:
    page = Path(__file__).parents[4] / "docs" / "data.md"
    example = page.read_text("utf-8").split("```json\n")[1].split("```")[0]
    assert _check(tmp_path, json.loads(example)) == []


def test_every_problem_is_reported_and_not_only_the_first(tmp_path: Path) -> None:
    record = _record()
    del record["group"]
    _turn(record)["time"] = "yesterday"
    record["questions"][0] |= {"answers": [], "evidence": ["t9"], "ask_after": 7}
    problems = _check(tmp_path, record, _record() | {"id": "s2", "extra": 1}, _record() | {"id": "s2"})
    assert [(problem.line, problem.where) for problem in problems] == [
        (1, "group"),
        (1, "chunks[0].turns[0].time"),
        (1, "questions[0].answers"),
        (1, "questions[0].ask_after"),
        (1, "questions[0].evidence"),
        (2, "extra"),
        (3, "id"),
    ]


def test_lines_that_are_no_json_object_do_not_stop_the_check(tmp_path: Path) -> None:
    path = tmp_path / "streams.jsonl"
    good = json.dumps(_record()).encode()
    twice = good.replace(b'"group": "g1"', b'"group": "g1", "group": "g2"').replace(b'"s1"', b'"s2"')
    path.write_bytes(b"\n".join([good, good[:50], b"\xff", b"[" * 100_000, b"3", twice]))
    problems = check_file(path)
    assert [problem.line for problem in problems] == [2, 3, 4, 5, 6]
    for problem, what in zip(
        problems,
        [
            "not valid JSON",
            "byte 1 is not UTF-8",
            "nested too deeply",
            "3 is a number",
            "'group' stands twice",
        ],
        strict=True,
    ):
        assert what in problem.what


def test_a_file_that_cannot_be_read_is_one_problem_without_a_line(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert [str(problem) for problem in check_file(tmp_path / "empty")] == [
        "the file is empty; write one stream a line"
    ]
    assert [str(problem) for problem in check_file(tmp_path / "none")] == [
        "the file does not exist; check the path"
    ]
    assert [problem.line for problem in check_file(tmp_path)] == [None]


def test_a_problem_is_one_line_of_text() -> None:
    assert str(Problem(3, "group", "the field is missing", "add 'group'")) == (
        "line 3: group: the field is missing; add 'group'"
    )
    long = Problem(None, "", "x", "y")
    assert str(long) == "x; y"


def test_streams_made_in_code_are_checked_by_the_same_rules() -> None:
    chunks = (Chunk(0, (Turn("t1", "Ann", "Hi."),)),)
    good = Stream("s", "g", chunks, (Question("q", "Who?", ("Ann",), evidence=frozenset({"t1"})),))
    assert check_stream(good) == []
    bad = Stream("s", "g", chunks, (Question("q", "Who?", ("Ann",), evidence=frozenset({"t2"})),))
    assert [problem.where for problem in check_stream(bad)] == ["questions[0].evidence"]
