"""Porter's stemmer, as nltk has it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nltk.stem.porter import PorterStemmer


@cache
def porter_stemmer() -> PorterStemmer:
    """Return the stemmer, which keeps nothing and may be shared.

    nltk takes half a second to import, and several where scikit-learn is installed: so it is imported where
    the first word is stemmed, and not by a command that only lists things.
    """
    from nltk.stem.porter import PorterStemmer

    return PorterStemmer()
