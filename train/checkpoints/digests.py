"""Digests of a checkpoint's files, in its `policy.json`: a bit that has flipped loads like any other.

Needs no heavy libraries.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from memdojo.errors import CheckpointError

POLICY_JSON, STATE_JSON = "policy.json", "state.json"
DIGESTS = "digests"
"""The key of `policy.json` with the SHA-256 of the files beside it, by their paths."""


def seal(folder: Path) -> None:
    """Write the digests of all tensors and of the trainer's state into the `policy.json` of a checkpoint.

    Called last, while it is being made.

    Raises:
        OSError: If the file system refuses.
    """
    path = folder / POLICY_JSON
    record = json.loads(path.read_text("utf-8"))
    record[DIGESTS] = {str(each.relative_to(folder)): _digest(each) for each in _sealed(folder)}
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def require_unchanged(folder: Path, *parts: str) -> None:
    """Refuse a checkpoint whose files are not those that were written; one of before has no digests.

    Args:
        folder: The checkpoint.
        parts: The files or folders in it that are about to be used.

    Raises:
        CheckpointError: If a file was changed, is missing or cannot be read.
    """
    digests = read_digests(folder)
    if digests is None:
        return
    used = {name for name in digests if name.partition("/")[0] in parts}
    used |= {str(each.relative_to(folder)) for part in parts for each in _sealed(folder, part)}
    for name in sorted(used):
        path = folder / name
        try:
            found = _digest(path)
        except OSError as error:
            raise CheckpointError(
                f"{path}, which belongs to the checkpoint, cannot be read: {error.strerror or error}; "
                "restore it, or use another checkpoint."
            ) from error
        if found != digests.get(name):
            raise CheckpointError(
                f"{path} is truncated or damaged, or of another checkpoint: it has not the digest that "
                f"{POLICY_JSON} says; restore it, or use another checkpoint."
            )


def read_digests(folder: Path) -> dict[str, str] | None:
    """Return the digests of a checkpoint by the paths of its files; None if it has none.

    Raises:
        CheckpointError: If `policy.json` has something else in their place. One that is no JSON counts as
            without them: who reads the policy from it says what is wrong.
    """
    try:
        record: Any = json.loads((folder / POLICY_JSON).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    digests = record.get(DIGESTS) if isinstance(record, dict) else None
    if digests is None:
        return None
    if not isinstance(digests, dict) or not all(isinstance(each, str) for each in digests.values()):
        raise CheckpointError(f"{folder / POLICY_JSON} is damaged: {DIGESTS} must be a text for each file.")
    return digests


def _sealed(folder: Path, part: str = "") -> Iterator[Path]:
    within = folder / part
    # A model's folder may be a link.
    walked = os.walk(within, followlinks=True) if within.is_dir() else [(folder, (), [part])]
    for path in sorted(Path(parent, name) for parent, _, names in walked for name in names):
        if path.is_file() and (path.suffix == ".safetensors" or path == folder / STATE_JSON):
            yield path


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
