"""`SimilarityRule`: a manager that rewrites what a turn states anew, and adds all else."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from memdojo.envs.episodes.visible import VisibleEpisode
from memdojo.envs.memory.analysis import analyze
from memdojo.envs.memory.retrieval.retrievers import BM25Retriever
from memdojo.envs.memory.room import has_room
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.streams.rendering import render_turn, split_turn
from memdojo.envs.types import Delete, Hit, MemoryEntry, Operation, Turn, Update
from memdojo.errors import ConfigError

from .rules import TurnRule, add_turn, keep_newest

SIMILARITY_THRESHOLD = 0.25
"""Likeness from which on an entry leaves a full store for a turn, chosen on one conversation (conv-26)."""

MAX_MERGED = 64
"""Turns that go into one entry; the next one takes its place, so that the work of a step stays bounded."""

_MAX_STATEMENT = 200
"""Characters of a turn that may be a bare statement."""

_ATTRIBUTES = (
    r"(?:(?:home|work|office|mobile|cell|phone|account|house|flat|room|seat|license|licence|passport|customer|"
    r"member|postal|zip|area|door|gate|job|first|last|middle|maiden|full|user|screen|display|e-?mail|web|"
    r"mailing|billing|shipping|delivery|shoe|dress|ring|shirt|blood|heart|time|star|monthly|yearly|annual|"
    r"weekly|hourly|daily) )*"
    r"(?:name|surname|nickname|username|number|phone|mobile|address|e-?mail|website|postcode|code|password|"
    r"passphrase|pin|birthday|birth date|date of birth|age|height|weight|size|blood type|job|title|"
    r"occupation|profession|employer|salary|wage|rent|income|budget|hometown|home town|nationality|zone|"
    r"timezone|sign|"
    r"marital status|(?:favou?rite|preferred) (?:\w+ )?\w+)"
)
"""What a person has one of at a time, as far as one can tell from the words alone."""

_NAME = r"[^\W\d_][\w.-]*(?: [^\W\d_][\w.-]*)?"
_LEAD_IN = re.compile(r"(?:(?:actually|oh|well|so|now|currently|by the way|update|correction)[,:]? )+", re.I)
_STATEMENTS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?P<who>my|our|{_NAME}'s)(?P<what> {_ATTRIBUTES}) (?:is|=) (?P<value>.+)",
        rf"(?P<who>i|we|{_NAME})(?P<what> lives? in) (?P<value>.+)",
        rf"(?P<who>i|we|{_NAME})(?P<what> works? (?:at|for)) (?P<value>.+)",
        rf"(?P<who>i|we|{_NAME})(?:'m|'s| am| is| are) (?P<value>\d+)(?P<what> years old)",
    )
)
_PASSING = re.compile(r"\b(?:new|now|current|currently) ", re.IGNORECASE)
_AFTERWARDS = re.compile(r"[ ,]+(?:now|these days|at the moment|currently)$", re.IGNORECASE)
_SAYS_MORE = re.compile(
    r"\b(?:and|or|but|nor|not|no|never|also|too|both|another|other|either|as|with|without|because|since|so|if|"
    r"when|while|until|till|for|from|to|by|in|on|at|during|every|who|which|that|where|sometimes|often|usually|"
    r"mostly|partly|half|maybe|perhaps|probably|than|plus)\b|[&;!?(\"“”]|[,:](?!\d)|\.\s",
    re.IGNORECASE,
)
"""In place of a bare value: then a text says more than one, and to replace it would lose the rest."""

_MAX_VALUE_WORDS = 4
_OPEN = (
    "he she it they you who this that there someone somebody everyone everybody nobody one people the a an "
    "some another his her their my our"
)
"""First words of subjects that may be somebody else each time."""


class SimilarityRule(TurnRule[VisibleEpisode]):
    """Rewrites the entry of which a turn states another value, else adds the turn.

    An entry is rewritten only where both texts say nothing but a value of the same attribute of the same
    person, such as where somebody lives, and where a turn repeats an entry of its day word for word. In any
    doubt the turn is added: a turn that is kept twice costs room, and one that is merged wrongly is lost.
    The grammar behind this is English; in other languages only repetitions are merged.

    From a full store the entry most like the turn leaves, by the cosine of their sets of words (as `analyze`
    gives them), and the oldest where none is alike. Of the store only the best hits of a BM25 search and the
    newest entries are looked at.

    Args:
        threshold: Likeness from which on an entry leaves a full store for the turn, in (0, 1].
        num_candidates: How many hits, and how many of the newest entries, are compared with the turn.

    Raises:
        ConfigError: If `threshold` is out of range.
    """

    name = "similarity"

    def __init__(self, threshold: float = SIMILARITY_THRESHOLD, num_candidates: int = 8) -> None:
        if not 0 < threshold <= 1:
            raise ConfigError(f"the threshold of the similarity rule is {threshold}; it lies in (0, 1].")
        self.threshold = threshold
        self.num_candidates = num_candidates
        self._search = BM25Retriever().search

    def decide(self, episode: VisibleEpisode, turn: Turn) -> tuple[Operation, ...]:
        """Rewrite an entry or add the turn."""
        store, text = episode.store, render_turn(turn)
        stated = _stated(turn.speaker, turn.text)
        hits = self._search(store, text, self.num_candidates)
        # Of many entries that match alike the search finds the oldest, and repetitions are of the newest.
        newest = store.readable[-self.num_candidates :]
        for entry in (*reversed(newest), *(hit.entry for hit in hits)):
            if not (_is_repeated(entry, turn, text) or (stated is not None and _states(entry, stated))):
                continue
            if not has_room(store, text, in_place_of=entry):
                break
            if len(entry.sources) >= MAX_MERGED:
                return (Delete(entry.id), add_turn(turn))
            return (Update(entry.id, text, (turn.id,), turn.time),)
        return keep_newest(store, turn, self._leaving_first(store, text, hits))

    def _leaving_first(self, store: MemoryStore, text: str, hits: Sequence[Hit]) -> Iterator[MemoryEntry]:
        """Yield the entry most like a text, if one is alike, and then the others, the oldest in front."""
        words = set(analyze(text))
        likeness = [_likeness(words, set(analyze(hit.entry.text))) for hit in hits]
        best = max(range(len(hits)), key=likeness.__getitem__, default=None)
        nearest = hits[best].entry if best is not None and likeness[best] >= self.threshold else None
        if nearest is not None:
            yield nearest
        yield from (entry for entry in store.entries if entry is not nearest)


def _likeness(first: set[str], second: set[str]) -> float:
    return len(first & second) / math.sqrt(len(first) * len(second)) if first and second else 0.0


def _is_repeated(entry: MemoryEntry, turn: Turn, text: str) -> bool:
    """Return whether an entry says the same, of the same day: "I ran today" is news on another."""
    days = {time and time.date() for time in (entry.time, turn.time)}
    return entry.text == text and len(days) == 1


def _stated(speaker: str, said: str) -> str | None:
    """Return whose attribute a turn states a bare value of, equal for equal ones; None for any other turn."""
    said = _AFTERWARDS.sub("", said.strip().rstrip(".!"))
    if len(said) > _MAX_STATEMENT:
        return None
    lead_in = _LEAD_IN.match(said)
    said = _PASSING.sub("", said[lead_in.end() :] if lead_in else said)
    for pattern in _STATEMENTS:
        found = pattern.fullmatch(said)
        if found is not None and _is_somebody(found["who"]) and _is_bare(found["value"], found["what"]):
            return f"{speaker}|{found['who']}{found['what']}".casefold()
    return None


def _states(entry: MemoryEntry, stated: str) -> bool:
    return _stated(*split_turn(entry.text)) == stated


def _is_somebody(who: str) -> bool:
    """Return whether words name the speaker or, all of them with capitals, one person."""
    words = who.split()
    if words[0].lower() in ("i", "we", "my", "our") and len(words) == 1:
        return True
    return words[0].lower() not in _OPEN.split() and all(word[0].isupper() for word in words)


def _is_bare(value: str, what: str) -> bool:
    """Return whether a value is one name or number: "fear" is none of those that somebody lives in."""
    is_value = any(character.isdigit() or character.isupper() for character in value) or "@" in value
    if not is_value and "favo" not in what.lower() and "prefer" not in what.lower():
        return False
    return len(value.split()) <= _MAX_VALUE_WORDS and _SAYS_MORE.search(value) is None
