"""Several manager episodes side by side, whose questions are answered in one batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space, concatenate, create_empty_array, iterate

from memdojo.errors import ConfigError, EpisodeStateError

from ..episodes.base import finish_together
from ..episodes.limits import check_positive
from ..types import Stream
from .base import ManagerEnv, Transition
from .features import MemoryManagerFeaturesEnv
from .options import ManagerOptions
from .pool import DEFAULT_STREAMS, StreamPool
from .text import MemoryManagerEnv

ObservationT = TypeVar("ObservationT")

_VectorTransition = tuple[
    Any, npt.NDArray[np.float64], npt.NDArray[np.bool_], npt.NDArray[np.bool_], dict[str, Any]
]


class ManagerVectorEnv(VectorEnv[Any, Any, npt.NDArray[Any]]):
    """Plays several manager environments in step and answers what falls due together in one batch.

    The environments share one pool of streams, one answerer and its cache. Everything else is as in
    Gymnasium's `SyncVectorEnv`, value for value: `seed` gives the n-th environment `seed + n`, or is a list
    of seeds; `info` holds one array for each key, with a mask under `_key`.

    What happens to an environment whose episode has ended depends on `autoreset_mode`:

    - `NextStep` (default, as in Gymnasium): the next step resets it and ignores its action.
    - `SameStep`: it is reset at once; `info["final_obs"]` and `info["final_info"]` hold what the episode
      ended with.
    - `Disabled`: nothing. The caller resets those that ended with `reset(options={"reset_mask": mask})`; to
      step one that has ended is an error. This is the mode for language models: no completion is wasted.

    Args:
        envs: The environments, of one class and built alike, with one answerer.
        autoreset_mode: An `AutoresetMode` or its value.

    Raises:
        ConfigError: If there is no environment, or they do not share one answerer.
    """

    def __init__(
        self,
        envs: Sequence[ManagerEnv[Any, Any]],
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
    ) -> None:
        self.envs = tuple(envs)
        if not self.envs:
            raise ConfigError("there is no environment to step; give at least one.")
        if any(env.answerer is not self.envs[0].answerer for env in self.envs):
            raise ConfigError("the environments have several answerers; build them all with the same one.")
        self.num_envs = len(self.envs)
        self.autoreset_mode = _autoreset_mode(autoreset_mode)
        self.metadata = {"render_modes": [], "autoreset_mode": self.autoreset_mode}
        first = self.envs[0]
        self.single_observation_space = first.observation_space
        self.single_action_space = first.action_space
        self.observation_space = batch_space(first.observation_space, self.num_envs)
        self.action_space = batch_space(first.action_space, self.num_envs)
        self._answerer = first.answerer
        self._observations: list[Any] = [None] * self.num_envs
        self._has_ended = np.zeros(self.num_envs, bool)

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Any, dict[str, Any]]:
        """Start new episodes: of all environments, or of those that `options["reset_mask"]` marks.

        Raises:
            ConfigError: If seeds or mask do not have one value for each environment.
        """
        options = dict(options or {})
        mask = self._reset_mask(options.pop("reset_mask", None))
        infos: dict[str, Any] = {}
        for index, env_seed in enumerate(self._seeds(seed)):
            if mask[index]:
                observation, info = self.envs[index].reset(seed=env_seed, options=options)
                self._observations[index] = observation
                infos = self._add_info(infos, info, index)
        self._has_ended &= ~mask
        return self._batch(), infos

    def step(self, actions: Any) -> _VectorTransition:
        """Step every environment with its action.

        Raises:
            TypeError: If an action is of a class that the action space never has; no episode has moved.
            EpisodeStateError: If autoreset is disabled and an episode has ended; no episode has moved.
        """
        chosen = list(iterate(self.action_space, actions))
        if len(chosen) != self.num_envs:
            raise ConfigError(
                f"{len(chosen)} actions came for {self.num_envs} environments; give one for each."
            )
        waiting = self._has_ended.copy()
        if waiting.any() and self.autoreset_mode is AutoresetMode.DISABLED:
            raise EpisodeStateError(
                f"the episodes of the environments {np.flatnonzero(waiting).tolist()} have ended and "
                "autoreset is disabled; reset them with options={'reset_mask': mask}."
            )
        transitions = self._step_all(chosen, np.flatnonzero(~waiting).tolist())
        rewards = np.zeros(self.num_envs)
        terminations = np.zeros(self.num_envs, bool)
        truncations = np.zeros(self.num_envs, bool)
        infos: dict[str, Any] = {}
        for index, env in enumerate(self.envs):
            if index in transitions:
                observation, reward, terminated, truncated, info = transitions[index]
                rewards[index], terminations[index], truncations[index] = reward, terminated, truncated
                if (terminated or truncated) and self.autoreset_mode is AutoresetMode.SAME_STEP:
                    infos = self._add_info(infos, {"final_obs": observation, "final_info": info}, index)
                    observation, info = env.reset()
            else:
                observation, info = env.reset()
            self._observations[index] = observation
            infos = self._add_info(infos, info, index)
        self._has_ended = terminations | truncations
        if self.autoreset_mode is AutoresetMode.SAME_STEP:
            self._has_ended = np.zeros(self.num_envs, bool)
        return self._batch(), rewards, terminations, truncations, infos

    def _step_all(self, actions: Sequence[Any], indices: Sequence[int]) -> dict[int, Transition[Any]]:
        """Step the environments at `indices`, with one batch of answers."""
        envs = [self.envs[index] for index in indices]
        for index, env in zip(indices, envs, strict=True):
            env.check_action(actions[index])
        requests = [env.begin(actions[index]) for index, env in zip(indices, envs, strict=True)]
        outcomes = finish_together([env.episode for env in envs], requests, self._answerer)
        return {
            index: env.finish(outcome) for index, env, outcome in zip(indices, envs, outcomes, strict=True)
        }

    def _batch(self) -> Any:
        observations = self._observations
        if any(observation is None for observation in observations):
            raise EpisodeStateError("some environments were never reset; call reset without a mask first.")
        batch: Any = create_empty_array(self.single_observation_space, self.num_envs, np.zeros)
        return concatenate(self.single_observation_space, observations, batch)

    def _seeds(self, seed: int | Sequence[int | None] | None) -> Sequence[int | None]:
        if seed is None:
            return [None] * self.num_envs
        seeds = [seed + index for index in range(self.num_envs)] if isinstance(seed, int) else list(seed)
        if len(seeds) != self.num_envs:
            raise ConfigError(f"{len(seeds)} seeds came for {self.num_envs} environments; give one for each.")
        return seeds

    def _reset_mask(self, mask: npt.NDArray[np.bool_] | None) -> npt.NDArray[np.bool_]:
        if mask is None:
            return np.ones(self.num_envs, bool)
        if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_ or mask.shape != (self.num_envs,):
            raise ConfigError(f"reset_mask is {mask!r}; give a bool array of shape ({self.num_envs},).")
        return mask


class MemoryManagerVectorEnv(ManagerVectorEnv):
    """`memdojo/MemoryManager-v0` several times over; see `ManagerVectorEnv`.

    Args:
        num_envs: How many.
        autoreset_mode: See `ManagerVectorEnv`.
        streams: As for the single environment.
        **arguments: The other arguments of the single environment.
    """

    envs: tuple[MemoryManagerEnv, ...]

    def __init__(
        self,
        num_envs: int = 1,
        *,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        streams: str | Sequence[Stream] | StreamPool = DEFAULT_STREAMS,
        stream_options: Mapping[str, Any] | None = None,
        turns_per_chunk: int | None = None,
        **arguments: Any,
    ) -> None:
        pool = StreamPool.of(streams, stream_options, turns_per_chunk)
        super().__init__(_build(MemoryManagerEnv, num_envs, pool, arguments), autoreset_mode)

    @property
    def prompts(self) -> tuple[Any, ...]:
        """The chat messages of each environment's present observation."""
        return tuple(env.prompt_format.messages(env.view) for env in self.envs)


