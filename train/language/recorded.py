"""Trajectories on the disk: what was sampled, to be read by people and to be learnt from later."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from memdojo.agents.language import PromptEncoder
from memdojo.envs.streams.files import atomic_writer
from memdojo.errors import DataError

from ..runs import TRAJECTORIES, RunFolder
from .lessons import Example, Lessons
from .rows import LanguageGroup, Row


def write_trajectories(
    run: RunFolder, groups: Iterable[LanguageGroup], encoder: PromptEncoder, update: int
) -> None:
    """Write the trajectories of an update into a run, one a line; the file appears whole or not at all.

    A line has `update`, `group`, `stream`, `return`, `failure`, and `rows` with `prompt`, `response`,
    `reward`, `prompt_ids` and `response_ids`.

    Raises:
        DataError: If the file system refuses.
    """
    path = run.path / TRAJECTORIES / f"update_{update:06d}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_writer(path) as file:
        for number, group in enumerate(groups):
            for trajectory in group:
                record = {
                    "update": update,
                    "group": number,
                    "stream": trajectory.stream_id,
                    "return": trajectory.episode_return if trajectory.scored else None,
                    "failure": trajectory.failure,
                    "rows": [_as_record(row, encoder) for row in trajectory.rows],
                }
                file.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")


def recorded_lessons(path: str | Path, encoder: PromptEncoder) -> Lessons:
    """Return the rows of recorded trajectories as examples; episodes that failed are left out and counted.

    Prompts and replies are read as token ids where they are those of the same tokenizer.

    Raises:
        DataError: If the file is missing or a line of it is malformed.
    """
    path = Path(path).expanduser()
    lessons = Lessons([])
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise DataError(f"the trajectories {path} cannot be read: {error.strerror or error}.") from error
    for number, line in enumerate(lines, 1):
        try:
            record: dict[str, Any] = json.loads(line)
            if record["return"] is None:
                lessons.num_without_words += 1
                continue
            lessons.examples += [_as_example(row, encoder) for row in record["rows"]]
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{path}, line {number} is no recorded trajectory ({error!r}); give a file of the folder "
                "trajectories of a run."
            ) from error
    return lessons


def _as_record(row: Row, encoder: PromptEncoder) -> dict[str, Any]:
    prompt_ids, response_ids = row.prompt_ids.tolist(), row.response_ids.tolist()
    return {
        "prompt": encoder.decode_prompt(prompt_ids),
        "response": encoder.decode(response_ids),
        "reward": row.reward if row.reward == row.reward else None,
        "prompt_ids": prompt_ids,
        "response_ids": response_ids,
    }


def _as_example(record: dict[str, Any], encoder: PromptEncoder) -> Example:
    prompt_ids, reply_ids = tuple(record["prompt_ids"]), tuple(record["response_ids"])
    if (
        encoder.decode_prompt(prompt_ids) == record["prompt"]
        and encoder.decode(reply_ids) == record["response"]
    ):
        return Example(prompt_ids, reply_ids)
    raise ValueError("its token ids are of another tokenizer")
