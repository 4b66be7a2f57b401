"""Two learner processes against one. Run as a script, this file is one of the two."""

from __future__ import annotations

import copy
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from accelerate import Accelerator
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

from memdojo.agents.language.network import PolicyNetwork, whole
from memdojo.errors import DivergenceError
from memdojo.train.algorithms.registry import ALGORITHMS, make_algorithm
from memdojo.train.checkpoints.compact import TrainingState
from memdojo.train.config.language import MemdojoLearnerSettings
from memdojo.train.language.learner import LanguageLearner
from memdojo.train.language.trajectories import LanguageGroup, LanguageTrajectory, Row

CASES: dict[str, dict[str, Any]] = {
    "grpo": {"algorithm": {"name": "grpo", "advantage": "rows", "entropy_coefficient": 0.01}},
    "grpo-steps": {"algorithm": {"name": "grpo", "epochs": 2, "minibatch_groups": 1, "kl_coefficient": 0.1}},
    "ppo": {"algorithm": {"name": "ppo", "loss_average": "sequence"}},
    "lora": {"algorithm": {"name": "grpo", "epochs": 2, "kl_coefficient": 0.1}, "lora": True},
    "few-rows": {"algorithm": {"name": "grpo"}, "sizes": [[1, 2]], "max_tokens": 1},
    "one-row": {"algorithm": {"name": "ppo"}, "sizes": [[1]]},
    "checkpointing": {"algorithm": {"name": "grpo"}, "learner": {"gradient_checkpointing": True}},
}
"""What is trained; of `one-row` one of two processes has nothing."""


def _network(case: dict[str, Any], seed: int = 0) -> PolicyNetwork:
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=True,
        initializer_range=0.2,
    )
    model: Any = LlamaForCausalLM(config)
    if case.get("lora"):
        model = get_peft_model(model, LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"]))
    return PolicyNetwork(model, critic=case["algorithm"]["name"] == "ppo")


def _groups(case: dict[str, Any]) -> list[LanguageGroup]:
    rng = np.random.default_rng(5)

    def row() -> Row:
        prompt, response = (rng.integers(4, 64, rng.integers(1, most)).astype(np.int32) for most in (9, 7))
        return Row(prompt, response, rng.normal(-4, 0.3, len(response)).astype(np.float32), rng.normal())

    return [
        tuple(LanguageTrajectory("s", tuple(row() for _ in range(size))) for size in sizes)
        for sizes in case.get("sizes", [[3, 1, 2], [2, 2], [1, 4, 1]])
    ]


def _learner(case: dict[str, Any], sharding: str, network: PolicyNetwork) -> LanguageLearner:
    settings = {"num_updates": 1, "epochs": 1, "learning_rate": 1e-4, **case["algorithm"]}
    algorithm = make_algorithm(ALGORITHMS.get(settings["name"]).settings.model_validate(settings))
    needs_reference = algorithm.needs_reference and not case.get("lora")
    return LanguageLearner(
        network,
        algorithm,
        MemdojoLearnerSettings.model_validate(
            {
                "micro_batch_tokens": case.get("max_tokens", 40),
                "sharding": sharding,
                **case.get("learner", {}),
            }
        ),
        temperature=0.8,
        accelerator=Accelerator(cpu=True),
        reference=copy.deepcopy(network) if needs_reference else None,
        seed=0,
    )


def train(case: dict[str, Any], sharding: str, folder: Path, seed: int = 0) -> None:
    """Make two updates, resume after the first as well, and write what came out from the first process."""
    groups = _groups(case)
    learner = _learner(case, sharding, _network(case, seed))
    metrics = learner.update(groups, 0)
    gradients = {n: whole(p.grad) for n, p in learner.network.named_parameters() if p.grad is not None}
    first, state = learner.policy_state_dict(), learner.state()
    is_main = learner.accelerator.is_main_process
    if is_main:
        safetensors.torch.save_file(first, folder / "first.safetensors")
        safetensors.torch.save_file(dict(state.tensors), folder / "state.safetensors")
        (folder / "state.json").write_text(json.dumps(state.state), encoding="utf-8")
    else:
        assert not first
        assert not state.tensors
    learner.update(groups, 1)
    weights = {name: whole(tensor) for name, tensor in learner.network.state_dict().items()}

    learner.accelerator.wait_for_everyone()
    network = _network(case, seed)
    if not case.get("lora"):
        network.causal_model.load_state_dict(safetensors.torch.load_file(folder / "first.safetensors"))
    again = _learner(case, sharding, network)
    if again._reference is not None:  # That of the run, not of where it goes on from.
        again._reference = learner._reference
    saved = json.loads((folder / "state.json").read_text("utf-8"))
    again.load_state(TrainingState(safetensors.torch.load_file(folder / "state.safetensors"), saved))
    again.update(groups, 1)
    for name, tensor in again.network.state_dict().items():
        assert torch.equal(whole(tensor), weights[name]), name

    groups[0][0].rows[0].log_probs[0] = np.nan  # In one process's share only; all must stop.
    with pytest.raises(DivergenceError, match="update 2 gave loss nan"):
        learner.update(groups, 2)
    if is_main:
        safetensors.torch.save_file(
            {n: t.clone() for n, t in weights.items()}, folder / "weights.safetensors"
        )
        safetensors.torch.save_file(gradients, folder / "gradients.safetensors")
        (folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")


def _run(sharding: str, folder: Path, num_processes: int) -> None:
    """Train all cases, one after the other, in so many processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for case in CASES:
        (folder / case).mkdir(parents=True)
    processes = []
    for rank in range(num_processes):
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        if num_processes > 1:
            environment |= {
                "RANK": str(rank),
                "LOCAL_RANK": str(rank),
                "WORLD_SIZE": str(num_processes),
                "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": str(port),
            }
        command = [
            sys.executable,
            "-W",
            "error::UserWarning:torch",
            __file__,
            sharding,
            str(folder),
            str(rank),
        ]
        processes.append(
            subprocess.Popen(
                command, env=environment, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True
            )
        )
    outputs = [process.communicate(timeout=500)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * num_processes, "\n".join(outputs)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the folders of what one process, two with the whole weights and two with shards came to."""
    folder = tmp_path_factory.mktemp("trained")
    folders = {name: folder / name for name in ("one", "whole", "shards")}
    _run("none", folders["one"], 1)
    _run("none", folders["whole"], 2)
    _run("full", folders["shards"], 2)
    return folders


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("parallel", ["whole", "shards"])
def test_two_processes_learn_what_one_does(trained: dict[str, Path], parallel: str, case: str) -> None:
    from builders import relative_error  # A script does not find it.

    for name in ("gradients", "first", "weights"):
        found, expected = (
            safetensors.torch.load_file(trained[run] / case / f"{name}.safetensors")
            for run in (parallel, "one")
        )
        assert relative_error(found, expected) <= 1e-5, name
    found, expected = (
        json.loads((trained[run] / case / "metrics.json").read_text("utf-8")) for run in (parallel, "one")
    )
    del found["tokens_per_s"], expected["tokens_per_s"]
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)


if __name__ == "__main__":
    torch.set_num_threads(1)
    _, chosen_sharding, chosen_folder, rank_text = sys.argv
    for chosen, settings in CASES.items():
        # Every process draws other first weights; those of the first count.
        train(settings, chosen_sharding, Path(chosen_folder, chosen), seed=int(rank_text))
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()
