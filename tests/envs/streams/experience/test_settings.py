import pytest

from memdojo.envs.streams.experience import ExperienceSettings
from memdojo.errors import ConfigError, UnknownNameError


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"num_tasks": 0}, "num_tasks is 0; give a whole number of at least 1"),
        ({"num_families": 17}, "num_families is 17 for num_tasks = 60; give at most 16"),
        ({"num_tasks": 3, "num_families": 4}, "no more than there are tasks"),
        ({"drift": 1.5}, "drift is 1.5; it lies between 0 and 1"),
        ({"noise": "much"}, "noise is 'much'; give a number between 0 and 1"),
        ({"misleading": float("nan")}, "misleading is nan"),
        ({"look_alikes": True}, "look_alikes is True"),
        ({"order_seed": -1}, "order_seed is -1; give a whole number from 0 on"),
    ],
)
def test_what_makes_no_stream_is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        ExperienceSettings(**changes)  # type: ignore[arg-type]


def test_unknown_feedback_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'answer'"):
        ExperienceSettings(feedback="answers")
