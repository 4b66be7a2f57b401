import math
from collections.abc import Sequence
from types import MappingProxyType

import pandas as pd
import pytest

from builders import make_stream
from memdojo.agents.baselines.rules import ScriptedRule
from memdojo.envs.answering import Answer, AnswerRequest
from memdojo.envs.types import (
    Add,
    Chunk,
    Delete,
    Noop,
    Operation,
    PlannedOperation,
    Question,
    Stream,
    Turn,
    Update,
)
from memdojo.eval.playing.evaluate import Evaluation, evaluate_manager
from memdojo.eval.playing.settings import EvalSettings
from memdojo.eval.tables.findings import growth_table, plan_table

TEXTS = ("I live in Oslo", "Nice weather", "I moved to Bergen", "My dog Rex barks", "Rex the dog has died")


def a_stream() -> Stream:
    """Oslo, then Bergen instead; a dog, then none."""
    plan = {
        "t0": (PlannedOperation(Add.kind, "Ana: I live in Oslo"),),
        "t1": (PlannedOperation(Noop.kind),),
        "t2": (PlannedOperation(Update.kind, "Ana: I moved to Bergen", "t0"),),
        "t3": (PlannedOperation(Add.kind, "Ana: My dog Rex barks"),),
        "t4": (PlannedOperation(Delete.kind, target="t3"),),
    }
    questions = (
        Question("home", "Where does Ana live?", ("Bergen",), "latest", frozenset({"t2"})),
        Question("dog", "What is the dog called?", (), "gone", frozenset({"t4"}), unanswerable=True),
    )
    return make_stream(*(("Ana", text) for text in TEXTS), questions=questions, oracle=plan)


def add(index: int) -> Add:
    return Add(f"Ana: {TEXTS[index]}", (f"t{index}",))


class Says:
    def __init__(self, text: str) -> None:
        self.fingerprint = text
        self.text = text

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        return [Answer(self.text) for _ in requests]


def evaluated(script: list[tuple[Operation, ...]], answer: str = "nothing") -> Evaluation:
    policy = ScriptedRule([*script, *[()] * (len(TEXTS) - len(script))], name="mine")
    return evaluate_manager([policy], [a_stream()], EvalSettings(answerer=Says(answer)))


def planned(script: list[tuple[Operation, ...]], answer: str = "nothing") -> pd.Series:
    return plan_table(evaluated(script, answer)).set_index("policy").loc["mine"]


def test_operations_as_planned_are_all_right() -> None:
    row = planned([(add(0),), (), (Update(1, f"Ana: {TEXTS[2]}", ("t2",)),), (add(3),), (Delete(2),)])
    kinds = ("add", "update", "delete")
    assert [row[f"{kind}_{share}"] for kind in kinds for share in ("precision", "recall")] == [1.0] * 6
    assert row[["outdated_kept", "contradictions"]].tolist() == [0, 0]


def test_what_was_not_planned_costs_precision_and_what_was_not_done_recall() -> None:
    row = planned([(add(0),), (add(1),), (add(2),), (), (Delete(2),)])
    # Of three ADDs one was planned as such; of two planned ADDs one was done.
    assert row[["add_precision", "add_recall"]].tolist() == pytest.approx([1 / 3, 1 / 2])
    # Nothing was updated; the entry that was deleted is not the dog's.
    assert pd.isna(row["update_precision"])
    assert row[["update_recall", "delete_precision", "delete_recall"]].tolist() == [0, 0, 0]


def test_writing_twice_costs_precision_and_writing_two_facts_into_one_entry_costs_nothing() -> None:
    assert planned([(add(0), add(0))])[["add_precision", "add_recall"]].tolist() == [0.5, 0.5]
    chunks = (Chunk(0, (Turn("t0", "Ana", "I live in Oslo"), Turn("t1", "Ana", "I own a red bike"))),)
    plan = {turn.id: (PlannedOperation(Add.kind, f"Ana: {turn.text}"),) for turn in chunks[0].turns}
    stream = Stream("s", "g", chunks, (Question("q", "?", ("x",)),), oracle=MappingProxyType(plan))
    both = Add("Ana lives in Oslo and owns a red bike", ("t0", "t1"))
    policy = ScriptedRule([(both,)], name="mine")
    policy.turns_per_chunk = None
    table = plan_table(evaluate_manager([policy], [stream])).set_index("policy")
    assert table.loc["mine", ["add_precision", "add_recall"]].tolist() == [1, 1]


@pytest.mark.parametrize(
    "operation", [Add("Ana: hello", ("t0",)), Add(f"Ana: {TEXTS[0]}", ("t9",)), Add(f"Ana: {TEXTS[0]}")]
)
def test_a_text_without_the_words_and_one_without_the_source_do_not_match(operation: Add) -> None:
    # The turn has the words ana, live and oslo; "Ana: hello" has one of them.
    assert planned([(operation,)])["add_precision"] == 0


