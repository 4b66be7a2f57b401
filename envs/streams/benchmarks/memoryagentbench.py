"""MemoryAgentBench (Hu et al., arXiv:2507.05257): long contexts, each with many questions about it.

All of its files have one schema, `{context, questions, answers, metadata}`, in Parquet or as a JSON list.
They are not part of memdojo (MIT); docs/data.md says where they come from and where they go.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from memdojo.errors import ConfigError, DataError, unknown_name
from memdojo.rewards.grading import LONGMEMEVAL_JUDGE

from ...types import Question, Stream, Turn
from ..chunking import rechunk
from ..files import find_data_file
from ..json_text import read_json
from ..source import StreamSource
from .data_rows import Row, checked, field_of, read_rows
from .passages import chunks_of_sessions, cut_text

SPLITS = {
    "accurate_retrieval": "Accurate_Retrieval",
    "test_time_learning": "Test_Time_Learning",
    "long_range_understanding": "Long_Range_Understanding",
    "conflict_resolution": "Conflict_Resolution",
}
"""The file of each split, without its ending."""

OBTAIN = "Run `memdojo data fetch memoryagentbench` (MIT)."

METRICS = (
    (r"factconsolidation", "squad_substring_match"),
    (r"ruler", "squad_substring_match"),
    (r"eventqa", "eventqa_recall"),
    (r"icl_", "answer_line_match"),
    (r"detective_?qa", "answer_line_match"),
    (r"infbench", "rouge_l"),
    (r"longmemeval", LONGMEMEVAL_JUDGE),
    (r"recsys", "recommendation_recall"),
)
"""The metric of each data set, by the beginning of its name."""

FILMS = "entity2id.json"
"""The list of all films, beside the file: answers of the data sets `recsys` are numbers in it."""

_SPEAKER = "Document"
_SAME_CONTEXT_CHARS = 500


@dataclass(frozen=True, slots=True)
class Instance:
    """One row of a file, checked.

    Attributes:
        where: File and row, for messages.
        source: Name of the data set, such as `factconsolidation_sh_6k`.
        questions: Each with its reference answers, asked at the end and without evidence.
    """

    where: str
    id: str
    source: str
    context: str
    questions: tuple[Question, ...]


def load_memoryagentbench(
    split: str,
    *,
    path: str | Path | None = None,
    sources: Sequence[str] | None = None,
    turn_tokens: int = 256,
    session_tokens: int = 4096,
    turns_per_chunk: int = 1,
) -> Iterator[Stream]:
    """Yield the contexts of a file as streams, cut into passages as turns; all questions come at the end.

    The questions name no evidence. Contexts that begin alike, as those of one novel in several lengths do,
    are one group, and so are all of FactConsolidation, whose smaller lists are parts of the larger ones.

    Args:
        split: A key of `SPLITS`; with `path` it may be empty.
        path: A file of this schema, in Parquet, JSON or JSON Lines.
        sources: Names of data sets, or their beginnings; None takes all of the file.
        turn_tokens: Most tokens of a passage.
        session_tokens: Most tokens of a session, what the benchmark hands over at a time.
        turns_per_chunk: Most passages in a chunk; a chunk never crosses a session.

    Raises:
        UnknownNameError: If there is no such split.
        ConfigError: If neither split nor path is given, a number is not positive, or no data set has one of
            the names.
        DataError: If the file is missing or is not what it should be.
        MissingDependencyError: If it is a Parquet file and pyarrow is missing.
    """
    if split and split not in SPLITS:
        raise unknown_name("split of memoryagentbench", split, SPLITS)
    if not split and path is None:
        raise ConfigError(f"memoryagentbench needs a split or the option path; splits: {', '.join(SPLITS)}.")
    for name, value in (("turn_tokens", turn_tokens), ("session_tokens", session_tokens)):
        require_positive(name, value)
    require_positive("turns_per_chunk", turns_per_chunk)
    instances = read_instances(SPLITS.get(split, ""), path)
    if sources is not None:
        instances = _of_sources(instances, sources)
    for instance in instances:
        turns = [
            Turn(f"p{number}", _SPEAKER, text)
            for number, text in enumerate(cut_text(instance.context, turn_tokens))
        ]
        stream = Stream(
            instance.id,
            _group(instance),
            chunks_of_sessions(turns, session_tokens),
            instance.questions,
            f"memoryagentbench:{split}" if split else "memoryagentbench",
        )
        yield rechunk(checked(stream, instance.where, OBTAIN), turns_per_chunk)


def read_instances(
    name: str, path: str | Path | None, wanted: Callable[[str], bool] = lambda source: True
) -> list[Instance]:
    """Return the rows of a file of the benchmark.

    Args:
        name: Of the file, without its ending.
        path: The file itself; None looks for it in the data folders.
        wanted: Tells by the name of a row's data set whether to read the row.

    Raises:
        DataError: If the file is missing or is not what it should be.
    """
    names = [f"memoryagentbench/{name}{ending}" for ending in (".parquet", ".json")]
    file = find_data_file(names, path, OBTAIN)
    instances: list[Instance] = []
    for number, row in enumerate(read_rows(file, OBTAIN)):
        where = f"{file}: row {number}"
        source = field_of(field_of(row, "metadata", dict, where), "source", str, where)
        if not wanted(source):
            continue
        same = sum(instance.source == source for instance in instances)
        instance = _instance(row, source, f"{source}/{same}" if same else source, where)
        instances.append(_with_films(instance, file) if source.startswith("recsys") else instance)
    return instances


def metric_of(source: str) -> str:
    """Return the metric by which the benchmark grades a data set; empty where memdojo has none."""
    return next((metric for beginning, metric in METRICS if re.match(beginning, source)), "")


def require_positive(name: str, value: object) -> None:
    """Refuse an option that is no positive whole number.

    Raises:
        ConfigError: With its name and value.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(f"{name} is {value!r}; give a positive whole number.")


