"""A model-free reader: short answers cut out of the retrieved lines."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from memdojo.rewards.metrics import NO_INFORMATION

from ..people import Mention, People, people_of
from .answerer import Answer, AnswerRequest
from .dates import write_day
from .lines import Line, Sentence, Span, SpanMaker, parse_lines, spans_of, times_of
from .questions import ParsedQuestion, parse_question, tokens_within
from .retractions import Retraction
from .solver import solve
from .words import CLAUSE_ENDS, CURRENCIES, NAMING, PREPOSITIONS, RELATIVES, SMALL_NUMBERS, TIME_WORDS, VERBS

_MAX_PLACES = 10
"""Sentences that are searched for an answer."""
_MAX_GAP = 0.35
"""How far a sentence may fall behind the best one and still be searched."""
_MAX_COMPLEMENT_WORDS = 8

# Weights of a candidate, set by hand on LoCoMo and on synthetic training streams; few of them matter by more
# than half a point of F1.
_RELEVANCE_WEIGHT = 1.5
_AGE_WEIGHT = 0.15
_SET_ASIDE = 0.6
"""Taken from the score of a value that a correction or a denial sets aside."""
_ECHO = 0.4
_COMPLEMENT = 0.1


_Term = tuple[str, frozenset[int], float]
"""A stem of the question, its notions, and its share of the question's weight."""


class _Place(NamedTuple):
    """A sentence that may hold the answer, with its relevance.

    Attributes:
        own: Share of the question's weighted words that the sentence has.
        age: 0 for the oldest line of the context, 1 for the newest.
        present: The question's terms that the sentence has, itself or by a related word.
    """

    line: Line
    sentence: Sentence
    score: float
    own: float
    age: float
    present: list[_Term]

    @property
    def matched(self) -> frozenset[str]:
        """The question's stems that the sentence itself has."""
        return frozenset(stem for stem, _, _ in self.present) & self.sentence.stems


class ExtractiveAnswerer:
    """Cuts a short answer out of the context; needs no model and always gives the same answer.

    Its grammar is English: question words, verbs, retractions and dates. Names, words and values of other
    languages are read whole, in any form of Unicode, but a question in another language finds no more than
    the sentence that shares most words with it.

    The sentences of the context are ranked by the question's words that they have (rare ones weigh more,
    related words half), by whether they are about the person asked for (`People`), and by rank. Where the
    question is about something of the person's ("Ana's sister"), lines that share a name with one about it
    count as well. Spans of the best sentences are weighed by their sort (name, place, number, ...), their
    distance from the matched words and their date: what was said later wins, what was corrected loses, and
    what was taken back is no information. What is one value, such as a phone number, an address, a price or a
    range, is returned whole. Relative times ("last Friday") are counted from the line's date. The time that
    an answer takes grows linearly with the text.

    A task is answered by `solve`, from the cases in the context.

    Args:
        threshold: Least relevance of the best sentence, about the share of the question's weighted words that
            it has, below which the answer is "No information available".

    Raises:
        ValueError: If `threshold` is not between 0 and 1.
    """

    def __init__(self, threshold: float = 0.15) -> None:
        if not 0 <= threshold <= 1:
            raise ValueError(f"threshold is {threshold}; give a share between 0 and 1.")
        self._threshold = threshold

    @property
    def fingerprint(self) -> str:
        """Name, version of the rules, and setting."""
        return f"extractive-2(threshold={self._threshold:g})"

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        """Answer every request; never fails."""
        return [Answer(self._read(request)) for request in requests]

    def _read(self, request: AnswerRequest) -> str:
        if request.options is not None:
            return solve(request.question, request.options, request.context)
        lines = parse_lines(request.context)
        among = people_of(frozenset(line.speaker for line in lines if line.speaker))
        question = parse_question(request.question, among)
        places, links = _rank_sentences(question, lines)
        if not places or places[0].score < self._threshold or _is_retracted(question, places):
            return NO_INFORMATION
        return _compose(question, places, links) or NO_INFORMATION


