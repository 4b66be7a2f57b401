from __future__ import annotations

from dataclasses import replace

import pytest

from memdojo.envs.streams import check_stream, load_streams
from memdojo.envs.streams.assistant import AssistantSettings
from memdojo.envs.streams.digests import stream_digest
from memdojo.envs.streams.registry import load_mixture
from memdojo.envs.streams.synthetic import SPLITS, SyntheticSettings
from memdojo.errors import ConfigError


def test_streams_pass_all_checks() -> None:
    for split in SPLITS:
        for stream in load_streams(f"assistant:{split}", num_streams=4):
            assert not check_stream(stream)
            assert stream.source == f"assistant:{split}"


def test_seed_and_number_are_options_and_equal_ones_give_equal_streams() -> None:
    streams = load_streams("assistant:test", seed=3, num_streams=2)
    assert [stream.id for stream in streams] == ["assistant:test:3:0", "assistant:test:3:1"]
    assert streams == load_streams("assistant:test", seed=3, num_streams=2)
    assert streams[0].turns != load_streams("assistant:test", seed=4, num_streams=1)[0].turns


def test_digests_stay_as_they_are() -> None:
    (stream,) = load_streams("assistant:test", num_streams=1)
    assert stream_digest(stream) == "bb68e4acc11706e1"


def test_settings_are_options_of_their_own() -> None:
    (stream,) = load_streams("assistant", num_streams=1, num_sessions=6, turns_per_session=16, num_facts=20)
    assert len(stream.turns) == 96
    settings = replace(AssistantSettings(), num_facts=22)
    assert load_streams("assistant", num_streams=1, settings=settings) == load_streams(
        "assistant", num_streams=1, num_facts=22
    )


def test_settings_of_another_genre_are_refused() -> None:
    message = "settings are SyntheticSettings; streams of assistant take AssistantSettings"
    with pytest.raises(ConfigError, match=message):
        load_streams("assistant", settings=SyntheticSettings())
    with pytest.raises(ConfigError, match="streams of synthetic take SyntheticSettings"):
        load_streams("synthetic", settings=AssistantSettings())


def test_chats_share_no_group_and_no_plan_with_synthetic_streams() -> None:
    options = {"assistant": {"num_streams": 3}, "synthetic": {"num_streams": 3}}
    streams = load_mixture({"assistant": 1.0, "synthetic": 1.0}, lambda spec: options[spec])
    assert [stream.source for stream in streams] == ["assistant"] * 3 + ["synthetic"] * 3
    assert len({stream.group for stream in streams}) == 6
    assert len({stream.chunks[0].time for stream in streams}) == 6
