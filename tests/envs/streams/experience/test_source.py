import pytest

from memdojo.envs.streams.experience import ExperienceSettings
from memdojo.envs.streams.registry import list_sources, load_streams
from memdojo.errors import ConfigError, UnknownNameError


def test_every_setting_is_an_option() -> None:
    (info,) = [info for info in list_sources() if info.name == "experience"]

    assert info.splits == ("train", "validation", "test")
    assert set(info.options) == {
        "settings", "seed", "num_streams", "num_tasks", "num_families", "drift", "look_alikes", "noise",
        "misleading", "feedback", "order_seed",
    }  # fmt: skip
    (stream,) = load_streams("experience:test", num_streams=1, num_tasks=7, num_families=2)
    assert len(stream.questions) == 7


def test_options_change_the_settings_that_are_given() -> None:
    settings = ExperienceSettings(num_tasks=9, num_families=3)
    (stream,) = load_streams("experience", settings=settings, num_streams=1, num_families=1)

    assert len(stream.questions) == 9
    assert len({question.category for question in stream.questions}) == 1
    assert stream.source == "experience:train"


def test_misspelt_options_and_bad_values_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="look_alikes"):
        load_streams("experience", look_alike=0.5)
    with pytest.raises(ConfigError, match="drift is 2"):
        load_streams("experience", drift=2)
