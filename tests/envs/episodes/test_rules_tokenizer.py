from pathlib import Path

import pytest

from builders import make_stream, write_byte_tokenizer
from memdojo.agents.baselines.registry import make_baseline
from memdojo.agents.play import play_manager
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.limits import CapacitySettings
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.episodes.written_memory import stores_of
from memdojo.envs.types import Add, Capacity, Question
from memdojo.errors import ConfigError
from memdojo.rewards import parse_reward
from memdojo.rewards.outcomes import StepOutcome

STREAM = make_stream(*[("A", "b cdefg")] * 4, questions=[Question("q", "What?", ("b",))])
"""Four turns of four tokens by rule, and of ten bytes."""


@pytest.fixture
def of_bytes(tmp_path: Path) -> str:
    return write_byte_tokenizer(tmp_path / "model")


def test_a_share_of_tokens_is_one_of_the_tokenizers(of_bytes: str) -> None:
    context = StreamContext(STREAM)
    by_rule, by_bytes = (
        EpisodeRules(capacity=CapacitySettings(token_share=0.5, tokenizer=tokenizer))
        for tokenizer in (None, of_bytes)
    )
    # One context serves both: what is shared of a stream is counted by whoever asks.
    assert by_rule.manager(context, seed=0).store.capacity == Capacity(max_tokens=8)
    assert by_bytes.manager(context, seed=0).store.capacity == Capacity(max_tokens=20, tokenizer=of_bytes)
    assert by_bytes.capacity.for_stream(STREAM).max_tokens == 20


def test_steps_and_rewards_count_by_the_tokenizer(of_bytes: str) -> None:
    reward = parse_reward({"memory_tokens": 1.0, "compression": 1.0})
    rules = EpisodeRules(reward=reward, capacity=CapacitySettings(max_entries=4, tokenizer=of_bytes))
    step = _last_step(rules)
    assert (step.memory_tokens, step.stream_tokens, step.operations[0].text_tokens) == (7, 40, 7)
    by_rule = EpisodeRules(reward=reward, capacity=CapacitySettings(max_entries=4))
    counted = _last_step(by_rule)
    assert (counted.memory_tokens, counted.stream_tokens, counted.operations[0].text_tokens) == (2, 16, 2)
    assert reward(step).parts == {"memory_tokens": -7 / 40, "compression": 1 - 7 / 40}
    assert reward(counted).parts == {"memory_tokens": -2 / 16, "compression": 1 - 2 / 16}


def _last_step(rules: EpisodeRules) -> StepOutcome:
    episode = rules.manager(StreamContext(STREAM), seed=0)
    for _ in range(3):
        episode.step(())
    return episode.step([Add("seven l")])


def test_what_is_too_long_is_cut_by_the_tokenizer(of_bytes: str) -> None:
    stream = make_stream(("A", "One is here. Two is here."), questions=())
    limits = CapacitySettings(max_entries=9, max_entry_tokens=16, tokenizer=of_bytes)
    episode = EpisodeRules(capacity=limits).manager(StreamContext(stream), seed=0)
    play_manager(make_baseline("recency"), [episode])
    assert [entry.text for entry in episode.store.entries] == ["A: One is here.", "A: Two is here."]


def test_rankings_are_counted_alike(of_bytes: str) -> None:
    rules = EpisodeRules(capacity=CapacitySettings(tokenizer=of_bytes))
    step = rules.retrieval(StreamContext(STREAM), seed=0).step(())
    assert step.memory_tokens == step.stream_tokens == 40
    context = StreamContext(STREAM)
    manager = rules.manager(context, seed=0)
    manager.step([Add("a cat")])
    (store,) = stores_of(context, {"q": manager.store.entries}, of_bytes)
    assert store.tokens == 5


@pytest.mark.parametrize("tokenizer", ["", 3])
def test_a_tokenizer_is_a_name(tokenizer: object) -> None:
    with pytest.raises(ConfigError, match="the tokenizer is"):
        CapacitySettings(tokenizer=tokenizer)  # type: ignore[arg-type]


def test_a_tokenizer_that_is_not_there_is_an_error_before_the_first_step() -> None:
    rules = EpisodeRules(capacity=CapacitySettings(tokenizer="/nowhere"))
    with pytest.raises(ConfigError, match="'/nowhere' cannot be loaded"):
        rules.manager(StreamContext(STREAM), seed=0)
