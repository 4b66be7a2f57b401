"""The database tables in which a memory file keeps the dialogue behind its entries."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from memdojo.envs.memory.persistence import as_column, as_number, from_column
from memdojo.envs.streams.turn_features import TURN_FEATURES, FloatArray
from memdojo.envs.types import MemoryEntry, Turn

from .context import KeptTurn
from .memory_file import MemoryFile

_SCHEMA = """
CREATE TABLE IF NOT EXISTS dialogue (state TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS waiting (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL, speaker NOT NULL, text NOT NULL, time TEXT,
    session INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS turns (
    position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, speaker NOT NULL, text NOT NULL, time TEXT,
    stored NOT NULL, features BLOB NOT NULL, following BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS origins (entry INTEGER PRIMARY KEY, position INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS words (word PRIMARY KEY, turns INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS readings (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, question NOT NULL, answer NOT NULL,
    entries TEXT NOT NULL, score REAL, told INTEGER NOT NULL
)
"""
_TURN_COLUMNS = "position, id, speaker, text, time, stored, features, following"


@dataclass(frozen=True, slots=True)
class DialogueState:
    """What goes on from one turn to the next.

    Attributes:
        num_heard: Turns that were recorded so far; the next one is number `num_heard + 1`.
        num_turns: Turns that have come to the manager so far, and those that entries were taken for.
        step_index: Steps that the manager has done.
        session: Number of the session; 0 before the first.
        worked: Session of the last turn that has come to the manager; None where that is not known.
        heard: When the last turn was said.
        is_open: False if the next turn begins a new session whenever it comes.
        rng: State of the manager's generator.
    """

    num_heard: int = 0
    num_turns: int = 0
    step_index: int = 0
    session: int = 0
    worked: int | None = None
    heard: datetime | None = None
    is_open: bool = False
    rng: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class WaitingTurn:
    """A turn that the manager has not seen.

    Attributes:
        number: Of the turn among all that were recorded, from 1.
        turn: What was said.
        session: Number of the session.
    """

    number: int
    turn: Turn
    session: int


@dataclass(frozen=True, slots=True)
class AnsweredQuestion:
    """A question that was answered from the memory, for a manager that learns from it.

    Attributes:
        id: Name of the answer.
        question: What was asked.
        answer: What was answered.
        entries: Ids of the entries that it was answered from, best first.
        score: How it went, in [0, 1]; None as long as nobody says.
    """

    id: str
    question: str
    answer: str
    entries: tuple[int, ...]
    score: float | None = None


class DialogueTables:
    """Reads and writes the tables; what is written counts once the caller's transaction ends.

    Args:
        file: The memory file.
        database: How it is reached; by default as the file reaches it itself.
    """

    def __init__(self, file: MemoryFile, database: sqlite3.Connection | None = None) -> None:
        self._file = file
        self._database = file.database if database is None else database

    def create(self) -> None:
        """Make the tables, as far as they are missing."""
        for statement in _SCHEMA.split(";"):
            self._database.execute(statement)
        if self._database.execute("SELECT state FROM dialogue").fetchone() is None:
            self._database.execute("INSERT INTO dialogue VALUES (?)", (_state_as_json(DialogueState()),))

    def read_state(self) -> DialogueState:
        """Return the state."""
        (text,) = self._database.execute("SELECT state FROM dialogue").fetchone()
        return _state_from_json(text)

    def write_state(self, state: DialogueState) -> None:
        """Replace the state."""
        self._database.execute("UPDATE dialogue SET state = ?", (_state_as_json(state),))

    def read_waiting(self) -> list[WaitingTurn]:
        """Return the turns that wait, in their order."""
        rows = self._database.execute(
            "SELECT id, speaker, text, time, number, session FROM waiting ORDER BY number"
        )
        return [
            WaitingTurn(as_number(number), _as_turn(row), as_number(session))
            for *row, number, session in rows
        ]

    def add_waiting(self, turns: Iterable[WaitingTurn]) -> None:
        """Add turns that wait."""
        rows = ((each.number, *_turn_columns(each.turn), each.session) for each in turns)
        self._database.executemany("INSERT INTO waiting VALUES (?, ?, ?, ?, ?, ?)", rows)

    def drop_waiting(self, up_to: int) -> None:
        """Drop the turns that wait up to and with a number."""
        self._database.execute("DELETE FROM waiting WHERE number <= ?", (up_to,))

    def drop_one_waiting(self, number: int) -> None:
        """Drop the turn that waits under a number."""
        self._database.execute("DELETE FROM waiting WHERE number = ?", (number,))

    def read_turns_at_hand(self, last: int) -> list[KeptTurn]:
        """Return the turns that entries last came from and the one at position `last`, in their order."""
        return self._read_turns("position IN (SELECT position FROM origins) OR position = ?", (last,))

    def read_turns(self, ids: Sequence[str]) -> list[KeptTurn]:
        """Return those of the turns that the file has, in their order."""
        # As one value: the number of variables of a statement is limited. Ids may be of any text.
        return self._read_turns("id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),))

    def read_turns_behind(self, entry: MemoryEntry) -> list[KeptTurn]:
        """Return those of the turns that an entry names or last came from which the file has, in order."""
        return self._read_turns(
            "id IN (SELECT value FROM json_each(?))"
            " OR position = (SELECT position FROM origins WHERE entry = ?)",
            (json.dumps(list(entry.sources)), entry.id),
        )

    def read_all_turns(self) -> list[KeptTurn]:
        """Return all turns that the file has, in their order."""
        return self._read_turns("true", ())

    def read_speakers(self) -> dict[str, str]:
        """Return who said the turns that the file has, by turn id."""
        rows = self._database.execute("SELECT id, speaker FROM turns")
        return {from_column(id): from_column(speaker) for id, speaker in rows}

    def put_turns(self, turns: Iterable[KeptTurn]) -> None:
        """Add turns."""
        rows = (
            (
                each.position,
                *_turn_columns(each.turn),
                as_column(each.text),
                each.features.tobytes(),
                each.following.tobytes(),
            )
            for each in turns
        )
        self._database.executemany(
            f"INSERT INTO turns ({_TURN_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows
        )

    def set_following(self, position: int, features: FloatArray) -> None:
        """Note the features of the turn that followed a turn, if the file still has it."""
        self._database.execute(
            "UPDATE turns SET following = ? WHERE position = ?", (features.tobytes(), position)
        )

    def drop_turns(self, ids: Iterable[str]) -> None:
        """Drop turns."""
        self._database.executemany("DELETE FROM turns WHERE id = ?", ((as_column(id),) for id in ids))

    def read_origins(self) -> dict[int, int]:
        """Return the position of the turn that each entry last came from, by id of the entry."""
        rows = self._database.execute("SELECT entry, position FROM origins")
        return {as_number(entry): as_number(position) for entry, position in rows}

    def put_origins(self, positions: Mapping[int, int]) -> None:
        """Set the positions of the turns that entries last came from."""
        self._database.executemany("INSERT OR REPLACE INTO origins VALUES (?, ?)", positions.items())

    def drop_origins(self, entries: Iterable[int]) -> None:
        """Drop what is known of entries."""
        self._database.executemany("DELETE FROM origins WHERE entry = ?", ((id,) for id in entries))

    def read_words(self) -> Counter[str]:
        """Return in how many turns each word occurred."""
        rows = self._database.execute("SELECT word, turns FROM words")
        return Counter({from_column(word): as_number(turns) for word, turns in rows})

    def replace_words(self, counts: Mapping[str, int]) -> None:
        """Set in how many turns each word occurred."""
        self._database.execute("DELETE FROM words")
        self.add_words(counts)

    def add_words(self, counts: Mapping[str, int]) -> None:
        """Add to the numbers of turns in which words occurred, or take from them; none below 1 stays."""
        rows = [(as_column(word), turns) for word, turns in counts.items()]
        self._database.executemany(
            "INSERT INTO words VALUES (?, ?) ON CONFLICT DO UPDATE SET turns = turns + excluded.turns", rows
        )
        gone = ((word,) for word, turns in rows if turns < 0)
        self._database.executemany("DELETE FROM words WHERE word = ? AND turns < 1", gone)

    def add_reading(self, reading: AnsweredQuestion, most: int) -> None:
        """Add a question that was answered, unless it is there; of more than `most` the oldest go."""
        self._database.execute(
            "INSERT OR IGNORE INTO readings (id, question, answer, entries, score, told)"
            " VALUES (?, ?, ?, ?, ?, 0)",
            (
                reading.id,
                as_column(reading.question),
                as_column(reading.answer),
                json.dumps(reading.entries),
                reading.score,
            ),
        )
        self._database.execute(
            "DELETE FROM readings"
            " WHERE number NOT IN (SELECT number FROM readings ORDER BY number DESC LIMIT ?)",
            (most,),
        )

    def score_reading(self, id: str, score: float) -> bool:
        """Set how an answer went, to be told anew; False if there is none of that name."""
        done = self._database.execute("UPDATE readings SET score = ?, told = 0 WHERE id = ?", (score, id))
        return done.rowcount > 0

    def read_untold(self) -> list[AnsweredQuestion]:
        """Return the questions of which the manager has not been told what is known now, oldest first."""
        rows = self._database.execute(
            "SELECT id, question, answer, entries, score FROM readings WHERE NOT told ORDER BY number"
        )
        return [
            AnsweredQuestion(
                from_column(id),
                from_column(question),
                from_column(answer),
                _as_ids(entries),
                _as_score(score),
            )
            for id, question, answer, entries, score in rows
        ]

    def mark_told(self) -> None:
        """Drop the questions whose scores are known; the others stay, in case somebody says how they went."""
        self._database.execute("DELETE FROM readings WHERE NOT told AND score IS NOT NULL")
        self._database.execute("UPDATE readings SET told = 1")

    def drop_readings_of(self, entry: int) -> None:
        """Drop the questions that were answered from an entry."""
        self._database.execute(
            "DELETE FROM readings WHERE EXISTS (SELECT 1 FROM json_each(entries) WHERE value = ?)", (entry,)
        )

    def drop_readings(self) -> None:
        """Drop all questions that were answered."""
        self._database.execute("DELETE FROM readings")

    def _read_turns(self, condition: str, arguments: Sequence[Any]) -> list[KeptTurn]:
        statement = f"SELECT {_TURN_COLUMNS} FROM turns WHERE {condition} ORDER BY position"
        with self._file.understanding():
            return [
                KeptTurn(
                    _as_turn(columns),
                    from_column(stored),
                    as_number(position),
                    _as_row(features),
                    _as_row(following),
                )
                for position, *columns, stored, features, following in self._database.execute(
                    statement, arguments
                )
            ]


def _state_as_json(state: DialogueState) -> str:
    # Not `asdict`, which copies the generator's state at every step.
    fields = {field.name: getattr(state, field.name) for field in dataclasses.fields(state)}
    return json.dumps(fields, default=datetime.isoformat)


def _state_from_json(text: str) -> DialogueState:
    fields = json.loads(text)
    # A file of before has the time at which the session began, which all of its turns had.
    fields.pop("began", None)
    state = DialogueState(**fields | {"heard": _as_time(fields.get("heard"))})
    for number in (state.num_heard, state.num_turns, state.step_index, state.session, state.worked or 0):
        as_number(number)
    if state.heard is not None and state.heard.tzinfo is not None:
        raise ValueError(f"the time {state.heard} of the last turn has a zone")
    if not isinstance(state.is_open, bool) or not isinstance(state.rng, dict | None):
        raise ValueError("the state of the dialogue is malformed")
    return state


def _as_time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _as_turn(columns: Sequence[Any]) -> Turn:
    id, speaker, text, time = columns
    return Turn(from_column(id), from_column(speaker), from_column(text), _as_time(time))


def _turn_columns(turn: Turn) -> tuple[Any, ...]:
    time = None if turn.time is None else turn.time.isoformat()
    return turn.id, as_column(turn.speaker), as_column(turn.text), time


def _as_ids(text: str) -> tuple[int, ...]:
    ids = json.loads(text)
    if not isinstance(ids, list):
        raise ValueError("a question was answered from something that is no list of entries")
    return tuple(map(as_number, ids))


def _as_score(score: Any) -> float | None:
    if score is not None and not (isinstance(score, float | int) and 0 <= score <= 1):
        raise ValueError(f"an answer has the score {score!r}")
    return score


def _as_row(features: bytes) -> FloatArray:
    row = np.frombuffer(features, np.float32)
    if row.shape != (len(TURN_FEATURES),):
        raise ValueError(f"a turn has {len(row)} features and not {len(TURN_FEATURES)}")
    if not np.isfinite(row).all():
        raise ValueError("a turn has features that are no finite numbers")
    return row
