from __future__ import annotations

import string

from memdojo.envs.streams.assistant.phrasings.about_others import HYPOTHETICALS
from memdojo.envs.streams.assistant.phrasings.requests import CORRECTIONS
from memdojo.envs.streams.assistant.tellings import TELLINGS
from memdojo.envs.streams.synthetic.facts import ALL_ATTRIBUTES, DISTRACTORS
from memdojo.envs.streams.synthetic.phrasings.attributes import Scope


def gaps(template: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(template) if field}


def test_every_attribute_can_be_told_to_an_assistant() -> None:
    assert set(TELLINGS) == set(ALL_ATTRIBUTES)


def test_what_can_be_revised_or_taken_back_can_be_so_in_the_words_of_a_chat() -> None:
    for attribute, telling in TELLINGS.items():
        assert len(telling.states) >= 8
        assert bool(telling.updates) == bool(attribute.updates), attribute.name
        assert bool(telling.retractions) == bool(attribute.retractions), attribute.name


def test_statements_say_the_value_and_retractions_do_not() -> None:
    for telling in TELLINGS.values():
        for template in (*telling.states, *telling.updates):
            assert gaps(template) & {"v", "a"}, template
        for template in telling.retractions:
            assert not gaps(template) & {"v", "a"}, template
    assert all({"v", "old", "about"} <= gaps(template) for template in CORRECTIONS)


def test_statements_say_the_key_or_the_person_that_the_question_names() -> None:
    for attribute, telling in TELLINGS.items():
        needed = {"k", "ka"} if attribute.key_pool or attribute.parent else set()
        if attribute.scope is Scope.CIRCLE:
            needed = {"k"} if attribute.name == "introduction" else {"S", "s"}
        for template in (*telling.states, *telling.updates, *telling.retractions):
            assert not needed or gaps(template) & needed, template


def test_statements_are_sentences_of_their_own() -> None:
    for telling in TELLINGS.values():
        for template in (*telling.states, *telling.updates, *telling.retractions):
            assert template.endswith(".")
            assert template.count(". ") == 0


def test_all_that_a_stranger_may_have_can_be_supposed() -> None:
    assert set(HYPOTHETICALS) == {attribute.name for attribute in DISTRACTORS}
    for pool in HYPOTHETICALS.values():
        assert all(gaps(template) & {"v", "a"} for template in pool)
