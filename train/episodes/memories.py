"""Memories that a manager wrote, for retrievers and answer agents to be asked over.

The manager plays every stream once, greedily, before the training begins. What the store held when each
question fell due is kept in the run's folder, so that workers, processes and a resumed run ask over the same
memory.

memory/train.jsonl        a line for each training stream
memory/validation.jsonl   the same for the validation streams
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from memdojo.agents.baselines.registry import list_baselines, make_baseline
from memdojo.agents.play import play_memory
from memdojo.agents.policy import ManagerPolicy, release_models
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.episodes.written_memory import StoredByQuestion, memory_as_json, memory_from_json
from memdojo.envs.streams.chunking import rechunk
from memdojo.envs.streams.files import atomic_writer
from memdojo.envs.types import Stream
from memdojo.errors import ConfigError, DataError

from ..checkpoints.loading import load_learned_manager
from ..checkpoints.trust import reached_by_name, require_trust, root_of
from ..config.name_or_path import named_path
from ..config.run import TrainConfig
from ..config.tables import EpisodeConfig, Split
from ..runs.folder import RunFolder
from ..runs.progress import Progress
from .splits import load_splits
from .stages import Stages

FOLDER = "memory"
MEMORY_SPLITS: tuple[Split, ...] = ("validation", "train")
"""The splits of which memories are kept. The training streams are last: their file says that all is done."""
PLAYED_TOGETHER = 32
"""Streams that a manager plays side by side, so that the requests of a language model meet in batches."""


class Writer(NamedTuple):
    """A manager that is trained no more, with the rules of its episodes, whose limits are its store's."""

    policy: ManagerPolicy
    rules: EpisodeRules


def load_writer(name_or_folder: str | Path, episode: EpisodeConfig, *, trust_run: bool = False) -> Writer:
    """Return who wrote a memory: a baseline, or the manager of a run or checkpoint.

    Args:
        name_or_folder: Name of a manager baseline, or the folder.
        episode: Whose limits hold if it has any; else those with which the checkpoint was trained.
        trust_run: As for `load_policy`.

    Raises:
        UnknownNameError: If it is neither a baseline nor a folder.
        ConfigError: If the folder holds no manager, or a baseline's store has no limit.
        CheckpointError: If it holds no usable checkpoint.
    """
    folder = named_path(name_or_folder, "manager baseline", list_baselines())
    if folder is None:
        if not episode.has_limits:
            raise ConfigError(
                f"the memory is that of {name_or_folder!r}, a rule whose store has no size of its own; give "
                "a number of entries, or a share of the turns or tokens."
            )
        return Writer(make_baseline(str(name_or_folder)), EpisodeRules(capacity=episode.capacity))
    learned = load_learned_manager(folder, trust_run=trust_run)
    if not episode.has_limits:
        if episode.tokenizer is None and not trust_run:
            root = root_of(folder)
            require_trust(root, reached_by_name("tokenizer", learned.training.tokenizer, (), root))
        episode = EpisodeConfig(
            max_entries=learned.training.max_entries,
            capacity_share=learned.training.capacity_share,
            token_share=learned.training.token_share,
            tokenizer=episode.tokenizer or learned.training.tokenizer,
        )
    return Writer(learned.policy, EpisodeRules(capacity=episode.capacity))


def write_memories(writer: Writer, streams: Sequence[Stream]) -> Iterator[StoredByQuestion]:
    """Let a manager play streams and yield what it left of each; a model is released at the end."""
    size = writer.policy.turns_per_chunk
    for begin in range(0, len(streams), PLAYED_TOGETHER):
        cut = [
            stream if size is None else rechunk(stream, size) for stream in streams[begin:][:PLAYED_TOGETHER]
        ]
        episodes = [writer.rules.manager(StreamContext(each), seed=0) for each in cut]
        for stores in play_memory(writer.policy, episodes):
            yield {question: store.entries for question, store in stores.items()}
    release_models(writer.policy)


def keep_memories(config: TrainConfig, run: RunFolder, progress: Progress) -> None:
    """Have the memory of `episode.written_by` written, if the run has one and has not done it.

    Raises:
        LeakError: If two splits share a group.
        MemdojoError: What `load_writer` raises.
    """
    if config.episode.written_by is None or _file(run, "train").is_file():
        return
    # The user's own configuration names it.
    writer = load_writer(config.episode.written_by, config.episode, trust_run=True)
    splits = load_splits(config, run.path)
    for split in MEMORY_SPLITS:
        streams: Sequence[Stream] = splits.get(split, [])
        if split == "train":
            streams = Stages.of(config, streams).streams
        progress.message(f"memory: {config.episode.written_by} plays {len(streams)} {split} streams")
        _file(run, split).parent.mkdir(exist_ok=True)
        with atomic_writer(_file(run, split)) as file:
            for stream, memory in zip(streams, write_memories(writer, streams), strict=True):
                file.write(json.dumps({"stream": stream.id, **memory_as_json(memory)}) + "\n")


def read_memories(run: RunFolder, split: Split, streams: Sequence[Stream]) -> list[StoredByQuestion] | None:
    """Return what `keep_memories` kept of the streams, in their order; None if the run has no such memory.

    Args:
        run: Its folder.
        split: Of the streams.
        streams: The first ones of the split, or all of them.

    Raises:
        DataError: If the file is missing or damaged or of other streams.
    """
    if run.config.episode.written_by is None:
        return None
    path = _file(run, split)
    try:
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()[: len(streams)]]
        if [line["stream"] for line in lines] != [stream.id for stream in streams]:
            raise ValueError("other stream ids")
        return [memory_from_json(line) for line in lines]
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise DataError(
            f"{path} is missing, damaged or of other streams ({error}); remove {path.parent}, and the memory "
            "is written anew."
        ) from error


def _file(run: RunFolder, split: Split) -> Path:
    return run.path / FOLDER / f"{split}.jsonl"
