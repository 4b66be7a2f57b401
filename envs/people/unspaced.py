"""Names in scripts that set no blank behind them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

import regex

from .mention import Mention

# Chinese, Japanese, Korean (whose particles follow without a blank), Thai, Lao, Khmer and Burmese.
_UNSPACED = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー々]+"
)
_FAMILY_FIRST = regex.compile(r"[\p{Han}\p{Hangul}]+")


class UnspacedNames:
    """Finds names in scripts that set no blank behind them."""

    def __init__(self, names: Iterable[str]) -> None:
        full: dict[str, set[str]] = {}
        given: dict[str, set[str]] = {}
        for name in names:
            parts = _UNSPACED.findall(unicodedata.normalize("NFC", name))
            if parts:
                full.setdefault("".join(parts), set()).add(name)
            for part in [*parts, *(_given_names(parts[0]) if len(parts) == 1 else ())]:
                given.setdefault(part, set()).add(name)
        meant = given | full
        self._meant = {unicodedata.normalize("NFD", form): names for form, names in meant.items()} | meant
        # The longest first: who is called by a longer name is not called by a part of it. A name of one
        # letter must stand alone, as it is a part of many words.
        forms = sorted(self._meant, key=lambda form: (-len(form), form))
        letter = _UNSPACED.pattern.removesuffix("+")
        self._pattern = regex.compile(
            "|".join(form if len(form) > 1 else rf"(?<!{letter}){form}(?!{letter})" for form in forms)
        )

    def mentions(self, text: str) -> Iterator[Mention]:
        """Yield where `text` names whom; who shares a name is not found by it."""
        if not self._meant or text.isascii():
            return
        for match in self._pattern.finditer(text):
            if len(names := self._meant[match[0]]) == 1:
                yield Mention(match.start(), match.end(), next(iter(names)))


def _given_names(full: str) -> tuple[str, ...]:
    """Return the given name within a Chinese, Japanese or Korean full name, as its length tells it."""
    if not _FAMILY_FIRST.fullmatch(full):
        return ()
    return (full[1:],) if len(full) == 3 else (full[:2], full[2:]) if len(full) == 4 else ()
