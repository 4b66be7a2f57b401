"""What the rules make of texts, with worked examples."""

from __future__ import annotations

import pytest

from memdojo.agents.designs.roles.coverage import Asked
from memdojo.agents.designs.roles.protocol import Relation, Role, RoleCall
from memdojo.agents.designs.roles.rules import RuleRoles
from memdojo.envs.memory.analysis import count_tokens


def _reply(role, *texts, question="", limit=0):
    (reply,) = RuleRoles().reply([RoleCall(role, texts, question, limit)])
    return reply


def _facts(*texts):
    return [fact.text for fact in _reply(Role.FACTS, *texts)]


def test_facts_are_sentences_that_state_something_with_their_speaker():
    text = "Evening, Ben! I moved to Oslo in May. How are you? Never been better. Take care, Ben."
    assert _facts(f"Ann: {text}") == ["Ann: I moved to Oslo in May."]


def test_a_fact_knows_the_text_that_it_came_from():
    facts = _reply(Role.FACTS, "Ann: Hello.", "Ben: I live in Rome. Rosa works at Siemens.")
    assert [(fact.text, fact.origin) for fact in facts] == [
        ("Ben: I live in Rome.", 1),
        ("Ben: Rosa works at Siemens.", 1),
    ]


def test_a_sentence_that_refers_back_stays_with_the_one_before():
    text = "Ann: I was wrong about the wedding. It isn't on March 3rd, it's on April 8th."
    assert _facts(text) == [text]


def test_a_name_at_the_beginning_counts_where_a_verb_follows():
    assert _facts("Noemi does open-water swimming.") == ["Noemi does open-water swimming."]
    assert _facts("Begin with the easy slides.") == []


def test_advice_is_no_fact():
    advice = "Set aside 5 minutes on Friday. You may need 30 tries. Evidence: Limit yourself to 3 options."
    assert _facts(f"Assistant: {advice}") == []
    assert _facts("Assistant: I told you that Rosa has 3 cats.") != []


def test_a_short_statement_is_a_fact_if_it_has_a_matter():
    assert _facts("Ann: I like tea. I believe you.") == ["Ann: I like tea."]


@pytest.mark.parametrize("text", ["", "Ann: ", "Ann: 1.", "Ann: Really?", "Ann: If I lived in Rome.", "?!"])
def test_what_states_nothing_is_no_fact(text):
    assert _facts(text) == []


def test_a_script_without_capitals_tells_facts_as_well():
    assert _facts("我住在北京。") == ["我住在北京。"]


def test_keywords_are_names_and_numbers_first_one_for_each_stem():
    text = "Ann: I paid 895 euros for bicycles in Rome. The bicycle is old."
    words = _reply(Role.KEYWORDS, text, limit=3)
    assert words == ("rome", "895", "bicycles")
    assert "bicycle" not in _reply(Role.KEYWORDS, text)


def test_a_title_has_the_keywords_in_the_order_of_the_text():
    assert _reply(Role.TITLE, "Ann: I paid 895 euros in Rome.") == "paid 895 euros rome"


def test_a_summary_keeps_what_has_names_numbers_and_dates_in_order():
    texts = (
        "Ann: Well, what a day. We're getting married on March 3rd.",
        "Ben: Good for you.",
        "Ben: My new number is 55.",
    )
    summary = _reply(Role.SUMMARY, *texts, limit=22)
    assert summary == "Ann: We're getting married on March 3rd.\nBen: My new number is 55."


@pytest.mark.parametrize("limit", [1, 5, 12, 40])
def test_a_summary_stays_within_its_limit(limit):
    texts = [f"Ann: I met Rosa on May {day}th. We had {day} cups of tea." for day in range(4, 20)]
    assert count_tokens(_reply(Role.SUMMARY, *texts, limit=limit)) <= limit


