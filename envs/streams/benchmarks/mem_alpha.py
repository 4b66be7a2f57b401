"""The training data of Mem-alpha (Wang et al., arXiv:2509.25911): chunks of many sorts, with questions.

Two Parquet files whose columns `chunks` and `questions_and_answers` hold JSON. They are not part of memdojo;
docs/data.md says where they come from and where they go.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from memdojo.errors import DataError, unknown_name
from memdojo.rewards.grading import LONGMEMEVAL_JUDGE

from ...types import Chunk, Question, Stream, Turn
from ..chunking import rechunk
from ..files import find_data_file
from ..source import StreamSource
from .data_rows import Row, checked, decoded_field, field_of, read_rows
from .memoryagentbench import metric_of, require_positive
from .passages import cut_text


@dataclass(frozen=True, slots=True)
class DataSet:
    """One of the data sets in the mixture.

    Attributes:
        pattern: Matches the beginning of the values of the column `data_source` that mean it.
        metric: By which its answers are graded (section 4.1 of the paper).
    """

    pattern: str
    metric: str


DATA_SETS = {
    "squad": DataSet(r"squad", "substring_exact_match"),
    "hotpotqa": DataSet(r"hotpotqa", "substring_exact_match"),
    "perltqa": DataSet(r"perltqa", "keyword_match"),
    "longmemeval": DataSet(r"lme_train|longmemeval", LONGMEMEVAL_JUDGE),
    "nlu": DataSet(r"(ttl_train_|icl_)?nlu", "label_match"),
    "trec": DataSet(r"(ttl_train_|icl_)?trec", "label_match"),
    "pubmed_rct": DataSet(r"pubmed[-_]rct", "label_match"),
    "booksum": DataSet(r"booksum", "keyword_match"),
}
"""The data sets by the names that specs have for them."""

SPLITS = tuple(
    split + (f"/{name}" if name else "") for split in ("train", "test") for name in ("", *DATA_SETS)
)
"""The two files, whole or one data set of them."""

OBTAIN = "Run `memdojo data fetch mem_alpha`."

_SPEAKER = "Text"
_DATE = re.compile(r"\[[^\]\n]*?(\d{4}-\d{2}-\d{2}(?: \d{2}:\d{2})?)")


def load_mem_alpha(
    split: str = "train",
    *,
    path: str | Path | None = None,
    turn_tokens: int | None = None,
    turns_per_chunk: int = 1,
) -> Iterator[Stream]:
    """Yield the instances of a split as streams; all questions come at the end and name no evidence.

    Instances of the same chunks are one group, in whatever file they are. A chunk is a session of its own,
    dated where its first line has a date. What no entry of `DATA_SETS` means is graded as MemoryAgentBench
    grades a data set of that name.

    Args:
        split: One of `SPLITS`.
        path: A Parquet file of this schema; None looks for that of the split in the data folders.
        turn_tokens: Cut each chunk into passages of at most so many tokens, which are its turns; None leaves
            it whole, a single turn.
        turns_per_chunk: Most passages in a chunk of the stream; a chunk never crosses a session.

    Raises:
        UnknownNameError: If there is no such split.
        ConfigError: If a number is not positive.
        DataError: If the file is missing or is not what it should be, or has nothing of the data set.
        MissingDependencyError: If it is a Parquet file and pyarrow is missing.
    """
    if split not in SPLITS:
        raise unknown_name("split of mem_alpha", split, SPLITS)
    if turn_tokens is not None:
        require_positive("turn_tokens", turn_tokens)
    require_positive("turns_per_chunk", turns_per_chunk)
    part, _, wanted = split.partition("/")
    file = find_data_file(f"mem_alpha/{part}.parquet", path, OBTAIN)
    return _streams(file, part, wanted, turn_tokens, turns_per_chunk)


def data_set_of(data_source: str) -> str:
    """Return the key of `DATA_SETS` that a value of the column `data_source` means; empty if none does."""
    lowered = data_source.lower()
    return next((name for name, each in DATA_SETS.items() if re.match(each.pattern, lowered)), "")


def _streams(
    file: Path, part: str, wanted: str, turn_tokens: int | None, turns_per_chunk: int
) -> Iterator[Stream]:
    found = False
    for number, row in enumerate(read_rows(file, OBTAIN)):
        where = f"{file}: row {number}"
        data_source = field_of(row, "data_source", str, where)
        if wanted in ("", data_set_of(data_source)):
            found = True
            stream = _stream(row, data_source, f"{part}/{number}", where, turn_tokens)
            yield rechunk(checked(stream, where, OBTAIN), turns_per_chunk)
    if not found:
        raise DataError(f"{file} has no instance of {wanted!r} in its column data_source. {OBTAIN}")


def _stream(row: Row, data_source: str, id: str, where: str, turn_tokens: int | None) -> Stream:
    texts = decoded_field(row, "chunks", where)
    if not all(isinstance(text, str) and text.strip() for text in texts):
        raise DataError(f"{where}: chunks is not a list of texts. {OBTAIN}")
    chunks = tuple(_chunk(index, text.strip(), turn_tokens) for index, text in enumerate(texts))
    questions = tuple(
        _question(f"q{number}", item, data_source, where)
        for number, item in enumerate(decoded_field(row, "questions_and_answers", where))
    )
    digest = hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:12]
    return Stream(f"mem_alpha/{id}", f"mem_alpha {digest}", chunks, questions)


def _chunk(index: int, text: str, turn_tokens: int | None) -> Chunk:
    time = _date(text)
    passages = [text] if turn_tokens is None else cut_text(text, turn_tokens)
    ids = [f"c{index}"] if turn_tokens is None else [f"c{index}.{place}" for place in range(len(passages))]
    turns = tuple(Turn(id, _SPEAKER, passage, time) for id, passage in zip(ids, passages, strict=True))
    return Chunk(index, turns, str(index + 1), time)


def _date(text: str) -> datetime | None:
    match = _DATE.match(text)
    try:
        return datetime.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


def _question(id: str, item: object, data_source: str, where: str) -> Question:
    name = data_set_of(data_source)
    text = field_of(item, "question", str, f"{where}, {id}").strip()
    assert isinstance(item, dict)  # It has a field.
    value = item.get("answer", item.get("answers"))
    answers = [str(each).strip() for each in (value if isinstance(value, list) else [value])]
    if not text or value is None or not answers or not all(answers):
        raise DataError(f"{where}, {id}: the question or its answer {value!r} is empty. {OBTAIN}")
    if name == "booksum":
        # Keywords are separated by semicolons everywhere else.
        answers = [re.sub(r"\s*,\s*", "; ", answer) for answer in answers]
    metric = DATA_SETS[name].metric if name else metric_of(data_source)
    return Question(id, text, tuple(dict.fromkeys(answers)), name or data_source, metric=metric)


SOURCE = StreamSource(
    "mem_alpha",
    load_mem_alpha,
    SPLITS,
    "Mem-alpha's training data: eight data sets. By default the split train; fetch the files first.",
    default_split="train",
)
