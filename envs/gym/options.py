"""The environments' options, as `gymnasium.make` takes them, and the `EpisodeRules` that they stand for."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

from memdojo.errors import ConfigError, check_names, unknown_name
from memdojo.rewards import Reward, parse_reward

from ..answering import Answerer
from ..episodes.archive import Granularity, Tiers
from ..episodes.limits import CapacitySettings
from ..episodes.rules import EpisodeRules, resolve_answerer
from ..memory.retrieval.protocol import Retriever
from ..memory.retrieval.retrievers import make_retriever


class RuleOptions(TypedDict, total=False):
    """Options of every environment."""

    reward: Reward | Mapping[str, float]
    top_k: int


class StoreOptions(RuleOptions, total=False):
    """Options of environments whose episodes write a store."""

    max_entries: int | None
    capacity_share: float | None
    max_tokens: int | None
    token_share: float | None
    max_entry_tokens: int | None
    max_core_tokens: int | None
    when_full: str
    tokenizer: str | None
    answerer: Answerer | None


class ManagerOptions(StoreOptions, total=False):
    """Options of environments for managers."""

    retriever: Retriever | str


class RankingOptions(RuleOptions, total=False):
    """Options of environments for proxy retrievers."""

    answerer: Answerer | None


class ArchiveOptions(RankingOptions, total=False):
    """Options of environments for proxy retrievers that can be asked over sessions, and at tiers."""

    granularity: str
    tiers: Sequence[int]


class AnswerOptions(RuleOptions, total=False):
    """Options of environments for answer agents."""

    granularity: str
    retriever: Retriever | str


def resolve_rules(
    rules: EpisodeRules | None,
    options: RuleOptions,
    kind: type[RuleOptions],
    env: type[Any],
    reward: Mapping[str, float],
) -> EpisodeRules:
    """Return the rules of an environment, with a reward, and with an answerer if that grades answers.

    Args:
        rules: As they were given; None builds them from the options.
        options: Given by name.
        kind: The names that the environment knows.
        env: Class of the environment, whose other arguments are named where an option is unknown.
        reward: Pays where neither rules nor options say what does.

    Raises:
        UnknownNameError: If the environment has no such option; the message has the near matches.
        ConfigError: If rules and options are both given, rules name a judge, or a value is impossible.
    """
    check_names(f"argument of {env.__name__}", options, {*kind.__annotations__, *_arguments(env)})
    if rules is None:
        rules = _build(options)
    elif options:
        raise ConfigError(
            f"rules came with {', '.join(options)}; set them in the rules, or leave the rules out."
        )
    if rules.judge is not None:
        raise ConfigError("the rules name a judge, and environments ask none; leave it out.")
    paid = parse_reward(reward) if rules.reward is None else rules.reward
    return dataclasses.replace(rules, reward=paid, answerer=resolve_answerer(rules.answerer, paid))


def _build(options: Mapping[str, Any]) -> EpisodeRules:
    limits = {each.name for each in dataclasses.fields(CapacitySettings)}
    chosen = {
        name: _READ.get(name, _as_given)(value) for name, value in options.items() if name not in limits
    }
    capacity = CapacitySettings(**{name: value for name, value in options.items() if name in limits})
    return EpisodeRules(capacity=capacity, **chosen)


def _arguments(env: type[Any]) -> set[str]:
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = inspect.signature(env).parameters.values()
    return {parameter.name for parameter in parameters if parameter.kind in named}


def check_granularity(granularity: str) -> Granularity:
    """Return the granularity of that name.

    Raises:
        UnknownNameError: If there is none.
    """
    if granularity not in list(Granularity):
        raise unknown_name("granularity", str(granularity), list(Granularity))
    return Granularity(granularity)


def _as_given(value: Any) -> Any:
    return value


_READ: Mapping[str, Callable[[Any], Any]] = {
    "reward": lambda reward: reward if isinstance(reward, Reward) else parse_reward(reward),
    "retriever": lambda given: make_retriever(given) if isinstance(given, str) else given,
    "granularity": check_granularity,
    "tiers": lambda ranks: Tiers(tuple(ranks)),
}
"""How the values of options are read that may be given by name; others are taken as they are."""
