"""Lures: of the same kind as the right answer, and never to be taken for it."""

import numpy as np
import pytest

from memdojo.envs.streams.attacks.lures import find_lures
from memdojo.envs.streams.synthetic.pools import values
from memdojo.envs.types import Question

OTHERS = (
    Question("a", "Where was Ben born?", ("the old mill",), "1"),
    Question("b", "Who found the key?", ("a passer-by",), "1"),
)


def lures(*answers: str, text: str = "Where was Ana born?", said: str = "", seed: int = 0) -> tuple[str, ...]:
    question = Question("q", text, answers, "1")
    return find_lures(question, OTHERS, said, np.random.default_rng(seed))


def test_a_value_of_the_generators_gives_another_of_its_split_that_was_not_said() -> None:
    pool = [value for value in values("city", "train") if value != "Porto"]
    assert "Porto" in values("city", "train")
    (lure,) = lures("Porto")
    assert lure in pool
    assert lures("Porto", said=" ".join(pool[1:]).lower()) == (pool[0],)


def test_dates_and_numbers_change_in_all_forms_alike() -> None:
    first, second = lures("the 4th of May", "4 May")
    day, month = second.split()
    assert first in {f"the {day}{suffix} of {month}" for suffix in ("st", "nd", "rd", "th")}
    assert month != "May"
    digits, word = lures("2", "two")
    assert {"1": "one", "3": "three", "4": "four", "5": "five"}.get(digits, word) == word
    assert lures("850 euros", "850")[0].isdigit()  # With the unit it could pass for half right.


def test_yes_and_no_are_turned_round() -> None:
    assert lures("Yes") == ("No",)
    assert lures("no.") == ("Yes",)


def test_else_the_answer_to_a_similar_question_is_taken() -> None:
    found = {lures("the castle", seed=seed)[0] for seed in range(20)}
    assert found == {"the old mill", "a passer-by"}
    assert lures("a mill", "an old mill") == ("a passer-by",)


def test_there_may_be_none() -> None:
    question = Question("q", "Where was Ana born?", ("the castle",))
    assert find_lures(question, (question,), "", np.random.default_rng(0)) == ()


@pytest.mark.parametrize("seed", range(5))
def test_a_task_has_its_other_options(seed: int) -> None:
    task = Question("q", "Sort it.", ("Left",), options=("left", "right", "up"))
    (lure,) = find_lures(task, (), "", np.random.default_rng(seed))
    assert lure in ("right", "up")