def _instance(row: Row, source: str, id: str, where: str) -> Instance:
    context = field_of(row, "context", str, where)
    texts, answers = field_of(row, "questions", list, where), field_of(row, "answers", list, where)
    if not context.strip() or not texts or len(texts) != len(answers):
        raise DataError(
            f"{where}: the context is empty, or its {len(texts)} questions have {len(answers)} answers. "
            f"{OBTAIN}"
        )
    ids = row["metadata"].get("qa_pair_ids") or [f"{id}/q{number}" for number in range(len(texts))]
    if not isinstance(ids, list) or not len(ids) == len(set(map(str, ids))) == len(texts):
        raise DataError(f"{where}: metadata.qa_pair_ids does not have one id per question. {OBTAIN}")
    category = source.partition("_")[0]
    questions = tuple(
        Question(str(name), _text(text, where), _references(each, where), category, metric=metric_of(source))
        for name, text, each in zip(ids, texts, answers, strict=True)
    )
    return Instance(where, id, source, context, questions)


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise DataError(f"{where}: question {value!r} is not a text. {OBTAIN}")
    return value.strip()


def _references(value: object, where: str) -> tuple[str, ...]:
    """Return the reference answers of one question, which the files have as a list or alone."""
    values = value if isinstance(value, list) else [value]
    texts = tuple(dict.fromkeys(str(each).strip() for each in values if isinstance(each, str | int)))
    if not texts or not all(texts):
        raise DataError(f"{where}: answers {value!r} are not texts. {OBTAIN}")
    return texts


def _with_films(instance: Instance, file: Path) -> Instance:
    """Return the instance with titles instead of numbers as its reference answers."""
    path = file.with_name(FILMS)
    if not path.is_file():
        raise DataError(f"{path} was not found, which the answers of {instance.source} need. {OBTAIN}")
    numbers = read_json(path, OBTAIN)
    if not isinstance(numbers, dict):
        raise DataError(f"{path} is not an object of films and their numbers. {OBTAIN}")
    films = {str(number): _film(name) for name, number in numbers.items()}
    questions = []
    for question in instance.questions:
        if unknown := [answer for answer in question.answers if answer not in films]:
            raise DataError(f"{path}: there is no film {unknown[0]!r}, an answer of {question.id}. {OBTAIN}")
        titles = tuple(films[answer] for answer in question.answers)
        questions.append(dataclasses.replace(question, answers=titles))
    return dataclasses.replace(instance, questions=tuple(questions))


def _film(name: str) -> str:
    """Return the title that ends a resource's name, as in `<http://dbpedia.org/resource/Jaws_(film)>`."""
    title = re.sub(r"[_<>-]", " ", name.rpartition("/")[2])
    return " ".join(re.sub(r"\([^()]*\)", " ", title).split())


def _of_sources(instances: Sequence[Instance], sources: Sequence[str]) -> list[Instance]:
    if isinstance(sources, str):
        raise ConfigError(f"sources is {sources!r}; give a list, such as ['{sources}'].")
    known = dict.fromkeys(instance.source for instance in instances)
    for name in sources:
        if not any(source.startswith(name) for source in known):
            raise unknown_name("data set of this file", name, known)
    return [instance for instance in instances if instance.source.startswith(tuple(sources))]


def _group(instance: Instance) -> str:
    if instance.source.startswith("factconsolidation"):
        return "factconsolidation"
    beginning = instance.context.strip()[:_SAME_CONTEXT_CHARS]
    return f"memoryagentbench {hashlib.sha256(beginning.encode()).hexdigest()[:12]}"


SOURCE = StreamSource(
    "memoryagentbench",
    load_memoryagentbench,
    tuple(SPLITS),
    "The contexts of MemoryAgentBench, or any file of its schema; fetch the files first.",
)
