"""LoCoMo-Plus (arXiv:2602.10715): a cue in a LoCoMo conversation, and a later remark that it matters for.

The files are not part of memdojo (their repository states no licence; LoCoMo is CC BY-NC 4.0); docs/data.md
says where they come from and where they go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from memdojo.errors import ConfigError, DataError, unknown_name
from memdojo.rewards.grading import LOCOMO_PLUS_JUDGE

from ...types import Chunk, Question, Stream, Turn
from ..chunking import rechunk
from ..files import find_data_file
from ..source import StreamSource
from .data_rows import Row, checked, field_of, read_rows
from .locomo import OBTAIN as OBTAIN_LOCOMO
from .locomo import SPLITS, read_samples, session_chunks

RELATIONS = ("causal", "state", "goal", "value")

ASKED_AFTER = timedelta(days=7)
"""How long after the last session the remark comes, as in the benchmark's own script."""

_OBTAIN = (
    "Run `memdojo data fetch locomo_plus`, or take data/locomo_plus.json of "
    "https://github.com/xjtuleeyf/Locomo-Plus (no licence stated)."
)
_DAYS = {"week": 7, "month": 30, "year": 365}
_NUMBERS = (
    *("one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
_GAP = re.compile(rf"\b(\d{{1,4}}|{'|'.join(_NUMBERS)}|an?)\b\s*(week|month|year)s?\b", re.IGNORECASE)
_LINE = re.compile(r"([AB]):\s*(\S.*)")

_get = partial(field_of, obtain=_OBTAIN)


def load_locomo_plus(
    split: str = "all",
    *,
    path: str | Path | None = None,
    locomo_path: str | Path | None = None,
    turns_per_chunk: int = 1,
) -> Iterator[Stream]:
    """Yield the items of a split, each in a LoCoMo conversation of its own; the group is the conversation id.

    Item i is put into conversation i modulo ten, as in the benchmark's script, but an item whose cue another
    one has goes where the first of them is: so no two groups share a cue. The cue is a session of its own, as
    long before the remark as the item says, and the remark comes a week after the last session. Sessions and
    turns are numbered anew, so that the cue cannot be told by its number. The question is the remark, with
    its speaker; the reference is the cue, for the judge; the evidence are the cue's turns.

    Args:
        split: One of LoCoMo's: the items in the conversations of that split.
        path: locomo_plus.json; None looks for it in the data folders.
        locomo_path: locomo10.json; None looks for it in the data folders.
        turns_per_chunk: Most turns in a chunk; a chunk never crosses a session.

    Raises:
        UnknownNameError: If there is no such split.
        ConfigError: If `turns_per_chunk` is not positive.
        DataError: If a file is missing or is not what it should be.
    """
    if split not in SPLITS:
        raise unknown_name("split of locomo_plus", split, SPLITS)
    if type(turns_per_chunk) is not int or turns_per_chunk < 1:
        raise ConfigError(f"turns_per_chunk is {turns_per_chunk!r}; give a positive whole number.")
    file = find_data_file("locomo/locomo_plus.json", path, _OBTAIN)
    locomo_file = find_data_file("locomo/locomo10.json", locomo_path, OBTAIN_LOCOMO)
    items = read_rows(file, _OBTAIN)
    conversations = [_conversation(id, each, locomo_file) for id, each in read_samples(locomo_file).items()]
    chosen = SPLITS[split]

    def streams() -> Iterator[Stream]:
        place_of_cue: dict[str, int] = {}
        for number, item in enumerate(items):
            where = f"{file}: item {number}"
            place = place_of_cue.setdefault(_get(item, "cue_dialogue", str, where), number)
            conversation = conversations[place % len(conversations)]
            if chosen is None or conversation.id in chosen:
                stream = _stream(number, item, conversation, f"locomo_plus:{split}", where)
                yield rechunk(checked(stream, where, _OBTAIN), turns_per_chunk)

    return streams()


@dataclass(frozen=True, slots=True)
class _Conversation:
    id: str
    speakers: Mapping[str, str]
    sessions: Sequence[Chunk]


def _conversation(id: str, sample: object, file: Path) -> _Conversation:
    where = f"{file}: {id}"
    conversation: dict[str, Any] = field_of(sample, "conversation", dict, where, OBTAIN_LOCOMO)
    speakers = {
        letter: field_of(conversation, f"speaker_{letter.lower()}", str, where, OBTAIN_LOCOMO)
        for letter in "AB"
    }
    sessions = list(session_chunks(conversation, where))
    if not sessions:
        raise DataError(f"{where}: it has no session. {OBTAIN_LOCOMO}")
    return _Conversation(id, speakers, sessions)


def _stream(number: int, item: Row, conversation: _Conversation, source: str, where: str) -> Stream:
    relation = _get(item, "relation_type", str, where)
    if relation not in RELATIONS:
        raise DataError(f"{where}: relation_type is {relation!r}, none of {', '.join(RELATIONS)}. {_OBTAIN}")
    cue = _lines(item, "cue_dialogue", conversation.speakers, where)
    remark = _lines(item, "trigger_query", conversation.speakers, where)
    asked_at = max(_start(session) for session in conversation.sessions) + ASKED_AFTER
    told_at = asked_at - timedelta(days=days_of(_get(item, "time_gap", str, where)))
    cue_chunk = Chunk(0, tuple(Turn("", speaker, text, told_at) for speaker, text in cue), time=told_at)
    # Behind the sessions of its own time, as sorting keeps the order.
    sessions = sorted([*conversation.sessions, cue_chunk], key=_start)
    chunks = tuple(
        Chunk(
            index,
            tuple(
                Turn(f"D{index + 1}:{place}", turn.speaker, turn.text, turn.time)
                for place, turn in enumerate(session.turns, start=1)
            ),
            f"session_{index + 1}",
            session.time,
        )
        for index, session in enumerate(sessions)
    )
    told = next(index for index, session in enumerate(sessions) if session is cue_chunk)
    id = f"{conversation.id}/plus{number}"
    question = Question(
        id,
        "\n".join(f"{speaker}: {text}" for speaker, text in remark),
        ("\n".join(f"{speaker}: {text}" for speaker, text in cue),),
        relation,
        frozenset(turn.id for turn in chunks[told].turns),
        time=asked_at,
        metric=LOCOMO_PLUS_JUDGE,
    )
    return Stream(id, conversation.id, chunks, (question,), source)


def _start(session: Chunk) -> datetime:
    assert session.time is not None  # LoCoMo's sessions are dated, and so are cues.
    return session.time


def _lines(item: Row, name: str, speakers: Mapping[str, str], where: str) -> list[tuple[str, str]]:
    """Return the utterances of a dialogue of A and B, with the names of the conversation's speakers."""
    found = []
    for line in _get(item, name, str, where).splitlines():
        match = _LINE.fullmatch(line.strip())
        if match is None and line.strip():
            raise DataError(
                f"{where}: {name} has the line {line!r}, which begins with no A: or B:. {_OBTAIN}"
            )
        if match is not None:
            found.append((speakers[match[1]], match[2].strip()))
    if not found:
        raise DataError(f"{where}: {name} is blank. {_OBTAIN}")
    return found


def days_of(gap: str) -> int:
    """Return the days of a gap such as `about three weeks later`, as the benchmark's script counts them.

    A month has 30 and a year 365; a gap without a number ("several months later") has 0.
    """
    match = _GAP.search(gap)
    if match is None:
        return 0
    number = match[1].lower()
    count = int(number) if number.isdigit() else _NUMBERS.index(number) + 1 if number in _NUMBERS else 1
    return count * _DAYS[match[2].lower()]


SOURCE = StreamSource(
    "locomo_plus",
    load_locomo_plus,
    tuple(SPLITS),
    "LoCoMo-Plus: cues in LoCoMo that matter much later. By default all splits; fetch both first.",
    default_split="all",
)
