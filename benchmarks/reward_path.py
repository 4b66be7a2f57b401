"""What the reward path costs: answers to the same rollouts one by one, and through cache and batches.

    python benchmarks/reward_path.py [--seconds 0.005] [--at-a-time 32] [--laps 3]
    memdojo model tiny --out runs/models/long --max-context-tokens 6144
    python benchmarks/reward_path.py --model runs/models/long --streams 1 --questions 2 --laps 1

Rollouts are played first, in groups of eight, and the requests of every step are written down. Then they are
answered twice: by a loop that asks each request when its turn comes, and as in training, where the episodes
of an update run at the same time behind `AsyncCachedAnswerer`. The answerer takes `--seconds` for a request
and works on `--at-a-time` of them together; with `--model` it is a model in a vLLM engine.

Retrievers rank ten or twenty sessions and are asked without memory and at MemSifter's six tiers. They draw
from scores that begin as BM25, more and more sharply: the first is an untrained policy, the last one has
nearly made up its mind. Managers are untrained, and their questions are answered from the best k entries.
Each lap plays all questions or streams anew.

Prints a table and, as its last line, one JSON object. `fewer` is requests over those that were asked, a call
is a batch, `texts` is how many entries all requests together hand over, and `read` how many of them a server
reads that keeps the beginnings of earlier requests (a prefix cache).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import torch

from memdojo.agents.compact.manager import CompactManager, new_manager_network
from memdojo.agents.compact.retriever import CompactRetriever, new_retriever_network
from memdojo.agents.graders.answerer import AsyncCachedAnswerer, ChatAnswerer
from memdojo.envs.answering import Answer, AnswerRequest
from memdojo.envs.episodes.archive import Granularity, TierOrder, Tiers
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.limits import CapacitySettings
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.features.manager import FeatureSettings, ManagerFeatures
from memdojo.envs.features.retrieval import RetrievalFeatures
from memdojo.envs.streams.registry import load_streams
from memdojo.envs.types import Stream
from memdojo.rewards import TIERS

GROUP_SIZE = 8

Steps = list[tuple[AnswerRequest, ...]]
"""The requests of one rollout, step by step."""
Lap = list[Steps]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=0.005, help="that a request takes")
    parser.add_argument("--at-a-time", type=int, default=32, help="requests that are answered together")
    parser.add_argument("--laps", type=int, default=3, help="times that each question or stream is played")
    parser.add_argument("--streams", type=int, default=2)
    parser.add_argument("--questions", type=int, default=10, help="of each stream")
    parser.add_argument("--model", help="a model that answers instead, by vLLM")
    arguments = parser.parse_args()
    answerer: Any = Waiting(arguments.seconds, arguments.at_a_time)
    if arguments.model:
        answerer = model_answerer(arguments.model, arguments.at_a_time)
    rows = []
    print(
        f"{'rollouts':42} {'lap':>3} {'requests':>8} {'asked':>6} {'fewer':>6} {'calls':>6} {'texts':>7} "
        f"{'read':>6} {'loop s':>7} {'ours s':>7} {'faster':>7}"
    )
    with asyncio.Runner() as runner:
        for name, laps in played(arguments.streams, arguments.questions, arguments.laps):
            rows += measure(name, laps, answerer, runner)
    print(json.dumps({"benchmark": "reward_path", "group_size": GROUP_SIZE, "rows": rows}))


class Waiting:
    """An answerer that takes its time, like a server that works on some requests together."""

    def __init__(self, seconds: float, at_a_time: int) -> None:
        self._seconds = seconds
        self._at_a_time = at_a_time
        self._slots = asyncio.Semaphore(at_a_time)

    @property
    def fingerprint(self) -> str:
        return "waiting"

    async def answer_async(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        return list(await asyncio.gather(*map(self._answer, requests)))

    async def _answer(self, request: AnswerRequest) -> Answer:
        async with self._slots:
            await asyncio.sleep(self._seconds)
        return Answer("an answer")


class Counting:
    """Passes requests on and counts how often it was called."""

    def __init__(self, answerer: Any) -> None:
        self.calls = 0
        self._answerer = answerer

    @property
    def fingerprint(self) -> str:
        return str(self._answerer.fingerprint)

    async def answer_async(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        self.calls += 1
        answers: list[Answer] = await self._answerer.answer_async(requests)
        return answers


def model_answerer(model: str, at_a_time: int) -> ChatAnswerer:
    from memdojo.agents.engines.chat import EngineChat
    from memdojo.agents.engines.models import load_tokenizer
    from memdojo.agents.engines.registry import make_engine
    from memdojo.agents.engines.settings import VLLMSettings

    engine = make_engine(model, VLLMSettings(max_sequences=at_a_time))
    return ChatAnswerer(EngineChat(engine, load_tokenizer(model)), 8)


def measure(name: str, laps: Sequence[Lap], answerer: Any, runner: asyncio.Runner) -> list[dict[str, Any]]:
    """Answer every lap both ways and return a row for each, and one for all together."""
    rows: list[dict[str, Any]] = []
    beginnings: set[tuple[str, tuple[str, ...]]] = set()
    counting = Counting(answerer)
    cached = AsyncCachedAnswerer(counting)
    for number, lap in enumerate(laps, 1):
        asked, calls, read = cached.misses, counting.calls, len(beginnings)
        requests = [request for steps in lap for step in steps for request in step]
        for request in requests:
            texts = request.context
            beginnings.update((request.question, texts[:end]) for end in range(1, len(texts) + 1))
        # The loop comes second: what an engine still has of earlier prompts is to its advantage, not to ours.
        seconds = runner.run(together(lap, cached))
        loop_seconds = runner.run(one_by_one(lap, answerer))
        rows.append(
            {
                "rollouts": name,
                "lap": number,
                "requests": len(requests),
                "asked": cached.misses - asked,
                "calls": counting.calls - calls,
                "texts": sum(len(request.context) for request in requests),
                "read": len(beginnings) - read,
                "loop_s": loop_seconds,
                "s": seconds,
            }
        )
    if len(rows) > 1:
        sums = ("requests", "asked", "calls", "texts", "read", "loop_s", "s")
        rows.append({"rollouts": name, "lap": "all"} | {key: sum(row[key] for row in rows) for key in sums})
    for row in rows:
        row["fewer"] = row["requests"] / max(row["asked"], 1)
        print(
            f"{row['rollouts']:42} {row['lap']:>3} {row['requests']:8} {row['asked']:6} {row['fewer']:6.1f} "
            f"{row['calls']:6} {row['texts']:7} {row['read']:6} {row['loop_s']:7.2f} {row['s']:7.2f} "
            f"{row['loop_s'] / row['s']:7.1f}",
            flush=True,
        )
    return rows


async def one_by_one(lap: Lap, answerer: Any) -> float:
    """Return the seconds that a loop takes which asks a request when its turn comes."""
    started = time.perf_counter()
    for steps in lap:
        for step in steps:
            for request in step:
                await answerer.answer_async([request])
    return time.perf_counter() - started


async def together(lap: Lap, cached: AsyncCachedAnswerer) -> float:
    """Return the seconds that rollouts take which run at the same time, each waiting for its own steps."""

    async def play(steps: Steps) -> None:
        for step in steps:
            if step:
                answers = await cached.answer_async(step)
                if failed := next((answer.error for answer in answers if answer.error), ""):
                    raise SystemExit(f"an answer is missing: {failed}")

    started = time.perf_counter()
    await asyncio.gather(*map(play, lap))
    return time.perf_counter() - started


def played(num_streams: int, num_questions: int, num_laps: int) -> list[tuple[str, list[Lap]]]:
    """Return the rollouts of every policy, by name."""
    sources = []
    for num_sessions in (10, 20):
        streams = load_streams(
            "synthetic:train",
            num_streams=num_streams,
            num_sessions=num_sessions,
            turns_per_session=8,
            num_facts=20,
            num_questions=num_questions,
        )
        for sharpness, order in product((1, 3, 10), TierOrder):
            name = f"ranks {num_sessions} sessions, sharpness {sharpness}, by {order}"
            laps = [retriever_lap(streams, sharpness, order, lap) for lap in range(num_laps)]
            sources.append((name, laps))
    streams = load_streams("synthetic:train", num_streams=num_streams, num_questions=num_questions)
    for top_k in (10, 3, 1):
        name = f"manages, answers from {top_k}"
        sources.append((name, [manager_lap(streams, top_k, lap) for lap in range(num_laps)]))
    return sources


class Nobody:
    """An answerer whose answers nobody reads."""

    fingerprint = "nobody"

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        return [Answer("") for _ in requests]


def retriever_lap(streams: Sequence[Stream], sharpness: float, order: TierOrder, lap: int) -> Lap:
    network = new_retriever_network(TIERS[-1], 32, seed=0)
    with torch.no_grad():
        network.linear.weight.mul_(sharpness)
    policy = CompactRetriever(network, RetrievalFeatures())
    rollouts: Lap = []
    for stream in streams:
        rules = EpisodeRules(
            top_k=TIERS[-1], answerer=Nobody(), granularity=Granularity.SESSION, tiers=Tiers(TIERS, order)
        )
        starts = rules.at_each_question(StreamContext(stream))
        for place, start in enumerate(starts):
            assert start.question is not None
            observation = policy.features.observe(start.store, start.question.text)
            for number in range(GROUP_SIZE):
                rng = np.random.default_rng((lap, place, number))
                ranking, _ = policy.decide(observation, TIERS[-1], rng)
                rollouts.append([start.fork().begin_step(ranking)])
    return rollouts


def manager_lap(streams: Sequence[Stream], top_k: int, lap: int) -> Lap:
    features = ManagerFeatures(FeatureSettings())
    policy = CompactManager(new_manager_network(features, 64, seed=0), features)
    rollouts: Lap = []
    for stream in streams:
        rules = EpisodeRules(capacity=CapacitySettings(capacity_share=0.25), top_k=top_k, answerer=Nobody())
        context = StreamContext(stream)
        episodes = [rules.manager(context, seed=GROUP_SIZE * lap + number) for number in range(GROUP_SIZE)]
        group: Lap = [[] for _ in episodes]
        while not episodes[0].ended:
            decided = policy.decide(episodes, sample=True)
            for steps, episode, (operation, _) in zip(group, episodes, decided, strict=True):
                steps.append(episode.begin_step((operation,)))
                episode.finish_step(Nobody().answer(steps[-1]))
        rollouts += group
    return rollouts


if __name__ == "__main__":
    main()
