import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from memdojo.deploy.arguments import wall_clock
from memdojo.deploy.memory_agent import MemoryAgent
from memdojo.deploy.open_memory import open_memory
from memdojo.envs.types import Capacity
from memdojo.errors import ConfigError, DataError, MemdojoError, StoreFileError

MAY_1 = datetime(2024, 5, 1, 9)


@pytest.mark.parametrize(
    "time", ["2024-05-01T09:00:00", "yesterday", 1714550400, 1.5, math.nan, date(2024, 5, 1), b"2024", True]
)
def test_a_time_that_is_none_is_refused_with_what_to_do(tmp_path: Path, time: Any) -> None:
    with MemoryAgent(tmp_path / "m") as agent:
        for call in (lambda: agent.observe("Ann", "Hello.", time), lambda: agent.ask("Hello?", time)):
            with pytest.raises(DataError, match=r"the time is .*give a datetime: datetime\.fromisoformat"):
                call()
        assert agent.num_turns == 0


class _Nanoseconds(datetime):
    """As pandas has it: its text cannot be read as a time."""

    def isoformat(self, *args: Any, **kwargs: Any) -> str:
        return f"{super().isoformat(*args, **kwargs)}.000000001"


def test_times_of_other_classes_and_zones_become_plain_ones() -> None:
    for time in (_Nanoseconds(2024, 5, 1, 9), MAY_1.replace(tzinfo=UTC), MAY_1.replace(fold=1)):
        plain = wall_clock(time, datetime.now)
        assert (type(plain), plain) == (datetime, MAY_1)
    assert wall_clock(None, lambda: MAY_1) == MAY_1
    with pytest.raises(DataError, match="give a datetime"):
        wall_clock(None, lambda: 5)  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize("value", [None, 5, b"text", ["text"], math.nan, np.str_, True])
def test_what_is_no_text_is_refused(tmp_path: Path, value: Any) -> None:
    with MemoryAgent(tmp_path / "m") as agent:
        calls: list[Callable[[], object]] = [
            lambda: agent.observe(value, "Hello."),
            lambda: agent.observe("Ann", value),
            lambda: agent.observe_many([("Ann", "Hello."), ("Ann", value)]),
            lambda: agent.search(value),
            lambda: agent.ask(value),
            lambda: agent.find_said(value),
        ]
        for call in calls:
            with pytest.raises(DataError, match="give a str"):
                call()
        assert agent.num_turns == 0


@pytest.mark.parametrize(
    "turns",
    [None, 5, "Ann", b"Ann", ["Ann: hello"], [("Ann",)], [("Ann", "a", MAY_1, 4)], [None], [{"a": 1}]],
)
def test_turns_that_are_none_are_refused(tmp_path: Path, turns: Any) -> None:
    with MemoryAgent(tmp_path / "m") as agent:
        with pytest.raises(DataError, match=r"give .*\(speaker, text"):
            agent.observe_many(turns)
        assert agent.num_turns == 0


@pytest.mark.parametrize("entry", ["1", True, False, None, 1.0, np.int64(1), b"1", [1], math.nan])
def test_an_entry_is_named_by_its_id_or_itself(tmp_path: Path, entry: Any) -> None:
    with MemoryAgent(tmp_path / "m") as agent:
        agent.observe("Ann", "My dog is called Rex.", MAY_1)
        for call in (agent.forget, agent.sources):
            with pytest.raises(ConfigError, match="the entry is"):
                call(entry)
        assert len(agent.entries) == 1
        for id in (0, -1, 2, 10**40):
            with pytest.raises(MemdojoError, match="has no entry"):
                agent.forget(id)


@pytest.mark.parametrize("turn", [None, 1, True, b"t1", ["t1"]])
def test_a_turn_is_named_by_its_id_or_itself(tmp_path: Path, turn: Any) -> None:
    with MemoryAgent(tmp_path / "m") as agent, pytest.raises(ConfigError, match="the turn is"):
        agent.forget_turn(turn)


def test_a_number_of_entries_is_a_whole_number(tmp_path: Path) -> None:
    with MemoryAgent(tmp_path / "m") as agent:
        agent.observe("Ann", "My dog is called Rex.", MAY_1)
        wrong: Any
        for wrong in (2.5, -1, "3", True, math.nan, np.int64(2)):
            with pytest.raises(ConfigError, match="k is"):
                agent.search("dog", wrong)
        assert agent.search("dog", 0) == ()
        assert len(agent.search("dog", 10**30)) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"top_k": 0}, {"top_k": 2.5}, {"top_k": "3"}, {"top_k": True},
        {"seed": -1}, {"seed": 1.5}, {"seed": "x"}, {"seed": None},
        {"session_gap": 30}, {"session_gap": timedelta(-1)}, {"session_gap": None},
        {"timeout_s": -1}, {"timeout_s": "3"}, {"timeout_s": math.nan}, {"timeout_s": math.inf},
        {"clock": 5}, {"clock": None}, {"capacity": 5}, {"capacity": "10"},
    ],
)  # fmt: skip
def test_options_of_a_wrong_kind_are_refused_before_there_is_a_file(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        MemoryAgent(tmp_path / "m", **options)
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("max_entries", [0, -1, "5", 2.5, True])
def test_a_limit_that_is_none_is_refused(tmp_path: Path, max_entries: Any) -> None:
    with pytest.raises(ConfigError, match="max_entries is"):
        open_memory(tmp_path / "m", max_entries=max_entries)
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("path", [None, 5, b"memory", "a\0b", ["memory"]])
@pytest.mark.parametrize("open_agent", [MemoryAgent, open_memory])
def test_a_path_that_is_none_is_refused(open_agent: Callable[[Any], MemoryAgent], path: Any) -> None:
    with pytest.raises(StoreFileError, match="path"):
        open_agent(path)


@pytest.mark.parametrize(
    "text", ["\0", "half \ud83d", "\u200b\u2028x", "e\u0301" * 50, "?" * 5000, "x" * 9000]
)
def test_any_text_is_said_found_and_forgotten(tmp_path: Path, text: str) -> None:
    with MemoryAgent(tmp_path / "m", capacity=Capacity(50)) as agent:
        agent.observe(text[:20], text, datetime.min)
        agent.observe("Bob", text, datetime.max)
        agent.search(text)
        agent.ask(text, MAY_1)
        (turn, *_) = agent.find_said(text)
        agent.forget_turn(turn)
        for entry in agent.entries:
            agent.forget(entry)
        assert agent.entries == ()
