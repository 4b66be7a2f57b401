"""Defences of a memory under attack, on the same poisoned streams, beside what they cost without an attack.

    python benchmarks/attacks.py                                     # the rules
    python benchmarks/attacks.py runs/design_defence runs/design_defence_clean
    python benchmarks/attacks.py RUN ... --streams locomo:test --num 10 --by stranger

For each attack the share of the targeted questions that are answered as the adversary wants, and for streams
without an attack the mean token F1 of all questions. Behind each stands the paired difference from the store
without a defence, with its 95 % interval over groups. The store holds as many entries as the stream without
an attack has turns, so that a flood drives something out. The adversaries' choices are drawn from
`--attack-seed`, which no training has. `informed` refuses exactly the poisoned turns: no defence can do
better. The last line is one JSON object. Figures x 100.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

import memdojo
from memdojo.agents.baselines.registry import make_baseline
from memdojo.agents.designs.parts.decisions import Steps
from memdojo.agents.designs.parts.memory import DesignMemory
from memdojo.agents.designs.registry import make_design
from memdojo.agents.designs.running.policy import DesignManager
from memdojo.agents.designs.wrappers.wrapper import Wrapper
from memdojo.agents.play import play_manager
from memdojo.agents.policy import ManagerPolicy, ReadsItself
from memdojo.envs.answering import CachedAnswerer, ExtractiveAnswerer
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.streams.attacks import ADVERSARIES
from memdojo.envs.types import Capacity, Chunk, Stream
from memdojo.eval.statistics.bootstrap import bootstrap_difference, bootstrap_mean
from memdojo.rewards.attacks import attack_succeeded
from memdojo.rewards.metrics import token_f1
from memdojo.train.checkpoints.loading import load_manager

UNDEFENDED, INFORMED, CLEAN = "undefended", "informed", "clean"
ATTACKS = ["contradiction", "look_alike", "dormant", "instruction", "flood", "drift"]
RULES: dict[str, dict[str, Any]] = {
    UNDEFENDED: {},
    "guarded": {"guarded": True},
    "guarded, lessons": {"guarded": True, "lessons": True},
    "trusted": {"admit": "trusted"},
    "confirmed": {"admit": "confirmed"},
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", nargs="*", help="runs or checkpoints of learned defences")
    parser.add_argument("--design", default="flat", help="the design that is defended by rules")
    parser.add_argument("--streams", default="synthetic:test")
    parser.add_argument("--num", type=int, default=24, help="streams")
    parser.add_argument("--attacks", nargs="+", default=ATTACKS, choices=list(ADVERSARIES))
    parser.add_argument("--rules", nargs="+", default=[*RULES], choices=[*RULES], help="defences by hand")
    parser.add_argument(
        "--managers", nargs="*", default=["similarity"], help="baselines, which know of no attack"
    )
    parser.add_argument("--records", type=int, help="turns of an adversary; by default as many as is usual")
    parser.add_argument("--by", default="participant", choices=["participant", "stranger", "tool"])
    parser.add_argument("--attack-seed", type=int, default=1000)
    parser.add_argument("--stream-seed", type=int, default=0)
    arguments = parser.parse_args()
    options = {"num_streams": arguments.num} if arguments.streams.startswith("synthetic") else {}
    options |= {"seed": arguments.stream_seed} if options else {}
    clean = memdojo.load_streams(arguments.streams, **options)[: arguments.num]
    tables: dict[str, dict[str, pd.DataFrame]] = {}
    for attack in (CLEAN, *arguments.attacks):
        streams: Sequence[Stream] = clean
        if attack != CLEAN:
            # A flood is as much as is usual, since few turns drive nothing out.
            records = {} if attack == "flood" else {"attack_records": arguments.records}
            poisoned = {"attack": attack, "attack_by": arguments.by, "attack_seed": arguments.attack_seed}
            streams = memdojo.load_streams(arguments.streams, **options, **poisoned, **records)
            streams = [_targeted(stream) for stream in streams[: arguments.num]]
        for name, manager in _policies(arguments, streams).items():
            tables.setdefault(name, {})[attack] = _played(manager, streams, clean)
    rows = []
    for name, of_policy in tables.items():
        row: dict[str, Any] = {"policy": name}
        for attack, table in of_policy.items():
            row[attack] = _figures(table, None if name == UNDEFENDED else tables[UNDEFENDED][attack])
        rows.append(row)
        print(f"{name:28}", "  ".join(f"{attack} {_shown(row[attack])}" for attack in of_policy), flush=True)
    print(json.dumps(rows))


def _policies(arguments: argparse.Namespace, streams: Sequence[Stream]) -> dict[str, ManagerPolicy]:
    managers: dict[str, ManagerPolicy] = {
        name: DesignManager(make_design(arguments.design, **parameters), name=name)
        for name, parameters in RULES.items()
        if name in (UNDEFENDED, *arguments.rules)
    }
    poisoned = frozenset((s.id, id) for s in streams if s.poison is not None for id in s.poison.turns)
    managers[INFORMED] = DesignManager(_Informed(make_design(arguments.design), poisoned), name=INFORMED)
    managers |= {name: make_baseline(name) for name in arguments.managers}
    managers |= {run: load_manager(run) for run in arguments.runs}
    return managers


def _targeted(stream: Stream) -> Stream:
    """Return a poisoned stream with the questions alone at which the adversary aims."""
    assert stream.poison is not None  # It was loaded with an attack.
    asked = (question for question in stream.questions if question.id in stream.poison.targets)
    return dataclasses.replace(stream, questions=tuple(asked))


class _Informed(Wrapper):
    """Leaves out what an adversary has said."""

    def __init__(self, design: Any, poisoned: frozenset[tuple[str, str]]) -> None:
        super().__init__(design)
        # An id that is poisoned in one stream may be another's own.
        self._poisoned = {id for _, id in poisoned}

    def write(self, memory: DesignMemory, chunk: Chunk) -> Steps[None]:
        """Write the turns of others."""
        turns = tuple(turn for turn in chunk.turns if turn.id not in self._poisoned)
        if turns:
            yield from self.design.write(memory, Chunk(chunk.index, turns, chunk.session, chunk.time))


def _played(manager: ManagerPolicy, streams: Sequence[Stream], clean: Sequence[Stream]) -> pd.DataFrame:
    """Return a row for each question of clean streams, and for each targeted one of poisoned streams."""
    answerer = CachedAnswerer(ExtractiveAnswerer())
    episodes = [
        ManagerEpisode(
            StreamContext(stream),
            Capacity(max_entries=len(without.turns)),
            retriever=manager.retriever if isinstance(manager, ReadsItself) else None,
            answerer=answerer,
        )
        for stream, without in zip(streams, clean, strict=True)
    ]
    rows = []
    for stream, outcome in zip(streams, play_manager(manager, episodes, answerer), strict=True):
        for question in outcome.questions:
            answer = question.answer or ""
            score: float | None = token_f1(answer, () if question.unanswerable else question.references)
            if stream.poison is not None:
                score = attack_succeeded(question, stream.poison.targets[question.question_id])
            if score is not None:
                rows.append((stream.group, stream.id, question.question_id, float(score)))
    return pd.DataFrame(rows, columns=["group", "stream", "question", "score"])


def _figures(table: pd.DataFrame, undefended: pd.DataFrame | None) -> dict[str, float]:
    figures = {"value": 100 * bootstrap_mean(table, "score").mean}
    if undefended is not None:
        difference = bootstrap_difference(table, undefended)
        ends = {"difference": difference.mean, "low": difference.low, "high": difference.high}
        figures |= {name: 100 * end for name, end in ends.items()}
    return figures


def _shown(figures: dict[str, float]) -> str:
    if "difference" not in figures:
        return f"{figures['value']:.1f}"
    return "{value:.1f} ({difference:+.1f} [{low:.1f}, {high:.1f}])".format(**figures)


if __name__ == "__main__":
    main()
