"""Environment steps per second on one core, with a store of 500 entries that is full.

    python benchmarks/envs.py [--steps 2000]

Streams are synthetic and long enough to fill the store; steps are timed once it is full, and include the
questions that fall due, their retrieval and their answers by the extractive reader. Resets, and the first
pass over a stream, which analyses it for all later ones, are not timed. Where other work shares the cores,
the CPU column is the one to read. The last line is one JSON object.
"""

# ruff: noqa: E402  # The number of threads must be set before numpy is imported.

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

# One core is the measure: a BLAS with threads would use all of them.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import gymnasium as gym
import numpy as np

import memdojo  # noqa: F401  # Registers the environments.
from memdojo.envs.answering import Answer, AnswerRequest, ExtractiveAnswerer
from memdojo.envs.gym.pool import StreamPool
from memdojo.envs.gym.vector import MemoryManagerVectorEnv

MAX_ENTRIES = 500
CALL_SECONDS = 0.02
NUM_ENVS = 16

LONG = {"num_sessions": 80, "turns_per_session": 14, "num_facts": 150, "num_questions": 60}
SHORT = {"num_sessions": 4, "num_facts": 12, "num_questions": 10, "mid_stream_share": 0.0}


class SlowAnswerer:
    """The extractive reader with the fixed cost of a call to a served model."""

    def __init__(self) -> None:
        self.num_calls = 0
        self._reader = ExtractiveAnswerer()
        self.fingerprint = f"slow:{self._reader.fingerprint}"

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        self.num_calls += 1
        time.sleep(CALL_SECONDS)
        return self._reader.answer(requests)


def text_action(rng: np.random.Generator, observation: str) -> str:
    """Return a scripted completion: mostly REPLACE and UPDATE, as a policy does with a full store."""
    said = observation[observation.rfind("\n") + 1 :]
    some_id = observation[: observation.find("]", 40)].rpartition("[")[2] if "[" in observation else "1"
    draw = rng.random()
    if draw < 0.2:
        return "NOOP"
    if draw < 0.5:
        return f"UPDATE {some_id} {said}"
    return f"REPLACE {some_id} {said}"


def array_action(rng: np.random.Generator, mask: np.ndarray[Any, Any]) -> int:
    """Return ADD while there is room; then NOOP, UPDATE, DELETE or ADD in place of a random candidate."""
    if mask[1]:
        return 1
    num_candidates = (len(mask) - 2) // 3
    draw = rng.random()
    if draw < 0.2:
        return 0
    block = 0 if draw < 0.5 else 1 if draw < 0.6 else 2
    return 2 + block * num_candidates + int(rng.integers(num_candidates))


class Speed(NamedTuple):
    """Steps per second of wall time, and per second that the processor spent on them."""

    wall: float
    cpu: float


def measure(
    env: gym.Env[Any, Any], choose: Callable[[Any], Any], fill: Callable[[Any], Any], num_steps: int
) -> Speed:
    """Time steps with a full store; `fill` is the action that adds what is new.

    The first pass over each stream, which analyses it for all later ones, is not timed.
    """
    env.reset(seed=0)
    for _ in range(len(env.unwrapped.pool)):
        observation, _ = env.reset()
        has_ended = False
        while not has_ended:
            observation, _, terminated, truncated, _ = env.step(choose(observation))
            has_ended = terminated or truncated
    wall = cpu = 0.0
    timed = 0
    while timed < num_steps:
        observation, _ = env.reset()
        while len(env.unwrapped.episode.store) < MAX_ENTRIES:
            observation, *_ = env.step(fill(observation))
        has_ended = False
        wall_begin, cpu_begin = time.perf_counter(), time.process_time()
        while not has_ended and timed < num_steps:
            observation, _, terminated, truncated, _ = env.step(choose(observation))
            has_ended = terminated or truncated
            timed += 1
        wall += time.perf_counter() - wall_begin
        cpu += time.process_time() - cpu_begin
    return Speed(timed / wall, timed / cpu)


