"""Mem-alpha's rewards beside the answers: for calls that succeed and operations that are valid.

Both are fractions of one step's calls (arXiv:2509.25911, section 3, r2 and r4). A *call* is every operation
but NOOP, and every piece of a completion that could not be parsed.

The published code differs in three points that punish leaving the memory alone and deleting; its variants are
parts of their own:

| | ours | published |
|---|---|---|
| a step without a call | neutral: where rows are compared, the mean of the group's rows with calls | 0 |
| DELETE of an id that is not there | failed | succeeded |
| validity of a DELETE | graded like the others | 0 |

A step alone has no group: there a step without a call is worth 1, as if its calls had all succeeded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .outcomes import OperationOutcome, StepOutcome
from .parts import num_steps, register_reward_part

_DELETE, _NOOP = "DELETE", "NOOP"


@register_reward_part("call_success", by_step=True, by_call=True)
def call_success(outcome: StepOutcome) -> float:
    """Share of the step's calls that did what they say, per step of the episode; 1 without a call.

    1 alone, and where rows are compared the mean of the group's rows with calls.
    """
    return _share(outcome, lambda call: float(_succeeded(call)), without_calls=1.0)


@register_reward_part("call_success_published", by_step=True)
def call_success_published(outcome: StepOutcome) -> float:
    """`call_success` as published: 0 without a call, and a DELETE of an unknown id counts as a success."""

    def grade(call: OperationOutcome) -> float:
        # Nothing but an unknown id makes a store refuse a DELETE.
        return float(_succeeded(call) or (call.kind == _DELETE and not call.malformed))

    return _share(outcome, grade, without_calls=0.0)


@register_reward_part("valid_operations", needs_validity=True, by_step=True, by_call=True)
def valid_operations(outcome: StepOutcome) -> float | None:
    """Mean validity of the step's calls, per step of the episode; 1 without a call, failed calls 0.

    Without a call as `call_success`. None if a call that was applied has no grade.
    """
    if any(_succeeded(call) and call.valid is None for call in calls_of(outcome)):
        return None
    return _share(outcome, _validity, without_calls=1.0)


@register_reward_part("valid_operations_published", needs_validity=True, by_step=True)
def valid_operations_published(outcome: StepOutcome) -> float | None:
    """`valid_operations` as published: 0 without a call, and 0 for every DELETE."""
    calls = [call for call in calls_of(outcome) if call.kind != _DELETE]
    if any(_succeeded(call) and call.valid is None for call in calls):
        return None
    return _share(outcome, lambda call: 0.0 if call.kind == _DELETE else _validity(call), without_calls=0.0)


def calls_of(outcome: StepOutcome) -> Sequence[OperationOutcome]:
    """Return the step's calls: every operation but NOOP, and every piece that could not be parsed."""
    return [each for each in outcome.operations if each.malformed or each.kind != _NOOP]


def _succeeded(call: OperationOutcome) -> bool:
    return call.applied and not call.malformed


def _validity(call: OperationOutcome) -> float:
    return call.valid or 0.0 if _succeeded(call) else 0.0


def _share(
    outcome: StepOutcome, grade: Callable[[OperationOutcome], float], *, without_calls: float
) -> float:
    calls = calls_of(outcome)
    mean = sum(map(grade, calls)) / len(calls) if calls else without_calls
    return mean / num_steps(outcome)
