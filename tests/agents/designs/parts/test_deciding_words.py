"""Which words decide, learned from a few cases."""

from __future__ import annotations

import numpy as np
import pytest

from memdojo.agents.designs.parts import deciding_words
from memdojo.agents.designs.parts.deciding_words import decide_shares, same_rule, task_words, told_by
from memdojo.envs.streams.cases import Case, Verdict, case_text


def told(task, answer, verdict=Verdict.GIVEN):
    return told_by("Report: " + case_text(Case(task, answer, verdict)))


def test_an_answer_is_the_same_whatever_the_names_are():
    first = told("Start pump Kim for Ann.", 'start(pump="Kim", by="Ann")')
    second = told("Start pump Bo for Eve.", 'start(pump="Bo", by="Eve")')
    swapped = told("Start pump Bo for Eve.", 'start(pump="Eve", by="Bo")')
    assert first.outcome == second.outcome != swapped.outcome
    assert (first.speaker, first.is_right, first.is_wrong) == ("Report", True, False)


def test_what_tells_no_case_has_words_and_no_outcome():
    hello = told_by("Ann: Hello there, Ben.")
    assert (hello.case, hello.outcome, hello.speaker) == (None, "", "Ann")
    assert hello.words == task_words("Hello there, Ben.")


def test_shares_by_hand(monkeypatch):
    """One pair apart in two words with different answers, one apart in the second word with the same."""
    monkeypatch.setattr(deciding_words, "ROUNDS", 1)
    bags = np.array([[1, 1], [0, 0], [1, 0]], bool)
    differ = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]], bool)
    weights = np.array([[0, 1, 1], [1, 0, 0], [1, 0, 0]], float)
    # Either word may be to blame: .05 / (1 - .95 ** 2) = .5128, beside a prior of .05 that weighs 1. The
    # first is apart in one pair, and the second in two.
    assert decide_shares(bags, differ, weights) == pytest.approx([0.5628 / 2, 0.5628 / 3], abs=1e-4)


def test_pairs_of_which_nothing_is_known_leave_the_prior():
    shares = decide_shares(np.eye(3, dtype=bool), ~np.eye(3, dtype=bool), np.zeros((3, 3)))
    assert shares == pytest.approx([0.05] * 3)


def test_the_word_that_decides_is_found_though_another_case_is_more_alike():
    cases = [
        told("A red box of iron came by ship.", "north"),
        told("A red box of straw came by lorry.", "north"),
        told("A green box of iron came by ship.", "south"),
        told("A green box of glass came by rail.", "south"),
    ]
    red = same_rule(task_words("A red box of glass came by rail."), cases, np.ones(4))
    assert red[:2].min() > 2 * red[2:].max()


def test_a_wrong_answer_tells_what_is_different_from_a_right_one():
    task = "A red box of iron came by ship."
    other = "A green box of iron came by ship."
    apart = [told(task, "north"), told(other, "north", Verdict.WRONG)]
    silent = [told(task, "north"), told(other, "south", Verdict.WRONG)]
    words = task_words(other)
    assert same_rule(words, apart, np.ones(2))[0] < same_rule(words, silent, np.ones(2))[0]


def test_what_nobody_trusts_teaches_nothing_and_no_case_has_no_likelihood():
    task, other = "A red box of iron came by ship.", "A green box of iron came by ship."
    cases = [told(task, "north"), told(other, "south")]
    trusted, doubted = (same_rule(task_words(other), cases, np.full(2, trust)) for trust in (1.0, 0.0))
    assert trusted[0] < doubted[0] == pytest.approx(0.95**2)
    assert len(same_rule(task_words(task), [], np.zeros(0))) == 0
