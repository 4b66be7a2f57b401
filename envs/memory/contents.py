"""`Contents`: the entries of a store with everything that is kept in step with them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
from rpds import HashTrieMap, HashTrieSet

from ..types import CORE_KIND, MemoryEntry
from .corpus import Corpus
from .index import BM25Index, Compaction
from .table import EntryTable
from .token_counter import TokenCounter

_MAX_GAP = 64


class Contents:
    """Entries by id, the index over their texts, who names whom, and the counts that capacities limit.

    `put` and `drop` cost O(length of the text and number of links), a fork O(1). They check nothing: what may
    be put is for `Editor` to say.

    Attributes:
        index: Over the texts of the entries.
        table: The entries, each with the document id of its text.
        tokens: Over all entries.
        next_id: The id that the next new entry gets.
        oldest_id: The lowest id that is there, or `next_id` if there is none.
        core_id: Id of the core block, if there is one.
        ended: Ids of the entries that were invalidated.
        counter: Counts the tokens.
    """

    __slots__ = (
        "_naming",
        "_readable",
        "core_id",
        "counter",
        "ended",
        "index",
        "next_id",
        "oldest_id",
        "table",
        "tokens",
    )

    def __init__(self, corpus: Corpus, compaction: Compaction, counter: TokenCounter) -> None:
        self.counter = counter
        self.index = BM25Index(corpus.layer(), compaction)
        self.table = EntryTable()
        self.tokens = 0
        self.next_id = 1
        self.oldest_id = 1
        self.core_id: int | None = None
        self.ended: HashTrieSet[int] = HashTrieSet()
        # Who links to an entry or replaces it, by its id; entries that nothing names are missing.
        self._naming: HashTrieMap[int, HashTrieSet[int]] = HashTrieMap()
        # The entries of which those that follow are the valid ones, with their documents.
        self._readable: _Readable | None = None

    @property
    def corpus(self) -> Corpus:
        """The corpus that document ids refer to."""
        return self.index.corpus

    def __len__(self) -> int:
        return len(self.table)

    def __contains__(self, id: object) -> bool:
        return id in self.table

    def get(self, id: int) -> MemoryEntry | None:
        """Return the entry with this id, or None."""
        found = self.table.get(id)
        return None if found is None else found[0]

    def put(self, entry: MemoryEntry) -> None:
        """Set the entry with this id."""
        replaced = self.table.get(entry.id)
        if replaced is not None and replaced[0].text == entry.text:
            document = replaced[1]
        else:
            if replaced is not None:
                self._release(replaced[1])
            document = self.corpus.add(entry.text)
            self.index.add(document)
            self.tokens += self.corpus.num_tokens(document, self.counter)
        self.table.put(entry, document)
        before = None if replaced is None else replaced[0]
        if entry.links or entry.replaces or (before is not None and (before.links or before.replaces)):
            self._rename(entry.id, () if before is None else _named(before), _named(entry))
        if entry.ended is not None:
            self.ended = self.ended.insert(entry.id)
        elif self.ended:
            self.ended = self.ended.discard(entry.id)
        if entry.kind == CORE_KIND:
            self.core_id = entry.id
        if replaced is None:
            self.next_id = max(self.next_id, entry.id + 1)
            if entry.id < self.oldest_id or len(self.table) == 1:
                self.oldest_id = entry.id

    def drop(self, id: int) -> None:
        """Remove the entry with this id; those that name it still do."""
        found = self.table.get(id)
        assert found is not None
        entry, document = found
        self._release(document)
        self.table.remove(id)
        if entry.links or entry.replaces:
            self._rename(id, _named(entry), ())
        if entry.ended is not None:
            self.ended = self.ended.remove(id)
        if id == self.core_id:
            self.core_id = None
        if id == self.oldest_id:
            self.oldest_id = self._find_oldest_id()

    def naming(self, id: int) -> list[int]:
        """Return the ids of the entries that link to this one or replace it, ascending."""
        return sorted(self._naming.get(id, ()))

    def readable(self) -> tuple[tuple[MemoryEntry, ...], npt.NDArray[np.int32]]:
        """Return the valid entries in order of id and the document ids of their texts.

        Where all are valid these are those of `table`; both stay the same objects until the next write.
        """
        entries, documents = self.table.entries(), self.table.documents()
        if not self.ended:
            return entries, documents
        if self._readable is None or self._readable.among is not entries:
            (positions,) = np.nonzero([entry.ended is None for entry in entries])
            valid = tuple(self.table.entries_at(positions.tolist()))
            self._readable = _Readable(entries, valid, documents[positions])
        return self._readable.entries, self._readable.documents

    def ended_positions(self) -> list[int]:
        """Return where the invalidated entries stand in the order of ids."""
        ids = self.table.ids()
        return [bisect_left(ids, id) for id in self.ended]

    def num_tokens(self, entry: MemoryEntry) -> int:
        """Return the tokens of an entry that is there."""
        found = self.table.get(entry.id)
        assert found is not None
        return self.corpus.num_tokens(found[1], self.counter)

    def count_tokens(self, text: str) -> int:
        """Return the tokens of any text, free of charge where it is that of an entry."""
        return self.corpus.count_tokens(text, self.counter)

    def oldest_first(self) -> Iterator[int]:
        """Yield all ids, ascending."""
        # The first is mostly enough, and it is known without the order of all ids.
        if len(self):
            yield self.oldest_id
        for id in self.table.ids():
            if id != self.oldest_id:
                yield id

    def fork(self) -> Self:
        """Return independent contents that are the same."""
        fork = type(self).__new__(type(self))
        fork.counter = self.counter
        fork.index = self.index.fork()
        fork.table = self.table.fork()
        fork.tokens = self.tokens
        fork.next_id = self.next_id
        fork.oldest_id = self.oldest_id
        fork.core_id = self.core_id
        fork.ended = self.ended
        fork._naming = self._naming
        fork._readable = self._readable
        return fork

    def compacted(self) -> Self:
        """Return the same contents over a corpus without dead texts."""
        compacted = self.fork()
        compacted.index, compacted.table = self.index.compacted(), EntryTable()
        for entry in self.table.entries():
            compacted.table.put(entry, compacted.corpus.add(entry.text))
        return compacted

    def _find_oldest_id(self) -> int:
        """Return the lowest id, which is not below `oldest_id`, or `next_id` if there is no entry."""
        if not len(self.table):
            return self.next_id
        # The next id mostly lives. Long gaps are left to the order of all ids, which costs more to keep up.
        for id in range(self.oldest_id, self.oldest_id + _MAX_GAP):
            if id in self.table:
                return id
        return self.table.ids()[0]

    def _release(self, document: int) -> None:
        """Take one entry's text out of the index and the count of tokens."""
        self.tokens -= self.corpus.num_tokens(document, self.counter)
        self.index.remove(document)

    def _rename(self, id: int, before: tuple[int, ...], after: tuple[int, ...]) -> None:
        for target in set(before) - set(after):
            naming = self._naming[target].remove(id)
            self._naming = self._naming.insert(target, naming) if naming else self._naming.remove(target)
        for target in set(after) - set(before):
            self._naming = self._naming.insert(target, self._naming.get(target, HashTrieSet()).insert(id))


class _Readable(NamedTuple):
    """The valid ones among some entries, and the document ids of their texts."""

    among: tuple[MemoryEntry, ...]
    entries: tuple[MemoryEntry, ...]
    documents: npt.NDArray[np.int32]


def _named(entry: MemoryEntry) -> tuple[int, ...]:
    """Return the ids of the entries that an entry names."""
    return entry.links + entry.replaces if entry.replaces else entry.links
