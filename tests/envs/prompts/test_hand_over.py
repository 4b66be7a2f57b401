import pytest

from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.prompts.hand_over import HandOverFormat
from memdojo.envs.prompts.protocol import Parsed, RankingView
from memdojo.envs.types import Add, Capacity

FORMAT = HandOverFormat()


def view(*options: str) -> RankingView:
    store = MemoryStore(Capacity())
    store.apply(Add("Report: Sort the red box.\nANSWER: B\nVERDICT: wrong", ("t0",)), 0)
    store.apply(Add("Report: Sort the blue box.\nANSWER: A\nVERDICT: given", ("t1",)), 1)
    return RankingView("Sort the grey box.", None, store.entries, 10, (), options)


def test_it_shows_the_options_of_the_task() -> None:
    assert FORMAT.render(view("A", "B\nC")).splitlines() == [
        "CANDIDATES",
        "1. Report: Sort the red box. ANSWER: B VERDICT: wrong",
        "2. Report: Sort the blue box. ANSWER: A VERDICT: given",
        "QUESTION Sort the grey box.",
        "OPTIONS A; B C",
        "CHOOSE at most 10",
    ]
    assert "OPTIONS" not in FORMAT.render(view())


def test_nothing_can_be_handed_over_in_a_word() -> None:
    assert FORMAT.parse(" NONE\n", view()) == Parsed(())
    assert FORMAT.parse("2, 1", view()) == Parsed((2, 1))
    for choice in ((), (2,), (2, 1)):
        assert FORMAT.parse(FORMAT.write(choice, view()), view()) == Parsed(choice)


@pytest.mark.parametrize("completion", ["", "none", "NONE 1", "3", "1, 1", "<think>NONE"])
def test_what_is_no_choice_hands_nothing_over_and_is_an_error(completion: str) -> None:
    parsed = FORMAT.parse(completion, view())
    assert parsed.decision == ()
    assert len(parsed.errors) == 1
    assert FORMAT.parse_cut("1", view()).errors
