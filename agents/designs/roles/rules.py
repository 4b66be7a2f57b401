"""`RuleRoles`: the work of all roles without a model, deterministic and fast."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from memdojo.envs.answering.lines import Sentence, Token, parse_line
from memdojo.envs.answering.words import AUXILIARIES, DETERMINERS, PREPOSITIONS, VERBS, stem
from memdojo.envs.memory.analysis import analyze
from memdojo.envs.memory.token_counter import token_counter
from memdojo.envs.people.tables import words
from memdojo.envs.streams.rendering import split_turn

from .coverage import Asked
from .protocol import Fact, Relation, Role, RoleCall
from .relations import relation_between

DEFAULT_SUMMARY_TOKENS = 64
MAX_FACT_SENTENCES = 3
"""Sentences of a fact: one, and those behind it that need it to be understood."""

_REFERS_BACK = words("""
    it it's its he he's she she's they they're his her their him them that that's this these those
""")
_SUPPOSES = words("if unless wherever whenever suppose imagine")
_LASTING = frozenset(
    map(stem, ("like", "love", "hate", "prefer", "play", "speak", "drink", "eat", "own", "enjoy", "study"))
)
"""Verbs of what holds for some time: "I like tea" is a fact, and "I had a chat" hardly."""
_AFTER_IMPERATIVES = words("yourself aside down out up all it them everything nothing for")
_MAX_LABEL = 8
"""Tokens in front of a colon that only tell what the sentence is about."""
_NAME_WEIGHT, _VALUE_WEIGHT = 2.0, 1.5


class RuleRoles:
    """Does the roles' work by rules, whose grammar is English.

    Facts are sentences that state something of somebody or something by name, or have a number; keywords are
    names, numbers and rare words; summaries the sentences with most of these; texts relate by what they
    state of whom (`relation_between`), and answer by the words and the sort of answer that a question wants
    (`Asked`).
    """

    fingerprint = "rules"

    def reply(self, calls: Sequence[RoleCall]) -> list[object]:
        """Return what each call asks for."""
        return [_RULES[call.role](call) for call in calls]


def _facts(call: RoleCall) -> tuple[Fact, ...]:
    return tuple(Fact(fact, origin) for origin, text in enumerate(call.texts) for fact in _facts_in(text))


def _facts_in(text: str) -> Iterator[str]:
    """Yield the facts of a text, each with who says it in front."""
    facts: list[list[str]] = []
    previous: Sentence | None = None
    is_continued = False
    for sentence in parse_line(text).sentences:
        goes_back = previous is not None and _refers_back(sentence)
        if is_continued and goes_back and len(facts[-1]) < MAX_FACT_SENTENCES:
            facts[-1].append(sentence.text)
        elif states_something(sentence):
            facts.append([previous.text, sentence.text] if previous and goes_back else [sentence.text])
            is_continued = True
        else:
            is_continued = False
        previous = sentence
    for sentences in facts:
        yield _with_speaker(text, " ".join(sentences))


def states_something(sentence: Sentence) -> bool:
    """Return whether a sentence tells a fact: of the speaker or by name, or with a number."""
    said = [token for token in sentence.tokens if token.is_word]
    if sentence.is_question or not said or said[0].lower in _SUPPOSES or _advises(sentence):
        return False
    if sentence.text.lower() == sentence.text.upper() and not sentence.text.isascii():
        # Scripts without capitals show no names, and some no words either.
        return len(analyze(sentence.text)) > 1
    content = [token for token in said if token.stem and not token.is_function]
    if all(token.is_number for token in said) or not content:
        return False
    # Numbers in words count things by the way, as in "give it two tries".
    if any(token.is_address or (token.is_number and token.lower[:1].isdigit()) for token in content):
        return True
    lasts = any(token.stem in _LASTING for token in said)
    if len(said) < 3 or (len(content) < 2 and not (lasts and content[0].stem not in VERBS)):
        return False
    return sentence.first_person or _names_somebody(sentence)


def _advises(sentence: Sentence) -> bool:
    """Return whether a sentence tells somebody what to do, as "set aside an hour" and "you may rest" do."""
    if sentence.first_person:
        return False
    tokens = sentence.tokens
    labels = [place for place, token in enumerate(tokens[:_MAX_LABEL]) if token.lower == ":"]
    said = [token for token in tokens[labels[-1] + 1 if labels else 0 :] if token.is_word]
    if sentence.second_person or len(said) < 2:
        return sentence.second_person
    opening, following = said[0], said[1].lower
    is_verb = opening.stem and not opening.is_function and not opening.is_number
    return bool(is_verb) and following in DETERMINERS | PREPOSITIONS | _AFTER_IMPERATIVES


def _names_somebody(sentence: Sentence) -> bool:
    """Return whether a sentence has a name that it does not only call, as "take care, Ann" does."""
    tokens = sentence.tokens
    last = max((place for place, token in enumerate(tokens) if token.is_word), default=0)
    for place, token in enumerate(tokens):
        if not token.is_name or token.is_function:
            continue
        is_called = place == last and place > 0 and tokens[place - 1].lower == ","
        if not token.is_opening:
            if not is_called:
                return True
        elif token.lower.endswith("'s"):
            return True
        elif place < last and token.stem not in VERBS:
            # A capital at the beginning is that of a name where a verb follows.
            following = tokens[place + 1]
            if following.lower in AUXILIARIES or following.stem in VERBS:
                return True
    return False


def _refers_back(sentence: Sentence) -> bool:
    return bool(sentence.tokens) and sentence.tokens[0].lower in _REFERS_BACK


def _with_speaker(text: str, said: str) -> str:
    speaker, _ = split_turn(text)
    prefix = f"{speaker}: " if speaker else ""
    return said if said.startswith(prefix) else f"{prefix}{said}"


def _keywords(call: RoleCall) -> tuple[str, ...]:
    return tuple(islice(_ranked_keywords(call.texts), call.limit or None))


def _ranked_keywords(texts: Sequence[str]) -> Iterator[str]:
    """Yield the words that texts are about in lower case, the most telling first, one for each stem."""
    forms: dict[str, str] = {}
    weights: dict[str, float] = {}
    counts: Counter[str] = Counter()
    for line in map(parse_line, texts):
        for sentence in line.sentences:
            tokens = {token.stem: token for token in sentence.tokens if token.stem and not token.is_function}
            counts.update(tokens.keys())
            for term, token in tokens.items():
                forms.setdefault(term, token.lower.removesuffix("'s"))
                weights[term] = max(weights.get(term, 0.0), _weight(token))
    worth = {term: weight * (1 + math.log(counts[term])) for term, weight in weights.items()}
    for term in sorted(worth, key=lambda term: (-worth[term], term)):
        yield forms[term]


def _weight(token: Token) -> float:
    """Return how telling a word is by itself: names and numbers most, then long words, which are rare."""
    kind = (token.is_name and not token.is_opening) * _NAME_WEIGHT
    value = (token.is_number or token.is_address) * _VALUE_WEIGHT
    return kind + value + min(len(token.stem), 12) / 12


def _title(call: RoleCall) -> str:
    chosen = set(islice(_ranked_keywords(call.texts), 5))
    lowers = (
        token.lower.removesuffix("'s")
        for text in call.texts
        for sentence in parse_line(text).sentences
        for token in sentence.tokens
    )
    return " ".join(dict.fromkeys(word for word in lowers if word in chosen))


def _summary(call: RoleCall) -> str:
    """Return sentences of the texts in their order, those with most of what is telling and not said yet."""
    room = call.limit or DEFAULT_SUMMARY_TOKENS
    counter = token_counter(None)
    sentences = [
        (place, sentence)
        for place, text in enumerate(call.texts)
        for sentence in parse_line(text).sentences
        if any(token.is_word for token in sentence.tokens)
    ]
    costs = [counter.count(_with_speaker(call.texts[place], sentence.text)) for place, sentence in sentences]
    waiting = [each for each in range(len(sentences)) if costs[each] <= room]
    said: set[str] = set()
    kept: list[int] = []
    while waiting:
        worths = {each: _worth(sentences[each][1], said) for each in waiting}
        best = max(waiting, key=lambda each: (worths[each], -each))
        if kept and not worths[best]:
            break
        kept.append(best)
        said |= sentences[best][1].stems
        room -= costs[best]
        waiting = [each for each in waiting if each != best and costs[each] <= room]
    told: dict[int, list[str]] = {}
    for each in sorted(kept):
        place, sentence = sentences[each]
        told.setdefault(place, []).append(sentence.text)
    return "\n".join(_with_speaker(call.texts[place], " ".join(parts)) for place, parts in told.items())


def _worth(sentence: Sentence, said: set[str]) -> float:
    fresh = {token.stem: token for token in sentence.tokens if token.stem and token.stem not in said}
    total = sum(_weight(token) * (0.3 if token.is_function else 1) for token in fresh.values())
    return total * (1 if states_something(sentence) else 0.3) / math.sqrt(4 + len(sentence.tokens))


def _relation(call: RoleCall) -> Relation:
    new, old = call.texts
    return relation_between(new, old)


def _merged(call: RoleCall) -> str:
    """Return the texts in their order, without repetitions and what a later one contradicts."""
    texts = tuple(dict.fromkeys(call.texts))
    return "\n".join(
        text
        for place, text in enumerate(texts)
        if all(relation_between(later, text) is not Relation.CONTRADICTS for later in texts[place + 1 :])
    )


def _sufficient(call: RoleCall) -> bool:
    return Asked(call.question, call.texts).is_answered()


def _query(call: RoleCall) -> str:
    asked = _stems(call.question)
    found = (word for word in _ranked_keywords(call.texts[:2]) if not asked.issuperset(_stems(word)))
    return " ".join([call.question, *islice(found, 3)])


def _stems(text: str) -> frozenset[str]:
    return frozenset().union(*(sentence.stems for sentence in parse_line(text).sentences))


def _relevant(call: RoleCall) -> tuple[int, ...]:
    coverage = Asked(call.question, call.texts).coverage
    order = sorted(
        (place for place, share in enumerate(coverage) if share), key=lambda place: -coverage[place]
    )
    return tuple(order[: call.limit or None])


_RULES = {
    Role.FACTS: _facts,
    Role.KEYWORDS: _keywords,
    Role.TITLE: _title,
    Role.SUMMARY: _summary,
    Role.RELATION: _relation,
    Role.MERGED: _merged,
    Role.SUFFICIENT: _sufficient,
    Role.QUERY: _query,
    Role.RELEVANT: _relevant,
}
