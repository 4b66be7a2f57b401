"""The errors that memdojo raises.

    MemdojoError
    ├── DataError (ValueError)               a data file or record that cannot be used
    ├── ConfigError (ValueError)             a configuration that is misspelt or contradicts itself
    ├── UnknownNameError (LookupError)       a name that no registry knows; lists the near ones
    ├── LeakError (ValueError)               groups shared by training and held-out streams
    ├── CheckpointError (ValueError)         a checkpoint that is damaged or of another architecture
    ├── StoreFileError (ValueError)          a memory file that is missing, damaged or of a newer version
    ├── RunFolderError (OSError)             a run's folder that is missing, taken or cannot be written
    ├── DivergenceError (ArithmeticError)    a loss or weight that is no longer finite
    ├── EpisodeStateError (RuntimeError)     a call that the state of the episode does not allow
    ├── ModelError (ValueError)              a language model that cannot be used as it is
    │   └── PromptTooLongError               a prompt that is longer than it may be, even without an entry
    ├── EngineError (RuntimeError)           an inference engine or endpoint that cannot serve
    ├── AgentError (RuntimeError)            a manager, retriever or answerer that failed at an agent's work
    ├── DesignError (RuntimeError)           a memory design, or who decides for it, that broke their contract
    ├── RoleError (RuntimeError)             a model that could not be asked for the work of a design's roles
    ├── StaleWeightsError (RuntimeError)     a sampler whose weights are older than the run allows
    ├── MissingDependencyError (ImportError) an optional library that is not installed
    └── UntestedVersionError (ImportError)   an optional library of a version that nobody tried

Every message names the value, the rule and the remedy. All of them pickle, so that they cross process
boundaries. Malformed *model output* never raises: it is an `OperationResult`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class MemdojoError(Exception):
    """Root of everything that memdojo raises on purpose."""


class DataError(MemdojoError, ValueError):
    """A data file or record is missing, truncated, mistyped or empty."""


class ConfigError(MemdojoError, ValueError):
    """A configuration has an unknown key, a value out of range or values that contradict each other."""


class UnknownNameError(MemdojoError, LookupError):
    """A stream, environment, baseline or option has a name that is not registered."""


class LeakError(MemdojoError, ValueError):
    """Training and held-out streams share a group."""


class CheckpointError(MemdojoError, ValueError):
    """A checkpoint is truncated, of another architecture or of a newer version."""


class StoreFileError(MemdojoError, ValueError):
    """A persisted memory store is missing, damaged, of a newer version or cannot be written."""


class RunFolderError(MemdojoError, OSError):
    """A run's folder is missing, taken, or cannot be written."""


class DivergenceError(MemdojoError, ArithmeticError):
    """The loss or a gradient became NaN or infinite; the last checkpoint is still good."""


class EpisodeStateError(MemdojoError, RuntimeError):
    """An episode was stepped before its reset or after its end, or with answers still outstanding."""


class ModelError(MemdojoError, ValueError):
    """A folder holds no language model, or one without chat template, end token or room for the prompt."""


class PromptTooLongError(ModelError):
    """What a policy has to read is longer than its prompts may be, even without an entry of the memory."""


class EngineError(MemdojoError, RuntimeError):
    """An inference engine or endpoint refused a request, failed, or was closed."""


class AgentError(MemdojoError, RuntimeError):
    """A manager, retriever or answerer failed while it worked for a memory agent."""


class DesignError(MemdojoError, RuntimeError):
    """A memory design failed, or was given a choice that it does not have."""


class RoleError(MemdojoError, RuntimeError):
    """The model that does the work of a design's roles could not be asked."""


class StaleWeightsError(MemdojoError, RuntimeError):
    """An engine sampled with weights that are older than the run allows."""


class MissingDependencyError(MemdojoError, ImportError):
    """An optional library is needed and not installed; the message has the command that installs it."""


class UntestedVersionError(MemdojoError, ImportError):
    """An optional library is of a version that an adapter was not tested with; the message has those."""


def missing_for_language(package: str | None) -> MissingDependencyError:
    """Build the error for a library that language policies need and that is not installed."""
    return MissingDependencyError(
        f"language policies need {package}, which is not installed: pip install 'memdojo[llm-cpu]' on a CPU, "
        "'memdojo[llm]' on a machine with a GPU"
    )


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """Build the error for `name`, with its near matches first and all known names after them."""
    names = sorted(known)
    near = near_names(name, names)
    return UnknownNameError(f"unknown {kind} {name!r}.{near_hint(near)} Known: {', '.join(names) or 'none'}.")


def cut_short(text: str, max_length: int = 60) -> str:
    """Return a text as a message quotes it: what is longer than `max_length` ends in three dots there."""
    return text if len(text) <= max_length else f"{text[: max_length - 3]}..."


def reason_of(error: BaseException, max_length: int = 300) -> str:
    """Return what an error says as one line for another message; its class if it says nothing."""
    return cut_short(" ".join(str(error).split()) or type(error).__name__, max_length)


def near_names(name: str, known: Iterable[str], cutoff: float = 0.5) -> list[str]:
    """Return at most three known names that are spelt like `name`, the nearest first.

    Args:
        name: What was written.
        known: What could have been meant.
        cutoff: How alike they must be, from 0 for anything to 1 for the same.
    """
    return difflib.get_close_matches(name, list(known), n=3, cutoff=cutoff)


def near_hint(near: Sequence[str]) -> str:
    """Return the question that a message about an unknown name asks; empty where nothing is near."""
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""


def check_names(kind: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Refuse a name that is not known.

    Raises:
        UnknownNameError: For the first one; the message has the near matches.
    """
    known = set(known)
    for name in names:
        if name not in known:
            raise unknown_name(kind, name, known)
