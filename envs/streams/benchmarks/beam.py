"""BEAM (Tavakoli et al., arXiv:2510.27246): long chats with an assistant, and questions of ten abilities.

The files are not part of memdojo (their repository states no licence); docs/data.md says where they come
from and where they go.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType

from memdojo.errors import ConfigError, DataError, cut_short, unknown_name
from memdojo.rewards.grading import BEAM_JUDGE, BEAM_PUBLISHED_JUDGE

from ...types import Chunk, Question, Stream, Turn
from ..calendar import MONTHS
from ..chunking import rechunk
from ..files import data_folders, user_path
from ..source import StreamSource
from .data_rows import checked, field_of, read_rows

CHATS_OF_TIER = MappingProxyType({"100K": 20, "500K": 35, "1M": 35})
"""The tiers by their length in tokens, and how many chats the release has of each. Its chats of 10M tokens
are of another form and not read."""

ABILITIES = (
    "abstention",
    "contradiction_resolution",
    "event_ordering",
    "information_extraction",
    "instruction_following",
    "knowledge_update",
    "multi_session_reasoning",
    "preference_following",
    "summarization",
    "temporal_reasoning",
)

_LAST_DIGITS = {"train": "123456", "validation": "7", "test": "890"}
SPLITS = (
    *("all", *_LAST_DIGITS),
    *(f"{tier}{part}" for tier in CHATS_OF_TIER for part in ("", *(f"/{name}" for name in _LAST_DIGITS))),
)
"""`train`, `validation` and `test` are memdojo's own, by the last digit of a chat's number."""

CHAT_FILES = ("chat_trunecated.json", "chat.json")
"""The first that is there counts, as in the benchmark's own scripts; the release spells it so."""

QUESTIONS_FILE = "probing_questions/probing_questions.json"

_REFERENCE_FIELDS = ("answer", "ideal_answer", "ideal_response", "ideal_summary", "expected_compliance")
_SPEAKERS = {"user": "User", "assistant": "Assistant"}
_MONTHS = tuple(month.lower() for month in MONTHS)

# What the generator noted behind a user's message, with whatever it said about the note. In an assistant's
# reply, which repeats it at times, the text may go on.
_NOTE_OF_USER = re.compile(r"\s*->->.*", re.DOTALL)
_NOTE_OF_ASSISTANT = re.compile(r"\s*->->\s*\d+\s*,\s*\d+")

_OBTAIN = (
    "Run `memdojo data fetch beam`, or take the folder chats of https://github.com/mohammadtavakoli78/BEAM "
    "(no licence stated)."
)
_get = partial(field_of, obtain=_OBTAIN)


def load_beam(
    split: str = "100K",
    *,
    path: str | Path | None = None,
    turns_per_chunk: int | None = None,
    published: bool = False,
) -> Iterator[Stream]:
    """Yield the chats of a split as streams, with their questions, all asked at the end.

    A batch of a chat is a session, dated by its time anchor, and a chunk is one request of the user with all
    replies to it. The ids of the messages are those of the turns, `m12`. The notes that the generator left
    behind messages (`->-> 1,2`) are cut off. The evidence are the messages that `source_chat_ids` names, in
    whatever form; abstention questions have none and are unanswerable. The rubric's items are the nuggets.

    Args:
        split: One of `SPLITS`: a tier, a part of one, or a part of all tiers that are there.
        path: The folder of the tiers' folders; None looks for `beam` in the data folders.
        turns_per_chunk: Most turns in a chunk, which then may span requests of one session; None leaves the
            chunks as they are.
        published: Let the questions name `beam_published_judge`, the scorer with its defects, in place of
            `beam_judge`.

    Warns:
        UserWarning: After the last stream, if chats of a tier that is there are missing; with how many.

    Raises:
        UnknownNameError: If there is no such split.
        ConfigError: If an option has an impossible value.
        DataError: If no chat is there, or a file is not what it should be.
    """
    if split not in SPLITS:
        raise unknown_name("split of beam", split, SPLITS)
    if turns_per_chunk is not None and (type(turns_per_chunk) is not int or turns_per_chunk < 1):
        raise ConfigError(f"turns_per_chunk is {turns_per_chunk!r}; give a positive whole number.")
    if type(published) is not bool:
        raise ConfigError(f"published is {published!r}; give true or false.")
    folder, chats = _chats(split, path)
    metric = BEAM_PUBLISHED_JUDGE if published else BEAM_JUDGE

    def streams() -> Iterator[Stream]:
        for chat in chats:
            stream = _stream(chat, metric, f"beam:{split}")
            checked(stream, str(chat), _OBTAIN)
            yield stream if turns_per_chunk is None else rechunk(stream, turns_per_chunk)
        _warn_of_missing(folder, split)

    return streams()


