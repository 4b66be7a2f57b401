"""The baselines by name: hand-made managers and retrievers that every learned policy is measured against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from memdojo.envs.answering import Answerer
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.memory.retrieval.protocol import Retriever
from memdojo.envs.memory.retrieval.retrievers import (
    BM25Retriever,
    DenseRetriever,
    FusionRetriever,
    RandomRetriever,
    RecencyRetriever,
    WrittenOrderRetriever,
    list_retrievers,
    make_retriever,
)
from memdojo.errors import ConfigError, unknown_name

from ..policy import ManagerPolicy, release_models
from .hybrid import HandHybridRetriever
from .oracles import EmptyRetriever, LabelledManager, OracleManager, OracleRetriever
from .rules import (
    NoOpRule,
    Priorities,
    PriorityRule,
    RandomRule,
    SimilarityRule,
    hand_priority,
    length_priority,
    newest_priority,
    oldest_priority,
    sum_idf_priority,
)

LOWER_BOUND = "no_op"
"""Name of the manager and of the retriever that do nothing: normalised scores count from theirs."""

UPPER_BOUND = "oracle"
"""Name of the manager and of the retriever that know the questions: normalised scores count up to theirs."""

ALL_KNOWING = frozenset({UPPER_BOUND, "labelled"})
"""Baselines that know more of a stream than anybody could: no learned policy is expected to beat them."""

BuildPolicy = Callable[..., ManagerPolicy]
BuildRetriever = Callable[[StreamContext, int], Retriever]
"""Makes the retriever for the stores of one stream, with a seed for those that draw."""


@dataclass(frozen=True, slots=True)
class NamedRetriever:
    """A retriever as evaluations take it.

    Attributes:
        name: Names it in tables.
        build: Called once per stream and seed, because the oracle has to know the stream.
        stochastic: True if several seeds tell more than one.
        answerer: Answers from what it finds instead of the evaluation's answerer.
        shared: The retriever, where one serves every stream.
        takes_all: True if it hands over all that was said, however many entries others may.
    """

    name: str
    build: BuildRetriever
    stochastic: bool = False
    answerer: Answerer | None = None
    shared: Retriever | None = None
    takes_all: bool = False

    def release(self) -> None:
        """Let retriever and answerer give back the memory of their models, if they have any."""
        release_models(self.shared, self.answerer)

    @classmethod
    def of(cls, name: str, retriever: Retriever, answerer: Answerer | None = None) -> NamedRetriever:
        """Name a retriever that serves every stream alike."""
        return cls(name, lambda context, seed: retriever, False, answerer, retriever)


@dataclass(frozen=True, slots=True)
class _ManagerEntry:
    build: BuildPolicy
    description: str


@dataclass(frozen=True, slots=True)
class _RetrieverEntry:
    retriever: NamedRetriever
    description: str


_MANAGERS: dict[str, _ManagerEntry] = {}
_RETRIEVERS: dict[str, _RetrieverEntry] = {}


def register_baseline(name: str, build: BuildPolicy, description: str) -> None:
    """Make a manager known to `make_baseline`.

    Args:
        name: What a person types; the policy carries the same name.
        build: Makes the policy; its keyword arguments are the baseline's options and all have defaults.
        description: One line for listings.

    Raises:
        ConfigError: If the name is taken.
    """
    if name in _MANAGERS:
        raise ConfigError(f"a baseline named {name!r} is registered already; choose another name.")
    _MANAGERS[name] = _ManagerEntry(build, description)


def make_baseline(name: str, **options: Any) -> ManagerPolicy:
    """Build the manager `name`.

    Raises:
        UnknownNameError: If there is none; the message has the near matches.
        ConfigError: If it does not take one of the options, or not that value.
    """
    if name not in _MANAGERS:
        raise unknown_name("baseline", name, _MANAGERS)
    try:
        return _MANAGERS[name].build(**options)
    except TypeError as error:
        raise ConfigError(f"the baseline {name!r} does not take {options}: {error}.") from error


def list_baselines() -> dict[str, str]:
    """Return one line about each manager, by name."""
    return {name: entry.description for name, entry in sorted(_MANAGERS.items())}


def register_retriever_baseline(retriever: NamedRetriever, description: str) -> None:
    """Make a retriever known to `make_retriever_baseline`.

    Raises:
        ConfigError: If the name is taken.
    """
    if retriever.name in _RETRIEVERS:
        raise ConfigError(
            f"a retriever baseline named {retriever.name!r} is registered already; choose another name."
        )
    _RETRIEVERS[retriever.name] = _RetrieverEntry(retriever, description)


def make_retriever_baseline(spec: str) -> NamedRetriever:
    """Return the retriever baseline of that name, or any retriever that `make_retriever` knows by this spec.

    Raises:
        UnknownNameError: If there is none; the message has the near matches.
        ConfigError: If the retriever does not take what follows the colon.
    """
    if spec in _RETRIEVERS:
        return _RETRIEVERS[spec].retriever
    if spec.partition(":")[0] not in list_retrievers():
        raise unknown_name("retriever", spec, {*_RETRIEVERS, *list_retrievers()})
    return NamedRetriever.of(spec, make_retriever(spec))


def list_retriever_baselines() -> dict[str, str]:
    """Return one line about each retriever baseline, by name."""
    return {name: entry.description for name, entry in sorted(_RETRIEVERS.items())}


def _priority_rule(name: str, priorities: Callable[[StreamContext], Priorities]) -> BuildPolicy:
    return lambda: PriorityRule(name, priorities)


for _name, _priorities, _description in (
    ("keep_first", oldest_priority, "Keeps everything until the store is full, then nothing more."),
    ("recency", newest_priority, "Keeps everything; from a full store the oldest entry leaves (FIFO)."),
    ("longest_first", length_priority, "Keeps the longest turns."),
    ("sum_idf", sum_idf_priority, "Keeps the turns with the largest sum of IDF so far."),
    ("hand_priority", hand_priority, "Keeps the turns with the largest hand-made sum of features."),
):
    register_baseline(_name, _priority_rule(_name, _priorities), _description)

register_baseline(LOWER_BOUND, NoOpRule, "Never writes anything: the lower bound.")
register_baseline("random", RandomRule, "Keeps a uniformly random sample of the turns.")
register_baseline("similarity", SimilarityRule, "Merges a turn into the entry most like it, else as recency.")
register_baseline("labelled", LabelledManager, "Writes what the data's labels say, if it has any.")
register_baseline(UPPER_BOUND, OracleManager, "Knows all questions and what comes: the upper bound.")

for _retriever, _description in (
    (NamedRetriever(LOWER_BOUND, lambda context, seed: EmptyRetriever()), "Finds nothing: the lower bound."),
    (NamedRetriever.of("bm25", BM25Retriever()), "BM25 in Lucene's variant."),
    (NamedRetriever.of("dense", DenseRetriever()), "Cosine of hashed n-gram embeddings."),
    (NamedRetriever.of("fusion", FusionRetriever()), "Reciprocal-rank fusion of bm25 and dense."),
    (
        NamedRetriever("hybrid", lambda context, seed: HandHybridRetriever()),
        "Hand-made sum of bm25, dense, speaker, session, neighbours and dates.",
    ),
    (NamedRetriever.of("recency", RecencyRetriever()), "The entries last written."),
    (
        NamedRetriever("full_context", lambda context, seed: WrittenOrderRetriever(), takes_all=True),
        "All that was said, in its order: the reader without a memory.",
    ),
    (
        NamedRetriever("random", lambda context, seed: RandomRetriever(seed), stochastic=True),
        "Entries in random order.",
    ),
    (
        NamedRetriever(UPPER_BOUND, lambda context, seed: OracleRetriever(context)),
        "Knows the evidence of every question: the upper bound.",
    ),
):
    register_retriever_baseline(_retriever, _description)
