"""Demonstrations for the warm start from recorded trajectories."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from memdojo.agents.language.policies import PromptEncoder
from memdojo.errors import DataError

from .demonstrations import Demonstrations, Example


def recorded_demonstrations(path: str | Path, encoder: PromptEncoder) -> Demonstrations:
    """Return the rows of recorded trajectories as examples; episodes that failed are left out and counted.

    Prompts and replies are read as token ids where they are those of the same tokenizer.

    Raises:
        DataError: If the file is missing or a line of it is malformed.
    """
    path = Path(path).expanduser()
    demonstrations = Demonstrations([])
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise DataError(f"the trajectories {path} cannot be read: {error.strerror or error}.") from error
    for number, line in enumerate(lines, 1):
        try:
            record: dict[str, Any] = json.loads(line)
            if record["return"] is None:
                demonstrations.num_without_words += 1
                continue
            demonstrations.examples += [
                _as_example(row, encoder) for row in record["rows"] if row["response_ids"]
            ]
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{path}, line {number} is not a recorded trajectory ({error!r}); give a file of the folder "
                "trajectories of a run."
            ) from error
    return demonstrations


def _as_example(record: dict[str, Any], encoder: PromptEncoder) -> Example:
    prompt_ids, reply_ids = tuple(record["prompt_ids"]), tuple(record["response_ids"])
    if (
        encoder.decode_prompt(prompt_ids) == record["prompt"]
        and encoder.decode(reply_ids) == record["response"]
    ):
        return Example(prompt_ids, reply_ids)
    raise ValueError("its token ids are of another tokenizer")
