from __future__ import annotations

import json
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memdojo.envs.prompts.memory_r1 import MemoryR1Format
from memdojo.envs.prompts.protocol import ManagerView, ParseErrorKind
from memdojo.envs.prompts.registry import make_format
from memdojo.envs.types import Add, Capacity, Chunk, Delete, MemoryEntry, Noop, Operation, Turn, Update

TIME = datetime(2023, 5, 8, 14, 30)
CHUNK = Chunk(
    3,
    (Turn("t1", "Ann", "I moved\nto Boston.", TIME), Turn("t2", "Bob", "My dog is called Oscar.")),
    "session 1",
    TIME,
)
ENTRIES = (
    MemoryEntry(4, "fact", "Bob likes tea", datetime(2023, 5, 1), 0, 0, ("t0",)),
    MemoryEntry(9, "fact", 'Ann said\n"hi"', None, 1, 1, ("t-1",)),
)
VIEW = ManagerView(CHUNK, ENTRIES, Capacity(), 6, 30)
FORMAT = MemoryR1Format()


def _reply(*elements: object) -> str:
    return json.dumps({"memory": elements})


def test_entries_are_json_lines_and_new_turns_lines_under_their_date() -> None:
    assert FORMAT.render(VIEW) == (
        'MEMORY\n{"id": 4, "time": "2023-05-01", "text": "Bob likes tea"}\n'
        '{"id": 9, "text": "Ann said \\"hi\\""}\n'
        "NEW 2023-05-08\nAnn: I moved to Boston.\nBob: My dog is called Oscar."
    )
    assert FORMAT.render(ManagerView(None, (), Capacity(), 0)) == "MEMORY\nEND"


def test_the_instructions_are_the_system_s_message() -> None:
    system, user = FORMAT.messages(VIEW)
    assert (system.role, user.role, user.content) == ("system", "user", FORMAT.render(VIEW))


def test_each_element_is_an_operation() -> None:
    parsed = FORMAT.parse(
        _reply(
            {"id": "new", "event": "ADD", "text": "Ann moved to\n Boston", "old_memory": None},
            {"id": 9, "event": "UPDATE", "text": "Bob's dog is Oscar", "old_memory": "anything"},
            {"id": "4", "event": "DELETE"},
            {"id": 9, "text": "as it is", "event": "NONE"},
        ),
        VIEW,
    )
    assert parsed.errors == ()
    # Sources are the turns whose words a text shares, and the time is that of the latest of them.
    assert parsed.decision == (
        Add("Ann moved to Boston", ("t1",), TIME),
        Update(9, "Bob's dog is Oscar", ("t2",), TIME),
        Delete(4),
    )


@pytest.mark.parametrize("elements", [[], [{"event": "NONE"}], [{"event": "NONE", "id": 77}] * 3])
def test_a_list_that_changes_nothing_is_one_noop(elements: list[object]) -> None:
    parsed = FORMAT.parse(_reply(*elements), VIEW)
    assert (parsed.decision, parsed.errors) == ((Noop(),), ())


@pytest.mark.parametrize(
    "completion",
    [
        '```json\n{"memory": [{"id": 4, "event": "DELETE"}]}\n```',
        'I forget the tea. {"memory": [{"id": 4, "event": "DELETE"}]} Is {that} right?',
        '{"thought": {"deep": 1}, "memory": [{"id": 4, "event": "DELETE"}]}{"memory": []}',
    ],
)
def test_what_stands_around_the_first_object_is_ignored(completion: str) -> None:
    parsed = FORMAT.parse(completion, VIEW)
    assert (parsed.decision, parsed.errors) == ((Delete(4),), ())


@pytest.mark.parametrize(
    ("completion", "kind"),
    [
        ("", ParseErrorKind.EMPTY),
        (" \n", ParseErrorKind.EMPTY),
        ("NOOP", ParseErrorKind.BAD_JSON),
        ("[]", ParseErrorKind.BAD_JSON),
        ("{}", ParseErrorKind.BAD_JSON),
        ('{"memory": {}}', ParseErrorKind.BAD_JSON),
        # Nothing is repaired: a comma too many, a reply that was cut off, single quotes.
        ('{"memory": [],}', ParseErrorKind.BAD_JSON),
        ('{"memory": [{"event": "ADD", "text": "Ann', ParseErrorKind.BAD_JSON),
        ("{'memory': []}", ParseErrorKind.BAD_JSON),
        ("{" * 100_000, ParseErrorKind.BAD_JSON),
        ('{"memory": ' + "[" * 100_000 + "]" * 100_000 + "}", ParseErrorKind.BAD_JSON),
        ('{"memory": ' + "9" * 10_000 + "}", ParseErrorKind.BAD_JSON),
        ('{"memory" \ud800', ParseErrorKind.NOT_UNICODE),
    ],
)
def test_a_reply_without_the_object_is_one_error(completion: str, kind: ParseErrorKind) -> None:
    parsed = FORMAT.parse(completion, VIEW)
    assert parsed.decision == ()
    assert [error.kind for error in parsed.errors] == [kind]


