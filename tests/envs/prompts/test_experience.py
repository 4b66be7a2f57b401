import pytest

from memdojo.envs.memory.design_operations import Merge, Tag, Value
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.prompts.experience import ExperienceFormat
from memdojo.envs.prompts.protocol import ManagerView, ParseErrorKind
from memdojo.envs.types import Add, Capacity, Chunk, Delete, Noop, Turn

FORMAT = ExperienceFormat()
CHUNK = Chunk(2, (Turn("t1", "Report", "Sort the red box.\nANSWER: B\nVERDICT: wrong"),))


def view() -> ManagerView:
    store = MemoryStore(Capacity(max_entries=4))
    for number in range(3):
        store.apply(Add(f"Sort box {number}.", ("t0",)), 0)
    store.apply(Value(1, utility=0.5), 0)
    store.apply(Tag(1, ("boxes", "wooden")), 0)
    store.apply(Tag(2, ("nobody] writes this",)), 0)
    store.apply(Value(3, utility=-0.126), 0)
    return ManagerView(CHUNK, store.entries, store.capacity, store.tokens, len(store))


def test_what_an_entry_is_worth_and_tagged_stands_behind_its_number() -> None:
    assert FORMAT.render(view()).splitlines()[1:] == [
        "[1 +0.50 boxes,wooden] Sort box 0.",
        # A tag that could pass for the end of the mark is not shown.
        "[2] Sort box 1.",
        "[3 -0.13] Sort box 2.",
        "NEW",
        "Report: Sort the red box. ANSWER: B VERDICT: wrong",
    ]


def test_experience_is_valued_merged_and_tagged() -> None:
    completion = "VALUE 1 -1\nMERGE 1,3 wooden boxes  go to A\nTAG 2 boxes\nADD a tip\nDELETE 2\nNOOP"
    parsed = FORMAT.parse(completion, view())
    assert parsed.errors == ()
    assert parsed.decision == (
        Value(1, utility=-1.0),
        Merge((1, 3), "wooden boxes go to A", ("t1",)),
        Tag(2, ("boxes",)),
        Add("a tip", ("t1",)),
        Delete(2),
        Noop(),
    )
    assert FORMAT.parse(FORMAT.write(parsed.decision, view()), view()) == parsed


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("VALUE 1", ParseErrorKind.BAD_ARGUMENT),
        ("VALUE 1 much", ParseErrorKind.BAD_ARGUMENT),
        ("VALUE 1 nan", ParseErrorKind.BAD_ARGUMENT),
        ("VALUE 1 1.5", ParseErrorKind.OUT_OF_RANGE),
        ("MERGE 1 text", ParseErrorKind.BAD_ARGUMENT),
        ("MERGE 1,2", ParseErrorKind.BAD_ARGUMENT),
        ("TAG 1", ParseErrorKind.BAD_ARGUMENT),
        ("TAG 1 a] b", ParseErrorKind.BAD_ARGUMENT),
        ("value 1 0.5", ParseErrorKind.UNKNOWN_VERB),
    ],
)
def test_a_malformed_line_is_an_error_and_the_others_count(line: str, kind: ParseErrorKind) -> None:
    parsed = FORMAT.parse(f"{line}\nNOOP", view())
    assert parsed.decision == (Noop(),)
    assert [error.kind for error in parsed.errors] == [kind]


def test_a_line_that_was_cut_off_does_nothing() -> None:
    parsed = FORMAT.parse_cut("VALUE 1 0.5\nMERGE 1,2 wooden bo", view())
    assert parsed.decision == (Value(1, utility=0.5),)
    assert [error.kind for error in parsed.errors] == [ParseErrorKind.CUT_OFF]


@pytest.mark.parametrize(
    "operation",
    [Value(1, reads=1, utility=0.5), Value(1), Value(1, utility=1 / 3), Tag(1, ("a b",)), Tag(1, ())],
)
def test_what_the_format_has_no_words_for_is_not_written(operation: Value | Tag) -> None:
    with pytest.raises(ValueError, match="cannot express"):
        FORMAT.write((operation,), view())
