"""Who answered, who judged and who played roles in runs, so that an evaluation asks the same."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from memdojo.agents.designs.roles.protocol import Roles
from memdojo.agents.designs.roles.registry import make_roles
from memdojo.agents.engines.keys import keys_for_named_hosts
from memdojo.agents.graders.judging import Judging
from memdojo.agents.graders.registry import make_answerer, make_judge_chat
from memdojo.agents.graders.settings import JudgeSettings
from memdojo.envs.answering import Answerer
from memdojo.errors import ConfigError
from memdojo.train.checkpoints.trust import Trust
from memdojo.train.config.run import TrainConfig


def answerer_of_runs(configs: Sequence[TrainConfig], trust: Trust = Trust.NONE) -> Answerer | None:
    """Return who answered in the runs; None without any.

    Args:
        configs: Of the runs.
        trust: Whose the runs are: only the user's own send a key to whom they name.

    Raises:
        ConfigError: If different ones did.
    """
    if len({repr(config.answerer) for config in configs}) > 1:
        raise ConfigError("the runs have different answerers; evaluate them one at a time, or choose one.")
    if not configs:
        return None
    with _keys(trust):
        return make_answerer(configs[0].answerer)


def judge_of_runs(configs: Sequence[TrainConfig], trust: Trust = Trust.NONE) -> Judging | None:
    """Return the judge of runs; None if they had none.

    Args:
        configs: Of the runs.
        trust: As for `answerer_of_runs`.

    Raises:
        ConfigError: If the runs have different judges.
    """
    judges = {repr(config.judge): config.judge for config in configs}
    if len(judges) > 1:
        raise ConfigError("the runs have different judges; choose one (--judge).")
    if not judges:
        return None
    with _keys(trust):
        return judge_of(next(iter(judges.values())))


def judge_of(settings: JudgeSettings) -> Judging | None:
    """Return the judge of a table `[judge]`; None for none. A model is loaded when it is first asked."""
    chat = make_judge_chat(settings)
    return None if chat is None else Judging(chat)


def roles_of_run(config: TrainConfig, trust: Trust = Trust.NONE) -> Roles | None:
    """Return who did the work of roles in a run of a memory design; None in any other.

    Args:
        config: Of the run.
        trust: As for `answerer_of_runs`.
    """
    if config.task != "design":
        return None
    with _keys(trust):
        return make_roles(config.design.roles)


def _keys(trust: Trust) -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext() if trust is Trust.OWN else keys_for_named_hosts()
