"""`Contents`: the entries of a store with everything that is kept in step with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from rpds import HashTrieMap, HashTrieSet

from ..types import CORE_KIND, MemoryEntry
from .corpus import Corpus
from .index import BM25Index, Compaction
from .table import EntryTable
from .token_counter import TokenCounter

_MAX_GAP = 64


class Contents:
    """Entries by id, the index over their texts, who links to whom, and the counts that capacities limit.

    `put` and `drop` cost O(length of the text and number of links), a fork O(1). They check nothing: what may
    be put is for `Editor` to say.

    Attributes:
        index: Over the texts of the entries.
        table: The entries, each with the document id of its text.
        tokens: Over all entries.
        next_id: The id that the next new entry gets.
        oldest_id: The lowest id that is there, or `next_id` if there is none.
        core_id: Id of the core block, if there is one.
        counter: Counts the tokens.
    """

    __slots__ = ("_linking", "core_id", "counter", "index", "next_id", "oldest_id", "table", "tokens")

    def __init__(self, corpus: Corpus, compaction: Compaction, counter: TokenCounter) -> None:
        self.counter = counter
        self.index = BM25Index(corpus.layer(), compaction)
        self.table = EntryTable()
        self.tokens = 0
        self.next_id = 1
        self.oldest_id = 1
        self.core_id: int | None = None
        # Who links to an entry, by its id; entries that nothing links to are missing.
        self._linking: HashTrieMap[int, HashTrieSet[int]] = HashTrieMap()

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
        if entry.links or (replaced is not None and replaced[0].links):
            self._relink(entry.id, () if replaced is None else replaced[0].links, entry.links)
        if entry.kind == CORE_KIND:
            self.core_id = entry.id
        if replaced is None:
            self.next_id = max(self.next_id, entry.id + 1)
            if entry.id < self.oldest_id or len(self.table) == 1:
                self.oldest_id = entry.id

    def drop(self, id: int) -> None:
        """Remove the entry with this id; links to it stay."""
        found = self.table.get(id)
        assert found is not None
        entry, document = found
        self._release(document)
        self.table.remove(id)
        if entry.links:
            self._relink(id, entry.links, ())
        if id == self.core_id:
            self.core_id = None
        if id == self.oldest_id:
            self.oldest_id = self._find_oldest_id()

    def linking_to(self, id: int) -> list[int]:
        """Return the ids of the entries that link to this one, ascending."""
        return sorted(self._linking.get(id, ()))

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
        fork._linking = self._linking
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

    def _relink(self, id: int, before: tuple[int, ...], after: tuple[int, ...]) -> None:
        for target in set(before) - set(after):
            linking = self._linking[target].remove(id)
            self._linking = self._linking.insert(target, linking) if linking else self._linking.remove(target)
        for target in set(after) - set(before):
            self._linking = self._linking.insert(target, self._linking.get(target, HashTrieSet()).insert(id))
