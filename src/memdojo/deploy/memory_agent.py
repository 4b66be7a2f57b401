"""`MemoryAgent`: turns in, answers out, kept in a file by a trained manager."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Self, Unpack, cast

from memdojo.agents.baselines.oracles import LabelledManager, OracleManager
from memdojo.agents.baselines.registry import UPPER_BOUND, make_baseline, make_retriever_baseline
from memdojo.agents.policy import CausalPolicy, ManagerPolicy, ReadsItself, release_models
from memdojo.envs.answering import Answerer, AnswerRequest, ExtractiveAnswerer
from memdojo.envs.memory.retrieval.per_speaker import for_stream
from memdojo.envs.memory.retrieval.protocol import Retriever
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.memory.token_counter import settled_tokenizer
from memdojo.envs.quoting import ARE_DATA, one_line, without_marks
from memdojo.envs.streams.rendering import render_entry, split_turn
from memdojo.envs.streams.turn_features import SESSION_GAP
from memdojo.envs.types import Capacity, Hit, MemoryEntry, OperationResult, Turn
from memdojo.errors import (
    AgentError,
    ConfigError,
    MemdojoError,
    StoreFileError,
    UnknownNameError,
    check_names,
)

from .arguments import (
    DialogueOptions,
    Utterance,
    as_said,
    as_turns,
    check_number,
    check_options,
    check_text,
    id_of,
    wall_clock,
)
from .dialogue import LiveDialogue, SpokenTurn
from .feedback import Answers, learns
from .memory_file import MemoryFile
from .shared import SharedDialogue
from .working import blaming, work_off

DEFAULT_MANAGER, DEFAULT_RETRIEVER = "recency", "bm25"
DEFAULT_TOP_K = 10
COMMIT_EVERY_S = 1.0
"""While a manager works through many turns, the file is brought up to date so often."""

_logger = logging.getLogger(__name__)


def now() -> datetime:
    """Return the wall clock's time in whole seconds."""
    return datetime.now().replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class AgentAnswer:
    """An answer with what it was given from.

    Attributes:
        text: The answer.
        hits: The entries that were found, best first, each with its score.
        id: Its name, as `feedback` takes it; empty where the manager learns nothing from answers.
    """

    text: str
    hits: tuple[Hit, ...]
    id: str = ""


