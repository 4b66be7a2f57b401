"""Refusals that the settings of several sources share."""

from __future__ import annotations

from memdojo.errors import ConfigError


def check_count(name: str, value: object, least: int) -> None:
    """Refuse what is no whole number of at least `least`.

    Raises:
        ConfigError: If it is none.
    """
    if not _is_whole(value, least):
        raise ConfigError(f"{name} is {value!r}; give a whole number of at least {least}.")


def check_from_zero(name: str, value: object) -> None:
    """Refuse what is no whole number from 0 on.

    Raises:
        ConfigError: If it is none.
    """
    if not _is_whole(value, 0):
        raise ConfigError(f"{name} is {value!r}; give a whole number from 0 on.")


def check_order_seed(value: object) -> None:
    """Refuse what is neither None nor a whole number from 0 on.

    Raises:
        ConfigError: If it is neither.
    """
    if value is not None and not _is_whole(value, 0):
        raise ConfigError(f"order_seed is {value!r}; give a whole number from 0 on, or leave it out.")


def _is_whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
