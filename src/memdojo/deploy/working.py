"""Chunks go to the manager; what it cannot take is kept by a rule, so that no message stops a memory."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence

from memdojo.agents.baselines.rules import keep_newest
from memdojo.agents.policy import CausalPolicy, FallsBack
from memdojo.envs.streams.rendering import pieces_of
from memdojo.envs.types import Capacity, Chunk, Operation, OperationResult, Turn
from memdojo.errors import AgentError, PromptTooLongError, reason_of

from .dialogue import LiveDialogue
from .episode import LiveEpisode
from .feedback import learns


def work_off(dialogue: LiveDialogue, chunk: Chunk, manager: CausalPolicy) -> tuple[OperationResult, ...]:
    """Take the next chunk to a manager, and return what was done.

    Where the chunk is too long for the manager's prompt it is given the first half, and so on; a single turn
    that is too long is stored as it was said, in several entries if need be, and so is one that a manager
    that stores whole turns would have to leave out. The results then say why.

    Raises:
        AgentError: If the manager fails; nothing is then written.
    """
    while True:
        decision = _Decision(manager)
        try:
            results = dialogue.step(chunk, decision.decide, learns=learns(manager))
        except AgentError as error:
            if len(chunk.turns) == 1 or not isinstance(error.__cause__, PromptTooLongError):
                raise
            # The turns that the failed step has shown are in memory, and not in the file.
            dialogue.load()
            chunk = dataclasses.replace(chunk, turns=chunk.turns[: len(chunk.turns) // 2])
        else:
            if not decision.by_rule:
                return results
            return tuple(dataclasses.replace(each, why=each.why or decision.by_rule) for each in results)


class _Decision:
    """What is done with one chunk.

    Attributes:
        by_rule: Why the rule decided; empty where the manager did.
    """

    def __init__(self, manager: CausalPolicy) -> None:
        self._manager = manager
        self.by_rule = ""

    def decide(self, episode: LiveEpisode) -> tuple[Operation, ...]:
        """Return the operations of the manager, or of the rule where it cannot have the turn."""
        assert episode.chunk is not None  # The dialogue has just presented it.
        turns = episode.chunk.turns
        which = turns[0].id if len(turns) == 1 else f"{turns[0].id} to {turns[-1].id}"
        if self._is_too_long(turns, episode.store.capacity):
            self.by_rule = f"{which} was stored in several entries, since it is longer than one may be."
            return keep_newest(episode.store, turns[0])
        try:
            with blaming(
                f"the manager {self._manager.name!r} failed on {which}",
                "what was said is kept and waits: flush() tries again, discard_waiting() drops it",
            ):
                (operations,) = self._manager.act([episode])
                if isinstance(self._manager, FallsBack) and (rule := self._manager.last_deciders()[0]):
                    self.by_rule = (
                        f"{which} was left to the rule {rule!r}: the dialogue looks like none that the "
                        "manager was trained on."
                    )
                return tuple(operations)
        except AgentError as error:
            if len(turns) > 1 or not isinstance(error.__cause__, PromptTooLongError):
                raise
            self.by_rule = f"{which} was stored as it was said, unread by the manager: {error.__cause__}"
            return keep_newest(episode.store, turns[0])

    def _is_too_long(self, turns: Sequence[Turn], capacity: Capacity) -> bool:
        stores_turns_whole = getattr(self._manager, "stores_turns_whole", False)
        return stores_turns_whole and len(turns) == 1 and len(pieces_of(turns[0], capacity)) > 1


@contextlib.contextmanager
def blaming(what: str, remedy: str = "") -> Iterator[None]:
    """Say of whatever is raised who failed at what.

    Raises:
        AgentError: With the error as its cause.
    """
    try:
        yield
    except Exception as error:
        raise AgentError(f"{what}: {reason_of(error)}{f' ({remedy})' if remedy else ''}") from error
