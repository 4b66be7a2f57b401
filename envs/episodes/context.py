"""`StreamContext`: what can be computed once for a stream and shared by all its episodes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..memory.corpus import Corpus
from ..memory.embedders import Embedder
from ..memory.token_counter import TokenCounter
from ..streams.rendering import render_turn
from ..streams.turn_features import COLUMN, FloatArray, turn_features
from ..types import Feedback, MemoryEntry, Question, Stream, Turn
from .superseded import Superseded
from .support import CaseSupport, Support
from .visible import TurnValues

if TYPE_CHECKING:
    from ..memory.store import MemoryStore

SIMILARITY_BLOCK = 64
"""Similarities are computed for so many turns at a time: one product of matrices, not many with a vector."""

MAX_TURNS_WITH_SIMILARITIES = 2896
"""In streams of at most so many turns all similarities are kept: a square of float32, 32 MiB at most.

In longer ones they are computed for the turns that a store rests on, so that a step costs the same however
long the stream is.
"""


class _SimilarityTable:
    """Cosines between turns, row by row as far as they were asked for."""

    __slots__ = ("cosines", "num_rows")

    def __init__(self, num_turns: int) -> None:
        self.cosines: FloatArray = np.zeros((num_turns, num_turns), np.float32)
        self.num_rows = 0


class StreamContext:
    """A stream with its turns indexed, its questions scheduled and its texts analysed.

    Attributes:
        stream: The stream itself.
        turns: All turns in order.
        turn_index: Position of each turn id in `turns`.
        turn_texts: Each turn as it would be stored verbatim.
        corpus: Index of texts that the stores of all episodes of this stream share.
        due: The questions that are asked after each chunk, by chunk index.
        tables: What features keep with the stream for all of its episodes, by name.
    """

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.turns: Sequence[Turn] = stream.turns
        self.turn_index = {turn.id: index for index, turn in enumerate(self.turns)}
        self.turn_texts: Sequence[str] = tuple(render_turn(turn) for turn in self.turns)
        self.corpus = Corpus(texts=self.turn_texts)
        self.due = {index: tuple(questions) for index, questions in _questions_due(stream).items()}
        self._stream_tokens: dict[str | None, int] = {}
        self._support: dict[tuple[str, str], frozenset[str]] = {}
        self._supports: dict[str, Sequence[tuple[str, Support | CaseSupport]]] = {}
        self._embeddings: dict[str, FloatArray] = {}
        self.tables: dict[str, FloatArray] = {}
        self._turn_values: dict[TurnValues, list[float]] = {}
        self._similarities: dict[str, _SimilarityTable] = {}
        self._superseded: dict[str, Superseded] = {}

    def stream_tokens(self, counter: TokenCounter) -> int:
        """Return the tokens of the whole dialogue."""
        known = self._stream_tokens.get(counter.name)
        if known is None:
            known = sum(self.corpus.count_tokens(text, counter) for text in self.turn_texts)
            self._stream_tokens[counter.name] = known
        return known

    @cached_property
    def feedback(self) -> Mapping[str, Feedback]:
        """What is revealed of each task once it was answered, by its id; empty where there are none."""
        return {each.id: each.feedback for each in self.stream.questions if each.feedback is not None}

    @cached_property
    def task_ids(self) -> frozenset[str]:
        """Ids of the questions that are tasks."""
        return frozenset(each.id for each in self.stream.questions if each.options is not None)

    @cached_property
    def num_evidence_questions(self) -> int:
        """Questions of the stream that need evidence."""
        return sum(bool(question.needed_evidence) for question in self.stream.questions)

    @cached_property
    def evidence_turns(self) -> frozenset[str]:
        """Ids of the turns that any question needs."""
        return frozenset().union(*(question.needed_evidence for question in self.stream.questions))

    @cached_property
    def turn_features(self) -> FloatArray:
        """Causal features of every turn, shape (num_turns, len(TURN_FEATURES))."""
        return turn_features(self.turns, self.turn_texts)

    @cached_property
    def speaker_of(self) -> Mapping[str, str]:
        """Who said each turn, by turn id."""
        return {turn.id: turn.speaker for turn in self.turns}

    @cached_property
    def following_features(self) -> FloatArray:
        """Features of the turn that followed each turn; zeros behind the last. Shape as `turn_features`."""
        following = np.zeros_like(self.turn_features)
        following[:-1] = self.turn_features[1:]
        return following

    @cached_property
    def positions(self) -> npt.NDArray[np.int64]:
        """How many turns of the dialogue came before each turn, ascending, shape (num_turns,)."""
        return np.arange(len(self.turns), dtype=np.int64)

    @cached_property
    def speaker_codes(self) -> npt.NDArray[np.int32]:
        """A number for each turn's speaker, shape (num_turns,)."""
        codes: dict[str, int] = {}
        return np.array([codes.setdefault(turn.speaker, len(codes)) for turn in self.turns], dtype=np.int32)

    def turn_values(self, function: TurnValues) -> Sequence[float]:
        """Return what `function` gives for every turn, called once for all episodes."""
        values = self._turn_values.get(function)
        if values is None:
            values = self._turn_values[function] = function(self).tolist()
        return values

    def embeddings(self, embedder: Embedder) -> FloatArray:
        """Unit vectors of all turns, shape (num_turns, embedder.dim), computed once for each embedder."""
        vectors = self._embeddings.get(embedder.name)
        if vectors is None:
            vectors = self._embeddings[embedder.name] = embedder.embed(self.turn_texts)
        return vectors

    def similarities(self, embedder: Embedder, index: int, turns: npt.NDArray[np.intp]) -> FloatArray:
        """Cosines of turn `index` with `turns`, none of which is later, shape (len(turns),)."""
        if len(self.turns) > MAX_TURNS_WITH_SIMILARITIES:
            vectors = self.embeddings(embedder)
            cosines: FloatArray = vectors[turns] @ vectors[index]
            return cosines
        row: FloatArray = self._similarity_table(embedder, index)[index, turns]
        return row

    def superseded(self, embedder: Embedder, turns: npt.NDArray[np.intp]) -> FloatArray:
        """Return each turn's largest cosine with a newer one of `turns`, at least 0, shape (len(turns),)."""
        if len(self.turns) > MAX_TURNS_WITH_SIMILARITIES:
            known = self._superseded.get(embedder.name) or Superseded.empty()
            known = self._superseded[embedder.name] = known.moved_to(turns, self.embeddings(embedder))
            return known.of(turns)
        among = self._similarity_table(embedder, int(turns.max(initial=0)))[turns[:, None], turns]
        largest: FloatArray = (among * (turns[:, None] > turns)).max(axis=0, initial=0.0)
        return largest

    def _similarity_table(self, embedder: Embedder, index: int) -> FloatArray:
        """Cosines of turns (rows) with earlier ones (columns), filled as far as row `index` at least."""
        table = self._similarities.get(embedder.name)
        if table is None:
            table = self._similarities[embedder.name] = _SimilarityTable(len(self.turns))
        while table.num_rows <= index:
            first, end = table.num_rows, table.num_rows + SIMILARITY_BLOCK
            vectors = self.embeddings(embedder)
            # All episodes of the stream meet the same pairs, so each is computed once.
            table.cosines[first:end, :end] = vectors[first:end] @ vectors[:end].T
            table.num_rows = end
        return table.cosines

    @cached_property
    def turn_of_document(self) -> npt.NDArray[np.intp]:
        """Position of the turn with each text of `corpus`, by document id, shape (num_documents + 1,).

        -1 where several turns have the text, and at the last place, which stands for every other text.
        """
        turns = np.full(len(self.corpus) + 1, -1, dtype=np.intp)
        counts = Counter(self.turn_texts)
        for index, text in enumerate(self.turn_texts):
            document = self.corpus.document(text)
            assert document is not None  # The corpus was made of these texts.
            if counts[text] == 1:
                turns[document] = index
        return turns

    def origins(self, store: MemoryStore) -> npt.NDArray[np.intp]:
        """Return the index of the turn that the text of each entry last came from, shape (num_entries,)."""
        turn_of_document, documents = self.turn_of_document, store.documents
        # Documents behind those of the turns are texts that were not said; the last place of the table is
        # theirs.
        rows: npt.NDArray[np.intp] = turn_of_document[np.minimum(documents, len(turn_of_document) - 1)]
        # Nearly all texts are those of one turn each; the table of documents spares a look at every entry.
        (unknown,) = (rows < 0).nonzero()
        if len(unknown):
            entries = store.entries
            rows[unknown] = [self.turn_index[entries[each].sources[-1]] for each in unknown.tolist()]
        return rows

    @cached_property
    def rarities(self) -> FloatArray:
        """The column `sum_idf` of `turn_features`, shape (num_turns,)."""
        return np.ascontiguousarray(self.turn_features[:, COLUMN["sum_idf"]])

    def supported_evidence(self, entry: MemoryEntry) -> frozenset[str]:
        """Evidence turns that the entry came from and from which it can still answer some question."""
        return frozenset(turn_id for turn_id, _ in self.answerable(entry))

    def evidence_in(self, text: str, turn_ids: Iterable[str]) -> frozenset[str]:
        """Those of the evidence turns from which some question can still be answered by the text alone."""
        return frozenset(
            turn_id
            for turn_id in turn_ids
            if turn_id in self.evidence_turns and self._answered(text, turn_id)
        )

    def evidence_for(self, question: Question, entry: MemoryEntry) -> frozenset[str]:
        """Evidence of a question that the entry came from and that it still holds what answers of.

        An unanswerable question may name turns that another one needs; what answers that one counts for it.
        """
        if question.unanswerable:
            return question.evidence & self.supported_evidence(entry)
        return frozenset(
            turn_id
            for turn_id in entry.sources
            if turn_id in question.evidence and question.id in self._answered(entry.text, turn_id)
        )

    def answerable(self, entry: MemoryEntry) -> Iterator[tuple[str, str]]:
        """Yield the ids of turns and questions such that the entry holds what answers of the turn."""
        for turn_id in entry.sources:
            if turn_id in self.evidence_turns:
                for question_id in self._answered(entry.text, turn_id):
                    yield turn_id, question_id

    def _answered(self, text: str, turn_id: str) -> frozenset[str]:
        """Return the ids of the questions that a text from this turn can answer, as far as the turn can."""
        key = (text, turn_id)
        known = self._support.get(key)
        if known is None:
            supports = self._supports_of(turn_id)
            known = self._support[key] = frozenset(id for id, support in supports if support.holds(text))
        return known

    def _supports_of(self, turn_id: str) -> Sequence[tuple[str, Support | CaseSupport]]:
        found = self._supports.get(turn_id)
        if found is None:
            index = self.turn_index[turn_id]
            turn, text = self.turns[index], self.turn_texts[index]
            found = self._supports[turn_id] = [
                (
                    question.id,
                    Support(question, turn, text)
                    if question.options is None or not turn.reports
                    else CaseSupport(question, turn, text),
                )
                for question in self._questions_of[turn_id]
            ]
        return found

    @cached_property
    def _questions_of(self) -> Mapping[str, Sequence[Question]]:
        """The questions that need each turn, by its id."""
        questions: defaultdict[str, list[Question]] = defaultdict(list)
        for question in self.stream.questions:
            for turn_id in question.needed_evidence:
                questions[turn_id].append(question)
        return questions


def questions_in_order(stream: Stream) -> tuple[Question, ...]:
    """Return the questions of a stream in the order in which they are asked."""
    due = _questions_due(stream)
    return tuple(question for index in sorted(due) for question in due[index])


def _questions_due(stream: Stream) -> dict[int, list[Question]]:
    last = len(stream.chunks) - 1
    due: defaultdict[int, list[Question]] = defaultdict(list)
    for question in stream.questions:
        due[last if question.ask_after is None else question.ask_after].append(question)
    return due
