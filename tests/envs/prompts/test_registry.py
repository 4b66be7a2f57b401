from __future__ import annotations

import json
from datetime import datetime

import pytest

from memdojo.envs.prompts.brief import BriefFormat
from memdojo.envs.prompts.plain import PlainAnswerFormat, PlainFormat, PlainRankingFormat
from memdojo.envs.prompts.protocol import (
    AnswerDecision,
    AnswerView,
    DecisionOption,
    DecisionView,
    ManagerView,
    Parsed,
    ParseErrorKind,
    RankingView,
    parse_reply,
)
from memdojo.envs.prompts.registry import FORMATS, list_formats, make_format
from memdojo.envs.types import Capacity, Chunk, Delete, MemoryEntry, Operation, Turn
from memdojo.errors import ConfigError, UnknownNameError


def test_each_task_has_formats_of_its_own() -> None:
    manager = list_formats("manager")
    assert list(manager) == sorted(manager)
    assert {"brief", "mem_alpha", "memory_r1", "memory_r1_add_unknown", "plain"} <= set(manager)
    assert {"brief", "memory_r1", "plain"} <= set(list_formats("answer_agent"))
    assert {"brief", "memsifter", "plain"} <= set(list_formats("retriever"))
    assert {"brief", "plain"} <= set(list_formats("design"))
    assert isinstance(make_format("manager", "brief"), BriefFormat)
    assert isinstance(make_format("manager", "plain"), PlainFormat)
    assert isinstance(make_format("retriever", "plain"), PlainRankingFormat)
    assert isinstance(make_format("answer_agent", "plain"), PlainAnswerFormat)


def test_an_unknown_format_is_an_error_with_the_near_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown retriever format 'bref'.*'brief'"):
        make_format("retriever", "bref")


def test_a_format_of_somebody_else_is_known_by_its_name_for_its_task_alone() -> None:
    manager = FORMATS["manager"]
    with manager.temporarily("mine", PlainFormat):
        assert isinstance(make_format("manager", "mine"), PlainFormat)
        assert "mine" not in list_formats("retriever")
        with pytest.raises(ConfigError, match="a manager format named 'mine' is registered already"):
            manager.add("mine", BriefFormat)
    with pytest.raises(UnknownNameError, match="unknown manager format 'mine'"):
        make_format("manager", "mine")


def test_a_task_that_does_not_exist_is_an_error_with_the_near_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown task 'manger'.*'manager'"):
        make_format("manger", "plain")


@pytest.mark.parametrize("task", FORMATS)
def test_every_format_is_described_in_one_line(task: str) -> None:
    for name, description in list_formats(task).items():
        assert description.endswith("."), name
        assert "\n" not in description


TIME = datetime(2024, 5, 1, 9)
CHUNK = Chunk(4, (Turn("t9", "Ann", "I live in Oslo.", TIME), Turn("t10", "Bob", "Me too.", TIME)), "s", TIME)
ENTRIES = tuple(MemoryEntry(id, "semantic", f"Note {id}", TIME, 0, 0, ()) for id in (1, 3, 37))
OPTIONS = tuple(DecisionOption(index, f"Note {index}") for index in range(3))
VIEWS = {
    "manager": ManagerView(CHUNK, ENTRIES, Capacity(), 9),
    "retriever": RankingView("Where?", None, ENTRIES, 3),
    "answer_agent": AnswerView("Where?", None, ENTRIES),
    "design": DecisionView("d", "A design.", "who", "Who leaves.", "Ann: hi", OPTIONS),
}
ALL = [(task, name) for task in FORMATS for name in FORMATS[task]]


@pytest.mark.parametrize(("task", "name"), ALL)
def test_no_format_reads_what_is_only_thought(task: str, name: str) -> None:
    format, view = make_format(task, name), VIEWS[task]
    reply, *drafts = format.examples
    wanted = format.parse(reply, view)
    for thought in (
        "<think>\n{}\n</think>\n\n",
        "{}\n</think>\n\n",
        "[THINK]{}[/THINK]",
        "◁think▷{}◁/think▷\n",
    ):
        draft = " or \n".join(drafts)
        if name == "memsifter" and "THINK" in thought:
            draft = "of Boston"  # Its own rule counts the rankings.
        assert format.parse(thought.format(draft) + reply, view) == wanted
    cut = format.parse(f"<think>\n{reply}", view)
    assert (cut.decision, len(cut.errors)) == (format.parse("<think>", view).decision, 1)
    assert cut.decision in ((), AnswerDecision((), ""), None)


