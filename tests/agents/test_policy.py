"""The contract of manager policies, on everything that is registered."""

from collections.abc import Sequence
from datetime import datetime

import pytest

from builders import make_stream
from memdojo.agents.baselines.registry import list_baselines, make_baseline
from memdojo.agents.policy import ManagerPolicy
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.types import Capacity, Operation, Question, Stream
from memdojo.errors import EpisodeStateError


def make_context(id: str = "stream") -> StreamContext:
    lines = ("Hello.", "I live in Porto now.", "Nice city!", "My dog is called Rex.", "Bye.", "See you.")
    said = [("AB"[index % 2], line) for index, line in enumerate(lines)]
    questions = (
        Question("q1", "Where does B live?", ("Porto",), evidence=frozenset({"t1"}), ask_after=2),
        Question("q2", "What is B's dog called?", ("Rex",), evidence=frozenset({"t3"})),
    )
    stream = make_stream(*said, questions=questions, id=id, group=id, time=datetime(2024, 1, 1))
    return StreamContext(stream)


def run_together(
    policy: ManagerPolicy, episodes: Sequence[ManagerEpisode]
) -> list[list[tuple[Operation, ...]]]:
    decided: list[list[tuple[Operation, ...]]] = [[] for _ in episodes]
    while not episodes[0].ended:
        for of_episode, episode, operations in zip(decided, episodes, policy.act(episodes), strict=True):
            of_episode.append(operations)
            episode.step(operations)
    return decided


@pytest.mark.parametrize("name", list_baselines())
def test_a_policy_decides_alike_alone_and_in_a_batch(name: str) -> None:
    policy = make_baseline(name)
    contexts = [make_context("one"), make_context("two")]
    together = run_together(policy, [ManagerEpisode(each, Capacity(2), seed=5) for each in contexts])
    alone = [run_together(policy, [ManagerEpisode(each, Capacity(2), seed=5)])[0] for each in contexts]
    assert together == alone


@pytest.mark.parametrize("name", list_baselines())
def test_a_fork_goes_on_like_its_original(name: str) -> None:
    policy = make_baseline(name)
    original = ManagerEpisode(make_context(), Capacity(2), seed=5)
    for _ in range(3):
        original.step(policy.act([original])[0])
    fork = original.fork()
    assert run_together(policy, [original]) == run_together(policy, [fork])
    assert original.store.entries == fork.store.entries


@pytest.mark.parametrize("name", [name for name in list_baselines() if name != "oracle"])
def test_only_the_oracle_looks_at_questions_or_ahead(name: str) -> None:
    context = make_context()
    stream = context.stream
    blind = StreamContext(Stream(stream.id, stream.group, stream.chunks[:4], ()))
    seeing = ManagerEpisode(context, Capacity(2), seed=5)
    decided = run_together(make_baseline(name), [seeing])[0]
    decided_blind = run_together(make_baseline(name), [ManagerEpisode(blind, Capacity(2), seed=5)])[0]
    assert decided[:4] == decided_blind


@pytest.mark.parametrize("name", list_baselines())
def test_an_ended_episode_is_refused(name: str) -> None:
    episode = ManagerEpisode(make_context(), Capacity(2))
    policy = make_baseline(name)
    run_together(policy, [episode])
    with pytest.raises(EpisodeStateError, match="start a new episode"):
        policy.act([episode])
