"""Experiences as entries."""

from __future__ import annotations

import numpy as np

from memdojo.agents.designs.exp_rag import ExpRAG
from memdojo.agents.designs.parts.experience import (
    nearest_tasks,
    same_outcome,
    task_nearness,
    task_told,
    task_vectors,
)
from memdojo.envs.streams.cases import Case, Verdict

from ..hands import remember, report

BOX, LAMP = "Sort the red box.", "Mend the old lamp."


def test_a_task_is_told_without_speaker_answer_and_verdict():
    memory = remember(ExpRAG(), report(BOX, "A"), "Hello there.")
    assert [task_told(entry) for entry in memory.store] == [BOX, "Hello there."]


def test_outcomes_are_answer_and_verdict():
    case = Case(BOX, "A", Verdict.RIGHT)
    assert same_outcome(case, Case(LAMP, " a", Verdict.RIGHT))
    assert not same_outcome(case, Case(BOX, "A", Verdict.WRONG))
    assert not same_outcome(case, None)
    assert not same_outcome(None, None)


def test_tasks_are_compared_whatever_their_answers_are():
    memory = remember(ExpRAG(), report(BOX, "A"), report(LAMP, "B"), report(BOX, "C"))
    entries = memory.store.entries
    np.testing.assert_allclose(task_nearness(memory, BOX, entries)[[0, 2]], 1, atol=1e-6)
    assert [hit.entry.id for hit in nearest_tasks(memory, BOX, 2)] == [entries[2].id, entries[0].id]
    assert [hit.entry for hit in nearest_tasks(memory, BOX, 2, entries[1:2])] == [entries[1]]
    assert nearest_tasks(memory, BOX, 0) == ()
    assert task_vectors(memory, ()).shape == (0, memory.embedder.dim)
