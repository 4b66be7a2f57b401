"""memdojo: a reinforcement-learning gym for the memory of language-model agents.

`import memdojo` registers the environments, so that `gymnasium.make("memdojo/MemoryManager-v0")` finds them
(`gymnasium.make("memdojo:memdojo/MemoryManager-v0")` imports memdojo by itself). The names in `__init__.pyi`
are the ones to build on; each is loaded when it is first used.
"""

from __future__ import annotations

import ast
import importlib
from importlib.metadata import version as _version
from pathlib import Path
from typing import Any

from memdojo import register as register
from memdojo.envs.gym.registration import register_all
from memdojo.plugins import installed_plugins, load_plugins


def _homes() -> dict[str, str]:
    """Return the module of each public name, from the stub, where type checkers and editors read it, too."""
    stub = ast.parse(Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    imports = [node for node in stub.body if isinstance(node, ast.ImportFrom)]
    return {alias.name: str(node.module) for node in imports for alias in node.names}


__version__ = _version("memdojo")

_HOME = _homes()
__all__ = sorted([*_HOME, "__version__"])


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
