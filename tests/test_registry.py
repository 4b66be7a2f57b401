"""The registry that every kind of named thing uses."""

import contextlib
import dataclasses
import importlib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from memdojo.errors import ConfigError, UnknownNameError
from memdojo.registry import Registry


@dataclasses.dataclass(frozen=True)
class Tool:
    """A record with a function, as registries of records hold them."""

    function: Callable[[], int]
    size: int = 1


def one() -> int:
    """Return one.

    Whatever happens.
    """
    return 1


def test_things_are_found_by_name_in_the_order_of_their_registration() -> None:
    tools: Registry[int] = Registry("tool")
    assert tools.add("saw", 3) == 3
    tools.add("axe", 4, description="Cuts.")
    assert (tools.get("saw"), tools.get("axe")) == (3, 4)
    assert (list(tools), len(tools), "axe" in tools, "adze" in tools) == (["saw", "axe"], 2, True, False)
    assert list(tools.describe().items()) == [("axe", "Cuts."), ("saw", "")]


def test_an_unknown_name_is_told_with_the_near_ones_first() -> None:
    tools: Registry[int] = Registry("tool")
    tools.add("hammer", 1)
    tools.add("pliers", 2)
    with pytest.raises(UnknownNameError) as caught:
        tools.get("hamer")
    assert str(caught.value) == "unknown tool 'hamer'. Did you mean 'hammer'? Known: hammer, pliers."


def test_a_taken_name_is_given_away_on_request_alone() -> None:
    tools: Registry[int] = Registry("tool")
    tools.add("saw", 1, description="The first.")
    with pytest.raises(ConfigError) as caught:
        tools.add("saw", 2)
    assert str(caught.value) == (
        "a tool named 'saw' is registered already; choose another name or pass replace=True."
    )
    with pytest.raises(ConfigError, match="registered already"):
        tools.add_lazily("saw", "math:pi")
    assert (tools.get("saw"), tools.describe()["saw"]) == (1, "The first.")
    tools.add("saw", 2, replace=True)
    assert (tools.get("saw"), tools.describe()["saw"]) == (2, "")


@pytest.mark.parametrize("name", ["", "a:b", "a/b", "a b", "-a", "ä"])
def test_a_malformed_name_is_refused_with_the_rule(name: str) -> None:
    tools: Registry[int] = Registry("tool")
    with pytest.raises(ConfigError, match=r"cannot name a tool; use letters, digits, '-', '_' and '\.'\."):
        tools.add(name, 1)
    assert len(tools) == 0


def test_a_registry_may_have_a_rule_of_its_own_for_names() -> None:
    tools: Registry[int] = Registry("tool", name_pattern=re.compile("[a-z]+"), name_rule="small letters")
    with pytest.raises(ConfigError, match="'Saw' cannot name a tool; use small letters"):
        tools.add("Saw", 1)


def test_registries_that_share_a_namespace_take_no_name_of_each_other() -> None:
    tools: Registry[int] = Registry("tool")
    toys: Registry[int] = Registry("toy", apart_from=(tools,))
    tools.add("saw", 1)
    toys.add("ball", 1)
    with pytest.raises(ConfigError, match="a tool named 'saw' is registered already, and no toy may share"):
        toys.add("saw", 2, replace=True)
    with pytest.raises(ConfigError, match="a toy named 'ball' is registered already, and no tool may share"):
        tools.add("ball", 2)


def test_what_is_registered_lazily_is_loaded_once_when_it_is_asked_for() -> None:
    loaded = []

    def load() -> int:
        loaded.append(1)
        return 7

    tools: Registry[Any] = Registry("tool")
    tools.add_lazily("saw", load, description="Saws.")
    tools.add_lazily("pi", "math:pi")
    assert (list(tools), tools.describe()["saw"], loaded) == (["saw", "pi"], "Saws.", [])
    assert (tools.get("saw"), tools.get("saw"), loaded) == (7, 7, [1])
    assert tools.get("pi") == pytest.approx(3.14159, abs=1e-5)


def test_what_cannot_be_loaded_fails_when_it_is_asked_for_and_hides_nothing() -> None:
    tools: Registry[Any] = Registry("tool")
    tools.add_lazily("saw", "no_such_package:SAW")
    tools.add("axe", 1)
    assert tools.get("axe") == 1
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError, match="no_such_package"):
            tools.get("saw")


def test_functions_and_classes_describe_themselves_and_other_things_do_not() -> None:
    things: Registry[Any] = Registry("thing")
    things.add("one", one)
    things.add("tool", Tool)
    things.add("named", one, description="In other words.")
    things.add("record", Tool(one))
    things.add("lambda", lambda: 1)
    assert things.describe() == {
        "lambda": "",
        "named": "In other words.",
        "one": "Return one.",
        "record": "",
        "tool": "A record with a function, as registries of records hold them.",
    }


MODULE = """
from test_registry_scratch import TOOLS, Tool

def size():
    return {number}

TOOLS.add("size", size)
TOOLS.add("record", Tool(size, {number}))
"""


def test_a_module_that_is_executed_again_takes_the_place_of_what_it_registered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools: Registry[Any] = Registry("tool")
    scratch = type(sys)("test_registry_scratch")
    scratch.TOOLS, scratch.Tool = tools, Tool  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, scratch.__name__, scratch)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "brings_tools.py"
    path.write_text(MODULE.format(number=1))
    module = importlib.import_module("brings_tools")
    try:
        path.write_text(MODULE.format(number=2))
        importlib.reload(module)
    finally:
        del sys.modules["brings_tools"]
    assert tools.get("size")() == 2
    assert (tools.get("record").function(), tools.get("record").size) == (2, 2)


def test_functions_that_only_share_a_name_are_two_things() -> None:
    def made(number: int) -> Callable[[], int]:
        def inner() -> int:
            return number

        return inner

    tools: Registry[Any] = Registry("tool")
    tools.add("inner", made(1))
    tools.add("lambda", lambda: 1)
    tools.add("record", Tool(made(1)))
    for name, value in (("inner", made(2)), ("lambda", lambda: 2), ("record", Tool(made(2)))):
        with pytest.raises(ConfigError, match="registered already"):
            tools.add(name, value)


def test_what_is_registered_temporarily_is_gone_afterwards_even_after_an_error() -> None:
    tools: Registry[int] = Registry("tool")
    tools.add("saw", 1, description="Saws.")
    with tools.temporarily("axe", 2, description="Cuts."):
        tools.add("saw", 3, replace=True)
        assert (tools.get("axe"), tools.get("saw")) == (2, 3)
        with contextlib.suppress(ZeroDivisionError), tools.temporarily():
            tools.add("adze", 4)
            tools.add("file", 1 // 0)
        assert list(tools) == ["saw", "axe"]
    assert (list(tools), tools.get("saw"), tools.describe()) == (["saw"], 1, {"saw": "Saws."})
    with pytest.raises(ConfigError, match="registered already"), tools.temporarily("saw", 2):
        pass
    with tools.temporarily("saw", 2, replace=True):
        assert tools.get("saw") == 2
    assert tools.get("saw") == 1
