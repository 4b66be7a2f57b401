"""An endless dialogue and its memory in a memory file, with all that the next process needs."""

from __future__ import annotations

import dataclasses
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rpds import HashTrieMap

from memdojo.envs.episodes.readings import Reading
from memdojo.envs.memory.analysis import analyze
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.streams.chunking import of_one_day
from memdojo.envs.streams.rendering import render_turn, split_turn
from memdojo.envs.streams.turn_features import TurnFeaturizer
from memdojo.envs.types import Capacity, Chunk, Delete, MemoryEntry, Operation, OperationResult, Turn

from .context import KeptTurn, LiveContext
from .episode import LiveEpisode
from .memory_file import MemoryFile
from .tables import AnsweredQuestion, DialogueTables, WaitingTurn

MAX_READINGS = 100
"""Answers that a memory file keeps for a manager that learns from them."""

Decide = Callable[[LiveEpisode], Iterable[Operation]]
"""A manager's decision on the chunk that the episode waits with."""


@dataclass(frozen=True, slots=True)
class SpokenTurn:
    """A turn as it comes in; `time` is when it was said."""

    speaker: str
    text: str
    time: datetime


@dataclass(frozen=True, slots=True, eq=False)
class _HeardTurns:
    """Turns that have come to the manager, and in how many of them each word occurs."""

    turns: tuple[KeptTurn, ...]
    words: Counter[str]


