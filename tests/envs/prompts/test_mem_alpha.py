from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.prompts.mem_alpha import NO_CALL, MemAlphaFormat
from memdojo.envs.prompts.mem_alpha_brief import MemAlphaBriefFormat
from memdojo.envs.prompts.mem_alpha_view import latest, memory_type
from memdojo.envs.prompts.protocol import ManagerView, ParseErrorKind, showing
from memdojo.envs.prompts.registry import make_format
from memdojo.envs.prompts.tasks import ManagerTask
from memdojo.envs.types import (
    Add,
    Capacity,
    Chunk,
    Delete,
    MemoryEntry,
    Noop,
    Operation,
    OperationStatus,
    Rewrite,
    Stream,
    Turn,
    Update,
)

TIME = datetime(2023, 5, 8, 14, 30)
CHUNK = Chunk(
    3,
    (Turn("t1", "Ann", "I moved\nto Boston.", TIME), Turn("t2", "Bob", "My dog is called Oscar.")),
    "session 1",
    TIME,
)
CORE = MemoryEntry(2, "core", "Ann is a nurse.", None, 0, 0, ("t0",))
TEA = MemoryEntry(4, "semantic", "Bob likes tea.", datetime(2023, 5, 1), 0, 0, ("t0",))
RAN = MemoryEntry(9, "episodic", "On 1 May Ann ran a marathon.", None, 1, 1, ("t-1",))
VIEW = ManagerView(CHUNK, (CORE, TEA, RAN), Capacity(), 12)
FORMAT, BRIEF = MemAlphaFormat(), MemAlphaBriefFormat()


def call(name: str, **arguments: Any) -> str:
    return json.dumps({"name": name, "arguments": arguments})


def test_core_block_latest_entries_and_the_chunk_are_shown() -> None:
    assert FORMAT.render(VIEW) == (
        "CORE\nAnn is a nurse.\n"
        "SEMANTIC, the latest 1\n[4] [2023-05-01] Bob likes tea.\n"
        "EPISODIC, the latest 1\n[9] On 1 May Ann ran a marathon.\n"
        "NEW 2023-05-08\nAnn: I moved to Boston.\nBob: My dog is called Oscar."
    )
    empty = ManagerView(None, (), Capacity(), 0)
    assert FORMAT.render(empty) == "CORE\n(empty)\nSEMANTIC, none\nEPISODIC, none\nEND"


def test_instructions_and_memory_are_the_systems_and_what_is_new_the_users() -> None:
    system, user = FORMAT.messages(VIEW)
    assert (system.role, user.role) == ("system", "user")
    assert system.content.startswith(FORMAT.instructions)
    assert "[9] On 1 May" in system.content
    assert user.content.startswith("NEW 2023-05-08\nAnn:")
    for_tools, _ = FORMAT.tool_messages(VIEW)
    # The template says how a call looks.
    assert '{"name"' not in for_tools.content
    assert "[9] On 1 May" in for_tools.content


def test_only_the_entries_that_were_written_last_are_shown_in_order_of_id() -> None:
    entries = tuple(
        MemoryEntry(id, "semantic", f"fact {id}", None, 0, step, ())
        for id, step in ((1, 7), (2, 1), (3, 2), (4, 3))
    )
    assert [entry.id for entry in latest(entries, "semantic", 2)] == [1, 4]
    assert latest(entries, "episodic", 2) == ()
    assert [entry.id for entry in latest(entries, "semantic", 0)] == []
    text = MemAlphaFormat(num_semantic=2).render(ManagerView(None, entries, Capacity(), 0))
    assert "[1]" in text and "[4]" in text and "[2]" not in text  # noqa: PT018  # One statement.


def test_a_shorter_view_keeps_the_core_block_longest() -> None:
    assert showing(VIEW, 2).entries == (CORE, RAN)
    assert showing(VIEW, 1).entries == (CORE,)
    assert showing(VIEW, 0).entries == ()


def test_entries_of_other_kinds_count_as_what_they_tell() -> None:
    assert memory_type(Add("Ann moved to Boston")) == "episodic"
    assert memory_type(Add("Ann lives in Boston", entry_kind="turn")) == "semantic"
    assert memory_type(Add("Ann lives in Boston", entry_kind="episodic")) == "episodic"


