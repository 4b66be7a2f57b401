"""`told_as_damage`: one sentence for files of an evaluation that were changed or cut short."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from memdojo.errors import DataError, MemdojoError, cut_short


@contextmanager
def told_as_damage(*places: object) -> Iterator[None]:
    """Turn errors of values that are missing, of another type or do not go together into a `DataError`.

    What an evaluation writes fits together by construction. Rules for every file and field would repeat all
    the code that reads them, so the reading itself is the check.

    Args:
        places: The folders or files that are read.

    Raises:
        DataError: With the places and what was found there.
    """
    try:
        yield
    except MemdojoError:
        raise
    except (
        ArithmeticError,
        AssertionError,
        AttributeError,
        EOFError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        found = cut_short(" ".join(f"{type(error).__name__}: {error}".split()), 200)
        raise DataError(
            f"what is in {', '.join(map(str, places))} does not fit together ({found}); it was changed or "
            "cut short: restore it, or evaluate again."
        ) from error
