from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from builders import make_stream
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.gym.checker import check_memory_env
from memdojo.envs.gym.features import MemoryManagerFeaturesEnv
from memdojo.envs.gym.spaces import FreeText
from memdojo.envs.gym.text import MemoryManagerEnv, ProxyRetrieverEnv
from memdojo.envs.prompts.protocol import Parsed
from memdojo.envs.types import Add, Question, Stream


def stream(id: str = "s") -> Stream:
    questions = (
        Question("dog", "What is the dog called?", ("Oscar",), evidence=frozenset({"t1"}), ask_after=2),
        Question("canoe", "Which colour has the canoe?", ("red",), evidence=frozenset({"t3"})),
    )
    return make_stream(
        "I moved to Boston.",
        "My dog is called Oscar.",
        "The weather is fine.",
        "I bought a red canoe.",
        questions=questions,
        id=id,
        session="s",
        time=datetime(2023, 5, 1),
        daily=True,
    )


def check(env_class: Callable[..., gym.Env[Any, Any]], **arguments: Any) -> Any:
    def make(**changes: Any) -> gym.Env[Any, Any]:
        return env_class(**{"streams": [stream()], **changes})

    return check_memory_env(make(), make_env=make, **{"num_steps": 24, **arguments})


class RoomyManager(MemoryManagerEnv):
    """A manager with room for everything, so that a random policy fills its store."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**{"max_entries": 100, **arguments})


def test_a_sound_environment_passes_and_the_report_says_what_was_checked() -> None:
    report = check(RoomyManager, reward_bounds=(-20.0, 1.0))
    assert report.passed == (
        "gymnasium",
        "rewards",
        "seeded_twins",
        "odd_texts",
        "provenance",
        "leak",
        "forks",
    )
    assert report.skipped == {"action_mask": "the environment has no `action_masks` method."}


@pytest.mark.filterwarnings("ignore:.*A Box observation space.*:UserWarning")
def test_an_environment_that_exposes_nothing_is_checked_as_far_as_possible() -> None:
    report = check_memory_env(gym.make("CartPole-v1"), num_steps=5)
    assert report.passed == ("gymnasium", "rewards", "seeded_twins")
    assert set(report.skipped) == {"action_mask", "odd_texts", "provenance", "leak", "forks"}


def test_without_a_way_to_make_it_again_the_leak_check_is_skipped_and_reported() -> None:
    report = check_memory_env(MemoryManagerEnv([stream()]), num_steps=8)
    assert "pass make_env" in report.skipped["leak"]


def test_an_environment_that_takes_no_streams_is_reported() -> None:
    report = check_memory_env(
        MemoryManagerEnv([stream()]), num_steps=8, make_env=lambda: MemoryManagerEnv([stream()])
    )
    assert "cannot be made with streams" in report.skipped["leak"]


class GlobalGenerator(RoomyManager):
    def _observe(self) -> str:
        return f"{super()._observe()}\n{random.random()}"


class KeepsState(RoomyManager):
    num_resets = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        self.num_resets += 1
        observation, info = super().reset(seed=seed, options=options)
        return observation, info | {"num_resets": self.num_resets}


def test_what_is_drawn_from_a_global_generator_is_caught() -> None:
    with pytest.raises(AssertionError, match=r"non-deterministic|not equivalent|global generator"):
        check(GlobalGenerator)


def test_what_is_kept_over_reset_is_caught() -> None:
    env = KeepsState(streams=[stream()])
    with pytest.raises(AssertionError, match=r"the info after 0 steps differs .* keeps state over reset"):
        check_memory_env(env, num_steps=8)


class NotANumber(RoomyManager):
    def step(self, action: str) -> Any:
        observation, reward, *rest = super().step(action)
        return observation, float("nan") if len(self.episode.store) else reward, *rest


@pytest.mark.filterwarnings("ignore:.*NaN value.*:UserWarning")
def test_a_reward_that_is_no_number_is_caught() -> None:
    with pytest.raises(AssertionError, match="is nan; it must be a finite"):
        check(NotANumber)


def test_a_reward_out_of_bounds_is_caught() -> None:
    with pytest.raises(AssertionError, match=r"outside the bounds \(0.0, 1.0\)"):
        check(RoomyManager, reward_bounds=(0.0, 1.0))


class StaleMask(MemoryManagerFeaturesEnv):
    def action_masks(self) -> Any:
        mask = super().action_masks()
        mask[1] = True
        return mask


class NothingAllowed(MemoryManagerFeaturesEnv):
    def action_masks(self) -> Any:
        return super().action_masks() & (len(self._episode.store) == 0 if self._episode else True)

    def _observe(self) -> Any:
        observation = super()._observe()
        return observation | {"action_mask": self.action_masks().astype(np.int8)}


class MasksTheWrongWay(MemoryManagerFeaturesEnv):
    def action_masks(self) -> Any:
        return np.roll(super().action_masks(), 1)

    def _observe(self) -> Any:
        observation = super()._observe()
        return observation | {"action_mask": self.action_masks().astype(np.int8)}


@pytest.mark.parametrize(
    ("env_class", "message"),
    [
        (StaleMask, "differs from action_masks"),
        (NothingAllowed, "allows no action"),
        (MasksTheWrongWay, "which the mask allowed, was malformed"),
    ],
)
def test_an_inconsistent_mask_is_caught(env_class: Any, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check(env_class)


class Choosy(RoomyManager):
    def _begin(self, action: str) -> Any:
        action.encode()
        return super()._begin(action)


class CannotReadNumbers(RoomyManager):
    def _begin(self, action: str) -> Any:
        if action.startswith("DELETE"):
            int(action.removeprefix("DELETE"))
        return super()._begin(action)


@pytest.mark.parametrize("env_class", [Choosy, CannotReadNumbers])
def test_a_text_that_makes_a_step_raise_is_caught(env_class: Any) -> None:
    with pytest.raises(AssertionError, match=r"What a model writes is data"):
        check(env_class)


class WithoutSources(RoomyManager):
    def _begin(self, action: str) -> Any:
        return self.episode.begin_step([Add("said by somebody")])


class LooksAhead(RoomyManager):
    def _begin(self, action: str) -> Any:
        return self.episode.begin_step([Add("I bought a red canoe.", ("t3",))])


def test_an_entry_without_sources_is_caught() -> None:
    with pytest.raises(AssertionError, match="entry 1 has no sources"):
        check(WithoutSources)


def test_an_entry_from_a_turn_that_was_not_shown_is_caught() -> None:
    with pytest.raises(AssertionError, match=r"names the sources \['t3'\]"):
        check(LooksAhead)


class ShowsQuestion(RoomyManager):
    def _observe(self) -> str:
        return f"{super()._observe()}\n{self.episode.context.stream.questions[-1].text}"


class ShowsAnswer(RoomyManager):
    def _observe(self) -> str:
        return f"{super()._observe()}\n{len(self.episode.context.stream.questions[0].answers[0])}"


class FeaturesOfEvidence(MemoryManagerFeaturesEnv):
    def _observe(self) -> Any:
        observation = super()._observe()
        chunk = self.episode.chunk
        if chunk is not None:
            observation["turn"][0] = chunk.turns[0].id in self.episode.context.evidence_turns
        return observation


class ShowsNextQuestion(ProxyRetrieverEnv):
    def _observe(self) -> str:
        questions = self.episode.questions
        following = questions[min(self.episode.step_index + 1, len(questions) - 1)]
        return f"{super()._observe()}\nNext: {following.text}"


@pytest.mark.parametrize("env_class", [ShowsQuestion, ShowsAnswer, FeaturesOfEvidence, ShowsNextQuestion])
def test_an_observation_that_depends_on_what_will_be_asked_is_caught(env_class: Any) -> None:
    with pytest.raises(AssertionError, match="Most likely it shows a question still to come"):
        check(env_class)


class SharesItsStore(ManagerEpisode):
    def fork(self, seed: int | None = None) -> ManagerEpisode:
        fork = super().fork(seed)
        fork.store = self.store
        return fork


class SharesItsGenerator(ManagerEpisode):
    def fork(self, seed: int | None = None) -> ManagerEpisode:
        fork = super().fork(seed)
        fork.rng = self.rng
        return fork


@pytest.mark.parametrize("episode_class", [SharesItsStore, SharesItsGenerator])
def test_forks_that_share_something_are_caught(episode_class: type[ManagerEpisode]) -> None:
    class Env(RoomyManager):
        def _start(self, context: StreamContext, seed: int) -> ManagerEpisode:
            return episode_class(
                context, self.rules.capacity.for_stream(context.stream), answerer=self.answerer, seed=seed
            )

    with pytest.raises(AssertionError, match="Most likely fork copies a reference"):
        check(Env)


def test_what_gymnasium_finds_is_raised() -> None:
    class WrongSpace(RoomyManager):
        def _observe(self) -> Any:
            return 3

    with pytest.raises(AssertionError, match="observation"):
        check(WrongSpace)


def test_a_format_of_ones_own_passes() -> None:
    class Stenographer:
        name, instructions, examples = "all", "", ("anything",)

        def render(self, view: Any) -> str:
            return "END" if view.chunk is None else view.chunk.turns[0].text

        def messages(self, view: Any) -> Any:
            return ()

        def parse(self, completion: str, view: Any) -> Any:
            turn = view.chunk.turns[0]
            return Parsed((Add(turn.text, (turn.id,), turn.time),))

    class Env(RoomyManager):
        def __init__(self, **arguments: Any) -> None:
            super().__init__(prompt_format=Stenographer(), **arguments)
            self.action_space = FreeText()

    assert "provenance" in check(Env).passed
