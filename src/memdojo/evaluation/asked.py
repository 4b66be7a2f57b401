"""Who answered and who judged in runs, so that an evaluation asks the same."""

from __future__ import annotations

from collections.abc import Sequence

from memdojo.agents.graders.judging import Judging
from memdojo.envs.answering import Answerer, ExtractiveAnswerer
from memdojo.errors import ConfigError
from memdojo.train.config.language import AnswererConfig, JudgeConfig
from memdojo.train.config.run import TrainConfig


def answerer_of_runs(configs: Sequence[TrainConfig]) -> Answerer | None:
    """Return who answered in the runs; None without any.

    Raises:
        ConfigError: If different ones did.
    """
    if len({repr(config.answerer) for config in configs}) > 1:
        raise ConfigError("the runs have different answerers; evaluate them one at a time, or choose one.")
    return answerer_of(configs[0].answerer) if configs else None


def judge_of_runs(configs: Sequence[TrainConfig]) -> Judging | None:
    """Return who judged in runs; None where nobody did.

    Raises:
        ConfigError: If the runs have different judges.
    """
    judges = {repr(config.judge): config.judge for config in configs}
    if len(judges) > 1:
        raise ConfigError("the runs have different judges; choose one (--judge).")
    return judge_of(next(iter(judges.values()))) if judges else None


def answerer_of(config: AnswererConfig) -> Answerer:
    """Return who answers by a table `[answerer]`; a model is loaded when it is first asked."""
    if config.kind == "extractive":
        # It needs none of the libraries that the other kinds do.
        return ExtractiveAnswerer()
    from memdojo.train.language.setup import make_answerer

    return make_answerer(config)


def judge_of(config: JudgeConfig) -> Judging | None:
    """Return who judges by a table `[judge]`; None for nobody. A model is loaded when it is first asked."""
    if config.kind == "none":
        return None
    from memdojo.train.language.setup import make_judge_chat

    chat = make_judge_chat(config)
    assert chat is not None  # There is a kind.
    return Judging(chat)
