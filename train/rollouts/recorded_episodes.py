"""Episodes of a training run recorded in an evaluation's format, so that reports show them as well."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from memdojo.agents.baselines.registry import make_retriever_baseline
from memdojo.envs.types import Stream
from memdojo.eval.playing.settings import EvalSettings
from memdojo.eval.records.files import EpisodeFile
from memdojo.eval.records.types import EpisodeRecord

from ..config.run import TrainConfig
from ..runs.folder import TRAJECTORIES, RunFolder
from .tasks import RolloutTask


def with_records(tasks: Sequence[RolloutTask], number: int) -> list[RolloutTask]:
    """Return the tasks, the first `number` of them to be recorded."""
    return [dataclasses.replace(task, recorded=place < number) for place, task in enumerate(tasks)]


def records_are_due(config: TrainConfig, update: int) -> bool:
    """True if the validation after update `update` is one of those of which episodes are recorded.

    It is the first one after each `logging.trajectories_every` updates, and the last of all.
    """
    every, before = config.logging.trajectories_every, max(0, update - config.evaluation.every)
    is_due = update // every > before // every or update == config.algorithm.num_updates
    return config.writes_memory and is_due


class RecordedEpisodes:
    """Validation episodes in `trajectories/` of a run, each update a policy of its own, on the same streams.

    Args:
        config: The run.
        run: Its folder.
        streams: The validation streams as they are played.
    """

    def __init__(self, config: TrainConfig, run: RunFolder, streams: Sequence[Stream]) -> None:
        self._config = config
        self._folder = run.path / TRAJECTORIES
        self._streams = streams[: config.logging.num_trajectories]

    def add(self, update: int, records: Sequence[EpisodeRecord]) -> None:
        """Write the records of an update; they take the place of earlier ones.

        Raises:
            DataError: If the file system refuses.
        """
        if not records:
            return
        episode = self._config.episode
        settings = EvalSettings(
            max_entries=episode.max_entries,
            capacity_share=episode.capacity_share,
            token_share=episode.token_share,
            tokenizer=episode.tokenizer,
            max_core_tokens=episode.max_core_tokens,
            top_k=episode.top_k,
            retriever=make_retriever_baseline(episode.retriever),
        )
        conditions = settings.conditions | {"seed": self._config.seed}
        file = EpisodeFile(self._folder, conditions, self._streams, replace_others=True)
        for record in records:
            file.add(dataclasses.replace(record, policy=f"update {update}"))
