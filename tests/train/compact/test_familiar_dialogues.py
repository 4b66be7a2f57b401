from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from builders import make_stream, run_training
from memdojo.agents.compact.fallback import FallbackManager
from memdojo.agents.compact.manager import CompactManager, new_manager_network
from memdojo.envs.episodes.limits import CapacitySettings
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.features.manager import FeatureSettings, ManagerFeatures
from memdojo.envs.streams.turn_features import COLUMN
from memdojo.errors import ConfigError
from memdojo.evaluation import evaluate
from memdojo.train.checkpoints.compact import load_network_state, load_policy
from memdojo.train.compact.familiar_dialogues import MAX_STREAMS, FamiliarDialogues
from memdojo.train.config.files import parse_config
from memdojo.train.config.tables import FallbackConfig

pytestmark = pytest.mark.usefixtures("one_thread")

RULES = EpisodeRules(capacity=CapacitySettings(max_entries=9))
SETTINGS = FallbackConfig(rule="recency")


def _policy() -> CompactManager:
    features = ManagerFeatures(FeatureSettings(4))
    return CompactManager(new_manager_network(features, 8, seed=0), features)


def _stream(number: int, question_every: int, source: str = "talk") -> Any:
    said = ["Do you sail?" if place % question_every == 0 else "It rained." for place in range(12)]
    return make_stream(*said, id=f"s{number}", group=f"g{number}", source=source)


def test_what_the_rule_leaves_of_the_training_is_familiar() -> None:
    policy = _policy()
    with torch.no_grad():
        # The network never writes, so that all that is judged is the rule's.
        policy.network.add[-1].bias.fill_(-100)  # type: ignore[operator,union-attr]
    familiar = FamiliarDialogues(policy, [_stream(0, 2), _stream(1, 4)], RULES, SETTINGS)
    questions = familiar.fit().references[:, COLUMN["has_question"]].tolist()
    # Ten turns are at hand when t9 comes, and when t10 and t11 do; before, at t8, there are nine.
    assert questions == pytest.approx(
        [5 / 9, 5 / 10, 5 / 10, 5 / 10, 3 / 9, 3 / 10, 2 / 10, 2 / 10], abs=0.11
    )
    assert familiar.rule == "recency"


def test_as_many_streams_of_each_kind_are_played_from_all_over(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [_stream(number, 3) for number in range(2 * MAX_STREAMS)]
    few = [_stream(number, 3, "few") for number in range(100, 102)]
    familiar = FamiliarDialogues(_policy(), [*many, *few], RULES, SETTINGS)
    ids = [context.stream.id for context in familiar._contexts]
    assert len(ids) == MAX_STREAMS // 2 + 2
    assert {"s0", f"s{2 * MAX_STREAMS - 1}", "s100", "s101"} < set(ids)


def test_a_store_that_is_too_small_to_judge_from_is_told_before_the_training() -> None:
    rules = replace(RULES, capacity=CapacitySettings(max_entries=7))
    with pytest.raises(ConfigError, match="no training dialogue came to that; give the store more room"):
        FamiliarDialogues(_policy(), [_stream(0, 2)], rules, SETTINGS)


def test_every_checkpoint_of_a_run_knows_what_is_familiar_and_training_is_the_same(tmp_path: Path) -> None:
    tree: dict[str, Any] = {
        "name": "run",
        "task": "manager",
        "streams": {
            "train": "synthetic:train",
            "num_train": 3,
            "options": {"num_sessions": 1, "turns_per_session": 20, "num_facts": 4, "num_questions": 3},
        },
        "episode": {"max_entries": 9, "top_k": 3},
        "policy": {"hidden_dim": 8},
        "reward": {"evidence_recall": 1.0},
        "algorithm": {"name": "grpo", "num_updates": 2, "groups_per_update": 1, "group_size": 2},
        "rollouts": {"num_workers": 0},
        "checkpoints": {"every": 1},
    }
    run, _ = run_training(tmp_path / "with", parse_config({**tree, "fallback": {"rule": "recency"}}))
    other, _ = run_training(tmp_path / "without", parse_config(tree))
    for update in (1, 2):
        policy = load_policy(run.checkpoint_folder(update))
        assert isinstance(policy, FallbackManager)
        assert policy.familiarity.threshold > 0
        assert len(policy.familiarity.references) > 9
        weights = load_network_state(run.checkpoint_folder(update))
        others = load_network_state(other.checkpoint_folder(update))
        assert all((weights[name] == others[name]).all() for name in others)
    options = tree["streams"]["options"] | {"num_streams": 1}
    report = evaluate([str(run.path), "recency"], "synthetic:test", stream_options=options)
    table = report.summary.set_index("policy")
    assert 0 <= table.loc["run", "by_rule"] <= 1
    assert np.isnan(table.loc["recency", "by_rule"])
