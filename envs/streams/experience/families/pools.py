"""Names and idle talk; no split shares any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

from ...synthetic.phrasings.partition import words
from . import test, train, validation
from .templates import Template


@dataclass(frozen=True, slots=True)
class Pools:
    """What the streams of a split are made of.

    Attributes:
        things, places: Invented names that stand for `{0}` and `{1}` of an opening.
        people: First names.
        colleagues: Who tell of experiences that mislead.
        idle: Sentences that mean nothing.
    """

    templates: tuple[Template, ...]
    things: tuple[str, ...]
    places: tuple[str, ...]
    people: tuple[str, ...]
    colleagues: tuple[str, ...]
    idle: tuple[str, ...]


def _names(beginnings: str, ends: str) -> tuple[str, ...]:
    return tuple(map("".join, product(words(beginnings), words(ends))))


POOLS: Mapping[str, Pools] = {
    "train": Pools(
        train.TEMPLATES,
        _names("Kes, Mor, Tal, Bru, Dov, Fen, Gil, Han", "to, ka, mi, ru, len"),
        _names("Ard, Bel, Cor, Dun, Elm, Fal, Gor, Hol", "wick, stead, minster, combe, burgh"),
        words("Anna, Boris, Chiara, Daniel, Elif, Farid, Greta, Hugo, Ines, Jakob, Katya, Leo"),
        words("Paula, Quentin, Rosa, Stefan"),
        (
            "The kettle has just boiled.",
            "Somebody left the radio on.",
            "A bus went past the building.",
            "It is nearly time for a break.",
            "The calendar on the wall shows a lake.",
            "There were crumbs all over the desk.",
            "The lift is being repaired.",
            "A pigeon looks in from outside.",
        ),
    ),
    "validation": Pools(
        validation.TEMPLATES,
        _names("Jol, Kip, Lun, Nes, Pav, Rix", "ova, ent, ik, ast, umi"),
        _names("Ing, Jar, Kel, Lang, Mil, Nor", "dale, fleet, hythe, worth, thorpe"),
        words("Malik, Nadia, Otto, Petra, Ravi, Selma, Timo, Ulla"),
        words("Viktor, Wanda"),
        (
            "The plant by the door has new leaves.",
            "Upstairs a chair is being moved.",
            "The clock is four minutes slow.",
            "A parade will pass by this afternoon.",
            "The biscuits have all been eaten.",
            "Somewhere a drill can be heard.",
        ),
    ),
    "test": Pools(
        test.TEMPLATES,
        _names("Sib, Tor, Ulm, Vaz, Wen, Yar, Zel", "dro, eph, ango, ilt, oss"),
        _names("Oak, Pen, Quar, Rams, Stan, Tid, Up", "ley, ford, haven, mouth, hurst"),
        words("Agnes, Bela, Carlos, Deniz, Esther, Filip, Gudrun, Hakan"),
        words("Ismet, Jolanda"),
        (
            "The lamp above flickers now and then.",
            "Yesterday the carpet was cleaned.",
            "A smell of coffee hangs about.",
            "The neighbour's dog has been barking.",
            "Two pens have run dry.",
            "A postcard came from the seaside.",
            "Someone is practising scales.",
        ),
    ),
}
