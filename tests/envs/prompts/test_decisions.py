"""The formats of a memory design's decisions."""

from __future__ import annotations

import dataclasses

import pytest

from memdojo.envs.prompts.decisions import BriefDecisionFormat, PlainDecisionFormat
from memdojo.envs.prompts.protocol import (
    DecisionOption,
    DecisionView,
    ParseErrorKind,
    num_entries,
    parse_reply,
    showing,
)

VIEW = DecisionView(
    "re_me",
    "Stores facts.",
    "leave",
    "Which entry leaves.",
    "Ann: My dog\nis called Rex.",
    tuple(DecisionOption(index, f"Bob: no\n{index}") for index in range(4)),
    by_rule=2,
)
FORMATS = (PlainDecisionFormat(), BriefDecisionFormat())


def test_a_decision_is_its_options_by_number_and_what_the_rule_takes() -> None:
    assert PlainDecisionFormat().render(VIEW) == (
        "DESIGN re_me: Stores facts.\n"
        "DECISION leave: Which entry leaves.\n"
        "ABOUT Ann: My dog is called Rex.\n"
        "OPTIONS\n"
        "1. Bob: no 0\n"
        "2. Bob: no 1\n"
        "3. Bob: no 2\n"
        "4. Bob: no 3\n"
        "RULE 3\n"
        "CHOOSE one of 4"
    )
    assert BriefDecisionFormat().render(dataclasses.replace(VIEW, options=VIEW.options[1:3])) == (
        "DECISION leave\nABOUT Ann: My dog is called Rex.\n1 Bob: no 1\n2 Bob: no 2\nRULE 2"
    )


@pytest.mark.parametrize("format", FORMATS)
def test_what_there_is_nothing_to_say_about_has_no_line(format: PlainDecisionFormat) -> None:
    assert "ABOUT" not in format.render(dataclasses.replace(VIEW, about=" "))
    assert format.render(DecisionView("re_me", "Stores facts.")) == "END"


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("completion", "kind"),
    [
        ("", ParseErrorKind.EMPTY),
        ("0", ParseErrorKind.OUT_OF_RANGE),
        ("5", ParseErrorKind.OUT_OF_RANGE),
        ("-1", ParseErrorKind.NOT_A_NUMBER),
        ("2.", ParseErrorKind.NOT_A_NUMBER),
        ("1 2", ParseErrorKind.NOT_A_NUMBER),
        ("٣", ParseErrorKind.NOT_A_NUMBER),
        ("leave", ParseErrorKind.NOT_A_NUMBER),
        ("\ud800", ParseErrorKind.NOT_UNICODE),
        ("<think>\n2", ParseErrorKind.CUT_OFF),
    ],
)
def test_what_is_no_number_of_an_option_chooses_nothing(
    format: PlainDecisionFormat, completion: str, kind: ParseErrorKind
) -> None:
    parsed = format.parse(completion, VIEW)
    assert (parsed.decision, [error.kind for error in parsed.errors]) == (None, [kind])


@pytest.mark.parametrize("format", FORMATS)
def test_a_number_chooses_an_option_and_can_be_written(format: PlainDecisionFormat) -> None:
    for option in range(4):
        assert format.parse(f" {format.write(option, VIEW)}\n", VIEW).decision == option
    assert format.parse("<think>1?</think>\n\n4", VIEW).decision == 3
    cut = parse_reply(format, "4", VIEW, is_cut=True)
    assert (cut.decision, [error.kind for error in cut.errors]) == (None, [ParseErrorKind.CUT_OFF])
    with pytest.raises(ValueError, match="option 4 is not among the 4 options"):
        format.write(4, VIEW)


@pytest.mark.parametrize("format", FORMATS)
def test_a_shorter_prompt_leaves_out_the_last_options_and_never_the_rule_s(
    format: PlainDecisionFormat,
) -> None:
    assert num_entries(VIEW) == 3
    assert showing(VIEW, 3) == VIEW
    shorter = showing(VIEW, 1)
    assert [option.place for option in shorter.options] == [0, 2]
    assert "RULE 2" in format.render(shorter)
    assert format.parse("2", shorter).decision == 2
    assert format.parse("3", shorter).decision is None
    with pytest.raises(ValueError, match="option 1 is not among the 2 options"):
        format.write(1, shorter)
    assert [option.place for option in showing(VIEW, 0).options] == [2]
