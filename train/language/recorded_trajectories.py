"""Trajectory files: everything that was sampled, for people to read and for later training."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from memdojo.agents.language.policies import PromptEncoder
from memdojo.envs.streams.files import atomic_writer

from ..runs.folder import TRAJECTORIES, RunFolder
from .trajectories import LanguageGroup, Row


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


def _as_record(row: Row, encoder: PromptEncoder) -> dict[str, Any]:
    prompt_ids, response_ids = row.prompt_ids.tolist(), row.response_ids.tolist()
    return {
        "prompt": encoder.decode_prompt(prompt_ids),
        "response": encoder.decode(response_ids),
        "reward": row.reward if row.reward == row.reward else None,
        "prompt_ids": prompt_ids,
        "response_ids": response_ids,
    }
