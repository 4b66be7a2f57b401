"""What a manager costs over long dialogues: seconds of CPU time for every fifth of one.

    python benchmarks/long_dialogues.py [--turns 10000 30000 100000] [--max-entries 500]
    python benchmarks/long_dialogues.py --manager recency

One generated dialogue, cut into single turns; `compact` is a compact manager with random weights. Entries
alone are limited, so that stores of all lengths are as large. Prints a line for each length and, as its last
line, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from itertools import pairwise

import torch

import memdojo
from memdojo.agents.baselines.registry import make_baseline
from memdojo.agents.compact.manager import CompactManager, new_manager_network
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.limits import CapacitySettings
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.features.manager import ManagerFeatures
from memdojo.envs.streams.chunking import rechunk

TURNS_PER_SESSION = 14
COMPACT = "compact"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, nargs="+", default=[10_000, 30_000, 100_000])
    parser.add_argument("--max-entries", type=int, default=500)
    parser.add_argument("--manager", default=COMPACT, help="a baseline, or compact")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for num_turns in arguments.turns:
        seconds = _fifths(arguments.manager, num_turns, arguments.max_entries)
        rows.append({"manager": arguments.manager, "turns": num_turns, "seconds": seconds})
        print(f"{arguments.manager}  {num_turns:,} turns  {sum(seconds):.1f} s  fifths {seconds}", flush=True)
    print(json.dumps(rows))


def _fifths(manager: str, num_turns: int, max_entries: int) -> list[float]:
    """Return the seconds of CPU time of each fifth of an episode."""
    (stream,) = memdojo.load_streams(
        "synthetic:test", num_streams=1, num_sessions=num_turns // TURNS_PER_SESSION
    )
    context = StreamContext(rechunk(stream, 1))
    capacity = CapacitySettings(max_entries=max_entries, token_share=math.inf)
    episode = EpisodeRules(capacity=capacity).manager(context, seed=0)
    features = ManagerFeatures()
    policy = (
        CompactManager(new_manager_network(features, 32, 0), features)
        if manager == COMPACT
        else make_baseline(manager)
    )
    marks = [time.process_time()]
    while not episode.ended:
        (operations,) = policy.act([episode])
        episode.step(operations)
        if episode.step_index % max(len(context.turns) // 5, 1) == 0:
            marks.append(time.process_time())
    return [round(end - start, 1) for start, end in pairwise(marks)]


if __name__ == "__main__":
    main()
