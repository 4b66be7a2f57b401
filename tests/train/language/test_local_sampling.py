from __future__ import annotations

from pathlib import Path

import pytest

from builders import run_without_ray
from memdojo.train.config.files import dump_config, parse_config
from memdojo.train.runs.folder import RunFolder

from .conftest import OPTIONS


@pytest.mark.slow
def test_a_run_in_one_process_trains_and_validates_where_ray_is_not_installed(
    model: str, tmp_path: Path
) -> None:
    tree = {
        "name": "run",
        "task": "manager",
        "streams": {
            "train": "synthetic:train",
            "validation": "synthetic:validation",
            "num_train": 2,
            "num_validation": 1,
            "turns_per_chunk": 4,
            "options": OPTIONS,
        },
        "episode": {"max_entries": 3},
        "policy": {
            "kind": "language",
            "model": model,
            "format": "brief",
            "max_prompt_tokens": 400,
            "max_response_tokens": 6,
        },
        "reward": {"token_f1": 1.0},
        "algorithm": {"name": "grpo", "num_updates": 2, "groups_per_update": 1, "group_size": 2},
        "engine": {"kind": "transformers"},
        "rollouts": {"num_workers": 0},
        "evaluation": {"every": 1, "metric": "token_f1"},
    }
    path = tmp_path / "config.toml"
    path.write_text(dump_config(parse_config(tree)), encoding="utf-8")
    done = run_without_ray("train", path, "--run-dir", tmp_path)
    assert done.returncode == 0, done.stderr
    _, first, second = RunFolder.open(tmp_path / "run").metrics()
    assert first["rows"] == second["rows"] == 2 * 3
    # What the engine sampled is what the learner thinks of it, after new weights as well.
    assert max(first["sampler_mismatch_max"], second["sampler_mismatch_max"]) < 1e-4
    assert {"validation/score", "answers/cached_share", "seconds/weights"} <= second.keys()
