"""A live dialogue that threads share: they change it in turn, and read without waiting for that."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.streams.rendering import render_turn
from memdojo.envs.types import MemoryEntry, Turn
from memdojo.errors import StoreFileError

from .dialogue import LiveDialogue
from .memory_file import MemoryFile
from .tables import DialogueTables

_PAUSE_S = 0.005


@dataclass(frozen=True, slots=True)
class DialogueView:
    """The dialogue as one transaction left it.

    Attributes:
        store: What was remembered; a fork of the reader's own.
        speaker_of: Who said the turns that were kept, by turn id.
        waiting: Turns that the manager had not seen.
        num_heard: Turns that were recorded.
        session: Number of the session.
    """

    store: MemoryStore
    speaker_of: Mapping[str, str]
    waiting: tuple[Turn, ...]
    num_heard: int
    session: int

    @classmethod
    def of(cls, dialogue: LiveDialogue) -> DialogueView:
        """Return the dialogue as it is now. Costs O(entries) at most."""
        store = dialogue.store.fork()
        # Read once here, so that forks share what was read instead of each catching up.
        store.entries, store.documents  # noqa: B018
        return cls(store, dialogue.speaker_of, dialogue.waiting, dialogue.num_heard, dialogue.session)


class SharedDialogue:
    """Lets one thread at a time change a dialogue, and all others read what was last committed.

    A change may take as long as a language model does. Meanwhile nobody else can commit to the file, in this
    process or in another, so the view from before the change is the last committed state.

    Args:
        file: The memory file.
        dialogue: The dialogue in it.
    """

    def __init__(self, file: MemoryFile, dialogue: LiveDialogue) -> None:
        self._file = file
        self._dialogue = dialogue
        self._turns = threading.RLock()
        # Held for moments alone: whoever has it may use the file's own connection and look at the dialogue,
        # unless a change is going on.
        self._guard = threading.Lock()
        self._is_changing = False
        self._is_stale = False
        self._view = DialogueView.of(dialogue)

    def share_turns(self, other: SharedDialogue) -> None:
        """Let this dialogue and another one be changed one after the other; before either is used."""
        self._turns = other._turns

    def view(self) -> DialogueView:
        """Return the last committed state, also of other processes.

        Raises:
            StoreFileError: If the file cannot be read, or was closed, removed or replaced.
        """
        with self._guard:
            self._file.require_usable()
            if not self._is_changing:
                with self._file.reading():
                    self._refresh()
            return dataclasses.replace(self._view, store=self._view.store.fork())

    @contextlib.contextmanager
    def taking_turns(self, *, wait: bool = True) -> Iterator[None]:
        """Let no other thread change the dialogue meanwhile.

        Args:
            wait: Wait for another thread that does; else that is an error at once.

        Raises:
            StoreFileError: If another thread does.
        """
        if not self._turns.acquire(blocking=wait):
            raise StoreFileError(f"{self._file.path}: another thread is changing it; read again afterwards.")
        try:
            yield
        finally:
            self._turns.release()

    @contextlib.contextmanager
    def changing(self, *, wait: bool = True) -> Iterator[LiveDialogue]:
        """Let the caller change the dialogue, as it is in the file; all of it is written or nothing.

        Args:
            wait: Wait for other threads and processes; else they are an error at once.

        Raises:
            StoreFileError: If another one writes, or the file cannot be written.
        """
        with (
            self.taking_turns(wait=wait),
            self._alone() as begun,
            self._file.transaction(wait=wait, pause=self._let_others_read),
        ):
            self._refresh()
            begun()
            yield self._dialogue

    def rebuild(self) -> None:
        """Write the file anew without its empty places; see `MemoryFile.rebuild`."""
        with self.taking_turns(), self._alone() as begun:
            begun()
            self._file.rebuild()

    def distrust(self) -> None:
        """Read the file anew before the dialogue is used again: it is ahead of what is to be committed."""
        self._is_stale = True

    def close(self) -> None:
        """Close the file, after whatever changes it or reads from it."""
        with self._turns, self._guard:
            self._file.close()

    def sources(self, entry: MemoryEntry) -> tuple[Turn, ...]:
        """Return the turns that an entry came from, oldest first, as far as the file has them."""
        with self._file.reading_aside() as database:
            tables = DialogueTables(self._file, database)
            return tuple(each.turn for each in tables.read_turns_behind(entry))

    def find_said(self, words: str) -> tuple[Turn, ...]:
        """Return the turns that the file still has in whose speaker or text the words stand, oldest first."""
        wanted = words.casefold()
        with self._file.reading_aside() as database:
            tables = DialogueTables(self._file, database)
            turns = [each.turn for each in tables.read_all_turns()]
            turns += [each.turn for each in tables.read_waiting()]
        return tuple(turn for turn in turns if wanted in render_turn(turn).casefold())

    @contextlib.contextmanager
    def _alone(self) -> Iterator[Callable[[], None]]:
        """Hold the guard until the caller says that its change has begun, and end the change afterwards."""
        with contextlib.ExitStack() as guarded:
            guarded.enter_context(self._guard)

            def begin() -> None:
                self._is_changing = True
                guarded.close()

            try:
                yield begin
            except BaseException:
                # What is in memory may be ahead of the file.
                self._is_stale |= self._is_changing
                raise
            finally:
                if self._is_changing:
                    guarded.enter_context(self._guard)
                    self._is_changing = False
                    if not self._is_stale:
                        self._view = DialogueView.of(self._dialogue)

    def _let_others_read(self) -> None:
        self._guard.release()
        try:
            time.sleep(_PAUSE_S)
        finally:
            self._guard.acquire()

    def _refresh(self) -> None:
        """Read the file anew if another process has written to it, or if a change of ours came to nothing."""
        if self._file.changed_elsewhere() or self._is_stale:
            self._is_stale = True
            self._dialogue.load()
            self._is_stale = False
            self._view = DialogueView.of(self._dialogue)
