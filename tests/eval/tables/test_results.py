import math

import pandas as pd
import pytest

from memdojo.errors import ConfigError, UnknownNameError
from memdojo.eval.playing.evaluate import Evaluation
from memdojo.eval.tables.render import category_grid, episode_grid, number, paired_grid, percent, score_grid
from memdojo.eval.tables.results import best_baseline, normalise, paired_table, summary_table

BASELINES = frozenset({"no_op", "oracle", "sum_idf"})


def evaluation(scores: dict[str, list[float]], baselines: frozenset[str] = BASELINES) -> Evaluation:
    """Questions 1 and 2 are of group a, 3 and 4 of group b; the odd ones are of category x, the even of y.

    Question 4 has no answer.
    """
    questions = [
        {
            "policy": policy,
            "seed": 0,
            "stream": f"stream-{group}",
            "group": group,
            "question": question,
            "category": category,
            "unanswerable": question == "q4",
            "score": value,
            "recall@10": value,
        }
        for policy, values in scores.items()
        for value, group, question, category in zip(
            values, "aabb", ["q1", "q2", "q3", "q4"], "xyxy", strict=True
        )
    ]
    streams = [
        {
            "policy": policy,
            "seed": 0,
            "stream": f"stream-{group}",
            "group": group,
            "add": add,
            "final_tokens": 10,
            "tokens_kept": 0.25,
        }
        for policy in scores
        for group, add in (("a", 1), ("b", 4))
    ]
    return Evaluation(pd.DataFrame(questions), pd.DataFrame(streams), "recall@10", baselines, ("recall@10",))


SCORES = {
    "no_op": [0.2, 0.2, 0.2, 0.2],
    "mine": [0.5, 0.5, 0.5, 0.5],
    "sum_idf": [0.4, 0.2, 0.6, 0.4],
    "oracle": [0.8, 1.0, 0.8, 0.6],
}


def test_normalised_scores_lie_between_the_bounds() -> None:
    assert normalise(0.5, 0.2, 0.8) == pytest.approx(0.5)
    assert normalise(0.2, 0.2, 0.8) == 0
    assert normalise(0.8, 0.2, 0.8) == 1
    assert normalise(0.1, 0.2, 0.7) == pytest.approx(-0.2)


def test_there_is_no_normalised_score_where_the_oracle_is_not_above_the_no_op() -> None:
    assert math.isnan(normalise(0.5, 0.3, 0.3))
    assert math.isnan(normalise(0.5, 0.3, math.nan))


def test_summary_worked_by_hand() -> None:
    summary = summary_table(evaluation(SCORES)).set_index("policy")
    assert summary.index.tolist() == ["oracle", "mine", "sum_idf", "no_op"]
    assert summary["score"].tolist() == pytest.approx([0.8, 0.5, 0.4, 0.2])
    assert summary["normalised"].tolist() == pytest.approx([1, 0.5, 1 / 3, 0])
    assert summary.loc["sum_idf", "category x"] == pytest.approx(0.5)
    assert summary.loc["sum_idf", "category y"] == pytest.approx(0.3)
    assert summary.loc["sum_idf", "category_average"] == pytest.approx((0.5 + 0.3) / 2)
    assert summary.loc["sum_idf", "abstention"] == pytest.approx(0.4)
    # Group means of sum_idf are 0.3 and 0.5.
    assert summary.loc["sum_idf", ["low", "high"]].tolist() == pytest.approx([0.3, 0.5])
    assert summary.loc["mine", "add"] == 2.5
    assert summary["baseline"].tolist() == [True, False, True, True]


def test_the_average_over_categories_weighs_small_ones_alike() -> None:
    made = evaluation(SCORES)
    made.questions.loc[made.questions["question"] == "q3", "category"] = "y"
    summary = summary_table(made).set_index("policy")
    # sum_idf: x is 0.4, y the mean of 0.2, 0.6 and 0.4; over questions it would be 0.4 as before.
    assert summary.loc["sum_idf", "category_average"] == pytest.approx((0.4 + 0.4) / 2)
    assert summary.loc["oracle", "category_average"] == pytest.approx((0.8 + 0.8) / 2)
    made.questions.loc[made.questions["question"] == "q1", "score"] = 0.0
    summary = summary_table(made).set_index("policy")
    assert summary.loc["oracle", "category_average"] == pytest.approx((0.0 + 0.8) / 2)
    assert summary.loc["oracle", "score"] == pytest.approx(2.4 / 4)


