"""An evaluation that is all set: what is played, on which streams, under which settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TextIO, TypedDict

import pandas as pd

from memdojo.agents.baselines.registry import list_baselines
from memdojo.agents.policy import ManagerPolicy
from memdojo.envs.episodes.limits import describe_limits
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.episodes.written_memory import WrittenMemories
from memdojo.envs.streams.generated import GENRES
from memdojo.envs.streams.registry import load_streams
from memdojo.envs.types import Stream
from memdojo.errors import ConfigError
from memdojo.eval.compare import EvaluationFolder
from memdojo.eval.playing.evaluate import Progress
from memdojo.eval.playing.settings import EvalSettings
from memdojo.eval.records.files import EpisodeFolder
from memdojo.eval.report import EvalReport
from memdojo.eval.run import check_unseen, embedders_of, run_evaluation
from memdojo.eval.sweeps.curves import curve_grid, evaluate_capacities, evaluate_lengths, front_grid
from memdojo.eval.tables.conditions import weak_yardsticks
from memdojo.eval.tables.render import Grid, print_grids
from memdojo.train.checkpoints.loading import Learned, load_learned
from memdojo.train.checkpoints.trust import Trust, reached_by_table, require_trust, root_of
from memdojo.train.config.name_or_path import named_path
from memdojo.train.config.run import TrainConfig
from memdojo.train.config.tables import EpisodeConfig
from memdojo.train.runs.streams_record import changed_since, source_label

from .choices import EvalChoices, settle
from .targets import Target, Targets, find_targets, reached_by_training, require_held_out

if TYPE_CHECKING:
    from memdojo.train.checkpoints.compact import TrainedOn


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """The same policies evaluated at several points.

    Attributes:
        table: One row per point and policy, as `evaluate_capacities` and `evaluate_lengths` of
            `memdojo.eval.sweeps.curves` explain.
        grids: The tables as people read them.
    """

    table: pd.DataFrame
    grids: tuple[Grid, ...]

    def print(self, file: TextIO | None = None) -> None:
        """Print the tables, to standard output unless told otherwise."""
        print_grids(self.grids, file)


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """Streams to evaluate on.

    Attributes:
        streams: The streams.
        spec: Where they come from; "" if they were given as objects.
        options: Of the source.
    """

    streams: tuple[Stream, ...]
    spec: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class PreparedEvaluation:
    """What `prepare` returns.

    Attributes:
        targets: What is evaluated.
        held_out: On which streams.
        settings: What is the same for all.
        choices: What was asked for.
        notes: Sentences about what a reader of the scores should know.
    """

    targets: Targets
    held_out: HeldOut
    settings: EvalSettings
    choices: EvalChoices
    notes: tuple[str, ...]

    def heading(self, capacities: Sequence[float] = ()) -> str:
        """Return one line about what is evaluated, and how.

        Args:
            capacities: The stores of `over_capacities`, if that is what follows.
        """
        streams, settings, task = self.held_out.streams, self.settings, self.targets.task
        num_questions = sum(len(stream.questions) for stream in streams)
        store = describe_limits(settings.as_json())
        if capacities:
            store = f"stores of {','.join(f'{share:g}' for share in capacities)} of the turns and tokens"
        under = f", {store}" if task == "manager" else ""
        if settings.memories is not None:
            under = f", over what {settings.memories.name} wrote"
        ranked = "sessions" if task == "retriever" and settings.granularity == "session" else "entries"
        return (
            f"{task}s on {self.held_out.spec or 'the given streams'}: {len(streams)} streams of "
            f"{len({stream.group for stream in streams})} groups, {num_questions} questions{under}, answers "
            f"from {settings.top_k} {ranked}"
        )

    def run(
        self,
        out: str | Path | None = None,
        *,
        progress: Progress | None = None,
        replace_others: bool = False,
    ) -> EvalReport:
        """Play, and sum up.

        Args:
            out: Folder for the tables and for every episode as soon as it was played. What is recorded there
                already is not played again.
            progress: Called after each batch of episodes.
            replace_others: Remove episodes that were recorded under other conditions instead of refusing
                them.

        Raises:
            ConfigError: If a policy's name occurs twice, or the folder has episodes of other conditions.
            UnknownNameError: If no policy is called as the reference is.
            DataError: If there is no clean evaluation where one is named.
        """
        clean = None if self.choices.clean is None else EvaluationFolder.read(self.choices.clean).questions
        report = run_evaluation(
            self.targets.policies(),
            self.held_out.streams,
            self.settings,
            folder=self._folder(out, replace_others=replace_others),
            progress=progress,
            **self._how(),
        )
        report = dataclasses.replace(report, clean=clean)
        if out is not None:
            report.write(out)
        return report

    def over_capacities(
        self, shares: Sequence[float], out: str | Path | None = None, *, progress: Progress | None = None
    ) -> Curve:
        """Evaluate managers at several sizes of the store: the score that a budget buys.

        Args:
            shares: Entries of the store, as shares of each stream's turns.
            out: Keeps each point's evaluation in a folder of its own, `capacity-SHARE`, and `capacities.csv`.
            progress: Called after each batch of episodes.

        Raises:
            ConfigError: If retrievers are evaluated, or there is no share.
        """
        if self.targets.task != "manager":
            raise ConfigError(
                "a curve over capacities (--capacities) is for managers: retrievers have no store to fill."
            )
        table = evaluate_capacities(
            self.targets.managers(),
            self.held_out.streams,
            self.settings,
            shares,
            folder=self._folder(out),
            progress=progress,
            **self._how(),
        )
        score = self.settings.chosen_score(self.held_out.streams)
        return Curve(table, (curve_grid(table, score), front_grid(table, score)))

    def over_lengths(
        self, factors: Sequence[int], out: str | Path | None = None, *, progress: Progress | None = None
    ) -> Curve:
        """Evaluate policies on ever longer generated streams, under a store that does not grow.

        Args:
            factors: How many times as long.
            out: Keeps each point's evaluation in a folder of its own, `length-FACTOR`, and `lengths.csv`.
            progress: Called after each batch of episodes.

        Raises:
            ConfigError: If the streams are not generated, or there is no factor.
        """
        spec, options = self.held_out.spec, self.held_out.options
        genre = GENRES.get(spec.partition(":")[0])
        if genre is None:
            raise ConfigError(
                f"a curve over lengths (--lengths) makes longer streams, and {spec or 'the given streams'} "
                f"are not generated; use those of {' or '.join(GENRES)}, such as synthetic:test."
            )
        num_sessions = options.get("num_sessions", genre.defaults.num_sessions)

        def load(factor: int) -> list[Stream]:
            return load_streams(spec, **dict(options) | {"num_sessions": factor * num_sessions})

        table = evaluate_lengths(
            self.targets.policies(),
            load,
            self.settings,
            factors,
            folder=self._folder(out),
            progress=progress,
            **self._how(),
        )
        return Curve(table, (curve_grid(table, self.settings.chosen_score(load(1))),))

    def _how(self) -> _How:
        reference = self.choices.reference
        return {
            "seed": self.choices.seed,
            "reference": None if reference is None else self.targets.name_of(reference),
            "num_resamples": self.choices.num_resamples,
        }

    def _folder(self, out: str | Path | None, *, replace_others: bool = False) -> EpisodeFolder | None:
        if out is None:
            return None
        return EpisodeFolder(out, self.targets.fingerprints(), replace_others)


class _How(TypedDict):
    seed: int
    reference: str | None
    num_resamples: int


def prepare(
    targets: Target | Sequence[Target],
    streams: str | Sequence[Stream] | None = None,
    choices: EvalChoices | None = None,
    *,
    stream_options: Mapping[str, Any] | None = None,
    trust_run: bool = False,
) -> PreparedEvaluation:
    """Find out what is evaluated and how; the arguments and errors are those of `memdojo.evaluate`."""
    choices = choices or EvalChoices()
    given = [targets] if isinstance(targets, str | Path) or not isinstance(targets, Sequence) else targets
    found = find_targets(given, choices.task, trust_run=trust_run, roles=choices.roles)
    if not trust_run:
        _require_trust(found, choices)
    configs = [each.config for each in found.learned if each.config is not None]
    held_out = _held_out(configs, streams, stream_options or {})
    return prepare_found(found, configs, held_out, choices, Trust.of_run(trust_run))


def _require_trust(targets: Targets, choices: EvalChoices) -> None:
    """Refuse runs that reach outside of themselves in what was not chosen.

    Raises:
        ConfigError: With what they reach.
    """
    for each in targets.learned:
        reached = reached_by_training(
            [each],
            retriever=choices.retriever is None,
            memory=choices.memory is None,
            tokenizer=choices.tokenizer is None,
        )
        root = root_of(each.path)
        if each.config is not None and choices.answerer is None:
            reached += reached_by_table("answerer", each.config.answerer, root)
        if each.config is not None and choices.judge is None:
            reached += reached_by_table("judge", each.config.judge, root)
        require_trust(
            root,
            reached,
            instead="choose another answerer, judge or tokenizer (--answerer, --judge, --tokenizer)",
        )


def prepare_found(
    targets: Targets,
    configs: Sequence[TrainConfig],
    held_out: HeldOut,
    choices: EvalChoices,
    trust: Trust,
) -> PreparedEvaluation:
    """Do what `prepare` does once targets, streams and the configurations of the runs are known, and trusted.

    Raises:
        ConfigError: As `settle`.
        LeakError: If a stream is of a training group.
    """
    trust_run = trust is not Trust.NONE
    settings = settle(choices, targets, configs, trust)
    written = _choose_memory(targets, choices)
    answering = configs if choices.answerer is None else ()
    frozen = _frozen(answering, written, trust_run=trust_run)
    notes = require_held_out((*targets.learned, *frozen), held_out.streams)
    notes += _notes_about_data(targets.learned, held_out)
    check_unseen(choices.training_groups, held_out.streams)
    if written is not None:
        settings = dataclasses.replace(
            settings, memories=written.memories(held_out.streams, trust_run=trust_run)
        )
    notes += _notes_about(targets, settings, held_out.streams)
    return PreparedEvaluation(targets, held_out, settings, choices, tuple(notes))


def _notes_about_data(learned: Sequence[Learned], held_out: HeldOut) -> list[str]:
    """Return a sentence for each run whose record of these streams says that they have changed."""
    label = source_label("test", held_out.spec, held_out.options)
    # A checkpoint lies in the folder `checkpoints` of its run, or of a round; of others there is no record.
    runs = dict.fromkeys(each.path.resolve().parent.parent for each in learned)
    changes = (changed_since(run, label, held_out.streams) for run in runs)
    return [change for change in changes if change]


def _notes_about(targets: Targets, settings: EvalSettings, streams: Sequence[Stream]) -> list[str]:
    """Return what a reader of the scores should know of the yardsticks beside them."""
    notes = []
    if not any(question.evidence for stream in streams for question in stream.questions):
        notes.append(
            "no question of these streams names its evidence: the oracle plays as if it knew nothing, and is "
            "no upper bound."
        )
    if weak := weak_yardsticks(embedders_of(targets.policies(), settings)):
        notes.append(weak)
    return notes


def load_test_streams(config: TrainConfig, options: Mapping[str, Any] = MappingProxyType({})) -> HeldOut:
    """Return the test streams of a run.

    Args:
        config: The run.
        options: Of the source, in place of the run's or beside them.

    Raises:
        ConfigError: If it has none.
    """
    spec = config.streams.test
    if spec is None:
        raise ConfigError(
            f"the run {config.name} has no streams.test; name streams, such as --streams locomo:test."
        )
    return _load(spec, config.streams.load_options("test") | dict(options))


@dataclass(frozen=True, slots=True)
class _Written:
    """Who wrote a memory, and with what limits; none among them means its own."""

    writer: str | Path | ManagerPolicy
    limits: EpisodeConfig

    @property
    def folder(self) -> Path | None:
        """Of its checkpoint, if it has one."""
        if not isinstance(self.writer, str | Path):
            return None
        return named_path(self.writer, "manager baseline", list_baselines())

    def memories(self, streams: Sequence[Stream], *, trust_run: bool) -> WrittenMemories:
        """Return what it leaves of the streams, which it plays now."""
        # What writes memories needs torch, and few evaluations need what writes memories.
        from memdojo.train.episodes.memories import Writer, load_writer, write_memories

        if isinstance(self.writer, str | Path):
            name, writer = str(self.writer), load_writer(self.writer, self.limits, trust_run=trust_run)
        else:
            rules = EpisodeRules(capacity=self.limits.capacity)
            name, writer = self.writer.name, Writer(self.writer, rules)
        memories = write_memories(writer, streams)
        return WrittenMemories(name, {s.id: memory for s, memory in zip(streams, memories, strict=True)})


def _choose_memory(targets: Targets, choices: EvalChoices) -> _Written | None:
    """Return whose memory was asked for, else the one that the checkpoints were trained over."""
    if targets.task == "manager":
        if choices.memory is not None:
            raise ConfigError(
                f"the memory is that of {choices.memory!r} (--memory), but managers write their own; leave "
                "it out."
            )
        return None
    if choices.memory is not None:
        return _Written(choices.memory, _limits(choices))
    known = {_Written(each.training.memory, _limits(each.training)) for each in targets.learned}
    if len(known) > 1:
        raise ConfigError(
            "the checkpoints were trained over different memories; choose one by memory (--memory)."
        )
    written = known.pop() if known else None
    if written is None or not written.writer:
        return None
    limits = _limits(choices)
    return _Written(written.writer, limits) if limits.has_limits else written


def _limits(of: EvalChoices | TrainedOn) -> EpisodeConfig:
    return EpisodeConfig(
        max_entries=of.max_entries,
        capacity_share=of.capacity_share,
        token_share=of.token_share,
        tokenizer=of.tokenizer,
    )


def _frozen(configs: Sequence[TrainConfig], written: _Written | None, *, trust_run: bool) -> list[Learned]:
    """Return the checkpoints that have a part in an evaluation without being what is evaluated."""
    answering = (each.answerer.trained_folder for each in configs)
    folders = {Path(folder) for folder in answering if folder is not None}
    if written is not None and written.folder is not None:
        folders.add(written.folder)
    return [load_learned(folder, trust_run=trust_run) for folder in sorted(folders)]


def _held_out(
    configs: Sequence[TrainConfig], streams: str | Sequence[Stream] | None, options: Mapping[str, Any]
) -> HeldOut:
    """Return the streams asked for, else the test streams of the only run."""
    if isinstance(streams, str):
        return _load(streams, options)
    if streams is not None:
        if options:
            raise ConfigError(
                f"stream_options are {dict(options)}, but the streams are given; leave the options out."
            )
        return HeldOut(tuple(streams))
    tests = {(config.streams.test, repr(config.streams.load_options("test"))) for config in configs}
    if len(tests) != 1:
        why = "the runs have different test streams" if tests else "no run is among the targets"
        raise ConfigError(f"no streams are named and {why}; name them, such as --streams synthetic:test.")
    return load_test_streams(configs[0], options)


def _load(spec: str, options: Mapping[str, Any]) -> HeldOut:
    return HeldOut(tuple(load_streams(spec, **options)), spec, options)
