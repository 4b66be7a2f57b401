"""What rollouts cost beside generation: whole episodes against raw vLLM on the very same prompts and lengths.

    memdojo model tiny
    python benchmarks/rollouts.py

Episodes are played as in training: rollout workers and engines in Ray actors, questions answered, rewards
paid. Then `vllm.LLM.generate` continues the same prompts by as many tokens each, in one batch, with the same
settings, in this process. The two take turns, and each round has other streams. Prints a table and, as its
last line, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Sequence

import ray

from memdojo.agents.engines.actors import EnginePool
from memdojo.train.config.files import load_config
from memdojo.train.config.run import TrainConfig
from memdojo.train.episodes.schedule import Schedule
from memdojo.train.episodes.splits import load_splits
from memdojo.train.language.ray_rollouts import LanguageRollouts
from memdojo.train.language.setup import engine_settings, player_recipe
from memdojo.train.language.trajectories import Row
from memdojo.train.rollouts.ray_session import start_ray


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "overrides", nargs="*", help="changes of the configuration, such as policy.model=PATH"
    )
    parser.add_argument("--config", default="language_tiny", help="a configuration of a language policy")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    config = load_config(arguments.config, arguments.overrides)
    assert config.policy.model is not None
    episodes, raw = Episodes(config), RawVLLM(config)
    rounds: list[dict[str, float]] = []
    # The first round warms both up.
    for number in range(arguments.rounds + 1):
        rows, episode_seconds = episodes.play(update=number)
        raw_seconds = raw.play(rows)
        num_tokens = sum(len(row.response_ids) for row in rows)
        rounds.append(
            {
                "contexts": len(rows),
                "prompt_tokens": sum(len(row.prompt_ids) for row in rows),
                "tokens": num_tokens,
                "episodes": num_tokens / episode_seconds,
                "raw": num_tokens / raw_seconds,
                "share": raw_seconds / episode_seconds,
            }
        )
    episodes.close()
    report(config, rounds[1:])


class Episodes:
    """Plays the training episodes of a configuration."""

    def __init__(self, config: TrainConfig) -> None:
        self._config = config
        splits = load_splits(config)
        start_ray(None, num_cpus=config.rollouts.num_workers)
        self._pool = EnginePool(
            str(config.policy.model), engine_settings(config), num_engines=config.engine.num_engines
        )
        self._schedule = Schedule(config, splits["train"])
        recipe = player_recipe(config, self._schedule.streams, config.reward, str(config.policy.model))
        self._rollouts = LanguageRollouts(
            {"training": recipe}, self._pool, num_workers=config.rollouts.num_workers, max_restarts=0
        )

    def play(self, update: int) -> tuple[list[Row], float]:
        """Return the rows of an update's episodes, and the seconds that they took."""
        started = time.perf_counter()
        groups = self._rollouts.play("training", self._schedule.training(update), 0)
        seconds = time.perf_counter() - started
        return [row for group in groups for trajectory in group for row in trajectory.rows], seconds

    def close(self) -> None:
        self._rollouts.close()
        self._pool.close()
        ray.shutdown()


class RawVLLM:
    """vLLM itself, told what to continue and how far."""

    def __init__(self, config: TrainConfig) -> None:
        os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
        os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
        from vllm import LLM

        settings = engine_settings(config)
        on_cpu = {
            "enforce_eager": True,
            "distributed_executor_backend": "uni",
            "enable_chunked_prefill": False,
        }
        self._temperature = config.policy.temperature
        self._llm = LLM(
            str(config.policy.model),
            dtype=settings.dtype,
            max_num_seqs=settings.max_sequences,
            max_model_len=settings.max_context_tokens,
            skip_tokenizer_init=True,
            kv_cache_memory_bytes=2**30,
            **({} if settings.num_gpus else on_cpu),
        )

    def play(self, rows: Sequence[Row]) -> float:
        """Return the seconds that it takes to sample as many tokens after the same prompts."""
        from vllm import SamplingParams

        # No round may find the prompts of another one in the cache.
        self._llm.reset_prefix_cache()
        prompts = [{"prompt_token_ids": row.prompt_ids.tolist()} for row in rows]
        settings = [
            SamplingParams(
                max_tokens=len(row.response_ids),
                ignore_eos=True,
                temperature=self._temperature,
                seed=number,
                logprobs=0,
                detokenize=False,
            )
            for number, row in enumerate(rows)
        ]
        started = time.perf_counter()
        outputs = self._llm.generate(prompts, settings, use_tqdm=False)
        seconds = time.perf_counter() - started
        assert [len(output.outputs[0].token_ids) for output in outputs] == [
            len(row.response_ids) for row in rows
        ]
        return seconds


def report(config: TrainConfig, rounds: Sequence[dict[str, float]]) -> None:
    """Print each round and the medians."""
    print(
        f"model {config.policy.model}, {config.rollouts.num_workers} workers, "
        f"{config.engine.num_engines} engines"
    )
    print("round  contexts  prompt tokens  tokens  episodes tok/s  raw tok/s  share")
    for number, each in enumerate(rounds, 1):
        print(
            f"{number:5}  {each['contexts']:8}  {each['prompt_tokens']:13}  {each['tokens']:6}  "
            f"{each['episodes']:14.0f}  {each['raw']:9.0f}  {each['share']:5.1%}"
        )
    medians = {
        name: statistics.median(each[name] for each in rounds) for name in ("episodes", "raw", "share")
    }
    print(
        f"medians: {medians['episodes']:.0f} and {medians['raw']:.0f} tokens/s, share {medians['share']:.1%}"
    )
    print(json.dumps({"benchmark": "rollouts", "rounds": list(rounds), "medians": medians}))


if __name__ == "__main__":
    main()
