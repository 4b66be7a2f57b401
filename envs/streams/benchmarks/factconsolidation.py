"""FactConsolidation, of MemoryAgentBench (Hu et al., arXiv:2507.05257): numbered facts of which a later one
overrides an earlier one, and questions about what counts in the end.

The file is not part of memdojo (MIT); docs/data.md says where it comes from and where it goes. Evidence and
oracle are derived by `fact_rules`: the data set has neither.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from memdojo.errors import DataError, unknown_name

from ...types import Question, Stream, Turn
from ..chunking import rechunk
from ..source import StreamSource
from ..splits import dealt_split
from .data_rows import checked
from .fact_rules import MAX_CHAIN, Fact, FactList, parse_fact
from .memoryagentbench import OBTAIN, Instance, read_instances, require_positive
from .passages import chunks_of_sessions

KINDS, SIZES = ("sh", "mh"), ("6k", "32k", "64k", "262k")
VARIANTS = tuple(f"{kind}_{size}" for kind in KINDS for size in SIZES)
"""The published contexts: single-hop and multi-hop questions on a list of about so many tokens."""

DEALT = {"train": 0.6, "validation": 0.2, "test": 0.2}
"""Share of the largest context's subjects in each split; no two of these splits have a fact in common."""

SPLITS = ("all", *KINDS, *VARIANTS, *DEALT)
"""The splits: all contexts, those of one kind, single ones, or facts that were dealt out anew."""

GROUP = "factconsolidation"
_SOURCE = "factconsolidation"
_LINE = re.compile(r"([0-9]{1,9})\. (.+)")
_NUM_FACTS = {"sh": range(1, 2), "mh": range(2, MAX_CHAIN + 1)}


def load_factconsolidation(
    split: str = "all",
    *,
    path: str | Path | None = None,
    turns_per_chunk: int = 1,
    session_tokens: int = 4096,
    facts_per_stream: int = 500,
) -> list[Stream]:
    """Return contexts as streams: each fact is a turn with its number, all questions come at the end.

    The contexts are one group, since a smaller list is part of the larger ones. `train`, `validation` and
    `test` are made by rule: the subjects of the largest list are dealt out by the SHA-256 of their names, and
    each split has all facts of its subjects, in their order and with their numbers, in streams of about
    `facts_per_stream`. It asks the single-hop questions of all contexts about these facts. No two of these
    streams share a fact, a subject or a question; each is a group that lies in that of the contexts.

    Args:
        split: One of `SPLITS`.
        path: The file Conflict_Resolution of the benchmark; None looks for it in the data folders.
        turns_per_chunk: Most facts in a chunk; a chunk never crosses a session.
        session_tokens: Most tokens of a session, what the benchmark hands over at a time.
        facts_per_stream: Size of the streams of `train`, `validation` and `test`.

    Raises:
        UnknownNameError: If there is no such split.
        ConfigError: If a number is not positive.
        DataError: If the file is missing or is not what it should be.
        MissingDependencyError: If it is a Parquet file and pyarrow is missing.
    """
    if split not in SPLITS:
        raise unknown_name("split of factconsolidation", split, SPLITS)
    require_positive("turns_per_chunk", turns_per_chunk)
    require_positive("session_tokens", session_tokens)
    require_positive("facts_per_stream", facts_per_stream)
    if split in DEALT:
        parts = _dealt(_instances("all", path), split, facts_per_stream)
    else:
        parts = (
            (instance.where, _variant(instance), GROUP, _facts(instance), _questions(instance))
            for instance in _instances(split, path)
        )
    streams = []
    for where, id, group, facts, questions in parts:
        stream = _stream(id, group, facts, questions, session_tokens)
        stream = dataclasses.replace(checked(stream, where, OBTAIN), source=f"{_SOURCE}:{split}")
        streams.append(rechunk(stream, turns_per_chunk))
    return streams


_Part = tuple[str, str, str, FactList, Sequence[Question]]
"""Where it comes from, and id, group, facts and questions of a stream."""