def part_of(number: int) -> str:
    """Return the part that the chats of this number belong to, in every tier alike."""
    return next(part for part, digits in _LAST_DIGITS.items() if str(number)[-1] in digits)


def _chats(split: str, path: str | Path | None) -> tuple[Path, list[Path]]:
    """Return the folder of the tiers, and the folders of the chats of a split, by tier and number."""
    candidates = [user_path(path)] if path is not None else [folder / "beam" for folder in data_folders()]
    tiers, part = _tiers_and_part(split)
    for folder in candidates:
        found = [
            folder / tier / str(number)
            for tier in tiers
            for number in _numbers(folder / tier)
            if part is None or part_of(number) == part
        ]
        if found:
            return folder, found
    places = " or ".join(str(folder / (tiers[0] if len(tiers) == 1 else "TIER")) for folder in candidates)
    raise DataError(
        f"there is no chat of the split {split!r} at {places}/NUMBER. {_OBTAIN} Put the folders of the tiers "
        "there, set MEMDOJO_DATA to the folder above beam, or give the folder above the tiers as the path."
    )


def _tiers_and_part(split: str) -> tuple[tuple[str, ...], str | None]:
    tier, _, part = split.partition("/")
    if tier in CHATS_OF_TIER:
        return (tier,), part or None
    return tuple(CHATS_OF_TIER), None if tier == "all" else tier


