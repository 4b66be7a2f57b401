"""The versions of other libraries with which the adapters were tested; other versions are refused."""

from __future__ import annotations

import re
from importlib import metadata
from typing import NamedTuple

from memdojo.errors import MissingDependencyError, UntestedVersionError


class Tested(NamedTuple):
    """Versions of a distribution: `at_least` and later, but before `below`."""

    distribution: str
    at_least: str
    below: str


TESTED = {
    "langgraph": Tested("langgraph-checkpoint", "4.1", "4.4"),
    "langmem": Tested("langmem", "0.0.30", "0.0.31"),
    "llama-index": Tested("llama-index-core", "0.12.42", "0.15"),
    "mem0": Tested("mem0ai", "2.2", "2.3"),
    "openai-agents": Tested("openai-agents", "0.20", "0.25"),
}
"""By extra, the distribution whose interface the adapter implements."""


def require(extra: str) -> None:
    """Refuse to go on without the library of an adapter, in a version with which that was tested.

    Args:
        extra: A key of `TESTED`.

    Raises:
        MissingDependencyError: If it is not installed.
        UntestedVersionError: If it is older or newer than what was tested.
    """
    distribution, at_least, below = TESTED[extra]
    remedy = f"pip install 'memdojo[{extra}]'"
    try:
        version = metadata.version(distribution)
    except metadata.PackageNotFoundError as error:
        raise MissingDependencyError(
            f"the adapter for {extra} needs {distribution}, which is not installed: {remedy}"
        ) from error
    if not _release(at_least) <= _release(version) < _release(below):
        raise UntestedVersionError(
            f"{distribution} {version} is installed, and the adapter for {extra} was tested with versions "
            f"from {at_least} on and before {below}: {remedy} brings one of them."
        )


def _release(version: str) -> tuple[int, ...]:
    """Return the numbers of a version: (1, 3, 0) of "1.3.0rc1", which counts as what it leads to."""
    release = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(number) for number in release[0].split(".")) if release else ()
