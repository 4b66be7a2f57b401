"""The decisions of a memory design as prompts, and replies that are the number of one option."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..quoting import ARE_DATA, one_line
from .pieces import END, cut_thought, without_surrogates
from .protocol import DecisionView, Message, Parsed, ParseError, ParseErrorKind, parse_error
from .thoughts import split_thoughts

_NUMBER = re.compile(r"[0-9]{1,9}")


class _NumberReplies:
    """Replies that are the number of an option, as it is shown, and nothing else but thoughts."""

    def parse(self, completion: str, view: DecisionView) -> Parsed[int | None]:
        """Return the place of the option that has the number; None if there is none."""
        option = _read(completion, view)
        return Parsed(None, (option,)) if isinstance(option, ParseError) else Parsed(option)

    def parse_cut(self, completion: str, view: DecisionView) -> Parsed[int | None]:
        """Return the error of a completion that was cut off: its number may be half of another one."""
        fragment = split_thoughts(completion).text.strip()
        why = "the reply was cut off, so it chooses nothing."
        cut_off = parse_error(ParseErrorKind.CUT_OFF, fragment, why)
        return Parsed(None, (without_surrogates(cut_off.fragment) or cut_off,))

    def write(self, option: int, view: DecisionView) -> str:
        """Return a completion that parses to this option.

        Raises:
            ValueError: If it is not shown.
        """
        return str(number_of_option(option, view))


class PlainDecisionFormat(_NumberReplies):
    """The plain format of a memory design's decisions: the number of one option.

    ```text
    DESIGN re_me: Stores facts that are unlike all others, and forgets those that do not help.
    DECISION store: Whether a fact is new enough to be stored.
    ABOUT Ann: My dog is called Rex.
    OPTIONS
    1. skip
    2. store
    RULE 2
    CHOOSE one of 2
    ```

    Options are numbered from 1 as they are shown; `RULE` has the one that the design's own rule takes. What
    somebody said stands behind a label or a number, in one line. The reply is a number and nothing else, but
    for thoughts, which count for nothing. With anything else, with a number that no option has, or cut off,
    it chooses nothing, and the rule decides.
    """

    name = "plain"
    instructions = (
        "You make the decisions of a memory for a long conversation. You see what kind of memory it is, what "
        "is to be decided, what it is about, numbered options, and which of them the memory's own rule would "
        "take. Questions about the conversation will be answered from what the memory holds and hands over. "
        f"{ARE_DATA} "
        "Reply with the number of the best option and nothing else, as in: 2"
    )
    examples = ("1", "2")

    def render(self, view: DecisionView) -> str:
        """Return design, decision and what it is about, the options, and what the rule takes."""
        if not view.decision:
            return END
        lines = [
            f"DESIGN {view.design}: {one_line(view.design_description)}",
            f"DECISION {view.decision}: {one_line(view.description)}",
            *_about(view),
            "OPTIONS",
            *(f"{number}. {text}".rstrip() for number, text in _numbered(view)),
            f"RULE {number_of_option(view.by_rule, view)}",
            f"CHOOSE one of {len(view.options)}",
        ]
        return "\n".join(lines)

    def messages(self, view: DecisionView) -> tuple[Message, ...]:
        """Return the instructions as the system's message and the view as the user's."""
        return Message("system", self.instructions), Message("user", self.render(view))


class BriefDecisionFormat(_NumberReplies):
    """The brief format of a memory design's decisions, for tiny models.

    ```text
    DECISION store
    ABOUT Ann: My dog is called Rex.
    1 skip
    2 store
    RULE 2
    ```

    Replies are those of `PlainDecisionFormat`. There are no instructions.
    """

    name = "brief"
    instructions = (
        "You see a decision of a memory, what it is about, numbered options, and the number that a rule "
        "would take. Reply with the number of the best option and nothing else, as in: 2"
    )
    examples = ("1", "2")

    def render(self, view: DecisionView) -> str:
        """Return the decision's name, what it is about, the options, and what the rule takes."""
        if not view.decision:
            return END
        lines = [
            f"DECISION {view.decision}",
            *_about(view),
            *(f"{number} {text}".rstrip() for number, text in _numbered(view)),
            f"RULE {number_of_option(view.by_rule, view)}",
        ]
        return "\n".join(lines)

    def messages(self, view: DecisionView) -> tuple[Message, ...]:
        """Return the view alone: the models that this format is for learn its form by doing."""
        return (Message("user", self.render(view)),)


def number_of_option(option: int, view: DecisionView) -> int:
    """Return the number, from 1, under which an option is shown.

    Args:
        option: Its place among all.
        view: Shows it.

    Raises:
        ValueError: If it is not shown.
    """
    for number, shown in enumerate(view.options, 1):
        if shown.place == option:
            return number
    raise ValueError(f"option {option} is not among the {len(view.options)} options shown.")


def _about(view: DecisionView) -> list[str]:
    return [f"ABOUT {one_line(view.about)}"] if view.about.strip() else []


def _numbered(view: DecisionView) -> Iterator[tuple[int, str]]:
    return ((number, one_line(option.text)) for number, option in enumerate(view.options, 1))


def _read(completion: str, view: DecisionView) -> int | ParseError:
    reply = split_thoughts(completion)
    text = reply.text.strip()
    if (error := cut_thought(reply) or without_surrogates(text)) is not None:
        return error
    if not text:
        return parse_error(
            ParseErrorKind.EMPTY, "", "the completion is empty; write the number of an option."
        )
    if not _NUMBER.fullmatch(text):
        why = "not the number of an option; write the number and nothing else."
        return parse_error(ParseErrorKind.NOT_A_NUMBER, text, why)
    if not 1 <= int(text) <= len(view.options):
        why = f"none of the {len(view.options)} options has this number."
        return parse_error(ParseErrorKind.OUT_OF_RANGE, text, why)
    return view.options[int(text) - 1].place
