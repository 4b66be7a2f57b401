"""The folder of a search over designs.

search.json     what the search was told
trials.jsonl    the trials: values, scores, figures, seconds
trials.csv      the same as a table
front.csv       those on the Pareto front, and what they came to on the test streams
front.svg       scores against tokens handed over
result.json     the best, the front, and the test
test/           tables and recorded episodes of the test
"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from memdojo.errors import ConfigError, RunFolderError

from ..runs.checkpoint_folders import whole_folder
from .settings import SearchSettings

SEARCH, TRIALS_TABLE, FRONT, RESULT, TEST = "search.json", "trials.csv", "front.csv", "result.json", "test"


def create_folder(root: Path, name: str, settings: SearchSettings) -> Path:
    """Make the folder of a search and return it.

    Raises:
        RunFolderError: If there is something of that name, or the file system refuses.
    """
    folder = root.expanduser() / name
    if folder.exists():
        raise RunFolderError(
            f"there is something at {folder} already; choose another --name, or pass --resume to go on with "
            "that search."
        )
    try:
        with whole_folder(folder) as temporary:
            (temporary / SEARCH).write_text(settings.model_dump_json(indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise RunFolderError(f"{folder} cannot be made: {error.strerror or error}.") from error
    return folder


def resume_folder(root: Path, name: str, settings: SearchSettings) -> Path:
    """Return the folder of a search to go on with it.

    Raises:
        RunFolderError: If there is no search, or what it was told is damaged.
        ConfigError: If it was told something else.
    """
    folder = root.expanduser() / name
    try:
        earlier = SearchSettings.model_validate_json((folder / SEARCH).read_bytes())
    except FileNotFoundError:
        raise RunFolderError(
            f"there is no search at {folder} to go on with; leave --resume out to begin it."
        ) from None
    except (OSError, ValidationError) as error:
        raise RunFolderError(f"{folder / SEARCH} cannot be read: {error}; begin another search.") from error
    for key in SearchSettings.model_fields:
        before, now = getattr(earlier, key), getattr(settings, key)
        if before != now:
            raise ConfigError(
                f"{folder} was searched with {key} = {before!r} and cannot go on with {now!r}; keep the "
                "value, or begin another search with another --name."
            )
    return folder
