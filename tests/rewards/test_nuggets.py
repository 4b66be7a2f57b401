import math

import pytest

from memdojo.rewards.nuggets import (
    answered_items,
    forbids,
    kendall_tau_b,
    mean_mark,
    nugget_recall,
    order_score,
)


def test_a_nugget_counts_by_the_share_of_its_content_words() -> None:
    nuggets = ["LLM response should state: the red kettle", "Paris in spring"]
    # red, kettle; paris, spring. Function words and the frame of a rubric are none.
    assert nugget_recall("Kettles of red iron, bought in Paris.", nuggets) == (1 + 1 / 2) / 2
    assert nugget_recall("LLM response should state", nuggets) == 0
    assert nugget_recall("", nuggets) == 0


def test_words_are_compared_by_their_stems() -> None:
    assert nugget_recall("she was planning hikes", ["Response should mention that she plans a hike"]) == 1


def test_a_nugget_without_a_content_word_counts_where_it_occurs() -> None:
    assert nugget_recall("It was after we met.", ["after we"]) == 1
    assert nugget_recall("It was before we met.", ["after we"]) == 0
    assert nugget_recall("C++ ?!", ["?!"]) == 1


def test_what_an_answer_should_not_have_is_left_out() -> None:
    forbidden = "LLM response should not mention: fish"
    assert forbids(forbidden)
    assert forbids("Response should avoid: fish")
    assert not forbids("No fish is eaten")
    assert nugget_recall("rice", ["LLM response should contain: rice", forbidden]) == 1
    assert nugget_recall("rice", [forbidden]) is None


def test_half_marks_count_unless_whole_ones_are_asked_for() -> None:
    assert mean_mark([1.0, 0.5, 0.5, 0.0]) == 0.5
    assert mean_mark([1.0, 0.5, 0.5, 0.0], whole=True) == 0.25


def test_kendalls_tau_b_by_hand() -> None:
    assert kendall_tau_b([1, 2, 3], [1, 2, 3]) == 1
    assert kendall_tau_b([1, 2, 3], [3, 2, 1]) == -1
    # Two concordant pairs, one discordant.
    assert kendall_tau_b([1, 2, 3], [1, 3, 2]) == pytest.approx(1 / 3)
    # One pair is tied in the second: two concordant of 3 untied and 2 untied.
    assert kendall_tau_b([1, 2, 3], [1, 2, 2]) == pytest.approx(2 / math.sqrt(6))
    assert kendall_tau_b([1, 1], [1, 2]) is None
    assert kendall_tau_b([1], [1]) is None
    with pytest.raises(ValueError, match="shorter"):
        kendall_tau_b([1, 2], [1])


def test_an_order_is_worth_what_tau_says() -> None:
    assert order_score([0, 1, 2], 3) == 1
    assert order_score([2, 1, 0], 3) == 0
    assert order_score([0, 2, 1], 3) == pytest.approx((1 / 3 + 1) / 2)
    # Ranks 1, 2, 3 against 1, and two that are tied at the end.
    assert order_score([0], 3) == pytest.approx((2 / math.sqrt(6) + 1) / 2)
    # Ranks 1, 2, 3, 5 against 5, 5, 5, 1: three discordant pairs of 6 and 3 untied.
    assert order_score(["something else"], 3) == pytest.approx((-3 / math.sqrt(18) + 1) / 2)
    assert order_score([0], 1) == 1
    assert order_score(["something else"], 1) == 0


def test_of_an_item_that_comes_twice_the_last_place_counts() -> None:
    assert order_score([0, 1, 0], 2) == 0


@pytest.mark.parametrize(
    ("answer", "items"),
    [
        ("1. Setup\n\n2) Tests\n- Release", ["Setup", "Tests", "Release"]),
        ("You began: 1) setup, 2) tests; 3) release.", ["setup", "tests", "release"]),
        ("setup, then tests; release", ["setup, then tests", "release"]),
        ("setup, tests", ["setup", "tests"]),
        ("2024 was first", ["2024 was first"]),
        ("setup", ["setup"]),
        (" \n", []),
        (",;", []),
    ],
)
def test_an_answer_is_cut_into_the_items_that_it_lists(answer: str, items: list[str]) -> None:
    assert answered_items(answer) == items
