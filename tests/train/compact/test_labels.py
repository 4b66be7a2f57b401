from __future__ import annotations

import dataclasses
import math

import pytest
import torch

from builders import make_stream
from memdojo.agents.compact.keep_and_supersede import HeadScores
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.limits import CapacitySettings
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.features.manager import FeatureSettings, ManagerFeatures, ManagerObservation
from memdojo.envs.types import Add, Operation, PlannedOperation, Question, Stream, Update
from memdojo.train.compact.labels import (
    EDIT,
    LEAVE,
    RELEVANT,
    Labels,
    evidence_labels,
    label_loss,
    ranking_loss,
)

FEATURES = ManagerFeatures(FeatureSettings(num_candidates=3))
TURNS = ("I live in Oslo.", "It rains in Bergen.", "I live in Rome now.", "I don't, after all.", "Fine.")


def _planned() -> Stream:
    plan = {
        "t0": (PlannedOperation("ADD", TURNS[0]),),
        "t1": (PlannedOperation("NOOP"),),
        "t2": (PlannedOperation("UPDATE", TURNS[2], "t0"),),
        "t3": (PlannedOperation("DELETE", target="t2"),),
        "t4": (PlannedOperation("NOOP"),),
    }
    return make_stream(*TURNS, oracle=plan)


def _seen(context: StreamContext, *steps: tuple[Operation, ...]) -> tuple[ManagerEpisode, ManagerObservation]:
    rules = EpisodeRules(capacity=CapacitySettings(max_entries=3, token_share=math.inf))
    episode = rules.manager(context, seed=0)
    for operations in steps:
        episode.step(operations)
    return episode, FEATURES.observe(episode)


def _add(index: int) -> tuple[Operation, ...]:
    return (Add(TURNS[index], (f"t{index}",)),)


def test_a_plan_says_what_leaves_and_which_entry_is_edited() -> None:
    context = StreamContext(_planned())
    labels = Labels(context, "labelled")
    assert not labels.is_empty
    found = labels.of(*_seen(context))
    assert found[LEAVE].tolist() == [0, -1, -1, -1]
    assert found[EDIT].tolist() == [0]
    # At the third turn the first is outdated: its entry leaves, and UPDATE of it is right.
    found = labels.of(*_seen(context, _add(0), _add(1)))
    assert found[LEAVE].tolist() == [0, 1, 1, -1]
    assert found[EDIT].tolist() == [1 + 0]
    # At the fourth the third is taken back: what says so takes the place of the entry that was rewritten.
    found = labels.of(*_seen(context, _add(0), _add(1), (Update(1, TURNS[2], ("t2",)),)))
    assert found[LEAVE].tolist() == [0, 1, 1, -1]
    assert found[EDIT].tolist() == [1 + 0]
    # What is meant is not in the store.
    found = labels.of(*_seen(context, _add(0), _add(1), ()))
    assert found[EDIT].tolist() == [0]


def test_what_cannot_be_replaced_for_want_of_room_is_deleted() -> None:
    context = StreamContext(_planned())
    episode, observation = _seen(context, _add(0), _add(1))
    arrays = {name: array.copy() for name, array in observation.arrays.items()}
    arrays["action_mask"][2] = 0
    labels = Labels(context, "labelled")
    assert labels.of(episode, dataclasses.replace(observation, arrays=arrays))[EDIT].tolist() == [1 + 3 + 0]
    arrays["action_mask"][2 + 3] = 0
    assert labels.of(episode, dataclasses.replace(observation, arrays=arrays))[EDIT].tolist() == [0]


def test_evidence_is_kept_until_the_last_question_that_needs_it() -> None:
    questions = (
        Question("q1", "Where?", ("Oslo",), evidence=frozenset({"t0"}), ask_after=1),
        Question("q2", "Rain?", ("Bergen",), evidence=frozenset({"t1"})),
    )
    context = StreamContext(make_stream(*TURNS, questions=questions))
    labels = Labels(context, "oracle")
    assert labels.of(*_seen(context))[LEAVE].tolist() == [0, -1, -1, -1]
    # The question is asked after this step.
    assert labels.of(*_seen(context, _add(0)))[LEAVE].tolist() == [0, 0, -1, -1]
    assert labels.of(*_seen(context, _add(0), _add(1)))[LEAVE].tolist() == [1, 1, 0, -1]
    assert labels.of(*_seen(context, _add(0), _add(1)))[EDIT].tolist() == [0]


@pytest.mark.parametrize("teacher", ["labelled", "oracle"])
def test_a_stream_may_say_nothing(teacher: str) -> None:
    assert Labels(StreamContext(make_stream(*TURNS)), teacher).is_empty  # type: ignore[arg-type]


