"""The choice of episodes for the memory theatre, and the cuts that keep the page small."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from memdojo.agents.baselines.registry import UPPER_BOUND
from memdojo.envs.memory.operations import appearance_of, operation_kinds

from ..records.files import read_episodes, read_streams
from ..records.types import EpisodeRecord
from .escaping import json_for_script
from .sources import (
    EvaluationPart,
    TrainingPart,
    conditions_of,
    first_episodes,
    streams_of,
    verdicts_of,
    verdicts_of_training,
)
from .theatre import EpisodeBlock, StreamPart, Verdict, episode_block

_ELEMENT_BYTES = 120
"""At most what a block takes beside its JSON: its element and its line in the index."""
_FIRST, _ORACLE, _OTHERS, _TRAINING = _RANKS = range(4)
"""In which order episodes are kept; learned policies and the best baseline of an evaluation are the first."""


@dataclass(slots=True)
class _Candidate:
    """An episode that could be shown."""

    name: str
    is_learned: bool
    rank: int
    block: EpisodeBlock
    failed: int
    asked: int


@dataclass(slots=True)
class _Episodes:
    """A stream with the episodes on it."""

    label: str
    part: StreamPart
    candidates: list[_Candidate] = field(default_factory=list)
    shown: list[_Candidate] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Stage:
    """What the theatre shows.

    Attributes:
        index: What there is to choose from, in plain values; names blocks by their ids.
        blocks: JSON of the streams and episodes, escaped for a script element, by id.
        left_out: Sentences that say what is not there, and why.
    """

    index: dict[str, Any]
    blocks: Mapping[str, str]
    left_out: tuple[str, ...] = ()


def set_stage(
    parts: Sequence[EvaluationPart],
    num_streams: int,
    max_bytes: int,
    trainings: Sequence[TrainingPart] = (),
) -> Stage:
    """Choose and encode the episodes of evaluations and trainings.

    Of each evaluation the first `num_streams` streams are taken, and of each policy its first episode on
    them; of each training its first `num_streams` recorded ones. Learned policies and the best baseline come
    first, on all streams, then the oracle, then all others, and what a training recorded last; an episode
    that would take the blocks beyond `max_bytes` is left out. A baseline that several evaluations have played
    under the same conditions is shown once.

    Args:
        parts: The evaluations; those without episodes are passed over.
        num_streams: Streams of each.
        max_bytes: Bytes of all blocks together.
        trainings: Episodes that trainings recorded.
    """
    scenes: list[_Episodes] = []
    beyond = 0
    seen: list[tuple[dict[str, Any], EvaluationPart]] = []
    for part in parts:
        if not part.has_episodes:
            continue
        streams = streams_of(part)
        beyond += max(0, len(streams) - num_streams)
        known = _scenes_of(streams[:num_streams], scenes, part.name)
        conditions = conditions_of(part)
        repeated = {
            name
            for before, other in seen
            if before == conditions
            for name in part.folder.baselines
            if name in other.policies
        }
        _add_evaluated(part, known, repeated)
        seen.append((conditions, part))
    for training in trainings:
        streams = read_streams(training.folder)
        beyond += max(0, len(streams) - num_streams)
        _add_trained(training, _scenes_of(streams[:num_streams], scenes, training.name))
    missing = _choose(scenes, max_bytes)
    return _finish(scenes, _left_out(beyond, num_streams, missing, max_bytes))


def _scenes_of(streams: Sequence[Any], scenes: list[_Episodes], name: str) -> dict[str, _Episodes]:
    """Return the scene of each stream of the part `name`, that of an earlier part where it is the same."""
    known = {}
    for stream in streams:
        same = [scene for scene in scenes if scene.part.stream == stream]
        taken = any(scene.label == stream.id for scene in scenes)
        if not same:
            label = f"{stream.id} ({name})" if taken else stream.id
            same = [_Episodes(label, StreamPart(stream))]
            scenes += same
        known[stream.id] = same[0]
    return known


def _add_evaluated(part: EvaluationPart, known: Mapping[str, _Episodes], repeated: set[str]) -> None:
    """Add a candidate for each policy and stream, but for those that are there already."""
    verdicts = verdicts_of(part)
    for record in first_episodes(part):
        scene = known.get(record.stream)
        if scene is None or record.policy in repeated or record.policy not in part.policies:
            continue
        found = verdicts.get((record.policy, record.repetition, record.stream), {})
        names = {candidate.name for candidate in scene.candidates}
        name = f"{record.policy} ({part.name})" if record.policy in names else record.policy
        is_learned = record.policy in part.learned
        is_first = is_learned or record.policy == part.reference
        rank = _FIRST if is_first else _ORACLE if record.policy == UPPER_BOUND else _OTHERS
        scene.candidates.append(_candidate(scene.part, record, found, name, rank, is_learned=is_learned))


def _add_trained(training: TrainingPart, known: Mapping[str, _Episodes]) -> None:
    """Add a candidate for each recorded update and stream."""
    if not known:
        return
    verdicts = verdicts_of_training(training)
    for record in read_episodes(training.folder):
        scene = known.get(record.stream)
        if scene is None:
            continue
        found = verdicts.get((record.policy, record.repetition, record.stream), {})
        name = f"{training.name}, {record.policy}"
        scene.candidates.append(_candidate(scene.part, record, found, name, _TRAINING, is_learned=True))


def _candidate(
    stream: StreamPart,
    record: EpisodeRecord,
    found: Mapping[str, Verdict],
    name: str,
    rank: int,
    *,
    is_learned: bool,
) -> _Candidate:
    failed = sum(bool(verdict.blame) for verdict in found.values())
    asked = sum(len(step.questions) for step in record.steps)
    return _Candidate(name, is_learned, rank, episode_block(record, stream, found), failed, asked)


def _choose(scenes: Sequence[_Episodes], max_bytes: int) -> int:
    """Fill the scenes in the order of the ranks; return how many episodes did not fit."""
    left, missing = max_bytes, 0
    for rank in _RANKS:
        for scene in scenes:
            for candidate in [each for each in scene.candidates if each.rank == rank]:
                cost = _bytes(candidate.block.plain()) + _bytes(scene.part.new_texts(candidate.block))
                # Places among the texts of the whole stream have more digits.
                cost += 5 * len(candidate.block.entries)
                cost += 0 if scene.shown else _bytes(scene.part.plain())
                if cost > left:
                    missing += 1
                    continue
                left -= cost
                scene.part.add(candidate.block)
                scene.shown.append(candidate)
    return missing


def _bytes(value: Any) -> int:
    return len(json_for_script(value).encode()) + _ELEMENT_BYTES


def _finish(scenes: Sequence[_Episodes], left_out: tuple[str, ...]) -> Stage:
    index, blocks = [], {}
    kinds: set[str] = set()
    for place, scene in enumerate(scene for scene in scenes if scene.shown):
        id = f"stream-{place}"
        blocks[id] = json_for_script(scene.part.plain())
        episodes = []
        for number, candidate in enumerate(scene.shown):
            block = f"{id}-{number}"
            blocks[block] = json_for_script(candidate.block.plain())
            kinds |= candidate.block.kinds
            episodes.append(
                {
                    "name": candidate.name,
                    "block": block,
                    "failed": candidate.failed,
                    "asked": candidate.asked,
                    "learned": candidate.is_learned,
                }
            )
        index.append({"label": scene.label, "block": id, "episodes": episodes})
    shown = {kind: appearance_of(kind) for kind in operation_kinds(kinds) if kind in kinds}
    return Stage({"streams": index, "kinds": shown}, blocks, left_out)


def _left_out(beyond: int, num_streams: int, missing: int, max_bytes: int) -> tuple[str, ...]:
    told = []
    if beyond:
        told.append(
            f"{beyond} more streams were evaluated; the theatre takes the first {num_streams} of an "
            "evaluation or training (--streams)."
        )
    if missing:
        told.append(
            f"{missing} episodes were left out to keep the file below its limit ({max_bytes / 1e6:.1f} MB "
            "for recorded episodes). Learned policies and the best baseline come first, then the oracle, "
            "then the others, and what a training recorded last."
        )
    return tuple(told)
