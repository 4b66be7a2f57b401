import math

import pandas as pd
import pytest

from memdojo.errors import ConfigError
from memdojo.eval.findings.experience import (
    OrderRobustness,
    has_tasks,
    order_robustness,
    stream_areas,
    success_area,
    success_curve,
)


def rows(*scores: float, stream: str = "s", seed: int = 0) -> pd.DataFrame:
    """Tasks in order with these scores."""
    return pd.DataFrame(
        {
            "policy": "p",
            "seed": seed,
            "group": "g",
            "stream": stream,
            "question": [f"t{place}" for place in range(len(scores))],
            "task": range(1, len(scores) + 1),
            "score": scores,
        }
    )


def test_the_curve_is_averaged_over_streams_place_by_place() -> None:
    # One stream begins wrong and learns, the other ends after two tasks.
    table = success_curve(pd.concat([rows(0, 1, 1, 1), rows(1, 1, stream="other")]))

    assert table["task"].tolist() == [1, 2, 3, 4]
    assert table["success"].tolist() == [0.5, 1, 1, 1]
    # 0, 1/2, 2/3, 3/4 of the one; 1, 1 of the other.
    assert table["running_mean"].tolist() == pytest.approx([0.5, 0.75, 2 / 3, 3 / 4])
    assert table["num_streams"].tolist() == [2, 2, 1, 1]


def test_success_that_comes_early_has_more_area_than_the_same_success_late() -> None:
    late, early = rows(0, 0, 1, 1), rows(1, 1, 0, 0)

    # (0 + 0 + 1/3 + 1/2) / 4 and (1 + 1 + 2/3 + 1/2) / 4.
    assert success_area(late) == pytest.approx(5 / 24)
    assert success_area(early) == pytest.approx(19 / 24)
    assert success_area(rows(1, 1, 1)) == 1


def test_each_stream_weighs_alike_in_the_area() -> None:
    areas = stream_areas(pd.concat([rows(1, 1, 1, 1), rows(0, stream="short")]))

    assert areas[["stream", "area"]].values.tolist() == [["s", 1], ["short", 0]]
    assert success_area(pd.concat([rows(1, 1, 1, 1), rows(0, stream="short")])) == 0.5


def test_repetitions_are_averaged_before_the_streams() -> None:
    table = success_curve(pd.concat([rows(0, 1), rows(1, 1, seed=1), rows(0, 0, stream="other")]))

    assert table["success"].tolist() == [0.25, 0.5]


def test_tasks_without_a_score_leave_every_mean() -> None:
    table = success_curve(rows(1, math.nan, 0))

    assert table["task"].tolist() == [1, 3]
    assert table["running_mean"].tolist() == [1, 0.5]
    assert math.isnan(success_area(rows(math.nan)))


def test_questions_of_dialogues_are_passed_over() -> None:
    asked = rows(1, 0).assign(task=[math.nan, 1])

    assert success_curve(asked)["success"].tolist() == [0]
    assert not has_tasks(asked.drop(columns="task"))
    assert success_curve(asked.drop(columns="task")).empty
    assert stream_areas(asked.drop(columns="task")).empty


def test_robustness_to_order_is_the_worst_area_and_how_far_the_best_is_from_it() -> None:
    # Areas 1, 3/4 and 1/2.
    orders = [rows(1, 1), rows(1, 0), rows(1, 0, stream="a").assign(score=[0.5, 0.5])]

    assert order_robustness(orders) == OrderRobustness(0.75, 0.5, 0.5)


@pytest.mark.parametrize("orders", [[], [rows(1)], [rows(1), rows(math.nan)]])
def test_one_order_says_nothing_of_robustness(orders: list[pd.DataFrame]) -> None:
    with pytest.raises(ConfigError, match="at least two orders"):
        order_robustness(orders)
