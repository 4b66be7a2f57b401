"""RealMem (arXiv:2601.06966): months of chats of a person with an assistant, with questions in mid-stream.

The files are not part of memdojo (Apache-2.0); docs/data.md says where they come from and where they go.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from memdojo.errors import ConfigError, DataError, unknown_name
from memdojo.rewards.grading import REALMEM_JUDGE

from ...types import Add, Chunk, PlannedOperation, Question, Stream, Turn
from ..chunking import rechunk
from ..files import data_folders, user_path
from ..source import StreamSource
from .data_rows import checked, field_of, read_rows

PERSONAS = (
    "Adeleke_Okonjo",
    "Ethan_Hunt",
    "Kenta_Tanaka",
    "Kim_Ji_young",
    "Liam_O_Connor",
    "Lin_Wanyu",
    "Oliver_Smith",
    "Pak_Budi",
)
"""The personas that the splits name; the release has two more, which belong to `all` alone."""

SPLITS: Mapping[str, tuple[str, ...] | None] = MappingProxyType(
    {"all": None, "train": PERSONAS[:5], "validation": PERSONAS[5:6], "test": PERSONAS[6:]}
)
"""Personas of each split; None for all files that are there. The release has no splits: these are ours."""

_ENDING = "_dialogues_256k.json"
_OBTAIN = (
    f"Download the files NAME{_ENDING} from https://github.com/AvatarMemory/RealMemBench (folder dataset; "
    "Apache-2.0), or run `memdojo data fetch realmem`."
)


def load_realmem(
    split: str = "all", *, path: str | Path | None = None, turns_per_chunk: int | None = None
) -> Iterator[Stream]:
    """Yield the personas of a split as streams; id and group are the persona's name.

    A user's turn that is marked as a query is a question, its reference the assistant's reply to it, its time
    the session's. As in the benchmark's own evaluation it is asked before its session begins, after the last
    chunk of the session before: neither the query nor the reply is in the memory then, however the stream is
    cut into chunks. A query of the first session is left out.

    The evidence are the turns at which the labelled memories that the reply used were said; a memory that
    names no turn stands for all turns of its session. What is said only later is left out.

    `Stream.oracle` adds every labelled memory at the turn that it names. Two sorts name none: entries of the
    schedule (`source_turn` -1), and versions rewritten later (0), whose text may tell what was not yet said
    in their session. A rewritten version has the turn of the version that was rewritten as its evidence.

    Args:
        split: A key of `SPLITS`.
        path: The folder of the files, or one file; None looks for `realmem` in the data folders.
        turns_per_chunk: Most turns in a chunk; None makes a chunk of every session.

    Raises:
        UnknownNameError: If there is no such split.
        ConfigError: If `turns_per_chunk` is not positive.
        DataError: If a file is missing or is not what it should be.
    """
    if split not in SPLITS:
        raise unknown_name("split of realmem", split, SPLITS)
    if turns_per_chunk is not None and (type(turns_per_chunk) is not int or turns_per_chunk < 1):
        raise ConfigError(f"turns_per_chunk is {turns_per_chunk!r}; give a positive whole number.")
    files = _files(path)
    chosen = SPLITS[split]
    for name in chosen or ():
        if name not in files:
            raise DataError(f"there is no {name}{_ENDING}, which split {split!r} needs. {_OBTAIN}")

    def streams() -> Iterator[Stream]:
        for name in files if chosen is None else chosen:
            file = files[name]
            stream = checked(_stream(file, f"realmem:{split}"), str(file), _OBTAIN)
            yield stream if turns_per_chunk is None else rechunk(stream, turns_per_chunk)

    return streams()


def _files(path: str | Path | None) -> dict[str, Path]:
    """Return the files by the persona's name, sorted."""
    candidates = [user_path(path)] if path is not None else [f / "realmem" for f in data_folders()]
    for place in candidates:
        try:
            files = [place] if place.is_file() else sorted(place.glob(f"*{_ENDING}"))
        except OSError as error:
            raise DataError(f"{str(place)!r} cannot be looked into ({error}); check the path.") from error
        if files:
            return {file.name.removesuffix(_ENDING): file for file in files}
    places = " or ".join(map(str, candidates))
    raise DataError(
        f"there is no file NAME{_ENDING} at {places}. {_OBTAIN} Put them there, set MEMDOJO_DATA to the "
        "folder above realmem, or give their folder as the path."
    )


@dataclass(frozen=True, slots=True)
class _Memory:
    """A labelled memory, the turns that it was said at, and whether it names one itself (`planned`)."""

    content: str
    turn_ids: frozenset[str]
    planned: bool


@dataclass(frozen=True, slots=True)
class _Session:
    """A session; `turns` has None for a turn without a word, so that places stay those of the file."""

    uuid: str
    time: datetime
    items: Sequence[object]
    turns: Sequence[Turn | None]
    memories: Sequence[_Memory]

    @property
    def spoken(self) -> tuple[Turn, ...]:
        return tuple(turn for turn in self.turns if turn is not None)


