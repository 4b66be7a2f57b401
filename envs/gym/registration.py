"""The ids under which Gymnasium finds the environments: memdojo's own and other people's."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import gymnasium as gym
from gymnasium.envs.registration import EnvSpec

from memdojo.errors import ConfigError

ENV_IDS = (
    "memdojo/MemoryManager-v0",
    "memdojo/ProxyRetriever-v0",
    "memdojo/AnswerAgent-v0",
    "memdojo/MemoryManagerFeatures-v0",
    "memdojo/ProxyRetrieverFeatures-v0",
    "memdojo/DesignDecisions-v0",
    "memdojo/DesignDecisionsText-v0",
    "memdojo/ExperienceMemory-v0",
    "memdojo/ExperienceMemoryFeatures-v0",
)

_TEXT, _FEATURES, _VECTOR = "memdojo.envs.gym.text", "memdojo.envs.gym.features", "memdojo.envs.gym.vector"
_DESIGNS = "memdojo.agents.designs.gym_env"
_ENTRY_POINTS: dict[str, tuple[str, str | None]] = {
    "memdojo/MemoryManager-v0": (f"{_TEXT}:MemoryManagerEnv", f"{_VECTOR}:MemoryManagerVectorEnv"),
    "memdojo/ProxyRetriever-v0": (f"{_TEXT}:ProxyRetrieverEnv", None),
    "memdojo/AnswerAgent-v0": (f"{_TEXT}:AnswerAgentEnv", None),
    "memdojo/MemoryManagerFeatures-v0": (
        f"{_FEATURES}:MemoryManagerFeaturesEnv",
        f"{_VECTOR}:MemoryManagerFeaturesVectorEnv",
    ),
    "memdojo/ProxyRetrieverFeatures-v0": (f"{_FEATURES}:ProxyRetrieverFeaturesEnv", None),
    # Faces of what stands above the environments.
    "memdojo/DesignDecisions-v0": (f"{_DESIGNS}:DesignDecisionsEnv", None),
    "memdojo/DesignDecisionsText-v0": (f"{_DESIGNS}:DesignDecisionsTextEnv", None),
    "memdojo/ExperienceMemory-v0": ("memdojo.envs.gym.experience:ExperienceMemoryEnv", None),
    "memdojo/ExperienceMemoryFeatures-v0": (f"{_DESIGNS}:ExperienceMemoryFeaturesEnv", None),
}

_ID = re.compile(r"(?:[\w-]+/)?[\w.-]+?-v\d+")
_ENTRY_POINT = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def register_all() -> None:
    """Register memdojo's environments with Gymnasium.

    `import memdojo` does it; to do it again changes nothing. Gymnasium reads the entry-point group
    `gymnasium.envs`, which names this function, no more since its version 1.0.
    """
    for id, (entry_point, vector_entry_point) in _ENTRY_POINTS.items():
        # Gymnasium's passive checker is left out: the environments pass the full check in the tests, and it
        # costs a third of the speed.
        register_env(
            id, entry_point, vector_entry_point=vector_entry_point, options={"disable_env_checker": True}
        )


def register_env(
    id: str,
    entry_point: str | Callable[..., gym.Env[Any, Any]],
    *,
    vector_entry_point: str | Callable[..., gym.vector.VectorEnv[Any, Any, Any]] | None = None,
    options: dict[str, Any] | None = None,
    **kwargs: Any,
) -> EnvSpec:
    """Register an environment with Gymnasium and return its spec; to do the same again changes nothing.

    >>> import gymnasium, memdojo
    >>> from memdojo.envs.gym.text import MemoryManagerEnv
    >>> spec = memdojo.register.env("mine/SmallMemory-v0", MemoryManagerEnv, max_entries=3)
    >>> env = gymnasium.make("mine/SmallMemory-v0", stream_options={"num_streams": 1})
    >>> env.spec.kwargs["max_entries"]
    3

    Worker processes must register it themselves: import the module that does, or name it in an entry point of
    the group `memdojo.plugins`.

    Args:
        id: `namespace/Name-v0`; the version is obligatory, so that results can name it.
        entry_point: The environment class, or where it is: `module:Class`.
        vector_entry_point: Likewise for a class that plays several episodes at once.
        options: Further arguments of `gymnasium.register`, such as `{"max_episode_steps": 200}`.
        **kwargs: Default arguments of the environment's constructor.

    Raises:
        ConfigError: If the id is malformed, an entry point is neither a callable nor `module:Class`, or the
            id stands for something else already.
    """
    if not _ID.fullmatch(id):
        raise ConfigError(f"{id!r} is not an environment id; write it as 'namespace/Name-v0'.")
    for name, point in (("entry_point", entry_point), ("vector_entry_point", vector_entry_point)):
        if isinstance(point, str) and not _ENTRY_POINT.fullmatch(point):
            raise ConfigError(f"the {name} of {id!r} is {point!r}; write it as 'package.module:Class'.")
        is_left_out = point is None and name == "vector_entry_point"
        if not (is_left_out or isinstance(point, str) or callable(point)):
            raise ConfigError(f"the {name} of {id!r} is {point!r}; give a class or 'package.module:Class'.")
    known = gym.registry.get(id)
    if known is not None:
        if (known.entry_point, known.vector_entry_point, known.kwargs) == (
            entry_point,
            vector_entry_point,
            kwargs,
        ):
            return known
        raise ConfigError(
            f"{id!r} is registered already, for {known.entry_point!r} with {known.kwargs!r}; choose another "
            "name or version."
        )
    try:
        gym.register(id, entry_point, vector_entry_point=vector_entry_point, kwargs=kwargs, **(options or {}))
    except gym.error.Error as error:
        raise ConfigError(f"Gymnasium refuses to register {id!r}: {error}") from error
    return gym.registry[id]
