"""The loop that lets designs go on: choices to a decider, work to the roles, both in batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar, runtime_checkable

from memdojo.envs.streams.turn_features import FloatArray
from memdojo.errors import DesignError, RoleError

from ..parts.decisions import Decision, Steps
from ..roles.protocol import Failed, RoleCall, Roles

T = TypeVar("T")

START_RULE = 0.9
"""What a policy that begins with a design's rule gives the option that it takes, of however many.

With certainty it would never try another one.
"""


class Decider(Protocol):
    """Makes the choices of designs."""

    def choose(self, decisions: Sequence[Decision]) -> list[int]:
        """Return the option of each decision, in the order of `decisions`."""
        ...


@runtime_checkable
class TellsProbabilities(Protocol):
    """A decider that can say how likely the options were to it."""

    def probabilities(self, decision: Decision) -> FloatArray | None:
        """Return those of the options of a decision of the last `choose`; None if the rule made it.

        Shape (num_options,).
        """
        ...


class RuleDecider:
    """Takes what the designs' own rules take."""

    def choose(self, decisions: Sequence[Decision]) -> list[int]:
        """Return `by_rule` of each decision."""
        return [decision.by_rule for decision in decisions]


def run_together(steps: Sequence[Steps[T]], decider: Decider, roles: Roles) -> list[T | RoleError]:
    """Let several parts of designs run to their end side by side, and return what each returned.

    What they wait for at the same time is decided and worked off in one batch. One that a role fails ends
    alone, with the error as its result.

    Args:
        steps: What to run.
        decider: Makes the choices.
        roles: Does the roles' work.

    Raises:
        DesignError: If a decider or the roles reply with another number of things than was asked for, or
            with an option that there is none of.
    """
    runs = [_Run(each) for each in steps]
    while True:
        deciding = [run for run in runs if isinstance(run.request, Decision)]
        working = [run for run in runs if isinstance(run.request, RoleCall)]
        if not deciding and not working:
            return [run.result for run in runs]
        if working:
            calls = [run.request for run in working if isinstance(run.request, RoleCall)]
            for run, reply in zip(working, replies_to(calls, roles), strict=True):
                run.go_on(reply)
        if deciding:
            decisions = [run.request for run in deciding if isinstance(run.request, Decision)]
            options = decider.choose(decisions)
            _require_as_many(len(options), len(deciding), type(decider).__name__)
            for run, decision, option in zip(deciding, decisions, options, strict=True):
                run.go_on(decision.check(option))


def replies_to(calls: Sequence[RoleCall], roles: Roles) -> list[object]:
    """Return what the roles reply to calls, with an error to raise in place of a reply that failed.

    Raises:
        DesignError: If it is another number of replies.
    """
    replies = roles.reply(calls)
    _require_as_many(len(replies), len(calls), roles.fingerprint)
    return [
        RoleError(f"{roles.fingerprint} failed at the role {call.role.value!r}: {reply.why}")
        if isinstance(reply, Failed)
        else reply
        for call, reply in zip(calls, replies, strict=True)
    ]


def go_on(steps: Steps[T], reply: object) -> Decision | RoleCall:
    """Give a part of a design the reply that it waits for, or raise in it the error that it comes to.

    Returns:
        What it waits for next.

    Raises:
        StopIteration: If it has ended.
        RoleError: If it was given one.
    """
    return steps.throw(reply) if isinstance(reply, RoleError) else steps.send(reply)


class _Run(Generic[T]):
    """A part of a design on its way, with what it waits for; None once it has ended."""

    def __init__(self, steps: Steps[T]) -> None:
        self._steps = steps
        self.request: Decision | RoleCall | None = None
        self.result: T | RoleError
        self.go_on(None)

    def go_on(self, reply: object) -> None:
        try:
            self.request = go_on(self._steps, reply)
        except StopIteration as end:
            self.request, self.result = None, end.value
        except RoleError as error:
            self.request, self.result = None, error


def _require_as_many(num_replies: int, num_asked: int, who: str) -> None:
    if num_replies != num_asked:
        raise DesignError(f"{who} gave {num_replies} replies to {num_asked} requests; give one for each.")
