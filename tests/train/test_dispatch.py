from pathlib import Path
from typing import Annotated, Literal

import pytest

from builders import make_config
from memdojo.errors import MissingDependencyError
from memdojo.settings import OneOf
from memdojo.train.config.policies import POLICY_KINDS, PolicyKind, PolicySettings
from memdojo.train.config.run import TrainConfig
from memdojo.train.dispatch import train
from memdojo.train.runs.folder import RunFolder
from memdojo.train.runs.progress import make_progress


class RuleSettings(PolicySettings):
    kind: Literal["rule"] = "rule"


class RuleConfig(TrainConfig):
    policy: Annotated[RuleSettings, OneOf(POLICY_KINDS)]


def test_a_trainer_that_is_not_there_is_told_with_its_kind(tmp_path: Path) -> None:
    kind = PolicyKind(RuleSettings, RuleConfig, "no_such_package.training:train")
    with POLICY_KINDS.temporarily("rule", kind):
        config = make_config("policy.kind=rule")
        run = RunFolder.create(tmp_path, config)
        with (
            make_progress(quiet=True) as progress,
            pytest.raises(MissingDependencyError, match="of the kind 'rule' need no_such_package, which"),
        ):
            train(config, run, progress=progress)
