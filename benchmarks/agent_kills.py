"""Whether a `MemoryAgent` loses a turn when its process is killed in the middle of its work.

    python benchmarks/agent_kills.py [--kills 20] [--manager recency similarity]

A process observes turns, one at a time and five at a time, and says for which ones `observe` has returned. It
gets SIGKILL at a random moment, also while it writes. The next process goes on with the same file. After each
kill the file must be whole, and every turn that was said to be taken must be in it, once and in its place; of
the call that was cut off, all turns are there or none. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

from memdojo import MemoryAgent

PROGRAM = """
    import sys

    from memdojo import MemoryAgent

    with MemoryAgent(sys.argv[1], manager=sys.argv[2]) as agent:
        number = agent.num_turns
        while True:
            several = 1 if number % 2 else 5
            agent.observe_many([("Ann", f"I did thing {number + each}.") for each in range(several)])
            number += several
            print(number, flush=True)
"""


def kill_once(path: Path, manager: str, rng: random.Random) -> int:
    """Let a process work on a memory for a moment, kill it, and return how many turns it had taken."""
    command = [sys.executable, "-c", textwrap.dedent(PROGRAM), str(path), manager]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [int(process.stdout.readline())]
        time.sleep(rng.uniform(0, 0.5))
        process.send_signal(signal.SIGKILL)
        return [*said, *map(int, process.stdout)][-1]


def look(path: Path, taken: int) -> list[str]:
    """Return what is wrong with the file."""
    wrong = []
    with sqlite3.connect(path) as database:
        (verdict,) = database.execute("PRAGMA integrity_check").fetchone()
    database.close()
    if verdict != "ok":
        wrong.append(f"the file is damaged: {verdict}")
    with MemoryAgent(path) as agent:
        if agent.num_turns not in (taken, taken + 1, taken + 5):
            wrong.append(f"{agent.num_turns} turns, and {taken} were taken")
        turns = [turn.text for turn in agent.find_said("thing")]
        if turns != [f"I did thing {number}." for number in range(agent.num_turns)]:
            wrong.append("turns are missing, doubled or in another order")
        agent.flush()
        if len(agent.entries) != agent.num_turns:
            wrong.append(f"{len(agent.entries)} entries of {agent.num_turns} turns")
    return wrong


def main() -> None:
    """Kill, look, and print a table and a line of JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--manager", nargs="+", default=["recency", "similarity"])
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng, results = random.Random(arguments.seed), []
    print(f"{'manager':12} {'kills':>6} {'cut off':>8} {'turns':>7} {'wrong':>6}")
    for manager in arguments.manager:
        with tempfile.TemporaryDirectory() as folder:
            path, wrong, num_cut_off, taken = Path(folder) / "memory.sqlite", [], 0, 0
            for _ in range(arguments.kills):
                taken = kill_once(path, manager, rng)
                # A journal tells that the process was killed while it wrote.
                num_cut_off += path.with_name(f"{path.name}-journal").exists()
                wrong += look(path, taken)
        print(f"{manager:12} {arguments.kills:6} {num_cut_off:8} {taken:7} {len(wrong):6}", flush=True)
        results.append(
            {"manager": manager, "kills": arguments.kills, "while_writing": num_cut_off, "turns": taken}
            | {"wrong": wrong}
        )
    print(json.dumps({"results": results}))


if __name__ == "__main__":
    main()