def _instances(split: str, path: str | Path | None) -> list[Instance]:
    def wanted(source: str) -> bool:
        name = source.removeprefix("factconsolidation_")
        return name in VARIANTS and (split == "all" or name == split or name.startswith(f"{split}_"))

    instances = read_instances("Conflict_Resolution", path, wanted)
    if not instances:
        place = "the file" if path is None else str(path)
        raise DataError(f"{place} has no context {split!r} of FactConsolidation. {OBTAIN}")
    return instances


def _variant(instance: Instance) -> str:
    return instance.source.removeprefix("factconsolidation_")


def _questions(instance: Instance) -> tuple[Question, ...]:
    kind = _variant(instance).partition("_")[0]
    return tuple(dataclasses.replace(question, category=kind) for question in instance.questions)


def _facts(instance: Instance) -> FactList:
    facts: list[Fact] = []
    # The first line says that a list follows.
    for line in filter(None, instance.context.split("\n")[1:]):
        match = _LINE.fullmatch(line)
        fact = match and parse_fact(int(match[1]), match[2])
        if fact is None or (facts and fact.number <= facts[-1].number):
            raise DataError(
                f"{instance.where}: {line!r} is not a fact in a known wording, or is out of order. {OBTAIN}"
            )
        facts.append(fact)
    return FactList(facts)


def _stream(
    id: str, group: str, facts: FactList, questions: Sequence[Question], session_tokens: int
) -> Stream:
    turns = [Turn(fact.turn_id, "Facts", fact.line) for fact in facts.facts]
    asked = tuple(_with_evidence(question, facts) for question in questions)
    return Stream(id, group, chunks_of_sessions(turns, session_tokens), asked, oracle=facts.oracle())


def _with_evidence(question: Question, facts: FactList) -> Question:
    chain = facts.chain(question.text, question.answers, _NUM_FACTS[question.category])
    return dataclasses.replace(question, evidence=frozenset(fact.turn_id for fact in chain))


def _dealt(instances: Sequence[Instance], split: str, facts_per_stream: int) -> Iterator[_Part]:
    """Yield the streams of a split whose facts no other split has."""
    longest = max(instances, key=lambda instance: len(instance.context))
    largest = _facts(longest)
    own = [fact for fact in largest.facts if _split_of(fact.subject) == split]
    num_streams = max(1, round(len(own) / facts_per_stream))
    facts: defaultdict[int, list[Fact]] = defaultdict(list)
    for fact in own:
        facts[_stream_of(fact.subject, num_streams)].append(fact)
    questions: defaultdict[int, list[Question]] = defaultdict(list)
    for question, (fact,) in _answerable(instances, largest).items():
        if _split_of(fact.subject) == split:
            questions[_stream_of(fact.subject, num_streams)].append(question)
    for number in sorted(questions):
        id = f"{split}/{number}"
        yield longest.where, id, f"{GROUP}/{id}", FactList(facts[number]), questions[number]


def _answerable(instances: Iterable[Instance], facts: FactList) -> Mapping[Question, tuple[Fact, ...]]:
    """Return the single-hop questions of all contexts that these facts answer, each text once."""
    chains: dict[Question, tuple[Fact, ...]] = {}
    asked: set[str] = set()
    for question in (question for instance in instances for question in _questions(instance)):
        if question.category == "sh" and question.text not in asked:
            asked.add(question.text)
            if chain := facts.chain(question.text, question.answers, _NUM_FACTS["sh"]):
                chains[question] = chain
    return chains


def _split_of(subject: str) -> str:
    return dealt_split(subject, DEALT)


def _stream_of(subject: str, num_streams: int) -> int:
    # Other bits than those that have decided the split.
    return int.from_bytes(hashlib.sha256(subject.encode()).digest()[8:16]) % num_streams


SOURCE = StreamSource(
    "factconsolidation",
    load_factconsolidation,
    SPLITS,
    "FactConsolidation: numbered facts, later ones override. By default all splits; fetch it first.",
    default_split="all",
)
