"""`EvalChoices`: what may be chosen of an evaluation, and what the training says where nothing is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from memdojo.agents.baselines.registry import NamedRetriever
from memdojo.agents.designs.roles.protocol import Roles
from memdojo.agents.graders.judging import Judging
from memdojo.agents.policy import ManagerPolicy
from memdojo.envs.answering import Answerer, CachedAnswerer, ExtractiveAnswerer
from memdojo.envs.episodes.archive import Granularity
from memdojo.envs.memory.retrieval.protocol import Retriever
from memdojo.envs.memory.token_counter import settled_tokenizer
from memdojo.envs.types import DEFAULT_CORE_TOKENS
from memdojo.errors import ConfigError
from memdojo.eval.findings.diagnosis import FAILED_BELOW
from memdojo.eval.playing.missing import MAX_UNSCORED
from memdojo.eval.playing.settings import EvalSettings
from memdojo.eval.statistics.bootstrap import NUM_RESAMPLES
from memdojo.rewards.grading import needs_judge
from memdojo.train.checkpoints.loading import Learned, Task
from memdojo.train.checkpoints.trust import Trust
from memdojo.train.config.run import TrainConfig

from .graders_of_runs import answerer_of_runs, judge_of_runs
from .targets import Targets, find_retriever

DEFAULT_TOP_K = 10

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalChoices:
    """How policies are evaluated; None takes what the training of the checkpoints among them had.

    Attributes:
        task: `manager` or `retriever`, where only names are given; None takes that of the other targets, else
            `manager`.
        max_entries: Entries that a manager's store holds at most. Where no limit is known from a training,
            there is none.
        capacity_share: The same as a share of each stream's turns; not together with `max_entries`.
        token_share: Tokens that the store holds at most, as a share of each stream's; by default the share
            that the entries are of the turns.
        tokenizer: Whose tokens are counted: the folder of a language model, or its name on the Hugging Face
            hub; without a training they are counted by `count_tokens`.
        top_k: Entries from which a question is answered; without a training 10.
        granularity: What a retriever ranks, a `turn` or a `session`; without a training turns.
        retriever: Finds the entries under managers: a name, a folder or an object; without a training BM25.
        memory: Who wrote the memory over which retrievers and answer agents are asked: a manager baseline by
            name, the folder of a manager's run or checkpoint, or a manager; without a training they are asked
            over all that was said.
        answerer: Answers the questions; without a run the extractive reader.
        judge: Grades the answers; without a run there is none.
        roles: Do the work that memory designs give to a language model; by default those of the training do
            it for a design out of a checkpoint, and rules for one by name.
        metric: The score that counts, such as `recall@10` or `token_f1`; "" takes the one by which the runs
            were judged, else as `EvalSettings.score` says.
        reference: Name of what paired differences are from, or a folder that is evaluated; None takes the
            best baseline.
        clean: Folder of an evaluation of the same streams before they were poisoned: tables say how much of
            its score is kept where an adversary does not aim.
        num_seeds: Episodes per stream of a policy that draws.
        seed: Seeds episodes and intervals.
        failed_below: A question whose score is lower has failed, and is diagnosed.
        max_unscored: Share of a policy's questions whose answer or verdict may be missing and is left out; of
            a policy that has more, every one of them scores 0.
        num_resamples: How many resamples an interval takes.
        training_groups: Groups that policies given as objects were trained on; streams of them are refused,
            as those are that the checkpoints were trained on.
    """

    task: Task | None = None
    max_entries: int | None = None
    capacity_share: float | None = None
    top_k: int | None = None
    granularity: Literal["turn", "session"] | None = None
    retriever: str | Path | Retriever | NamedRetriever | None = None
    memory: str | Path | ManagerPolicy | None = None
    answerer: Answerer | None = None
    judge: Judging | None = None
    roles: Roles | None = None
    metric: str = ""
    token_share: float | None = None
    tokenizer: str | None = None
    reference: str | None = None
    clean: str | Path | None = None
    num_seeds: int = 3
    seed: int = 0
    failed_below: float = FAILED_BELOW
    max_unscored: float = MAX_UNSCORED
    num_resamples: int = NUM_RESAMPLES
    training_groups: Sequence[str] = ()


def settle(
    choices: EvalChoices, targets: Targets, configs: Sequence[TrainConfig], trust: Trust = Trust.NONE
) -> EvalSettings:
    """Return the settings of an evaluation but for the memories that a manager has yet to write.

    Args:
        choices: What was asked for.
        targets: What is evaluated.
        configs: The configurations of the runs among them.
        trust: Whose these are.

    Raises:
        ConfigError: If choices contradict each other, or the trainings differ in what was not chosen.
    """
    max_entries, capacity_share, token_share = _store(choices, targets.learned)
    tokenizer = _only(
        None if choices.tokenizer is None else settled_tokenizer(choices.tokenizer),
        {each.training.tokenizer for each in targets.learned},
        None,
        "the tokens of the checkpoints were counted by several tokenizers",
        "tokenizer",
    )
    top_k = _only(
        choices.top_k,
        {each.training.top_k for each in targets.learned},
        DEFAULT_TOP_K,
        "the checkpoints were trained with several top_k",
        "top_k",
    )
    granularity = _only(
        choices.granularity,
        {each.training.granularity for each in targets.learned if each.task == "retriever"},
        "turn",
        "some of the checkpoints rank turns and some rank sessions",
        "granularity",
    )
    scores = {config.evaluation.score(config.episode.top_k) for config in configs}
    score = choices.metric or (scores.pop() if len(scores) == 1 else "")
    judge = judge_of_runs(configs, trust) if choices.judge is None else choices.judge
    if judge is None and needs_judge(score):
        raise ConfigError(f"the metric is {score}, a judge's verdict; name a judge (--judge).")
    answerer = choices.answerer
    if answerer is None:  # An empty cache is an answerer, too.
        answerer = answerer_of_runs(configs, trust)
    if answerer is None:
        answerer = ExtractiveAnswerer()
    return EvalSettings(
        max_entries=max_entries,
        capacity_share=capacity_share,
        token_share=token_share,
        tokenizer=tokenizer,
        top_k=top_k,
        granularity=Granularity(granularity),
        ranks=tuple(sorted({min(5, top_k), top_k})),
        answerer=answerer if isinstance(answerer, CachedAnswerer) else CachedAnswerer(answerer),
        judge=judge,
        score=score,
        num_seeds=choices.num_seeds,
        failed_below=choices.failed_below,
        max_unscored=choices.max_unscored,
        **under_managers(targets, choices.retriever, trust_run=trust is not Trust.NONE),
    )


def under_managers(
    targets: Targets, retriever: str | Path | Retriever | NamedRetriever | None, *, trust_run: bool
) -> dict[str, Any]:
    """Return the settings of what stands under managers: as in their training, but the retriever asked for.

    Args:
        targets: What is evaluated.
        retriever: The one asked for, if one is.
        trust_run: As for `load_policy`.

    Raises:
        ConfigError: If they were trained with different retrievers and none is asked for, or one is asked for
            under retrievers.
    """
    if targets.task != "manager":
        if retriever is not None:
            raise ConfigError(
                f"the retriever is {retriever!r} (--retriever), but retrievers themselves are evaluated; "
                "leave it out."
            )
        return {}
    known: set[str | Path | Retriever | NamedRetriever] = {
        each.training.retriever for each in targets.learned
    }
    chosen = _only(
        retriever,
        known,
        "bm25",
        f"the checkpoints were trained with the retrievers {sorted(map(str, known))}",
        "retriever",
    )
    core = max((each.training.max_core_tokens for each in targets.learned), default=DEFAULT_CORE_TOKENS)
    return {"retriever": find_retriever(chosen, trust_run=trust_run), "max_core_tokens": core}


def _store(choices: EvalChoices, learned: Sequence[Learned]) -> tuple[int | None, float | None, float | None]:
    """Return the entries of a manager's store, or its share of the turns, and its share of the tokens."""
    chosen = choices.max_entries, choices.capacity_share, choices.token_share
    if None not in chosen[:2]:
        raise ConfigError(
            f"max_entries is {chosen[0]} and capacity_share is {chosen[1]}; give one of the two "
            "(--max-entries or --capacity-share)."
        )
    trained = [each.training for each in learned if each.task == "manager"]
    if chosen != (None, None, None) or not trained:
        return chosen
    stores = {(training.max_entries, training.capacity_share, training.token_share) for training in trained}
    if len(stores) > 1:
        raise ConfigError(
            "the checkpoints were trained with stores of different sizes; choose one by max_entries, "
            "capacity_share or token_share (--max-entries, --capacity-share, --token-share)."
        )
    return stores.pop()


def _only(chosen: _Value | None, trained: set[_Value], default: _Value, differ: str, name: str) -> _Value:
    """Return what was chosen, else what all trainings had, else the default."""
    if chosen is not None:
        return chosen
    if len(trained) > 1:
        raise ConfigError(f"{differ}; choose one by {name} (--{name.replace('_', '-')}).")
    return next(iter(trained), default)
