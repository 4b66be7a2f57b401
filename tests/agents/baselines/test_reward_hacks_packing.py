"""What a policy that packs turns into entries gains where a memory is limited: nothing."""

import math

import pytest

from memdojo.agents.baselines.registry import make_baseline
from memdojo.agents.baselines.reward_hacks import MANAGER_HACKS
from memdojo.agents.play import play_manager
from memdojo.agents.policy import ManagerPolicy
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.limits import CapacitySettings
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.streams import load_streams
from memdojo.rewards.ranking import recall_at_k


def _play(policy: ManagerPolicy, limits: CapacitySettings) -> tuple[float, float]:
    """Return the mean recall@10, and the largest share of the tokens that a store ever held."""
    contexts = [StreamContext(stream) for stream in load_streams("synthetic:test", num_streams=3, seed=0)]
    outcomes = play_manager(
        policy, [EpisodeRules(capacity=limits).manager(context, seed=0) for context in contexts]
    )
    questions = [question for outcome in outcomes for question in outcome.questions if question.evidence]
    recalls = [recall_at_k(question.retrieved, question.evidence, 10) for question in questions]
    kept = [step.memory_tokens / step.stream_tokens for outcome in outcomes for step in outcome.steps]
    return sum(recalls) / len(recalls), max(kept)


@pytest.mark.parametrize(
    ("limits", "share"),
    [
        (CapacitySettings(), 0.25),
        (CapacitySettings(capacity_share=0.1), 0.1),
        (CapacitySettings(capacity_share=0.05), 0.05),
        (CapacitySettings(max_entries=11), 11 / 112),
        (CapacitySettings(token_share=0.1), 0.1),
        (CapacitySettings(max_entries=28, token_share=0.1), 0.1),
    ],
)
def test_a_packer_keeps_no_more_than_its_share_and_finds_less_than_the_oracle(
    limits: CapacitySettings, share: float
) -> None:
    recall, kept = _play(MANAGER_HACKS["pack_turns"](), limits)
    oracle_recall, oracle_kept = _play(make_baseline("oracle"), limits)
    assert max(kept, oracle_kept) <= share + 1e-3
    assert recall <= min(oracle_recall, 4 * share)


def test_without_a_limit_a_packer_keeps_everything() -> None:
    _, kept = _play(MANAGER_HACKS["pack_turns"](), CapacitySettings(capacity_share=math.inf))
    assert kept > 0.9