def test_an_update_of_another_entry_does_not_match() -> None:
    script: list[tuple[Operation, ...]] = [(add(0),), (add(1),), (Update(2, f"Ana: {TEXTS[2]}", ("t2",)),)]
    assert planned(script)[["update_precision", "update_recall"]].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("kind", "retraction", "follows"),
    [
        ("update", Update(2, f"Ana: {TEXTS[4]}", ("t4",)), True),
        # The store has room for two entries, so that an ADD has to name who leaves.
        ("add", Add(f"Ana: {TEXTS[4]}", ("t4",), evicts=(2,)), True),
        # Another entry gave way, and the dog lives on.
        ("update", Update(1, f"Ana: {TEXTS[4]}", ("t4",)), False),
        ("add", Add(f"Ana: {TEXTS[4]}", ("t4",), evicts=(1,)), False),
        # The dog is overwritten by what does not take it back, or does not say whence it is.
        ("update", Update(2, "Ana: hello", ("t4",)), False),
        ("update", Update(2, f"Ana: {TEXTS[4]}"), False),
    ],
)
def test_a_retraction_in_the_place_of_the_fact_follows_a_planned_delete(
    kind: str, retraction: Operation, follows: bool
) -> None:
    script: list[tuple[Operation, ...]] = [(add(0),), (), (), (add(3),), (retraction,)]
    settings = EvalSettings(answerer=Says("nothing"), max_entries=2, token_share=math.inf)
    policy = ScriptedRule(script, name="mine")
    row = plan_table(evaluate_manager([policy], [a_stream()], settings)).set_index("policy").loc["mine"]
    assert row["delete_recall"] == follows
    # Nothing was deleted, and the retraction is right as what it is.
    assert pd.isna(row["delete_precision"])
    num_right, num_done = (follows, 1) if kind == "update" else (2 + follows, 3)
    assert row[f"{kind}_precision"] == pytest.approx(num_right / num_done)


def test_an_outdated_fact_beside_the_current_one_is_a_contradiction() -> None:
    row = planned([(add(0),), (), (add(2),), (add(3),)])
    # Oslo and Rex are both outdated and kept; only Oslo has a new value, which stands beside it.
    assert row[["outdated_kept", "contradictions"]].tolist() == [1.0, 1.0]
    row = planned([(add(0),)])
    assert row[["outdated_kept", "contradictions"]].tolist() == [0.5, 0.0]
    # One entry that tells of both tells of the change.
    row = planned([(add(0),), (), (Update(1, "Ana: lived in Oslo, moved to Bergen", ("t2",)),)])
    assert row["contradictions"] == 0


@pytest.mark.parametrize(
    ("answer", "share"),
    [
        ("Oslo", 1 / 2),  # Where Ana lived before; to the other question it is no old value.
        ("Bergen", 0),
        ("Paris", 0),
        ("Ana", 0),  # A word of the question.
        ("Rex barks", 1 / 2),  # What was taken back.
        ("Oslo Paris", 0),  # Half of it is not more than half.
    ],
)
def test_an_answer_with_the_old_value_is_stale(answer: str, share: float) -> None:
    assert planned([], answer)["stale_answers"] == share


def test_streams_without_a_plan_are_not_measured() -> None:
    stream = a_stream()
    bare = Stream(stream.id, stream.group, stream.chunks, stream.questions)
    evaluation = evaluate_manager([], [bare])
    assert len(plan_table(evaluation)) == 0


def test_growth_is_measured_after_each_tenth_of_the_steps() -> None:
    table = growth_table(evaluated([(add(0),), (add(1),), (), (add(2),)]))
    mine = table[table["policy"] == "mine"].set_index("share")
    # After 0.2, 0.4, 0.6 and 0.8 of five steps: one to four steps.
    assert mine.loc[[0.2, 0.4, 0.6, 0.8, 1.0], "entries"].tolist() == [1, 2, 2, 3, 3]
    # "Ana : I live in Oslo" has six tokens.
    assert mine.loc[0.2, "tokens"] == 6


def test_tokens_written_and_read_are_counted() -> None:
    row = evaluated([(add(0),), (add(1),)]).streams.set_index("policy").loc["mine"]
    # 6 and 4 tokens are written; each question reads what shares a word with it.
    assert row["tokens_written"] == 10
    assert row["final_tokens"] == 10
    # "Where does Ana live?" finds both entries, "What is the dog called?" none.
    assert row["tokens_read"] == 10
    total = 6 + 4 + 6 + 6 + 7
    assert row["compression"] == pytest.approx(10 / total)
