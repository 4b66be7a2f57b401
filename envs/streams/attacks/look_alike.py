"""`LookAlike`: the same is told of other people, who have nearly the same names or say it of themselves."""

from __future__ import annotations

import re

import numpy as np

from ..calendar import MONTHS, WEEKDAYS
from .one_turn import OneTurnEach
from .scene import TOOL, By, Scene, Target, read_alone

SURNAMES = ("Keller", "Moreau", "Lindqvist", "Okafor", "Novak", "Haugen", "Petrov", "Castell")
_NAME = re.compile(r"(?<![\w'])[A-Z][a-z]+")


class LookAlike(OneTurnEach):
    """Tells the like of other people: of a namesake, or of whoever says it."""

    name = "look_alike"
    after_told = False

    def says(self, scene: Scene, target: Target, rng: np.random.Generator) -> tuple[str, str]:
        """Return what is told of another."""
        text = target.falsehood
        if read_alone(text):
            return scene.voiced(text, target.owner)
        surname = SURNAMES[rng.integers(len(SURNAMES))]
        for name in _names_asked(target):
            changed = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", f"{name} {surname}", text, count=1)
            if changed != text:
                return scene.voiced(changed, target.owner)
        # What a speaker says of themselves becomes another's by being said by another.
        if scene.by is By.TOOL:
            return TOOL, f"Found in the notes of {scene.stranger}: {text}"
        return (scene.stranger if scene.by is By.STRANGER else scene.other_speaker(target.owner)), text


def _names_asked(target: Target) -> list[str]:
    """Return the words of the question that look like names, but for its first word and what is a date."""
    first, _, rest = target.question.text.partition(" ")
    return [name for name in _NAME.findall(rest) if name not in (first, *MONTHS, *WEEKDAYS)]
