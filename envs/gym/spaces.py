"""A Gymnasium space of free text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces

_ALPHABET = tuple("abcdefghijklmnopqrstuvwxyz0123456789     .,:[]-\n")
_MAX_SAMPLE_CHARACTERS = 40


class FreeText(spaces.Space[str]):
    """Any string of any length.

    `gymnasium.spaces.Text` needs a set of allowed characters and looks each character up; with all of Unicode
    that costs seconds to build and milliseconds per check.

    Args:
        examples: Texts of which `sample` draws one every other time, so that random actions are not all
            nonsense. They do not limit what the space contains.
        seed: Seeds `sample`.
    """

    def __init__(self, examples: Sequence[str] = (), seed: int | np.random.Generator | None = None) -> None:
        super().__init__(None, None, seed)
        self.examples = tuple(examples)

    @property
    def is_np_flattenable(self) -> bool:
        """False: a text has no fixed length."""
        return False

    def sample(self, mask: Any | None = None, probability: Any | None = None) -> str:
        """Return an example or random characters.

        Raises:
            ValueError: If `mask` or `probability` is given; free text has neither.
        """
        if mask is not None or probability is not None:
            raise ValueError("FreeText.sample takes neither mask nor probability; leave them out.")
        if self.examples and self.np_random.random() < 0.5:
            return self.examples[int(self.np_random.integers(len(self.examples)))]
        length = int(self.np_random.integers(_MAX_SAMPLE_CHARACTERS + 1))
        return "".join(
            _ALPHABET[int(place)] for place in self.np_random.integers(len(_ALPHABET), size=length)
        )

    def contains(self, x: Any) -> bool:
        """Return True for every str."""
        return isinstance(x, str)

    def __repr__(self) -> str:
        return f"FreeText({len(self.examples)} examples)" if self.examples else "FreeText()"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FreeText) and self.examples == other.examples

    # Spaces are mutable by their generator, as Gymnasium's own are.
    __hash__ = None  # type: ignore[assignment]
