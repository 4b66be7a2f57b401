"""What the process of a trial does: it plays a design on the validation streams."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

from ray import tune

from memdojo.agents.policy import ManagerPolicy
from memdojo.envs.streams.registry import load_streams
from memdojo.envs.types import Stream
from memdojo.errors import ConfigError, MemdojoError, reason_of
from memdojo.eval.playing.evaluate import evaluate_manager
from memdojo.eval.statistics.bootstrap import bootstrap_mean
from memdojo.eval.tables.results import token_costs

from ..tuning.searcher import FIGURE, SCORE
from .settings import SearchSettings
from .space import DesignSpace

TOKENS_READ, TOKENS_WRITTEN, LOW, HIGH = "tokens_read", "tokens_written", "low", "high"
"""Figures of a trial: tokens handed over for a question, tokens written at a turn, the score's interval."""


def run_design_trial(settings: dict[str, Any]) -> None:
    """Play the design of a trial, and report its score and figures, or why it came to none.

    Args:
        settings: `search`, the settings of the search as JSON, and `values` of the trial.
    """
    started = time.perf_counter()
    last: dict[str, Any]
    try:
        search = SearchSettings.model_validate_json(settings["search"])
        policy = DesignSpace(search).manager_of(settings["values"])
        score, figures = measure(policy, load_streams(search.streams, **search.stream_options), search)
    except Exception as error:
        # Here, because all that Ray Tune keeps of it is a traceback.
        last = {
            SCORE: 0.0,
            "outcome": "failed",
            "error": reason_of(error),
            "is_final": isinstance(error, MemdojoError),
        }
    else:
        named = {f"{FIGURE}{name}": value for name, value in figures.items()}
        last = {SCORE: score, "outcome": "done", **named}
    tune.report({**last, "seconds": time.perf_counter() - started})


def measure(
    policy: ManagerPolicy, streams: Sequence[Stream], search: SearchSettings
) -> tuple[float, dict[str, float]]:
    """Return the score of a policy on streams, and its figures; without an interval where there is none.

    Raises:
        ConfigError: If no question has a score.
    """
    played = evaluate_manager([policy], streams, search.evaluation(), search.seed, bounds=False)
    interval = bootstrap_mean(played.questions, seed=search.seed)
    if math.isnan(interval.mean):
        raise ConfigError(f"no question of {search.streams} has a score by {search.metric}.")
    costs = token_costs(played.streams)
    figures = {TOKENS_READ: costs.read, TOKENS_WRITTEN: costs.written}
    if not math.isnan(interval.low):
        figures |= {LOW: interval.low, HIGH: interval.high}
    return interval.mean, figures
