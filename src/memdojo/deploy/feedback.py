"""Answers that a manager learns from, and how they went."""

from __future__ import annotations

import contextlib
import logging
import secrets
from collections import deque
from collections.abc import Sequence

from memdojo.agents.policy import CausalPolicy, LearnsFromReadings
from memdojo.envs.types import Hit
from memdojo.errors import ConfigError, StoreFileError, UnknownNameError

from .dialogue import MAX_READINGS
from .shared import SharedDialogue
from .tables import AnsweredQuestion

_logger = logging.getLogger(__name__)


def learns(manager: CausalPolicy) -> bool:
    """Return whether a manager learns from what came of readings."""
    return isinstance(manager, LearnsFromReadings) and manager.learns


class Answers:
    """Writes answers down for a manager that learns from them, and what is said of them.

    Who asks does not wait for those who write: an answer that cannot be written down at once is taken along
    by the next change.

    Args:
        shared: The dialogue.
        manager: May learn.
    """

    def __init__(self, shared: SharedDialogue, manager: CausalPolicy) -> None:
        self._shared = shared
        self._manager = manager
        self._unwritten: deque[AnsweredQuestion] = deque(maxlen=MAX_READINGS)

    def note(self, question: str, answer: str, hits: Sequence[Hit]) -> str:
        """Keep an answer and return its name; "" where the manager learns nothing from it."""
        if not learns(self._manager):
            return ""
        noted = AnsweredQuestion(secrets.token_hex(8), question, answer, tuple(hit.entry.id for hit in hits))
        self._unwritten.append(noted)
        with contextlib.suppress(StoreFileError):
            self.write(wait=False)
        return noted.id

    def score(self, id: str, score: float) -> None:
        """Say how an answer went; the errors are those of `MemoryAgent.feedback`."""
        is_number = isinstance(score, int | float) and not isinstance(score, bool)
        if not is_number or not 0 <= score <= 1:
            raise ConfigError(
                f"the score of an answer is {score!r}; give a number from 0 (wrong) to 1 (right)."
            )
        if not learns(self._manager):
            raise ConfigError(
                f"the manager {self._manager.name!r} learns nothing from answers; leave the feedback out, or "
                "take a memory design that does, such as re_me."
            )
        self.write()
        with self._shared.changing() as dialogue:
            if not dialogue.score_reading(id, float(score)):
                raise UnknownNameError(
                    f"there is no answer {id!r} that waits for feedback: it was never given, the manager has "
                    f"learned its score, what it rests on is forgotten, or {MAX_READINGS} came after it."
                )

    def write(self, *, wait: bool = True) -> None:
        """Write down what is not in the file yet.

        Raises:
            StoreFileError: If another one writes, or the file cannot be written; what is not written is kept.
        """
        if not self._unwritten:
            return
        with self._shared.changing(wait=wait) as dialogue:
            written = list(self._unwritten)
            for each in written:
                dialogue.note_reading(each)
        for each in written:
            with contextlib.suppress(ValueError):
                self._unwritten.remove(each)

    def close(self) -> None:
        """Write down what can be; what cannot is lost, and the log says so."""
        try:
            self.write()
        except StoreFileError as error:
            _logger.warning("%d answers are not written down: %s", len(self._unwritten), error)
