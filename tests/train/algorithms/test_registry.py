from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

import memdojo
from builders import invoke
from memdojo.agents.language.tiny import build_tiny_model
from memdojo.errors import ConfigError
from memdojo.train.algorithms.registry import ALGORITHMS, make_algorithm
from memdojo.train.algorithms.settings import GrpoSettings, PpoSettings
from memdojo.train.config.files import parse_config

RLOO = '''
"""REINFORCE with a leave-one-out baseline (arXiv:2402.14740)."""

from typing import Literal

import memdojo
import numpy as np
from memdojo.train.algorithms.protocol import Algorithm, Estimates, Loss
from memdojo.train.algorithms.settings import AlgorithmSettings


class RlooSettings(AlgorithmSettings):
    name: Literal["rloo_test"] = "rloo_test"
    scale: float = 1.0
    entropy_coefficient: float = 0.0


class Rloo(Algorithm[RlooSettings]):
    needs_old_log_probs = False
    min_scored = 2

    @property
    def needs_entropy_gradient(self):
        return self.settings.entropy_coefficient > 0

    def estimate(self, groups, values_R):
        advantages = []
        for group in groups:
            returns_G = np.array([trajectory.episode_return for trajectory in group])
            others_G = (returns_G.sum() - returns_G) / (len(group) - 1)
            num_steps_G = [trajectory.rewards.size for trajectory in group]
            advantages.append(self.settings.scale * np.repeat(returns_G - others_G, num_steps_G))
        advantages_R = np.concatenate(advantages)
        return Estimates(advantages_R, np.zeros_like(advantages_R))

    def loss(self, choices):
        policy_loss = choices.mean_of_choices(-choices.advantages * choices.log_probs)
        entropy = choices.mean_of_entropy(choices.entropy)
        total = policy_loss - self.settings.entropy_coefficient * entropy
        return Loss(total, {"policy_loss": policy_loss, "entropy": entropy})


memdojo.register.algorithm("rloo_test", RlooSettings, Rloo, description="REINFORCE, leave one out")
'''

TRAIN = """
import sys
from pathlib import Path
import rloo_outside
from memdojo.train.config.files import load_config
from memdojo.train.dispatch import train
from memdojo.train.runs.folder import RunFolder
from memdojo.train.runs.progress import NoProgress

config = load_config(sys.argv[1], sys.argv[2:])
train(config, RunFolder.create(Path("runs"), config), progress=NoProgress())
"""

COMPACT = """
name = "run"
task = "manager"
[streams]
train = "synthetic:train"
num_train = 3
options = { num_sessions = 1, turns_per_session = 12, num_facts = 4, num_questions = 3 }
[episode]
max_entries = 3
[features]
num_candidates = 4
[reward]
evidence_recall = 1.0
[algorithm]
name = "rloo_test"
num_updates = 3
groups_per_update = 2
group_size = 3
minibatch_size = 16
scale = 2.0
[rollouts]
num_workers = 0
"""

LANGUAGE = """
name = "run"
task = "manager"
[streams]
train = "synthetic:train"
num_train = 2
turns_per_chunk = 4
options = { num_sessions = 1, turns_per_session = 12, num_facts = 4, num_questions = 3 }
[episode]
max_entries = 3
[policy]
kind = "language"
model = "tiny"
format = "brief"
max_prompt_tokens = 400
max_response_tokens = 6
[reward]
invalid_operations = 1.0
[algorithm]
name = "rloo_test"
num_updates = 2
groups_per_update = 2
group_size = 2
minibatch_groups = 1
# A model that has learnt nothing earns nothing: without it there would be no gradient.
entropy_coefficient = 0.01
[engine]
kind = "transformers"
[learner]
num_threads = 1
[rollouts]
num_workers = 1
"""


def _train(folder: Path, tree: str, *overrides: str) -> list[dict[str, Any]]:
    """Train in a process that has the algorithm from a module beside memdojo; return the metrics."""
    (folder / "rloo_outside.py").write_text(RLOO, "utf-8")
    (folder / "run.toml").write_text(tree, "utf-8")
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-c", TRAIN, "run.toml", *overrides]
    environment = os.environ | {"PYTHONPATH": path}
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    lines = (folder / "runs" / "run" / "metrics.jsonl").read_text("utf-8").splitlines()
    assert 'name = "rloo_test"' in (folder / "runs" / "run" / "config.toml").read_text("utf-8")
    return [json.loads(line) for line in lines]


def test_an_algorithm_from_outside_trains_a_compact_policy(tmp_path: Path) -> None:
    metrics = _train(tmp_path, COMPACT)
    assert [line["update"] for line in metrics] == [1, 2, 3]
    assert all(line["gradient_norm"] > 0 for line in metrics)
    # It has no clipped ratio and no critic, and so no figures of them.
    assert not {"clip_fraction", "value_loss", "explained_variance"} & metrics[0].keys()


@pytest.mark.slow
def test_an_algorithm_from_outside_trains_a_language_policy(tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    build_tiny_model(tmp_path / "tiny", hidden_dim=32, num_layers=1, num_heads=1, num_streams=20)
    metrics = _train(tmp_path, LANGUAGE)
    assert [line["update"] for line in metrics] == [1, 2]
    assert all(np.isfinite(line["loss"]) for line in metrics)
    assert any(line["gradient_norm"] > 0 for line in metrics)
    # Without log-probabilities from before its four gradient steps there are none to compare.
    assert "sampler_mismatch_max" not in metrics[0]


TREE: dict[str, Any] = {
    "name": "run",
    "task": "manager",
    "streams": {"train": "synthetic:train"},
    "episode": {"max_entries": 3},
    "reward": {"evidence_recall": 1.0},
}


class HalvedSettings(GrpoSettings):
    name: Literal["halved"] = "halved"  # type: ignore[assignment]
    halves: int = 1


def test_a_registered_algorithm_is_listed_chosen_and_gone_afterwards() -> None:
    tree = TREE | {"algorithm": {"name": "halved", "num_updates": 3, "halves": 2}}
    with ALGORITHMS.temporarily():
        memdojo.register.algorithm(
            "halved", HalvedSettings, lambda settings: _grpo(), description="half of GRPO"
        )
        assert list(ALGORITHMS) == ["grpo", "ppo", "halved"]
        assert "half of GRPO" in invoke("list", "algorithms").stdout
        config = parse_config(tree)
        assert isinstance(config.algorithm, HalvedSettings)
        assert config.algorithm.halves == 2
        with pytest.raises(ConfigError, match=r"it must be 'grpo', 'ppo' or 'halved'. Did you mean 'halved'"):
            parse_config(tree, ["algorithm.name=halvd"])
        with pytest.raises(ConfigError, match=r"algorithm\.halves is 2, but algorithm\.name is 'ppo', which"):
            parse_config(TREE | {"algorithm": {"name": "ppo", "num_updates": 3, "halves": 2}})
        # An override of the name takes out what only the other one knows.
        assert parse_config(tree, ["algorithm.name=ppo"]).algorithm == PpoSettings(name="ppo", num_updates=3)
    with pytest.raises(ConfigError, match=r"algorithm\.name is 'halved'; it must be 'grpo' or 'ppo'"):
        parse_config(tree)


def test_a_name_that_is_taken_is_refused() -> None:
    with pytest.raises(ConfigError, match="named 'ppo' is registered already"):
        memdojo.register.algorithm("ppo", PpoSettings, lambda settings: _grpo())


def _grpo() -> Any:
    return make_algorithm(GrpoSettings(name="grpo", num_updates=1))
