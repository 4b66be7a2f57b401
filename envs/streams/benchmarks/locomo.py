"""LoCoMo (Maharana et al., arXiv:2402.17753): ten long two-person dialogues with questions.

The file is not part of memdojo (CC BY-NC 4.0); docs/data.md says where it comes from and where it goes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from memdojo.errors import ConfigError, DataError, unknown_name
from memdojo.rewards.grading import LOCOMO

from ...types import Chunk, Question, Stream, Turn
from ..calendar import MONTHS
from ..chunking import rechunk
from ..files import find_data_file, sha256_of
from ..source import StreamSource
from .data_rows import checked, field_of, read_rows

RELEASE_SHA256 = "79fa87e90f04081343b8c8debecb80a9a6842b76a7aa537dc9fdf651ea698ff4"
"""Digest of locomo10.json as released."""

CONVERSATIONS = (
    "conv-26",
    "conv-30",
    "conv-41",
    "conv-42",
    "conv-43",
    "conv-44",
    "conv-47",
    "conv-48",
    "conv-49",
    "conv-50",
)
"""The conversations in the order of the release; the audit and MemSkill count them by this position."""

CATEGORIES = {"1": "multi-hop", "2": "temporal", "3": "open-domain", "4": "single-hop", "5": "adversarial"}

SCORE_CORRUPTING = frozenset(
    {"HALLUCINATION", "TEMPORAL_ERROR", "ATTRIBUTION_ERROR", "AMBIGUOUS", "INCOMPLETE"}
)
"""Findings of the audit under which a right answer scores wrong: 99 of the 1,540 questions of 1 to 4."""

_HARMLESS = frozenset({"WRONG_CITATION"})

# References of the release that name no turn of their conversation. Only these are dropped: any other
# reference without a turn means that the file is not what it should be.
_DANGLING_EVIDENCE = frozenset({"D", "D4:36", "D10:19"})

_MONTHS = tuple(month.lower() for month in MONTHS)
OBTAIN = (
    "Run `memdojo data fetch locomo`, or download locomo10.json from https://github.com/snap-research/locomo "
    "(folder data; CC BY-NC 4.0)."
)
_OBTAIN_AUDIT = (
    "Take the list of findings from https://github.com/dial481/locomo-audit and save it there, "
    "or load without audited=True."
)

_get = partial(field_of, obtain=OBTAIN)


def _splits() -> dict[str, tuple[str, ...] | None]:
    memory_r1 = {"train": CONVERSATIONS[:1], "validation": CONVERSATIONS[1:2], "test": CONVERSATIONS[2:]}
    memskill = {"train": CONVERSATIONS[:6], "validation": CONVERSATIONS[6:8], "test": CONVERSATIONS[8:]}
    splits: dict[str, tuple[str, ...] | None] = {"all": None}
    splits |= memory_r1
    splits |= {f"memory_r1/{name}": ids for name, ids in memory_r1.items()}
    splits |= {f"memskill/{name}": ids for name, ids in memskill.items()}
    for held_out in CONVERSATIONS:
        splits[f"loo/{held_out}/train"] = tuple(id for id in CONVERSATIONS if id != held_out)
        splits[f"loo/{held_out}/test"] = (held_out,)
    return splits


SPLITS = _splits()
"""Conversations of each split; None for whatever the file holds. `train`, `validation` and `test` are those
of Memory-R1 (arXiv:2508.19828); `loo` leaves one conversation out."""


def load_locomo(
    split: str = "all",
    *,
    path: str | Path | None = None,
    turns_per_chunk: int = 1,
    categories: Collection[int | str] = (1, 2, 3, 4),
    audited: bool = False,
) -> list[Stream]:
    """Return the conversations of a split as streams; id and group are the sample's id.

    A photo is represented by its caption after the text, `[photo: a dog on a beach]`. Questions are asked at
    the end; those of category 5 are unanswerable and have no answers. A conversation of which `categories`
    and `audited` leave no question is left out.

    Args:
        split: A key of `SPLITS`.
        path: locomo10.json; None looks for it in the data folders.
        turns_per_chunk: Most turns in a chunk; a chunk never crosses a session.
        categories: Which of `CATEGORIES` to load, by their numbers.
        audited: Leave out the questions whose key the audit (`audit_errors.json` beside the data file)
            found to make a right answer score wrong.

    Raises:
        UnknownNameError: If there is no such split.
        ConfigError: If a category is unknown or `turns_per_chunk` is not positive.
        DataError: If a file is missing or is not what it should be.
    """
    if split not in SPLITS:
        raise unknown_name("split of locomo", split, SPLITS)
    if isinstance(turns_per_chunk, bool) or not isinstance(turns_per_chunk, int) or turns_per_chunk < 1:
        raise ConfigError(f"turns_per_chunk is {turns_per_chunk!r}; give a positive whole number.")
    wanted = _category_names(categories)
    file = find_data_file("locomo/locomo10.json", path, OBTAIN)
    samples = read_samples(file)
    conversations = SPLITS[split]
    masked = _audited_questions(file.with_name("audit_errors.json"), samples) if audited else frozenset()
    streams = []
    try:
        for sample_id in samples if conversations is None else conversations:
            if sample_id not in samples:
                raise DataError(f"there is no {sample_id}, which split {split!r} needs. {OBTAIN}")
            stream = _stream(sample_id, samples[sample_id], wanted, masked, f"locomo:{split}")
            if stream.questions:
                streams.append(rechunk(checked(stream, sample_id, OBTAIN), turns_per_chunk))
    except DataError as error:
        raise DataError(f"{file}: {error}") from None
    return streams


def verify(path: str | Path | None = None) -> bool:
    """Return whether the file, looked for like `load_locomo` does, is the release byte for byte.

    Raises:
        DataError: If there is no such file.
    """
    return sha256_of(find_data_file("locomo/locomo10.json", path, OBTAIN)) == RELEASE_SHA256


def _category_names(categories: Collection[int | str]) -> frozenset[str]:
    if isinstance(categories, (str, int)):
        raise ConfigError(f"categories is {categories!r}; give a list, such as [{categories}].")
    names = frozenset(str(category) for category in categories)
    if not names or not names <= CATEGORIES.keys():
        known = ", ".join(f"{number} ({name})" for number, name in CATEGORIES.items())
        raise ConfigError(f"categories are {list(categories)}; choose at least one of {known}.")
    return names


def read_samples(file: Path) -> dict[str, Any]:
    """Return the samples of the data file by their ids, in the order of the file.

    Raises:
        DataError: If the file cannot be read, or two samples share an id.
    """
    samples: dict[str, Any] = {}
    for number, sample in enumerate(read_rows(file, OBTAIN)):
        sample_id = _get(sample, "sample_id", str, f"{file}: sample {number}")
        if sample_id in samples:
            raise DataError(f"{file}: two samples have the sample_id {sample_id!r}. {OBTAIN}")
        samples[sample_id] = sample
    return samples


def _stream(
    sample_id: str, sample: object, categories: frozenset[str], masked: frozenset[str], source: str
) -> Stream:
    """Return one conversation, a chunk a session."""
    chunks = tuple(session_chunks(_get(sample, "conversation", dict, sample_id), sample_id))
    turn_ids = [turn.id for chunk in chunks for turn in chunk.turns]
    if not turn_ids or len(set(turn_ids)) < len(turn_ids):
        raise DataError(f"{sample_id}: it has no turn, or two turns share a dia_id. {OBTAIN}")
    questions = []
    for number, item in enumerate(_get(sample, "qa", list, sample_id)):
        question = _question(f"{sample_id}/q{number}", item, frozenset(turn_ids))
        if question.category in categories and question.id not in masked:
            questions.append(question)
    return Stream(sample_id, sample_id, chunks, tuple(questions), source)


def session_chunks(conversation: dict[str, Any], sample_id: str) -> Iterator[Chunk]:
    """Yield the sessions of a conversation that have a turn, a chunk each, in the order of their numbers.

    Raises:
        DataError: If it is not what it should be; `sample_id` opens the message.
    """
    # By number: as text, session_10 comes before session_2. Dates without a session occur and tell nothing.
    numbers = sorted(int(key[8:]) for key in conversation if re.fullmatch(r"session_[0-9]{1,9}", key))
    index = 0
    for number in numbers:
        session, where = f"session_{number}", f"{sample_id}, session_{number}"
        items = _get(conversation, session, list, sample_id)
        if not items:
            continue
        time = parse_time(_get(conversation, f"{session}_date_time", str, sample_id), where)
        turns = tuple(_turn(item, time, f"{where}, turn {place}") for place, item in enumerate(items))
        yield Chunk(index, turns, session, time)
        index += 1


def _turn(item: object, time: datetime, where: str) -> Turn:
    text = _get(item, "text", str, where).strip()
    if isinstance(item, dict) and item.get("blip_caption") is not None:
        caption = re.sub(r"^a photo(graphy)? of ", "", _get(item, "blip_caption", str, where).strip())
        text = f"{text} [photo: {caption}]".lstrip()
    return Turn(_get(item, "dia_id", str, where), _get(item, "speaker", str, where), text, time)


def parse_time(text: str, where: str = "session") -> datetime:
    """Return the time that LoCoMo writes as `1:56 pm on 8 May, 2023`, whatever the locale.

    Raises:
        DataError: If the text is not such a time; `where` opens the message.
    """
    match = re.fullmatch(r"(\d{1,2}):(\d\d) ([ap]m) on (\d{1,2}) ([a-z]+),? (\d{4})", text.strip().lower())
    try:
        if match is None:
            raise ValueError("no such pattern")
        hour, minute, half, day, month, year = match.groups()
        if not 1 <= int(hour) <= 12:
            raise ValueError("hour")
        hour_of_day = int(hour) % 12 + (12 if half == "pm" else 0)
        return datetime(int(year), _MONTHS.index(month) + 1, int(day), hour_of_day, int(minute))
    except ValueError:
        raise DataError(
            f"{where}: {text!r} is not a time such as '1:56 pm on 8 May, 2023'. {OBTAIN}"
        ) from None


def _question(id: str, item: object, turn_ids: frozenset[str]) -> Question:
    category = str(_get(item, "category", int, id))
    if category not in CATEGORIES:
        raise DataError(f"{id}: category is {category}; LoCoMo has 1 to 5. {OBTAIN}")
    evidence = clean_evidence(_get(item, "evidence", list, id), turn_ids, id)
    text = _get(item, "question", str, id).strip()
    if category == "5":
        # What `adversarial_answer` holds is the wrong answer that the question tempts to.
        return Question(id, text, (), category, evidence, unanswerable=True, metric=LOCOMO)
    answer = item.get("answer") if isinstance(item, dict) else None
    if isinstance(answer, bool) or not isinstance(answer, (str, int)) or not str(answer).strip():
        raise DataError(f"{id}: answer is {answer!r}, neither a text nor a whole number. {OBTAIN}")
    return Question(id, text, (str(answer).strip(),), category, evidence, metric=LOCOMO)


def clean_evidence(references: Sequence[object], turn_ids: Collection[str], where: str) -> frozenset[str]:
    """Return the turn ids that the evidence of one question names.

    Mends what the release has: several ids in one text (`D8:6; D9:17`), `D30:05` and `D:11:26`, and three
    references that name no turn.

    Raises:
        DataError: If any other reference names no turn; `where` opens the message.
    """
    evidence = set()
    for reference in references:
        if not isinstance(reference, str):
            raise DataError(f"{where}: evidence {reference!r} is not a text. {OBTAIN}")
        for part in re.split(r"[;\s]+", reference.strip(" ;")):
            match = re.fullmatch(r"D:?([0-9]{1,9}):([0-9]{1,9})", part)
            turn_id = f"D{int(match[1])}:{int(match[2])}" if match else part
            if turn_id in turn_ids:
                evidence.add(turn_id)
            elif part not in _DANGLING_EVIDENCE and part:
                raise DataError(f"{where}: evidence {part!r} names no turn of the conversation. {OBTAIN}")
    return frozenset(evidence)


def _audited_questions(file: Path, samples: dict[str, Any]) -> frozenset[str]:
    """Return the ids of the questions whose key the audit found to corrupt scores."""
    if not file.is_file():
        raise DataError(f"{file} was not found; audited=True needs it. {_OBTAIN_AUDIT}")
    masked = set()
    for number, finding in enumerate(read_rows(file, _OBTAIN_AUDIT)):
        where = f"{file}: finding {number}"
        name = _get(finding, "question_id", str, where)
        match = re.fullmatch(r"locomo_([0-9]{1,9})_qa([0-9]{1,9})", name)
        error_type = _get(finding, "error_type", str, where)
        if not match or int(match[1]) >= len(CONVERSATIONS) or error_type not in SCORE_CORRUPTING | _HARMLESS:
            raise DataError(f"{where}: {name!r} ({error_type!r}) is not known. {_OBTAIN_AUDIT}")
        sample_id, place = CONVERSATIONS[int(match[1])], int(match[2])
        if sample_id not in samples:
            continue
        questions = _get(samples[sample_id], "qa", list, f"the data file's {sample_id}")
        asked = questions[place] if place < len(questions) else None
        if not isinstance(asked, dict) or asked.get("question") != _get(finding, "question", str, where):
            raise DataError(f"{where}: {name!r} is another question in the data file. {_OBTAIN_AUDIT}")
        if error_type in SCORE_CORRUPTING:
            masked.add(f"{sample_id}/q{place}")
    return frozenset(masked)


SOURCE = StreamSource(
    "locomo",
    load_locomo,
    tuple(SPLITS),
    "LoCoMo: ten long dialogues between two people. By default all splits; fetch it first.",
    default_split="all",
)
