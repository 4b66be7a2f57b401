"""Every memory design by its own rule on the same streams, under the same reader and the same budget.

    python benchmarks/designs.py                                   # all designs on all kinds
    python benchmarks/designs.py runs/quickstart --kinds friends --designs karma sirllm
    python benchmarks/designs.py --growth                          # seconds over longer and longer dialogues

For each kind of dialogue, held out from training, a store of one share of the turns and tokens: the kind's
own score with its 95 % interval over groups, the difference from keeping all that fits (`recency`, read by
BM25), the evidence that the store keeps and that ten entries have, tokens written a turn and read a question,
and milliseconds a turn. With `--growth` a dialogue of 250,
500 and 1,000 turns without limits: seconds, and the slope of their logarithms, 1 where a turn costs the same
however long the dialogue is. The last line is one JSON object. Scores x 100.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from typing import Any

import numpy as np
from kinds import KINDS

import memdojo
from memdojo.agents.baselines.registry import make_baseline
from memdojo.agents.designs.registry import list_designs
from memdojo.agents.play import play_manager
from memdojo.agents.policy import ManagerPolicy, ReadsItself
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.streams.chunking import rechunk
from memdojo.envs.types import Capacity
from memdojo.eval.tables.results import paired_table, token_costs

KEEP_ALL = "recency"
BESIDE = (KEEP_ALL, "similarity", "oracle", "no_op")
LENGTHS = (250, 500, 1000)
TURNS_PER_SESSION = 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("runs", nargs="*", help="runs or checkpoints of managers, played beside the designs")
    parser.add_argument(
        "--designs", nargs="+", choices=sorted(list_designs()), default=sorted(list_designs())
    )
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=["friends", "locomo", "facts"])
    parser.add_argument("--share", type=float, default=0.25, help="of turns and tokens that the store holds")
    parser.add_argument("--metric", help="the score; by default the kind's own")
    parser.add_argument("--growth", action="store_true", help="measure seconds over the length of a dialogue")
    arguments = parser.parse_args()
    if arguments.growth:
        rows = [_growth(name) for name in (*arguments.designs, KEEP_ALL)]
    else:
        names = [*arguments.runs, *arguments.designs, *BESIDE]
        rows = [row for kind in arguments.kinds for row in _table(kind, names, arguments)]
    print(json.dumps(rows))


def _table(kind: str, names: list[str], arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Evaluate policies on a kind of dialogue, print a line for each and return all lines."""
    about = KINDS[kind]
    report = memdojo.evaluate(
        names,
        about.streams,
        memdojo.EvalChoices(capacity_share=arguments.share, metric=arguments.metric or about.metric),
        stream_options=about.options,
    )
    paired = paired_table(report.evaluation, KEEP_ALL).set_index("policy")
    streams = report.evaluation.streams.groupby("policy")
    rows: list[dict[str, Any]] = []
    for policy, line in report.summary.set_index("policy").iterrows():
        of_policy = streams.get_group(policy)
        costs = token_costs(of_policy)
        row = {
            "kind": kind,
            "policy": policy,
            "score": 100 * line["score"],
            "low": 100 * line["low"],
            "high": 100 * line["high"],
            "kept": 100 * line["kept_evidence"],
            "recall@10": 100 * line["recall@10"],
            "written": costs.written,
            "read": costs.read,
            "ms": 1000 * of_policy["seconds"].sum() / of_policy["turns"].sum(),
        }
        if policy != KEEP_ALL:
            row |= {name: 100 * float(paired.loc[policy, name]) for name in ("difference",)}
            row |= {f"difference_{name}": 100 * float(paired.loc[policy, name]) for name in ("low", "high")}
        rows.append(row)
        print(
            "  ".join(
                f"{key} {each:.1f}" if isinstance(each, float) else str(each) for key, each in row.items()
            )
        )
    return rows


def _growth(name: str) -> dict[str, Any]:
    """Return a manager's seconds over dialogues of several lengths, and the slope of their logarithms."""
    seconds = [_seconds(make_baseline(name), length) for length in LENGTHS]
    slope = np.polyfit(np.log(LENGTHS), np.log(seconds), 1)[0]
    row = {"policy": name, "seconds": dict(zip(LENGTHS, seconds, strict=True)), "slope": float(slope)}
    print(f"{name}  " + "  ".join(f"{each:.2f} s" for each in seconds) + f"  slope {slope:.2f}", flush=True)
    return row


def _seconds(policy: ManagerPolicy, num_turns: int) -> float:
    """Return the seconds of the processor for one dialogue, its questions unanswered."""
    (stream,) = memdojo.load_streams(
        "synthetic:test",
        num_streams=1,
        num_sessions=math.ceil(num_turns / TURNS_PER_SESSION),
        turns_per_session=TURNS_PER_SESSION,
    )
    context = StreamContext(rechunk(stream, policy.turns_per_chunk or 1))
    retriever = policy.retriever if isinstance(policy, ReadsItself) else None
    episode = ManagerEpisode(context, Capacity(), retriever=retriever)
    began = time.process_time()
    play_manager(policy, [episode])
    return time.process_time() - began


if __name__ == "__main__":
    main()
