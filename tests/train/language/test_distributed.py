"""What a run of several learner processes ends with."""

from __future__ import annotations

import pytest

from memdojo.errors import ConfigError, EngineError
from memdojo.train.language.distributed import _result
from memdojo.train.runs.interrupts import Interrupted


def test_the_echo_of_a_process_that_died_is_told_as_its_death() -> None:
    died = RuntimeError("the worker\nwas killed")
    for last_word in (None, RuntimeError("Connection reset by peer")):
        with pytest.raises(EngineError, match=r"a learner process died \(the worker was killed\); continue"):
            _result(last_word, [died])
    with pytest.raises(EngineError, match=r"it said nothing"):
        _result(None, [])


def test_what_the_first_process_itself_ran_into_is_raised_as_it_is() -> None:
    for error, failures in (
        (RuntimeError("of its own"), []),
        (ConfigError("too long"), [RuntimeError("ended with it")]),
        (Interrupted(), [RuntimeError("ended with it")]),
    ):
        with pytest.raises(type(error)) as caught:
            _result(error, failures)
        assert caught.value is error
