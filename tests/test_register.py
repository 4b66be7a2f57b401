"""`memdojo.register`: every example runs, as a function and as a decorator."""

import contextlib
import doctest
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import gymnasium
import pytest

from memdojo import register
from memdojo.agents.engines.settings import EngineSettings
from memdojo.agents.graders.settings import AnswererSettings
from memdojo.cli.listings import KINDS, registries
from memdojo.envs.streams.registry import SOURCES
from memdojo.errors import ConfigError
from memdojo.rewards import METRICS
from memdojo.train.algorithms.settings import GrpoSettings


@pytest.fixture(autouse=True)
def _scratch() -> Iterator[None]:
    """Undo what a test registers, of any kind."""
    with contextlib.ExitStack() as stack:
        for registry in (SOURCES, *(each for kind in KINDS for each in registries(kind))):
            stack.enter_context(registry.temporarily())
        ids = set(gymnasium.registry)
        yield
        for id in set(gymnasium.registry) - ids:
            del gymnasium.registry[id]


@pytest.mark.parametrize("name", register.__all__)
def test_every_function_has_an_example_that_runs(name: str) -> None:
    (example,) = doctest.DocTestFinder(recurse=False).find(getattr(register, name), name, globs={})
    assert any(f"memdojo.register.{name}" in each.source for each in example.examples)
    results = doctest.DocTestRunner(verbose=False).run(example)
    assert results.failed == 0
    assert results.attempted >= 3


def test_a_function_registers_what_it_is_given_and_returns_it() -> None:
    def half(prediction: str, references: Any) -> float:
        return 0.5

    assert register.metric("half", half, description="Half.") is half
    assert METRICS.get("half") is half
    assert METRICS.describe()["half"] == "Half."
    with pytest.raises(ConfigError, match="'half' is registered already"):
        register.metric("half", lambda prediction, references: 1.0)
    register.metric("half", lambda prediction, references: 1.0, replace=True)
    assert METRICS.get("half")("", ()) == 1.0


def test_settings_that_a_configuration_could_not_name_are_refused() -> None:
    class Settings(EngineSettings):
        kind: Literal["mine"] = "mine"

    def make(*given: Any) -> Any:
        raise NotImplementedError

    with pytest.raises(ConfigError, match=r"write kind: Literal\['other'\] = 'other'"):
        register.engine("other", Settings, make)
    with pytest.raises(ConfigError, match="'grop', but its field 'name' does not say so"):
        register.algorithm("grop", GrpoSettings, make)
    with pytest.raises(
        ConfigError, match="Settings is registered as the settings of 'mine', but its field 'kind'"
    ):
        register.answerer("mine", AnswererSettings, make)
    assert {*registries("engines")[0]} == {"transformers", "vllm"}


def test_a_decorator_leaves_what_it_stands_above_as_it_is() -> None:
    @register.metric("third")
    def third(prediction: str, references: Any) -> float:
        return 1 / 3

    assert METRICS.get("third") is third
    assert third("", ()) == 1 / 3


def test_the_page_about_packages_names_every_function_and_no_other() -> None:
    page = (Path(__file__).parents[1] / "docs" / "custom" / "package.md").read_text("utf-8")
    assert set(re.findall(r"`memdojo\.register\.(\w+)`", page)) == {*register.__all__}


@pytest.mark.parametrize("kind", KINDS)
def test_everything_of_memdojos_own_is_described_in_one_line(kind: str) -> None:
    for registry in registries(kind):
        for name, description in registry.describe().items():
            assert description.endswith((".", "?")), (registry.kind, name)