class MemoryManagerFeaturesVectorEnv(ManagerVectorEnv):
    """`memdojo/MemoryManagerFeatures-v0` several times over; arguments as in `MemoryManagerVectorEnv`."""

    envs: tuple[MemoryManagerFeaturesEnv, ...]

    def __init__(
        self,
        num_envs: int = 1,
        *,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        streams: str | Sequence[Stream] | StreamPool = DEFAULT_STREAMS,
        stream_options: Mapping[str, Any] | None = None,
        **arguments: Any,
    ) -> None:
        if not isinstance(streams, StreamPool):
            streams = StreamPool(streams, stream_options, turns_per_chunk=1)
        super().__init__(_build(MemoryManagerFeaturesEnv, num_envs, streams, arguments), autoreset_mode)

    def action_masks(self) -> npt.NDArray[np.bool_]:
        """Return which actions each environment allows now, shape (num_envs, num_actions)."""
        return np.stack([env.action_masks() for env in self.envs])


def _build(
    make: Callable[..., ManagerEnv[Any, Any]], num_envs: int, pool: StreamPool, arguments: dict[str, Any]
) -> list[Any]:
    check_positive("num_envs", num_envs)
    first = make(pool, **arguments)
    # What costs time or memory to build, or gains from being shared, is built once.
    others = {name: value for name, value in arguments.items() if name not in ManagerOptions.__annotations__}
    shared = others | {"rules": first.rules}
    return [first, *(make(pool, **shared) for _ in range(num_envs - 1))]


def _autoreset_mode(mode: AutoresetMode | str) -> AutoresetMode:
    if isinstance(mode, AutoresetMode):
        return mode
    known = {known.value: known for known in AutoresetMode}
    if mode not in known:
        raise ConfigError(f"autoreset_mode is {mode!r}; choose one of {', '.join(known)}.")
    return known[mode]
