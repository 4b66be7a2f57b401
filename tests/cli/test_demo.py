import re
from pathlib import Path

import pytest

from builders import invoke

DIALOGUE = "Ann: My dog is called Rex.\nI live in Oslo.\n? What is Ann's dog called?\n:memory\n"


def _demo(*arguments: str | Path, typed: str = DIALOGUE) -> list[str]:
    result = invoke("demo", *arguments, typed=typed)
    assert result.exit_code == 0, result.stderr
    head, _, shown = result.stdout.partition("\n\n")
    assert head.startswith("The memory holds")
    return shown.splitlines()


def test_it_shows_what_is_kept_and_answers_from_it() -> None:
    *before, hit, memory, first, second, count = _demo()
    assert before == [
        "> Ann: My dog is called Rex.",
        "  ADD #1 Ann: My dog is called Rex.",
        "> I live in Oslo.",
        "  ADD #2 I: I live in Oslo.",
        "> ? What is Ann's dog called?",
        "  answer: Rex",
    ]
    assert re.fullmatch(r" +\d\.\d\d  #1 Ann: My dog is called Rex\.", hit)
    assert (memory, count) == ("> :memory", "  entries: 2")
    assert (first, second) == ("  #1 Ann: My dog is called Rex.", "  #2 I: I live in Oslo.")


def test_it_shows_what_leaves_and_what_is_rewritten() -> None:
    typed = "Ann: My dog is called Rex.\nAnn: My cat is called Tom.\n"
    assert (
        _demo("--max-entries", "1", typed=typed)[-1]
        == "     left to make room: #1 Ann: My dog is called Rex."
    )
    rewritten = _demo("--manager", "similarity", typed="Ann: I live in Oslo.\nAnn: I live in Rome now.\n")
    assert rewritten[-2:] == [
        "  UPDATE #1 Ann: I live in Rome now.",
        "     in place of: Ann: I live in Oslo.",
    ]


def test_an_empty_line_ends_and_a_named_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    _demo("--memory", path, typed="Ann: My dog is called Rex.\n\nAnn: never said\n")
    assert _demo("--memory", path, typed=":memory\n") == [
        "> :memory",
        "  #1 Ann: My dog is called Rex.",
        "  entries: 1",
    ]


def test_a_line_that_cannot_be_taken_does_not_end_it() -> None:
    result = invoke("demo", typed="?\nAnn: My dog is called Rex.\n")
    assert "the query is blank" in result.stderr
    assert "ADD #1" in result.stdout


@pytest.mark.parametrize(
    ("manager", "message"),
    [("recncy", "Did you mean 'recency'"), ("oracle", "which a live dialogue does not say")],
)
def test_a_manager_that_cannot_decide_is_refused(manager: str, message: str) -> None:
    refused = invoke("demo", "--manager", manager, typed="")
    assert refused.exit_code == 2
    assert message in refused.stderr