def test_each_call_is_an_operation() -> None:
    completion = "\n".join(
        (
            call("new_memory_insert", memory_type="episodic", content="Ann moved\nto Boston"),
            call("new_memory_insert", memory_type="semantic", content="Bob's dog is Oscar"),
            call("memory_update", memory_type="semantic", memory_id=4, new_content="Bob likes Boston tea"),
            call(
                "memory_update", memory_type="core", new_content=" Ann is a nurse.\n\nShe lives in Boston. "
            ),
            call("memory_delete", memory_type="episodic", memory_id="9"),
            call("memory_delete", memory_type="core"),
        )
    )
    parsed = FORMAT.parse(completion, VIEW)
    assert parsed.errors == ()
    assert parsed.decision == (
        Add("Ann moved to Boston", ("t1",), TIME, "episodic", unique=True),
        # The second turn has no time of its own, so it is that of the chunk.
        Add("Bob's dog is Oscar", ("t2",), TIME, "semantic", unique=True),
        Update(4, "Bob likes Boston tea", ("t1",), TIME, "semantic"),
        Rewrite("Ann is a nurse.\nShe lives in Boston.", ("t1",)),
        Delete(9, "episodic"),
        Delete(2, "core"),
    )


def test_a_reply_without_a_call_leaves_the_memory_as_it_is() -> None:
    for text in ("", NO_CALL, "There is nothing to remember here."):
        assert FORMAT.parse(text, VIEW).decision == (Noop(),)
        assert FORMAT.parse(text, VIEW).errors == ()


@pytest.mark.parametrize(
    ("completion", "kind"),
    [
        (call("new_memory_insert", memory_type="working", content="x"), ParseErrorKind.BAD_ARGUMENT),
        (call("new_memory_insert", memory_type=["core"], content="x"), ParseErrorKind.BAD_ARGUMENT),
        (call("new_memory_insert", content="x"), ParseErrorKind.BAD_ARGUMENT),
        (call("new_memory_insert", memory_type="semantic"), ParseErrorKind.MISSING_TEXT),
        (call("new_memory_insert", memory_type="semantic", content=" "), ParseErrorKind.MISSING_TEXT),
        (call("memory_update", memory_type="core", content="x"), ParseErrorKind.MISSING_TEXT),
        (call("memory_update", memory_type="semantic", new_content="x"), ParseErrorKind.BAD_ID),
        (call("memory_delete", memory_type="semantic", memory_id="four"), ParseErrorKind.BAD_ID),
        (call("memory_delete", memory_type="semantic", memory_id=True), ParseErrorKind.BAD_ID),
        (call("memory_search", memory_type="semantic"), ParseErrorKind.UNKNOWN_VERB),
        (call("new_memory_insert", memory_type="core", content="\ud800"), ParseErrorKind.NOT_UNICODE),
        ("{", ParseErrorKind.BAD_JSON),
    ],
)
def test_a_malformed_call_is_an_error_and_the_others_still_count(
    completion: str, kind: ParseErrorKind
) -> None:
    parsed = FORMAT.parse(f"{completion}\n{call('memory_delete', memory_type='semantic', memory_id=4)}", VIEW)
    assert [error.kind for error in parsed.errors] == [kind]
    assert parsed.decision == (Delete(4, "semantic"),)


def test_too_many_calls_are_one_error() -> None:
    one = call("memory_delete", memory_type="semantic", memory_id=4)
    parsed = MemAlphaFormat(max_calls=2).parse("\n".join([one] * 9), VIEW)
    assert len(parsed.decision) == 2
    assert [error.kind for error in parsed.errors] == [ParseErrorKind.TOO_MANY]


def _episode() -> ManagerEpisode:
    chunks = tuple(Chunk(index, (Turn(f"u{index}", "Ann", "I like tea."),)) for index in range(2))
    return ManagerEpisode(StreamContext(Stream("s", "g", chunks, ())), Capacity())


