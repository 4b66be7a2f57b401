"""The recorder, which watches episodes while they are played and writes down what happens."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence

from memdojo.agents.policy import (
    Choice,
    ExplainsChoices,
    ExplainsDecisions,
    ExplainsReading,
    FallsBack,
    MadeDecision,
    ManagerPolicy,
    Option,
    ReportsCompletions,
)
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.retrieval import RetrievalEpisode
from memdojo.envs.memory.retrieval.protocol import Retriever, SaysWhatItRanks, Search
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.types import Hit, MemoryEntry, Operation, OperationResult, Question
from memdojo.errors import RoleError, cut_short
from memdojo.rewards.outcomes import EpisodeOutcome

from .types import (
    ChangeRecord,
    DecisionRecord,
    EntryRecord,
    HitRecord,
    OperationRecord,
    QuestionRecord,
    StepRecord,
)

MOST_WORDS = 120
"""Characters of what a decision is about, and of an option, that are written down."""


class WatchedPolicy:
    """A manager whose steps are written down.

    Attributes:
        name, turns_per_chunk, stochastic: Those of the policy.
        seconds: Time that writing down took, which is none of the policy's.
    """

    def __init__(self, policy: ManagerPolicy) -> None:
        self.name = policy.name
        self.turns_per_chunk = policy.turns_per_chunk
        self.stochastic = policy.stochastic
        self.seconds = 0.0
        self._policy = policy
        self._steps: dict[int, list[StepRecord]] = {}
        self._choices: dict[int, tuple[Choice, ...]] = {}
        self._completions: dict[int, str] = {}
        self._deciders: dict[int, str] = {}
        self._decisions: dict[int, tuple[MadeDecision, ...]] = {}
        self._readers: dict[int, _WatchedReader] = {}

    def act(self, episodes: Sequence[ManagerEpisode]) -> list[tuple[Operation, ...]]:
        """Return what the policy decides, after a look at what the step before came to."""
        for episode in episodes:
            self._look_at(episode)
            self._watch_reader(episode)
        operations = self._policy.act(episodes)
        if isinstance(self._policy, ExplainsChoices):
            chosen = self._policy.last_choices()
            self._choices = {id(episode): each for episode, each in zip(episodes, chosen, strict=True)}
        if isinstance(self._policy, ReportsCompletions):
            written = self._policy.last_completions()
            self._completions = {id(episode): each for episode, each in zip(episodes, written, strict=True)}
        if isinstance(self._policy, FallsBack):
            deciders = self._policy.last_deciders()
            self._deciders = {id(episode): each for episode, each in zip(episodes, deciders, strict=True)}
        if isinstance(self._policy, ExplainsDecisions):
            made = self._policy.last_decisions()
            self._decisions = {id(episode): each for episode, each in zip(episodes, made, strict=True)}
        return operations

    def steps(self, episode: ManagerEpisode) -> tuple[StepRecord, ...]:
        """Return all steps of an episode that has ended."""
        self._look_at(episode)
        return tuple(self._steps[id(episode)])

    def _watch_reader(self, episode: ManagerEpisode) -> None:
        """Let the decisions of the episode's retriever be kept, if it makes some.

        Episodes that share a retriever go on to share one, so that it reads for all of them together.
        """
        retriever = episode.retriever
        if isinstance(retriever, ExplainsReading):
            episode.retriever = self._readers.setdefault(id(retriever), _WatchedReader(retriever))

    def _look_at(self, episode: ManagerEpisode) -> None:
        """Write down the last step, while the store is still as it left it."""
        steps = self._steps.setdefault(id(episode), [])
        if episode.step_index == len(steps):
            return
        began = time.perf_counter()
        key = id(episode)
        step = last_step(episode, self._choices.get(key, ()), self._completions.get(key, ""))
        decisions = tuple(
            _decision_record(episode.context, step.turns, made) for made in self._decisions.get(key, ())
        )
        steps.append(dataclasses.replace(step, decided_by=self._deciders.get(key, ""), decisions=decisions))
        self.seconds += time.perf_counter() - began


class _WatchedReader:
    """The retriever of some episodes, whose decisions of the present step are kept by store and question."""

    def __init__(self, retriever: ExplainsReading) -> None:
        self.ranks_all = not isinstance(retriever, SaysWhatItRanks) or retriever.ranks_all
        self._retriever = retriever
        self._decisions: dict[tuple[int, str], tuple[MadeDecision, ...]] = {}

    def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
        (hits,) = self.search_together([Search(store, query, k)])
        if isinstance(hits, RoleError):
            raise hits
        return hits

    def search_together(self, searches: Sequence[Search]) -> list[tuple[Hit, ...] | RoleError]:
        found = self._retriever.search_together(searches)
        made = self._retriever.last_reading_decisions()
        for each, decisions in zip(searches, made, strict=True):
            self._decisions[id(each.store), each.query] = decisions
        return found

    def take(self, store: MemoryStore, query: str) -> tuple[MadeDecision, ...]:
        """Return what was decided for a question, once."""
        return self._decisions.pop((id(store), query), ())


class WatchedRetrievers:
    """Hands each episode's questions to that episode's retriever and writes down what it finds.

    Attributes:
        seconds: Time that writing down took, which is none of the retrievers'.
    """

    def __init__(self, episodes: Sequence[RetrievalEpisode], retrievers: Sequence[Retriever]) -> None:
        self.seconds = 0.0
        self._pairs = list(zip(episodes, retrievers, strict=True))
        self._found: dict[int, list[tuple[QuestionRecord, int]]] = {id(episode): [] for episode in episodes}

    def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
        """Return what the episode's retriever finds for its current question."""
        # An episode's store may be another one at the next question.
        episode, retriever = next(pair for pair in self._pairs if pair[0].store is store)
        hits = retriever.search(store, query, k)
        began = time.perf_counter()
        question = episode.question
        assert question is not None  # It is what is searched for.
        (made,) = retriever.last_reading_decisions() if isinstance(retriever, ExplainsReading) else ((),)
        record = question_record(episode.context, retriever, store, question, hits, made)
        self._found[id(episode)].append((record, len(store)))
        self.seconds += time.perf_counter() - began
        return hits

    def steps(self, episode: RetrievalEpisode, outcome: EpisodeOutcome) -> tuple[StepRecord, ...]:
        """Return all steps of an episode that has ended."""
        return tuple(
            StepRecord(step, questions=(record,), num_entries=num_entries)
            for step, (record, num_entries) in zip(outcome.steps, self._found[id(episode)], strict=True)
        )


