from collections import Counter

import numpy as np
import pytest

from memdojo.envs.answering.solver import solve
from memdojo.envs.streams.cases import Case, Verdict, case_text
from memdojo.envs.streams.experience.families.pools import POOLS
from memdojo.envs.streams.experience.families.rules import Family, draw_family
from memdojo.envs.streams.experience.families.templates import Kind, Template

POOL = POOLS["train"]


def _family(template: Template, seed: int = 0) -> Family:
    return draw_family(template, POOL, 2, np.random.default_rng(seed))


@pytest.mark.parametrize("template", POOL.templates, ids=lambda template: template.name)
def test_other_keys_and_other_versions_have_other_answers(template: Template) -> None:
    for seed in range(10):
        family = _family(template, seed)
        for rule in family.rules:
            assert len(set(rule.values())) == len(rule) in (3, 4)
        assert all(family.rules[0][key] != answer for key, answer in family.rules[1].items())


@pytest.mark.parametrize("template", POOL.templates, ids=lambda template: template.name)
def test_a_case_with_the_same_key_gives_the_answer(template: Template) -> None:
    family, rng = _family(template), np.random.default_rng(1)
    situations = [family.draw(POOL, rng) for _ in range(40)]
    pairs = [
        (one, other) for one in situations for other in situations if family.key(one) == family.key(other)
    ]
    assert len(pairs) > len(situations)
    for one, other in pairs:
        case = Case(family.text(one), family.answer(one, 0), Verdict.GIVEN)
        assert solve(family.text(other), family.options, [case_text(case)]) == family.answer(other, 0)


@pytest.mark.parametrize("kind", Kind)
def test_a_look_alike_differs_in_one_word_and_in_its_answer(kind: Kind) -> None:
    template = next(each for each in POOL.templates if each.kind is kind)
    family, rng = _family(template), np.random.default_rng(2)
    for _ in range(20):
        situation = family.draw(POOL, rng)
        alike = family.look_alike(situation, rng)
        told, other = family.text(situation).split(), family.text(alike).split()
        assert sum(one != two for one, two in zip(told, other, strict=False)) >= 1
        assert sum(one != two for one, two in zip(situation.values, alike.values, strict=True)) == 1
        assert family.answer(situation, 0) != family.answer(alike, 0)


def test_the_two_people_of_a_preference_go_by_different_things() -> None:
    template = next(each for each in POOL.templates if each.kind is Kind.PREFERENCES)
    family = _family(template)

    (one,), (other,) = family.deciding.values()
    assert one != other
    assert {key[0] for key in family.rules[0]} == set(family.deciding)


def test_what_decides_nothing_says_nothing() -> None:
    template = next(each for each in POOL.templates if each.name == "parcels")
    family, rng = _family(template), np.random.default_rng(3)
    idle = next(place for place in range(len(family.attributes)) if place not in family.deciding[""])
    seen = Counter(
        (situation.values[idle], family.answer(situation, 0))
        for situation in (family.draw(POOL, rng) for _ in range(600))
    )
    # Three values, and an answer to each of three or four keys: all of them about equally often.
    assert len(seen) == 3 * len(family.rules[0])
    assert max(seen.values()) < 2.5 * min(seen.values())


def test_a_situation_is_one_line_that_begins_with_the_task() -> None:
    for template in POOL.templates:
        family = _family(template)
        situation = family.draw(POOL, np.random.default_rng(4))
        text = family.text(situation)
        assert text.startswith(template.opening.format(*situation.names))
        assert "\n" not in text
        assert text.endswith(".")


@pytest.mark.parametrize("kind", Kind)
def test_wrong_answers_are_wrong_and_could_be_right(kind: Kind) -> None:
    template = next(each for each in POOL.templates if each.kind is kind)
    family, rng = _family(template), np.random.default_rng(5)
    for _ in range(20):
        situation = family.draw(POOL, rng)
        wrong = family.wrong_answer(situation, 0, rng)
        assert wrong != family.answer(situation, 0)
        assert wrong in (family.options or family.all_answers(situation))
