from __future__ import annotations

import numpy as np
import pytest
import torch

from builders import make_stream
from memdojo.agents.baselines.registry import make_fallback_rule
from memdojo.agents.compact.fallback import FallbackManager
from memdojo.agents.compact.familiarity import Familiarity, summary
from memdojo.agents.compact.manager import CompactManager, new_manager_network
from memdojo.agents.play import play_manager
from memdojo.agents.policy import ExplainsChoices, FallsBack
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.features.manager import FeatureSettings, ManagerFeatures
from memdojo.envs.streams.turn_features import TURN_FEATURES
from memdojo.envs.types import Add, Capacity

pytestmark = pytest.mark.usefixtures("one_thread")

FRIENDS = tuple(f"I went to Oslo with my sister on day {number}." for number in range(14))
ASSISTANT = tuple(f"Could you list all the steps of task number {number}?" for number in range(14))


def _episode(said: tuple[str, ...]) -> ManagerEpisode:
    return ManagerEpisode(StreamContext(make_stream(*said)), Capacity(20), seed=0)


def _familiarity(said: tuple[str, ...], threshold: float) -> Familiarity:
    """Return what knows a dialogue of which everything is remembered."""
    episode, rows = _episode(said), []
    for step in range(len(said)):
        play_manager(make_fallback_rule("recency"), [episode], until_step=step)
        rows.append(summary(episode))
    return Familiarity(np.stack(rows), np.full(len(TURN_FEATURES), 0.05, np.float32), threshold)


def _manager(rule: str, threshold: float = 1.0) -> FallbackManager:
    """Return a manager that adds every turn, and knows nothing but the talk of friends."""
    features = ManagerFeatures(FeatureSettings(4))
    network = new_manager_network(features, 8, seed=0)
    output = network.add[-1]
    assert isinstance(output, torch.nn.Linear)
    with torch.no_grad():
        output.bias.fill_(20)
    learned = CompactManager(network, features)
    return FallbackManager(learned, _familiarity(FRIENDS, threshold), make_fallback_rule(rule))


def _played(manager: FallbackManager, said: tuple[str, ...]) -> tuple[list[str], ManagerEpisode]:
    """Play a dialogue, and return who decided at each step, and the episode."""
    episode, deciders = _episode(said), []
    while not episode.ended:
        (operations,) = manager.act([episode])
        deciders += manager.last_deciders()
        episode.step(operations)
    return deciders, episode


def test_the_rule_decides_where_the_dialogue_is_unfamiliar_and_nowhere_else() -> None:
    manager = _manager("no_op")
    deciders, episode = _played(manager, FRIENDS)
    assert deciders == [""] * 14
    assert len(episode.store) == 14
    # The first eight entries say too little; then nothing more is written.
    deciders, episode = _played(manager, ASSISTANT)
    assert deciders == [""] * 8 + ["no_op"] * 6
    assert len(episode.store) == 8
    assert _played(_manager("no_op", threshold=1e9), ASSISTANT)[0] == [""] * 14


def test_episodes_side_by_side_are_told_apart() -> None:
    manager = _manager("similarity")
    assert isinstance(manager, ExplainsChoices)
    assert isinstance(manager, FallsBack)
    known, strange = _episode(FRIENDS), _episode(ASSISTANT)
    play_manager(manager, [strange, known], until_step=9)
    strange_operations, known_operations = manager.act([strange, known])
    assert manager.last_deciders() == ["similarity", ""]
    by_rule, by_network = manager.last_choices()
    assert by_rule == ()
    assert sum(choice.is_taken for choice in by_network) == 1
    assert [each.sources for each in (*strange_operations, *known_operations)] == [("t9",), ("t9",)]
    manager.act([strange])
    assert manager.last_choices() == [()]


def test_what_the_network_adds_has_the_priority_of_the_rule() -> None:
    # Recency's is the number of turns before.
    _, episode = _played(_manager("recency"), FRIENDS)
    assert [entry.utility for entry in episode.store.entries] == list(range(14))
    # Similarity has none.
    (operations,) = _manager("similarity").act([_episode(FRIENDS)])
    assert [each.utility for each in operations if isinstance(each, Add)] == [0]
