"""What designs ask of roles."""

from __future__ import annotations

import pytest

from memdojo.agents.designs.parts.calls import facts_of
from memdojo.agents.designs.roles.protocol import Fact, Role

REPORT = "Report: Sort the red box. It is big.\nANSWER: A\nVERDICT: right"


def test_a_report_is_one_fact_and_no_role_is_asked_about_it():
    steps = facts_of(["Ann: Hi.", REPORT, "Ben: I moved."])
    call = next(steps)
    assert (call.role, call.texts) == (Role.FACTS, ("Ann: Hi.", "Ben: I moved."))
    with pytest.raises(StopIteration) as end:
        steps.send((Fact("Ben moved.", 1), Fact("Hi.", 0)))
    assert end.value.value == (Fact("Hi.", 0), Fact(REPORT, 1), Fact("Ben moved.", 2))


def test_nobody_is_asked_where_there_are_reports_alone():
    with pytest.raises(StopIteration) as end:
        next(facts_of([REPORT]))
    assert end.value.value == (Fact(REPORT, 0),)