class MemoryAgent:
    """Remembers a dialogue in a file, and answers from it.

    Every turn goes to the manager, which decides what to do with it; the decision is in the file when
    `observe` returns. A later process goes on where the last one stopped, also after a crash.

    Several processes may have the file open, and several threads may use the agent. Those that change the
    memory take turns. Those that read do not wait for them, nor for each other: they find what was committed
    last, as it was before a change that is going on.

    A manager that was trained on several turns a chunk gets its chunk when that is full, when the session
    ends, at `flush`, and before anything is looked up. Until then the turns wait, in the file as well:
    `close` does not hurry them. A manager without a chunk size gets the turns of one call as a chunk.

    A session is a run of turns without half an hour's silence. Every turn keeps its own time, and the entries
    that come from it have it.

    A message that is too long for an entry is kept in several, and one that is too long for the prompt of a
    language manager is stored by the rule of `recency`: the result is an ADD with the reason in `why`.

    Args:
        path: The memory file; it is made if there is none. One by `save_store` is taken over.
        manager: A policy, or the name of a baseline. For a run or a checkpoint see `memdojo.open_memory`.
        retriever: A retriever, or the name of one; by default that of the manager if it reads by itself, as
            memory designs do, else BM25.
        answerer: Answers from what the retriever found; by default the extractive reader.
        capacity: Limits of the store; by default those that the file has, and none for a new file.
        top_k: Entries that are found for a question.
        session_gap: Silence after which a new session begins; by default half an hour.
        seed: Seeds a manager that draws, in a new file; by default 0.
        clock: Tells the time where a turn or question comes without one; by default the wall clock.
        tokenizer: Whose tokens the limits count: the folder of a language model, or its name on the Hugging
            Face hub; by default that of the capacity or the file, and for a new file none: they are counted
            by `count_tokens`.
        timeout_s: Seconds to wait while another process writes to the file; by default 30.

    Raises:
        StoreFileError: If the file is damaged, not a memory file, of a newer version, in use, or cannot be
            made.
        UnknownNameError: If a name is unknown, of an option as well.
        ConfigError: If something is not what it is given as, or the entries do not fit the capacity.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        manager: ManagerPolicy | str = DEFAULT_MANAGER,
        retriever: Retriever | str | None = None,
        answerer: Answerer | None = None,
        capacity: Capacity | None = None,
        top_k: int = DEFAULT_TOP_K,
        **options: Unpack[DialogueOptions],
    ) -> None:
        check_names("option of a memory agent", options, DialogueOptions.__annotations__)
        check_number("top_k", top_k, 1)
        check_options(options, capacity)
        self.manager = _as_manager(manager)
        if retriever is None:
            own = self.manager.retriever if isinstance(self.manager, ReadsItself) else None
            retriever = own or DEFAULT_RETRIEVER
        self.retriever = _as_retriever(retriever)
        self.answerer = ExtractiveAnswerer() if answerer is None else _as_answerer(answerer)
        self.top_k = top_k
        self._clock = options.get("clock", now)
        self._failure: MemdojoError | None = None
        tokenizer = options.get("tokenizer")
        if tokenizer is not None:
            tokenizer = settled_tokenizer(tokenizer)
        if capacity is not None and tokenizer is not None:
            capacity = dataclasses.replace(capacity, tokenizer=tokenizer)
        new = MemoryStore(Capacity(tokenizer=tokenizer) if capacity is None else capacity)
        self._file = MemoryFile(path, new, timeout_s=options.get("timeout_s", 30.0))
        try:
            self._dialogue = LiveDialogue(
                self._file,
                capacity=capacity,
                tokenizer=tokenizer,
                session_gap=options.get("session_gap", SESSION_GAP),
                seed=options.get("seed", 0),
            )
            self._shared = SharedDialogue(self._file, self._dialogue)
            self._answers = Answers(self._shared, self.manager)
        except BaseException as error:
            self._file.close()
            if isinstance(error, ConfigError):
                raise ConfigError(f"{self._file.path}: {error}") from error
            raise

    @property
    def path(self) -> Path:
        """The memory file."""
        return self._file.path

    @property
    def entries(self) -> tuple[MemoryEntry, ...]:
        """What is remembered, in order of id, and what was invalidated (`ended`), which nothing finds."""
        return self._shared.view().store.entries

    @property
    def capacity(self) -> Capacity:
        """Limits of the store."""
        return self._dialogue.store.capacity

    @property
    def waiting(self) -> tuple[Turn, ...]:
        """Turns that the manager has not seen yet, because their chunk is not full."""
        return self._shared.view().waiting

    @property
    def failure(self) -> MemdojoError | None:
        """Why turns still waited when something was last looked up; None if none did."""
        return self._failure

    @property
    def num_turns(self) -> int:
        """Turns that were ever observed."""
        return self._shared.view().num_heard

    @property
    def num_sessions(self) -> int:
        """Sessions so far, with the one that goes on."""
        return self._shared.view().session

    @property
    def learns(self) -> bool:
        """True if the manager learns from answers and from `feedback`, as some memory designs do."""
        return learns(self.manager)

    def take_turns_with(self, other: MemoryAgent) -> None:
        """Let only one of two agents change its memory at a time, since they share their manager.

        To be called before this one is used.
        """
        self._shared.share_turns(other._shared)

    def observe(self, speaker: str, text: str, time: datetime | None = None) -> tuple[OperationResult, ...]:
        """Take one turn, and return what the manager did.

        Args:
            speaker: Who said it.
            text: What was said.
            time: When; by default now. A time zone is left out: the wall clock counts.

        Raises:
            DataError: If speaker or text is blank or no text, or the time no `datetime`.
            AgentError: If the manager failed; the turn is kept and waits.
            StoreFileError: If the turn could not be written down.
        """
        return self.observe_many([(speaker, text, time)])

    def observe_many(self, turns: Iterable[Utterance]) -> tuple[OperationResult, ...]:
        """Take several turns, and return what the manager did.

        They are written down together, so that either all of them are in the file or none; then the manager
        gets them chunk by chunk.

        Raises:
            DataError: If one is no pair of texts, with a time or without, or is blank; then none was taken.
            AgentError: If the manager failed; the turns that it has not worked off are kept and wait.
            StoreFileError: If the turns could not be written down.
        """
        said = [as_said(turn, self._clock) for turn in as_turns(turns)]
        return self._work(said, everything=False) if said else ()

    def flush(self) -> tuple[OperationResult, ...]:
        """Give the manager the turns that wait, as a smaller chunk, and return what it did.

        Raises:
            AgentError: If it failed; the turns are kept and wait.
        """
        return self._work((), everything=True)

    def end_session(self) -> tuple[OperationResult, ...]:
        """Let the next turn begin a new session; flushes."""
        with self._shared.changing() as dialogue:
            dialogue.end_session()
        return self.flush()

    def discard_waiting(self) -> tuple[Turn, ...]:
        """Drop the turns that wait without showing them to the manager, and return them."""
        with self._shared.changing() as dialogue:
            return dialogue.discard_waiting()

    def search(self, query: str, k: int | None = None) -> tuple[Hit, ...]:
        """Return the entries that the retriever finds, best first.

        What waits goes to the manager before. Where that fails, or another thread or process is changing the
        memory, the entries that there are are searched all the same: `failure` says why, and so does the log.

        Args:
            query: What to look for.
            k: Most entries; by default `top_k`.

        Raises:
            DataError: If the query is blank or no text.
            ConfigError: If `k` is no number of entries.
            AgentError: If the retriever failed.
        """
        check_text("query", query, "say what to look for")
        if k is not None:
            check_number("k", k, 0)
        self._flush_if_waiting()
        view = self._shared.view()
        retriever = for_stream(self.retriever, view.speaker_of)
        with blaming(f"the retriever failed on {query!r}"):
            return retriever.search(view.store, query, self.top_k if k is None else k)

    def context(self, query: str, k: int | None = None) -> str:
        """Return what `search` finds as a block of lines for a prompt of your own; empty if that is nothing.

        The first line says that the others are data. Each of those is one entry behind a dash, with its date
        and with who said what it came from, as far as the file still has that. No text adds a line, and
        control tokens of chat templates are broken.

        Args:
            query: What to look for.
            k: Most entries; by default `top_k`.

        Raises:
            DataError: If the query is blank or no text.
            ConfigError: If `k` is no number of entries.
            AgentError: If the retriever failed.
        """
        lines = [self._note(hit.entry) for hit in self.search(query, k)]
        return "\n".join([f"Notes from memory. {ARE_DATA}", *lines]) if lines else ""

    def ask(self, question: str, time: datetime | None = None) -> AgentAnswer:
        """Answer from memory, from what `search` finds.

        A manager that learns from answers is told of this one with its next chunk; see `feedback`.

        Args:
            question: What to answer.
            time: When it is asked; by default now.

        Raises:
            DataError: If the question is blank or no text, or the time no `datetime`.
            AgentError: If there is no answer, with the reason.
        """
        asked = wall_clock(time, self._clock)
        hits = self.search(question)
        request = AnswerRequest(question, tuple(render_entry(hit.entry) for hit in hits), asked)
        with blaming("the answerer failed"):
            (answer,) = self.answerer.answer([request])
        if answer.text is None:
            raise AgentError(f"the answerer gave no answer: {answer.error}")
        return AgentAnswer(answer.text, hits, self._answers.note(question, answer.text, hits))

    def feedback(self, answer: AgentAnswer | str, score: float) -> None:
        """Say how an answer went, for the manager to learn from when it gets its next chunk.

        Where nobody says, the manager is told of the answer without a score. Feedback may come after the next
        chunk as well: then the manager is told again, with the score. The last 100 answers are kept for it.

        Args:
            answer: What `ask` returned, or its id.
            score: From 0, wrong or of no use, to 1, right.

        Raises:
            ConfigError: If the score is no number from 0 to 1, or the manager learns nothing from answers.
            UnknownNameError: If there is no such answer, or none any more.
        """
        self._answers.score(answer.id if isinstance(answer, AgentAnswer) else answer, score)

    def sources(self, entry: MemoryEntry | int) -> tuple[Turn, ...]:
        """Return the turns that an entry came from, oldest first, as far as the file has them.

        Raises:
            UnknownNameError: If there is no such entry.
            ConfigError: If neither an entry nor the id of one was given.
        """
        id = id_of(entry)
        found = self._shared.view().store.get(id)
        if found is None:
            raise self._no_entry(id)
        return self._shared.sources(found)

    def find_said(self, words: str) -> tuple[Turn, ...]:
        """Return the turns that the file still has and in which `words` stand, oldest first.

        Beside what entries say word for word, these are turns from which entries were written in other words,
        turns that wait, and the last one. `forget_turn` erases them.

        Args:
            words: Part of what was said, or of a speaker's name; case aside.

        Raises:
            DataError: If it is blank or no text.
        """
        check_text("text to find", words, "say what to look for")
        return self._shared.find_said(words)

    def forget(self, entry: MemoryEntry | int) -> MemoryEntry:
        """Delete an entry for good, whatever the manager thinks of it, and return it.

        The turns that no other entry came from are erased with it, and their words counted out; nothing of
        either stays in the bytes of the file.

        Raises:
            UnknownNameError: If there is no such entry.
            ConfigError: If neither an entry nor the id of one was given.
        """
        (forgotten,) = self.forget_many([entry])
        return forgotten

    def forget_turn(self, turn: Turn | str) -> tuple[MemoryEntry, ...]:
        """Erase a turn for good, with all entries that came from it, and return these.

        Args:
            turn: The turn, from `find_said` or `sources`, or its id. One that waits is erased as well.

        Raises:
            UnknownNameError: If the file has no such turn.
            ConfigError: If neither a turn nor the id of one was given.
        """
        return self.forget_many(turns=[turn])

    def forget_many(
        self, entries: Iterable[MemoryEntry | int] = (), turns: Iterable[Turn | str] = ()
    ) -> tuple[MemoryEntry, ...]:
        """Delete several entries and erase several turns together, or none of them, and return the entries.

        Args:
            entries: As for `forget`.
            turns: As for `forget_turn`.

        Raises:
            UnknownNameError: If there is no such entry or turn; then nothing was deleted.
            ConfigError: If something is neither of them nor the id of one.
        """
        ids, turn_ids = [id_of(entry) for entry in entries], [_id_of_turn(turn) for turn in turns]
        forgotten: list[MemoryEntry | None] = []
        with self._shared.changing() as dialogue:
            for id in ids:
                if id not in dialogue.store:
                    raise self._no_entry(id)
            for turn in turn_ids:
                if not dialogue.has_turn(turn):
                    raise UnknownNameError(
                        f"{self.path} has no turn {turn!r}; find_said() returns those that it has."
                    )
            # What goes with one of them is gone already when its own turn comes.
            forgotten += [dialogue.forget(id) for id in ids]
            for turn in turn_ids:
                forgotten += dialogue.forget_turn(turn)
        return tuple(entry for entry in forgotten if entry is not None)

    def purge(self) -> None:
        """Erase from the file whatever no entry rests on and what does not wait.

        These are the words of turns that the manager dropped or that left a full store: in how many turns a
        word occurred is all that was kept of them, and features of compact managers say how rare a word is.
        From then on only the turns behind the entries count. Answers that were kept to be learned from go,
        too.
        """
        with self._shared.taking_turns():
            with self._shared.changing() as dialogue:
                dialogue.purge()
            self._shared.rebuild()

    def close(self) -> None:
        """Close the file and let models give back their memory; what waits is in the file. Twice is fine."""
        with self._shared.taking_turns():
            self._answers.close()
            self._shared.close()
            release_models(self.manager, self.retriever, self.answerer)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<MemoryAgent: {self.path}, manager {self.manager.name}>"

    def _flush_if_waiting(self) -> None:
        """Let the manager work off what waits, if that can be done; reading must not fail with it."""
        self._failure = None
        if not self.waiting:
            return
        try:
            self._work((), everything=True, wait=False)
        except (AgentError, StoreFileError) as error:
            self._failure = error
            _logger.warning("what waits is not searched: %s", error)

    def _note(self, entry: MemoryEntry) -> str:
        """Return an entry as a line of `context`."""
        line = one_line(render_entry(entry))
        speakers = list(dict.fromkeys(turn.speaker for turn in self._shared.sources(entry)))
        # An entry that stores a turn begins with who said it.
        if speakers and split_turn(entry.text)[0] not in speakers:
            line = f"{line} (told by {one_line(', '.join(speakers))})"
        return without_marks(f"- {line}")

    def _work(
        self, said: Iterable[SpokenTurn], *, everything: bool, wait: bool = True
    ) -> tuple[OperationResult, ...]:
        """Write turns down and let the manager work; what is done is brought to the disk now and then."""
        results: list[OperationResult] = []
        failure: AgentError | None = None
        size = self.manager.turns_per_chunk
        with self._shared.taking_turns(wait=wait):
            self._answers.write(wait=wait)
            is_done = False
            while not is_done and failure is None:
                with self._shared.changing(wait=wait) as dialogue:
                    begun = monotonic()
                    dialogue.record(said)
                    said = ()
                    while not is_done and failure is None and monotonic() - begun < COMMIT_EVERY_S:
                        chunk = dialogue.next_chunk(size, everything=everything)
                        is_done = chunk is None
                        try:
                            results += () if chunk is None else work_off(dialogue, chunk, self.manager)
                        except AgentError as error:
                            # No rollback: what was written down before the manager failed must stay.
                            failure = error
                            self._shared.distrust()
        if failure is not None:
            raise failure
        return tuple(results)

    def _no_entry(self, id: int) -> UnknownNameError:
        return UnknownNameError(f"{self.path} has no entry {id}; it was never there or is forgotten already.")


def _id_of_turn(turn: Turn | str) -> str:
    if not isinstance(turn, Turn | str):
        raise ConfigError(f"the turn is {turn!r}; give a turn as find_said returns it, or its id.")
    return turn.id if isinstance(turn, Turn) else turn


def _as_manager(manager: ManagerPolicy | str) -> CausalPolicy:
    if isinstance(manager, str):
        manager = make_baseline(manager)
    if not hasattr(manager, "act"):
        raise ConfigError(f"{_kind(manager)} was given as the manager; give a policy that decides on chunks.")
    if isinstance(manager, OracleManager | LabelledManager):
        raise ConfigError(
            f"the manager {manager.name!r} needs to know what will be asked or what is worth "
            "remembering, which a live dialogue does not say; use another manager."
        )
    # Of those that come with memdojo only these two look ahead; another one finds nothing to look at.
    return cast("CausalPolicy", manager)


def _as_retriever(retriever: Retriever | str) -> Retriever:
    if isinstance(retriever, str):
        named = make_retriever_baseline(retriever)
        if named.name == UPPER_BOUND:
            raise ConfigError(
                "the oracle retriever needs the evidence of each question, which a live dialogue lacks; use "
                "another retriever."
            )
        # Only the oracle looks at the stream.
        unused: Any = None
        return named.shared or named.build(unused, 0)
    if not hasattr(retriever, "search"):
        raise ConfigError(f"{_kind(retriever)} was given as the retriever; give one that ranks entries.")
    return retriever


def _as_answerer(answerer: Answerer) -> Answerer:
    if not hasattr(answerer, "answer"):
        raise ConfigError(f"{_kind(answerer)} was given as the answerer; give one that answers questions.")
    return answerer


def _kind(policy: object) -> str:
    """Say what sort of thing came in place of another."""
    for attribute, kind in (("act", "a manager"), ("search", "a retriever"), ("answer", "an answer agent")):
        if hasattr(policy, attribute):
            return f"{kind} ({type(policy).__name__})"
    return f"{policy!r}"
