from typing import Any

import pytest

from builders import make_config
from memdojo.agents.designs.roles.rules import RuleRoles
from memdojo.errors import ConfigError
from memdojo.evaluation.graders_of_runs import judge_of_runs, roles_of_run
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


@pytest.mark.parametrize("policy", [{"kind": "compact"}, {"kind": "language", "model": "x/y"}])
def test_the_roles_of_a_run_are_those_of_its_design_whoever_decides(policy: dict[str, str]) -> None:
    endpoint = {"kind": "endpoint", "model": "small", "url": "http://localhost:1/v1"}

    def roles_with(**design: Any) -> str | None:
        config = make_config(task="design", policy=policy, design={"name": "mem_agent", **design})
        roles = roles_of_run(config)
        return None if roles is None else roles.fingerprint

    assert roles_with() == RuleRoles.fingerprint
    assert "small" in (roles_with(roles=endpoint) or "")


def test_a_run_of_no_design_has_no_roles() -> None:
    assert roles_of_run(make_config()) is None
