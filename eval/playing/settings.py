"""`EvalSettings`: the settings of an evaluation that are the same for all its policies."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, fields

from memdojo.agents.baselines.registry import NamedRetriever, make_retriever_baseline
from memdojo.agents.graders.judging import Judging
from memdojo.envs.answering import Answerer
from memdojo.envs.episodes.archive import Granularity
from memdojo.envs.episodes.limits import UNLIMITED, CapacitySettings, check_positive
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.episodes.written_memory import WrittenMemories
from memdojo.envs.types import DEFAULT_CORE_TOKENS, Capacity, Stream
from memdojo.errors import ConfigError, unknown_name
from memdojo.rewards.grading import DEFAULT_METRIC, OFFICIAL, grade_names, needs_judge
from memdojo.rewards.ranking import MEASURES_AT_RANK

from ..findings.diagnosis import FAILED_BELOW
from .missing import MAX_UNSCORED

KEPT_EVIDENCE = "kept_evidence"


@dataclass(frozen=True, slots=True)
class EvalSettings:
    """How policies are evaluated.

    Attributes:
        max_entries: Entries that a manager's store holds at most; None for no limit.
        capacity_share: The same as a share of each stream's turns, rounded; not together with `max_entries`.
        max_tokens: Tokens that the store holds at most; None takes `token_share`.
        token_share: The same as a share of each stream's tokens; None takes the share that the entries are of
            the turns, so without a limit in entries there is none in tokens.
        max_entry_tokens: Tokens of one entry at most; None for no limit.
        max_core_tokens: Tokens of the core block at most; None for no limit.
        tokenizer: Whose tokens are counted: the folder of a language model, or its name on the Hugging Face
            hub; None counts by `count_tokens`.
        top_k: How many entries the answerer gets and how deep recall and NDCG look.
        ranks: The k of the recall@k and ndcg@k columns, none above `top_k`; empty takes 5 and `top_k`.
        retriever: Finds the entries from which a manager's questions are answered.
        answerer: Answers the questions; None leaves them unanswered and the answer metrics empty.
        judge: Grades the answers, in the column `judge`; None leaves it and all grades by a judge empty.
        score: The column that counts: a metric's name, `official`, a measure at a rank such as `recall@K`,
            `recall_all@K` or `ndcg@K`, or `kept_evidence`. "" chooses: without an answerer `recall@K` at the
            largest K; with one the metric that the questions name, or `official` where they name several, but
            `token_f1` where they name none, or one that needs a judge and there is none.
        granularity: What one candidate is when retrievers are evaluated.
        memories: What a manager left of the streams, over which retrievers are evaluated instead of over all
            that was said.
        num_seeds: How many episodes a stream has for a policy that draws; others have one.
        failed_below: A question whose score is lower than this has failed, and is diagnosed.
        max_unscored: Share of a policy's questions whose answer or verdict may be missing and is left out of
            its mean; of a policy that has more, every one of them scores 0.
        batch_size: How many episodes are played side by side, so that their questions share a batch.

    Raises:
        ConfigError: If values are out of range or contradict each other.
    """

    max_entries: int | None = None
    capacity_share: float | None = None
    max_tokens: int | None = None
    max_entry_tokens: int | None = 2048
    max_core_tokens: int | None = DEFAULT_CORE_TOKENS
    token_share: float | None = None
    top_k: int = 10
    ranks: tuple[int, ...] = ()
    retriever: NamedRetriever = field(default_factory=lambda: make_retriever_baseline("bm25"))
    answerer: Answerer | None = None
    judge: Judging | None = None
    score: str = ""
    granularity: Granularity = Granularity.TURN
    memories: WrittenMemories | None = None
    num_seeds: int = 3
    failed_below: float = FAILED_BELOW
    max_unscored: float = MAX_UNSCORED
    batch_size: int = 8
    tokenizer: str | None = None

    def __post_init__(self) -> None:
        self._limits()  # Refuses limits that make no sense.
        for name in ("top_k", "num_seeds", "batch_size"):
            check_positive(name, getattr(self, name))
        if not 0 < self.failed_below <= 1:
            raise ConfigError(f"failed_below is {self.failed_below}; give a score above 0 and at most 1.")
        if not 0 <= self.max_unscored <= 1:
            raise ConfigError(f"max_unscored is {self.max_unscored}; give a share from 0 to 1.")
        if any(not 1 <= k <= self.top_k for k in self.ranks):
            raise ConfigError(
                f"ranks is {self.ranks} and top_k {self.top_k}; every rank lies between 1 and top_k."
            )
        if self.score and self.score not in self.score_names:
            raise unknown_name("score", self.score, self.score_names)
        if self.answerer is None and self.score in grade_names():
            raise ConfigError(f"score {self.score!r} grades answers and there is no answerer; give one.")

    @property
    def measured_ranks(self) -> tuple[int, ...]:
        """The k of the recall@k and ndcg@k columns, ascending."""
        return tuple(sorted({*self.ranks} or {min(5, self.top_k), self.top_k}))

    @property
    def score_names(self) -> tuple[str, ...]:
        """What `score` may be."""
        at_ranks = [f"{name}@{k}" for name in MEASURES_AT_RANK for k in self.measured_ranks]
        return (*grade_names(), *at_ranks, KEPT_EVIDENCE)

    def as_json(self) -> dict[str, object]:
        """Return the settings in plain values; retriever and answerer by their names.

        JSON has no infinity: an infinite share of the tokens is `UNLIMITED`, and one of the turns None, which
        is no limit as well.
        """
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        if self.token_share == math.inf:
            values["token_share"] = UNLIMITED
        if self.capacity_share == math.inf:
            values["capacity_share"] = None
        answerer = None if self.answerer is None else self.answerer.fingerprint
        return values | {
            "ranks": list(self.measured_ranks),
            "retriever": self.retriever.name,
            "answerer": answerer,
            "judge": None if self.judge is None else self.judge.fingerprint,
            "granularity": self.granularity.value,
            "memories": None if self.memories is None else self.memories.name,
        }

    @property
    def conditions(self) -> dict[str, object]:
        """What recorded episodes depend on, in plain values: the settings but those that only read them."""
        free = ("score", "ranks", "num_seeds", "failed_below", "max_unscored", "batch_size")
        return {name: value for name, value in self.as_json().items() if name not in free}

    def capacity(self, stream: Stream) -> Capacity:
        """Return the limits of a store for this stream; an ADD names the entry that leaves."""
        return self._limits().for_stream(stream)

    def rules_for(self, retriever: NamedRetriever) -> EpisodeRules:
        """Return the rules of episodes whose entries `retriever` finds, which is built for each anew."""
        return EpisodeRules(
            capacity=self._limits(),
            top_k=sys.maxsize if retriever.takes_all else self.top_k,
            answerer=self.answerer,
            granularity=self.granularity,
        )

    def _limits(self) -> CapacitySettings:
        share = self.capacity_share
        if self.max_entries is None and share is None:
            share = math.inf
        return CapacitySettings(
            self.max_entries,
            share,
            self.max_tokens,
            self.max_entry_tokens,
            max_core_tokens=self.max_core_tokens,
            token_share=self.token_share,
            tokenizer=self.tokenizer,
        )

    def chosen_score(self, streams: Sequence[Stream], *, judged: bool = False) -> str:
        """Return the column that counts for these streams.

        Args:
            streams: What is evaluated.
            judged: Whether the answers have a judge's verdicts, although there is no `judge` here.
        """
        if self.score:
            return self.score
        if self.answerer is None:
            return f"recall@{self.measured_ranks[-1]}"
        metrics = {question.metric or DEFAULT_METRIC for stream in streams for question in stream.questions}
        judged = judged or self.judge is not None
        if not metrics or (not judged and any(map(needs_judge, metrics))):
            return DEFAULT_METRIC
        return metrics.pop() if len(metrics) == 1 else OFFICIAL
