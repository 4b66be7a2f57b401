"""Public sets of labelled utterances and questions as streams of tasks, read from their own files.

Banking77 (Casanueva et al., arXiv:2003.04807), CLINC150 (Larson et al., arXiv:1909.02027), NLU (Liu et al.,
arXiv:1903.05566) and TREC (Li and Roth, COLING 2002): the sets of which MemoryAgentBench makes its
test-time learning. They are not part of memdojo; docs/data.md says where they come from and where they go.
"""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memdojo.errors import DataError, unknown_name

from ...types import Stream
from ..files import find_data_file
from ..json_text import read_json
from ..source import StreamSource
from ..splits import dealt_split
from .labelled_texts import LabelledText, LabelSettings, streams_of_labelled

NLU_SHARES = {"train": 0.7, "validation": 0.1, "test": 0.2}
"""NLU has no published split: utterances are dealt by their SHA-256."""

OBTAIN = "Run `memdojo data fetch` with banking77, clinc150, nlu or trec."

_OUT_OF_SCOPE = "oos"
_IRRELEVANT = "IRR_"


@dataclass(frozen=True, slots=True)
class Part:
    """A split of a set.

    Attributes:
        files: Where its file may lie in a data folder.
        read: Returns the texts of that file; called with the file, and what `of` says.
        of: What the reader takes of the file.
    """

    files: tuple[str, ...]
    read: Callable[[Path, str], list[LabelledText]]
    of: str = ""


def load_intents(
    split: str,
    *,
    path: str | Path | None = None,
    settings: LabelSettings | None = None,
    seed: int = 0,
    num_streams: int = 8,
    **changes: Any,
) -> Iterator[Stream]:
    """Return an iterator over streams of tasks of a split of a set.

    Args:
        split: A key of `PARTS`, such as `banking77/test`.
        path: The file itself; None looks for it in the data folders.
        settings: What a stream takes; the defaults if left out.
        seed: Not negative.
        num_streams: How many there are.
        **changes: Fields of `settings` that are to have other values.

    Raises:
        UnknownNameError: If there is no such split.
        ConfigError: If a value makes no stream.
        DataError: If the file is missing or is not what it should be.
    """
    if split not in PARTS:
        raise unknown_name("split of intents", split, PARTS)
    part = PARTS[split]
    base = dataclasses.replace(LabelSettings() if settings is None else settings, **changes)
    file = find_data_file(part.files, path, OBTAIN)
    texts = [each for each in part.read(file, part.of) if each.text]
    if len({each.label for each in texts}) < 2:
        raise DataError(f"{file} has no texts of two labels or more. {OBTAIN}")
    return streams_of_labelled(texts, base, f"intents:{split}", seed=seed, num_streams=num_streams)


def read_banking77(file: Path, of: str = "") -> list[LabelledText]:
    """Return the queries of a file of Banking77, a table with the columns `text` and `category`."""
    return [
        LabelledText(" ".join(row["text"].split()), row["category"])
        for row in _rows(file, ",", ("text", "category"))
    ]


def read_clinc150(file: Path, of: str) -> list[LabelledText]:
    """Return the queries of `data_full.json` of a split, without those out of scope, which have no label.

    Args:
        file: Where it lies.
        of: `train`, `val` or `test`.
    """
    data = read_json(file, OBTAIN)
    pairs = data.get(of) if isinstance(data, dict) else None
    if not isinstance(pairs, list):
        raise DataError(f"{file} has no list {of!r}. {OBTAIN}")
    texts = []
    for number, pair in enumerate(pairs):
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(each, str) for each in pair)):
            raise DataError(f"{file}: {of}[{number}] is {pair!r}, not a query and its intent. {OBTAIN}")
        if pair[1] != _OUT_OF_SCOPE:
            texts.append(LabelledText(" ".join(pair[0].split()), pair[1]))
    return texts


def read_nlu(file: Path, of: str) -> list[LabelledText]:
    """Return the utterances of the annotated table that fall into a split of `NLU_SHARES`.

    The label is scenario and intent together. Utterances whose status calls them irrelevant are left out, as
    the authors do.
    """
    texts = [
        LabelledText(" ".join(row["answer"].split()), f"{row['scenario']}_{row['intent']}")
        for row in _rows(file, ";", ("scenario", "intent", "status", "answer"))
        if not row["status"].startswith(_IRRELEVANT)
    ]
    return [each for each in texts if dealt_split(each.text, NLU_SHARES) == of]


def read_trec(file: Path, of: str) -> list[LabelledText]:
    """Return the questions of a file of TREC, lines such as `LOC:city What is ... ?` in Latin-1.

    Args:
        file: Where it lies.
        of: `coarse` for labels such as `LOC`, `fine` for those such as `LOC:city`.
    """
    texts = []
    # In Latin-1 some characters of words would count as ends of lines to `splitlines`.
    for number, line in enumerate(_text(file, "latin-1").rstrip().split("\n"), start=1):
        label, _, text = line.partition(" ")
        coarse, colon, _ = label.partition(":")
        if not colon or not text.strip():
            raise DataError(f"{file}: line {number} is {line[:60]!r}, not a label and a question. {OBTAIN}")
        texts.append(LabelledText(" ".join(text.split()), coarse if of == "coarse" else label))
    return texts


def _rows(file: Path, delimiter: str, columns: tuple[str, ...]) -> Iterator[Mapping[str, str]]:
    """Yield the rows of a table, refusing one that lacks columns."""
    table = csv.DictReader(io.StringIO(_text(file, "utf-8-sig"), newline=""), delimiter=delimiter)
    if missing := [column for column in columns if column not in (table.fieldnames or ())]:
        raise DataError(f"{file} has no column {missing[0]!r}; its first line should name it. {OBTAIN}")
    for row in table:
        if any(row[column] is None for column in columns):
            raise DataError(f"{file}: line {table.line_num} has too few columns. {OBTAIN}")
        yield row


def _text(file: Path, encoding: str) -> str:
    try:
        return file.read_bytes().decode(encoding)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file} cannot be read: {error}. {OBTAIN}") from error


_BANKING = ("banking77/{}.csv", "banking_data/{}.csv")
_CLINC = ("clinc150/data_full.json", "oos-eval/data/data_full.json")
_NLU = "NLU-Data-Home-Domain-Annotated-All.csv"

PARTS: Mapping[str, Part] = {
    **{
        f"banking77/{split}": Part(tuple(file.format(split) for file in _BANKING), read_banking77)
        for split in ("train", "test")
    },
    **{
        f"clinc150/{split}": Part(_CLINC, read_clinc150, of)
        for split, of in (("train", "train"), ("validation", "val"), ("test", "test"))
    },
    **{
        f"nlu/{split}": Part((f"nlu/{_NLU}", f"AnnotatedData/{_NLU}"), read_nlu, split)
        for split in NLU_SHARES
    },
    **{
        f"trec_{of}/{split}": Part((f"trec/{file}",), read_trec, of)
        for of in ("coarse", "fine")
        for split, file in (("train", "train_5500.label"), ("test", "TREC_10.label"))
    },
}
"""The splits of all sets, by what specs call them."""

SOURCE = StreamSource(
    "intents",
    load_intents,
    tuple(PARTS),
    "Texts of public sets whose labels only experience tells. By default banking77/train; fetch them first.",
    ("path", "settings", "seed", "num_streams", *(each.name for each in dataclasses.fields(LabelSettings))),
    default_split="banking77/train",
)