def test_the_loss_is_the_cross_entropy_of_what_there_is() -> None:
    rows = {
        LEAVE: torch.tensor([[1, 0, -1]], dtype=torch.int8),
        EDIT: torch.tensor([[1]]),
        "candidates": torch.zeros(1, 2, 5),
        # The second candidate is absent, and so is its edit.
        "action_mask": torch.tensor([[1, 1, 1, 0, 1, 0, 0, 0]], dtype=torch.int8),
    }
    scores = HeadScores(torch.tensor([[0.5, -1.0, 99.0]]), torch.tensor([[2.0, 99.0, -3.0, 99.0]]))
    loss = label_loss(scores, rows)
    arrives = -math.log(1 / (1 + math.exp(-0.5)))
    stays = -math.log(1 - 1 / (1 + math.exp(1.0)))
    edit = -2.0 + math.log(1 + math.exp(2.0) + math.exp(-3.0))
    assert float(loss.terms["arrives_loss"]) == pytest.approx(arrives, rel=1e-5)
    assert float(loss.terms["stays_loss"]) == pytest.approx(stays, rel=1e-5)
    assert float(loss.terms["edit_loss"]) == pytest.approx(edit, rel=1e-5)
    assert float(loss.total) == pytest.approx(arrives + stays + edit, rel=1e-5)


def test_a_store_without_entries_has_a_loss_too() -> None:
    rows = {
        LEAVE: torch.tensor([[1, -1]], dtype=torch.int8),
        EDIT: torch.tensor([[0]]),
        "candidates": torch.zeros(1, 1, 5),
        "action_mask": torch.tensor([[1, 1, 0, 0, 0]], dtype=torch.int8),
    }
    loss = label_loss(HeadScores(torch.tensor([[0.0, 99.0]]), torch.zeros(1, 2)), rows)
    assert float(loss.total) == pytest.approx(math.log(2), rel=1e-5)


def test_without_a_teacher_named_a_stream_is_labelled_by_its_plan_or_else_by_its_evidence() -> None:
    planned = StreamContext(_planned())
    assert Labels(planned, "auto").targets == Labels(planned, "labelled").targets != {}
    question = Question("q", "Where?", ("Oslo",), evidence=frozenset({"t0"}))
    asked = StreamContext(make_stream(*TURNS, questions=[question]))
    assert Labels(asked, "labelled").is_empty
    assert Labels(asked, "auto").are_worth_writing.tolist() == [True, False, False, False, False]


def test_a_plan_that_only_adds_gives_way_to_evidence_and_to_nothing_else() -> None:
    plan = {"t1": (PlannedOperation("ADD", TURNS[1]),)}
    question = Question("q", "Where?", ("Oslo",), evidence=frozenset({"t0"}))
    for questions, worth in (((question,), "t0"), ((), "t1")):
        context = StreamContext(make_stream(*TURNS, questions=questions, oracle=plan))
        labels = Labels(context, "auto")
        assert labels.are_worth_writing.nonzero()[0].tolist() == [context.turn_index[worth]]


def test_entries_that_hold_evidence_of_a_question_are_relevant_to_it() -> None:
    question = Question("q", "Where?", ("Rome",), evidence=frozenset({"t0", "t2"}))
    context = StreamContext(make_stream(*TURNS, questions=[question]))
    episode, _ = _seen(context, _add(0), _add(1), _add(2))
    assert evidence_labels(context, question, episode.store.entries).tolist() == [1, 0, 1]
    assert evidence_labels(context, question, ()).tolist() == []


def test_evidence_competes_with_what_is_none_and_not_with_other_evidence() -> None:
    # Weights 3, 1, 1 of the first question, whose first is right, and 4, 2, 2 of the second, whose first two
    # are; the third question has none, and the last places are padding.
    scores = torch.tensor([[3.0, 1, 1, 9], [4, 2, 2, 9], [5, 1, 1, 9]]).log()
    rows = {
        "mask": torch.tensor([[1, 1, 1, 0]] * 3),
        RELEVANT: torch.tensor([[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]], dtype=torch.int8),
    }
    loss = ranking_loss(scores, rows)
    first, second = math.log(5 / 3), (math.log(6 / 4) + math.log(4 / 2)) / 2
    assert float(loss.total) == pytest.approx((first + second) / 2)
    assert loss.terms["evidence_loss"] is loss.total


def test_nothing_is_learned_where_no_question_has_evidence_or_nothing_else_is_there() -> None:
    scores = torch.tensor([[1.0, 2.0]], requires_grad=True)
    for relevant in ([0, 0], [1, 1]):
        rows = {"mask": torch.ones(1, 2), RELEVANT: torch.tensor([relevant], dtype=torch.int8)}
        loss = ranking_loss(scores, rows)
        (gradient,) = torch.autograd.grad(loss.total, scores)
        assert float(loss.total.detach()) == 0
        assert gradient.tolist() == [[0, 0]]