def _rank_sentences(question: ParsedQuestion, lines: Sequence[Line]) -> tuple[list[_Place], frozenset[str]]:
    """Return the sentences by relevance, best first, and the names that only lead from line to line."""
    terms = _Terms(_weighted_terms(question, lines))
    # Only what a line has can be in its sentences.
    matches = [terms.match(line) for line in lines]
    named = [[_names_asked(question, sentence) for sentence in line.sentences] for line in lines]
    about = [line.speaker in question.people or any(each) for line, each in zip(lines, named, strict=True)]
    bonuses, links = _follow_names(question, lines, [present for present, _ in matches], about)
    dates = sorted({line.said for line in lines if line.said})
    places: list[_Place] = []
    for rank, (line, (present, around)) in enumerate(zip(lines, matches, strict=True)):
        age = _age(line.said, dates)
        without, with_name = _person(question, line, about[rank])
        without, with_name = bonuses.get(rank, without), bonuses.get(rank, with_name)
        near = _Terms(present)
        for sentence, is_named in zip(line.sentences, named[rank], strict=True):
            own, overlap = near.match(sentence)
            score = 0.7 * overlap + 0.3 * around - 0.01 * rank
            score += with_name if is_named else without
            if sentence.is_question:
                score -= 0.1 if sentence.first_person else 0.25
            if sentence.is_aside or (sentence.second_person and not sentence.first_person):
                score -= 0.1
            places.append(_Place(line, sentence, score, overlap, age, own))
    places.sort(key=_by_score, reverse=True)
    return places, links


def _names_asked(question: ParsedQuestion, sentence: Sentence) -> bool:
    """Return whether a sentence names somebody or something that the question names."""
    if not question.names.isdisjoint(sentence.names):
        return True
    if not question.people:
        return False
    return any(mention.name in question.people for mention in _mentions(question.among, sentence.text))


@lru_cache(1 << 14)  # Of sentences, none of which is longer than 2,000 characters.
def _mentions(people: People, text: str) -> tuple[Mention, ...]:
    """Return whom a sentence names; the same ones are read for many questions."""
    return people.mentions(text)


def _by_score(place: _Place) -> float:
    return place.score


def _follow_names(
    question: ParsedQuestion, lines: Sequence[Line], present: list[list[_Term]], about: Sequence[bool]
) -> tuple[dict[int, float], frozenset[str]]:
    """Find the second hop: lines about someone or something whose name another line gives.

    For "Where does Ana's sister live?" the line "My sister is Eva" leads to "Eva lives in Oslo", which shares
    the name with it and has words of the question beyond "sister".

    Returns:
        By index of the line that was led to, what it gains in place of an agreeing person; and the names that
        led there.
    """
    bonuses: dict[int, float] = {}
    links: set[str] = set()
    if not question.owned:
        return bonuses, frozenset()
    speaking = {word for line in lines for word in line.speaker.lower().split()}
    known = question.names.union(TIME_WORDS, speaking)
    # How far a name leads, wherever it stands and where it is surely one.
    leads: dict[str, float] = {}
    sure: dict[str, float] = {}
    for index, line in enumerate(lines):
        led = sum(share for term, _, share in present[index] if term in question.owned)
        if about[index] and any(term in question.owned for term, _, _ in present[index]):
            for name in line.names - known:
                leads[name] = max(led, leads.get(name, 0.0))
                if name in line.sure_names:
                    sure[name] = max(led, sure.get(name, 0.0))
    for index, line in enumerate(lines):
        beyond = any(term not in question.owned for term, _, _ in present[index])
        if not (leads and beyond and question.owned.isdisjoint(line.stems)):
            continue
        for name in line.names:
            led_here = (leads if name in line.sure_names else sure).get(name)
            if led_here is not None:
                bonuses[index] = max(bonuses.get(index, 0.0), 0.45 + 0.7 * led_here)
                links.add(name)
    return bonuses, frozenset(links)


