import re
from collections import Counter
from itertools import combinations

import pytest

from memdojo.envs.streams.experience.families.pools import POOLS, Pools
from memdojo.envs.streams.experience.families.rules import MAX_VALUES
from memdojo.envs.streams.experience.families.templates import Kind, Template
from memdojo.envs.streams.experience.settings import MAX_FAMILIES

NUM_ANSWERS = {Kind.CRITERIA: 5, Kind.PREFERENCES: 5, Kind.PROCEDURES: 8, Kind.TOOLS: 9}


def _words(*texts: str) -> set[str]:
    return {word for text in texts for word in re.findall(r"\w+(?:[-']\w+)*", text.casefold())}


def _values(template: Template) -> set[str]:
    return {value for attribute in template.attributes for value in attribute.values}


def _own(pools: Pools) -> set[str]:
    """What no other split may have."""
    own = {*pools.things, *pools.places, *pools.people, *pools.colleagues, *pools.idle}
    for each in pools.templates:
        own |= {each.name, each.opening, *_values(each), *each.answers}
        own |= {answer.replace(" {0}", "") for answer in each.answers}
        own |= {wording for attribute in each.attributes for wording in attribute.wordings} - SPOKEN_ANYWHERE
    return own


SPOKEN_ANYWHERE = {
    wording
    for pools in POOLS.values()
    for template in pools.templates
    for attribute in template.attributes
    for wording in attribute.wordings
    if _words(wording) <= _words("it is its in a of the was on from {}")
}
"""Wordings that say nothing of the family."""


@pytest.mark.parametrize(("one", "other"), list(combinations(POOLS, 2)))
def test_no_two_splits_share_families_names_or_values(one: str, other: str) -> None:
    assert not _own(POOLS[one]) & _own(POOLS[other])


@pytest.mark.parametrize("split", POOLS)
def test_every_split_has_families_enough_of_each_kind(split: str) -> None:
    counts = Counter(template.kind for template in POOLS[split].templates)

    assert min(counts[kind] for kind in Kind) >= MAX_FAMILIES / len(Kind)
    assert len({template.name for template in POOLS[split].templates}) == len(POOLS[split].templates)


@pytest.mark.parametrize(
    ("pools", "template"),
    [(pools, template) for pools in POOLS.values() for template in pools.templates],
    ids=lambda each: each.name if isinstance(each, Template) else "",
)
def test_words_of_answers_stand_in_no_situation(pools: Pools, template: Template) -> None:
    said = _words(template.opening, *pools.idle, *_values(template))
    for attribute in template.attributes:
        said |= _words(*attribute.wordings)

    assert not _words(*template.answers) - {"0"} & said
    assert len(template.answers) == NUM_ANSWERS[template.kind]
    assert all(len(attribute.values) >= MAX_VALUES for attribute in template.attributes)
    assert "," not in template.opening + "".join(pools.idle)
