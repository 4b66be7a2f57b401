"""How much of the returns a critic explains, and how much any critic could.

    python benchmarks/critic.py RUN [RUN ...] [--episodes 4] [--streams 60]

Takes runs of compact managers that PPO trained. The policy of a run's last checkpoint plays the run's
validation streams up to a turn drawn at random, and from that state several times to the end, as in training.
What the episodes of one state differ by comes from the policy's own dice after it, so that no critic,
whatever it sees, explains more than

    1 - (mean variance of the returns within a state) / (variance of all returns)

of them. Beside this bound stands what the run's critic explains of the same returns, which count from the
fork, discounted as in the run. Prints a table and, as its last line, one JSON object.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from memdojo.agents.compact.base import use_one_thread
from memdojo.agents.compact.manager import CompactManager
from memdojo.envs.episodes.rules import resolve_answerer
from memdojo.rewards.reward import Reward
from memdojo.train.algorithms.advantages import rewards_to_go
from memdojo.train.checkpoints.compact import (
    latest_checkpoint,
    load_policy,
    load_training_state,
    restore_critic,
)
from memdojo.train.compact.critic import FutureCritic, new_future_critic
from memdojo.train.compact.players import ManagerPlayer
from memdojo.train.compact.trajectories import Trajectory
from memdojo.train.config.files import load_config
from memdojo.train.episodes.splits import load_splits
from memdojo.train.rollouts.tasks import RolloutTask


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--episodes", type=int, default=4, help="from each state, at least 2")
    parser.add_argument("--streams", type=int, default=60)
    arguments = parser.parse_args()
    use_one_thread()
    rows = []
    print(f"{'run':40} {'discount':>8} {'sees':>7} {'bound':>6} {'critic':>6} {'share':>6}")
    for run in arguments.runs:
        row = measure(run, arguments.streams, arguments.episodes)
        rows.append(row)
        print(
            f"{row['run']:40} {row['discount']:8} {row['sees']:>7} {row['bound']:6.3f} {row['critic']:6.3f} "
            f"{row['critic'] / row['bound']:6.1%}",
            flush=True,
        )
    print(json.dumps({"benchmark": "critic", "episodes": arguments.episodes, "rows": rows}))


def measure(run: Path, num_streams: int, num_episodes: int) -> dict[str, float | str]:
    """Return what the critic of a run explains, and the bound of that."""
    config = load_config(str(run / "config.toml"))
    folder = latest_checkpoint(run)
    assert folder is not None
    policy = load_policy(folder)
    assert isinstance(policy, CompactManager)
    algorithm, reward = config.algorithm, Reward(config.reward)
    streams = load_splits(config)["validation"][:num_streams]
    rules = config.episode.rules(reward, answerer=resolve_answerer(None, reward))
    player = ManagerPlayer(streams, policy, rules, future_discount=algorithm.future_discount)
    critic = None
    if algorithm.future_discount is not None:
        critic = new_future_critic(policy.features, config.policy.hidden_dim, seed=0)
        restore_critic(critic, load_training_state(folder).tensors)
    rng = np.random.default_rng(0)
    returns, values = [], []
    for stream in range(len(streams)):
        seeds = tuple(int(seed) for seed in rng.integers(2**31, size=num_episodes))
        turn = int(rng.integers(len(streams[stream].turns)))
        group = player.play(RolloutTask(stream, seeds, fork_turn=turn))
        returns.append([rewards_to_go(each.rewards[:, 0], discount=algorithm.discount)[0] for each in group])
        # All episodes of the group have their first decision in common.
        values.append(_value(group[0], critic))
    returns_SE = np.array(returns)
    errors_SE = returns_SE - np.array(values)[:, None]
    return {
        "run": run.name,
        "discount": algorithm.discount,
        "sees": algorithm.critic_sees,
        "bound": 1 - float(returns_SE.var(axis=1, ddof=1).mean() / returns_SE.var()),
        "critic": 1 - float(errors_SE.var() / returns_SE.var()),
    }


def _value(trajectory: Trajectory, critic: FutureCritic | None) -> float:
    """Return what a critic, or that of the policy's network, says of the first state of an episode."""
    if critic is None:
        return float(trajectory.values[0, 0])
    first = {name: torch.from_numpy(array[:1]) for name, array in trajectory.observations.items()}
    with torch.no_grad():
        return float(critic(first)[0, 0])


if __name__ == "__main__":
    main()