def last_step(episode: ManagerEpisode, choices: tuple[Choice, ...] = (), completion: str = "") -> StepRecord:
    """Write down what the last step of an episode came to, while the store is still as it left it.

    Args:
        episode: At least one step of it is done.
        choices: What the policy thought of its choices.
        completion: What it wrote, if it is a language policy.
    """
    index, context = episode.step_index - 1, episode.context
    questions = context.due.get(index, ())
    reader = episode.retriever if isinstance(episode.retriever, _WatchedReader) else None
    return StepRecord(
        episode.outcome().steps[index],
        turns=tuple(turn.id for turn in context.stream.chunks[index].turns),
        operations=tuple(_operation_record(context, result) for result in episode.results),
        questions=tuple(
            question_record(
                context,
                episode.retriever,
                episode.store,
                question,
                hits,
                () if reader is None else reader.take(episode.store, question.text),
            )
            for question, hits in zip(questions, episode.hits, strict=True)
        ),
        num_entries=len(episode.store),
        choices=choices,
        completion=completion,
    )


def question_record(
    context: StreamContext,
    retriever: Retriever,
    store: MemoryStore,
    question: Question,
    hits: Sequence[Hit],
    decisions: Sequence[MadeDecision] = (),
) -> QuestionRecord:
    """Write down what was found for a question, by which decisions, and where the other evidence stands."""
    found = frozenset().union(*(context.evidence_for(question, hit.entry) for hit in hits))
    missed = question.needed_evidence - found
    ranks = _full_ranks(context, retriever, store, question, missed) if missed else {}
    return QuestionRecord(
        tuple(HitRecord(hit.entry, float(hit.score)) for hit in hits),
        ranks,
        tuple(_in_few_words(made, beside=question.text) for made in decisions),
    )


def _full_ranks(
    context: StreamContext,
    retriever: Retriever,
    store: MemoryStore,
    question: Question,
    missed: frozenset[str],
) -> dict[str, int | None]:
    """Return the rank of the stored evidence among missed turns, in the order of the dialogue."""
    stored = missed & frozenset().union(*(context.evidence_for(question, entry) for entry in store.readable))
    ranks: dict[str, int | None] = dict.fromkeys(sorted(stored, key=context.turn_index.__getitem__))
    if not stored or (isinstance(retriever, SaysWhatItRanks) and not retriever.ranks_all):
        return ranks
    for rank, hit in enumerate(retriever.search(store, question.text, len(store)), start=1):
        for turn_id in context.evidence_for(question, hit.entry) & stored:
            if ranks[turn_id] is None:
                ranks[turn_id] = rank
    return ranks


def _operation_record(context: StreamContext, result: OperationResult) -> OperationRecord:
    def of(entry: MemoryEntry | None) -> EntryRecord | None:
        return None if entry is None else _entry_record(context, entry)

    return OperationRecord(
        result.operation.kind,
        result.status,
        result.why,
        of(result.before),
        of(result.after),
        tuple(_entry_record(context, entry) for entry in result.evicted),
        result.operation.sources,
        tuple(ChangeRecord(of(change.before), of(change.after)) for change in result.others),
    )


def _entry_record(context: StreamContext, entry: MemoryEntry) -> EntryRecord:
    held = context.supported_evidence(entry) if entry.ended is None else ()
    return EntryRecord(entry, tuple(sorted(held, key=context.turn_index.__getitem__)))


def _decision_record(context: StreamContext, turns: Sequence[str], made: MadeDecision) -> DecisionRecord:
    held = context.evidence_in(made.about, turns)
    supports = tuple(sorted(held, key=context.turn_index.__getitem__))
    return DecisionRecord(_in_few_words(made), supports)


def _in_few_words(made: MadeDecision, beside: str = "") -> MadeDecision:
    """Cut the words of a decision short; what stands beside it anyway is not said again."""

    def cut(option: Option) -> Option:
        return dataclasses.replace(option, text=cut_short(option.text, MOST_WORDS))

    return dataclasses.replace(
        made,
        about="" if made.about == beside else cut_short(made.about, MOST_WORDS),
        taken=cut(made.taken),
        by_rule=None if made.by_rule is None else cut(made.by_rule),
        others=tuple(map(cut, made.others)),
    )
