"""Base classes of the environments: streams in a seeded order, episodes by rules, rewards, diagnostics."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import gymnasium as gym

from memdojo.errors import ConfigError, EpisodeStateError, unknown_name
from memdojo.rewards import Reward
from memdojo.rewards.outcomes import StepOutcome

from ..answering import Answerer, AnswerRequest
from ..episodes.context import StreamContext
from ..episodes.manager import ManagerEpisode
from ..episodes.retrieval import RetrievalEpisode
from ..episodes.rules import EpisodeRules
from ..types import MemoryEntry, OperationStatus
from .pool import StreamOrder, StreamPool

ObservationT = TypeVar("ObservationT")
ActionT = TypeVar("ActionT")
EpisodeT = TypeVar("EpisodeT", ManagerEpisode, RetrievalEpisode)
Transition = tuple[ObservationT, float, bool, bool, dict[str, Any]]
_SEEDS = 2**31


class StreamEnv(gym.Env[ObservationT, ActionT], Generic[ObservationT, ActionT, EpisodeT]):
    """An environment whose episode is a pass over a stream.

    A step has two halves, `begin` and `finish`, between which a vector environment answers the questions of
    all of its episodes in one batch.

    Attributes:
        pool: The streams.
        rules: How episodes are set up and paid.
        episode: The episode that is played; `reset` starts it.

    Args:
        pool: The streams.
        rules: With a reward.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012  # Gymnasium's own declaration.

    def __init__(self, pool: StreamPool, rules: EpisodeRules) -> None:
        self.pool = pool
        self.rules = rules
        self._order = StreamOrder(len(self.pool))
        self._episode: EpisodeT | None = None
        self._is_cut_short = False

    @property
    def reward(self) -> Reward:
        """What pays."""
        return self.rules.paid

    @property
    def answerer(self) -> Answerer | None:
        """Who answers; None where the reward grades no answers, or the policy answers by itself."""
        return self.rules.answerer

    @property
    def episode(self) -> EpisodeT:
        """The episode that is played.

        Raises:
            EpisodeStateError: Before the first reset.
        """
        if self._episode is None:
            raise EpisodeStateError("there is no episode yet; call reset first.")
        return self._episode

    @property
    def has_ended(self) -> bool:
        """True if the episode can take no further step."""
        return self._is_cut_short or self.episode.ended

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[ObservationT, dict[str, Any]]:
        """Start an episode of the next stream, or of the one that `options={"stream": id}` names.

        Raises:
            UnknownNameError: If no stream has the id, or an option is unknown.
        """
        for name in options or {}:
            if name != "stream":
                raise unknown_name("reset option", str(name), ("stream",))
        chosen = (options or {}).get("stream")
        index = None if chosen is None else self.pool.index(chosen)
        super().reset(seed=seed)
        if seed is not None:
            self._order.restart()
        if index is None:
            index = self._order.next(self.np_random)
        self._episode = self._start(self.pool.context(index), int(self.np_random.integers(_SEEDS)))
        self._is_cut_short = False
        observation = self._observe()
        return observation, self._state_info()

    def step(self, action: ActionT) -> Transition[ObservationT]:
        """Take the action, ask what is due and return what came of it.

        Raises:
            TypeError: If the action is of a class that the action space never has; the episode is unharmed.
            EpisodeStateError: If the episode has ended.
        """
        requests = self.begin(action)
        answers = self.answerer.answer(requests) if self.answerer is not None and requests else ()
        return self.finish(self.episode.finish_step(answers))

    def check_action(self, action: object) -> None:
        """Raise unless `begin` could take the action; a vector environment asks before it begins any step."""
        self._check_action(action)
        if self.has_ended:
            raise EpisodeStateError("the episode has ended; call reset to start another.")

    def begin(self, action: ActionT) -> tuple[AnswerRequest, ...]:
        """Take the action and return the questions that are due, each with what was retrieved for it."""
        self.check_action(action)
        return self._begin(action)

    def finish(self, outcome: StepOutcome) -> Transition[ObservationT]:
        """Return what `step` returns, from what `episode.finish_step` returned."""
        score = self.reward(outcome)
        terminated = self.episode.ended and score.scored
        self._is_cut_short = not score.scored
        # The observation comes first: it is what the state's info describes.
        observation = self._observe()
        info = self._state_info() | {
            "step": outcome.step,
            "questions": outcome.questions,
            "reward_parts": dict(score.parts),
            "stop_reason": "unscored" if not score.scored else "stream_ended" if terminated else "",
            "unscored": score.why,
        }
        info.update(self._step_info())
        reward = 0.0 if score.value is None else score.value
        return observation, reward, terminated, not score.scored, info

    def _state_info(self) -> dict[str, Any]:
        stream = self.episode.context.stream
        return {"stream": stream.id, "group": stream.group}

    def _start(self, context: StreamContext, seed: int) -> EpisodeT:
        raise NotImplementedError

    def _observe(self) -> ObservationT:
        raise NotImplementedError

    def _check_action(self, action: object) -> None:
        raise NotImplementedError

    def _begin(self, action: ActionT) -> tuple[AnswerRequest, ...]:
        raise NotImplementedError

    def _step_info(self) -> dict[str, Any]:
        raise NotImplementedError


class ManagerEnv(StreamEnv[ObservationT, ActionT, ManagerEpisode], Generic[ObservationT, ActionT]):
    """An environment over `ManagerEpisode`, whatever its observations and actions look like."""

    def _start(self, context: StreamContext, seed: int) -> ManagerEpisode:
        return self.rules.manager(context, seed=seed)

    def _step_info(self) -> dict[str, Any]:
        results = self.episode.results
        failed = [result for result in results if not result.applied]
        malformed = OperationStatus.MALFORMED
        return {
            "statuses": tuple([result.status.value for result in results]),
            "malformed": tuple([result.why for result in failed if result.status is malformed]),
            "refused": tuple([result.why for result in failed if result.status is not malformed]),
            "num_entries": len(self.episode.store),
            "memory_tokens": self.episode.store.tokens,
        }


class RetrievalEnv(StreamEnv[ObservationT, ActionT, RetrievalEpisode], Generic[ObservationT, ActionT]):
    """An environment over `RetrievalEpisode`; its `shown` are the entries that the policy sees."""

    def __init__(self, pool: StreamPool, rules: EpisodeRules) -> None:
        super().__init__(pool, rules)
        if self.reward.needs_tiers != bool(rules.tiers.ranks):
            raise ConfigError(
                f"tiers is {list(rules.tiers.ranks)} and the reward is {dict(self.reward.weights)}; tiers go "
                "with a part that compares answers at them, such as marginal_utility, and with no other."
            )
        if self.reward.needs_answerability or self.reward.needs_attribution:
            raise ConfigError(
                f"the reward is {dict(self.reward.weights)}, which pays for what a step writes into a "
                "memory, and only a manager writes; leave out answerability and attribution."
            )
        self.shown: tuple[MemoryEntry, ...] = ()

    def _start(self, context: StreamContext, seed: int) -> RetrievalEpisode:
        return self.rules.retrieval(context, seed=seed)

    def _step_info(self) -> dict[str, Any]:
        return {"malformed": self.episode.malformed}