def _stream(file: Path, source: str) -> Stream:
    record = read_rows(file, _OBTAIN)[0]
    name = field_of(field_of(record, "_metadata", dict, str(file)), "person_name", str, str(file))
    dialogues = field_of(record, "dialogues", list, str(file))
    found = [_session(item, f"{file}: session {number}") for number, item in enumerate(dialogues)]
    sessions = {session.uuid: session for session in found if session.spoken}
    if not sessions or len({session.uuid for session in found}) < len(found):
        raise DataError(f"{file}: it has no session, or two sessions share a session_uuid. {_OBTAIN}")
    chunks = tuple(
        Chunk(index, session.spoken, f"session_{index + 1}", session.time)
        for index, session in enumerate(sessions.values())
    )
    questions: list[Question] = []
    said: set[str] = set()
    for index, session in enumerate(sessions.values()):
        if index:
            questions += _questions(name, index - 1, session, sessions, said, f"{file}: {session.uuid}")
        said.update(turn.id for turn in session.spoken)
    return Stream(name, name, chunks, tuple(questions), source, MappingProxyType(_oracle(sessions)))


def _session(item: object, where: str) -> _Session:
    uuid = field_of(item, "session_uuid", str, where)
    time = _parse_date(field_of(item, "current_time", str, where), where)
    items = field_of(item, "dialogue_turns", list, where)
    turns = [_turn(f"{uuid}:{place}", each, time, where) for place, each in enumerate(items, start=1)]
    labels = field_of(item, "extracted_memory", list, where)
    return _Session(uuid, time, items, turns, _memories(labels, turns, where))


def _turn(id: str, item: object, time: datetime, where: str) -> Turn | None:
    text = field_of(item, "content", str, where).strip()
    return Turn(id, field_of(item, "speaker", str, where), text, time) if text else None


def _memories(labels: Sequence[object], turns: Sequence[Turn | None], where: str) -> list[_Memory]:
    whole_session = frozenset(turn.id for turn in turns if turn is not None)
    turn_of_index: dict[str, str] = {}
    memories = []
    for label in labels:
        index, place = field_of(label, "index", str, where), field_of(label, "source_turn", int, where)
        # Places count from 1; the turn that one memory names was cut off at the end of its session.
        turn = turns[place - 1] if 1 <= place <= len(turns) else None
        if turn is not None:
            turn_of_index.setdefault(index, turn.id)
        known = turn.id if turn is not None else turn_of_index.get(index)
        source = whole_session if known is None else frozenset({known})
        memories.append(_Memory(_content(label, where), source, planned=turn is not None))
    return memories


def _content(label: object, where: str) -> str:
    content = label.get("content") if isinstance(label, Mapping) else None
    if isinstance(content, dict):
        # One memory of the release is an object of two texts.
        return json.dumps(content, ensure_ascii=False)
    if not isinstance(content, str) or not content.strip():
        raise DataError(f"{where}: the content of a memory is {content!r}, not a text. {_OBTAIN}")
    return content.strip()


def _oracle(sessions: Mapping[str, _Session]) -> dict[str, tuple[PlannedOperation, ...]]:
    plans: dict[str, list[PlannedOperation]] = {}
    for session in sessions.values():
        written: dict[str, list[PlannedOperation]] = {}
        for memory in session.memories:
            if memory.planned:
                (turn_id,) = memory.turn_ids
                written.setdefault(turn_id, []).append(PlannedOperation(Add.kind, memory.content))
        plans |= {turn.id: written[turn.id] for turn in session.spoken if turn.id in written}
    return {turn_id: tuple(plan) for turn_id, plan in plans.items()}


def _questions(
    persona: str,
    ask_after: int,
    session: _Session,
    sessions: Mapping[str, _Session],
    said: set[str],
    where: str,
) -> Iterator[Question]:
    for place, item in enumerate(session.items):
        query = session.turns[place]
        if query is None or not isinstance(item, Mapping) or item.get("is_query") is not True:
            continue
        reply = session.turns[place + 1] if place + 1 < len(session.turns) else None
        if reply is None or reply.speaker != "Assistant":
            raise DataError(f"{where}: the query at turn {place + 1} has no reply. {_OBTAIN}")
        used = field_of(session.items[place + 1], "memory_used", list, where)
        evidence = frozenset[str]().union(*(_said_at(memory, sessions, where) for memory in used))
        yield Question(
            f"{persona}/{field_of(item, 'query_id', str, where)}",
            query.text,
            (reply.text,),
            field_of(item, "category_name", str, where),
            evidence & said,
            ask_after,
            time=session.time,
            metric=REALMEM_JUDGE,
        )


def _said_at(memory: object, sessions: Mapping[str, _Session], where: str) -> frozenset[str]:
    """Return the turns at which a memory that a reply used was said."""
    uuid = field_of(memory, "session_uuid", str, where)
    if uuid not in sessions:
        raise DataError(f"{where}: memory_used names the session {uuid!r}, which does not exist. {_OBTAIN}")
    content = _content(memory, where)
    found = [known.turn_ids for known in sessions[uuid].memories if known.content == content]
    return found[0] if found else frozenset(turn.id for turn in sessions[uuid].spoken)


def _parse_date(text: str, where: str) -> datetime:
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d) \([A-Z][a-z]+\)", text.strip())
    try:
        if match is None:
            raise ValueError("no such pattern")
        return datetime.fromisoformat(match[1])
    except ValueError:
        raise DataError(f"{where}: {text!r} is not a date such as '2025-12-22 (Monday)'. {_OBTAIN}") from None


SOURCE = StreamSource(
    "realmem",
    load_realmem,
    tuple(SPLITS),
    "RealMem: months of chats with an assistant, labelled. By default all splits; fetch it first.",
    default_split="all",
)
