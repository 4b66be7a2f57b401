import math
from datetime import datetime, timedelta

import numpy as np
import pytest

from memdojo.envs.streams.registry import load_streams
from memdojo.envs.streams.rendering import render_turn
from memdojo.envs.streams.turn_features import COLUMN, FEATURE_BOUND, TURN_FEATURES, turn_features
from memdojo.envs.types import Turn

MAY_1, MAY_2 = datetime(2023, 5, 1), datetime(2023, 5, 2)


def _features(*said: tuple[str, str], times: tuple[datetime, ...] | None = None) -> np.ndarray:
    times = times or (MAY_1,) * len(said)
    turns = [
        Turn(f"t{i}", speaker, text, time)
        for i, ((speaker, text), time) in enumerate(zip(said, times, strict=True))
    ]
    return turn_features(turns, [render_turn(turn) for turn in turns])


def _of(text: str) -> dict[str, float]:
    """The features of a turn that somebody says first of all."""
    row = _features(("Ann", text))[0]
    return dict(zip(TURN_FEATURES, row.tolist(), strict=True))


def test_a_turn_is_described_by_itself_and_what_came_before_it() -> None:
    (stream,) = load_streams("synthetic:train", num_streams=1, num_sessions=2, num_facts=6, num_questions=4)
    turns = stream.turns
    texts = [render_turn(turn) for turn in turns]
    whole = turn_features(turns, texts)
    assert whole.shape == (28, len(TURN_FEATURES))
    assert whole.dtype == np.float32
    for end in range(1, len(turns) + 1):
        np.testing.assert_array_equal(turn_features(turns[:end], texts[:end]), whole[:end])


def test_no_turns_have_no_features() -> None:
    assert turn_features([], []).shape == (0, len(TURN_FEATURES))


def test_rarity_falls_as_a_word_comes_again() -> None:
    # Each turn is "ann" and "cello". After n turns of both, a word that all have weighs
    # log(1 + 0.5 / (n + 0.5)).
    rows = _features(("Ann", "Cello."), ("Ann", "Cello."))
    first, second = math.log(1 + 0.5 / 1.5), math.log(1 + 0.5 / 2.5)
    assert rows[:, COLUMN["sum_idf"]].tolist() == pytest.approx([2 * first / 30, 2 * second / 30])
    assert rows[:, COLUMN["mean_idf"]].tolist() == pytest.approx([first / 4, second / 4])
    assert rows[:, COLUMN["max_idf"]].tolist() == pytest.approx([first / 5, second / 5])


def test_the_rare_word_of_a_turn_gives_the_largest_weight() -> None:
    rows = _features(("Ann", "Cello."), ("Ann", "Canoe."))
    # "ann" is in 2 of 2 turns, "canoe" in 1 of 2.
    weights = math.log(1 + 0.5 / 2.5), math.log(1 + 1.5 / 1.5)
    assert rows[1, COLUMN["sum_idf"]] == pytest.approx(sum(weights) / 30)
    assert rows[1, COLUMN["max_idf"]] == pytest.approx(weights[1] / 5)
    assert rows[1, COLUMN["new_word_share"]] == 0.5
    assert rows[1, COLUMN["num_new_words"]] == pytest.approx(math.log(2) / 3)
    assert rows[1, COLUMN["novelty"]] == 0.5


