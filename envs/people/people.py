"""`People`: whom a text means, found by what others call them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from .mention import Mention
from .names import Name, name_parts, parse_name
from .tables import (
    FORMAL_TITLES,
    NO_FIRST_LETTERS,
    NO_NAMES,
    ORDINARY,
    PARTICLES,
    SUFFIXES,
    TITLES,
    short_forms,
)
from .unspaced import UnspacedNames
from .words import Word, is_adjacent, is_cased_alike, is_telling, possible_names, split_words

_MAX_NAMESAKES = 32
"""People who share the words of a mention; where there are more, it tells nobody apart."""
_MIN_PREFIX, _MAX_PREFIX = 3, 4


class People:
    """People by name, found in texts by what others call them.

    That is the full name in either order, first name, last name, title and last name ("Dr. Kim"), initials
    ("J. Smith"), a usual short form or the first letters of the first name ("Bob" or "Rob" for Robert), the
    parts of a handle or an address ("ann_lee", "@ann", "ann.lee@example.org"), case and accents aside, with
    or without "de la" and "Jr.". A name that fits several people best equally well means none of them, and so
    does one that goes on otherwise than the person's: "Ann Smith" is not Ann Lee. Names that are also words
    ("will", "rose") need their capital. In scripts without blanks between words, full and given name are
    looked for as they are.

    Texts are read in time linear in their length.

    Args:
        names: As they are written in front of turns; those without a letter or a long number are never found.
    """

    def __init__(self, names: Iterable[str]) -> None:
        names = list(dict.fromkeys(names))
        self._unspaced = UnspacedNames(names)
        self._by_word: dict[str, list[Name]] = {}
        self._by_short_form: dict[int, list[Name]] = {}
        self._by_prefix: dict[str, list[Name]] = {}
        self._max_words = 2
        for name in names:
            for parsed in parse_name(name):
                self._index(parsed)
        forms = {form for form, lines in short_forms().items() if lines & self._by_short_form.keys()}
        self._callable = frozenset(forms.union(self._by_word, self._by_prefix))

    def _index(self, name: Name) -> None:
        self._max_words = max(self._max_words, name.num_words + 1)
        for word in dict.fromkeys(name.core):
            self._by_word.setdefault(word, []).append(name)
        first = name.core[0]
        for line in short_forms().get(first, ()):
            self._by_short_form.setdefault(line, []).append(name)
        for length in range(_MIN_PREFIX, min(_MAX_PREFIX + 1, len(first))):
            if first[:length] not in NO_FIRST_LETTERS:
                self._by_prefix.setdefault(first[:length], []).append(name)

    def named_in(self, text: str) -> frozenset[str]:
        """Return the names of those whom `text` names."""
        return frozenset(mention.name for mention in self.mentions(text))

    def mentions(self, text: str) -> tuple[Mention, ...]:
        """Return where `text` names whom, in order of their places."""
        found = [*self._unspaced.mentions(text)]
        # Most texts name nobody, and that is seen without looking at their words one by one.
        if not self._callable.isdisjoint(possible_names(text)):
            for run in self._runs(text):
                found += self._read(run)
        return tuple(sorted(found, key=lambda mention: mention.start))

    def _runs(self, text: str) -> Iterator[list[Word]]:
        """Yield the words side by side that may be parts of one name."""
        run: list[Word] = []
        for word in split_words(text):
            if run and not (is_adjacent(text, run[-1], word) and is_cased_alike(run[-1], word)):
                yield run
                run = []
            if self._may_belong(word):
                run.append(word)
            elif run:
                yield run
                run = []
        if run:
            yield run

    def _may_belong(self, word: Word) -> bool:
        text = word.text
        if word.is_lower and text in ORDINARY:
            return False
        return (
            (word.is_capital and text not in NO_NAMES)
            or text in self._by_word
            or text in TITLES
            or text in PARTICLES
            or text in SUFFIXES
            or not self._by_short_form.keys().isdisjoint(short_forms().get(text, ()))
        )

    def _read(self, run: list[Word]) -> Iterator[Mention]:
        """Yield the mentions of a run, the longest first at each place."""
        length = len(run)
        while length and not (run[length - 1].is_capital or self._is_known(run[length - 1])):
            length -= 1
        start, is_continued = 0, False
        while start < length:
            for end in range(min(length, start + self._max_words), start, -1):
                names = self._meant(run[start:end], is_continued, end < length)
                if names:
                    if len({name.person for name in names}) == 1:
                        for name in sorted({name.name for name in names}):
                            yield Mention(run[start].start, run[end - 1].end, name)
                    start, is_continued = end, True
                    break
            else:
                # Who is no "Mr. Kim" is no Kim there either.
                while start < length - 1 and run[start].text in TITLES:
                    start += 1
                is_continued = is_continued or run[start].is_capital or self._is_known(run[start])
                start += 1

    def _is_known(self, word: Word) -> bool:
        return bool(self._candidates(word)) or word.text in SUFFIXES

    def _candidates(self, word: Word) -> list[Name]:
        """Return the people of whom a word may be a name."""
        found = [*self._by_word.get(word.text, ())]
        for line in short_forms().get(word.text, ()):
            found += self._by_short_form.get(line, ())
        if word.is_capital:
            found += self._by_prefix.get(word.text, ())
        return found

    def _meant(self, words: Sequence[Word], is_continued: bool, goes_on: bool) -> set[Name]:
        """Return whom words side by side mean: those whom they fit best; none if they are no name.

        Args:
            words: The words.
            is_continued: Whether they follow words with a capital, as parts of a longer name do.
            goes_on: Whether such words follow them.
        """
        titles, core, suffixes = name_parts(words)
        telling = [word for word in core if is_telling(word.text)] or core
        pools = [pool for pool in map(self._candidates, telling) if pool]
        if not pools or not _is_written_as_name(words, core):
            return set[Name]()
        pool = set(pools[0]).intersection(*pools[1:])
        if not pool and len(core) > 1 and not self._candidates(core[1]):
            pool.update(pools[0])
        if len(pool) > _MAX_NAMESAKES:
            return pool
        best, names = _NO_FIT, set[Name]()
        for name in pool:
            fit = _fit(name, titles, core, suffixes, is_continued, goes_on)
            if fit < best:
                best, names = fit, set()
            if fit == best != _NO_FIT:
                names.add(name)
        return names


@lru_cache(1 << 8)
def people_of(names: frozenset[str]) -> People:
    """Return the people of these names, those met last without building them anew."""
    return People(sorted(names))


_NOTHING: frozenset[int] = frozenset()
_ITSELF, _PART, _SHORT_FORM, _FIRST_LETTERS, _AND_MORE, _NO_FIT = range(6)
"""How well words fit a name, best first."""


def _fit(
    name: Name,
    titles: frozenset[str],
    core: Sequence[Word],
    suffixes: frozenset[str],
    is_continued: bool,
    goes_on: bool,
) -> int:
    """Return how well words fit a name."""
    if titles and name.titles and titles.isdisjoint(name.titles):
        return _NO_FIT
    if suffixes and name.suffixes and suffixes.isdisjoint(name.suffixes):
        return _NO_FIT
    words = tuple(word.text for word in core)
    # A last name alone is written with its capital.
    is_lower = len(core) == 1 and core[0].is_lower and not titles
    if words == name.core or (sorted(words) == sorted(name.core) and any(map(is_telling, words))):
        # "Hyde Park" is not Dr. Park, and neither is a park.
        if len(words) == 1 and not titles and name.titles & FORMAL_TITLES and (is_lower or is_continued):
            return _NO_FIT
        return _ITSELF if titles == name.titles else _PART
    places, worst = _places(words, name.core, core[0].is_capital)
    if not places:
        is_longer = len(name.core) == 1 and words[0] == name.core[0] and is_telling(words[0])
        return _AND_MORE if is_longer else _NO_FIT
    first, last = places[0], len(name.core) - 1
    is_other = (is_continued and first > 0) or (goes_on and places[-1] < last)
    is_first_name = titles & FORMAL_TITLES and not name.titles and places == [0]
    if is_other or is_first_name or (is_lower and first > 0):
        return _NO_FIT
    pairs = zip(words, (name.core[place] for place in places), strict=True)
    return worst if any(is_telling(word) and len(part) > 1 for word, part in pairs) else _NO_FIT


def _places(words: Sequence[str], core: Sequence[str], is_capital: bool) -> tuple[list[int], int]:
    """Return where in a name's core the words stand and their worst fit; nowhere if not in its order."""
    places: list[int] = []
    worst, place = _PART, 0
    for word in words:
        while place < len(core) and (fit := _word_fit(word, core[place], place == 0, is_capital)) == _NO_FIT:
            place += 1
        if place == len(core):
            return [], _NO_FIT
        worst = max(worst, fit)
        places.append(place)
        place += 1
    return places, worst


def _word_fit(word: str, part: str, is_first: bool, is_capital: bool) -> int:
    if word == part:
        return _PART
    if min(len(word), len(part)) == 1:
        return _SHORT_FORM if word[0] == part[0] else _NO_FIT
    if not is_first:
        return _NO_FIT
    forms = short_forms()
    if not forms.get(word, _NOTHING).isdisjoint(forms.get(part, _NOTHING)):
        return _SHORT_FORM
    is_prefix = is_capital and _MIN_PREFIX <= len(word) <= _MAX_PREFIX and part.startswith(word)
    return _FIRST_LETTERS if is_prefix and word not in NO_FIRST_LETTERS else _NO_FIT


def _is_written_as_name(words: Sequence[Word], core: Sequence[Word]) -> bool:
    """Return whether a word that may be an ordinary one is written as a name."""
    if len(words) > 1:
        return True
    word = core[0]
    if len(word.text) == 1 or word.text in ORDINARY:
        return word.is_capital and (not word.opens or word.is_possessive) and word.text != "i"
    return True
