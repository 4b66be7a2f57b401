"""The extractive reader's general knowledge of English words."""

from __future__ import annotations

from functools import lru_cache

from ..memory.analysis import analyze
from ..people.tables import words
from ..streams import calendar


def listed(text: str) -> tuple[str, ...]:
    """Return the blank-separated words of `text` in order."""
    return tuple(text.split())


def stem(word: str) -> str:
    """Return the search term of one word; "" for a stop word or a sign."""
    return _short_stem(word) if len(word) <= _MAX_CACHED_WORD else _stem(word)


_MAX_CACHED_WORD = 64
"""Characters; longer words would make the cache as large as anybody likes."""


def _stem(word: str) -> str:
    terms = analyze(word)
    return terms[0] if terms else ""


_short_stem = lru_cache(1 << 16)(_stem)


PRONOUNS = words("""
    i you he she it we they me him us them who myself herself himself someone everyone anyone i'm
""")
AUXILIARIES = words("""
    am is are was were be been being do does did have has had having will would can could should may
    might must 'm 're 've 'll 'd 's don't doesn't didn't isn't aren't wasn't weren't won't can't
    couldn't wouldn't gonna gotta hasn't haven't let lets let's get gets got getting
""")
FUNCTION_WORDS = (
    PRONOUNS
    | AUXILIARIES
    | words("""
        a an the my your his her its our their this that these those there and or but if so because
        since while as than then of to in on at by for with from about into onto over under after
        before during until till through between against without within near around off up down out
        away back again just also too very really pretty quite still even only already yet ever
        never always often usually sometimes maybe perhaps now here when where why how what which
        whose not no yes yeah yep oh hey hi hello wow well okay ok thanks thank please some any all
        both each every much many more most few lot lots such same other another actually finally
        recently lately definitely totally absolutely instead anyway though although however like
        it's that's there's i've i'd i'll you're you've we're we've they're he's she's what's who's
        let's kinda sort kind bit sure good great nice cool awesome amazing fun else one ones thing
        things something anything everything nothing ago s t m re ve d ll gave give take took make
        made go going went come came want wanted think thought know knew say said tell told see saw
        seen look looked looks seem seems feel turned keep kept put glad guess hope mean meant
        forget right way haha btw hmm soon mostly especially everybody everyone somebody nobody
        early late together don't can't thankfully hopefully luckily wrong mistake
    """)
)
"""Words that no short answer starts or ends with, unless in front of a name."""

VERBS = frozenset(
    map(
        stem,
        listed("""
            make take give go come want know think say tell see look seem feel keep put let start
            begin try need use find ask call become leave bring happen spend mean turn believe hold
            decide love like enjoy prefer play learn visit work live move buy bought found spent
            went came took gave made got told thought felt became wear eat drink read write hear
            heard join sign name choose chose pick help show plan book meet stay pay listen sleep
            run grow grew born cost suit send sent bring brought teach taught remind win won lost
            lose hate miss sound appreciate talk wait remember share check discover explore consider
            realize realise quit
        """),
    )
)
"""Stems of common verbs; a short answer seldom starts or ends with one in lower case."""

NAMING = words("called named is are was be am i'm it's he's she's into namely")
"""Words in front of what something is or is called."""

FIRST_PERSON = words("i i'm i've i'd i'll my me mine we we're we've our us myself")
SECOND_PERSON = words("you your you're you've yours")
TO_BE = words("am is are was were be been i'm it's he's she's that's we're you're they're")
ADVERBS = words("just also really still already never always usually often now not only finally even")
JOINTS = words("of and & for in with to on at the a an my his her their our")
"""Words that may stand between the parts of one answer."""

DISMISSALS = words("not no never than left forget said instead without")
"""Words after which a value is denied or set aside."""

CURRENCIES = words("euro euros dollar dollars pound pounds franc francs yen cents bucks")
PREPOSITIONS = words("""
    in at to from near on into onto around by over through outside inside towards toward via
""")
CLAUSE_ENDS = words("but because since so while although though when if which who and")
DETERMINERS = words("a an the my your his her its our their this that these those some any no another")

MONTHS = tuple(month.lower() for month in calendar.MONTHS)
WEEKDAYS = tuple(day.lower() for day in calendar.WEEKDAYS)
TIME_WORDS = (
    frozenset(MONTHS)
    | frozenset(WEEKDAYS)
    | words("""
        today yesterday tomorrow tonight week weeks month months year years day days weekend
        weekends morning mornings evening evenings afternoon afternoons night nights hour hours
        minute minutes summer winter spring autumn fall last next past soon later earlier
    """)
)
SMALL_NUMBERS = listed("""
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen
""")
TENS = listed("twenty thirty forty fifty sixty seventy eighty ninety")
NUMBER_WORDS = (
    frozenset(SMALL_NUMBERS)
    | frozenset(TENS)
    | words("""
    hundred thousand dozen couple once twice
""")
)
RELATIVES = words("""
    sister brother mother father mom mum dad son daughter wife husband partner girlfriend boyfriend
    friend cousin aunt uncle niece nephew grandma grandpa grandmother grandfather boss colleague
    neighbour neighbor roommate flatmate teacher coach boy girl kid kids parents teammate teammates
    fiance fiancee
""")

# Everyday notions under which different words speak of the same thing. Each line is one notion.
_NOTIONS = """
job work career profession occupation living employ hire position trade earn money wage salary
live move home house apartment flat relocate settle reside town city address neighbourhood
cost price pay paid spend spent rent expensive cheap money fee euro dollar pound buy bought
name call named
old age birthday turn born
food dish meal eat dinner lunch cook recipe cuisine restaurant
music song listen band concert genre sound tune playlist
instrument play lesson practise practice
hobby pastime leisure spare free weekend enjoy love fan
sport train exercise workout gym
read book novel author story chapter
film movie watch show series cinema
pet dog cat puppy kitten animal
child kid son daughter children
travel trip visit vacation holiday journey fly flight
study learn class course lesson school degree university college
allergy allergic react intolerant
favourite favorite prefer best love like
colour color paint
meet meeting appointment schedule date book
company firm employer business office
start begin began join sign
gift present give gave receive
code number pin password combination digit
married marry wedding husband wife spouse engage
sick ill health doctor hospital injury hurt
car drive vehicle bike
club group team society
plan intend going hope goal
"""


@lru_cache(1)
def _notions_by_stem() -> dict[str, frozenset[int]]:
    table: dict[str, set[int]] = {}
    for number, line in enumerate(_NOTIONS.strip().splitlines()):
        for word in line.split():
            table.setdefault(stem(word), set()).add(number)
    return {term: frozenset(numbers) for term, numbers in table.items()}


def notions(term: str) -> frozenset[int]:
    """Return the numbers of the notions that a stem belongs to."""
    return _notions_by_stem().get(term, frozenset())
