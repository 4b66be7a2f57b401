"""A policy that TRL trains: its prompts, rewards, validation and checkpoints."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import torch
from transformers import PrinterCallback

from memdojo.agents.engines.chat_encoding import ChatEncoder
from memdojo.agents.engines.engine import Generation, StopReason
from memdojo.agents.engines.event_loop import EventLoop
from memdojo.agents.engines.models import end_token_ids, load_causal_lm, load_tokenizer
from memdojo.agents.engines.registry import make_engine
from memdojo.agents.language.network import PolicyNetwork
from memdojo.envs.prompts.protocol import Message
from memdojo.envs.types import Stream
from memdojo.errors import DivergenceError, MissingDependencyError

from ...algorithms.registry import make_algorithm
from ...checkpoints.compact import TrainedOn, TrainingState
from ...checkpoints.language import language_spec, save_language_policy, write_model
from ...config.run_kinds import LanguageConfig
from ...config.tables import Split
from ...episodes.memories import read_memories
from ...episodes.schedule import validation_tasks
from ...episodes.stages import Stages
from ...loop import Groups, Played
from ...rollouts.recorded_episodes import with_records
from ...runs.checkpoint_folders import CHECKPOINTS, remove_folder
from ...runs.folder import RunFolder
from ..recorded_trajectories import write_trajectories
from ..rollout_metrics import play_metrics
from ..setup import lora_config, make_encoder, make_task, player_recipe
from ..trajectories import LanguageGroup
from ..warm_start.stage import initial_model
from .prompts import StepSchedule
from .settings import grpo_settings, validation_engine

TRL = "trl"
"""Folder of a checkpoint with the trainer's own state."""

OUR_NAMES: Mapping[str, str] = {
    "loss": "loss",
    "grad_norm": "gradient_norm",
    "learning_rate": "learning_rate",
    "entropy": "entropy",
    "kl": "kl",
    "clip_ratio/region_mean": "clip_fraction",
    "sampling/sampling_logp_difference/max": "sampler_mismatch_max",
    "sampling/sampling_logp_difference/mean": "sampler_mismatch_mean",
}
"""Metrics of TRL that mean what one of memdojo's means; the others are logged as `trl/NAME`."""