@pytest.mark.parametrize(
    ("element", "kind"),
    [
        ("ADD", ParseErrorKind.BAD_JSON),
        ({}, ParseErrorKind.UNKNOWN_VERB),
        ({"event": "add", "text": "x"}, ParseErrorKind.UNKNOWN_VERB),
        ({"event": ["ADD"]}, ParseErrorKind.UNKNOWN_VERB),
        ({"event": "ADD"}, ParseErrorKind.MISSING_TEXT),
        ({"event": "ADD", "text": " \n"}, ParseErrorKind.MISSING_TEXT),
        ({"event": "ADD", "text": 3}, ParseErrorKind.MISSING_TEXT),
        ({"event": "ADD", "text": "\ud800"}, ParseErrorKind.NOT_UNICODE),
        ({"event": "UPDATE", "text": "x"}, ParseErrorKind.BAD_ID),
        ({"event": "UPDATE", "id": True, "text": "x"}, ParseErrorKind.BAD_ID),
        ({"event": "UPDATE", "id": 4.0, "text": "x"}, ParseErrorKind.BAD_ID),
        ({"event": "UPDATE", "id": "four", "text": "x"}, ParseErrorKind.BAD_ID),
        ({"event": "UPDATE", "id": 4}, ParseErrorKind.MISSING_TEXT),
        ({"event": "UPDATE", "id": 5, "text": "x"}, ParseErrorKind.OUT_OF_RANGE),
        ({"event": "DELETE", "id": -4}, ParseErrorKind.OUT_OF_RANGE),
        ({"event": "DELETE", "id": "5"}, ParseErrorKind.OUT_OF_RANGE),
    ],
)
def test_a_malformed_element_is_one_error_and_the_others_count(element: object, kind: ParseErrorKind) -> None:
    parsed = FORMAT.parse(_reply(element, {"id": 4, "event": "DELETE"}), VIEW)
    assert parsed.decision == (Delete(4),)
    assert [error.kind for error in parsed.errors] == [kind]


def test_an_update_of_an_unknown_id_is_an_add_where_that_is_asked_for() -> None:
    lenient = make_format("manager", "memory_r1_add_unknown")
    update = {"id": 5, "event": "UPDATE", "text": "Ann moved to Boston"}
    assert lenient.parse(_reply(update), VIEW).decision == (Add("Ann moved to Boston", ("t1",), TIME),)
    # A DELETE has nothing to add, and a known id is updated as ever.
    assert lenient.parse(_reply({"id": 5, "event": "DELETE"}), VIEW).decision == ()
    (known,) = lenient.parse(_reply(update | {"id": 9}), VIEW).decision
    assert isinstance(known, Update)


def test_what_follows_the_last_element_that_is_read_is_one_error() -> None:
    elements = [{"event": "ADD", "text": f"fact {number}"} for number in range(5)]
    parsed = MemoryR1Format(max_operations=2).parse(_reply(*elements), VIEW)
    assert len(parsed.decision) == 2
    assert [error.kind for error in parsed.errors] == [ParseErrorKind.TOO_MANY]
    with pytest.raises(ValueError, match="at least one element"):
        MemoryR1Format(max_operations=0)


@given(
    st.lists(
        st.sampled_from(
            [
                Add("Ann moved to Boston", ("t1",), TIME),
                Update(9, 'Bob\'s dog is "Oscar" {so}', ("t2",), TIME),
                Delete(4),
            ]
        ),
        max_size=5,
    )
)
def test_what_is_written_is_what_is_parsed(operations: list[Operation]) -> None:
    parsed = FORMAT.parse(FORMAT.write(operations or [Noop()], VIEW), VIEW)
    assert parsed.errors == ()
    assert parsed.decision == (tuple(operations) or (Noop(),))


@pytest.mark.parametrize(
    "operation", [Update(5, "x"), Delete(1), Add("x", evicts=(4,))], ids=("update", "delete", "evict")
)
def test_what_the_format_has_no_words_for_is_refused(operation: Operation) -> None:
    with pytest.raises(ValueError, match=r"not among|cannot express"):
        FORMAT.write([operation], VIEW)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["id", "event", "text", "memory"]), inner)
    ),
)
COMPLETIONS = st.text() | st.builds(json.dumps, JSON) | st.builds(lambda inner: _reply(inner, inner), JSON)


@given(COMPLETIONS)
def test_whatever_a_model_writes_is_data(completion: str) -> None:
    parsed = FORMAT.parse(completion, VIEW)
    assert parsed.decision or parsed.errors