def _weighted_terms(question: ParsedQuestion, lines: Sequence[Line]) -> list[_Term]:
    """Weigh the question's stems by how few of the lines have them."""
    frequency = Counter(stem for line in lines for stem in question.stems & line.stems)
    weights = [math.log(1 + (len(lines) + 1) / (0.5 + frequency[stem])) for stem in question.terms]
    total = sum(weights)
    return [
        (stem, near, weight / total)
        for stem, near, weight in zip(question.terms, question.notions, weights, strict=True)
    ]


class _Terms:
    """Terms of a question, found in a text in time linear in the shorter of the two."""

    def __init__(self, terms: Sequence[_Term]) -> None:
        self._terms = terms
        self._places = {term[0]: place for place, term in enumerate(terms)}
        self._related: dict[int, list[int]] = {}
        for place, (_, near, _) in enumerate(terms):
            for notion in near:
                self._related.setdefault(notion, []).append(place)

    def match(self, text: Line | Sentence) -> tuple[list[_Term], float]:
        """Return the terms that a text has, itself or by a related word (half), and their share."""
        if self._places.keys().isdisjoint(text.stems) and self._related.keys().isdisjoint(text.notions):
            return [], 0.0
        own = {self._places[stem] for stem in self._places.keys() & text.stems}
        related = {place for notion in self._related.keys() & text.notions for place in self._related[notion]}
        found = sorted(own | related)
        overlap = sum(self._terms[place][2] * (1.0 if place in own else 0.5) for place in found)
        return [self._terms[place] for place in found], overlap


def _person(question: ParsedQuestion, line: Line, is_about: bool) -> tuple[float, float]:
    """Rate a line's sentences, without and with the name, by their agreement with the question's person."""
    if not question.has_names:
        return 0.0, 0.0
    if line.speaker in question.people:
        return 0.25, 0.35
    # A person who never speaks can only be spoken of.
    return (0.05 if is_about else -0.15), (0.15 if question.people else 0.35)


def _age(said: date | None, dates: list[date]) -> float:
    if said is None or len(dates) < 2:
        return 0.0
    return (said - dates[0]).days / (dates[-1] - dates[0]).days


def _is_retracted(question: ParsedQuestion, places: list[_Place]) -> bool:
    """Return whether the newest relevant sentence takes the matter back without a replacement."""
    least = places[0].score - 0.25
    enough = max(0.1, 0.6 * max(place.own for place in places))
    relevant = [
        place
        for place in places
        if (place.score >= least and place.own >= enough) or _ends_asked_thing(question, place)
    ]
    if not relevant:
        return False
    newest = max(relevant, key=lambda place: (place.age, _takes_back(question, place), place.score))
    if not _takes_back(question, newest) or newest.sentence.replaces:
        return False
    # "It isn't 4331 any more, it's 3855" has a value of the wanted sort to offer.
    known = _Known(question, newest)
    return question.wants not in ("number", "where", "name", "address") or not any(
        span.kind in ("name", "number", "address") and not span.dismissed and not known.is_in(span)
        for span in spans_of(newest.sentence)
    )


def _takes_back(question: ParsedQuestion, place: _Place) -> bool:
    """Return whether a sentence takes back what the question asks for."""
    return any(
        not each.things or _is_asked(question, each) for each in _retractions_for(question, place.sentence)
    )


def _ends_asked_thing(question: ParsedQuestion, place: _Place) -> bool:
    """Return whether a sentence tells the end of the person's very thing that the question asks for."""
    is_own = (
        not question.has_names
        or place.line.speaker in question.people
        or not question.names.isdisjoint(place.sentence.names)
    )
    return is_own and any(_is_asked(question, each) for each in _retractions_for(question, place.sentence))


def _retractions_for(question: ParsedQuestion, sentence: Sentence) -> Iterator[Retraction]:
    """Yield a sentence's retractions without the events that the question asks for itself."""
    for each in sentence.retractions:
        if not (each.events and each.events <= question.events):
            yield each


def _is_asked(question: ParsedQuestion, each: Retraction) -> bool:
    return not (each.things.isdisjoint(question.stems) and each.notions.isdisjoint(question.all_notions))


