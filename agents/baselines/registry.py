"""The baselines by name: hand-made managers and retrievers that every learned policy is measured against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from memdojo.envs.answering import Answerer
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.visible import VisibleDialogue
from memdojo.envs.memory.retrieval.protocol import Retriever
from memdojo.envs.memory.retrieval.retrievers import (
    RETRIEVERS,
    BM25Retriever,
    DenseRetriever,
    FusionRetriever,
    RandomRetriever,
    RecencyRetriever,
    WrittenOrderRetriever,
    embedder_of,
    make_retriever,
)
from memdojo.errors import ConfigError, unknown_name
from memdojo.registry import Registry

from ..designs.registry import (
    DESIGNS,
    MEMORY_DESIGNS,
    BuildDesign,
    design_manager,
    is_combination,
)
from ..policy import CausalPolicy, ManagerPolicy, release_models
from .hybrid import HandHybridRetriever
from .oracles import EmptyRetriever, LabelledManager, OracleManager, OracleRetriever
from .rules import (
    NoOpRule,
    Priorities,
    PriorityRule,
    RandomRule,
    hand_priority,
    length_priority,
    newest_priority,
    oldest_priority,
    sum_idf_priority,
)
from .similarity import SimilarityRule

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
        embedder: Name of the embedder that it ranks by; "" without one.
    """

    name: str
    build: BuildRetriever
    stochastic: bool = False
    answerer: Answerer | None = None
    shared: Retriever | None = None
    takes_all: bool = False
    embedder: str = ""

    def release(self) -> None:
        """Let retriever and answerer give back the memory of their models, if they have any."""
        release_models(self.shared, self.answerer)

    @classmethod
    def of(cls, name: str, retriever: Retriever, answerer: Answerer | None = None) -> NamedRetriever:
        """Name a retriever that serves every stream alike."""
        return cls(
            name,
            lambda context, seed: retriever,
            answerer=answerer,
            shared=retriever,
            embedder=embedder_of(retriever),
        )


BASELINES: Registry[BuildPolicy] = Registry("baseline")
"""What makes a manager, by the name that a person types and that the policy carries. Its keyword arguments
are the baseline's options, and all have defaults."""

RETRIEVER_BASELINES: Registry[NamedRetriever] = Registry("retriever baseline")
"""Retrievers by name, as evaluations take them, beside all that `make_retriever` knows."""


def make_baseline(name: str, **options: Any) -> ManagerPolicy:
    """Build the manager `name`; `WRITER+READER` is two memory designs in one, see `make_design`.

    Raises:
        UnknownNameError: If there is none; the message has the near matches.
        ConfigError: If it does not take one of the options, or not that value.
    """
    if is_combination(name):
        return design_manager(name, **options)
    build = BASELINES.get(name)
    try:
        return build(**options)
    except TypeError as error:
        raise ConfigError(f"the baseline {name!r} does not take {options}: {error}.") from error


def make_fallback_rule(name: str) -> CausalPolicy:
    """Build the manager `name` for a place in which a learned manager may have written the memory before.

    Raises:
        UnknownNameError: If there is none; the message has the near matches.
        ConfigError: If it looks ahead, draws, or decides on several turns at a time.
    """
    rule = make_baseline(name)
    reason = "looks ahead" if name in ALL_KNOWING else "draws at random" if rule.stochastic else ""
    if not reason and rule.turns_per_chunk != 1:
        reason = "does not decide on one turn at a time"
    if reason:
        raise ConfigError(
            f"the rule {name!r} {reason}, which a fallback may not; take another, such as 'similarity'."
        )
    # All others see what is visible, as in live dialogues.
    return cast("CausalPolicy", rule)


def list_baselines() -> Mapping[str, str]:
    """Return one line about each manager, by name."""
    return BASELINES.describe()


def make_retriever_baseline(spec: str) -> NamedRetriever:
    """Return the retriever baseline of that name, or any retriever that `make_retriever` knows by this spec.

    Raises:
        UnknownNameError: If there is none; the message has the near matches.
        ConfigError: If the retriever does not take what follows the colon.
    """
    if spec in RETRIEVER_BASELINES:
        return RETRIEVER_BASELINES.get(spec)
    if spec.partition(":")[0] not in RETRIEVERS:
        raise unknown_name("retriever", spec, {*RETRIEVER_BASELINES, *RETRIEVERS})
    return NamedRetriever.of(spec, make_retriever(spec))


def list_retriever_baselines() -> Mapping[str, str]:
    """Return one line about each retriever baseline, by name."""
    return RETRIEVER_BASELINES.describe()


def _priority_rule(name: str, priorities: Callable[[VisibleDialogue], Priorities]) -> BuildPolicy:
    return lambda: PriorityRule(name, priorities)


for _name, _priorities, _description in (
    ("keep_first", oldest_priority, "Keeps everything until the store is full, then nothing more."),
    ("recency", newest_priority, "Keeps everything; from a full store the oldest entry leaves (FIFO)."),
    ("longest_first", length_priority, "Keeps the longest turns."),
    ("sum_idf", sum_idf_priority, "Keeps the turns with the largest sum of IDF so far."),
    ("hand_priority", hand_priority, "Keeps the turns with the largest hand-made sum of features."),
):
    BASELINES.add(_name, _priority_rule(_name, _priorities), description=_description)

_build: BuildPolicy
for _name, _build, _description in (
    (LOWER_BOUND, NoOpRule, "Never writes anything: the lower bound."),
    ("random", RandomRule, "Keeps a uniformly random sample of the turns."),
    (
        "similarity",
        SimilarityRule,
        "Rewrites what a turn states anew, else adds it; from a full store what is most like it leaves.",
    ),
    ("labelled", LabelledManager, "Writes what the data's labels say, if it has any."),
    (UPPER_BOUND, OracleManager, "Knows all questions and what comes: the upper bound."),
):
    BASELINES.add(_name, _build, description=_description)


def register_design(name: str, build: BuildDesign, *, description: str = "", replace: bool = False) -> None:
    """Make a memory design known, and its own rule as a baseline; see `memdojo.register.design`."""
    DESIGNS.add(name, build, description=description, replace=replace)
    _add_rule_of(name, replace=replace)


def _add_rule_of(design: str, *, replace: bool = False) -> None:
    description = DESIGNS.describe()[design]
    BASELINES.add(design, partial(design_manager, design), description=description, replace=replace)


for _design in MEMORY_DESIGNS:
    _add_rule_of(_design.name)

for _retriever, _description in (
    (NamedRetriever(LOWER_BOUND, lambda context, seed: EmptyRetriever()), "Finds nothing: the lower bound."),
    (NamedRetriever.of("bm25", BM25Retriever()), "BM25 in Lucene's variant."),
    (NamedRetriever.of("dense", DenseRetriever()), "Cosine of hashed n-gram embeddings."),
    (NamedRetriever.of("fusion", FusionRetriever()), "Reciprocal-rank fusion of bm25 and dense."),
    (
        NamedRetriever(
            "hybrid", lambda context, seed: HandHybridRetriever(), embedder=HandHybridRetriever().embedder
        ),
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
    RETRIEVER_BASELINES.add(_retriever.name, _retriever, description=_description)
