import pytest

from memdojo.envs.streams.setting_checks import check_count, check_from_zero, check_order_seed
from memdojo.errors import ConfigError


def test_whole_numbers_that_are_large_enough_pass() -> None:
    check_count("turns", 4, 4)
    check_from_zero("seed", 0)
    check_order_seed(None)
    check_order_seed(0)


@pytest.mark.parametrize("value", [3, 4.0, True, "4", None])
def test_what_is_no_count_is_refused(value: object) -> None:
    with pytest.raises(ConfigError, match=r"turns is .*; give a whole number of at least 4\."):
        check_count("turns", value, 4)


@pytest.mark.parametrize("value", [-1, 0.0, False, "0"])
def test_what_is_no_whole_number_from_zero_on_is_refused(value: object) -> None:
    with pytest.raises(ConfigError, match=r"seed is .*; give a whole number from 0 on\."):
        check_from_zero("seed", value)
    with pytest.raises(ConfigError, match=r"order_seed is .*; give a whole number from 0 on, or leave"):
        check_order_seed(value)