def test_one_category_needs_no_average_and_answers_no_abstention() -> None:
    made = evaluation(SCORES)
    made.questions["category"], made.questions["unanswerable"] = "x", False
    assert not {"category_average", "abstention"} & set(summary_table(made).columns)


def test_unscored_questions_are_counted_and_left_out() -> None:
    summary = summary_table(evaluation(SCORES | {"mine": [0.5, math.nan, 0.7, math.nan]})).set_index("policy")
    assert summary.loc["mine", "score"] == pytest.approx(0.6)
    assert summary.loc["mine", ["num_questions", "unscored"]].tolist() == [2, 2]
    assert math.isnan(summary.loc["mine", "category y"])


def test_reference_is_the_best_baseline_beside_the_oracle() -> None:
    assert best_baseline(evaluation(SCORES)) == "sum_idf"
    assert best_baseline(evaluation(SCORES, frozenset({"no_op", "oracle"}))) == "no_op"


def test_a_policy_that_is_no_baseline_is_never_the_reference() -> None:
    assert best_baseline(evaluation(SCORES | {"mine": [0.9, 0.9, 0.9, 0.9]})) == "sum_idf"


def test_without_a_scored_baseline_a_reference_must_be_named() -> None:
    with pytest.raises(ConfigError, match="name what to compare with"):
        best_baseline(evaluation(SCORES, frozenset({"oracle"})))


def test_paired_table_worked_by_hand() -> None:
    paired = paired_table(evaluation(SCORES)).set_index("policy")
    assert paired.index.tolist() == ["oracle", "mine", "no_op"]
    # mine - sum_idf is 0.1, 0.3 in group a and -0.1, 0.1 in group b: group means 0.2 and 0.
    assert paired.loc["mine", "difference"] == pytest.approx(0.1)
    assert paired.loc["mine", ["low", "high"]].tolist() == pytest.approx([0, 0.2])
    # oracle - sum_idf has the group means 0.6 and 0.2.
    assert paired.loc["oracle", ["low", "high"]].tolist() == pytest.approx([0.2, 0.6])
    # Two groups say nothing about others, however far from 0 they are.
    assert paired["excludes_zero"].tolist() == [None, None, None]


def test_any_row_can_be_the_reference() -> None:
    paired = paired_table(evaluation(SCORES), "mine").set_index("policy")
    assert paired.loc["sum_idf", "difference"] == pytest.approx(-0.1)
    with pytest.raises(UnknownNameError, match="sum_idf"):
        paired_table(evaluation(SCORES), "sum_ifd")


def test_grids_are_plain_text_and_markdown() -> None:
    summary = summary_table(evaluation(SCORES))
    plain = score_grid(summary, "recall@10").plain().splitlines()
    assert plain[1].split() == [
        "policy",
        "recall@10",
        "95",
        "%",
        "interval",
        "normalised",
        "questions",
        "unscored",
        "tokens",
        "kept",
    ]
    assert plain[2].split() == ["oracle", "80.0", "[70.0,", "90.0]", "100.0", "4", "0", "25.0"]
    assert plain[-1].startswith("Intervals: bootstrap over 2 groups. Too few groups: with fewer than 6")
    verdicts = [row[3] for row in paired_grid(paired_table(evaluation(SCORES))).rows]
    assert verdicts == ["-", "-", "-"]
    assert "| sum_idf | 50.0 | 30.0 |" in category_grid(summary, "recall@10").markdown()
    assert "mine" in episode_grid(summary).plain()


def test_bars_in_names_do_not_break_markdown() -> None:
    renamed = {name.replace("mine", "a|b"): values for name, values in SCORES.items()}
    assert "| a\\|b | +10.0 |" in paired_grid(paired_table(evaluation(renamed))).markdown()


def test_numbers_read_well() -> None:
    assert [percent(value) for value in (0.12345, 1.0, math.nan)] == ["12.3", "100.0", "-"]
    assert [number(value) for value in (0.0, 0.123, 12.34, 12345.6, math.nan)] == [
        "0",
        "0.12",
        "12.3",
        "12,346",
        "-",
    ]


def test_no_two_columns_of_categories_have_one_name() -> None:
    made = evaluation(SCORES)
    made.questions["category"] = ["abstention", "policy", "mean of categories", "abstention"] * 4
    grid = category_grid(summary_table(made), "recall@10")
    assert grid.headers == (
        "policy",
        "abstention",
        "category mean of categories",
        "category policy",
        "mean of categories",
        "all unanswerable",
    )
