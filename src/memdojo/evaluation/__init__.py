"""Evaluation of whatever can be named: runs, checkpoints, baselines, and policies as objects.

`memdojo.evaluate` is `evaluate` here. Beside it there are curves over capacities and lengths, and `prepare`,
which returns all that `evaluate` has found out before it plays.
"""

from .choices import EvalChoices
from .evaluating import capacity_curve, evaluate, evaluate_run, length_curve, prepare_run
from .prepared import Curve, HeldOut, PreparedEvaluation, prepare
from .targets import Target, Targets, find_targets

__all__ = [
    "Curve",
    "EvalChoices",
    "HeldOut",
    "PreparedEvaluation",
    "Target",
    "Targets",
    "capacity_curve",
    "evaluate",
    "evaluate_run",
    "find_targets",
    "length_curve",
    "prepare",
    "prepare_run",
]
