"""What a run or a checkpoint would reach outside of itself: endpoints, models and folders that it names.

A run is data, perhaps from somebody else. It may say how its policy is set up, but whom texts are sent to
and what is loaded from elsewhere the user says: by naming it in the call, in settings of their own, or by
trusting the run.
"""

from __future__ import annotations

import enum
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from memdojo.agents.engines.keys import is_of_the_users_endpoint
from memdojo.errors import ConfigError
from memdojo.settings import names_folder

from ..runs.folder import CONFIG, ROUND


class Trust(enum.Enum):
    """Whose a configuration is; compare with `is`."""

    OWN = "own"
    """The user's: named in this call, or trained by it."""
    CONFIRMED = "confirmed"
    """Somebody else's, and the user wants what it reaches; keys go only to hosts that the user named."""
    NONE = "none"
    """Somebody else's: what it reaches outside of itself is refused."""

    @classmethod
    def of_run(cls, trust_run: bool) -> Trust:
        """Return how far a run is trusted that was named on a command line or in a call."""
        return cls.CONFIRMED if trust_run else cls.NONE


def require_trust(run: Path, reached: Sequence[str], *, instead: str = "") -> None:
    """Refuse what a run reaches outside of itself.

    Args:
        run: Its folder.
        reached: What `reached_by_table` and the like have found.
        instead: How the user could name it, as a clause.

    Raises:
        ConfigError: If there is anything.
    """
    if reached:
        raise ConfigError(
            f"{run} reaches outside of itself: {'; '.join(dict.fromkeys(reached))}. A run is data, perhaps "
            "from somebody else, so this is not done unasked; if you want it, pass --trust-run "
            f"(trust_run=True){f', or {instead}' if instead else ''}."
        )


def reached_by_table(name: str, table: BaseModel, inside: Path) -> list[str]:
    """Return what a table `[answerer]` or `[judge]` names outside of the run's folder, as `key = value`."""
    values = {key: getattr(table, key) for key in type(table).model_fields}
    if is_of_the_users_endpoint(str(values.get("url", ""))):
        return []
    found = [
        f"{name}.{key} = {value!r}"
        for key, value in values.items()
        if isinstance(value, str)
        and (key == "url" or names_folder(table, key) or _names_place(value))
        and not _is_inside(value, inside)
    ]
    model = values.get("model")
    if found and isinstance(model, str) and not names_folder(table, "model"):
        found.append(f"{name}.model = {model!r}")
    return found


def reached_by_name(key: str, value: object, names: Collection[str], inside: Path) -> list[str]:
    """Return what a key names that may be a registered name or a folder; nothing for a name."""
    if not isinstance(value, str) or not value or value.partition(":")[0] in names:
        return []
    return [] if _is_inside(value, inside) else [f"{key} = {value!r}"]


def reached_by_engine(settings: Mapping[str, Any]) -> list[str]:
    """Return what the own keys of a checkpoint's engine name: addresses and paths."""
    return [f"engine.{key} = {text!r}" for key, value in settings.items() for text in _places(value)]


def root_of(folder: Path) -> Path:
    """Return the folder of the run that a checkpoint belongs to, or a round; the folder itself if to none."""
    folder = folder.resolve()
    for outer in (folder.parent.parent, folder):
        if (outer / CONFIG).is_file():
            is_round = outer.name.startswith(ROUND) and (outer.parent / CONFIG).is_file()
            return outer.parent if is_round else outer
    return folder


def _places(value: object) -> Iterator[str]:
    if isinstance(value, str):
        if _names_place(value):
            yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _places(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _places(inner)


def _names_place(text: str) -> bool:
    return "/" in text or os.sep in text or text.startswith("~")


def _is_inside(text: str, folder: Path) -> bool:
    """Return whether a text is the path of something in a folder, links followed."""
    if "://" in text:
        return False
    try:
        path = Path(text).expanduser().resolve()
    except (OSError, RuntimeError, ValueError):
        return False
    return path.exists() and path.is_relative_to(folder.resolve())
