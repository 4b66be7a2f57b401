import pytest

from memdojo.envs.streams.benchmarks.fact_rules import Fact, FactList, parse_fact
from memdojo.envs.types import Add, Noop, PlannedOperation, Update


def _list(*texts: str) -> FactList:
    facts = [parse_fact(number, text) for number, text in enumerate(texts)]
    assert all(facts)
    return FactList([fact for fact in facts if fact])


# 0 and 3 conflict, 1 and 5 conflict, 2 is told twice.
LIST = _list(
    "Ann Lee is a citizen of France.",
    "The capital of Peru is Lima.",
    "Ben was born in the city of Oslo.",
    "Ann Lee is a citizen of Peru.",
    "Ben was born in the city of Oslo.",
    "The capital of Peru is Cusco.",
    "The Mayor of Lima is Ann Lee.",
    "Ann is famous for Dots and Dashes, Inc..",
)


@pytest.mark.parametrize(
    ("text", "relation", "subject", "object"),
    [
        ("Ann Lee is a citizen of Peru.", "* is a citizen of", "Ann Lee", "Peru"),
        ("The capital of Peru is Lima.", "The capital of * is", "Peru", "Lima"),
        ("The Mayor of Lima is Ann Lee.", "The * is", "Mayor of Lima", "Ann Lee"),
        ("Peru's child is Ann.", "*'s child is", "Peru", "Ann"),
        ("Ann is famous for Dots, Inc..", "* is famous for", "Ann", "Dots, Inc."),
    ],
)
def test_a_fact_is_a_wording_a_subject_and_what_it_tells(
    text: str, relation: str, subject: str, object: str
) -> None:
    assert parse_fact(7, text) == Fact(7, text, relation, subject, object)


def test_what_is_in_no_known_wording_is_no_fact() -> None:
    assert parse_fact(0, "Ann likes tea.") is None
    assert parse_fact(0, "is a citizen of Peru.") is None


def test_of_facts_that_conflict_the_later_one_is_in_force() -> None:
    assert LIST.in_force[("* is a citizen of", "Ann Lee")].number == 3
    assert LIST.outdated == {0, 1, 2}


def test_the_oracle_updates_what_is_outdated_and_adds_what_is_new() -> None:
    oracle = LIST.oracle()
    assert oracle["f0"] == (PlannedOperation(Add.kind, "0. Ann Lee is a citizen of France."),)
    assert oracle["f3"] == (PlannedOperation(Update.kind, "3. Ann Lee is a citizen of Peru.", "f0"),)
    assert oracle["f5"] == (PlannedOperation(Update.kind, "5. The capital of Peru is Cusco.", "f1"),)
    assert oracle["f4"] == (PlannedOperation(Noop.kind),)
    assert [plans[0].kind for plans in oracle.values()].count("ADD") == 5


def test_a_third_conflicting_fact_updates_the_second() -> None:
    facts = _list(*(f"Ann is a citizen of {country}." for country in ("Peru", "Chile", "Peru")))
    assert [plans[0].target for plans in facts.oracle().values()] == [None, "f0", "f1"]


ONE, SEVERAL = range(1, 2), range(2, 5)


@pytest.mark.parametrize(
    ("question", "answer", "lengths", "numbers"),
    [
        ("Where was Ben born?", "Oslo", ONE, (4,)),
        ("Of which country is Ann Lee a citizen?", "Peru", ONE, (3,)),
        # What is outdated answers nothing.
        ("Of which country is Ann Lee a citizen?", "France", ONE, ()),
        ("What is the capital of the country of Ann Lee?", "Cusco", SEVERAL, (3, 5)),
        # The chain goes from the mayor over the citizen to the capital.
        ("What is the capital of the country of the Mayor of Lima?", "Cusco", SEVERAL, (6, 3, 5)),
        ("What is the capital of the country of Ann Lee?", "Cusco", ONE, ()),
        ("Where was Carl born?", "Oslo", ONE, ()),
    ],
)
def test_a_question_is_answered_by_the_shortest_chain_of_facts_in_force(
    question: str, answer: str, lengths: range, numbers: tuple[int, ...]
) -> None:
    chain = LIST.chain(question, [answer], lengths)
    assert tuple(fact.number for fact in chain) == numbers


def test_of_two_chains_the_one_with_the_longer_subject_counts_and_equal_ones_decide_nothing() -> None:
    facts = _list("Ann was born in the city of Oslo.", "Ann Lee was born in the city of Oslo.")
    assert [fact.number for fact in facts.chain("Where was Ann Lee born?", ["Oslo"], ONE)] == [1]
    facts = _list("Ann was born in the city of Oslo.", "Ann died in the city of Oslo.")
    assert facts.chain("Where was Ann born?", ["Oslo"], ONE) == ()