def _numbers(tier: Path) -> list[int]:
    """Return the numbers of the chats that a tier's folder has, ascending."""
    try:
        names = [each.name for each in tier.iterdir() if re.fullmatch(r"[1-9][0-9]{0,3}", each.name)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DataError(f"{str(tier)!r} cannot be looked into ({error}); check the path.") from error
    return sorted(int(name) for name in names if any((tier / name / file).is_file() for file in CHAT_FILES))


def _warn_of_missing(folder: Path, split: str) -> None:
    told = []
    for tier in _tiers_and_part(split)[0]:
        there, all_chats = len(_numbers(folder / tier)), CHATS_OF_TIER[tier]
        if 0 < there < all_chats:
            told.append(f"{all_chats - there} of the {all_chats} of {tier}")
    if told:
        warnings.warn(
            f"{folder}: chats are missing, {', '.join(told)}; the split {split} has those that are there. "
            f"{_OBTAIN}",
            stacklevel=2,
        )


def _stream(folder: Path, metric: str, source: str) -> Stream:
    file = next(file for name in CHAT_FILES if (file := folder / name).is_file())
    chunks: list[Chunk] = []
    turn_of_message: dict[int, str | None] = {}
    for place, batch in enumerate(read_rows(file, _OBTAIN), start=1):
        where = f"{file}: batch {place}"
        exchanges = _get(batch, "turns", list, where)
        time = _anchor(exchanges, where)
        for exchange in exchanges:
            if not isinstance(exchange, list):
                raise DataError(f"{where}: {cut_short(repr(exchange))} is not a list of messages. {_OBTAIN}")
            turns = _turns(exchange, time, turn_of_message, where)
            if turns:
                chunks.append(Chunk(len(chunks), turns, f"session_{place}", time))
    if not chunks:
        raise DataError(f"{file}: it has no message. {_OBTAIN}")
    id = f"{folder.parent.name}-{folder.name}"
    questions = _questions(folder / QUESTIONS_FILE, id, turn_of_message, metric)
    return Stream(id, id, tuple(chunks), tuple(questions), source)


def _turns(
    exchange: Sequence[object],
    time: datetime | None,
    turn_of_message: dict[int, str | None],
    where: str,
) -> tuple[Turn, ...]:
    """Return the turns of the messages that say something, and enter all into `turn_of_message`."""
    turns = []
    for message in exchange:
        number, role = _get(message, "id", int, where), _get(message, "role", str, where)
        if number in turn_of_message:
            raise DataError(f"{where}: two messages have the id {number}. {_OBTAIN}")
        if role not in _SPEAKERS:
            raise DataError(f"{where}, message {number}: role is {role!r}; it must be user or assistant.")
        note = _NOTE_OF_USER if role == "user" else _NOTE_OF_ASSISTANT
        text = note.sub("", _get(message, "content", str, f"{where}, message {number}")).strip()
        turn_of_message[number] = f"m{number}" if text else None
        if text:
            turns.append(Turn(f"m{number}", _SPEAKERS[role], text, time))
    return tuple(turns)


def _anchor(exchanges: Sequence[object], where: str) -> datetime | None:
    """Return the date of a batch, which its first message with a time anchor has; None if none has."""
    for exchange in exchanges:
        for message in exchange if isinstance(exchange, list) else ():
            if isinstance(message, dict) and message.get("time_anchor") is not None:
                return parse_date(message["time_anchor"], where)
    return None


def parse_date(text: object, where: str = "batch") -> datetime:
    """Return the day that BEAM writes as `March-15-2024`, whatever the locale.

    Raises:
        DataError: If the text is not such a date; `where` opens the message.
    """
    match = re.fullmatch(r"([a-z]+)-(\d{1,2})-(\d{4})", str(text).strip().lower())
    try:
        if match is None:
            raise ValueError("no such pattern")
        return datetime(int(match[3]), _MONTHS.index(match[1]) + 1, int(match[2]))
    except ValueError:
        raise DataError(f"{where}: {text!r} is not a date such as 'March-15-2024'. {_OBTAIN}") from None


def _questions(
    file: Path, stream_id: str, turn_of_message: Mapping[int, str | None], metric: str
) -> Iterator[Question]:
    if not file.is_file():
        raise DataError(f"{file} was not found, which has the questions of the chat beside it. {_OBTAIN}")
    (abilities, *others) = read_rows(file, _OBTAIN)
    if others or not abilities.keys() <= set(ABILITIES):
        found = ", ".join(map(repr, abilities.keys() - set(ABILITIES))) or "a list"
        raise DataError(f"{file}: it has {found} in place of lists by the names of abilities. {_OBTAIN}")
    for ability in abilities:
        for number, item in enumerate(_get(abilities, ability, list, str(file))):
            id = f"{stream_id}/{ability}/{number}"
            where = f"{file}: {ability} {number}"
            yield Question(
                id,
                _get(item, "question", str, where).strip(),
                (_reference(item, where),),
                ability,
                _evidence(item, turn_of_message, where),
                unanswerable=ability == "abstention",
                metric=metric,
                nuggets=_rubric(item, where),
            )


def _reference(item: object, where: str) -> str:
    for name in _REFERENCE_FIELDS:
        if isinstance(item, dict) and name in item:
            return _get(item, name, str, where).strip()
    raise DataError(f"{where}: it has none of the fields {', '.join(_REFERENCE_FIELDS)}. {_OBTAIN}")


def _rubric(item: object, where: str) -> tuple[str, ...]:
    rubric = _get(item, "rubric", list, where)
    if not rubric or not all(isinstance(each, str) and each.strip() for each in rubric):
        raise DataError(f"{where}: rubric is {cut_short(repr(rubric))}, not a list of texts. {_OBTAIN}")
    return tuple(each.strip() for each in rubric)


def _evidence(item: object, turn_of_message: Mapping[int, str | None], where: str) -> frozenset[str]:
    """Return the turns that a question names: a list of numbers, of lists of them, or such lists by name."""
    named = item.get("source_chat_ids") if isinstance(item, dict) else None
    found: set[str] = set()
    waiting = [named]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
        elif each is not None:
            if type(each) is not int or each not in turn_of_message:
                raise DataError(
                    f"{where}: source_chat_ids has {cut_short(repr(each))}, no message of it. {_OBTAIN}"
                )
            turn_id = turn_of_message[each]
            found |= set() if turn_id is None else {turn_id}
    return frozenset(found)


SOURCE = StreamSource(
    "beam",
    load_beam,
    SPLITS,
    "BEAM: chats of 100K to 1M tokens, with rubrics. By default those of 100K; fetch it first.",
    default_split="100K",
)
