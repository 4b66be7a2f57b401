"""The names that other people build on."""

import inspect
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest

import memdojo
from memdojo import errors
from memdojo.errors import MemdojoError

PUBLIC_NAMES = [
    "Add",
    "AgentAnswer",
    "Capacity",
    "Chunk",
    "Delete",
    "EvalChoices",
    "EvalReport",
    "Invalidate",
    "Link",
    "ManagerEpisode",
    "MemdojoError",
    "MemoryAgent",
    "MemoryEntry",
    "MemoryStore",
    "Merge",
    "Noop",
    "Operation",
    "OperationResult",
    "OperationStatus",
    "Question",
    "RetrievalEpisode",
    "Reward",
    "Rewrite",
    "Stream",
    "StreamContext",
    "Tag",
    "Turn",
    "Update",
    "Value",
    "WhenFull",
    "__version__",
    "check_memory_env",
    "evaluate",
    "list_sources",
    "load_policy",
    "load_streams",
    "open_memory",
    "register",
    "register_env",
    "register_reward_part",
    "register_source",
]
"""Written down a second time, because a name that goes in or out is a promise made or broken."""

ERRORS = {
    name: value
    for name, value in vars(errors).items()
    if inspect.isclass(value) and issubclass(value, MemdojoError) and value.__module__ == errors.__name__
}


def test_the_public_names_are_the_promised_ones() -> None:
    assert list(memdojo.__all__) == PUBLIC_NAMES
    assert {*PUBLIC_NAMES} <= {*dir(memdojo)}


@pytest.mark.slow
def test_type_checkers_see_the_types_of_the_public_names(tmp_path: Path) -> None:
    names = [name for name in PUBLIC_NAMES if name not in ("__version__", "register")]
    revealed = "\n".join(f"reveal_type(memdojo.{name})" for name in [*names, "__version__"])
    (tmp_path / "uses.py").write_text(f"import memdojo\n{revealed}\nmemdojo.no_such_name\n")
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "uses.py"]
    # An editable installation is found by an import hook, which no type checker runs; a wheel needs no help.
    environment = {**os.environ, "MYPYPATH": str(Path(memdojo.__file__).parents[1])}
    told = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True).stdout
    types = re.findall(r'Revealed type is "(.*)"', told)
    assert len(types) == len(names) + 1
    assert "Any" not in types
    assert re.findall(r"error: (.*)", told) == ['Module has no attribute "no_such_name"  [attr-defined]']


@pytest.mark.parametrize("name", sorted({*PUBLIC_NAMES} - {"__version__", "register"}))
def test_every_public_name_says_what_it_is(name: str) -> None:
    value = getattr(memdojo, name)
    assert value.__name__ == name
    assert value.__module__.startswith("memdojo.")
    # A docstring of its own: dataclasses make one up, and classes inherit one.
    assert value.__doc__
    assert not value.__doc__.startswith(f"{name}(")


def test_the_exceptions_are_those_of_the_drawn_tree() -> None:
    assert errors.__doc__ is not None
    drawn = re.findall(r"^    (│   )?[├└]── (\w+)(?: \((\w+)\))? +\S", errors.__doc__, re.MULTILINE)
    expected, parent = {}, ""
    for deeper, name, base in drawn:
        expected[name] = (parent,) if deeper else (MemdojoError.__name__, base)
        parent = parent if deeper else name
    assert expected == {
        name: tuple(base.__name__ for base in error.__bases__)
        for name, error in ERRORS.items()
        if error is not MemdojoError
    }


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_crosses_process_boundaries(name: str) -> None:
    error = ERRORS[name]("the value, the rule and the remedy")
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), copy.args) == (type(error), error.args)


def test_an_unknown_name_is_answered_with_the_near_ones_first() -> None:
    message = str(errors.unknown_name("stream", "locmo", ["synthetic", "locomo"]))
    assert message == "unknown stream 'locmo'. Did you mean 'locomo'? Known: locomo, synthetic."
    assert "Did you mean" not in str(errors.unknown_name("stream", "zzz", ["synthetic"]))
