import pytest

from memdojo.train.algorithms.schedules import scheduled_share, warmup_share


def test_a_warm_up_rises_by_equal_steps() -> None:
    assert [warmup_share(update, 4) for update in range(6)] == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    assert warmup_share(0, 0) == 1.0


def test_shares_by_hand() -> None:
    linear = [scheduled_share("linear", update, 4) for update in range(4)]
    assert linear == [1.0, 0.75, 0.5, 0.25]
    # cos 0, 60, 120 degrees, of three updates.
    cosine = [scheduled_share("cosine", update, 3) for update in range(3)]
    assert cosine == pytest.approx([1.0, 0.75, 0.25])
    assert [scheduled_share("constant", update, 3) for update in range(3)] == [1.0] * 3


def test_the_fall_begins_after_the_warm_up_and_ends_at_the_final_share() -> None:
    shares = [scheduled_share("linear", update, 6, start=2, final_share=0.2) for update in range(6)]
    assert shares == pytest.approx([1.0, 1.0, 1.0, 0.8, 0.6, 0.4])
    # After the last update, if there were one more.
    assert scheduled_share("cosine", 6, 6, start=2, final_share=0.2) == pytest.approx(0.2)


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_no_update_of_a_run_is_lost_even_after_a_warm_up_of_all_of_it(schedule: str) -> None:
    assert all(scheduled_share(schedule, update, 200) > 0 for update in range(200))  # type: ignore[arg-type]
    assert scheduled_share(schedule, 3, 4, start=4) == 1.0  # type: ignore[arg-type]