def measure_features(pool: StreamPool, num_steps: int) -> Speed:
    rng = np.random.default_rng(0)
    env = gym.make("memdojo/MemoryManagerFeatures-v0", streams=pool, max_entries=MAX_ENTRIES)
    return measure(env, lambda seen: array_action(rng, seen["action_mask"]), lambda seen: 1, num_steps)


def measure_text(pool: StreamPool, num_steps: int) -> Speed:
    rng = np.random.default_rng(0)
    env = gym.make("memdojo/MemoryManager-v0", streams=pool, max_entries=MAX_ENTRIES)
    return measure(env, lambda seen: text_action(rng, seen), add_last_line, num_steps)


def add_last_line(observation: str) -> str:
    """Return the completion that adds the last turn that was said."""
    return f"ADD {observation[observation.rfind(chr(10)) + 1 :]}"


def measure_answers(pool: StreamPool, *, is_batched: bool) -> tuple[float, int]:
    """Play one episode of each of `NUM_ENVS` environments; return seconds and calls to the answerer."""
    answerer = SlowAnswerer()
    envs = MemoryManagerVectorEnv(NUM_ENVS, autoreset_mode="Disabled", streams=pool, answerer=answerer)
    begin = time.perf_counter()
    if is_batched:
        observations, _ = envs.reset(seed=0)
        running = True
        while running:
            actions = [add_last_line(observation) for observation in observations]
            observations, _, terminations, truncations, _ = envs.step(actions)
            running = not (terminations | truncations).any()
    else:
        for index, env in enumerate(envs.envs):
            observation, _ = env.reset(seed=index)
            has_ended = False
            while not has_ended:
                observation, _, terminated, truncated, _ = env.step(add_last_line(observation))
                has_ended = terminated or truncated
    return time.perf_counter() - begin, answerer.num_calls


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=3000, help="timed steps of each environment")
    num_steps = parser.parse_args().steps
    long_pool = StreamPool("synthetic:train", LONG | {"num_streams": 2}, turns_per_chunk=1)
    short_pool = StreamPool("synthetic:train", SHORT | {"num_streams": NUM_ENVS})
    features = measure_features(long_pool, num_steps)
    text = measure_text(long_pool, num_steps)
    measure_answers(short_pool, is_batched=True)  # Analyses the streams.
    sequential_seconds, sequential_calls = measure_answers(short_pool, is_batched=False)
    batched_seconds, batched_calls = measure_answers(short_pool, is_batched=True)

    print(f"{'steps per second, store of 500':<44}{'wall':>10}{'CPU':>10}{'target':>10}")
    print(f"{'MemoryManagerFeatures-v0':<44}{features.wall:>10,.0f}{features.cpu:>10,.0f}{2000:>10,}")
    print(f"{'MemoryManager-v0 (text)':<44}{text.wall:>10,.0f}{text.cpu:>10,.0f}{1000:>10,}")
    print()
    print(
        f"{f'{NUM_ENVS} episodes, {CALL_SECONDS * 1000:.0f} ms a call to the answerer':<44}"
        f"{'seconds':>10}{'calls':>10}"
    )
    print(f"{'one after the other':<44}{sequential_seconds:>10.2f}{sequential_calls:>10}")
    print(f"{'vector environment, one batch':<44}{batched_seconds:>10.2f}{batched_calls:>10}")
    print(
        json.dumps(
            {
                "benchmark": "envs",
                "max_entries": MAX_ENTRIES,
                "features_steps_per_s": round(features.wall, 1),
                "features_steps_per_cpu_s": round(features.cpu, 1),
                "text_steps_per_s": round(text.wall, 1),
                "text_steps_per_cpu_s": round(text.cpu, 1),
                "sequential_s": round(sequential_seconds, 3),
                "sequential_calls": sequential_calls,
                "batched_s": round(batched_seconds, 3),
                "batched_calls": batched_calls,
            }
        )
    )


if __name__ == "__main__":
    main()