@pytest.mark.parametrize(
    ("new", "old", "relation"),
    [
        ("Ann: I live in Oslo now.", "Ann: I live in Rome.", "contradicts"),
        ("Ann: I live in Rome.", "Ann: I live in Rome!", "extends"),
        ("Ann: I've moved to Oslo.", "Ann: I live in Rome.", "contradicts"),
        ("Ann: My phone number is 12345.", "Ann: My phone number is 999.", "contradicts"),
        ("Ann: It isn't March 3rd, it's April 8th.", "Ann: The wedding is on March 3rd.", "contradicts"),
        ("Ann: The trip to Rome is called off.", "Ann: I booked a trip to Rome.", "contradicts"),
        ("Ben: Ann lives in Oslo now.", "Ann: I live in Rome.", "contradicts"),
        ("Ann: I play the cello on Sundays.", "Ann: I play the cello.", "extends"),
        ("Ben: I live in Oslo now.", "Ann: I live in Rome.", "independent"),
        ("Ann: My sister lives in Oslo now.", "Ann: I live in Rome.", "independent"),
        ("Ann: I like tea.", "Ann: I bought a bicycle.", "independent"),
        ("", "Ann: I bought a bicycle.", "independent"),
        ("", "", "independent"),
    ],
)
def test_texts_relate_by_what_they_state_of_whom(new, old, relation):
    assert _reply(Role.RELATION, new, old) is Relation(relation)


def test_what_is_merged_loses_repetitions_and_what_a_later_text_contradicts():
    texts = ("Ann: I live in Rome.", "Ann: I like tea.", "Ann: I like tea.", "Ann: I live in Oslo now.")
    assert _reply(Role.MERGED, *texts) == "Ann: I like tea.\nAnn: I live in Oslo now."


@pytest.mark.parametrize(
    ("question", "text", "answers"),
    [
        ("Where does Ann live?", "Ann: I live in Rome.", True),
        ("Where does Ann live?", "Ben: I live in Rome.", False),
        ("Where does Ann live?", "Ann: I live with my cat.", False),
        ("Where does Ann live?", "Ann: Do you live in Rome?", False),
        ("When is Ann's wedding?", "Ann: Our wedding is on March 3rd.", True),
        ("When is Ann's wedding?", "Ann: Our wedding will be lovely.", False),
        ("What is Ann's phone number?", "Ann: My phone number is 12345.", True),
        ("What is Ann's phone number?", "Ann: My phone number is secret.", False),
        ("What is Ann's e-mail address?", "Ann: My e-mail address is ann@example.org.", True),
        ("Who is Ann's employer?", "Ann: I work for Maplebridge.", True),
        ("What is Ann's best friend called?", "Ann: My best friend Fritz helped me.", True),
        ("", "Ann: I live in Rome.", False),
        ("?", "Ann: I live in Rome.", False),
    ],
)
def test_a_text_suffices_if_it_has_the_words_and_an_answer_of_the_sort_wanted(question, text, answers):
    distractors = ["Ben: Oslo is cold, and I should know.", "Ann: Hello Ben."]
    assert _reply(Role.SUFFICIENT, text, *distractors, question=question) is answers
    assert _reply(Role.SUFFICIENT, question=question) is False


def test_coverage_is_the_share_of_the_weighted_words_of_a_question():
    asked = Asked(
        "Where did Ann buy the bicycle?", ["Ann: I bought a bicycle.", "Ben: A bicycle!", "Ben: Hi."]
    )
    whole, part, none = asked.coverage
    assert 0 == none < part < whole <= 1


def test_the_next_query_adds_what_was_found():
    query = _reply(Role.QUERY, "Ann: I work for Maplebridge.", question="Where is Ann's firm?")
    assert query == "Where is Ann's firm? maplebridge work"


def test_what_helps_comes_in_the_order_of_what_it_covers():
    texts = ("Ben: I bought a hat.", "Ben: The weather!", "Ann: I bought a bicycle in Rome.")
    assert _reply(Role.RELEVANT, *texts, question="Where did Ann buy a bicycle?") == (2, 0)
    assert _reply(Role.RELEVANT, *texts, question="Where did Ann buy a bicycle?", limit=1) == (2,)
