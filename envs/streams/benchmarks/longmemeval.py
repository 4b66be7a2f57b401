"""LongMemEval (Wu et al., arXiv:2410.10813): one question about a long history of chats with an assistant.

The files are not part of memdojo (MIT); docs/data.md says where they come from and where they go.
"""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from memdojo.errors import ConfigError, DataError, unknown_name
from memdojo.rewards.grading import LONGMEMEVAL_JUDGE

from ...types import Chunk, Question, Stream, Turn
from ..chunking import rechunk
from ..files import find_data_file
from ..source import StreamSource
from .data_rows import Row, checked, field_of, read_rows

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
    where an instance marks none, all turns of the sessions in `answer_session_ids`. A session that is named
    there and is not in the haystack is warned of. A question whose id ends
    with `_abs` is unanswerable; its reference, for a judge, says why. It is of one group with the question
    that it was made from.

    Args:
        split: One of `SPLITS`; see `tenth_of`.
        variant: Which of `FILES` to look for in the data folders.
        path: The file itself, a list of instances or a single one; then `variant` plays no part.
        turns_per_chunk: Most turns in a chunk; None makes a chunk of every session.

    Warns:
        UserWarning: After the last stream, if evidence sessions were missing; with how many.

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
        missing: dict[str, list[str]] = {}
        for number, row in enumerate(rows):
            id = field_of(row, "question_id", str, f"{file}: instance {number}")
            if id in seen:
                raise DataError(f"{file}: two instances have the question_id {id!r}. {_OBTAIN}")
            seen.add(id)
            if tenth_of(group_of(id)) in _TENTHS[split]:
                where = f"{file}: {id}"
                stream, lacking = _stream(id, row, f"longmemeval:{split}", where)
                if lacking:
                    missing[id] = lacking
                checked(stream, where, _OBTAIN)
                yield stream if turns_per_chunk is None else rechunk(stream, turns_per_chunk)
        _warn_of_missing(missing, split, file)

    return streams()


def group_of(question_id: str) -> str:
    """Return the id without the mark of an abstention question, which shares its history with another."""
    return question_id.removesuffix(ABSTENTION)


def tenth_of(group: str) -> int:
    """Return which of ten parts of about equal size a group is in, 0 to 9: SHA-256 of its name, modulo ten.

    Parts 0 to 5 are `train`, 6 is `validation`, 7 to 9 are `test`, in every variant alike.
    """
    return int(hashlib.sha256(group.encode()).hexdigest(), 16) % 10


def _warn_of_missing(missing: Mapping[str, Sequence[str]], split: str, file: Path) -> None:
    """Tell of evidence sessions without a turn in their haystack, which are given by the question's id."""
    if missing:
        id, sessions = next(iter(missing.items()))
        warnings.warn(
            f"{file}: {len(missing)} questions of the split {split} name evidence sessions that are not in "
            f"their haystack, {sum(map(len, missing.values()))} sessions in all; of their evidence only what "
            f"is there counts. The first is {id!r}, whose session {sessions[0]!r} is missing. {_OBTAIN}",
            stacklevel=2,
        )


def _evidence_sessions(row: Row, where: str) -> list[str]:
    sessions = field_of(row, "answer_session_ids", list, where)
    if not all(isinstance(session, str | int) for session in sessions):
        raise DataError(f"{where}: answer_session_ids is {sessions!r}, not a list of ids. {_OBTAIN}")
    return list(dict.fromkeys(map(str, sessions)))


class _Session(NamedTuple):
    id: str
    time: datetime
    items: list[object]


def _stream(id: str, row: Row, source: str, where: str) -> tuple[Stream, list[str]]:
    """Return an instance, and the evidence sessions that it names and has no turn of."""
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
    named = _evidence_sessions(row, where)
    in_sessions = set().union(*(turns_of_session.get(session, set()) for session in named))
    question = _question(id, row, frozenset(marked or in_sessions), where)
    stream = Stream(id, group_of(id), tuple(chunks), (question,), source)
    return stream, [session for session in named if session not in turns_of_session]


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
