"""`named_path`: whether a text is a registered name or a path; one rule wherever either may be given.

A registered name wins, so that documented names mean the same in every directory: a folder that has the
name of a baseline is written with its path, `./recency`. Anything else is a path.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from memdojo.errors import UnknownNameError, near_hint, near_names


def is_name(target: str | Path, names: Collection[str]) -> bool:
    """True if a target is one of the registered names; what follows a colon is an option, as in `pools:20`.

    A `Path` is never a name.
    """
    return isinstance(target, str) and (target in names or target.partition(":")[0] in names)


def named_path(target: str | Path, kind: str, names: Collection[str], *, what: str = "folder") -> Path | None:
    """Return the path that a target stands for; None if it is one of the registered names.

    Args:
        target: A name or a path.
        kind: What the names are, in the singular, as the message says it: `baseline`.
        names: The registered names.
        what: What the path leads to: `folder` or `file`.

    Raises:
        UnknownNameError: If it is no name and nothing has that path; the message has the near names.
    """
    if is_name(target, names):
        return None
    path = Path(target).expanduser()
    if path.exists():
        return path
    known = sorted(names)
    near = [
        *near_names(str(target), known),
        *(str(path.with_name(name)) for name in near_names(path.name, _beside(path))),
    ]
    listing = f" Known: {', '.join(known)}." if known else ""
    raise UnknownNameError(
        f"unknown {kind} {str(target)!r}, and there is no {what} of that name.{near_hint(near)}{listing}"
    )


def check_name_or_path(target: str, kind: str, names: Collection[str]) -> None:
    """Refuse what `named_path` refuses, but for a path with a separator: that is looked up when it is needed.

    The configuration of a run is read again long after the folders that it names may have gone.

    Raises:
        UnknownNameError: As `named_path`.
    """
    if "/" not in target:
        named_path(target, kind, names)


def _beside(path: Path) -> list[str]:
    """Return the names in the folder in which nothing has the name of `path`."""
    return sorted(other.name for other in path.parent.iterdir()) if path.parent.is_dir() else []
