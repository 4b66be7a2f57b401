"""The all-knowing manager and retriever: they see the questions, and bound what any policy can reach."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from weakref import WeakKeyDictionary

from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.memory.operations import OPERATIONS
from memdojo.envs.memory.retrieval.retrievers import BM25Retriever
from memdojo.envs.memory.room import make_room, make_room_for_pieces
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.streams.rendering import pieces_of
from memdojo.envs.types import (
    Add,
    Delete,
    Hit,
    MemoryEntry,
    Noop,
    Operation,
    PlannedOperation,
    Question,
    Turn,
    Update,
)

from .rules import TurnRule, add_text

PLANNED_WORTH = 1e-6
"""Worth of a planned entry that serves no question with evidence: less than any that does."""


class OracleManager(TurnRule[ManagerEpisode]):
    """Keeps what serves the questions still to come.

    A turn is worth, for each question not yet asked that names it as evidence, its share of the question's
    evidence: the worths in the store then add up to the evidence kept. From a full store the entries of least
    worth leave, or those of least worth for their tokens, whichever costs less, or the turn stays out. What
    has lost its worth is deleted, for it would only stand in the way of the retriever.

    Where questions lack evidence, it goes by the operations that the stream plans (`Stream.oracle`): what is
    planned to be written is worth a little, and what is planned to be replaced or deleted leaves.
    """

    name = "oracle"

    def __init__(self) -> None:
        self._known: WeakKeyDictionary[StreamContext, _Worth] = WeakKeyDictionary()

    def decide(self, episode: ManagerEpisode, turn: Turn) -> tuple[Operation, ...]:
        """Delete what has lost its worth, then add the turn if it is worth more than what must leave."""
        context, store, step = episode.context, episode.store, episode.step_index
        if context not in self._known:
            self._known[context] = _Worth(context)
        worth = self._known[context].at(step)
        worths = dict.fromkeys((entry.id for entry in store.entries), 0.0)
        worths |= {
            entry.id: sum(worth.get(source, 0.0) for source in entry.sources) for entry in store.readable
        }
        for entry in _replaced(store, context.stream.oracle.get(turn.id, ())):
            if worths[entry.id] <= PLANNED_WORTH:
                worths[entry.id] = 0.0
        spent: list[Operation] = [Delete(id) for id, value in worths.items() if value <= 0]
        pieces = pieces_of(turn, store.capacity)
        leaving = _cheapest_to_leave(store, pieces, worths)
        gain = worth.get(turn.id, 0.0)
        if not leaving or gain <= sum(worths[entry.id] for each in leaving for entry in each):
            return tuple(spent) or (Noop(),)
        # What is deleted anyway need not leave.
        return (
            *spent,
            *(
                add_text(text, turn, leaving=[entry for entry in each if worths[entry.id] > 0])
                for text, each in zip(pieces, leaving, strict=False)
            ),
        )


def _cheapest_to_leave(
    store: MemoryStore, texts: Sequence[str], worths: Mapping[int, float]
) -> list[list[MemoryEntry]]:
    """Return for each text, as far as there is room, the entries that leave for it: those of least worth."""

    def by_worth(entry: MemoryEntry) -> float:
        return worths[entry.id]

    def by_worth_of_a_token(entry: MemoryEntry) -> float:
        return worths[entry.id] / store.count_tokens(entry.text)

    # The first is best where entries are short, the second where tokens are.
    of_worth, of_tokens = (
        list(make_room_for_pieces(store, texts, sorted(store.entries, key=order)))
        for order in (by_worth, by_worth_of_a_token)
    )
    return min(of_worth, of_tokens, key=lambda leaving: sum(map(by_worth, chain(*leaving))))


class LabelledManager(TurnRule[ManagerEpisode]):
    """Writes what the stream's labels say (`Stream.oracle`): the teacher of how a memory is worded.

    It looks at no question. At a turn without a plan, and so in a stream without labels, it does nothing.
    From a full store the oldest entries leave; a text that fits into no store of this capacity is left out.
    """

    name = "labelled"

    def decide(self, episode: ManagerEpisode, turn: Turn) -> tuple[Operation, ...]:
        """Do what is planned at the turn, with the entries that are there."""
        # Several operations of one turn: each must apply to the store as the one before it left it.
        store = episode.store.fork()
        operations: list[Operation] = []
        for planned in episode.context.stream.oracle.get(turn.id, ()):
            operations += [
                operation
                for operation in _as_operations(planned, turn, store)
                if store.apply(operation, episode.step_index).applied
            ]
        return tuple(operations) or (Noop(),)


def _as_operations(planned: PlannedOperation, turn: Turn, store: MemoryStore) -> tuple[Operation, ...]:
    """Return the operations that a plan comes to; none if there is nothing to do it to, or no room."""
    meant = _replaced(store, (planned,))
    if meant and planned.kind == Delete.kind:
        return (Delete(meant[-1].id),)
    if meant and planned.kind == Update.kind:
        others = (entry for entry in store.entries if entry is not meant[-1])
        leaving = make_room(store, planned.text, others, in_place_of=meant[-1])
        if leaving is None:
            return ()
        # An UPDATE names nobody to leave.
        deletes = (Delete(entry.id) for entry in leaving)
        return (*deletes, Update(meant[-1].id, planned.text, (turn.id,), turn.time))
    if planned.kind not in (Add.kind, Update.kind, Delete.kind):
        operation = OPERATIONS.get(planned.kind).from_plan(planned, turn, store.entries)
        return () if operation is None else (operation,)
    leaving = make_room(store, planned.text, store.entries) if _writes(planned) else None
    if leaving is None:
        return ()
    return (Add(planned.text, (turn.id,), turn.time, evicts=tuple(entry.id for entry in leaving)),)


class _Worth:
    """What turns are worth to the questions that are still to be asked."""

    def __init__(self, context: StreamContext) -> None:
        # No reference to the context: it is the weak key under which this is kept.
        self._due = sorted(context.due)
        self._questions = [context.due[index] for index in self._due]
        self._by_num_asked: dict[int, dict[str, float]] = {}
        stream = context.stream
        lacks_evidence = context.num_evidence_questions < len(stream.questions)
        self._planned = [
            turn_id for turn_id, plan in stream.oracle.items() if lacks_evidence and any(map(_writes, plan))
        ]

    def at(self, step: int) -> dict[str, float]:
        """Return the worth of each turn at a step, by turn id; turns without worth are missing."""
        num_asked = bisect_left(self._due, step)
        if num_asked not in self._by_num_asked:
            worth = dict.fromkeys(self._planned, PLANNED_WORTH)
            for question in chain.from_iterable(self._questions[num_asked:]):
                for turn_id in question.evidence:
                    worth[turn_id] = worth.get(turn_id, 0.0) + 1 / len(question.evidence)
            self._by_num_asked = {num_asked: worth}
        return self._by_num_asked[num_asked]


def _writes(planned: PlannedOperation) -> bool:
    return planned.kind in (Add.kind, Update.kind)


def _replaced(store: MemoryStore, plan: Iterable[PlannedOperation]) -> list[MemoryEntry]:
    """Return the entries from the turns whose entries the plan updates or deletes."""
    targets = {planned.target for planned in plan if planned.kind in (Update.kind, Delete.kind)}
    return [entry for entry in store.readable if targets.intersection(entry.sources)] if targets else []


class EmptyRetriever:
    """Finds nothing."""

    def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
        """Return nothing."""
        return ()


class OracleRetriever:
    """Entries that support the question's evidence first, then those of BM25.

    Args:
        context: The stream whose questions are the queries; questions of equal text share their evidence.
    """

    def __init__(self, context: StreamContext) -> None:
        self._context = context
        self._filler = BM25Retriever()
        self._questions: defaultdict[str, list[Question]] = defaultdict(list)
        for question in context.stream.questions:
            self._questions[question.text].append(question)

    def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
        """Return `k` entries or fewer; the n-th from the end scores n."""
        fillers = [hit.entry for hit in self._filler.search(store, query, k)]
        ranked = {entry.id: entry for entry in (*self._supporting(store, query), *fillers)}
        best = list(ranked.values())[:k]
        return tuple(Hit(entry, float(len(best) - rank)) for rank, entry in enumerate(best))

    def _supporting(self, store: MemoryStore, query: str) -> list[MemoryEntry]:
        """Return a few entries that cover the evidence, chosen greedily, those that cover most in front."""
        questions = self._questions.get(query, [])
        missing = frozenset().union(*(question.evidence for question in questions))
        covered = {
            entry.id: frozenset().union(*(self._context.evidence_for(each, entry) for each in questions))
            for entry in store.readable
        }
        chosen: list[MemoryEntry] = []
        while missing:
            best = max(store.readable, key=lambda entry: len(covered[entry.id] & missing), default=None)
            if best is None or not covered[best.id] & missing:
                break
            chosen.append(best)
            missing -= covered[best.id]
        return chosen
