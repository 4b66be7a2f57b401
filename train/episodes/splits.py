"""The training and validation streams of a run, and the record of them that its checkpoints keep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from itertools import chain, combinations
from pathlib import Path

from memdojo.envs.streams.chunking import rechunk
from memdojo.envs.streams.registry import load_mixture, load_streams
from memdojo.envs.streams.splits import check_no_leak
from memdojo.envs.types import Stream
from memdojo.errors import ConfigError
from memdojo.rewards.grading import OFFICIAL, needs_judge

from ..checkpoints.compact import TrainedOn
from ..config.run import TrainConfig
from ..config.tables import Split, StreamsConfig
from ..runs.streams_record import record_streams, source_label


def load_splits(config: TrainConfig, run: Path | None = None) -> dict[Split, list[Stream]]:
    """Load the training and validation streams, cut for the task, and check all splits for leaks.

    Args:
        config: The run.
        run: Its folder, which keeps what the streams were; None to compare them with nothing.

    Raises:
        LeakError: If two splits share a group.
        ConfigError: If the answers to some questions want a judge and there is none, or the streams are not
            those with which the run began.
    """
    splits: dict[Split, list[Stream]] = {}
    for split in ("train", "validation", "test"):
        if config.streams.specs(split):
            splits[split] = load_split(config.streams, split)
    # A checkpoint that was chosen on the test streams has seen them, too.
    for seen, held_out in combinations(("train", "validation", "test"), 2):
        if seen in splits and held_out in splits:
            check_no_leak(splits[seen], splits[held_out])
    if run is not None:
        record_streams(run, _by_source(config.streams, splits))
    splits.pop("test", None)
    _check_judged(config, chain.from_iterable(splits.values()))
    size = config.turns_per_chunk
    return {
        split: [stream if size is None else rechunk(stream, size) for stream in streams]
        for split, streams in splits.items()
    }


def _check_judged(config: TrainConfig, streams: Iterable[Stream]) -> None:
    """Refuse questions whose own metric is a judge's verdict, if that metric counts and there is no judge."""
    if config.judge.kind != "none" or OFFICIAL not in {*config.reward, config.evaluation.metric}:
        return
    for stream in streams:
        for question in stream.questions:
            if needs_judge(question.metric):
                raise ConfigError(
                    f"question {question.id!r} of stream {stream.id!r} is graded by {question.metric}, a "
                    "judge's verdict, and judge.kind is 'none'; name a judge, or pay another metric than "
                    "official."
                )


def _by_source(config: StreamsConfig, splits: Mapping[Split, Sequence[Stream]]) -> dict[str, list[Stream]]:
    sources: dict[str, list[Stream]] = {}
    for split, streams in splits.items():
        specs = config.specs(split)
        for spec in specs:
            label = source_label(split, spec, config.load_options(split, spec))
            # In a mixture the source of a stream is the spec of its part.
            sources[label] = [each for each in streams if len(specs) == 1 or each.source == spec]
    return sources


def load_split(streams: StreamsConfig, split: Split) -> list[Stream]:
    """Load the streams of one split, which may be a mixture."""
    spec = getattr(streams, split)
    if isinstance(spec, str):
        return load_streams(spec, **streams.load_options(split))
    return load_mixture(streams.specs(split), lambda part: streams.load_options(split, part))


def trained_on(config: TrainConfig, splits: Mapping[Split, Sequence[Stream]]) -> TrainedOn:
    """Return how a run trains its policy, for its checkpoints."""

    def groups(split: Split) -> tuple[str, ...]:
        return tuple(sorted({stream.group for stream in splits.get(split, ())}))

    return TrainedOn(
        config_name=config.name,
        streams=config.streams.train_name,
        groups=groups("train"),
        validation_groups=groups("validation"),
        seed=config.seed,
        algorithm=config.algorithm.name,
        max_entries=config.episode.max_entries,
        capacity_share=config.episode.capacity_share,
        token_share=config.episode.token_share,
        tokenizer=config.episode.tokenizer,
        memory=config.episode.written_by or "",
        retriever=config.episode.retriever,
        max_core_tokens=config.episode.max_core_tokens,
        top_k=config.episode.top_k,
        granularity=config.episode.granularity,
        memdojo_version=version("memdojo"),
    )
