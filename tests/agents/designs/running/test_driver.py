"""The loop that lets designs go on, whoever decides for them."""

from __future__ import annotations

import pytest

from memdojo.agents.designs.parts.calls import keywords_of
from memdojo.agents.designs.parts.decisions import DecisionKind, decide
from memdojo.agents.designs.roles.rules import RuleRoles
from memdojo.agents.designs.running.driver import RuleDecider, run_together
from memdojo.errors import DesignError

COIN = DecisionKind("coin", "Heads or tails.", options=("heads", "tails"))


def _throw(by_rule):
    option = yield from decide(COIN, by_rule)
    words = yield from keywords_of(["Ann: I bought a bicycle."], 1)
    return option, words


def test_the_rule_decides_unless_somebody_else_does():
    assert [option for option, _ in run_together([_throw(0), _throw(1)], RuleDecider(), RuleRoles())] == [
        0,
        1,
    ]


def test_what_several_designs_wait_for_is_decided_in_one_batch():
    class Counting(RuleDecider):
        batches = ()

        def choose(self, decisions):
            self.batches += (len(decisions),)
            return super().choose(decisions)

    decider = Counting()
    run_together([_throw(0), _throw(1), _throw(1)], decider, RuleRoles())
    assert decider.batches == (3,)


@pytest.mark.parametrize("option", [2, -1, True, 0.5, None, "heads"])
def test_an_option_that_there_is_none_of_is_refused_with_a_sentence(option):
    class Wrong:
        def choose(self, decisions):
            return [option]

    with pytest.raises(DesignError, match=r"'coin' has 2 options .* choose an index from 0 to 1"):
        run_together([_throw(0)], Wrong(), RuleRoles())


def test_too_few_choices_are_refused_with_a_sentence():
    class Silent:
        def choose(self, decisions):
            return []

    with pytest.raises(DesignError, match="0 replies to 1 requests"):
        run_together([_throw(0)], Silent(), RuleRoles())


@pytest.mark.parametrize("reply", [None, "bicycle", (1,)])
def test_a_role_that_replies_with_something_else_is_told_so(reply):
    class Mumbling:
        fingerprint = "mumbling"

        def reply(self, calls):
            return [reply for _ in calls]

    with pytest.raises(DesignError, match="the role 'keywords' replied"):
        run_together([_throw(0)], RuleDecider(), Mumbling())
