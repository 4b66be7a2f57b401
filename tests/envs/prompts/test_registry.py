from __future__ import annotations

import pytest

from memdojo.envs.prompts.brief import BriefFormat
from memdojo.envs.prompts.plain import PlainAnswerFormat, PlainFormat, PlainRankingFormat
from memdojo.envs.prompts.registry import FORMATS, list_formats, make_format
from memdojo.errors import ConfigError, UnknownNameError


def test_each_task_has_formats_of_its_own() -> None:
    manager = list_formats("manager")
    assert list(manager) == sorted(manager)
    assert {"brief", "mem_alpha", "memory_r1", "memory_r1_add_unknown", "plain"} <= set(manager)
    assert {"brief", "memory_r1", "plain"} <= set(list_formats("answer_agent"))
    assert {"brief", "memsifter", "plain"} <= set(list_formats("retriever"))
    assert isinstance(make_format("manager", "brief"), BriefFormat)
    assert isinstance(make_format("manager", "plain"), PlainFormat)
    assert isinstance(make_format("retriever", "plain"), PlainRankingFormat)
    assert isinstance(make_format("answer_agent", "plain"), PlainAnswerFormat)


def test_an_unknown_format_is_an_error_with_the_near_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown retriever format 'bref'.*'brief'"):
        make_format("retriever", "bref")


def test_a_format_of_somebody_else_is_known_by_its_name_for_its_task_alone() -> None:
    manager = FORMATS["manager"]
    with manager.temporarily("mine", PlainFormat):
        assert isinstance(make_format("manager", "mine"), PlainFormat)
        assert "mine" not in list_formats("retriever")
        with pytest.raises(ConfigError, match="a manager format named 'mine' is registered already"):
            manager.add("mine", BriefFormat)
    with pytest.raises(UnknownNameError, match="unknown manager format 'mine'"):
        make_format("manager", "mine")


def test_a_task_that_does_not_exist_is_an_error_with_the_near_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown task 'manger'.*'manager'"):
        make_format("manger", "plain")


@pytest.mark.parametrize("task", FORMATS)
def test_every_format_is_described_in_one_line(task: str) -> None:
    for name, description in list_formats(task).items():
        assert description.endswith("."), name
        assert "\n" not in description
