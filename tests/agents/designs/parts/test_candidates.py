"""What is told of the experiences that may help."""

from __future__ import annotations

import numpy as np
import pytest

from memdojo.agents.designs.case_selector import CaseSelector
from memdojo.agents.designs.parts.candidates import CANDIDATE_FEATURES, SITUATION_FEATURES, Candidates
from memdojo.agents.designs.parts.memory import DesignMemory
from memdojo.envs.memory.embedders import HashedNgramEmbedder
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.streams.cases import Verdict

from ..hands import learn, remember, report

RED, GREEN = "A red box of iron came by ship.", "A green box of iron came by ship."


def features(memory, task, chosen=()):
    """Return the features of each candidate by name, in the order in which they were stored."""
    candidates = Candidates(memory, task)
    order = np.argsort([entry.id for entry in candidates.entries])
    columns = candidates.features(chosen)[order].T
    return dict(zip(CANDIDATE_FEATURES, columns.round(4).tolist(), strict=True))


def test_what_is_told_of_each():
    memory = remember(
        CaseSelector(),
        report(RED, "north"),
        report(RED, "south", speaker="Paula"),
        report(GREEN, "east", Verdict.WRONG),
    )
    told = features(memory, RED)
    assert told["nearness"][:2] == [1, 1] > told["nearness"][2:]
    assert told["is_report"] == [1, 0, 1]
    assert (told["is_right"], told["is_wrong"]) == ([1, 1, 0], [0, 0, 1])
    assert told["share"] == [pytest.approx(1 / 3, abs=1e-4)] * 3
    assert told["likely"][:2] == [1, 1]
    assert told["support"] == [1, 0.01, 0], "what others tell counts next to nothing, and what was wrong not"
    assert told["newer_differs"][0] == 1
    assert told["age_rank"] == [2 / 16, 1 / 16, 0]


def test_what_handing_over_has_brought_counts_for_all_that_a_speaker_tells():
    design = CaseSelector()
    memory = remember(design, report(RED, "north"), report(GREEN, "south"), report(RED, "west", speaker="Bo"))
    learn(design, memory, (memory.store.entries[:1], 1.0), (memory.store.entries[2:], 0.0))
    told = features(memory, RED)
    assert told["speaker_share"] == pytest.approx([2 / 3, 2 / 3, 1 / 3], abs=1e-4)
    assert told["help_share"] == pytest.approx([2 / 3, 1 / 2, 1 / 3], abs=1e-4)
    assert told["q"] == [0.3, 0, -0.3]


def test_those_that_were_chosen_are_agreed_with_or_not():
    memory = remember(CaseSelector(), report(RED, "north"), report(GREEN, "north"), report(RED, "west"))
    candidates = Candidates(memory, RED)
    first = next(place for place, entry in enumerate(candidates.entries) if entry.sources == ("t0",))
    told = features(memory, RED, [first])
    assert (told["agrees"], told["differs"]) == ([1, 1, 0], [0, 0, 1])
    assert candidates.situation([first])[0] == 1


def test_answers_that_were_wrong_warn_once_each():
    lines = [report(RED, "north", Verdict.WRONG), report(RED, "south", Verdict.WRONG), report(RED, "west")]
    candidates = Candidates(remember(CaseSelector(), *lines), RED)
    ids = [entry.sources[0] for entry in candidates.entries]
    assert dict(zip(ids, candidates.warnings(()), strict=True)) == {"t0": 1, "t1": 1, "t2": 0}
    assert dict(zip(ids, candidates.warnings([ids.index("t0")]), strict=True)) == {"t0": 0, "t1": 1, "t2": 0}
    assert dict(zip(ids, candidates.support, strict=True)) == {"t0": 0, "t1": 0, "t2": 1}


def test_what_is_no_case_supports_nothing():
    memory = remember(CaseSelector(), "Hello there.", "Good morning.")
    candidates = Candidates(memory, "Hello?")
    assert not candidates.has_cases
    assert not candidates.likely.any()
    assert not candidates.support.any()


def test_an_empty_memory_has_no_candidate():
    memory = DesignMemory(MemoryStore(), step=0, embedder=HashedNgramEmbedder())
    candidates = Candidates(memory, RED)
    assert candidates.features(()).shape == (0, len(CANDIDATE_FEATURES))
    assert candidates.situation(()) == (0,) * len(SITUATION_FEATURES)
