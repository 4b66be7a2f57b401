"""`evaluate_manager` and `evaluate_retriever`: policies played on held-out streams, their results in
tables.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
import pandas as pd

from memdojo.agents.baselines.registry import (
    LOWER_BOUND,
    UPPER_BOUND,
    NamedRetriever,
    list_baselines,
    list_retriever_baselines,
    make_baseline,
    make_retriever_baseline,
)
from memdojo.agents.policy import ManagerPolicy, release_models
from memdojo.envs.answering import Answerer
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.memory.operations import operation_kinds
from memdojo.envs.streams.chunking import rechunk
from memdojo.envs.types import Stream
from memdojo.errors import ConfigError

from ..records.files import EpisodeFile
from ..records.types import EpisodeRecord
from .episodes import Played, Start, play_managers, play_retrievers
from .findings import QUESTION_KEY, Findings, FindingsCollector
from .judged import judged_episodes
from .missing import UNSCORED, count_missing
from .result_rows import (
    Row,
    answer_metrics,
    depth_of,
    evidence_metrics,
    metric_columns,
    occurring_kinds,
    operation_row,
    question_rows,
)
from .resuming import played_episodes
from .settings import EvalSettings

Progress = Callable[[str, int, int], None]
"""Called with the policy's name, the number of episodes played so far, and of all."""


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What an evaluation measured, before any averaging.

    Attributes:
        questions: One row per policy, stream, seed and question; docs/evaluation.md explains the columns.
        streams: One row per policy, stream and seed.
        score: The column of `questions` that counts; its values are repeated in the column `score`.
        baselines: Names of the policies that are hand-made, the bounds included.
        metrics: The columns of `questions` that hold scores, `score` itself left out.
        findings: Why questions failed, how operations went with the plan, how the memory grew.
    """

    questions: pd.DataFrame
    streams: pd.DataFrame
    score: str
    baselines: frozenset[str]
    metrics: tuple[str, ...]
    findings: Findings = field(default_factory=Findings)

    @property
    def policies(self) -> tuple[str, ...]:
        """Names of the policies in the order in which they were played."""
        return tuple(self.streams["policy"].unique())

    def of(self, policy: str) -> pd.DataFrame:
        """Return the rows of `questions` of one policy."""
        return self.questions[self.questions["policy"] == policy]


def evaluate_manager(
    policies: Sequence[ManagerPolicy],
    streams: Iterable[Stream],
    settings: EvalSettings | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    file: EpisodeFile | None = None,
    *,
    bounds: bool = True,
) -> Evaluation:
    """Play every policy on every stream; the no-op and the oracle join as bounds where they are missing.

    Args:
        policies: Managers of distinct names. One that is `stochastic` plays several episodes of a stream.
        streams: Held-out streams.
        settings: What is the same for all policies.
        seed: Seeds every episode, together with the stream's id and the number of the repetition.
        progress: Called after each batch of episodes.
        file: Where episodes are recorded. Those that it has already are not played again, and of these only
            the questions are asked whose answers are missing.
        bounds: Whether the bounds join.

    Raises:
        ConfigError: If there is no stream or question, or names or stream ids repeat.
    """
    settings = settings or EvalSettings()
    _require_distinct("policy name", [policy.name for policy in policies])
    named = _with_bounds(policies, make_baseline) if bounds else policies
    runs = [
        _Run(
            policy.name,
            policy.turns_per_chunk,
            _num_seeds(policy, settings),
            partial(play_managers, policy, settings=settings),
            partial(release_models, policy),
            settings.answerer,
        )
        for policy in named
    ]
    return _play_all(runs, list(streams), settings, seed, progress, list_baselines(), file)


def evaluate_retriever(
    retrievers: Sequence[NamedRetriever],
    streams: Iterable[Stream],
    settings: EvalSettings | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    file: EpisodeFile | None = None,
) -> Evaluation:
    """Rank all that was said, for every question; finding nothing and the oracle join as bounds.

    Args:
        retrievers: Retrievers of distinct names.
        streams: Held-out streams.
        settings: What is the same for all retrievers; its limits of a store and its retriever play no part.
        seed: Seeds retrievers that draw, together with the stream's id and the number of the repetition.
        progress: Called after each batch of episodes.
        file: Where episodes are recorded, as for `evaluate_manager`.

    Raises:
        ConfigError: If there is no stream or question, or names or stream ids repeat.
    """
    settings = settings or EvalSettings()
    _require_distinct("policy name", [retriever.name for retriever in retrievers])
    named = _with_bounds(retrievers, make_retriever_baseline)
    runs = [
        _Run(
            retriever.name,
            None,
            _num_seeds(retriever, settings),
            partial(play_retrievers, retriever, settings=settings),
            retriever.release,
            settings.answerer if retriever.answerer is None else retriever.answerer,
        )
        for retriever in named
    ]
    return _play_all(runs, list(streams), settings, seed, progress, list_retriever_baselines(), file)


class _Run(NamedTuple):
    """All episodes of one policy."""

    name: str
    turns_per_chunk: int | None
    num_seeds: int
    play: Callable[[Sequence[Start]], list[Played]]
    release: Callable[[], None]
    answerer: Answerer | None


def _play_all(
    runs: Sequence[_Run],
    streams: Sequence[Stream],
    settings: EvalSettings,
    seed: int,
    progress: Progress | None,
    known_baselines: Iterable[str],
    file: EpisodeFile | None,
) -> Evaluation:
    if not any(stream.questions for stream in streams):
        raise ConfigError(f"{len(streams)} streams have no question; give streams with questions.")
    _require_distinct("stream id", [stream.id for stream in streams])
    score = settings.chosen_score(streams)
    contexts = {size: _contexts(streams, size) for size in {run.turns_per_chunk for run in runs}}
    total, done = len(streams) * sum(run.num_seeds for run in runs), 0
    tables = EvaluationTables(settings, score)
    for run in runs:
        starts = _starts(contexts[run.turns_per_chunk], run.num_seeds, seed)
        for batch in _batches(starts, settings.batch_size):
            records = played_episodes(run.name, batch, run.turns_per_chunk, run.play, file, run.answerer)
            if settings.judge is not None:
                records = judged_episodes(records, settings.judge, file)
            for start, record in zip(batch, records, strict=True):
                tables.add(start.context, record)
            done += len(batch)
            if progress is not None:
                progress(run.name, done, total)
        # Before the next policy loads a model of its own.
        run.release()
    return tables.evaluation(known_baselines)


class EvaluationTables:
    """Gathers the rows of an evaluation, episode by episode.

    Args:
        settings: How the episodes were played.
        score: The column that counts.
        judged: Whether the answers have a judge's verdicts, although `settings` has no judge.
    """

    def __init__(self, settings: EvalSettings, score: str, *, judged: bool = False) -> None:
        self._ranks = settings.measured_ranks
        self._judged = judged or settings.judge is not None
        self._score = score
        self._questions: list[Row] = []
        self._episodes: list[Row] = []
        self._kinds: set[str] = set()
        self._max_unscored = settings.max_unscored
        self._findings = FindingsCollector(settings.failed_below, depth_of(score))

    def add(self, context: StreamContext, record: EpisodeRecord) -> None:
        """Take an episode."""
        key = {"policy": record.policy, "seed": record.repetition}
        rows = question_rows(context, record.outcome, self._ranks, self._score, judged=self._judged)
        self._questions += [key | row for row in rows]
        self._episodes.append(key | operation_row(context, record))
        self._kinds |= occurring_kinds(record)
        self._findings.add(context, record, rows)

    def evaluation(self, known_baselines: Iterable[str]) -> Evaluation:
        """Return all that was gathered.

        Args:
            known_baselines: Names of policies that are hand-made, the bounds included.
        """
        episodes = self._episode_table()
        baselines = frozenset(episodes["policy"]) & frozenset(known_baselines)
        metrics = metric_columns(self._ranks, self._score, judged=self._judged)
        questions = count_missing(
            pd.DataFrame(self._questions),
            self._score,
            answer_metrics(self._score, judged=self._judged),
            evidence_metrics(self._ranks, self._score),
            self._max_unscored,
            judged=self._judged,
        )
        counted = questions.loc[questions[UNSCORED] & questions["score"].notna(), list(QUESTION_KEY)]
        findings = self._findings.findings(frozenset(counted.itertuples(index=False, name=None)))
        return Evaluation(questions, episodes, self._score, baselines, metrics, findings)

    def _episode_table(self) -> pd.DataFrame:
        """Return the rows of the episodes; a kind of operations that some have is a column of all of them."""
        table = pd.DataFrame(self._episodes)
        kinds = [kind.lower() for kind in operation_kinds(self._kinds)]
        others = [column for column in table if column not in kinds]
        place = others.index("rejected")
        table = table[[*others[:place], *kinds, *others[place:]]]
        return table.fillna(dict.fromkeys(kinds, 0)).astype(dict.fromkeys(kinds, "int64"))


class _Named(Protocol):
    @property
    def name(self) -> str: ...


_NamedT = TypeVar("_NamedT", bound=_Named)


def _with_bounds(given: Sequence[_NamedT], make: Callable[[str], _NamedT]) -> list[_NamedT]:
    names = [policy.name for policy in given]
    return [*given, *(make(bound) for bound in (LOWER_BOUND, UPPER_BOUND) if bound not in names)]


def _require_distinct(kind: str, names: Sequence[str]) -> None:
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise ConfigError(f"{kind} {repeated[0]!r} occurs more than once; give each a name of its own.")


def _num_seeds(policy: ManagerPolicy | NamedRetriever, settings: EvalSettings) -> int:
    return settings.num_seeds if policy.stochastic else 1


def _contexts(streams: Sequence[Stream], turns_per_chunk: int | None) -> list[StreamContext]:
    if turns_per_chunk is not None:
        streams = [rechunk(stream, turns_per_chunk) for stream in streams]
    return [StreamContext(stream) for stream in streams]


def _starts(contexts: Sequence[StreamContext], num_seeds: int, seed: int) -> list[Start]:
    return [
        Start(context, repetition, _episode_seed(seed, context.stream.id, repetition))
        for repetition in range(num_seeds)
        for context in contexts
    ]


def _episode_seed(seed: int, stream_id: str, repetition: int) -> int:
    # Independent of which other streams there are, so that a subset gives the same rows.
    entropy = [seed, zlib.crc32(stream_id.encode()), repetition]
    return int(np.random.SeedSequence(entropy).generate_state(1)[0])


def _batches(starts: Sequence[Start], size: int) -> list[Sequence[Start]]:
    return [starts[begin : begin + size] for begin in range(0, len(starts), size)]