class _Known:
    """Which spans of a sentence name its speaker, or somebody or something that the question names."""

    def __init__(self, question: ParsedQuestion, place: _Place) -> None:
        self._names = question.names
        known = question.people | {place.line.speaker}
        mentions = [each for each in _mentions(question.among, place.sentence.text) if each.name in known]
        tokens = place.sentence.tokens
        within = tokens_within(tokens, mentions) if mentions else ()
        # The name in somebody's address may well be asked for with it.
        self._places = [index for index, known in enumerate(within) if known and not tokens[index].is_address]

    def is_in(self, span: Span) -> bool:
        """Return whether a span has such a name."""
        if not self._names.isdisjoint(span.words):
            return True
        return bisect_left(self._places, span.first) < bisect_right(self._places, span.last)


def _dismissed_values(places: list[_Place]) -> dict[frozenset[str], float]:
    """Return the words of each value that a correction sets aside, with the age up to which that holds."""
    dismissed: dict[frozenset[str], float] = {}
    for place in places:
        if place.sentence.replaces or place.sentence.retractions:
            for span in spans_of(place.sentence):
                if span.dismissed:
                    dismissed[span.words] = max(place.age, dismissed.get(span.words, 0.0))
    return dismissed


def _compose(question: ParsedQuestion, places: list[_Place], links: frozenset[str]) -> str:
    """Return the best answer of the wanted sort among the best sentences; "" if there is none."""
    best = places[0]
    if question.wants == "yes_no":
        return "No" if _is_negated(best.sentence) else "Yes"
    if question.wants == "when":
        return _when(places)
    top = [place for place in places[:_MAX_PLACES] if place.score >= best.score - _MAX_GAP]
    dismissed = _dismissed_values(top)
    answer, most = "", -math.inf
    for place in top:
        bonus = _RELEVANCE_WEIGHT * (place.score - best.score) + _AGE_WEIGHT * place.age
        for span, worth in _candidates(question, place):
            if question.measure == "many" and not _counts_focus(question, place.sentence, span):
                continue
            if place.age <= dismissed.get(span.words, -1.0):
                worth -= _SET_ASIDE
            if worth + bonus > most and links.isdisjoint(span.words):
                answer, most = span.text, worth + bonus
    return answer or (_count(question, places) if question.measure == "many" else "")


def _counts_focus(question: ParsedQuestion, sentence: Sentence, span: Span) -> bool:
    """Return whether a number precedes the noun that is counted, as in "two old *cars*"."""
    following = sentence.tokens[span.first : span.last + 3]
    return (
        not span.joint and span.kind == "number" and any(token.stem in question.focus for token in following)
    )


def _is_negated(sentence: Sentence) -> bool:
    return any(
        token.lower in ("not", "no", "never") or token.lower.endswith("n't") for token in sentence.tokens
    )


def _count(question: ParsedQuestion, places: list[_Place]) -> str:
    """Count the lines that speak of the matter."""
    most = max(place.own for place in places)
    lines = {
        id(place.line)
        for place in places
        if place.own >= max(0.1, 0.4 * most)
        and place.score >= places[0].score - 0.4
        and (not question.focus or not question.focus.isdisjoint(place.matched))
    }
    return SMALL_NUMBERS[len(lines)] if 0 < len(lines) < len(SMALL_NUMBERS) else ""


def _when(places: list[_Place]) -> str:
    """Return the time that the best sentences mention, else the date on which the best one was said."""
    best = places[0]
    timed = [place for place in places[:6] if times_of(place.sentence) and place.score >= best.score - 0.2]
    if timed:
        return _nearest_time(max(timed, key=lambda place: place.score + 0.1 * place.age))
    for sentence in best.line.sentences:
        if times := times_of(sentence):
            return times[0].text
    return write_day(best.line.said) if best.line.said else ""


def _nearest_time(place: _Place) -> str:
    times = times_of(place.sentence)
    matched = place.matched
    spots = [token.start for token in place.sentence.tokens if token.stem in matched]
    if not spots:
        return times[0].text
    return min(times, key=lambda mention: _distance(spots, mention.start)).text


