"""What the assistant writes: it says facts back, but never tells one."""

from __future__ import annotations

import re

from ..synthetic.plan import Event, EventKind
from ..synthetic.sentences import Sentences
from .messages import Wish
from .phrasings import replies
from .writer import Writer

_KINDS = {"points": 0.4, "steps": 0.56, "prose": 0.88, "table": 0.94, "letter": 1.0}
"""Skeletons of answers that nothing else is asked of, with their cumulative shares."""

CODE_SHARE = 0.5
"""Of the answers about a project that has code."""

SECTION_SHARE = 0.5
"""Of the answers: those with one more part, under a heading; the same share of these has another one."""

QUESTION_SHARE = 0.35
"""Of the replies that ask nothing after the user: those that end with a question about the task."""

_TO_THE_USER = ((r"\bmy\b", "your"), (r"\bI was\b", "you were"), (r"\bI\b", "you"), (r"\bwe\b", "you"))


class AssistantReplies:
    """Writes the replies of the assistant in one session."""

    def __init__(self, writer: Writer, sentences: Sentences) -> None:
        self._writer = writer
        self._sentences = sentences
        self._draws = writer.draws

    def reply(self, event: Event | None, wish: Wish, *, asks: bool) -> str:
        """The reply to a message.

        Args:
            event: What the message told.
            wish: What it asked for.
            asks: Whether the reply ends with a question after the user.
        """
        parts = [self._echo(event) if event is not None else ""]
        if wish is not Wish.NOTHING:
            parts.append(self._answer(wish))
            while wish is not Wish.LETTER and self._draws.chance(SECTION_SHARE):
                parts.append(self._writer.section())
        elif not parts[0]:
            parts.append(self._writer.line(replies.TIPS))
        if asks:
            parts.append(self._writer.line(replies.DETAIL_QUESTIONS))
        elif self._draws.chance(QUESTION_SHARE):
            parts.append(self._writer.line(replies.QUESTIONS))
        return "\n\n".join(part for part in parts if part)

    def _echo(self, event: Event) -> str:
        """Words that show what was understood, or none."""
        if event.kind is EventKind.DISTRACTOR:
            return ""
        drawn = self._draws.uniform()
        if event.value is None:
            return self._writer.line(replies.RETRACTION_ECHOES) if drawn < 0.6 else ""
        if drawn < 0.35:
            fields = self._sentences.fields(event)
            about = to_the_user(fields["about"])
            return self._writer.line(replies.ECHOES, about=lambda: about, v=lambda: fields["v"])
        return self._writer.line(replies.GENERIC_ECHOES) if drawn < 0.6 else ""

    def _answer(self, wish: Wish) -> str:
        writer = self._writer
        return writer.paragraphs(
            replies.SKELETONS[self._kind(wish)],
            points=writer.points,
            steps=writer.steps,
            prose=writer.prose,
            table=writer.table,
            letter=writer.letter,
            code=writer.code,
            tip=lambda: writer.line(replies.TIPS),
        )

    def _kind(self, wish: Wish) -> str:
        if wish is Wish.LETTER:
            return "letter"
        has_code = self._writer.undertaking.project.has_code
        if wish is Wish.CODE or (has_code and self._draws.chance(CODE_SHARE)):
            return "code"
        drawn = self._draws.uniform()
        return next(kind for kind, up_to in _KINDS.items() if drawn < up_to)


def to_the_user(words: str) -> str:
    """What the user says of himself or herself, as it is said to the user."""
    for own, other in _TO_THE_USER:
        words = re.sub(own, other, words)
    return words
