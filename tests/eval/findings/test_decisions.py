"""Which decision lost the evidence: small episodes of a design of the test's own, worked out by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from builders import make_stream
from memdojo.agents.baselines.registry import make_baseline
from memdojo.agents.designs.parts.decisions import DecisionKind, decide
from memdojo.agents.designs.parts.protocol import MemoryDesign
from memdojo.agents.designs.parts.room import LEAVE, entries_that_leave
from memdojo.agents.designs.registry import DESIGNS, make_design
from memdojo.agents.designs.running.policy import DesignManager
from memdojo.envs.answering import Answer
from memdojo.envs.memory.design_operations import Invalidate
from memdojo.envs.types import Add, Delete, Question, Update
from memdojo.eval.playing.evaluate import evaluate_manager
from memdojo.eval.playing.settings import EvalSettings
from memdojo.eval.tables.findings import decision_table, finding_grids

WORTH = DecisionKind("worth", "Whether a turn is written down.", ("no", "yes"))
PLACE = DecisionKind("place", "Whose place a turn takes.", max_options=9)
LEAVER = DecisionKind("leaver", "Who leaves.", (), 16, LEAVE.option_features, LEAVE.state_features)
PURGE = DecisionKind("purge", "Whether an entry is forgotten.", ("keep", "purge"))
CLOSE = DecisionKind("close", "Whether all entries become outdated.", ("go on", "close"))
LOOK = DecisionKind("look", "Whether anything is read.", ("no", "yes"))
SHOW = DecisionKind("show", "Whether an entry is handed over.", ("hide", "show"))


class Diary(MemoryDesign):
    """Adds what is worth it, at its own place or another's, after it has purged or closed; reads by id."""

    name = "diary"
    decisions = (WORTH, PLACE, LEAVER, PURGE, CLOSE, LOOK, SHOW)

    def __init__(self, min_words=0, max_words=99):
        self.min_words, self.max_words = min_words, max_words

    def write(self, memory, chunk):
        for turn in chunk.turns:
            for entry in memory.store.entries:
                if (yield from decide(PURGE, 0, about=entry.text, entries=(None, entry.id))):
                    memory.apply(Delete(entry.id))
            if (yield from decide(CLOSE, 0, about=f"before {turn.id}")):
                for entry in memory.store.readable:
                    memory.apply(Invalidate(entry.id))
            if len(turn.text.split()) >= self.min_words and (yield from decide(WORTH, 1, about=turn.text)):
                yield from self._place(memory, turn)

    def _place(self, memory, turn):
        entries = memory.store.readable
        place = 0
        if entries:
            texts = ("a new one", *(entry.text for entry in entries))
            ids = (None, *(entry.id for entry in entries))
            place = yield from decide(PLACE, 0, about=turn.text, options=texts, entries=ids)
        kept = (entries[place - 1],) if place else ()
        leaving = yield from entries_that_leave(
            memory, turn.text, lambda: memory.store.entries, LEAVER, in_place_of=kept
        )
        if place:
            for entry in leaving:
                memory.apply(Delete(entry.id))
            memory.apply(Update(kept[0].id, turn.text, (turn.id,)))
        else:
            text = " ".join(turn.text.split()[: self.max_words])
            memory.apply(Add(text, (turn.id,), evicts=tuple(entry.id for entry in leaving or ())))

    def read(self, memory, question, k):
        if not (yield from decide(LOOK, 1, about=question)):
            return ()
        hits = []
        for hit in memory.matching(question, k):
            ids = (hit.entry.id, hit.entry.id)
            if (yield from decide(SHOW, 1, about=hit.entry.text, entries=ids)):
                hits.append(hit)
        return tuple(hits)


class Told:
    """Takes options by name and words of what is decided on, and the rule's otherwise."""

    def __init__(self, *exceptions):
        self.exceptions = exceptions

    def choose(self, decisions):
        return [self._option(each) for each in decisions]

    def _option(self, decision):
        for name, about, option in self.exceptions:
            if decision.kind.name == name and about in decision.about:
                return option
        return decision.by_rule


class Wrong:
    """Never says anything right."""

    fingerprint = "wrong"

    def answer(self, requests):
        return [Answer("nonsense") for _ in requests]


FACTS = ("Oslo is home", "Rex is a dog", "Tea is green", "Milk is white")
HOME = Question("q", "Where is home Oslo?", ("Oslo",), evidence=frozenset({"t0"}))
DOG = Question("q", "Who is the dog Rex?", ("dog",), evidence=frozenset({"t1"}))


def _evaluated(*exceptions, question=HOME, turns_per_chunk=1, said=FACTS, words=None, **limits):
    stream = make_stream(*said, questions=(question,), turns_per_chunk=turns_per_chunk)
    with DESIGNS.temporarily("diary", Diary):
        design = make_design("diary", **(words or {}))
    design.turns_per_chunk = turns_per_chunk
    manager = DesignManager(design, decider=Told(*exceptions), embedder="hashed_ngrams")
    settings = EvalSettings(answerer=Wrong(), top_k=2, **limits)
    return evaluate_manager([manager, make_baseline("recency")], [stream], settings)


