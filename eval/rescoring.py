"""Recorded episodes scored again, by another metric, answerer or judge, without running the policy."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from memdojo.agents.baselines.oracles import EmptyRetriever
from memdojo.agents.baselines.registry import NamedRetriever, list_baselines, list_retriever_baselines
from memdojo.agents.graders.judging import Judging
from memdojo.envs.answering import Answer, Answerer, AnswerRequest
from memdojo.envs.episodes.archive import Granularity
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.limits import UNLIMITED
from memdojo.envs.streams.chunking import rechunk
from memdojo.envs.types import Stream
from memdojo.errors import ConfigError

from .playing.evaluate import Evaluation, EvaluationTables
from .playing.judged import judged_episodes
from .playing.resuming import answer_again
from .playing.settings import EvalSettings
from .records.files import EpisodeFile, read_conditions, read_episodes, read_streams
from .records.types import EpisodeRecord
from .report import EvalReport, make_report
from .statistics.bootstrap import NUM_RESAMPLES


def rescore(
    folder: str | Path,
    *,
    score: str = "",
    answerer: Answerer | None = None,
    judge: Judging | None = None,
    out: str | Path | None = None,
    num_resamples: int = NUM_RESAMPLES,
    reference: str | None = None,
    **changes: Any,
) -> EvalReport:
    """Evaluate the episodes that a folder has, without playing them.

    Args:
        folder: What `run_evaluation(..., folder=...)` or `memdojo eval --out` wrote.
        score: The column that counts, as for `EvalSettings`.
        answerer: Answers all questions anew, from what was retrieved for them when they were played, those of
            answer agents included; None keeps the answers.
        judge: Gives all answers a new verdict; None keeps the verdicts.
        out: Where the episodes are recorded with their new answers and verdicts; needs not be given.
        num_resamples: How many resamples an interval takes.
        reference: What the paired table subtracts; None takes the best baseline beside the oracle.
        changes: Further settings that only read episodes: `ranks`, `failed_below`.

    Raises:
        DataError: If the folder has no recorded episodes.
        ConfigError: If the settings make no sense, or `out` has episodes with other answers.
    """
    streams, conditions = read_streams(folder), read_conditions(folder)
    settings = recorded_settings(folder, score=score, answerer=answerer, **changes)
    contexts = _Contexts(streams)
    file = None
    if out is not None and (answerer is not None or judge is not None):
        _require_other_folder(folder, out)
        file = EpisodeFile(out, conditions | _new_conditions(answerer, judge), streams)
    judged = judge is not None or (answerer is None and conditions.get("judge") is not None)
    tables = EvaluationTables(settings, settings.chosen_score(streams, judged=judged), judged=judged)
    for record in _episodes(folder, contexts, answerer, judge):
        tables.add(contexts.of(record), record)
        if file is not None:
            file.add(record)
    evaluation = tables.evaluation({*list_baselines(), *list_retriever_baselines()})
    seed = int(conditions["seed"])
    report = make_report(
        evaluation, settings, streams, seed=seed, num_resamples=num_resamples, reference=reference
    )
    # Where settings are names of what is not at hand, the recorded ones say more.
    kept = {name: value for name, value in conditions.items() if name not in ("answerer", "seed")}
    report.details["settings"] |= kept | _new_conditions(answerer, judge)
    return report


def recorded_evaluation(folder: str | Path, score: str) -> Evaluation:
    """Return the tables of the episodes that a folder has, with the answers and verdicts that they have.

    Args:
        folder: As for `rescore`, or the `trajectories/` of a run, which do not say who answered.
        score: The column that counts.

    Raises:
        DataError: If the folder has no recorded episodes.
    """
    contexts = _Contexts(read_streams(folder))
    tables = EvaluationTables(recorded_settings(folder), score)
    for record in read_episodes(folder):
        tables.add(contexts.of(record), record)
    return tables.evaluation({*list_baselines(), *list_retriever_baselines()})


def recorded_settings(
    folder: str | Path, *, score: str = "", answerer: Answerer | None = None, **changes: Any
) -> EvalSettings:
    """Return the settings under which the episodes of a folder were played, with another score or answerer.

    Without an answerer, retriever and answerer stand for their names alone: they cannot be asked.

    Raises:
        DataError: If the folder has no recorded episodes.
        ConfigError: If the settings make no sense.
    """
    conditions = read_conditions(folder)
    fingerprint = conditions["answerer"]
    if answerer is None and fingerprint is not None:
        answerer = _RecordedAnswerer(str(fingerprint))
    known = {field.name for field in dataclasses.fields(EvalSettings)} - _NAMED
    limits: dict[str, Any] = {name: value for name, value in conditions.items() if name in known}
    if limits.get("token_share") == UNLIMITED:
        limits["token_share"] = math.inf
    return EvalSettings(
        **limits,
        granularity=Granularity(conditions["granularity"]),
        retriever=NamedRetriever.of(str(conditions["retriever"]), EmptyRetriever()),
        answerer=answerer,
        score=score,
        **changes,
    )


_NAMED = frozenset({"retriever", "answerer", "granularity", "memories", "judge"})
"""Settings that stand in the conditions by their names alone."""


class _RecordedAnswerer:
    """Stands in for the answerer that gave the recorded answers."""

    def __init__(self, fingerprint: str) -> None:
        self.fingerprint = fingerprint

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        return [Answer(None, "only recorded answers are at hand") for _ in requests]


class _Contexts:
    """Streams as they were cut for each policy, analysed once."""

    def __init__(self, streams: Sequence[Stream]) -> None:
        self._streams = {stream.id: stream for stream in streams}
        self._known: dict[tuple[str, int | None], StreamContext] = {}

    def of(self, record: EpisodeRecord) -> StreamContext:
        key = record.stream, record.turns_per_chunk
        if key not in self._known:
            stream, size = self._streams[record.stream], record.turns_per_chunk
            self._known[key] = StreamContext(stream if size is None else rechunk(stream, size))
        return self._known[key]


def _episodes(
    folder: str | Path, contexts: _Contexts, answerer: Answerer | None, judge: Judging | None
) -> Iterator[EpisodeRecord]:
    for record in read_episodes(folder):
        if answerer is not None:
            record = answer_again(record, contexts.of(record), answerer)
        if judge is not None:
            (record,) = judged_episodes([_without_verdicts(record)], judge, None)
        yield record


def _without_verdicts(record: EpisodeRecord) -> EpisodeRecord:
    steps = []
    for step in record.steps:
        questions = tuple(dataclasses.replace(question, verdict=None) for question in step.outcome.questions)
        steps.append(step.with_outcomes(questions))
    return dataclasses.replace(record, steps=tuple(steps))


def _new_conditions(answerer: Answerer | None, judge: Judging | None) -> dict[str, object]:
    new: dict[str, object] = {}
    if answerer is not None:
        # Verdicts were about the answers before.
        new = {"answerer": answerer.fingerprint, "judge": None}
    return new if judge is None else new | {"judge": judge.fingerprint}


def _require_other_folder(folder: str | Path, out: str | Path) -> None:
    if Path(folder).expanduser().resolve() == Path(out).expanduser().resolve():
        raise ConfigError(
            f"{out} has the recorded answers, which new ones would replace; choose another folder for them."
        )