def test_a_turn_of_no_content_words_has_no_rarity() -> None:
    row = dict(zip(TURN_FEATURES, _features(("", "!?"))[0].tolist(), strict=True))
    assert [row[name] for name in ("sum_idf", "mean_idf", "max_idf", "new_word_share")] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Where is it? I ask.", {"has_question": 1, "ends_with_question": 0, "num_sentences": 2 / 6}),
        ("Is it here? ", {"has_question": 1, "ends_with_question": 1}),
        ("Stop! Now!", {"exclamations": 2 / 3, "change_words": 1 / 2}),
        ("!!!!!", {"exclamations": 1, "num_sentences": 1 / 6}),
        ("I met Oscar in New York.", {"capitals": 1, "has_capital": 1, "event_words": 1 / 2}),
        # The first word of a sentence is no name.
        ("Fine. Good. I know.", {"capitals": 0, "has_capital": 0, "first_person": 1 / 2}),
        ("It costs 40.", {"digits": 1, "number_words": 0}),
        ("Two or three, twice.", {"digits": 0, "number_words": 3 / 2}),
        ("One two three four five six.", {"number_words": 3 / 2}),  # Counts stop at three.
        ("Last week, in May.", {"time_words": 1, "calendar_words": 1 / 2}),
        ("You and your idea.", {"second_person": 1}),
        ("Oh, a sentence.", {"starts_with_reaction": 1}),
        ("Ohio is a state.", {"starts_with_reaction": 0}),
        ("Scratch that, it was called off.", {"retraction_words": 1}),
        ("I love cats and like dogs.", {"preference_words": 1, "relation_words": 0}),
        ("We are planning it, I hope.", {"plan_words": 1}),
        (
            "My little sister knows the boss.",
            {"relation_words": 1, "own_relation": 1 / 2, "others_relation": 0},
        ),
        ("My neighbour has a dog.", {"others_relation": 1 / 2, "own_relation": 0}),
        ("Look: [photo: a boat]", {"photo": 1}),
        ("four words are here", {"log_words": math.log(5) / 4}),
    ],
)
def test_words_and_marks_are_counted(text: str, expected: dict[str, float]) -> None:
    features = _of(text)
    assert {name: features[name] for name in expected} == pytest.approx(expected)


def test_an_answer_is_told_from_a_question_and_from_more_of_the_same_speaker() -> None:
    rows = _features(
        ("Ann", "Where do you live?"),
        ("Bob", "In Oslo."),
        ("Bob", "Where do you live?"),
        ("Bob", "I forgot."),
        ("Ann", "Why?"),
    )
    assert rows[:, COLUMN["previous_is_question"]].tolist() == [0, 1, 0, 1, 0]
    assert rows[:, COLUMN["answers_previous"]].tolist() == [0, 1, 0, 0, 0]
    assert rows[1, COLUMN["previous_log_words"]] == pytest.approx(math.log(5) / 4)


def test_a_question_answered_by_a_question_is_no_answer() -> None:
    rows = _features(("Ann", "Where do you live?"), ("Bob", "Why?"))
    assert rows[1, COLUMN["previous_is_question"]] == 1
    assert rows[1, COLUMN["answers_previous"]] == 0


def test_a_session_starts_at_another_time_and_forgets_the_turn_before() -> None:
    rows = _features(("Ann", "Cello?"), ("Bob", "Cello."), ("Ann", "Cello."), times=(MAY_1, MAY_1, MAY_2))
    assert rows[:, COLUMN["session_start"]].tolist() == [1, 0, 1]
    assert rows[:, COLUMN["previous_is_question"]].tolist() == [0, 1, 0]
    assert rows[2, COLUMN["novelty"]] == 1


def test_huge_turns_are_cut_off_at_the_bound() -> None:
    rows = _features(("Ann", "x"), ("Ann", " ".join(f"word{i}" for i in range(3000))))
    assert rows.max() == FEATURE_BOUND
    assert np.isfinite(rows).all()


@pytest.mark.parametrize(("minutes", "starts"), [(0, [1, 0]), (30, [1, 0]), (31, [1, 1]), (-31, [1, 1])])
def test_a_session_starts_after_half_an_hour_s_silence(minutes: int, starts: list[float]) -> None:
    rows = _features(("Ann", "Hi."), ("Bob", "Ho."), times=(MAY_1, MAY_1 + timedelta(minutes=minutes)))
    assert rows[:, COLUMN["session_start"]].tolist() == starts
