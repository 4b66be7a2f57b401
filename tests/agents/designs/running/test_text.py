"""Decisions as prompts, and what comes of the replies."""

from __future__ import annotations

import numpy as np
import pytest

from builders import KEEP, Notebook, make_stream
from memdojo.agents.designs.parts.decisions import Decision, DecisionKind
from memdojo.agents.designs.registry import make_design
from memdojo.agents.designs.running.policy import DesignManager
from memdojo.agents.designs.running.text import DecisionTask, decision_view
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.prompts.decisions import PlainDecisionFormat
from memdojo.envs.prompts.protocol import DecisionOption, DecisionView
from memdojo.envs.types import Question

STREAM = make_stream(
    "My dog is called Rex.",
    "Who is that?",
    questions=[Question("q", "What is the dog called?", ("Rex",), evidence=frozenset({"t0"}))],
)


@pytest.fixture
def task():
    return DecisionTask(PlainDecisionFormat(), DesignManager(Notebook()), frozenset({"keep", "find"}))


def _start(task):
    return task.start(EpisodeRules().manager(StreamContext(STREAM), seed=0))


def test_a_view_has_all_that_is_decided_on(task):
    episode = _start(task)
    assert task.view(episode) == DecisionView(
        "notebook",
        "Writes nothing down and reads what is newest, unless somebody decides better.",
        "keep",
        KEEP.description,
        "My dog is called Rex.",
        tuple(DecisionOption(index, name) for index, name in enumerate(KEEP.options)),
        by_rule=0,
    )


def test_options_have_their_own_words_where_there_are_some():
    kind = DecisionKind("who", "Who leaves.", max_options=4)
    decision = Decision(kind, 1, np.zeros((2, 0)), np.zeros(0), options=("Ann: hi", "Bob: no"))
    view = decision_view(Notebook(), decision)
    assert (view.options, view.by_rule) == ((DecisionOption(0, "Ann: hi"), DecisionOption(1, "Bob: no")), 1)
    wordless = decision_view(Notebook(), Decision(kind, 1, np.zeros((3, 0)), np.zeros(0)))
    assert [option.text for option in wordless.options] == ["", "", ""]


def test_a_design_within_another_is_described_as_what_it_is():
    sirllm, scm = make_design("sirllm").description, make_design("scm").description
    assert make_design("sirllm", guarded=True, max_read_entries=3).description == sirllm
    assert make_design("sirllm+scm").description == f"{sirllm} Reads as this one: {scm}"


def test_a_reply_chooses_and_questions_come_behind_the_last_choice(task):
    episode = _start(task)
    begun = task.begin(episode, task.view(episode), "2")
    assert begun == ((), ())
    assert (episode.chosen, episode.is_half_done) == ((1,), True)
    episode.finish_step(())
    task.begin(episode, task.view(episode), "1")
    assert (episode.decision.kind.name, task.view(episode).about) == ("find", "What is the dog called?")
    assert episode.requests is None


def test_the_rule_chooses_in_place_of_what_is_no_option(task):
    episode = _start(task)
    assert task.choose(episode, task.view(episode), "3") == ("'3': none of the 2 options has this number.",)
    assert (episode.chosen, len(episode.malformed)) == ((0,), 1)
    episode.finish_step(())
    assert [operation.malformed for operation in episode.outcome().steps[0].operations] == [False, True]
    # What was cut off might have been another number.
    task.begin(episode, task.view(episode), "2", is_cut=True)
    assert (episode.chosen, len(episode.malformed)) == ((0,), 1)