class TrlTrainee:
    """A policy that TRL trains.

    Attributes:
        trainer: TRL's.
        steps_per_update: Gradient steps of an update.

    Args:
        config: The run.
        run: Its folder.
        splits: Its streams.
    """

    is_main = True

    def __init__(
        self, config: LanguageConfig, run: RunFolder, splits: Mapping[Split, Sequence[Stream]]
    ) -> None:
        self._config = config
        self._run = run
        base = initial_model(config, run)
        self._tokenizer = load_tokenizer(base)
        self._end_ids = end_token_ids(base, self._tokenizer)
        self._encoder = make_encoder(config, make_task(config), base)
        memories = read_memories(run, "train", Stages.of(config, splits["train"]).streams)
        self._steps = StepSchedule(config, splits["train"], base, memories)
        self._loop = EventLoop()
        self._played = Played([], {})
        self._started = math.nan
        self._logs: list[dict[str, float]] = []
        held_out = splits.get("validation", [])
        self._validation = validation_tasks(config, held_out)
        self._validator = player_recipe(
            config,
            held_out,
            {config.evaluation.metric: 1.0},
            base,
            memories=read_memories(run, "validation", held_out),
        )()
        settings = grpo_settings(config)
        self.steps_per_update = settings.pop("steps_per_update")
        # In the folder of the checkpoints, so that what it writes is moved and not copied; hidden, so that it
        # is no checkpoint, and is removed with other debris if the process is killed.
        self._scratch = run.path / CHECKPOINTS / ".trl.tmp"
        self.trainer = _new_trainer(
            model=load_causal_lm(base, config.learner.dtype),
            reward_funcs=self.reward,
            args=settings | {"output_dir": str(self._scratch)},
            train_dataset=self._prompts(),
            processing_class=_encoding_text_as_text(load_tokenizer(base), self._encoder.format.instructions),
            peft_config=lora_config(config),
        )
        self._network = PolicyNetwork(self.trainer.model)
        self._sampler = make_engine(base, validation_engine(config)) if held_out else None

    def reward(self, *, completion_ids: list[list[int]], position: list[int], **_: Any) -> list[float | None]:
        """Return what each completion is worth; None, which TRL leaves out, where it could not be scored.

        Args:
            completion_ids: Of a whole update, those of a group side by side.
            position: Of the step of each completion.

        Raises:
            EngineError: If not one completion could be scored.
        """
        seconds = time.perf_counter() - self._started
        size = self._config.algorithm.group_size
        update = position[0] // self._config.algorithm.groups_per_update
        replies = [self._generation(ids, update) for ids in completion_ids]
        firsts = range(0, len(replies), size)
        groups = self._loop.run(
            self._steps.play(
                [position[first] for first in firsts], [replies[first : first + size] for first in firsts]
            )
        )
        self._played = Played(groups, self._play_metrics(groups, update, seconds))
        return [
            trajectory.episode_return if trajectory.scored else None
            for group in groups
            for trajectory in group
        ]

    def begin(self) -> None:
        """Note that an update begins."""
        self._started = time.perf_counter()
        self._logs = []

    def hear(self, logs: Mapping[str, Any], update: int) -> None:
        """Take what TRL says of a gradient step.

        Raises:
            DivergenceError: If loss or gradient is not finite.
        """
        if not (math.isfinite(logs["loss"]) and math.isfinite(logs["grad_norm"])):
            raise _divergence(
                f"update {update} gave loss {logs['loss']} and gradient norm {logs['grad_norm']}"
            )
        numbers = {name: float(value) for name, value in logs.items() if isinstance(value, int | float)}
        self._logs.append({OUR_NAMES.get(name, f"trl/{name}"): value for name, value in numbers.items()})

    def play(self, update: int) -> Played:
        """Return the episodes that TRL sampled for the update."""
        return self._played

    def learn(self, groups: Groups, update: int) -> dict[str, float]:
        """Return the means of what TRL said of the gradient steps of the update.

        Raises:
            DivergenceError: If a weight is not finite.
        """
        for name, parameter in self._network.named_parameters():
            if not torch.isfinite(parameter).all():
                raise _divergence(f"update {update} met weights that are not finite, first in {name}")
        seconds = time.perf_counter() - self._started - self._played.metrics["seconds/rollouts"]
        names = dict.fromkeys(name for log in self._logs for name in log)
        means = {name: float(np.mean([log[name] for log in self._logs if name in log])) for name in names}
        coefficients = make_algorithm(self._config.algorithm).coefficients
        return {**means, **coefficients, "seconds/learner": seconds}

    def validate(self, num_recorded: int = 0) -> Groups:
        """Play the validation episodes greedily, and record all that is done in the first `num_recorded`."""
        sampler = self._sampler
        assert sampler is not None  # Only called with validation streams.
        sampler.load_weights(dict(self._network.policy_weights()), sampler.weights_version + 1)

        async def play() -> list[LanguageGroup]:
            tasks = with_records(self._validation, num_recorded)
            return list(await asyncio.gather(*(self._validator.play(task, sampler) for task in tasks)))

        return self._loop.run(play())

    def save(self, folder: Path, training: TrainedOn, state: Mapping[str, Any]) -> None:
        """Write a checkpoint with the state that TRL has just written, if it has begun."""
        network = self._network

        def write(temporary: Path) -> None:
            write_model(temporary, network, dict(network.policy_weights()), self._tokenizer)
            step = self.trainer.state.global_step
            if not step:
                return  # The policy that training begins with; the trainer has nothing to go on from yet.
            (self._scratch / f"checkpoint-{step}").rename(temporary / TRL)
            # Pickled, and never read again.
            (temporary / TRL / "training_args.bin").unlink()

        save_language_policy(
            folder, write, language_spec(self._config, training), TrainingState({}, dict(state))
        )

    def agree(self, flag: bool) -> bool:
        """Return the flag: there is one process."""
        return flag

    def close(self) -> None:
        """End the sampler of the validation."""
        if self._sampler is not None:
            self._sampler.close()
        self._loop.close()
        if self._scratch.is_dir():
            remove_folder(self._scratch)

    def _prompts(self) -> Any:
        """Return the prompts of the run by position, each rendered when TRL gets to it."""
        algorithm = self._config.algorithm
        format: Any = self._encoder.format

        def render(batch: dict[str, list[int]]) -> dict[str, list[Any]]:
            views = [self._steps.prompt(position).view for position in batch["position"]]
            conversations = [
                [{"role": message.role, "content": message.content} for message in format.messages(view)]
                for view in views
            ]
            return {"prompt": conversations, "position": batch["position"]}

        positions = list(range(algorithm.num_updates * algorithm.groups_per_update))
        return datasets.Dataset.from_dict({"position": positions}).with_transform(render)

    def _generation(self, token_ids: Sequence[int], update: int) -> Generation:
        ended = token_ids[-1] in self._end_ids
        return Generation(tuple(token_ids), (), StopReason.END if ended else StopReason.LENGTH, update)

    def _play_metrics(
        self, groups: Sequence[LanguageGroup], update: int, sampling_seconds: float
    ) -> dict[str, float]:
        seconds = time.perf_counter() - self._started
        metrics = play_metrics(groups, update, seconds)
        if update % self._config.evaluation.every == 0:
            write_trajectories(self._run, groups, self._encoder, update)
        return metrics | {"seconds/rollouts": seconds, "seconds/sampling": sampling_seconds}


def _encoding_text_as_text(tokenizer: Any, instructions: str) -> Any:
    """Let a tokenizer that TRL renders prompts with encode what was said as text; see `ChatEncoder`."""
    encoder, apply = ChatEncoder(tokenizer), tokenizer.apply_chat_template

    def apply_as_text(conversation: Any, **options: Any) -> Any:
        if not options.get("tokenize", True):
            return apply(conversation, **options)
        messages = [[Message(each["role"], each["content"]) for each in one] for one in conversation]
        return {"input_ids": [list(encoder.encode(one, instructions=instructions)) for one in messages]}

    tokenizer.apply_chat_template = apply_as_text
    return tokenizer


def _new_trainer(**arguments: Any) -> Any:
    """Build TRL's trainer; its fields in `args` are a dictionary.

    TRL is loaded here and not with this module, because it warns of much when it is loaded.
    """
    try:
        from trl import GRPOConfig, GRPOTrainer
    except ImportError as error:
        raise MissingDependencyError(
            f"learner.kind = 'trl' needs {error.name}, which is not installed: "
            "pip install 'memdojo[language]'"
        ) from error
    trainer = GRPOTrainer(**arguments | {"args": GRPOConfig(**arguments["args"])})
    trainer.remove_callback(PrinterCallback)
    return trainer


def _divergence(what: str) -> DivergenceError:
    return DivergenceError(
        f"{what}, so training stopped; the last checkpoint is good. "
        "Start a new run with a lower algorithm.learning_rate."
    )
