from __future__ import annotations

import string
from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations
from types import ModuleType

import pytest

from memdojo.envs.streams.assistant.phrasings import (
    about_life,
    about_others,
    about_work,
    documents,
    projects,
    replies,
    requests,
)
from memdojo.envs.streams.assistant.phrasings.telling import Telling
from memdojo.envs.streams.synthetic import SPLITS
from memdojo.envs.streams.synthetic.facts import ALL_ATTRIBUTES
from memdojo.envs.streams.synthetic.phrasings import comments, follow_ups, framing, reactions
from memdojo.envs.streams.synthetic.phrasings.partition import share
from memdojo.envs.streams.synthetic.wording import TOPICS

PAIRS = list(combinations(SPLITS, 2))
MODULES = (about_life, about_others, about_work, documents, replies, requests)


def pools_of(value: object) -> Iterator[tuple[str, ...]]:
    """All pools in a constant: tuples of strings, and those in dictionaries and tellings."""
    if isinstance(value, dict):
        for each in value.values():
            yield from pools_of(each)
    elif isinstance(value, Telling):
        yield from filter(None, (value.states, value.updates, value.retractions))
    elif isinstance(value, tuple) and value and all(isinstance(each, str) for each in value):
        yield value


def constants(module: ModuleType) -> Iterator[tuple[str, ...]]:
    for name, value in vars(module).items():
        if name.isupper():
            yield from pools_of(value)


POOLS = [pool for module in MODULES for pool in constants(module)]
POOLS += [
    pool
    for project in projects.PROJECTS
    for pool in (project.goals, project.requests, project.things, project.aspects)
]


def friends_pools() -> Iterator[tuple[str, ...]]:
    for module in (comments, follow_ups, framing, reactions):
        yield from constants(module)
    for topic in TOPICS:
        yield from (topic.openers, topic.more, topic.replies, topic.returns)
    for attribute in ALL_ATTRIBUTES:
        yield from (attribute.states, attribute.prompts, attribute.replies)
        yield from (attribute.updates, attribute.retractions)


def lines_of(pools: list[tuple[str, ...]]) -> dict[str, set[str]]:
    return {split: {line.lower() for pool in pools for line in share(pool, split)} for split in SPLITS}


def test_every_pool_has_something_for_every_split_and_nothing_twice() -> None:
    for pool in POOLS:
        assert len(set(pool)) == len(pool)
        assert all(share(pool, split) for split in SPLITS), pool


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_splits_share_no_phrasing(one: str, other: str) -> None:
    said = lines_of(POOLS)
    assert not said[one] & said[other]


@pytest.mark.parametrize(("one", "other"), [*PAIRS, *(pair[::-1] for pair in PAIRS)])
def test_a_split_shares_no_phrasing_with_another_split_of_synthetic_streams(one: str, other: str) -> None:
    friends = [pool for pool in friends_pools() if pool]
    assert not lines_of(POOLS)[one] & lines_of(friends)[other]


@pytest.mark.parametrize("split", SPLITS)
def test_every_split_has_two_dozen_requests_and_skeletons_of_replies_at_least(split: str) -> None:
    assert sum(len(share(project.requests, split)) for project in projects.PROJECTS) >= 24
    assert sum(len(share(pool, split)) for pool in replies.SKELETONS.values()) >= 24


def test_most_requests_have_a_gap() -> None:
    requested = [line for project in projects.PROJECTS for line in project.requests]
    with_gap = [line for line in requested if any(field for _, field, _, _ in string.Formatter().parse(line))]
    assert len(with_gap) > 0.9 * len(requested)


def test_letters_and_notes_that_may_hold_a_fact_are_pasted_once() -> None:
    pools = (requests.MAIL_REQUESTS, requests.NOTE_REQUESTS, requests.TEXT_REQUESTS, requests.CODE_REQUESTS)
    for line in (line for pool in pools for line in pool):
        assert line.count("{text}") == 1


def test_what_is_told_of_characters_is_told_once() -> None:
    for line in (*requests.STORIES, *requests.PROFILES):
        assert line.count("{fact}") == 1


def test_skeletons_name_the_block_that_they_are_listed_under() -> None:
    named = defaultdict(list)
    for kind, pool in replies.SKELETONS.items():
        named[kind] = [line for line in pool if f"{{{kind}}}" not in line]
    assert not any(named.values())
