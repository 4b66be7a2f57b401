"""Streams of tasks, in which the same few rules decide over and over, and only experience tells them."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from ...types import Feedback, Stream, Task, Turn
from ..cases import Case, Verdict, case_text
from ..setting_checks import check_from_zero
from ..synthetic.phrasings.partition import check_split
from ..tasks import stream_of_tasks
from .families.pools import POOLS, Pools
from .families.rules import Family, Situation, draw_family
from .families.templates import Kind, Template
from .settings import ExperienceSettings

NAME = "experience"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Draft:
    """A task before its place in the stream is known.

    Attributes:
        version: Of the family's rule.
        lie: A wrong answer that feedback takes for the right one; empty where feedback is true.
        tip: What a colleague says just before it; None if nothing.
    """

    id: str
    family: Family
    version: int
    situation: Situation
    lie: str = ""
    tip: Turn | None = None

    @property
    def rule(self) -> tuple[str, int, tuple[str, ...]]:
        """What it has in common with those that help."""
        return self.family.name, self.version, self.family.key(self.situation)


def experience_streams(
    settings: ExperienceSettings, split: str, seed: int, num_streams: int
) -> Iterator[Stream]:
    """Generate the streams 0 to `num_streams` - 1 of a split, one at a time.

    Args:
        split: "train", "validation" or "test"; no two share families, names or what is said idly.
        seed: Not negative. The same settings, split, seed and index give the same stream.

    Raises:
        UnknownNameError: If there is no such split.
        ConfigError: If `seed` or `num_streams` is negative.
    """
    check_split(split)
    for name, value in (("seed", seed), ("num_streams", num_streams)):
        check_from_zero(name, value)
    return (generate_experience(settings, split, seed, index) for index in range(num_streams))


def generate_experience(settings: ExperienceSettings, split: str, seed: int, index: int) -> Stream:
    """Generate one stream; equal arguments give equal streams.

    Knobs have random numbers of their own: what is told falsely does not change what the tasks are.

    Raises:
        UnknownNameError: If there is no such split.
    """
    check_split(split)
    pools = POOLS[split]
    of_families, of_tasks, of_noise, of_tips = np.random.default_rng(
        [seed, index, zlib.crc32(f"{NAME}:{split}".encode())]
    ).spawn(4)
    families, changes = _draw_families(settings, pools, of_families)
    drafts = _draw_drafts(settings, families, changes, pools, of_tasks)
    drafts = _with_lies(drafts, settings.noise, of_noise)
    drafts = _with_tips(drafts, settings, pools, of_tips)
    if settings.order_seed is not None:
        drafts = _reordered(drafts, np.random.default_rng([settings.order_seed, seed, index]))
    name = f"{NAME}:{split}:{seed}:{index}"
    return stream_of_tasks(
        name if settings.order_seed is None else f"{name}:order{settings.order_seed}",
        _tasks(settings, drafts),
        group=name,
        source=f"{NAME}:{split}",
        others=[(place, draft.tip) for place, draft in enumerate(drafts) if draft.tip is not None],
    )


def _draw_families(
    settings: ExperienceSettings, pools: Pools, rng: np.random.Generator
) -> tuple[list[Family], list[int]]:
    """Return the families, and for each the place of the first task under its second rule."""
    kinds = [list(Kind)[place] for place in rng.permutation(len(Kind))]
    by_kind = {
        kind: _shuffled([each for each in pools.templates if each.kind is kind], rng) for kind in kinds
    }
    templates: list[Template] = [
        by_kind[kinds[number % len(kinds)]][number // len(kinds)] for number in range(settings.num_families)
    ]
    # All draw two rules, so that the knob does not change what the families are.
    families = [draw_family(each, pools, 2, rng) for each in templates]
    num_tasks = settings.num_tasks
    changes = [int(rng.integers(num_tasks // 3, 2 * num_tasks // 3 + 1)) for _ in families]
    drifting = rng.permutation(len(families))[: round(settings.drift * len(families))].tolist()
    return families, [change if number in drifting else num_tasks for number, change in enumerate(changes)]


def _draw_drafts(
    settings: ExperienceSettings,
    families: Sequence[Family],
    changes: Sequence[int],
    pools: Pools,
    rng: np.random.Generator,
) -> list[_Draft]:
    """Return the tasks as they are drawn, some of which look like an earlier one."""
    dealt = [families[place % len(families)] for place in rng.permutation(settings.num_tasks)]
    change_of = {family.name: change for family, change in zip(families, changes, strict=True)}
    versions = [int(place >= change_of[family.name]) for place, family in enumerate(dealt)]
    drafts = [
        _Draft(f"t{place}", family, version, family.draw(pools, rng))
        for place, (family, version) in enumerate(zip(dealt, versions, strict=True))
    ]
    seconds = [
        place for place, draft in enumerate(drafts) if any(_is_akin(draft, each) for each in drafts[:place])
    ]
    for place in sorted(_shuffled(seconds, rng)[: round(settings.look_alikes * settings.num_tasks)]):
        draft = drafts[place]
        told = [each.situation for each in drafts[:place] if _is_akin(draft, each)]
        alike = (draft.family.look_alike(original, rng) for original in _shuffled(told, rng))
        # What was told to the letter before would help, and be found by its words alone.
        new = next((each for each in alike if each not in told), draft.situation)
        drafts[place] = dataclasses.replace(draft, situation=new)
    return drafts


def _is_akin(draft: _Draft, other: _Draft) -> bool:
    return draft.family is other.family and draft.version == other.version


def _with_lies(drafts: Sequence[_Draft], share: float, rng: np.random.Generator) -> list[_Draft]:
    lies = [draft.family.wrong_answer(draft.situation, draft.version, rng) for draft in drafts]
    told = set(_shuffled(range(len(drafts)), rng)[: round(share * len(drafts))])
    return [
        dataclasses.replace(draft, lie=lies[place]) if place in told else draft
        for place, draft in enumerate(drafts)
    ]


def _with_tips(
    drafts: Sequence[_Draft], settings: ExperienceSettings, pools: Pools, rng: np.random.Generator
) -> list[_Draft]:
    """Return the drafts, before some of which a colleague tells a case of the family that is none."""
    verdict = Verdict.GIVEN if settings.feedback == "answer" else Verdict.RIGHT
    told = set(_shuffled(range(len(drafts)), rng)[: round(settings.misleading * len(drafts))])
    tipped = []
    for place, draft in enumerate(drafts):
        situation = draft.family.draw(pools, rng)
        answer = draft.family.wrong_answer(situation, draft.version, rng)
        speaker = pools.colleagues[int(rng.integers(len(pools.colleagues)))]
        text = case_text(Case(draft.family.text(situation), answer, verdict))
        tip = Turn(f"tip{place}", speaker, text)
        tipped.append(dataclasses.replace(draft, tip=tip) if place in told else draft)
    return tipped


def _reordered(drafts: Sequence[_Draft], rng: np.random.Generator) -> list[_Draft]:
    """Return the drafts in random order, but those of a family under its first rule before the others."""
    shuffled = _shuffled(drafts, rng)
    in_turn = {
        draft.family.name: iter(
            sorted((each for each in shuffled if each.family is draft.family), key=lambda each: each.version)
        )
        for draft in drafts
    }
    return [next(in_turn[draft.family.name]) for draft in shuffled]


def _tasks(settings: ExperienceSettings, drafts: Sequence[_Draft]) -> list[Task]:
    """Return the drafts as tasks; under the same rule the same key, and true feedback, help."""
    tasks = []
    for place, draft in enumerate(drafts):
        answer = draft.family.answer(draft.situation, draft.version)
        reveals, options = (draft.lie or answer), draft.family.options
        if settings.feedback == "success":
            # Where nothing is revealed, only what one may choose from can be tried.
            reveals, options = "", options or draft.family.all_answers(draft.situation)
        helpers = frozenset(each.id for each in drafts[:place] if each.rule == draft.rule and not each.lie)
        tasks.append(
            Task(
                draft.id,
                draft.family.text(draft.situation),
                (answer,),
                options,
                draft.family.name,
                Feedback(reveals, is_false=bool(draft.lie)),
                helpers,
            )
        )
    return tasks


def _shuffled(items: Sequence[T], rng: np.random.Generator) -> list[T]:
    return [items[place] for place in rng.permutation(len(items))]