def test_the_store_says_what_became_of_calls() -> None:
    episode = _episode()
    task = ManagerTask(FORMAT)
    fact = call("new_memory_insert", memory_type="semantic", content="Ann likes tea")
    lines = (
        fact,
        # The same again, and in other case and punctuation; as another type it is another memory.
        fact,
        call("new_memory_insert", memory_type="semantic", content="ann likes TEA!"),
        call("new_memory_insert", memory_type="episodic", content="Ann likes tea"),
        call("new_memory_insert", memory_type="core", content="Ann"),
        call("new_memory_insert", memory_type="core", content="Bob"),
        call("memory_update", memory_type="core", new_content="Ann and Bob"),
        call("memory_update", memory_type="core", new_content="word " * 513),
        # Entry 1 is semantic, 2 episodic.
        call("memory_update", memory_type="semantic", memory_id=2, new_content="x"),
        call("memory_delete", memory_type="episodic", memory_id=1),
        call("memory_delete", memory_type="episodic", memory_id=77),
    )
    task.begin(episode, task.view(episode), "\n".join(lines))
    ok, duplicate, unknown = OperationStatus.APPLIED, OperationStatus.DUPLICATE, OperationStatus.UNKNOWN_ID
    assert [result.status for result in episode.results] == [
        *(ok, duplicate, duplicate, ok, ok, duplicate, ok),
        *(OperationStatus.TOO_LONG, unknown, unknown, unknown),
    ]
    episode.finish_step(())
    # An entry that is not shown can be named, and deleting a core block that is not there fails.
    shown = showing(task.view(episode), 1)
    task.begin(
        episode,
        shown,
        f"{call('memory_delete', memory_type='semantic', memory_id=1)}\n"
        f"{call('memory_delete', memory_type='core')}\n{call('memory_delete', memory_type='core')}",
    )
    assert [result.status for result in episode.results] == [ok, ok, unknown]
    assert [entry.text for entry in episode.store] == ["Ann likes tea"]


WRITABLE: tuple[Operation, ...] = (
    Add("Ann moved to Boston", ("t1",), TIME, "episodic", unique=True),
    Update(9, "On 1 May Ann ran in Boston", ("t1",), TIME, "episodic"),
    Rewrite("Ann is a nurse.\nBob has a dog.", ("t2",)),
    Delete(4, "semantic"),
    Delete(2, "core"),
)


def test_what_is_written_is_read_back() -> None:
    assert FORMAT.parse(FORMAT.write(WRITABLE, VIEW), VIEW).decision == WRITABLE
    assert FORMAT.parse(FORMAT.write_for_tools(WRITABLE, VIEW), VIEW).decision == WRITABLE
    assert "<tool_call>" in FORMAT.write_for_tools(WRITABLE, VIEW)
    assert FORMAT.write((Noop(),), VIEW) == NO_CALL
    assert FORMAT.parse(FORMAT.write((Noop(),), VIEW), VIEW).decision == (Noop(),)


def test_there_are_no_words_for_other_operations() -> None:
    for format in (FORMAT, BRIEF):
        for operation in (Add("Ann: I moved\nto Boston.", evicts=(77,)), Update(77, "x"), Delete(77)):
            with pytest.raises(ValueError, match=r"cannot express|not among|no turn"):
                format.write((operation,), VIEW)


def test_who_leaves_a_full_store_is_deleted_before_what_comes() -> None:
    taken = Add(SAID_A, evicts=(4, 9))
    assert BRIEF.write((taken,), VIEW) == "DELETE s 1\nDELETE e 2\nADD e a"
    calls = [json.loads(line) for line in FORMAT.write((taken,), VIEW).splitlines()]
    assert [each["name"] for each in calls] == ["memory_delete", "memory_delete", "new_memory_insert"]
    assert [each["arguments"].get("memory_id") for each in calls] == [4, 9, None]


def test_tools_are_json_schemas_of_the_functions() -> None:
    names = [tool["function"]["name"] for tool in FORMAT.tools]
    assert names == ["new_memory_insert", "memory_update", "memory_delete"]
    update = FORMAT.tools[1]["function"]["parameters"]
    assert update["required"] == ["memory_type", "new_content"]
    assert set(update["properties"]) == {"memory_type", "new_content", "memory_id"}
    json.dumps(FORMAT.tools)


def test_examples_are_read_without_error() -> None:
    for name in ("mem_alpha", "mem_alpha_brief"):
        format = make_format("manager", name)
        for example in format.examples:
            assert format.parse(example, VIEW).errors == (), example


