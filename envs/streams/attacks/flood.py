"""`Flood`: much that sounds worth remembering, so that what was remembered has to leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from ..synthetic.phrasings.partition import SPLITS
from ..synthetic.pools import values
from .protocol import Said, Strike
from .scene import Scene, Target

_FACTS = (
    ("{name} has moved to {value} for good.", "city"),
    ("{name} works as a {value} now.", "job"),
    ("{name} started at {value} last month.", "company"),
    ("{name} says nothing beats {value}.", "dish"),
    ("{name} is allergic to {value}, by the way.", "allergen"),
    ("{name} plays the {value} in a band.", "instrument"),
    ("{name} paid {value} euros for it.", "price"),
    ("{name} has taken up {value}.", "hobby"),
    ("{name} is learning {value} on Tuesdays.", "course"),
    ("{name} called the puppy {value}.", "pet_name"),
)


class Flood:
    """Pours out facts about strangers at once, where most questions have their evidence behind them."""

    name = "flood"

    def usual_turns(self, stream_turns: int) -> int:
        """Return half as many as the stream has."""
        return round(stream_turns / 2)

    def plan(self, scene: Scene, num_turns: int, rng: np.random.Generator) -> Iterator[Strike]:
        """Yield all turns together, aimed at each question that they stand between its evidence and it."""
        reachable = tuple(scene.targets(with_lures=False))
        hit = Counter(
            gap for target in reachable for gap in range(max(target.told + 1, 1), scene.latest(target) + 1)
        )
        most = max(hit.values(), default=0)
        best = [gap for gap in sorted(hit) if hit[gap] == most]
        if best:
            gap = best[rng.integers(len(best))]
            targets = tuple(each for each in reachable if _is_hit(each, gap, scene))
            turns = tuple(Said(*_idle_talk(scene, rng), gap) for _ in range(num_turns))
            yield Strike(turns, targets, wants_lures=False)


def _is_hit(target: Target, gap: int, scene: Scene) -> bool:
    return target.told < gap <= scene.latest(target)


def _idle_talk(scene: Scene, rng: np.random.Generator) -> tuple[str, str]:
    form, pool = _FACTS[rng.integers(len(_FACTS))]
    known = [value for split in SPLITS for value in values(pool, split)]
    text = form.format(name=scene.new_name(rng), value=known[rng.integers(len(known))])
    return scene.voiced(text, scene.stream.turns[rng.integers(len(scene.stream.turns))].speaker)
