from memdojo.eval.statistics.front import on_front


def test_a_point_is_on_the_front_if_nothing_is_better_for_less() -> None:
    scores, costs = [0.5, 0.7, 0.5, 0.6, 0.7], [10, 30, 10, 40, 30]
    assert on_front(scores, costs) == [True, True, False, False, False]
    assert on_front([0.5, 0.5], [1, 2]) == [True, False]
    assert on_front([], []) == []
