"""`Writer`: lines, and blocks of lines, about one project."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..synthetic.draws import Draws
from ..synthetic.gaps import capitalised
from .phrasings import documents, replies
from .project_gaps import ProjectGaps, Undertaking, title_of


class Writer:
    """Writes what both sides of a chat may: sentences from pools, letters, notes, articles and code."""

    def __init__(self, draws: Draws, undertaking: Undertaking, signature: str) -> None:
        """Write about an undertaking; letters are signed with `signature`, unless it is empty."""
        self.draws = draws
        self.undertaking = undertaking
        self._signature = signature

    def line(self, pool: tuple[str, ...], **blocks: Callable[[], str]) -> str:
        """The next phrasing of a pool, filled in."""
        return self._fill(self.draws.phrase(pool), blocks)

    def lines(self, pool: tuple[str, ...], least: int, most: int) -> list[str]:
        """So many phrasings of a pool."""
        return [self.line(pool) for _ in range(self.draws.number(least, most))]

    def paragraphs(self, pool: tuple[str, ...], **blocks: Callable[[], str]) -> str:
        """The next phrasing of a pool, its parts as paragraphs; those that are empty are left out."""
        parts = (self._fill(part, blocks) for part in self.draws.phrase(pool).split(" | "))
        return "\n\n".join(filter(None, parts))

    def _fill(self, template: str, blocks: Mapping[str, Callable[[], str]]) -> str:
        return capitalised(template.format_map(ProjectGaps(self.undertaking, self.draws, blocks)))

    def letter(self, fact: str = "") -> str:
        """A letter, with a sentence among the others that tells something."""
        sentences = self.lines(documents.LETTER, 3, 8)
        if fact:
            sentences.insert(self.draws.number(0, len(sentences)), fact)
        place = (len(sentences) + 1) // 2
        body = [" ".join(sentences[:place]), " ".join(sentences[place:])]
        end = f"Kind regards\n{self._signature}".strip()
        return "\n\n".join(["Hello,", *(part for part in body if part), end])

    def notes(self, fact: str = "") -> str:
        """A list of notes, with one among them that tells something."""
        items = self.lines(documents.NOTES, 4, 10)
        if fact:
            items.insert(self.draws.number(0, len(items)), fact)
        return "\n".join(f"- {item}" for item in items)

    def article(self, beginning: str = "") -> str:
        """A few sentences of an article."""
        return " ".join([*filter(None, [beginning]), *self.lines(documents.ARTICLE, 4, 12)])

    def code(self) -> str:
        """A snippet of code, fenced."""
        name, *variables = (self.draws.phrase(documents.IDENTIFIERS) for _ in range(3))
        snippet = self.draws.phrase(documents.CODE)
        number = self.draws.number(2, 60)
        return f"```\n{snippet.format(f=name, v=variables[0], w=variables[1], n=number)}\n```"

    def points(self) -> str:
        """A list with headings."""
        mark, bold = self.draws.one(("-", "*", "1.")), self.draws.one(("**", ""))
        items = []
        for place in range(self.draws.number(3, 9)):
            head = self.draws.phrase(self.undertaking.project.aspects)
            if self.draws.chance(0.6):
                head = title_of(self.draws.phrase(self.undertaking.project.things))
            text = " ".join(self.lines(replies.ADVICE, 1, 2))
            items.append(f"{f'{place + 1}.' if mark == '1.' else mark} {bold}{head}{bold}: {text}")
        return self.draws.one(("\n", "\n\n")).join(items)

    def steps(self) -> str:
        """A numbered list."""
        steps = (" ".join(self.lines(replies.ADVICE, 1, 2)) for _ in range(self.draws.number(4, 10)))
        return "\n".join(f"{place}. {step}" for place, step in enumerate(steps, 1))

    def prose(self) -> str:
        """Paragraphs of plain text."""
        paragraphs = []
        for _ in range(self.draws.number(2, 4)):
            sentences = [*self.lines(replies.EXPLANATIONS, 1, 3), *self.lines(replies.ADVICE, 1, 2)]
            paragraphs.append(" ".join(self.draws.shuffled(sentences)))
        return "\n\n".join(paragraphs)

    def section(self) -> str:
        """A second part of a reply, with a heading of its own."""
        block = self.draws.one((self.points, self.steps, self.prose))
        return f"{self.draws.one(('## ', '### ', ''))}{self.line(replies.SECTIONS)}\n\n{block()}"

    def table(self) -> str:
        """A table of things."""
        head = self.draws.one(replies.COLUMNS)
        rows = [head, ("---",) * len(head)]
        for _ in range(self.draws.number(3, 7)):
            thing = title_of(self.draws.phrase(self.undertaking.project.things))
            rows.append((thing, str(self.draws.number(2, 90)), self.line(replies.CELLS)))
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)