def _distance(spots: Sequence[int], place: int) -> int:
    """Return how far a place is from the nearest of some spots, which are in order; there must be one."""
    after = bisect_left(spots, place)
    return min(abs(place - spot) for spot in spots[max(0, after - 1) : after + 1])


def _candidates(question: ParsedQuestion, place: _Place) -> Iterator[tuple[Span, float]]:
    matched = place.matched
    spots = [index for index, token in enumerate(place.sentence.tokens) if token.stem in matched]
    known = _Known(question, place)
    for span in spans_of(place.sentence):
        worth = _span_worth(question, span, spots, known)
        if worth is not None:
            yield span, worth
    if question.wants in ("what", "how", "why"):
        for span in _complements(place.sentence, spots):
            worth = _span_worth(question, span, spots, known)
            if worth is not None:
                yield span, worth + _COMPLEMENT


def _span_worth(question: ParsedQuestion, span: Span, spots: list[int], known: _Known) -> float | None:
    """Return how likely a span is the answer; None if it only repeats the question or names its person."""
    words = span.words
    num_asked = len(span.stems & question.stems)
    if num_asked == len(span.stems) or known.is_in(span):
        return None
    worth = -0.2 * num_asked / len(span.stems)
    distance = min(6, _distance(spots, span.first), _distance(spots, span.last)) if spots else 6
    worth += 0.4 / (1 + distance / 3)
    if spots and span.first > spots[0]:
        worth += 0.1
    if question.wants != "name" and not question.focus.isdisjoint(span.stems):
        worth += 0.25
    # A word for the very notion that is asked for ("my favourite dish") names the slot, not its value.
    if span.kind != "number" and not question.all_notions.isdisjoint(span.notions):
        worth -= _ECHO
    if span.joint:
        worth += 0.2 if span.joint in ("and", "&", "of") else -0.25
    if span.lead in NAMING:
        worth += 0.1
    if span.dismissed:
        worth -= _SET_ASIDE
    if span.affirmed:
        worth += 0.4
    if words <= TIME_WORDS:
        worth -= 0.5
    return worth + _sort_worth(question, span)


def _sort_worth(question: ParsedQuestion, span: Span) -> float:
    """Return how well a span is of the wanted sort."""
    is_name = span.kind == "name"
    if question.wants == "who":
        return 0.6 if is_name else 0.4 if not span.words.isdisjoint(RELATIVES) else 0.0
    if question.wants == "where":
        return 0.3 * is_name + 0.3 * (span.lead in PREPOSITIONS)
    if question.wants == "number":
        return _number_worth(question, span)
    if question.wants == "address":
        return 0.8 if span.kind == "address" else -0.2
    if span.kind == "quote":
        return 0.4
    return (0.5 if question.wants == "name" else 0.1) * is_name


def _number_worth(question: ParsedQuestion, span: Span) -> float:
    if span.kind != "number" or span.joint:
        return -0.6
    if question.measure in ("much", "expensive", "high") and not span.words.isdisjoint(CURRENCIES):
        return 0.8
    is_bare = span.first == span.last
    # "How long" wants its unit, "how old" and "how much" can do without.
    return 0.6 - 0.3 * is_bare if question.measure == "long" else 0.4 + 0.3 * is_bare


def _complements(sentence: Sentence, spots: list[int]) -> Iterator[Span]:
    """Yield what follows the last matched word of each clause, up to the clause's end."""
    tokens = sentence.tokens
    make = SpanMaker(sentence.text, tokens)
    for spot, next_spot in pairwise([*spots, len(tokens)]):
        first = spot + 1
        while first < next_spot and (
            (tokens[first].is_function and tokens[first].is_word) or (tokens[first].stem in VERBS)
        ):
            first += 1
        last = first
        end = min(len(tokens), first + _MAX_COMPLEMENT_WORDS)
        while last < end and tokens[last].is_word and tokens[last].lower not in CLAUSE_ENDS:
            last += 1
        if next_spot < last:
            continue
        while last > first and tokens[last - 1].is_function:
            last -= 1
        if last > first:
            yield make(first, last - 1)
