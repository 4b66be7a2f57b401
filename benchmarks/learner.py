"""The learner of language policies against a bare forward and backward pass of the same micro-batches.

    python benchmarks/learner.py [--rows 300] [--prompt 250] [--response 12] [--rounds 7] [--threads 1]

A tiny Llama takes one GRPO update of one gradient step. The bare pass gives the same padded micro-batches to
the same model: once with the output head on the response tokens only, as the learner has it, and once with
logits of whole rows, as the model itself computes its loss. Rounds alternate, and shares are medians of the
rounds' own ratios, by the clock and by the processor's time, which other work on the machine disturbs less.
The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from accelerate import Accelerator
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM

from memdojo.agents.language.network import PolicyNetwork
from memdojo.train.algorithms.grpo import Grpo
from memdojo.train.algorithms.settings import GrpoSettings
from memdojo.train.config.language import MemdojoLearnerSettings
from memdojo.train.language.batches import MicroBatch, UpdateRows, pad_rows, share_out
from memdojo.train.language.learner import LanguageLearner
from memdojo.train.language.trajectories import LanguageGroup, LanguageTrajectory, Row

VOCABULARY = 4096
ROWS_OF_AN_EPISODE, GROUP_SIZE = 5, 10


def tiny_model() -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=4,
        tie_word_embeddings=True,
    )
    return LlamaForCausalLM(config).eval()


def make_groups(num_rows: int, prompt: int, response: int) -> list[LanguageGroup]:
    """Return groups of episodes whose rows vary by a fifth in length."""
    rng = np.random.default_rng(0)

    def row() -> Row:
        sizes = [rng.integers(int(0.8 * size), int(1.2 * size) + 1) for size in (prompt, response)]
        prompt_ids, response_ids = (rng.integers(0, VOCABULARY, size).astype(np.int32) for size in sizes)
        log_probs = np.full(len(response_ids), -np.log(VOCABULARY), np.float32)
        return Row(prompt_ids, response_ids, log_probs, float(rng.normal()))

    def episode() -> LanguageTrajectory:
        return LanguageTrajectory("s", tuple(row() for _ in range(ROWS_OF_AN_EPISODE)))

    num_groups = max(1, num_rows // (ROWS_OF_AN_EPISODE * GROUP_SIZE))
    return [tuple(episode() for _ in range(GROUP_SIZE)) for _ in range(num_groups)]


def bare_pass(network: PolicyNetwork, batches: list[MicroBatch]) -> None:
    network.zero_grad()
    for batch in batches:
        evaluation = network(batch.input_ids, batch.predictors, batch.targets, batch.prompt_ends)
        torch.autograd.backward(-evaluation.log_probs.sum())


def bare_pass_of_whole_rows(network: PolicyNetwork, batches: list[MicroBatch]) -> None:
    network.zero_grad()
    for batch in batches:
        logits = network.causal_model(input_ids=batch.input_ids, use_cache=False).logits.flatten(0, 1)
        labels = torch.full((len(logits),), -100)
        labels[batch.predictors] = batch.targets
        torch.autograd.backward(functional.cross_entropy(logits, labels))


def seconds(call: Callable[[], object]) -> tuple[float, float]:
    """Return seconds by the clock and of processor time."""
    start = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - start[0], time.process_time() - start[1]


def median_share(series: list[tuple[float, float]], own: list[tuple[float, float]], kind: int) -> float:
    return statistics.median(bare[kind] / ours[kind] for bare, ours in zip(series, own, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--prompt", type=int, default=250, help="tokens of a prompt")
    parser.add_argument("--response", type=int, default=12, help="tokens of a response")
    parser.add_argument("--micro-batch-tokens", type=int, default=8192)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    groups = make_groups(arguments.rows, arguments.prompt, arguments.response)
    rows = UpdateRows.of(groups)
    shares = share_out(rows.lengths, range(len(rows.rows)), max_tokens=arguments.micro_batch_tokens)
    batches = [pad_rows(rows, share) for share in shares[0]]
    num_tokens = int(rows.lengths.sum())
    padded = sum(batch.input_ids.numel() for batch in batches)
    learner = LanguageLearner(
        PolicyNetwork(tiny_model()),
        Grpo(GrpoSettings(name="grpo", num_updates=1, epochs=1, learning_rate=1e-5, advantage="trajectory")),
        MemdojoLearnerSettings(micro_batch_tokens=arguments.micro_batch_tokens),
        temperature=1.0,
        accelerator=Accelerator(cpu=True),
        seed=0,
    )
    bare = PolicyNetwork(tiny_model())
    calls: dict[str, Callable[[], object]] = {
        "learner": lambda: learner.update(groups, 0),
        "bare": lambda: bare_pass(bare, batches),
        "bare_whole_rows": lambda: bare_pass_of_whole_rows(bare, batches),
    }
    num_parameters = sum(parameter.numel() for parameter in bare.parameters())
    print(
        f"{len(rows.rows)} rows, {num_tokens} tokens ({padded / num_tokens - 1:.1%} more are padding) in "
        f"{len(batches)} micro-batches; {num_parameters / 1e6:.1f} M parameters, {arguments.threads} threads."
    )
    for call in calls.values():
        call()
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for number in range(arguments.rounds):
        # In alternating order, so that what a machine does beside it meets all alike.
        for name in list(calls) if number % 2 else reversed(list(calls)):
            times[name].append(seconds(calls[name]))
    results: dict[str, object] = {
        "benchmark": "learner",
        "rows": len(rows.rows),
        "tokens": num_tokens,
        "micro_batches": len(batches),
        "parameters": num_parameters,
        "threads": arguments.threads,
        "rounds": arguments.rounds,
    }
    print(f"{'':<18}{'seconds':>10}{'tokens/s':>12}{'learner / bare':>17}{'by CPU time':>14}")
    for name, series in times.items():
        shares_of = [median_share(series, times["learner"], kind) for kind in (0, 1)]
        middle = statistics.median(clock for clock, _ in series)
        print(
            f"{name:<18}{middle:>10.3f}{num_tokens / middle:>12.0f}{shares_of[0]:>17.1%}{shares_of[1]:>14.1%}"
        )
        results[name] = {
            "seconds": round(middle, 4),
            "tokens_per_s": round(num_tokens / middle),
            "learner_share": round(shares_of[0], 4),
            "learner_share_of_cpu_time": round(shares_of[1], 4),
        }
    print(json.dumps(results))


if __name__ == "__main__":
    main()
