"""Haystacks: paragraphs of an encyclopedia that hide the answers to a few questions.

Made of files in the formats of HotpotQA with distractors (Yang et al., arXiv:1809.09600) or of SQuAD
(Rajpurkar et al., arXiv:1606.05250). They are not part of memdojo; docs/data.md says where they come from.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from memdojo.errors import ConfigError, DataError, unknown_name

from ...types import Question, Stream, Turn
from ..chunking import rechunk
from ..files import find_data_file
from ..json_text import read_json
from ..source import StreamSource
from ..splits import dealt_split
from .data_rows import checked, decoded_field, field_of
from .memoryagentbench import require_positive
from .passages import SENTENCE_ENDS, chunks_of_sessions

SHARES = {"train": 0.5, "validation": 0.25, "test": 0.25}
"""Share of the titles in each split that has no title in common with another."""

SPLITS = ("all", *SHARES)

OBTAIN = "Run `memdojo data fetch hotpotqa` (CC BY-SA 4.0), or give a file of that format with path."

METRIC = "substring_exact_match"

Unit = Literal["sentence", "paragraph"]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of an article, in sentences."""

    title: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a file.

    Attributes:
        needed: The paragraphs that answer it, each with the positions of the sentences that do.
        others: Paragraphs that stand around them.
        num_dropped: Pieces of evidence that name no sentence.
    """

    id: str
    text: str
    answers: tuple[str, ...]
    category: str
    needed: tuple[tuple[Paragraph, tuple[int, ...]], ...]
    others: tuple[Paragraph, ...]
    num_dropped: int = 0


def load_haystack(
    split: str = "all",
    *,
    path: str | Path | None = None,
    num_paragraphs: int = 50,
    questions_per_stream: int = 10,
    unit: Unit = "sentence",
    session_tokens: int = 2048,
    turns_per_chunk: int = 1,
    num_streams: int | None = None,
    seed: int = 0,
) -> Iterator[Stream]:
    """Yield streams of paragraphs in random order, with the questions that they answer at the end.

    A stream has what `questions_per_stream` questions need, and of the paragraphs around them as many as fit
    into `num_paragraphs`. An article is in one stream only: a question that needs one of an earlier stream is
    left out. The SHA-256 of a title's text decides where it belongs, so the splits share none, not even
    those of two files. Streams of `train`, `validation` and `test` are groups of their own. Those of `all`
    are one group that holds every other: what is trained on them cannot be tested on anything from here.

    Args:
        split: One of `SPLITS`.
        path: The file; None looks for HotpotQA's development set in the data folders.
        num_paragraphs: Most paragraphs of a stream, unless its questions need more.
        questions_per_stream: Questions of a stream; the last one may have fewer.
        unit: What a turn is: a sentence or a paragraph. The speaker is the title.
        session_tokens: Most tokens of a session.
        turns_per_chunk: Most turns in a chunk; a chunk never crosses a session.
        num_streams: Most streams; None makes as many as the file gives.
        seed: Decides which questions and paragraphs come together, and in which order.

    Raises:
        UnknownNameError: If there is no such split or unit.
        ConfigError: If a number is not positive.
        DataError: If the file is missing or is not what it should be.
    """
    if split not in SPLITS:
        raise unknown_name("split of haystack", split, SPLITS)
    if unit not in get_args(Unit):
        raise unknown_name("unit of haystack", unit, get_args(Unit))
    numbers = {
        "num_paragraphs": num_paragraphs,
        "questions_per_stream": questions_per_stream,
        "session_tokens": session_tokens,
        "turns_per_chunk": turns_per_chunk,
    } | ({} if num_streams is None else {"num_streams": num_streams})
    for name, value in numbers.items():
        require_positive(name, value)
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ConfigError(f"seed is {seed!r}; give a whole number from 0.")
    file = find_data_file("hotpotqa/hotpot_dev_distractor_v1.json", path, OBTAIN)
    asked = _in_split(read_questions(file), split)
    streams = (
        rechunk(
            checked(_stream(number, pile, split, unit, session_tokens), str(file), OBTAIN), turns_per_chunk
        )
        for number, pile in enumerate(_piles(asked, num_paragraphs, questions_per_stream, seed))
    )
    return islice(streams, num_streams)


def read_questions(file: Path) -> list[Asked]:
    """Return the questions of a file in the format of HotpotQA or SQuAD, recognised by its content.

    A supporting fact that names no sentence is dropped, as is an answer of SQuAD that no single sentence
    holds, and a question that has none left is left out. So are the questions of SQuAD 2.0 that have no
    answer.

    Warns:
        UserWarning: If evidence was dropped, with how much.

    Raises:
        DataError: If the file is in neither format.
    """
    content = read_json(file, OBTAIN)
    if isinstance(content, list):
        asked = [_of_hotpotqa(row, f"{file}: question {number}") for number, row in enumerate(content)]
    elif isinstance(content, dict) and isinstance(content.get("data"), list):
        asked = list(_of_squad(content["data"], str(file)))
    else:
        raise DataError(f"{file} is neither a list of questions nor an object with 'data'. {OBTAIN}")
    usable = [each for each in asked if each.needed]
    if not usable:
        raise DataError(f"{file} has no question whose answer lies in a paragraph. {OBTAIN}")
    _warn_of_dropped(asked, file)
    return usable


def _warn_of_dropped(asked: Sequence[Asked], file: Path) -> None:
    lacking = [each for each in asked if each.num_dropped]
    if lacking:
        num_left_out = sum(not each.needed for each in lacking)
        warnings.warn(
            f"{file}: {sum(each.num_dropped for each in lacking)} supporting facts of {len(lacking)} "
            f"questions name no sentence and are dropped; {num_left_out} of these questions are left out, "
            f"because nothing else answers them. The first is {lacking[0].id!r}.",
            stacklevel=4,
        )


def _of_hotpotqa(row: object, where: str) -> Asked:
    paragraphs: dict[str, Paragraph] = {}
    for item in decoded_field(row, "context", where):
        match item:
            case [str(title), [*sentences]] if all(isinstance(each, str) for each in sentences):
                # Sentences that hold nothing keep their places: supporting facts count them.
                paragraphs[title] = Paragraph(title, tuple(each.strip() for each in sentences))
            case _:
                raise DataError(f"{where}: context is not a list of [title, [sentences]]. {OBTAIN}")
    needed: dict[str, list[int]] = {}
    num_dropped = 0
    for fact in field_of(row, "supporting_facts", list, where):
        match fact:
            case [str(title), int(place)] if title in paragraphs and _has_sentence(paragraphs[title], place):
                needed.setdefault(title, []).append(place)
            case _:
                num_dropped += 1
    return Asked(
        field_of(row, "_id", str, where),
        field_of(row, "question", str, where).strip(),
        (field_of(row, "answer", str, where).strip(),),
        str(row.get("type", "")) if isinstance(row, dict) else "",
        tuple((paragraphs[title], tuple(places)) for title, places in needed.items()),
        tuple(paragraph for title, paragraph in paragraphs.items() if title not in needed),
        num_dropped,
    )


def _has_sentence(paragraph: Paragraph, place: int) -> bool:
    return 0 <= place < len(paragraph.sentences) and bool(paragraph.sentences[place])


def _of_squad(articles: Sequence[Any], file: str) -> Iterator[Asked]:
    for number, article in enumerate(articles):
        where = f"{file}: article {number}"
        title = field_of(article, "title", str, where).replace("_", " ")
        rows = field_of(article, "paragraphs", list, where)
        texts = [field_of(row, "context", str, where) for row in rows]
        paragraphs = [Paragraph(title, tuple(SENTENCE_ENDS.split(text.strip()))) for text in texts]
        for place, row in enumerate(rows):
            others = tuple(paragraphs[:place] + paragraphs[place + 1 :])
            for qa in field_of(row, "qas", list, where):
                answers = field_of(qa, "answers", list, where)
                references = tuple(dict.fromkeys(field_of(each, "text", str, where) for each in answers))
                holding = [
                    index
                    for index, sentence in enumerate(paragraphs[place].sentences)
                    if any(reference in sentence for reference in references)
                ]
                needed = ((paragraphs[place], tuple(holding[:1])),) if holding else ()
                id, text = field_of(qa, "id", str, where), field_of(qa, "question", str, where).strip()
                yield Asked(id, text, references, "", needed, others, int(bool(references) and not holding))


def _in_split(asked: Iterable[Asked], split: str) -> list[Asked]:
    """Return the questions all of whose needed titles are of the split, with only its titles around them."""
    if split == "all":
        return list(asked)
    return [
        Asked(
            each.id,
            each.text,
            each.answers,
            each.category,
            each.needed,
            tuple(paragraph for paragraph in each.others if split_of(paragraph.title) == split),
        )
        for each in asked
        if all(split_of(paragraph.title) == split for paragraph, _ in each.needed)
    ]


def split_of(title: str) -> str:
    """Return the split that a title belongs to, by its SHA-256."""
    return dealt_split(title, SHARES)


_Pile = tuple[list[Asked], list[Paragraph]]
"""The questions and paragraphs of a stream."""


def _piles(asked: Sequence[Asked], num_paragraphs: int, num_questions: int, seed: int) -> Iterator[_Pile]:
    rng = np.random.default_rng(seed)
    taken: set[str] = set()
    pile: list[Asked] = []
    for each in _by_title(asked, rng):
        if taken.isdisjoint(paragraph.title for paragraph, _ in each.needed):
            pile.append(each)
        if len(pile) == num_questions:
            paragraphs = _paragraphs(pile, taken, num_paragraphs, rng)
            taken |= {paragraph.title for paragraph in paragraphs}
            yield pile, paragraphs
            pile = []
    if pile:
        yield pile, _paragraphs(pile, taken, num_paragraphs, rng)


def _by_title(asked: Sequence[Asked], rng: np.random.Generator) -> list[Asked]:
    """Return the questions in random order, those that need the same article first of all side by side."""
    by_title: dict[str, list[Asked]] = {}
    for each in asked:
        by_title.setdefault(each.needed[0][0].title, []).append(each)
    titles = list(by_title)
    return [each for place in rng.permutation(len(titles)) for each in by_title[titles[place]]]


def _paragraphs(
    pile: Sequence[Asked], taken: set[str], num_paragraphs: int, rng: np.random.Generator
) -> list[Paragraph]:
    needed = dict.fromkeys(paragraph for each in pile for paragraph, _ in each.needed)
    others = dict.fromkeys(
        paragraph
        for each in pile
        for paragraph in each.others
        if paragraph not in needed and paragraph.title not in taken and any(paragraph.sentences)
    )
    around = list(others)
    room = max(0, num_paragraphs - len(needed))
    chosen = [*needed, *(around[place] for place in rng.permutation(len(around))[:room])]
    return [chosen[place] for place in rng.permutation(len(chosen))]


def _stream(number: int, pile: _Pile, split: str, unit: Unit, session_tokens: int) -> Stream:
    asked, paragraphs = pile
    turns: list[Turn] = []
    ids: dict[tuple[Paragraph, int], str] = {}
    for position, paragraph in enumerate(paragraphs):
        if unit == "paragraph":
            turns.append(Turn(f"p{position}", paragraph.title, " ".join(filter(None, paragraph.sentences))))
        for place, sentence in enumerate(paragraph.sentences):
            ids[paragraph, place] = f"p{position}" if unit == "paragraph" else f"p{position}s{place}"
            if unit == "sentence" and sentence:
                turns.append(Turn(ids[paragraph, place], paragraph.title, sentence))
    questions = tuple(
        Question(
            each.id,
            each.text,
            each.answers,
            each.category,
            frozenset(ids[paragraph, place] for paragraph, places in each.needed for place in places),
            metric=METRIC,
        )
        for each in asked
    )
    group = "haystack" if split == "all" else f"haystack/{split}/{number}"
    chunks = chunks_of_sessions(turns, session_tokens)
    return Stream(f"haystack/{split}/{number}", group, chunks, questions, f"haystack:{split}")


SOURCE = StreamSource(
    "haystack",
    load_haystack,
    SPLITS,
    "Paragraphs of HotpotQA (or a file like it, or like SQuAD) around what a few questions need.",
    default_split="all",
)
