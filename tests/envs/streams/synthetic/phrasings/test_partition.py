from __future__ import annotations

import re
import string
from collections import defaultdict
from itertools import combinations

import pytest

from memdojo.envs.streams.synthetic import SPLITS, SyntheticSettings, synthetic_streams
from memdojo.envs.streams.synthetic.facts import ALL_ATTRIBUTES
from memdojo.envs.streams.synthetic.phrasings import comments, follow_ups, reactions
from memdojo.envs.streams.synthetic.phrasings import framing as dialogue
from memdojo.envs.streams.synthetic.phrasings.partition import ForTraining, lines, share, words
from memdojo.envs.streams.synthetic.phrasings.small_talk import ACKNOWLEDGEMENTS, FILLERS
from memdojo.envs.streams.synthetic.pools import POOL_NAMES, values
from memdojo.envs.streams.synthetic.wording import TOPICS

PAIRS = list(combinations(SPLITS, 2))

SHARED_FILLERS = {"day"}
"""Words of a closed class, which every split needs."""


def phrasing_pools() -> list[tuple[str, ...]]:
    pools = [ACKNOWLEDGEMENTS, dialogue.GREETINGS, dialogue.GREETING_REPLIES, dialogue.GOODBYES]
    pools += [
        dialogue.TRANSITIONS,
        dialogue.SMALL_TRANSITIONS,
        dialogue.CORRECTIONS,
        comments.CIRCLE_COMMENTS,
    ]
    pools += [comments.STRANGER_COMMENTS, dialogue.STRANGER_PLACES, *comments.COMMENTS.values()]
    pools += [*follow_ups.FOLLOW_UPS.values(), follow_ups.CIRCLE_FOLLOW_UPS, reactions.REACTIONS]
    pools += [reactions.UPDATE_REACTIONS, reactions.SAD_REACTIONS, *reactions.TOPIC_REACTIONS.values()]
    for topic in TOPICS:
        pools += [topic.openers, topic.more, topic.replies, topic.returns]
    for attribute in ALL_ATTRIBUTES:
        pools += [attribute.states, attribute.prompts, attribute.replies, attribute.updates]
        pools += [attribute.retractions]
    return [pool for pool in pools if pool]


def spoken(pool: tuple[str, ...], split: str) -> list[str]:
    return [line for pair in share(pool, split) for line in pair.split(" | ")]


def question_pools() -> list[tuple[str, ...]]:
    pools = [*dialogue.COUNT_QUESTIONS.values()]
    for attribute in ALL_ATTRIBUTES:
        pools += [attribute.questions, attribute.chain_questions]
    return [pool for pool in pools if pool]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_splits_share_no_value_of_any_pool(one: str, other: str) -> None:
    for pool in POOL_NAMES:
        assert not set(values(pool, one)) & set(values(pool, other)), pool
    assert all(values(pool, split) for pool in POOL_NAMES for split in (one, other))


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_splits_share_no_person_whatever_the_gender(one: str, other: str) -> None:
    names = {split: {*values("female_name", split), *values("male_name", split)} for split in (one, other)}
    assert not names[one] & names[other]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_splits_share_no_phrasing_of_a_turn(one: str, other: str) -> None:
    said = {
        split: {line for pool in phrasing_pools() for line in spoken(pool, split)} for split in (one, other)
    }
    assert not said[one] & said[other]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_splits_share_no_phrasing_of_a_question(one: str, other: str) -> None:
    asked = {
        split: {line for pool in question_pools() for line in share(pool, split)} for split in (one, other)
    }
    assert not asked[one] & asked[other]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_splits_share_no_filler_of_small_talk(one: str, other: str) -> None:
    for gap, pool in FILLERS.items():
        if gap not in SHARED_FILLERS:
            assert not set(share(pool, one)) & set(share(pool, other))


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_splits_share_no_value_across_pools_either(one: str, other: str) -> None:
    all_values = {
        split: {value.lower() for pool in POOL_NAMES for value in values(pool, split)}
        for split in (one, other)
    }
    assert not all_values[one] & all_values[other]


def test_every_split_has_a_phrasing_in_every_pool() -> None:
    for pool in phrasing_pools() + question_pools():
        assert all(share(pool, split) for split in SPLITS)
        assert sum(len(share(pool, split)) for split in SPLITS) == len(pool) == len(set(pool))


def test_lines_for_training_alone_change_nothing_of_what_is_dealt_out() -> None:
    pool = lines("""
        a
        b
        c
        d
        e
        -- for training alone --
        f
        g
    """)
    assert pool == ("a", "b", "c", "d", "e", "f", "g")
    assert share(pool, "train") == ("a", "c", "e", "f", "g")
    assert (share(pool, "validation"), share(pool, "test")) == (("b",), ("d",))


def test_words_for_training_alone_change_nothing_of_what_is_dealt_out() -> None:
    pool = words("""
        a, b, c
        -- for training alone --
        d d,
        e
    """)
    assert share(pool, "train") == ("a", "c", "d d", "e")
    assert (share(pool, "validation"), share(pool, "test")) == (("b",), ())


def test_no_training_phrasing_is_nearly_a_held_out_one() -> None:
    def terms(line: str) -> frozenset[str]:
        return frozenset(re.findall(r"[\w']+|\{\}", re.sub(r"\{\w+\}", "{}", line.lower())))

    for pool in phrasing_pools():
        for_training = [line for pair in pool if isinstance(pair, ForTraining) for line in pair.split(" | ")]
        held_out = [terms(line) for split in ("validation", "test") for line in spoken(pool, split)]
        for line in for_training:
            overlap = max(len(terms(line) & other) / len(terms(line) | other) for other in held_out)
            assert overlap < 0.7, line


def test_every_attribute_has_at_least_eight_statements_and_questions_and_training_sixteen() -> None:
    for attribute in ALL_ATTRIBUTES:
        assert len(attribute.states) >= 8
        assert len(share(attribute.states, "train")) >= 16
        assert len(attribute.questions) >= 8


def test_statements_say_the_value_and_retractions_do_not() -> None:
    def gaps(template: str) -> set[str]:
        return {field for _, field, _, _ in string.Formatter().parse(template) if field}

    for attribute in ALL_ATTRIBUTES:
        for template in (*attribute.states, *attribute.replies, *attribute.updates):
            assert gaps(template) & {"v", "a"}, template
        for template in (*attribute.retractions, *attribute.prompts):
            assert not gaps(template) & {"v", "a"}, template
    assert all({"v", "old", "about"} <= gaps(template) for template in dialogue.CORRECTIONS)


def test_generated_splits_share_no_group_speaker_answer_or_line() -> None:
    groups, people, answers, lines = (defaultdict(set) for _ in range(4))
    for split in SPLITS:
        for stream in synthetic_streams(SyntheticSettings(), split, 0, 25):
            groups[split].add(stream.group)
            people[split] |= {turn.speaker for turn in stream.turns}
            lines[split] |= {turn.text for turn in stream.turns}
            for question in stream.questions:
                if question.category != "count":
                    answers[split].update(question.answers)
    for one, other in PAIRS:
        assert not groups[one] & groups[other]
        assert not people[one] & people[other]
        assert not lines[one] & lines[other]
        assert not answers[one] & answers[other]