class LiveDialogue:
    """What is said, what of it is remembered, and what waits, as a memory file has it.

    Turns are recorded first and wait. A step takes the next chunk of them to a manager and writes what came
    of it. Of the turns that were taken, the file keeps those that an entry names among its sources and the
    last one; of the others only how many turns had which words.

    A session is a run of turns without a silence longer than `session_gap`. Every turn keeps the time at
    which it was said. A chunk never crosses a session or a day.

    Methods that write belong inside of `file.transaction()`; after one that failed, `load` again.

    Args:
        file: The memory file; tables of the dialogue are made where they are missing.
        capacity: Takes the place of the store's own.
        tokenizer: Takes the place of the one by which the store counts, where no capacity is given.
        session_gap: Silence after which a new session begins.
        seed: Seeds the manager's generator, where the file has no state of it yet.

    Raises:
        ConfigError: If the entries do not fit the capacity.
        StoreFileError: If the file is damaged.
    """

    def __init__(
        self,
        file: MemoryFile,
        *,
        capacity: Capacity | None,
        tokenizer: str | None = None,
        session_gap: timedelta,
        seed: int,
    ) -> None:
        self._file = file
        self._tables = DialogueTables(file)
        self._session_gap = session_gap
        self._seed = seed
        with file.transaction():
            self._tables.create()
            self.load(capacity, tokenizer)
            self._adopt_entries()
            file.write_changes(self.store, (), ())

    @property
    def store(self) -> MemoryStore:
        """What is remembered; changed by `step` and `forget` alone."""
        return self.episode.store

    @property
    def num_heard(self) -> int:
        """Turns that were recorded so far."""
        return self._state.num_heard

    @property
    def session(self) -> int:
        """Number of the session; 0 before the first turn."""
        return self._state.session

    @property
    def speaker_of(self) -> Mapping[str, str]:
        """Who said the turns that are kept, by turn id."""
        return self._speaker_of

    @property
    def waiting(self) -> tuple[Turn, ...]:
        """Turns that the manager has not seen yet."""
        return tuple(each.turn for each in self._waiting)

    def load(self, capacity: Capacity | None = None, tokenizer: str | None = None) -> None:
        """Read everything from the file, in a transaction of either kind.

        Raises:
            ConfigError: If the entries do not fit the capacity.
            StoreFileError: If the file is damaged.
        """
        with self._file.understanding():
            self._load(capacity, tokenizer)

    def _load(self, capacity: Capacity | None, tokenizer: str | None) -> None:
        tables = self._tables
        self._state = tables.read_state()
        self._waiting = deque(tables.read_waiting())
        last = self._state.num_turns - 1
        at_hand = tables.read_turns_at_hand(last)
        previous = at_hand[-1] if at_hand and at_hand[-1].position == last else None
        words = tables.read_words()
        if max(words.values(), default=0) > self._state.num_turns:
            raise ValueError("it has words in more turns than there were")
        featurizer = TurnFeaturizer(
            words,
            self._state.num_turns,
            None if previous is None else previous.turn,
            () if previous is None else analyze(previous.text),
        )
        origins = tables.read_origins()
        self._context = LiveContext(featurizer, at_hand, origins)
        # It does not change, so that who reads beside a change has the state before it.
        self._speaker_of = HashTrieMap(tables.read_speakers())
        self.episode = LiveEpisode(
            self._context,
            self._file.read_store(capacity, self._context.corpus, tokenizer=tokenizer),
            step_index=self._state.step_index,
            rng_state=self._state.rng,
            seed=self._seed,
        )
        if lost := [id for id in origins if id not in self.store]:
            raise ValueError(f"it has no entry {lost[0]}, but the turn that the entry came from")
        # The turns that each entry needs, by its id, and how many entries need each turn.
        self._needs = {entry.id: self._needed_by(entry) for entry in self.store if entry.id in origins}
        self._num_needing = Counter(id for ids in self._needs.values() for id in ids)

    def record(self, said: Iterable[SpokenTurn]) -> None:
        """Write turns down; they wait for the manager."""
        state, new = self._state, []
        for each in said:
            silence = None if state.heard is None else abs(each.time - state.heard)
            begins = not state.is_open or silence is None or silence > self._session_gap
            state = dataclasses.replace(
                state,
                num_heard=state.num_heard + 1,
                session=state.session + begins,
                heard=each.time,
                is_open=True,
            )
            turn = Turn(f"t{state.num_heard}", each.speaker, each.text, each.time)
            new.append(WaitingTurn(state.num_heard, turn, state.session))
        self._tables.add_waiting(new)
        self._waiting.extend(new)
        self._state = state
        self._tables.write_state(state)

    def end_session(self) -> None:
        """Let the next turn begin a new session."""
        self._state = dataclasses.replace(self._state, is_open=False)
        self._tables.write_state(self._state)

    def discard_waiting(self) -> tuple[Turn, ...]:
        """Drop the turns that wait, and return them."""
        dropped = self.waiting
        self._waiting.clear()
        self._tables.drop_waiting(self._state.num_heard)
        return dropped

    def next_chunk(self, num_turns: int | None, *, everything: bool) -> Chunk | None:
        """Return the chunk that is next for the manager, if there is one.

        Args:
            num_turns: Turns of a chunk; None takes all that wait of a session and a day.
            everything: Take fewer, too, where the session may go on.
        """
        if not self._waiting:
            return None
        first = self._waiting[0]
        turns: list[Turn] = []
        follows: WaitingTurn | None = None
        for each in self._waiting:
            follows = each
            if each.session != first.session or not of_one_day(first.turn.time, each.turn.time):
                break
            if num_turns is not None and len(turns) == num_turns:
                break
            turns.append(each.turn)
            follows = None
        is_last = follows is None and first.session == self._state.session and self._state.is_open
        if is_last and not everything and num_turns is not None and len(turns) < num_turns:
            return None
        return Chunk(self.episode.step_index, tuple(turns), str(first.session), first.turn.time)

    def note_reading(self, reading: AnsweredQuestion) -> None:
        """Keep what was answered for a manager that learns from it."""
        self._tables.add_reading(reading, MAX_READINGS)

    def score_reading(self, id: str, score: float) -> bool:
        """Say how an answer went; False if the file has none of that name any more."""
        return self._tables.score_reading(id, score)

    def step(self, chunk: Chunk, decide: Decide, *, learns: bool = False) -> tuple[OperationResult, ...]:
        """Show the next chunk to a manager, apply its operations, write it all, and say what they did.

        Args:
            chunk: What `next_chunk` returned, or its beginning.
            decide: The manager.
            learns: Whether it is told what was answered since the last chunk.
        """
        before = self._context.last()
        session = self._waiting[0].session
        if self._state.worked not in (None, session):
            # Also where no silence tells that a session begins, but `end_session` did.
            self._context.featurizer.forget_last()
        heard = self._hear([(turn, render_turn(turn)) for turn in chunk.turns])
        self.episode.present(chunk, self._untold_readings() if learns else ())
        # Nothing is written before this, so that a manager that fails leaves no trace.
        results = self.episode.advance(decide(self.episode))
        if learns:
            self._tables.mark_told()
        self._state = dataclasses.replace(self._state, worked=session)
        self._write_turns(heard, before, self._write_entries(_touched(results)))
        for _ in chunk.turns:
            worked = self._waiting.popleft()
        self._tables.drop_waiting(worked.number)
        return results

    def forget(self, id: int) -> MemoryEntry | None:
        """Delete an entry, with the turns that no other entry came from, as if they had not been said.

        Returns:
            The entry; None if there is none of this id.
        """
        result = self.store.apply(Delete(id), self.episode.step_index)
        if result.before is None:
            return None
        self._context.note(result)
        # What was answered from it may say it in other words.
        self._tables.drop_readings_of(id)
        self._erase([id for id in self._write_entries(_touched([result])) if not self._num_needing[id]])
        return result.before

    def has_turn(self, id: str) -> bool:
        """Return whether a turn waits or is kept."""
        return any(each.turn.id == id for each in self._waiting) or bool(self._tables.read_turns([id]))

    def forget_turn(self, id: str) -> tuple[MemoryEntry, ...]:
        """Erase a turn and all entries that came from it, as if it had not been said; return the entries."""
        for place, each in enumerate(self._waiting):
            if each.turn.id == id:
                del self._waiting[place]
                self._tables.drop_one_waiting(each.number)
                return ()
        forgotten = [self.forget(entry) for entry, needed in list(self._needs.items()) if id in needed]
        # It may be the last one, which is kept though no entry came from it.
        self._erase([id])
        return tuple(entry for entry in forgotten if entry is not None)

    def purge(self) -> None:
        """Erase what no entry rests on: the last turn, words of dropped turns, and what was answered."""
        last = self._context.last()
        if last is not None and not self._num_needing[last.turn.id]:
            self._erase([last.turn.id])
        words: Counter[str] = Counter()
        for turn in self._tables.read_all_turns():
            words.update(set(analyze(turn.text)))
        self._tables.replace_words(words)
        self._tables.drop_readings()
        self._context.featurizer.frequency = words

    def _untold_readings(self) -> list[Reading]:
        """Return what was answered since the last chunk; entries that are there no more are left out."""
        with self._file.understanding():
            asked = self._tables.read_untold()
        return [
            Reading(each.question, tuple(self._found(each.entries)), each.answer, each.score)
            for each in asked
        ]

    def _found(self, ids: Iterable[int]) -> Iterator[MemoryEntry]:
        for id in ids:
            entry = self.store.get(id)
            if entry is not None:
                yield entry

    def _adopt_entries(self) -> None:
        """Take entries of which no turn is known for turns themselves, as if their texts had come first."""
        strangers = [entry for entry in self.store.entries if entry.id not in self._needs]
        if not strangers:
            return
        before = self._context.last()
        turns = [Turn(f"entry:{each.id}", *split_turn(each.text), each.time) for each in strangers]
        heard = self._hear([(turn, each.text) for turn, each in zip(turns, strangers, strict=True)])
        for turn, entry in zip(turns, strangers, strict=True):
            self._context.adopt(entry, turn)
        self._write_turns(heard, before, self._write_entries({entry.id for entry in strangers}))

    def _hear(self, turns: Sequence[tuple[Turn, str]]) -> _HeardTurns:
        """Take the next turns, with their texts, into the context."""
        self._context.tidy()
        words: Counter[str] = Counter()
        kept = []
        for turn, text in turns:
            kept.append(self._context.append(turn, text))
            words.update(self._context.featurizer.words)
        return _HeardTurns(tuple(kept), words)

    def _write_entries(self, touched: set[int]) -> tuple[str, ...]:
        """Write the entries of these ids as they are now, and return the turns that one of them needed."""
        released: dict[str, None] = {}
        changed, removed = [], []
        for id in sorted(touched):
            needed = self._needs.pop(id, ())
            released |= dict.fromkeys(needed)
            self._num_needing.subtract(needed)
            entry = self.store.get(id)
            if entry is None:
                removed.append(id)
            else:
                changed.append(entry)
                needed = self._needs[id] = self._needed_by(entry)
                self._num_needing.update(needed)
        self._file.write_changes(self.store, changed, removed)
        self._tables.drop_origins(removed)
        self._tables.put_origins({entry.id: self._context.origin(entry).position for entry in changed})
        return tuple(released)

    def _write_turns(self, heard: _HeardTurns, before: KeptTurn | None, released: Sequence[str]) -> None:
        """Write what was heard as far as it is needed, drop what is not, and write the state."""
        self._tables.add_words(heard.words)
        if before is not None:
            self._tables.set_following(before.position, heard.turns[0].features)
        last = heard.turns[-1].turn.id
        kept = [
            each if following is None else dataclasses.replace(each, following=following.features)
            for each, following in zip(heard.turns, (*heard.turns[1:], None), strict=True)
            if self._num_needing[each.turn.id] or each.turn.id == last
        ]
        self._tables.put_turns(kept)
        self._speaker_of = self._speaker_of.update({each.turn.id: each.turn.speaker for each in kept})
        old = (*released, *(() if before is None else (before.turn.id,)))
        self._drop_turns([id for id in old if not self._num_needing[id] and id != last])
        self._state = dataclasses.replace(
            self._state,
            num_turns=self._context.num_turns,
            step_index=self.episode.step_index,
            rng=self.episode.rng_state,
        )
        self._tables.write_state(self._state)

    def _erase(self, ids: Sequence[str]) -> None:
        """Drop turns, and count out their words."""
        last = self._context.last()
        words: Counter[str] = Counter()
        for turn in self._tables.read_turns(ids):
            words.subtract(set(analyze(turn.text)))
        self._drop_turns(ids)
        self._tables.add_words(words)
        self._context.featurizer.take_back(words)
        if last is not None and last.turn.id in ids:
            self._context.featurizer.forget_last()

    def _drop_turns(self, ids: Sequence[str]) -> None:
        self._tables.drop_turns(ids)
        for id in ids:
            self._speaker_of = self._speaker_of.discard(id)
            del self._num_needing[id]

    def _needed_by(self, entry: MemoryEntry) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*entry.sources, self._context.origin(entry).turn.id)))


def _touched(results: Iterable[OperationResult]) -> set[int]:
    """Return the ids of the entries that operations may have changed."""
    return {
        entry.id
        for result in results
        for change in result.changes
        for entry in (change.before, change.after)
        if entry is not None
    }
