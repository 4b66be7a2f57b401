"""MemSifter's recipe as it is trained: sessions, tiers, warm-up and curriculum, for both kinds of policy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builders import run_training
from memdojo.agents.compact.retriever import CompactRetriever, new_retriever_network
from memdojo.envs.episodes.archive import Granularity, Tiers
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.rules import EpisodeRules, resolve_answerer
from memdojo.envs.features.retrieval import RetrievalFeatures
from memdojo.envs.streams.registry import load_streams
from memdojo.rewards.reward import Reward
from memdojo.train.checkpoints.compact import load_spec, load_training_state
from memdojo.train.compact.players import RetrieverPlayer
from memdojo.train.config.files import load_config, parse_config
from memdojo.train.config.run import TrainConfig
from memdojo.train.rollouts.tasks import RolloutTask
from memdojo.train.runs.folder import RunFolder

OPTIONS: dict[str, Any] = {
    "num_sessions": 3,
    "turns_per_session": 4,
    "num_facts": 3,
    "num_questions": 3,
    "update_rate": 0.0,
    "retraction_rate": 0.0,
    "distractor_rate": 0.0,
    "multi_hop_share": 0.0,
    "mid_stream_share": 0.0,
}
COMPACT: dict[str, Any] = {
    "name": "sifter",
    "seed": 3,
    "task": "retriever",
    "streams": {
        "train": "synthetic:train",
        "validation": "synthetic:validation",
        "num_train": 3,
        "num_validation": 1,
        "options": OPTIONS,
    },
    "episode": {"granularity": "session", "top_k": 2, "tiers": [1, 2]},
    "policy": {"hidden_dim": 8},
    "reward": {"marginal_utility": 1.0, "evidence_dcg": 0.5},
    "reward_decay": {"evidence_dcg": 3},
    "algorithm": {
        "name": "grpo",
        "num_updates": 6,
        "groups_per_update": 3,
        "group_size": 3,
        "minibatch_size": 16,
        "learning_rate": 0.03,
        "curriculum": "priority",
    },
    "rollouts": {"num_workers": 0},
    "evaluation": {"every": 2, "metric": "token_f1"},
    "checkpoints": {"every": 2, "keep": 9},
}


def test_the_published_version_takes_sixteen_gradient_steps_an_update_and_replaces_groups() -> None:
    config = load_config("memsifter")
    algorithm = config.algorithm
    assert (algorithm.groups_per_update, algorithm.group_size, algorithm.minibatch_groups) == (32, 6, 2)
    assert (algorithm.skip_equal_groups, algorithm.most_refills) == (True, 10)
    # A pass has room for the longest row.
    longest = config.policy.max_prompt_tokens + config.policy.max_response_tokens
    assert config.learner.micro_batch_tokens == longest == 36864 + 16384


def _player(reward: Reward) -> RetrieverPlayer:
    policy = CompactRetriever(new_retriever_network(2, 8, seed=0), RetrievalFeatures())
    streams = load_streams("synthetic:train", num_streams=1, **OPTIONS)
    rules = EpisodeRules(
        reward=reward,
        top_k=2,
        answerer=resolve_answerer(None, reward),
        granularity=Granularity.SESSION,
        tiers=Tiers((1, 2)),
    )
    return RetrieverPlayer(streams, policy, rules)


def test_a_compact_retriever_ranks_sessions_and_is_paid_at_tiers() -> None:
    reward = Reward({"marginal_utility": 1.0, "evidence_dcg": 0.5}, {"evidence_dcg": 4})
    player = _player(reward)
    first = player.play(RolloutTask(0, (1, 2, 3), question=1))
    later = player.play(RolloutTask(0, (1, 2, 3), question=1, update=2))
    last = player.play(RolloutTask(0, (1, 2, 3), question=1, update=4))
    for beginning, middle, end in zip(first, later, last, strict=True):
        # Three candidates, and two places that both have one.
        assert beginning.actions.shape == (1, 2)
        assert {0, 1, 2} >= set(beginning.actions[0].tolist())
        assert beginning.parts["marginal_utility"] == end.parts["marginal_utility"]
        assert middle.parts["evidence_dcg"] == pytest.approx(beginning.parts["evidence_dcg"] / 2)
        assert "evidence_dcg" not in end.parts
        # Answers are graded for the ranking as a whole, so its last place is paid.
        assert end.rewards[0].tolist() == [0, end.parts["marginal_utility"]]


def test_a_question_starts_over_the_archive_that_was_asked_for() -> None:
    (stream,) = load_streams("synthetic:train", num_streams=1, **OPTIONS)
    context = StreamContext(stream)
    turns = EpisodeRules().at_each_question(context)
    sessions = EpisodeRules(granularity=Granularity.SESSION).at_each_question(context)
    assert [len(start.store) for start in turns] == [12, 12, 12]
    assert [len(start.store) for start in sessions] == [3, 3, 3]


def _train(root: Path, config: TrainConfig, *, resume: bool = False) -> RunFolder:
    run, _ = run_training(root, config, resume=resume)
    return run


def _untimed(line: Mapping[str, float]) -> dict[str, float]:
    return {
        name: value
        for name, value in line.items()
        if not name.startswith(("seconds/", "rollouts/steps_per_s", "rollouts/tokens_per_s", "tokens_per_s"))
    }


@pytest.mark.slow
def test_a_resumed_run_by_priority_gives_the_numbers_of_one_that_was_not(tmp_path: Path) -> None:
    whole = _train(tmp_path / "whole", parse_config(COMPACT))
    _train(tmp_path / "parts", parse_config(COMPACT, ["algorithm.num_updates=4"]))
    parts = _train(tmp_path / "parts", parse_config(COMPACT), resume=True)
    assert [_untimed(line) for line in parts.metrics()] == [_untimed(line) for line in whole.metrics()]
    weights = [line["reward_weight/evidence_dcg"] for line in whole.metrics()[1:]]
    assert weights == pytest.approx([1 / 2, 1 / 3, 1 / 6, 0, 0, 0])
    assert whole.latest is not None
    state = load_training_state(whole.latest).state
    # Nine questions, of which three updates of three have played each once.
    assert len(state["curriculum"]) == 9
    assert load_spec(whole.latest).training.granularity == "session"


@pytest.mark.slow
def test_the_laptop_version_runs_from_end_to_end(tmp_path: Path, tiny_language_model: Path) -> None:
    from memdojo.train.checkpoints.language import load_language_spec

    config = load_config(
        "memsifter_laptop",
        [
            f"policy.model={tiny_language_model}",
            "streams.num_train=8",
            "streams.num_validation=2",
            "warm_start.num_steps=20",
            "warm_start.batch_size=8",
            "algorithm.num_updates=3",
            "algorithm.groups_per_update=3",
            "algorithm.group_size=3",
            # A model that has learnt nothing is always wrong, and its groups would all be left out.
            "algorithm.skip_equal_groups=false",
            "algorithm.minibatch_groups=3",
            "reward_decay.evidence_dcg=2",
            "learner.num_threads=1",
            "evaluation.every=3",
            "checkpoints.every=2",
        ],
    )
    run = _train(tmp_path, config)
    _, first, second, third = run.metrics()
    assert [line["reward_weight/evidence_dcg"] for line in (first, second, third)] == [0.5, 0.25, 0]
    assert "reward/evidence_dcg" in first
    assert "reward/evidence_dcg" not in third
    for line in (first, second, third):
        assert {"reward/marginal_utility", "reward/malformed_ranking"} <= line.keys()
        assert line["rollouts/unscored"] == 0
        assert line["sampler_mismatch_max"] < 1e-3
        # Three answers for each ranking: without memory, and at two tiers.
        assert line["answers/asked"] < 3 * 9
    assert np.isfinite(third["validation/score"])
    assert run.latest is not None
    spec = load_language_spec(run.latest)
    assert (spec.task, spec.format, spec.training.granularity) == ("retriever", "brief", "session")
    assert load_training_state(run.latest).state["curriculum"]
