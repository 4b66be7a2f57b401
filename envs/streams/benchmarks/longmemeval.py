"""LongMemEval (Wu et al., arXiv:2410.10813): one question about a long history of chats with an assistant.

The files are not part of memdojo (MIT); docs/data.md says where they come from and where they go.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from memdojo.errors import ConfigError, DataError, unknown_name
from memdojo.rewards.grading import LONGMEMEVAL_JUDGE

from ...types import Chunk, Question, Stream, Turn
from ..chunking import rechunk
from ..files import find_data_file
from ..source import StreamSource
from .data_rows import Row, field_of, read_rows

FILES = {
    "oracle": "longmemeval_oracle.json",
    "s": "longmemeval_s_cleaned.json",
    "m": "longmemeval_m_cleaned.json",
}
"""The files of the cleaned release: evidence sessions alone, about 50 sessions, about 500 sessions."""

CATEGORIES = (
    "single-session-user",
    "single-session-assistant",
    "single-session-preference",
    "multi-session",
    "temporal-reasoning",
    "knowledge-update",
)

ABSTENTION = "_abs"
"""Ending of the id of a question that the history does not answer."""

_TENTHS = {"all": range(10), "train": range(6), "validation": range(6, 7), "test": range(7, 10)}
SPLITS = tuple(_TENTHS)
"""`train`, `validation` and `test` are memdojo's own; the release has none."""

_SPEAKERS = {"user": "User", "assistant": "Assistant"}
_OBTAIN = (
    "Download it from https://huggingface.co/datasets/xiaowu0162/longmemeval-cleaned (MIT), "
    "or run `memdojo data fetch longmemeval`."
)


def load_longmemeval(
    split: str = "all",
    *,
    variant: str = "s",
    path: str | Path | None = None,
    turns_per_chunk: int | None = None,
) -> Iterator[Stream]:
    """Yield the instances of a split as streams, each with its one question; the id is the question's.

    Sessions come in the order of their times and are called by it, `session_1` and so on: the ids of the
    release would give away which of them hold the answer. The evidence is the turns marked `has_answer`, or,
    where an instance marks none, all turns of the sessions in `answer_session_ids`. A question whose id ends
    with `_abs` is unanswerable; its reference, for a judge, says why. It is of one group with the question
    that it was made from.

    Args:
        split: One of `SPLITS`; see `tenth_of`.
        variant: Which of `FILES` to look for in the data folders.
        path: The file itself, a list of instances or a single one; then `variant` plays no part.
        turns_per_chunk: Most turns in a chunk; None makes a chunk of every session.

    Raises:
        UnknownNameError: If there is no such split or variant.
        ConfigError: If `turns_per_chunk` is not positive.
        DataError: If the file is missing or is not what it should be.
    """
    if split not in _TENTHS:
        raise unknown_name("split of longmemeval", split, SPLITS)
    if variant not in FILES:
        raise unknown_name("variant of longmemeval", variant, FILES)
    if turns_per_chunk is not None and (type(turns_per_chunk) is not int or turns_per_chunk < 1):
        raise ConfigError(f"turns_per_chunk is {turns_per_chunk!r}; give a positive whole number.")
    file = find_data_file(f"longmemeval/{FILES[variant]}", path, _OBTAIN)
    rows = read_rows(file, _OBTAIN)

    def streams() -> Iterator[Stream]:
        seen: set[str] = set()
        for number, row in enumerate(rows):
            id = field_of(row, "question_id", str, f"{file}: instance {number}")
            if id in seen:
                raise DataError(f"{file}: two instances have the question_id {id!r}. {_OBTAIN}")
            seen.add(id)
            if tenth_of(group_of(id)) in _TENTHS[split]:
                stream = _stream(id, row, f"longmemeval:{split}", f"{file}: {id}")
                yield stream if turns_per_chunk is None else rechunk(stream, turns_per_chunk)

    return streams()


def group_of(question_id: str) -> str:
    """Return the id without the mark of an abstention question, which shares its history with another."""
    return question_id.removesuffix(ABSTENTION)


def tenth_of(group: str) -> int:
    """Return which of ten parts of about equal size a group is in, 0 to 9: SHA-256 of its name, modulo ten.

    Parts 0 to 5 are `train`, 6 is `validation`, 7 to 9 are `test`, in every variant alike.
    """
    return int(hashlib.sha256(group.encode()).hexdigest(), 16) % 10


