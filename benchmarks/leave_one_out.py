"""Leave-one-conversation-out on LoCoMo: ten policies, each evaluated on the conversation that it never saw.

    python benchmarks/leave_one_out.py [--run-dir runs/loo] [key=value ...]

Prints the pooled tables over all ten conversations, with paired differences from sum-of-IDF and from the
hand-made priority, and as its last line one JSON object. A fold that has been trained is not trained again.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path

import pandas as pd

from memdojo.agents.baselines.registry import make_baseline
from memdojo.envs.streams.benchmarks.locomo import CONVERSATIONS
from memdojo.envs.streams.registry import load_streams
from memdojo.eval.playing.evaluate import Evaluation, evaluate_manager
from memdojo.eval.playing.settings import EvalSettings
from memdojo.eval.tables.render import paired_grid, print_grids, score_grid
from memdojo.eval.tables.results import paired_table, summary_table
from memdojo.train.checkpoints.compact import load_policy
from memdojo.train.config.files import load_config
from memdojo.train.config.run import TrainConfig
from memdojo.train.dispatch import train
from memdojo.train.runs.folder import RunFolder
from memdojo.train.runs.progress import make_progress

BASELINES = ("recency", "random", "longest_first", "sum_idf", "hand_priority")
LEARNED = "learned"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run-dir", default="runs/loo", help="where the ten runs are kept")
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="changes to the configuration")
    arguments = parser.parse_args()
    pooled = pool([play_fold(name, arguments.run_dir, arguments.overrides) for name in CONVERSATIONS])
    summary = summary_table(pooled)
    paired = {baseline: paired_table(pooled, baseline) for baseline in ("sum_idf", "hand_priority")}
    print_grids([score_grid(summary, pooled.score), *map(paired_grid, paired.values())])
    records = {
        f"{LEARNED} - {baseline}": table[table["policy"] == LEARNED].to_dict("records")[0]
        for baseline, table in paired.items()
    }
    print(json.dumps({"summary": summary.to_dict("records"), "paired": records}, default=str))


def play_fold(conversation: str, run_dir: str, overrides: list[str]) -> Evaluation:
    """Train on nine conversations, unless it has been done, and evaluate on the tenth."""
    config = load_config(
        "locomo_manager",
        [
            f"name={conversation}",
            f"streams.train=locomo:loo/{conversation}/train",
            "streams.validation=",
            f"streams.test=locomo:loo/{conversation}/test",
            *overrides,
        ],
    )
    print(f"{conversation}: held out", file=sys.stderr, flush=True)
    policy = load_policy(_trained(config, Path(run_dir)))
    policy.name = LEARNED
    settings = EvalSettings(
        max_entries=config.episode.max_entries,
        capacity_share=config.episode.capacity_share,
        token_share=config.episode.token_share,
        score="recall@10",
    )
    return evaluate_manager(
        [policy, *map(make_baseline, BASELINES)],  # type: ignore[list-item]  # The configuration is a manager's.
        load_streams(f"locomo:loo/{conversation}/test"),
        settings,
    )


def pool(folds: list[Evaluation]) -> Evaluation:
    """Put the evaluations of all folds into one."""
    return dataclasses.replace(
        folds[0],
        questions=pd.concat([fold.questions for fold in folds], ignore_index=True),
        streams=pd.concat([fold.streams for fold in folds], ignore_index=True),
    )


def _trained(config: TrainConfig, root: Path) -> Path:
    if (root / config.name).exists():
        run = RunFolder.resume(root, config)
        if run.latest is not None and run.latest.name == f"step_{config.algorithm.num_updates:06d}":
            return run.latest
        return train(config, run, resume=True, progress=make_progress(quiet=True)).best
    run = RunFolder.create(root, config)
    return train(config, run, resume=False, progress=make_progress(quiet=True)).best


if __name__ == "__main__":
    main()
