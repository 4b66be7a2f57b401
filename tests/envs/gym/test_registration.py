from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest

import memdojo
from memdojo.envs.gym.registration import ENV_IDS, register_all, register_env
from memdojo.envs.gym.text import MemoryManagerEnv
from memdojo.errors import ConfigError


@pytest.fixture
def unused_id() -> Any:
    id = "memdojo-tests/Toy-v0"
    yield id
    gym.registry.pop(id, None)


def run(code: str) -> str:
    """Run code in a fresh interpreter and return what it prints."""
    result = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_importing_memdojo_registers_every_environment() -> None:
    assert run(
        "import memdojo, gymnasium as g; print(*(i for i in g.registry if i.startswith('memdojo')))"
    ) == " ".join(ENV_IDS)


def test_gymnasium_imports_memdojo_where_the_id_says_so() -> None:
    code = (
        "import gymnasium; env = gymnasium.make('memdojo:memdojo/AnswerAgent-v0', "
        "stream_options={'num_streams': 1}); print(env.spec.id)"
    )
    assert run(code) == "memdojo/AnswerAgent-v0"


def test_the_environments_work_without_the_libraries_of_training() -> None:
    code = """
import sys
for name in ("torch", "ray", "vllm", "trl", "transformers", "stable_baselines3"):
    sys.modules[name] = None
import gymnasium, numpy as np, memdojo
for id in memdojo.envs.gym.registration.ENV_IDS:
    env = gymnasium.make(id, stream_options={"num_streams": 1})
    env.reset(seed=0)
    env.step(env.action_space.sample())
    print(id)
"""
    assert run(code).splitlines() == list(ENV_IDS)


def test_importing_memdojo_loads_no_more_than_gymnasium() -> None:
    heavy = ("pandas", "nltk", "pydantic", "memdojo.rewards", "memdojo.envs.gym.text")
    code = f"import sys, memdojo; print(*(name for name in {heavy} if name in sys.modules))"
    assert run(code) == ""


def test_every_public_name_exists_where_it_is_said_to_be() -> None:
    assert sorted(memdojo.__all__) == list(memdojo.__all__)
    for name in memdojo.__all__:
        assert getattr(memdojo, name) is not None
    assert set(memdojo._HOME) <= set(memdojo.__all__)
    assert set(memdojo.__all__) <= set(dir(memdojo))
    with pytest.raises(AttributeError, match="no attribute 'MemoryBank'"):
        memdojo.MemoryBank  # noqa: B018


def test_the_entry_point_of_older_gymnasiums_registers_the_same_ids() -> None:
    (point,) = [point for point in entry_points(group="gymnasium.envs") if point.name == "memdojo"]
    assert point.load() is register_all
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())
    assert project["project"]["entry-points"]["gymnasium.envs"] == {point.name: point.value}


def test_registering_all_again_changes_nothing() -> None:
    before = dict(gym.registry)
    register_all()
    assert gym.registry == before


def test_every_environment_says_what_it_is_in_gymnasiums_sections() -> None:
    sections = (
        "Description",
        "Observation Space",
        "Action Space",
        "Rewards",
        "Starting State",
        "Episode End",
    )
    for id in ENV_IDS:
        document = gym.make(id, stream_options={"num_streams": 1}).unwrapped.__doc__
        assert document is not None
        for section in (*sections, "Arguments", "Version History"):
            assert section in document, (id, section)


def test_an_environment_of_ones_own_is_made_by_its_id(unused_id: str) -> None:
    spec = register_env(
        unused_id,
        MemoryManagerEnv,
        options={"max_episode_steps": 2},
        stream_options={"num_streams": 1},
        top_k=3,
    )
    assert (spec.id, spec.max_episode_steps) == (unused_id, 2)
    env = gym.make(unused_id)
    assert env.unwrapped.rules.top_k == 3
    env.reset(seed=0)
    assert [env.step("NOOP")[3] for _ in range(2)] == [False, True]


def test_registering_the_same_again_is_no_error_and_something_else_is(unused_id: str) -> None:
    first = register_env(unused_id, MemoryManagerEnv, top_k=3)
    assert register_env(unused_id, MemoryManagerEnv, top_k=3) is first
    with pytest.raises(ConfigError, match="is registered already"):
        register_env(unused_id, MemoryManagerEnv, top_k=4)


@pytest.mark.parametrize(
    ("id", "entry_point", "message"),
    [
        ("memdojo-tests/Toy", MemoryManagerEnv, "namespace/Name-v0"),
        ("memdojo tests/Toy-v0", MemoryManagerEnv, "namespace/Name-v0"),
        ("memdojo-tests/Toy-v0", "package.module", "package.module:Class"),
        ("memdojo-tests/Toy-v0", None, "give a class"),
        ("memdojo/MemoryManager-v0", "package.module:Class", "registered already"),
    ],
)
def test_a_registration_that_cannot_work_is_refused(id: str, entry_point: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        register_env(id, entry_point)


def test_an_unknown_environment_is_named_with_its_near_match() -> None:
    with pytest.raises(gym.error.Error, match="MemoryManager"):
        gym.make("memdojo/MemoryManger-v0")