class _Session(NamedTuple):
    id: str
    time: datetime
    items: list[object]


def _stream(id: str, row: Row, source: str, where: str) -> Stream:
    chunks: list[Chunk] = []
    marked: set[str] = set()
    turns_of_session: dict[str, set[str]] = {}
    for session in _sessions(row, where):
        name = f"session_{len(chunks) + 1}"
        turns = []
        for place, item in enumerate(session.items, start=1):
            turn = _turn(f"S{len(chunks) + 1}:{place}", item, session.time, f"{where}, {session.id!r}")
            # The release has turns without a word; nothing can be remembered of them.
            if turn.text:
                turns.append(turn)
                if isinstance(item, dict) and item.get("has_answer") is True:
                    marked.add(turn.id)
        if turns:
            chunks.append(Chunk(len(chunks), tuple(turns), name, session.time))
            turns_of_session.setdefault(session.id, set()).update(turn.id for turn in turns)
    if not chunks:
        raise DataError(f"{where}: haystack_sessions has no turn. {_OBTAIN}")
    evidence_sessions = field_of(row, "answer_session_ids", list, where)
    in_sessions = set().union(*(turns_of_session.get(session, set()) for session in evidence_sessions))
    question = _question(id, row, frozenset(marked or in_sessions), where)
    return Stream(id, group_of(id), tuple(chunks), (question,), source)


def _sessions(row: Row, where: str) -> list[_Session]:
    """Return the sessions in the order of their times; the file of evidence sessions does not keep it."""
    sessions = field_of(row, "haystack_sessions", list, where)
    ids = field_of(row, "haystack_session_ids", list, where)
    times = field_of(row, "haystack_dates", list, where)
    if not len(sessions) == len(ids) == len(times):
        raise DataError(
            f"{where}: there are {len(sessions)} haystack_sessions, {len(ids)} haystack_session_ids and "
            f"{len(times)} haystack_dates; there must be one of each for each session. {_OBTAIN}"
        )
    found = []
    for id, text, items in zip(ids, times, sessions, strict=True):
        if not isinstance(items, list):
            raise DataError(f"{where}, {id!r}: the session is not a list of turns. {_OBTAIN}")
        found.append(_Session(str(id), parse_time(text, where), items))
    return sorted(found, key=lambda session: session.time)


def _turn(id: str, item: object, time: datetime, where: str) -> Turn:
    role = field_of(item, "role", str, where)
    if role not in _SPEAKERS:
        raise DataError(f"{where}: role is {role!r}; it must be user or assistant. {_OBTAIN}")
    return Turn(id, _SPEAKERS[role], field_of(item, "content", str, where).strip(), time)


def _question(id: str, row: Row, evidence: frozenset[str], where: str) -> Question:
    category = field_of(row, "question_type", str, where)
    if category not in CATEGORIES:
        raise DataError(f"{where}: question_type is {category!r}, none of {', '.join(CATEGORIES)}. {_OBTAIN}")
    answer = row.get("answer")
    if isinstance(answer, bool) or not isinstance(answer, (str, int, float)) or not str(answer).strip():
        raise DataError(f"{where}: answer is {answer!r}, neither a text nor a number. {_OBTAIN}")
    return Question(
        id,
        field_of(row, "question", str, where).strip(),
        (str(answer).strip(),),
        category,
        evidence,
        unanswerable=id.endswith(ABSTENTION),
        time=parse_time(row.get("question_date"), where),
        metric=LONGMEMEVAL_JUDGE,
    )


def parse_time(text: object, where: str = "session") -> datetime:
    """Return the time that LongMemEval writes as `2023/05/20 (Sat) 02:21`.

    Raises:
        DataError: If the text is not such a time; `where` opens the message.
    """
    match = re.fullmatch(r"(\d{4})/(\d\d)/(\d\d) \([A-Z][a-z]{2}\) (\d\d):(\d\d)", str(text).strip())
    try:
        if match is None:
            raise ValueError("no such pattern")
        return datetime(*map(int, match.groups()))  # type: ignore[arg-type]
    except ValueError:
        raise DataError(
            f"{where}: {text!r} is not a time such as '2023/05/20 (Sat) 02:21'. {_OBTAIN}"
        ) from None


SOURCE = StreamSource(
    "longmemeval",
    load_longmemeval,
    SPLITS,
    "LongMemEval: questions about 50 or 500 chats. By default all splits; fetch it first.",
    default_split="all",
)
