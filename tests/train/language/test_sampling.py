"""The players of a run, as both ways of sampling build them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from memdojo.agents.engines.scripted_engine import ScriptedEngine
from memdojo.train.config.files import parse_config
from memdojo.train.config.run_kinds import LanguageConfig
from memdojo.train.episodes.schedule import Schedule
from memdojo.train.episodes.splits import load_splits
from memdojo.train.language.sampling import PlayerRecipes
from memdojo.train.runs.folder import RunFolder

from .conftest import OPTIONS


@pytest.mark.parametrize("task", ["manager", "retriever"])
def test_players_play_what_each_stage_leaves_of_the_streams(task: str, model: str, tmp_path: Path) -> None:
    tree = {
        "name": "run",
        "task": task,
        "streams": {
            "train": "synthetic:train",
            "num_train": 2,
            "session_stages": [1, 2, float("inf")],
            "options": {**OPTIONS, "num_sessions": 3, "num_facts": 9, "num_questions": 9},
        },
        "policy": {"kind": "language", "model": model, "max_response_tokens": 4},
        "reward": {"evidence_recall": 1.0},
        "algorithm": {"name": "grpo", "num_updates": 3, "groups_per_update": 1, "group_size": 2},
        "engine": {"kind": "transformers"},
        "rollouts": {"num_workers": 0},
    }
    config = parse_config(tree)
    assert isinstance(config, LanguageConfig)
    run = RunFolder.create(tmp_path, config)
    splits = load_splits(config)
    schedule = Schedule(config, splits["train"])
    player = PlayerRecipes(config, run, splits, model).with_graders()["training"]()
    names = []
    for update in range(3):
        (drawn,) = schedule.training(update)
        group = asyncio.run(player.play(drawn, ScriptedEngine(lambda prompt_ids: (5,))))
        names.append(group[0].stream_id.partition("[")[2])
    assert names == [":1 sessions]", ":2 sessions]", ""]
