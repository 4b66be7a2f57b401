from pathlib import Path

import pytest

from memdojo.errors import ConfigError
from memdojo.train.tuning.folder import create_search, num_trials_before, resume_search
from memdojo.train.tuning.space import Space


def test_a_search_leaves_the_name_of_a_run_free_and_goes_on_with_more_trials(
    tmp_path: Path, tuned_config: Path, space: Space
) -> None:
    root = tmp_path / "runs"
    assert num_trials_before(root, space.config) is None
    create_search(root, space.config).close()
    assert [path.name for path in root.iterdir()] == ["small-tune"]
    more = Space.load(tuned_config, ["tune.trials=9", "tune.concurrent=2"]).config
    resume_search(root, more).close()
    assert num_trials_before(root, space.config) == 9


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ("algorithm.num_updates=4", "algorithm.num_updates"),
        ("evaluation.every=2", "evaluation.every"),
        ("tune.seeds=2", "tune.seeds"),
        ("tune.early_stopping=true", "tune.early_stopping"),
        ("algorithm.epochs=1", "algorithm.epochs"),
    ],
)
def test_a_search_does_not_go_on_with_other_trials(
    tmp_path: Path, tuned_config: Path, space: Space, change: str, key: str
) -> None:
    create_search(tmp_path / "runs", space.config).close()
    with pytest.raises(ConfigError, match=key):
        resume_search(tmp_path / "runs", Space.load(tuned_config, [change]).config)


def test_a_search_does_not_go_on_with_other_ranges(tmp_path: Path, tuned_config: Path, space: Space) -> None:
    create_search(tmp_path / "runs", space.config).close()
    other = Space.load(tuned_config, (), ["policy.hidden_dim=8,32"])
    with pytest.raises(ConfigError, match=r"was searched with tune\.ranges"):
        resume_search(tmp_path / "runs", other.config)