@given(st.text(max_size=200))
def test_nothing_that_is_written_raises(text: str) -> None:
    FORMAT.parse(text, VIEW)
    BRIEF.parse(text, VIEW)
    FORMAT.parse(call("new_memory_insert", memory_type="core", content=text), VIEW)


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="num_semantic is -1"):
        MemAlphaFormat(num_semantic=-1)
    with pytest.raises(ValueError, match="max_operations 0"):
        MemAlphaBriefFormat(max_operations=0)


SAID_A = "Ann: I moved\nto Boston."
SAID_B = "Bob: My dog is called Oscar."


def test_the_brief_form_has_signs_numbers_and_letters() -> None:
    assert BRIEF.render(VIEW) == (
        "MEMORY\nc Ann is a nurse.\ns 1 Bob likes tea.\ne 2 On 1 May Ann ran a marathon.\n"
        "NEW\na Ann: I moved to Boston.\nb Bob: My dog is called Oscar."
    )
    assert BRIEF.render(ManagerView(None, (), Capacity(), 0)) == "MEMORY\nEND"
    (message,) = BRIEF.messages(VIEW)
    assert (message.role, message.content) == ("user", BRIEF.render(VIEW))


def test_each_brief_line_is_an_operation() -> None:
    parsed = BRIEF.parse(
        "ADD e a\nADD s b\nADD c a\nADD c b\nUPDATE s 1 b\nUPDATE c b\nDELETE e 2\nDELETE c\nNOOP", VIEW
    )
    assert parsed.errors == ()
    assert parsed.decision == (
        Add(SAID_A, ("t1",), TIME, "episodic", unique=True),
        Add(SAID_B, ("t2",), TIME, "semantic", unique=True),
        Rewrite(f"Ann is a nurse.\n{SAID_A}", ("t1",)),
        Rewrite(f"Ann is a nurse.\n{SAID_A}\n{SAID_B}", ("t2",)),
        Update(4, SAID_B, ("t2",), TIME, "semantic"),
        Rewrite(SAID_B, ("t2",)),
        Delete(9, "episodic"),
        Delete(2, "core"),
        Noop(),
    )
    assert BRIEF.parse("", VIEW).decision == (Noop(),)
    assert BRIEF.parse("", VIEW).errors == ()


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("KEEP a", ParseErrorKind.UNKNOWN_VERB),
        ("ADD a", ParseErrorKind.BAD_ID),
        ("ADD x a", ParseErrorKind.BAD_ID),
        ("ADD e c", ParseErrorKind.OUT_OF_RANGE),
        ("UPDATE s a", ParseErrorKind.BAD_ID),
        ("UPDATE s 2 a", ParseErrorKind.OUT_OF_RANGE),
        ("UPDATE c 1 a", ParseErrorKind.BAD_ID),
        ("DELETE e 3", ParseErrorKind.OUT_OF_RANGE),
        ("DELETE e 0", ParseErrorKind.OUT_OF_RANGE),
        ("DELETE 1", ParseErrorKind.BAD_ID),
        ("NOOP now", ParseErrorKind.EXTRA_TEXT),
        ("ADD \ud800", ParseErrorKind.NOT_UNICODE),
    ],
)
def test_a_malformed_brief_line_is_an_error_and_the_others_still_count(
    line: str, kind: ParseErrorKind
) -> None:
    parsed = BRIEF.parse(f"{line}\nADD s b", VIEW)
    assert [error.kind for error in parsed.errors] == [kind]
    assert parsed.decision == (Add(SAID_B, ("t2",), TIME, "semantic", unique=True),)


def test_what_is_written_briefly_is_read_back() -> None:
    operations: tuple[Operation, ...] = (
        Add(SAID_A, ("t1",), TIME, "episodic", unique=True),
        Update(9, SAID_B, ("t2",), TIME, "episodic"),
        Rewrite(f"Ann is a nurse.\n{SAID_A}", ("t1",)),
        Delete(4, "semantic"),
        Delete(2, "core"),
        Noop(),
    )
    assert BRIEF.write(operations, VIEW) == "ADD e a\nUPDATE e 2 b\nADD c a\nDELETE s 1\nDELETE c\nNOOP"
    assert BRIEF.parse(BRIEF.write(operations, VIEW), VIEW).decision == operations
    # Turns that another manager stores count as what they tell.
    assert BRIEF.write((Add(SAID_A, entry_kind="turn"), Add(SAID_B, entry_kind="turn")), VIEW) == (
        "ADD e a\nADD e b"
    )
