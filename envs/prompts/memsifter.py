"""Rankings of whole sessions after some thought, as MemSifter's proxy retriever writes them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..episodes.archive import Granularity
from ..quoting import indented_if_like_a_header, one_line
from ..types import MemoryEntry
from .pieces import END, cut_ranking, cut_thought, question_line
from .protocol import Message, Parsed, ParseError, ParseErrorKind, RankingView, parse_error
from .thoughts import split_thoughts

_NUMBER = re.compile(r"-?[0-9]{1,9}")
_THOUGHTS_BEGIN, _THOUGHTS_END = "<think>", "</think>"
_RANKING_BEGINS, _RANKING_ENDS = "<ranking>", "</ranking>"


class MemSifterFormat:
    """The proxy retriever's format with thoughts: a ranking of exactly min(top_k, N) of N sessions.

    ```text
    <think>Caroline spoke of Boston in sessions 3 and 17.</think><ranking>3,17,5</ranking>
    ```

    Sessions are numbered from 1 in the order in which they were said; a turn is one line, indented where it
    begins like a line of the prompt. Thoughts are optional, and what stands
    in them counts for nothing; templates that open them themselves leave only their end in the completion.
    Models with other marks for thoughts are understood as `split_thoughts` understands them.
    Numbers that were given before are passed over; what is left must be exactly as many as are asked for.
    Without one `<ranking>` behind the thoughts, with anything but whole numbers in it, with a number that no
    session has (0 and negative ones among them) or with another count, the ranking is malformed as a whole.

    Source: MemSifter (arXiv, March 2026), whose published code lets negative numbers pass.
    """

    name = "memsifter"
    instructions = (
        "You see the numbered sessions of a long conversation and a question about it. Somebody else will "
        "answer the question from the sessions that you pick, those in front first. Think about which "
        "sessions tell the answer, between <think> and </think>. Then write the numbers of the best "
        "sessions, best first, between <ranking> and </ranking>, separated by commas, each once and exactly "
        "as many as you are asked for, as in: <think>...</think><ranking>3,17,5</ranking>"
    )
    examples = (
        "<ranking>1,2,3</ranking>",
        "<think>The second one names the town.</think><ranking>2,1,3</ranking>",
        "Session 3 names the town.</think>\n\n<ranking>3, 1, 2</ranking>",
    )

    def render(self, view: RankingView) -> str:
        """Return the sessions under their numbers and dates, a turn a line, then the question."""
        if view.question is None:
            return END
        lines = []
        for number, entry in enumerate(view.candidates, 1):
            lines += [_header(number, entry), *_lines(entry), ""]
        lines.append(question_line(view.question, view.time))
        lines.append(f"RANK exactly {_wanted(view)} of the {len(view.candidates)} sessions")
        return "\n".join(lines)

    def messages(self, view: RankingView) -> tuple[Message, ...]:
        """Return the instructions as the system's message and the view as the user's."""
        return Message("system", self.instructions), Message("user", self.render(view))

    def parse(self, completion: str, view: RankingView) -> Parsed[tuple[int, ...]]:
        """Return the entry ids of the ranking; none if anything is wrong with it."""
        return _as_entries(_parse(completion, view), view)

    def write(self, ranking: Sequence[int], view: RankingView) -> str:
        """Return a completion without thoughts that parses to these entry ids.

        A ranking of fewer than the form asks for is filled up with the candidates shown last.

        Raises:
            ValueError: If an id is not among the candidates, occurs twice or is one too many.
        """
        return f"<ranking>{_write_numbers(ranking, view)}</ranking>"


class BriefRankingFormat:
    """The proxy retriever's brief format: the numbers alone, as in `3,1,2`, for tiny models.

    The question comes first, so that a small model knows what it looks for while it reads. The rules of the
    ranking are those of `MemSifterFormat`; there are no thoughts and no instructions, and no dates.
    """

    name = "brief"
    instructions = (
        "You see a question and numbered passages. Reply with the numbers of the passages that tell the "
        "answer, best first, separated by commas, each once and exactly as many as you are asked for, as in: "
        "3,1,2"
    )
    examples = ("1,2,3", "3,1,2")

    def render(self, view: RankingView) -> str:
        """Return the question, then the passages under their numbers, a turn a line."""
        if view.question is None:
            return END
        lines = [f"QUESTION {one_line(view.question)}"]
        for number, entry in enumerate(view.candidates, 1):
            lines += [str(number), *_lines(entry)]
        lines.append(f"CHOOSE {_wanted(view)}")
        return "\n".join(lines)

    def messages(self, view: RankingView) -> tuple[Message, ...]:
        """Return the view alone: the models that this format is for learn its form by doing."""
        return (Message("user", self.render(view)),)

    def parse(self, completion: str, view: RankingView) -> Parsed[tuple[int, ...]]:
        """Return the entry ids of the ranking; none if anything is wrong with it."""
        reply = split_thoughts(completion)
        return _as_entries(cut_thought(reply) or _parse_numbers(reply.text, view), view)

    def parse_cut(self, completion: str, view: RankingView) -> Parsed[tuple[int, ...]]:
        """Return the error of a completion that was cut off."""
        return Parsed((), (cut_ranking(completion),))

    def write(self, ranking: Sequence[int], view: RankingView) -> str:
        """Return a completion that parses to these entry ids; as `MemSifterFormat.write`."""
        return _write_numbers(ranking, view)


def _as_entries(numbers: list[int] | ParseError, view: RankingView) -> Parsed[tuple[int, ...]]:
    if isinstance(numbers, ParseError):
        return Parsed((), (numbers,))
    return Parsed(tuple(view.candidates[number - 1].id for number in numbers))


def _write_numbers(ranking: Sequence[int], view: RankingView) -> str:
    ids = [entry.id for entry in view.candidates]
    if len(set(ranking)) < len(ranking) or len(ranking) > _wanted(view):
        raise ValueError(
            f"the ranking {tuple(ranking)} cannot be written: it names an entry twice, or more than "
            f"{_wanted(view)} entries."
        )
    filled = list(dict.fromkeys((*ranking, *reversed(ids))))[: _wanted(view)]
    return ",".join(str(ids.index(id) + 1) for id in filled)


def _parse(completion: str, view: RankingView) -> list[int] | ParseError:
    _, ended, behind = completion.rpartition(_THOUGHTS_END)
    reply = split_thoughts(behind)
    if reply.is_cut or (not ended and _THOUGHTS_BEGIN in reply.text):
        why = "the thoughts have no end, so no ranking follows them."
        return parse_error(ParseErrorKind.MISSING_LINE, completion, why)
    found = _rankings(reply.text)
    if len(found) != 1:
        kind = ParseErrorKind.DUPLICATE if found else ParseErrorKind.MISSING_LINE
        why = f"{len(found)} times <ranking>...</ranking> behind the thoughts; write it once."
        return parse_error(kind, reply.text, why)
    return _parse_numbers(found[0], view)


def _rankings(text: str) -> list[str]:
    found = []
    _, begins, rest = text.partition(_RANKING_BEGINS)
    while begins:
        ranking, ends, rest = rest.partition(_RANKING_ENDS)
        if not ends:
            break
        found.append(ranking)
        _, begins, rest = rest.partition(_RANKING_BEGINS)
    return found


def _parse_numbers(text: str, view: RankingView) -> list[int] | ParseError:
    numbers: dict[int, None] = {}
    for piece in map(str.strip, text.split(",")):
        if not _NUMBER.fullmatch(piece):
            why = "not a whole number; write numbers separated by commas."
            return parse_error(ParseErrorKind.NOT_A_NUMBER, piece, why)
        if not 1 <= int(piece) <= len(view.candidates):
            why = f"none of the {len(view.candidates)} sessions has this number."
            return parse_error(ParseErrorKind.OUT_OF_RANGE, piece, why)
        numbers[int(piece)] = None
    if len(numbers) != _wanted(view):
        kind = ParseErrorKind.TOO_MANY if len(numbers) > _wanted(view) else ParseErrorKind.TOO_FEW
        why = f"{len(numbers)} different sessions; exactly {_wanted(view)} were asked for."
        return parse_error(kind, text, why)
    return list(numbers)


def _wanted(view: RankingView) -> int:
    return min(view.top_k, len(view.candidates))


def _lines(entry: MemoryEntry) -> list[str]:
    """Return a session with a line for each turn, and anything else as one line."""
    lines = entry.text.split("\n") if entry.kind == Granularity.SESSION else [entry.text]
    return [indented_if_like_a_header(line) for line in lines]


def _header(number: int, entry: MemoryEntry) -> str:
    when = "" if entry.time is None else f" [{entry.time.date().isoformat()}]"
    return f"SESSION {number}{when}"
