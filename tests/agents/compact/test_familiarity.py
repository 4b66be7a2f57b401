import numpy as np
import pytest

from builders import make_stream
from memdojo.agents.baselines.registry import make_baseline
from memdojo.agents.compact.familiarity import (
    MAX_REFERENCES,
    MIN_SPREAD,
    DialogueSummaries,
    Familiarity,
    fit_familiarity,
    summary,
)
from memdojo.agents.play import play_manager
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.streams.turn_features import COLUMN, TURN_FEATURES, FloatArray
from memdojo.envs.types import Capacity
from memdojo.errors import ConfigError

NUM_FEATURES = len(TURN_FEATURES)


def _alike(*values: float) -> FloatArray:
    """Return rows whose features all have one value, so that the distance of two is their difference."""
    return np.repeat(np.array(values, np.float32)[:, None], NUM_FEATURES, axis=1)


def _episode(num_played: int, max_entries: int = 9) -> ManagerEpisode:
    said = ["Do you sail?" if number % 4 == 0 else "I went there." for number in range(20)]
    episode = ManagerEpisode(StreamContext(make_stream(*said)), Capacity(max_entries), seed=0)
    play_manager(make_baseline("recency"), [episode], until_step=num_played)
    return episode


def test_a_summary_is_the_mean_of_the_new_turn_and_those_that_are_remembered() -> None:
    # t0 to t3 are remembered, and t4 is new: two of five are questions.
    row = summary(_episode(4))
    assert row[COLUMN["has_question"]] == pytest.approx(2 / 5)
    # "went" is the only event, in three of five turns, and counts half each time.
    assert row[COLUMN["event_words"]] == pytest.approx(3 / 5 / 2)
    # t3 to t5 are remembered, and t6 is new: t4 is the only question.
    assert summary(_episode(6, max_entries=3))[COLUMN["has_question"]] == pytest.approx(1 / 4)


def test_a_distance_is_to_the_nearest_reference_in_units_of_the_spread() -> None:
    spread = np.full(NUM_FEATURES, 0.5, np.float32)
    familiarity = Familiarity(_alike(0, 3), spread, 1.0)
    assert familiarity.distance(_alike(1)[0]) == pytest.approx(2)
    row = _alike(3)[0]
    row[0] += 0.5
    assert familiarity.distance(row) == pytest.approx((1 / NUM_FEATURES) ** 0.5)


def test_a_dialogue_is_unfamiliar_beyond_the_threshold_and_only_with_enough_entries() -> None:
    seen = summary(_episode(8))
    strange = seen + 0.3
    spread = np.full(NUM_FEATURES, 0.1, np.float32)
    assert Familiarity(seen[None], spread, 0.0).knows(_episode(8))
    # Three units away.
    assert Familiarity(strange[None], spread, 3.01).knows(_episode(8))
    assert not Familiarity(strange[None], spread, 2.99).knows(_episode(8))
    assert Familiarity(_alike(99), spread, 0.0).knows(_episode(7))


def test_the_threshold_is_a_quantile_of_the_distances_of_groups_that_are_left_out() -> None:
    dialogues = [
        DialogueSummaries("talk", "a", _alike(0, 1)),
        DialogueSummaries("talk", "b", _alike(2)),
        DialogueSummaries("talk", "b", _alike(4)),
    ]
    familiarity = fit_familiarity(dialogues, 0.5)
    # The mean is 1.75, the variance (3.0625 + 0.5625 + 0.0625 + 5.0625) / 4.
    spread = 2.1875**0.5
    assert familiarity.spread == pytest.approx(spread)
    # 0 is 2 from the other group, 1 and 2 are 1, and 4 is 3 from it.
    assert familiarity.threshold == pytest.approx(1.5 / spread)
    assert fit_familiarity(dialogues, 0.99).threshold == pytest.approx(2.97 / spread)
    assert familiarity.references.tolist() == _alike(0, 1, 2, 4).tolist()


def test_of_a_single_group_quarters_of_its_dialogues_are_left_out() -> None:
    one = DialogueSummaries("talk", "a", _alike(0, 1, 10, 11, 20, 21, 30, 33))
    familiarity = fit_familiarity([one], 0.5)
    # 1 and 10 are 9 from another quarter, as are 11 and 20, 21 and 30; the ends are 10 and 12 from one.
    assert familiarity.threshold * familiarity.spread[0] == pytest.approx(9)
    assert fit_familiarity([one], 1 - 1e-9).threshold * familiarity.spread[0] == pytest.approx(12)


def test_the_most_varied_kind_sets_the_threshold_and_kinds_share_the_references() -> None:
    narrow = [DialogueSummaries("narrow", f"n{number}", _alike(number / 1000)) for number in range(1000)]
    wide = [DialogueSummaries("wide", f"w{number}", _alike(100 + 10 * number)) for number in range(4)]
    familiarity = fit_familiarity([*narrow, *wide], 0.5)
    assert familiarity.threshold * familiarity.spread[0] == pytest.approx(10)
    assert len(familiarity.references) == MAX_REFERENCES // 2 + 4
    assert {0.0, np.float32(0.999)} < {*familiarity.references[:, 0].tolist()}


def test_what_hardly_varies_in_training_has_a_least_spread() -> None:
    same = [DialogueSummaries("talk", group, _alike(1)) for group in "ab"]
    familiarity = fit_familiarity(same, 0.99)
    assert familiarity.spread == pytest.approx(MIN_SPREAD)
    assert familiarity.threshold == 0


def test_too_few_decisions_are_refused_with_the_remedy() -> None:
    with pytest.raises(ConfigError, match="no training dialogue came to that; give the store more room"):
        fit_familiarity([DialogueSummaries("talk", "a", _alike())], 0.99)
    with pytest.raises(ConfigError, match="only one decision had 8 entries; train on more or longer streams"):
        fit_familiarity([DialogueSummaries("talk", "a", _alike(1))], 0.99)
