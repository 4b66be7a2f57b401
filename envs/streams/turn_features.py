"""Readable features of a turn, as a policy may know them when the turn arrives.

Everything is causal: document frequencies count only the turns so far, so a feature never looks ahead.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ..memory.analysis import analyze
from ..types import Turn
from .calendar import MONTHS, WEEKDAYS
from .rendering import split_turn

FloatArray = npt.NDArray[np.float32]

FEATURE_BOUND = 10.0
"""Features are cut off at this size, so that a turn of thousands of words stays within observation spaces."""

LOG_WORDS_SCALE = 4.0
"""What `log_words` is divided by, to be of the size of the others."""

SESSION_GAP = timedelta(minutes=30)
"""Silence after which a new session begins."""

TURN_FEATURES = (
    "sum_idf",
    "mean_idf",
    "max_idf",
    "log_words",
    "new_word_share",
    "num_new_words",
    "num_sentences",
    "ends_with_question",
    "has_question",
    "exclamations",
    "previous_is_question",
    "previous_log_words",
    "answers_previous",
    "capitals",
    "has_capital",
    "digits",
    "number_words",
    "time_words",
    "calendar_words",
    "first_person",
    "second_person",
    "starts_with_reaction",
    "change_words",
    "retraction_words",
    "preference_words",
    "event_words",
    "plan_words",
    "relation_words",
    "own_relation",
    "others_relation",
    "photo",
    "session_start",
    "novelty",
)
"""Names of the columns of `turn_features`."""

COLUMN = {name: index for index, name in enumerate(TURN_FEATURES)}

_OF_THE_DIALOGUE = frozenset(
    (
        *("sum_idf", "mean_idf", "max_idf", "new_word_share", "num_new_words"),
        *("previous_is_question", "previous_log_words", "answers_previous", "session_start", "novelty"),
    )
)

SURFACE_FEATURES = tuple(name for name in TURN_FEATURES if name not in _OF_THE_DIALOGUE)
"""Those of them that depend on the text of the turn alone."""


def _words(*words: str) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(words) + r")\b", re.IGNORECASE)


_CALENDAR = _words(*MONTHS, *WEEKDAYS)
_PATTERNS = {
    "number_words": _words(
        "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|couple|twice"
    ),
    "time_words": _words(
        "yesterday|today|tomorrow|tonight|ago|since|last|next|week|weekend|month|year|recently|soon"
    ),
    "calendar_words": _CALENDAR,
    "first_person": _words("i|i'm|i've|i'd|i'll|my|mine|me|we|we're|we've|our|us"),
    "second_person": _words("you|you're|you've|your|yours"),
    "change_words": _words(
        "actually|instead|changed|change|switched|moved|correction|meant|mean|wrong|now|new",
        "anymore|turns out|update",
    ),
    "retraction_words": _words(
        "forget|scratch|never mind|nevermind|after all|no longer|not going|called off",
        "cancelled|canceled|fell through",
    ),
    "preference_words": _words(
        "love|loves|like|likes|favou?rite|prefer|prefers|enjoy|enjoys|hate|hates|fan|into|passion|dream"
    ),
    "event_words": _words(
        "went|got|bought|started|joined|took|made|visited|won|met|signed|finished|moved|adopted|found|named|called|born"
    ),
    "plan_words": _words("plan|plans|planning|going to|will|want|hope|hoping|booked|thinking of|considering"),
    "relation_words": _words(
        "wife|husband|partner|sister|brother|mum|mom|mother|dad|father|son|daughter|kids?|cousin|aunt|uncle|friend",
        "boss|colleague|neighbou?r|dog|cat|puppy|kitten|grandma|grandmother|grandpa|grandfather|niece|nephew",
    ),
    "own_relation": _words(
        r"(?:my|our) (?:\w+ )?(?:wife|husband|partner|sister|brother|mum|mom|mother|dad|father|son|daughter)",
        r"(?:my|our) (?:\w+ )?(?:kids?|cousin|aunt|uncle|boss|dog|cat|puppy|kitten|grand\w+|niece|nephew)",
        r"(?:my|our) (?:\w+ )?best friend",
    ),
    "others_relation": _words(
        r"(?:neighbou?r|colleague|coworker|co-worker|stranger|guy|woman|man|someone|somebody|landlord|barista)"
    ),
}
_REACTION = re.compile(
    r"(?:wow|oh|aw+|ha(?:ha)+|thanks?|thank|yeah|yes|yep|no way|nice|cool|great|awesome|amazing|sounds?|"
    r"that's|that|congrats|congratulations|really|ok|okay|sure|hey|hi|hello|bye|good|glad|absolutely|totally|true|right|lol)\b",
    re.IGNORECASE,
)
_CAPITALISED = re.compile(r"(?<![.!?:]\s)(?<!^)\b(?!I\b|I'|Im\b)[A-Z][\w'-]+")
_SENTENCE_END = re.compile(r"[.!?]+")


def begins_session(previous: datetime | None, time: datetime | None) -> bool:
    """Return whether a turn of one time, behind one of another, is the first of a session.

    In data that has one time for each session these differ by far; elsewhere it is the silence that tells.
    """
    if previous is None or time is None:
        return previous is not time
    return abs(time.replace(tzinfo=None) - previous.replace(tzinfo=None)) > SESSION_GAP


class TurnFeaturizer:
    """Computes the features of turns as they come, one after the other.

    Attributes:
        frequency: In how many of the turns so far each word occurred.
        num_turns: Turns so far.
        words: The words of the last turn.
    """

    def __init__(
        self,
        frequency: Counter[str] | None = None,
        num_turns: int = 0,
        previous: Turn | None = None,
        words: Collection[str] = (),
    ) -> None:
        self.frequency: Counter[str] = Counter() if frequency is None else frequency
        self.num_turns = num_turns
        self.words = set(words)
        self._previous = previous

    def add(self, turn: Turn, text: str) -> FloatArray:
        """Return the features of the next turn, which would be stored as `text`, shape (num_features,)."""
        words = set(analyze(text))
        seen_before = [word for word in words if self.frequency[word]]
        self.frequency.update(words)
        self.num_turns += 1
        values = _surface_features(turn.text)
        values |= _rarity_features(words, seen_before, self.frequency, self.num_turns)
        values |= _context_features(words, turn, self._previous, self.words)
        row = np.zeros(len(TURN_FEATURES), dtype=np.float32)
        for name, value in values.items():
            row[COLUMN[name]] = value
        self._previous, self.words = turn, words
        clipped: FloatArray = np.clip(row, -FEATURE_BOUND, FEATURE_BOUND)
        return clipped

    def take_back(self, words: Mapping[str, int]) -> None:
        """Add the (negative) numbers to those of the turns in which words occurred."""
        for word, change in words.items():
            self.frequency[word] += change
            if self.frequency[word] < 1:
                del self.frequency[word]

    def forget_last(self) -> None:
        """Let the next turn begin anew, as the first of a session does."""
        self._previous, self.words = None, set()


def turn_features(turns: Sequence[Turn], texts: Sequence[str]) -> FloatArray:
    """Compute the features of every turn of a stream in one pass.

    Args:
        turns: All turns in order.
        texts: The same turns as they would be stored.

    Returns:
        Shape (num_turns, len(TURN_FEATURES)), roughly within [-1, 3].
    """
    featurizer = TurnFeaturizer()
    rows = np.zeros((len(turns), len(TURN_FEATURES)), dtype=np.float32)
    for index, (turn, text) in enumerate(zip(turns, texts, strict=True)):
        rows[index] = featurizer.add(turn, text)
    return rows


def inverse_document_frequency(
    frequency: npt.NDArray[np.int64], num_documents: int
) -> npt.NDArray[np.float64]:
    """Weights of words that occur in `frequency` of `num_documents` texts (Lucene's BM25 variant)."""
    return np.log1p((num_documents - frequency + 0.5) / (frequency + 0.5))


def _rarity_features(
    words: set[str], seen_before: Sequence[str], frequency: Counter[str], num_turns: int
) -> dict[str, float]:
    weights = inverse_document_frequency(np.array([frequency[word] for word in words], np.int64), num_turns)
    # Exact, because a set of words has another order in every process, and a rounded sum another last bit.
    total = math.fsum(weights.tolist())
    num_new = len(words) - len(seen_before)
    return {
        "sum_idf": total / 30,
        "mean_idf": total / (4 * max(len(weights), 1)),
        "max_idf": float(weights.max(initial=0.0)) / 5,
        "new_word_share": num_new / max(len(words), 1),
        "num_new_words": math.log1p(num_new) / 3,
    }


@lru_cache(maxsize=32_768)
def surface_features(text: str) -> tuple[float, ...]:
    """Return the features of a text that depend on it alone, as `SURFACE_FEATURES` names them.

    Args:
        text: As it was said, or as `render_turn` has it: the speaker in front does not count.
    """
    values = _surface_features(split_turn(text)[1])
    return tuple(values[name] for name in SURFACE_FEATURES)


def _surface_features(text: str) -> dict[str, float]:
    capitals = len(_CAPITALISED.findall(text))
    features = {name: min(len(pattern.findall(text)), 3) / 2 for name, pattern in _PATTERNS.items()}
    return features | {
        "log_words": math.log1p(len(text.split())) / LOG_WORDS_SCALE,
        "num_sentences": min(len(_SENTENCE_END.findall(text)), 6) / 6,
        "ends_with_question": float(text.rstrip().endswith("?")),
        "has_question": float("?" in text),
        "exclamations": min(text.count("!"), 3) / 3,
        "capitals": min(capitals, 6) / 3,
        "has_capital": float(capitals > 0),
        "digits": float(any(character.isdigit() for character in text)),
        "starts_with_reaction": float(_REACTION.match(text) is not None),
        "photo": float("[photo" in text),
    }


def _context_features(
    words: set[str], turn: Turn, previous: Turn | None, previous_words: set[str]
) -> dict[str, float]:
    if previous is None or begins_session(previous.time, turn.time):
        return {"session_start": 1.0, "novelty": 1.0}
    shared = len(words & previous_words) / max(len(words), 1)
    asked = previous.text.rstrip().endswith("?")
    return {
        "previous_is_question": float(asked),
        "previous_log_words": math.log1p(len(previous.text.split())) / LOG_WORDS_SCALE,
        "answers_previous": float(
            asked and previous.speaker != turn.speaker and not turn.text.rstrip().endswith("?")
        ),
        "novelty": 1 - shared,
    }