@pytest.mark.parametrize(("task", "name"), ALL)
def test_what_a_cut_off_reply_does_a_whole_one_would_do(task: str, name: str) -> None:
    format, view = make_format(task, name), VIEWS[task]
    for text in format.examples:
        whole = format.parse(text, view).decision
        for end in range(len(text)):
            cut = parse_reply(format, text[:end], view, is_cut=True)
            if task == "answer_agent":
                # An answer counts as far as it goes, and entries count where all of them were named.
                assert cut.decision.useful in ((), whole.useful), text[:end]
                assert whole.answer.startswith(cut.decision.answer) or name == "brief", text[:end]
            elif task == "design":
                assert cut.decision is None, text[:end]
            else:
                assert set(cut.decision) <= set(whole), text[:end]


def test_numbers_that_may_have_been_cut_do_nothing() -> None:
    view = VIEWS["manager"]
    for name, line in (("plain", "DELETE 3"), ("brief", "DROP 3"), ("mem_alpha_brief", "DELETE s 3")):
        format = make_format("manager", name)
        assert len(format.parse(line, view).decision) == 1
        for text, left in ((line, 0), (f"{line}\n", 1), (f"{line}\n{line}", 1)):
            parsed = parse_reply(format, text, view, is_cut=True)
            assert len(parsed.decision) == left
            assert [error.kind for error in parsed.errors] == [ParseErrorKind.CUT_OFF] * (
                not text.endswith("\n")
            )
    for name in ("plain", "brief"):
        parsed = parse_reply(make_format("retriever", name), "1,2,3", VIEWS["retriever"], is_cut=True)
        assert (parsed.decision, [error.kind for error in parsed.errors]) == ((), [ParseErrorKind.CUT_OFF])
    agent = make_format("answer_agent", "plain")
    assert parse_reply(agent, "ANSWER Rex\nUSE 3", VIEWS["answer_agent"], is_cut=True).decision.useful == ()
    assert parse_reply(
        agent, "USE 3\nANSWER Re", VIEWS["answer_agent"], is_cut=True
    ).decision == AnswerDecision((3,), "Re")


def test_texts_may_speak_of_thoughts() -> None:
    plain = make_format("manager", "plain").parse(
        "ADD Ann hates <think> and </think> tags\nUPDATE 3 Bob loves <think> tags", VIEWS["manager"]
    )
    assert [getattr(each, "text", "") for each in plain.decision] == [
        "Ann hates <think> and </think> tags",
        "Bob loves <think> tags",
    ]
    as_json = json.dumps({"memory": [{"event": "ADD", "text": "Ann hates </think> tags"}]})
    (added,) = (
        make_format("manager", "memory_r1").parse(f"<think>Hm.</think>{as_json}", VIEWS["manager"]).decision
    )
    assert added.text == "Ann hates </think> tags"


def test_a_brace_before_the_object_does_not_spoil_it() -> None:
    reply = 'The form is {id, event}. {"note": 1} {"memory": [{"id": 3, "event": "DELETE"}]}'
    parsed = make_format("manager", "memory_r1").parse(reply, VIEWS["manager"])
    assert (parsed.decision, parsed.errors) == ((Delete(3),), ())


def test_a_format_of_somebody_elses_that_knows_no_cut_is_asked_as_ever() -> None:
    class Shouting:
        def parse(self, completion: str, view: ManagerView) -> Parsed[tuple[Operation, ...]]:
            return Parsed((Delete(int(completion)),))

    assert parse_reply(Shouting(), "3", VIEWS["manager"], is_cut=True).decision == (Delete(3),)  # type: ignore[arg-type]
