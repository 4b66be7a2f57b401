"""What the user writes, with and without a fact."""

from __future__ import annotations

import enum

from ..synthetic.plan import Event, EventKind
from ..synthetic.sentences import Sentences
from .phrasings import requests
from .phrasings.about_others import HYPOTHETICALS
from .tellings import phrasings_of
from .writer import Writer


class Wish(enum.Enum):
    """What a message asks for; compare with `is`."""

    NOTHING = "nothing"
    """No more than a few words back."""
    ANSWER = "answer"
    LETTER = "letter"
    CODE = "code"


_CHANGES = frozenset({EventKind.UPDATE, EventKind.RETRACTION})


class UserMessages:
    """Writes the messages of the user in one session."""

    def __init__(self, writer: Writer, sentences: Sentences) -> None:
        self._writer = writer
        self._sentences = sentences
        self._draws = writer.draws

    def telling(self, event: Event, *, opens: bool) -> tuple[str, Wish]:
        """A message in which something is told, with what it asks for.

        Args:
            opens: Whether it is the first one of its session.
        """
        opening = self._writer.line(requests.OPENINGS) if opens else ""
        if event.kind is EventKind.DISTRACTOR:
            text, wish = self._supposing(event)
        elif event.prompted:
            text, wish = _joined(self._fact(event), self._asides(0, 1)), Wish.ANSWER
        elif event.kind is EventKind.CORRECTION:
            text, wish = _joined(self._fact(event), self._request(0.5)), Wish.ANSWER
        else:
            text, wish = self._stating(event)
        return _under(opening, text), wish

    def opening(self) -> tuple[str, Wish]:
        """The first message of a session, without a fact."""
        text = _joined(self._writer.line(requests.OPENINGS), self._asides(0, 4), self._request(1.0))
        return text, Wish.ANSWER

    def closing(self) -> tuple[str, Wish]:
        """The last message of a session, without a fact."""
        return self._writer.line(requests.GOODBYES), Wish.NOTHING

    def plain(self) -> tuple[str, Wish]:
        """A message in the middle of a session, without a fact."""
        drawn = self._draws.uniform()
        if drawn < 0.42:
            return _joined(self._writer.line(requests.FEEDBACK), self._asides(0, 3)), Wish.ANSWER
        if drawn < 0.78:
            asides, request = self._asides(0, 5), self._request(1.0)
            return _either_way(asides, request, first=self._draws.chance(0.5)), Wish.ANSWER
        return self._pasting()

    def _pasting(self) -> tuple[str, Wish]:
        writer, drawn = self._writer, self._draws.uniform()
        if writer.undertaking.project.has_code and drawn < 0.6:
            return writer.paragraphs(requests.CODE_REQUESTS, text=writer.code), Wish.CODE
        if drawn < 0.5:
            return writer.paragraphs(requests.MAIL_REQUESTS, text=writer.letter), Wish.LETTER
        if drawn < 0.75:
            return writer.paragraphs(requests.NOTE_REQUESTS, text=writer.notes), Wish.ANSWER
        return writer.paragraphs(requests.TEXT_REQUESTS, text=writer.article), Wish.ANSWER

    def _stating(self, event: Event) -> tuple[str, Wish]:
        """A message with a fact of the user's, or of somebody around: alone, with a request, or pasted."""
        writer, drawn = self._writer, self._draws.uniform()
        if drawn < 0.12:
            return self._fact(event), Wish.NOTHING
        if drawn < 0.45:
            fact, request = self._fact(event), self._request(1.0)
            return _either_way(fact, request, first=self._draws.chance(0.6)), Wish.ANSWER
        if drawn < 0.75:
            return (
                _joined(self._asides(1, 4), self._fact(event), self._asides(1, 3), self._request(0.8)),
                Wish.ANSWER,
            )
        told = self._sentences.say(self._draws.phrase(phrasings_of(event)), event)
        if drawn < 0.92:
            letter = writer.letter(told)
            return writer.paragraphs(requests.MAIL_REQUESTS, text=lambda: letter), Wish.LETTER
        notes = writer.notes(told)
        return writer.paragraphs(requests.NOTE_REQUESTS, text=lambda: notes), Wish.ANSWER

    def _supposing(self, event: Event) -> tuple[str, Wish]:
        """A message with what is only supposed, or told of somebody who does not exist."""
        writer, drawn = self._writer, self._draws.uniform()
        if drawn < 0.4:
            pool = HYPOTHETICALS[event.fact.attribute.name]
            supposed = self._sentences.say(self._draws.phrase(pool), event)
            return _joined(self._asides(0, 2), supposed, self._request(0.3)), Wish.ANSWER
        told = self._sentences.say(self._draws.phrase(phrasings_of(event)), event)
        blocks = {"fact": lambda: told, "name": lambda: event.fact.name}
        if drawn < 0.75:
            return _joined(self._asides(0, 1), writer.line(requests.STORIES, **blocks)), Wish.ANSWER
        article = writer.article(writer.line(requests.PROFILES, **blocks))
        return writer.paragraphs(requests.TEXT_REQUESTS, text=lambda: article), Wish.ANSWER

    def _fact(self, event: Event) -> str:
        """The sentence that tells it, led to or not."""
        template = self._draws.phrase(phrasings_of(event))
        if event.kind is EventKind.CORRECTION or event.prompted or self._draws.chance(0.5):
            return self._sentences.say(template, event)
        pool = requests.CHANGE_LEADS if event.kind in _CHANGES else requests.LEADS
        lead = self._writer.line(pool)
        # What follows a colon begins a line, so that the fact is a sentence of its own.
        told = self._sentences.say(template, event, continues=lead[-1] not in ".?!:")
        return f"{lead}\n{told}" if lead[-1] == ":" else f"{lead} {told}"

    def _request(self, probability: float) -> str:
        if not self._draws.chance(probability):
            return ""
        return self._writer.line(self._writer.undertaking.project.requests)

    def _asides(self, least: int, most: int) -> str:
        return " ".join(self._writer.lines(requests.ASIDES, least, most))


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _under(opening: str, text: str) -> str:
    """The opening in front of the text, on a line of its own if the text has several."""
    return f"{opening}\n\n{text}" if opening and "\n" in text else _joined(opening, text)


def _either_way(one: str, other: str, *, first: bool) -> str:
    return _joined(one, other) if first else _joined(other, one)