def _blamed(*exceptions, **how):
    """Return cause, step, decision, option and whether the rule agrees, of the one failure."""
    failures = _evaluated(*exceptions, **how).findings.failures
    (row,) = failures[failures["policy"] == "diary"].to_dict("records")
    return row["cause"], row["step"], row["decision"], row["option"], row["rule_agrees"]


def test_what_was_not_worth_it_is_put_down_to_the_decision_on_its_turn():
    assert _blamed(("worth", "Oslo", 0)) == ("never stored", 0, "worth", "no", False)


def test_what_a_design_left_out_without_a_choice_is_put_down_to_none():
    said = ("Oslo home", *FACTS[1:])
    cause, step, decision, *_ = _blamed(said=said, words={"min_words": 3})
    # Before the turn `close` was decided on, but not for what the turn says.
    assert (cause, step, decision) == ("never stored", 0, "")


def test_what_was_written_too_thin_or_refused_is_put_down_to_the_decision_on_its_turn():
    assert _blamed(words={"max_words": 1}, question=DOG) == ("too little kept", 1, "place", "", True)
    said = (FACTS[0], "Rex is a dog with a very long tail", *FACTS[2:])
    assert _blamed(said=said, question=DOG, max_entry_tokens=5) == ("refused", 1, "place", "", True)


def test_what_left_is_put_down_to_the_decision_that_let_it_go():
    assert _blamed(max_entries=3) == ("evicted", 3, "leaver", "", True)


def test_of_two_that_leave_for_one_operation_each_has_its_own_decision():
    # The three facts fill the store, and what comes fourth needs the room of two of them.
    said = (*FACTS[:3], "Milk is white and never sour")
    for question, place in ((HOME, 6), (DOG, 7)):
        failures = _evaluated(question=question, said=said, max_tokens=10).findings.failures
        (row,) = failures[failures["policy"] == "diary"].to_dict("records")
        assert (row["cause"], row["step"], row["operation"]) == ("evicted", 3, 0)
        # Before them each of three entries was kept, the day went on, the turn was worth it, at a new place.
        assert (row["decision"], row["decision_place"]) == ("leaver", place)


def test_what_was_overwritten_is_put_down_to_the_choice_of_its_place_and_not_of_who_leaves():
    # What comes fourth takes the place of Oslo, and one of the others leaves for it, which is decided later.
    said = (*FACTS[:3], "Milk is white and never sour")
    blamed = _blamed(("place", "Milk", 1), said=said, max_tokens=10)
    assert blamed == ("overwritten", 3, "place", "", False)


def test_what_was_deleted_is_put_down_to_the_last_decision_on_it():
    assert _blamed(("purge", "Oslo", 1)) == ("deleted", 1, "purge", "purge", False)


def test_what_was_invalidated_without_an_option_of_its_own_is_put_down_to_the_decision_before():
    assert _blamed(("close", "before t2", 1)) == ("invalidated", 2, "close", "close", False)


def test_several_turns_of_one_chunk_are_told_apart_by_what_was_decided_on():
    blamed = _blamed(("worth", "Oslo", 0), turns_per_chunk=2)
    assert blamed == ("never stored", 0, "worth", "no", False)
    # The decision on the other turn comes later, and is about another.
    assert _blamed(("purge", "Oslo", 1), turns_per_chunk=2)[:4] == ("deleted", 0, "purge", "purge")


def test_what_was_not_read_is_put_down_to_the_reading():
    assert _blamed(("look", "", 0))[2:] == ("look", "no", False)
    assert _blamed(("show", "Oslo", 0))[2:] == ("show", "hide", False)


def test_a_decision_to_show_another_entry_is_not_to_blame():
    question = Question("q", "Rex, a dog?", ("Oslo",), evidence=frozenset({"t0"}))
    # Rex was shown after it was looked for; Oslo was not found.
    assert _blamed(question=question)[2:] == ("look", "yes", True)


@pytest.mark.parametrize("question", [HOME, Question("q", "Where?", ("Oslo",))])
def test_what_was_read_or_is_unknown_has_no_decision(question):
    assert _blamed(question=question)[2:4] == ("", "")


def test_the_table_counts_failures_by_decision_and_what_the_rule_had_done():
    evaluation = _evaluated(("worth", "Oslo", 0), ("place", "Tea", 1))
    table = decision_table(evaluation)
    (row,) = table.to_dict("records")
    assert (row["policy"], row["decision"], row["option"]) == ("diary", "worth", "no")
    assert (row["failed"], row["never stored"], row["rule_otherwise"]) == (1, 1, 1)
    grid = next(
        each for each in finding_grids(evaluation, evaluation.policies, 0.5) if "Decisions" in each.title
    )
    assert grid.headers == ("policy", "decision", "failed", "never stored", "rule otherwise")
    assert grid.rows == (("diary", "worth: no", "1", "1", "1"),)


def test_plain_managers_have_no_table_of_decisions():
    stream = make_stream(*FACTS, questions=(HOME,))
    evaluation = evaluate_manager([make_baseline("recency")], [stream], EvalSettings(answerer=Wrong()))
    assert decision_table(evaluation).empty
    assert isinstance(decision_table(evaluation), pd.DataFrame)
    assert not any("Decisions" in grid.title for grid in finding_grids(evaluation, evaluation.policies, 0.5))
