from __future__ import annotations

import pytest

from memdojo.rewards import (
    NO_INFORMATION,
    answer_line_match,
    eventqa_recall,
    keyword_match,
    label_match,
    recommendation_recall,
    rouge_l_recall,
    squad_substring_match,
    yes_no_f1,
)


def test_yes_and_no_are_never_partly_right() -> None:
    # Token F1 would give 2/3 for "yes" in "yes indeed".
    assert yes_no_f1("yes indeed", ["yes"]) == 0
    assert yes_no_f1("Yes.", ["yes"]) == 1
    assert yes_no_f1("no", ["a yes"]) == 0
    assert yes_no_f1("Oslo Norway", ["Oslo"]) == pytest.approx(2 / 3)
    assert yes_no_f1("", ["the"]) == 0


def test_a_label_may_stand_behind_answer_or_on_the_first_line() -> None:
    assert answer_line_match("43", ["43"]) == 1
    assert answer_line_match("Because of the words.\nAnswer: 43\nSure.", ["43"]) == 1
    assert answer_line_match("ANSWER: Answer: 43", ["43"]) == 1
    assert answer_line_match("43\nas in the examples", ["43"]) == 1
    # The benchmark says itself that this is strict.
    assert answer_line_match("label: 43", ["43"]) == 0
    assert answer_line_match("as in the examples\n43", ["43"]) == 0


def test_mem_alphas_label_must_stand_alone_or_in_a_box() -> None:
    assert label_match(" '43' ", ["43"]) == 1
    assert label_match(r"It is \boxed{43}.", ["43"]) == 1
    assert label_match("Answer: 43", ["43"]) == 0
    assert label_match("43.", ["43"]) == 0
    assert label_match("4", ["43"]) == 0
    assert label_match(r"\boxed{4\boxed{43}", ["43"]) == 0
    # Read once, whatever opens boxes and closes none.
    assert label_match("\\boxed{" * 100_000, ["43"]) == 0


def test_keywords_count_by_their_share() -> None:
    reference = "Elena; the White Tower;storm"
    assert keyword_match("elena hides from a STORM", [reference]) == pytest.approx(2 / 3)
    assert keyword_match("Elena, the storm, and the white tower", [reference]) == 1
    # A reference without a semicolon is one keyword, commas or not.
    assert keyword_match("Paris", ["Paris, France"]) == 0
    assert keyword_match("in paris, france, I think", ["Paris, France"]) == 1
    assert keyword_match("anything", [" ; "]) == 0


def test_recommendations_count_among_the_first_five_titles() -> None:
    listed = "Old ones:\n1. Metropolis (1927)\n2) The Third Man\n3. - 12 Angry Men\n4. M\n5. Ran\n6. Alien"
    # Alien is the sixth.
    assert recommendation_recall(listed, ["12 Angry Men", "Alien"]) == pytest.approx(1 / 2)
    assert recommendation_recall(listed, ["Metropolis", "third man", "M (1931)"]) == 1
    assert recommendation_recall("Alien, Ran, Heat", ["Heat", "Alien", "Jaws"]) == pytest.approx(2 / 3)
    assert recommendation_recall(NO_INFORMATION, []) == 1


def test_recall_of_rouge_l_does_not_charge_for_length() -> None:
    # "blue", "bicycle" of three words each occur in order; articles stay.
    assert rouge_l_recall("well, a blue or green bicycle perhaps", ["the blue bicycle"]) == pytest.approx(
        2 / 3
    )
    assert rouge_l_recall("bicycle blue", ["the blue bicycle"]) == pytest.approx(1 / 3)


def test_eventqa_wants_all_references_as_they_are_written() -> None:
    assert eventqa_recall("He left The Old Inn, then slept.", ["the old inn", "SLEPT"]) == 1
    assert eventqa_recall("He left the old inn.", ["the old inn", "slept"]) == 0
    # Nothing is normalised but the case.
    assert eventqa_recall("old inn", ["the old inn"]) == 0
    assert eventqa_recall("the old-inn", ["the old inn"]) == 0
    assert squad_substring_match("old inn", ["the old inn"]) == 1
