from memdojo.train.tuning.figure import draw_parameters
from memdojo.train.tuning.space import Space
from memdojo.train.tuning.trials import Trial


def _trial(number: int, rate: float, width: int, score: float | None) -> Trial:
    values = {"algorithm.learning_rate": rate, "policy.hidden_dim": width}
    return Trial(number, values, "failed" if score is None else "done", score)


def test_each_key_has_a_panel_with_a_mark_for_every_score(space: Space) -> None:
    trials = [_trial(1, 1e-3, 64, 0.5), _trial(2, 2e-3, 16, 0.75), _trial(3, 3e-3, 8, None)]
    figure = draw_parameters(space, trials, trials[1])
    rate, width = (axes for axes in figure.axes if axes.get_visible())
    assert [rate.get_xlabel(), width.get_xlabel()] == ["algorithm.learning_rate", "policy.hidden_dim"]
    assert rate.get_xscale() == "log"
    marks = [(float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in rate.lines]  # type: ignore[index]
    assert marks == [(1e-3, 50.0), (2e-3, 75.0)]
    # 64, the width of the given configuration, is not among those that are searched.
    assert [(line.get_xdata()[0], line.get_marker()) for line in width.lines] == [(1, "D")]  # type: ignore[index]
    assert [label.get_text() for label in width.get_xticklabels()] == ["8", "16"]
