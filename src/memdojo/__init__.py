"""memdojo: a reinforcement-learning gym for the memory of language-model agents.

`import memdojo` registers the environments, so that `gymnasium.make("memdojo/MemoryManager-v0")` finds them
(`gymnasium.make("memdojo:memdojo/MemoryManager-v0")` imports memdojo by itself). The names below are the ones
to build on; each is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from importlib.metadata import version as _version
from typing import TYPE_CHECKING, Any

from memdojo import register
from memdojo.envs.gym.registration import register_all, register_env
from memdojo.errors import MemdojoError
from memdojo.plugins import installed_plugins, load_plugins

if TYPE_CHECKING:
    from memdojo.deploy.memory_agent import AgentAnswer, MemoryAgent
    from memdojo.deploy.open_memory import open_memory
    from memdojo.envs.episodes.context import StreamContext
    from memdojo.envs.episodes.manager import ManagerEpisode
    from memdojo.envs.episodes.retrieval import RetrievalEpisode
    from memdojo.envs.gym.checker import check_memory_env
    from memdojo.envs.memory.store import MemoryStore
    from memdojo.envs.streams.registry import list_sources, load_streams, register_source
    from memdojo.envs.types import (
        Add,
        Capacity,
        Chunk,
        Delete,
        MemoryEntry,
        Noop,
        Operation,
        OperationResult,
        OperationStatus,
        Question,
        Rewrite,
        Stream,
        Turn,
        Update,
        WhenFull,
    )
    from memdojo.rewards import Reward, register_reward_part
    from memdojo.train.checkpoints.loading import load_policy

__all__ = [
    "Add",
    "AgentAnswer",
    "Capacity",
    "Chunk",
    "Delete",
    "ManagerEpisode",
    "MemdojoError",
    "MemoryAgent",
    "MemoryEntry",
    "MemoryStore",
    "Noop",
    "Operation",
    "OperationResult",
    "OperationStatus",
    "Question",
    "RetrievalEpisode",
    "Reward",
    "Rewrite",
    "Stream",
    "StreamContext",
    "Turn",
    "Update",
    "WhenFull",
    "__version__",
    "check_memory_env",
    "list_sources",
    "load_policy",
    "load_streams",
    "open_memory",
    "register",
    "register_env",
    "register_reward_part",
    "register_source",
]

__version__ = _version("memdojo")

_TYPES = "memdojo.envs.types"
_REGISTRY = "memdojo.envs.streams.registry"
_HOME = {
    "Add": _TYPES,
    "AgentAnswer": "memdojo.deploy.memory_agent",
    "Capacity": _TYPES,
    "Chunk": _TYPES,
    "Delete": _TYPES,
    "ManagerEpisode": "memdojo.envs.episodes.manager",
    "MemoryAgent": "memdojo.deploy.memory_agent",
    "MemoryEntry": _TYPES,
    "MemoryStore": "memdojo.envs.memory.store",
    "Noop": _TYPES,
    "Operation": _TYPES,
    "OperationResult": _TYPES,
    "OperationStatus": _TYPES,
    "Question": _TYPES,
    "RetrievalEpisode": "memdojo.envs.episodes.retrieval",
    "Reward": "memdojo.rewards",
    "Rewrite": _TYPES,
    "Stream": _TYPES,
    "StreamContext": "memdojo.envs.episodes.context",
    "Turn": _TYPES,
    "Update": _TYPES,
    "WhenFull": _TYPES,
    "check_memory_env": "memdojo.envs.gym.checker",
    "list_sources": _REGISTRY,
    "load_policy": "memdojo.train.checkpoints.loading",
    "load_streams": _REGISTRY,
    "open_memory": "memdojo.deploy.open_memory",
    "register_reward_part": "memdojo.rewards",
    "register_source": _REGISTRY,
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'memdojo' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_HOME[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


register_all()
# Last, because plugins build on all of the above.
load_plugins(installed_plugins())
