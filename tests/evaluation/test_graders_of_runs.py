import pytest

from memdojo.errors import ConfigError
from memdojo.evaluation.graders_of_runs import judge_of_runs
from memdojo.train.config.files import parse_config


def test_the_judge_of_runs_is_asked_where_they_agree() -> None:
    def config(**judge: str) -> object:
        return {
            "name": "x",
            "task": "manager",
            "streams": {"train": "synthetic:train"},
            "policy": {"kind": "language", "model": "x/y"},
            "reward": {"token_f1": 1.0},
            "algorithm": {"name": "grpo", "num_updates": 1},
            "judge": judge,
        }

    nobody = parse_config(config())  # type: ignore[arg-type]  # A tree of tables.
    somebody = parse_config(config(kind="endpoint", model="big", url="http://127.0.0.1:1/v1"))  # type: ignore[arg-type]
    assert judge_of_runs([]) is None
    assert judge_of_runs([nobody, nobody]) is None
    judge = judge_of_runs([somebody])
    assert judge is not None
    assert "model=big" in judge.fingerprint
    with pytest.raises(ConfigError, match="different judges"):
        judge_of_runs([nobody, somebody])
