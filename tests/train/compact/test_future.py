from __future__ import annotations

import math

import numpy as np
import pytest

from builders import make_stream
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.limits import CapacitySettings
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.types import Add, Noop, Operation, Question
from memdojo.train.compact.future import FUTURE_FEATURES, Future

TURNS = ("I live in Oslo.", "It rains.", "I drink tea.", "Fine.")
CONTEXT = StreamContext(
    make_stream(
        *TURNS,
        questions=(
            Question("a", "Where?", ("Oslo",), evidence=frozenset({"t0"}), ask_after=1),
            Question("b", "Where, and what?", ("Oslo, tea",), evidence=frozenset({"t0", "t2"})),
            Question("c", "Who?", (), unanswerable=True),
        ),
    )
)


def _after(*operations: Operation) -> ManagerEpisode:
    rules = EpisodeRules(capacity=CapacitySettings(max_entries=4, token_share=math.inf))
    episode = rules.manager(CONTEXT, seed=0)
    for operation in operations:
        episode.step((operation,))
    return episode


def _seen(episode: ManagerEpisode, discount: float = 0.5) -> dict[str, float]:
    features = Future(CONTEXT, discount).of(episode)
    assert features.dtype == np.float32
    return {name: value for name, value in zip(FUTURE_FEATURES, features.tolist(), strict=True) if value}


def test_a_critic_sees_which_questions_come_and_where_their_evidence_is() -> None:
    # Question a needs t0, a half of all; b needs t0 and t2, a quarter each. They are one and three steps off.
    assert _seen(_after()) == pytest.approx(
        {
            "questions": 1,
            "arriving": 0.75,
            "later": 0.25,
            "questions_discounted": (0.5 + 2 * 0.125) / 3,
            "arriving_discounted": 0.5 * 0.5 + 0.25 * 0.125,
            "later_discounted": 0.25 * 0.125,
            "next_question": 1 / 2,
            "store_wanted": 2 / 4,
        }
    )


def test_what_was_asked_counts_no_more_and_what_was_kept_is_held() -> None:
    kept = _after(Add(TURNS[0], ("t0",)), Noop())
    assert _seen(kept) == pytest.approx(
        {
            "questions": 2 / 3,
            "held": 0.25,
            "arriving": 0.25,
            "questions_discounted": 1 / 3,
            "held_discounted": 0.125,
            "arriving_discounted": 0.125,
            "next_question": 1 / 2,
            "store_in_use": 1 / 4,
            "store_wanted": 2 / 4,
        }
    )


def test_what_was_said_and_not_kept_is_lost() -> None:
    forgot = _after(Noop(), Noop())
    # With a discount of 0 only what is asked at this very step counts, and that is nothing.
    assert _seen(forgot, discount=0.0) == pytest.approx(
        {
            "questions": 2 / 3,
            "arriving": 0.25,
            "lost": 0.25,
            "next_question": 1 / 2,
            "store_wanted": 1 / 4,
        }
    )


def test_a_stream_without_questions_has_nothing_to_come() -> None:
    context = StreamContext(make_stream(*TURNS))
    episode = EpisodeRules(capacity=CapacitySettings(max_entries=4)).manager(context, seed=0)
    features = dict(zip(FUTURE_FEATURES, Future(context, 1.0).of(episode).tolist(), strict=True))
    # As far off as a question after the end.
    assert features.pop("next_question") == pytest.approx(1 / 5)
    assert not any(features.values())
