from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memdojo.envs.prompts.brief import BriefFormat
from memdojo.envs.prompts.protocol import ManagerView, ParseErrorKind
from memdojo.envs.types import Add, Capacity, Chunk, Delete, MemoryEntry, Noop, Turn, Update

TIME = datetime(2023, 5, 8, 14, 30)
CHUNK = Chunk(
    3,
    (Turn("t1", "Ann", "I moved\nto Boston.", TIME), Turn("t2", "Bob", "My dog is called Oscar.")),
    "session 1",
    TIME,
)
ENTRIES = (
    MemoryEntry(4, "turn", "Bob: I like tea.", datetime(2023, 5, 1), 0, 0, ("t0",)),
    MemoryEntry(9, "turn", "Ann: I paint.", None, 1, 1, ("t-1",)),
)
VIEW = ManagerView(CHUNK, ENTRIES, Capacity(max_entries=5), 6)
FORMAT = BriefFormat()
BOSTON = Add("Ann: I moved\nto Boston.", ("t1",), TIME, "turn")


def test_entries_are_numbered_and_new_turns_lettered() -> None:
    assert FORMAT.render(VIEW) == (
        "MEMORY 2/5\n1 Bob: I like tea.\n2 Ann: I paint.\nNEW\na Ann: I moved to Boston.\n"
        "b Bob: My dog is called Oscar."
    )


def test_after_the_last_chunk_there_is_the_end() -> None:
    assert FORMAT.render(ManagerView(None, ENTRIES[:1], Capacity(), 3)) == "MEMORY 1\n1 Bob: I like tea.\nEND"


def test_the_view_is_the_only_message() -> None:
    (message,) = FORMAT.messages(VIEW)
    assert (message.role, message.content) == ("user", FORMAT.render(VIEW))


def test_each_line_is_an_operation_on_what_its_number_and_letter_name() -> None:
    parsed = FORMAT.parse("KEEP a\n\nKEEP b 2 \nUPDATE 1 a\nDROP 2\nNOOP", VIEW)
    assert parsed.errors == ()
    assert parsed.decision == (
        BOSTON,
        # The turn has no time of its own, so it is that of the chunk.
        Add("Bob: My dog is called Oscar.", ("t2",), TIME, "turn", evicts=(9,)),
        Update(4, "Ann: I moved\nto Boston.", ("t1",), TIME),
        Delete(9),
        Noop(),
    )


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("", ParseErrorKind.EMPTY),
        (" \n ", ParseErrorKind.EMPTY),
        ("keep a", ParseErrorKind.UNKNOWN_VERB),
        ("ADD tea", ParseErrorKind.UNKNOWN_VERB),
        ("KEEP", ParseErrorKind.BAD_ID),
        ("KEEP 1", ParseErrorKind.BAD_ID),
        ("KEEP a b", ParseErrorKind.BAD_ID),
        ("KEEP a 1 2", ParseErrorKind.BAD_ID),
        ("KEEP c", ParseErrorKind.OUT_OF_RANGE),
        ("KEEP aa", ParseErrorKind.OUT_OF_RANGE),
        ("KEEP a 0", ParseErrorKind.OUT_OF_RANGE),
        ("KEEP a 3", ParseErrorKind.OUT_OF_RANGE),
        ("UPDATE 1", ParseErrorKind.BAD_ID),
        ("UPDATE a 1", ParseErrorKind.BAD_ID),
        ("DROP", ParseErrorKind.BAD_ID),
        ("DROP -1", ParseErrorKind.BAD_ID),
        ("DROP 9", ParseErrorKind.OUT_OF_RANGE),
        ("NOOP now", ParseErrorKind.EXTRA_TEXT),
        ("KEEP \ud800", ParseErrorKind.NOT_UNICODE),
    ],
)
def test_a_malformed_line_is_an_error_of_its_kind(line: str, kind: ParseErrorKind) -> None:
    parsed = FORMAT.parse(line, VIEW)
    assert [error.kind for error in parsed.errors] == [kind]
    assert parsed.decision == ()


def test_well_formed_lines_count_beside_malformed_ones() -> None:
    parsed = FORMAT.parse("Sure!\nDROP 1\nKEEP z", VIEW)
    assert parsed.decision == (Delete(4),)
    assert len(parsed.errors) == 2


def test_what_follows_the_last_line_that_is_read_is_one_error() -> None:
    parsed = BriefFormat(max_operations=2).parse("NOOP\nNOOP\nNOOP\nNOOP", VIEW)
    assert len(parsed.decision) == 2
    assert [error.kind for error in parsed.errors] == [ParseErrorKind.TOO_MANY]


def test_a_format_that_reads_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one line"):
        BriefFormat(max_operations=0)


@given(
    st.lists(
        st.sampled_from(
            [
                BOSTON,
                Add("Bob: My dog is called Oscar.", ("t2",), TIME, "turn", evicts=(4,)),
                Update(9, "Bob: My dog is called Oscar.", ("t2",), TIME),
                Delete(4),
                Noop(),
            ]
        ),
        min_size=1,
        max_size=8,
    )
)
def test_what_is_written_is_what_is_parsed(operations: list[Add | Update | Delete | Noop]) -> None:
    parsed = FORMAT.parse(FORMAT.write(operations, VIEW), VIEW)
    assert parsed.errors == ()
    assert parsed.decision == tuple(operations)


@given(st.text())
def test_whatever_a_model_writes_is_data(completion: str) -> None:
    parsed = FORMAT.parse(completion, VIEW)
    assert parsed.decision or parsed.errors


@pytest.mark.parametrize(
    "operation",
    [
        Add("Ann moved", ("t1",)),
        Add("Ann: I moved\nto Boston.", ("t1", "t2")),
        Add("Ann: I moved\nto Boston.", ("t1",), evicts=(4, 9)),
        Update(5, "Ann: I moved\nto Boston.", ("t1",)),
        Delete(1),
    ],
)
def test_what_the_format_has_no_words_for_is_refused(operation: Add | Update | Delete) -> None:
    with pytest.raises(ValueError, match=r"as it was said|not among|cannot express"):
        FORMAT.write([operation], VIEW)


def test_there_are_letters_for_any_number_of_turns() -> None:
    turns = tuple(Turn(f"t{index}", "Ann", f"Number {index}.") for index in range(703))
    view = ManagerView(Chunk(0, turns), (), Capacity(), 0)
    lines = FORMAT.render(view).split("\n")
    assert [lines[index + 2].split()[0] for index in (0, 25, 26, 51, 52, 701, 702)] == [
        *("a", "z", "aa", "az", "ba", "zz", "aaa"),
    ]
    (kept,) = FORMAT.parse("KEEP aaa", view).decision
    assert isinstance(kept, Add)
    assert kept.text == "Ann: Number 702."
