"""The learner of language policies: gradient steps over rows, in one process or many."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from memdojo.agents.language.network import PolicyNetwork, RowScores, whole
from memdojo.errors import ConfigError, DivergenceError, EngineError

from ..algorithms.losses import explained_variance
from ..algorithms.protocol import Algorithm, nothing_to_learn_from
from ..checkpoints.compact import TrainingState
from ..config.language import LearnerSettings
from .batches import MicroBatch, UpdateRows, pad_rows, share_out
from .learner_processes import (
    accumulating,
    first_not_finite,
    gradient_norm,
    place_network,
    scalar,
    sum_over_processes,
)
from .learner_state import pack_state, restore_state
from .objective import UpdateTensors, choices_of, sampler_mismatch
from .trajectories import LanguageGroup


class LanguageLearner:
    """Updates a language policy by the gradients of an algorithm's loss over independent rows.

    Every process has a learner of its own, calls the same methods with the same arguments and takes its share
    of the rows. Losses are means over all tokens (or rows) of a gradient step, whatever the process and
    micro-batch that they are in, so the number of processes changes nothing but the last digits.

    Args:
        network: Trained in place. It has a critic if the algorithm needs one, and else none.
        algorithm: Decides what to learn from, and what is minimised.
        learner: Sharding, micro-batches and the like.
        temperature: At which responses are sampled.
        accelerator: Knows the processes and the device of this one.
        reference: The frozen policy to which a KL term ties the trained one. With adapters it may be left
            out, as the model without them serves.
        seed: With the number of the update, seeds which groups make a minibatch.

    Raises:
        ConfigError: If the network's critic does not fit the algorithm, or a KL term has no reference.
    """

    def __init__(
        self,
        network: PolicyNetwork,
        algorithm: Algorithm[Any],
        learner: LearnerSettings,
        *,
        temperature: float,
        accelerator: Accelerator,
        reference: PolicyNetwork | None = None,
        seed: int,
    ) -> None:
        settings = algorithm.settings
        if (network.critic is not None) is not algorithm.needs_critic:
            raise ConfigError(
                f"the network has {'no' if network.critic is None else 'a'} critic, but algorithm.name is "
                f"{settings.name!r}, which {'needs one' if algorithm.needs_critic else 'has none'}."
            )
        if algorithm.needs_reference and reference is None and not network.has_adapters:
            raise ConfigError(
                f"algorithm.name is {settings.name!r} with a term of a reference policy, and there is none; "
                "give a frozen copy of the network, or train adapters."
            )
        self.network = network
        self.algorithm = algorithm
        self.config = learner
        self.temperature = temperature
        self.accelerator = accelerator
        self.seed = seed
        if learner.gradient_checkpointing:
            network.checkpoint_activations()
        self._module = place_network(network, accelerator, learner.sharding)
        self._reference: nn.Module | None = None
        if reference is not None:
            self._reference = place_network(reference.requires_grad_(False), accelerator, learner.sharding)
        self._trained = {
            name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad
        }
        # The critic comes last in the network, so the groups keep the order of `_trained`.
        parts = [
            (
                [weight for name, weight in self._trained.items() if not _is_critic(name)],
                settings.learning_rate,
            ),
            (
                [weight for name, weight in self._trained.items() if _is_critic(name)],
                algorithm.critic_learning_rate,
            ),
        ]
        self._optimizer = torch.optim.AdamW(
            [{"params": weights, "lr": rate, "full_lr": rate} for weights, rate in parts if weights],
            weight_decay=settings.weight_decay,
        )

    def update(self, groups: Sequence[LanguageGroup], update: int) -> dict[str, float]:
        """Learn from one update's rollouts and return metrics.

        Without anything to learn from, as when all groups have equal returns and those are skipped, the
        weights stay as they are and the metrics say what was left out.

        Args:
            groups: Of all processes, the same in each.
            update: How many updates there were before.

        Raises:
            DivergenceError: If the loss, the gradient or a weight is no longer finite. For the first two the
                optimiser's step is not taken.
            EngineError: If the GPU's memory is too small.
            ConfigError: If nothing was asked in any episode.
            ValueError: If no trajectory could be scored.
        """
        start = time.perf_counter()
        selection = self.algorithm.select(groups)
        if not any(each.loss_mask.any() for group in groups for each in group):
            raise nothing_to_learn_from(update)
        # An episode of a design that had nothing to decide has no tokens to learn from.
        taught = tuple(
            decided
            for group in selection.groups
            if (decided := tuple(each for each in group if each.loss_mask.any()))
        )
        metrics = dict(selection.counts) | {"learning_rate": self._set_learning_rate(update)}
        metrics |= self.algorithm.at(update).coefficients
        if not taught:
            return metrics | {"rows": 0, "tokens": 0, "tokens_per_s": 0.0}
        rows = UpdateRows.of(taught)
        try:
            metrics |= self._learn(taught, rows, update)
        except torch.OutOfMemoryError as error:
            raise EngineError(
                f"update {update} needs more memory than the GPU has, with learner.micro_batch_tokens = "
                f"{self.config.micro_batch_tokens}; lower it, set learner.gradient_checkpointing, or train "
                "adapters by policy.lora_rank. The last checkpoint is good."
            ) from error
        num_tokens = int(rows.lengths.sum())
        speed = num_tokens * self.algorithm.settings.epochs / (time.perf_counter() - start)
        return metrics | {"rows": len(rows.rows), "tokens": num_tokens, "tokens_per_s": speed}

    def policy_state_dict(self) -> dict[str, Tensor]:
        """Return the language model's weights for a sampler; see `PolicyNetwork.policy_weights`.

        All processes must call it; the first one gets the weights and the others an empty dictionary.
        """
        is_main = self.accelerator.is_main_process
        # The others walk through as well: they have shards of every weight.
        return {name: weight for name, weight in self.network.policy_weights() if is_main}

    def adapter_state_dict(self) -> dict[str, Tensor]:
        """Return the adapters' weights, empty without adapters; all processes must call it."""
        if not self.network.has_adapters:
            return {}
        parameters = self.network.model.named_parameters()
        return {name: whole(parameter) for name, parameter in parameters if ".lora_" in name}

    def state(self) -> TrainingState:
        """Return what the policy's weights leave out of what it takes to go on, bit for bit.

        That is the optimiser's moments, and the weights of critic and adapters. (With adapters, go on from
        the model that they began from, not from the merged one.) All processes must call it; the first one
        gets the tensors.
        """
        return pack_state(
            self._optimizer, self._trained, self._extra_weights(), keep=self.accelerator.is_main_process
        )

    def load_state(self, state: TrainingState) -> None:
        """Go on from what `state` returned; every process gives the whole of it.

        Raises:
            CheckpointError: If it is of another network.
        """
        restore_state(state, self._optimizer, self._trained, self._extra_weights())

    def _extra_weights(self) -> list[str]:
        """Name the trained weights that the policy's do not have one by one."""
        return [name for name in self._trained if _is_critic(name) or self.network.has_adapters]

    def _set_learning_rate(self, update: int) -> float:
        share = self.algorithm.settings.learning_rate_share(update)
        for group in self._optimizer.param_groups:
            group["lr"] = share * group["full_lr"]
        rate: float = self._optimizer.param_groups[0]["lr"]
        return rate

    def _learn(self, groups: Sequence[LanguageGroup], rows: UpdateRows, update: int) -> dict[str, float]:
        algorithm = self.algorithm
        steps = self._gradient_steps(rows, update)
        tensors = UpdateTensors.of(rows, self.accelerator.device)
        # A single step starts from the policy that sampled, and so knows the old log-probabilities itself.
        needs_old_log_probs = algorithm.needs_old_log_probs and len(steps) > 1
        if needs_old_log_probs or algorithm.needs_critic or algorithm.needs_reference:
            self._score(rows, tensors)
        estimates = algorithm.estimate(groups, tensors.values.double().cpu().numpy())
        tensors.advantages = self._on_device(estimates.advantages)
        tensors.targets = self._on_device(estimates.targets)
        history = [self._step(rows, tensors, step, update) for step in steps]
        self._require_finite_weights(update)
        metrics = {name: float(np.mean([step[name] for step in history])) for name in history[0]}
        if tensors.is_scored or len(steps) == 1:
            metrics |= self._sampler_mismatch(tensors)
        if algorithm.needs_critic:
            metrics["explained_variance"] = explained_variance(tensors.values, tensors.targets)
        return metrics

    def _sampler_mismatch(self, tensors: UpdateTensors) -> dict[str, float]:
        if not tensors.is_scored:
            # The one step has filled in those of each process's own rows.
            tensors.log_probs = sum_over_processes(tensors.log_probs, self.accelerator)
        return sampler_mismatch(tensors, self.algorithm.importance_cap)

    def _gradient_steps(self, rows: UpdateRows, update: int) -> list[list[int]]:
        """Return the numbers of the rows of each step; with `minibatch_rows` groups are torn apart."""
        settings = self.algorithm.settings
        shuffle = np.random.default_rng((self.seed, update))
        # Advantages are known by now, so a step need not have whole groups.
        parts = rows.group_numbers if settings.minibatch_rows is None else np.arange(len(rows.rows))
        num_parts = int(parts[-1]) + 1
        size = settings.minibatch_rows or settings.minibatch_groups or num_parts
        steps = []
        for _ in range(settings.epochs):
            order = shuffle.permutation(num_parts)
            for start in range(0, num_parts, size):
                chosen = np.isin(parts, order[start : start + size])
                steps.append(np.flatnonzero(chosen).tolist())
        return steps

    @torch.no_grad()
    def _score(self, rows: UpdateRows, tensors: UpdateTensors) -> None:
        """Fill in what the weights before the update, and the reference, say of all rows."""
        reference_log_probs = torch.zeros_like(tensors.log_probs)
        values = torch.zeros_like(tensors.values)
        for batch, _ in self._micro_batches(rows, range(len(rows.rows))):
            scores = self._evaluate(self._module, batch)
            tensors.log_probs[batch.tokens] = scores.log_probs
            if self.network.critic is not None:
                values[batch.rows] = scores.values
            if self.algorithm.needs_reference:
                reference_log_probs[batch.tokens] = self._reference_log_probs(batch)
        tensors.log_probs = sum_over_processes(tensors.log_probs, self.accelerator)
        tensors.reference_log_probs = sum_over_processes(reference_log_probs, self.accelerator)
        tensors.values = sum_over_processes(values, self.accelerator)
        tensors.is_scored = True

    def _step(
        self, rows: UpdateRows, tensors: UpdateTensors, step_rows: Sequence[int], update: int
    ) -> dict[str, float]:
        algorithm = self.algorithm.at(update)
        self._optimizer.zero_grad()
        history: list[Tensor] = []
        for batch, is_last in self._micro_batches(rows, step_rows):
            with accumulating(self._module, is_last=is_last):
                scores = self._evaluate(
                    self._module, batch, entropy_gradient=algorithm.needs_entropy_gradient
                )
                choices = choices_of(scores, batch, tensors, step_rows, algorithm.settings.loss_average)
                loss = algorithm.loss(choices)
                # Processes take the mean of their gradients, and these are parts of a sum.
                torch.autograd.backward(loss.total * self.accelerator.num_processes)
            terms = {**loss.terms, "loss": loss.total}
            history.append(torch.stack(list(terms.values())).detach())
            if not tensors.is_scored:
                tensors.log_probs[batch.tokens] = scores.log_probs.detach()
        totals = sum_over_processes(torch.stack(history).sum(dim=0), self.accelerator)
        metrics = dict(zip(terms, totals.tolist(), strict=True))
        norm = gradient_norm(list(self._trained.values()))
        metrics["gradient_norm"] = scalar(norm)
        self._require_finite_step(update, metrics["loss"], metrics["gradient_norm"])
        nn.utils.clip_grads_with_norm_(self._trained.values(), algorithm.settings.max_gradient_norm, norm)
        self._optimizer.step()
        return metrics

    def _micro_batches(self, rows: UpdateRows, numbers: Sequence[int]) -> Iterator[tuple[MicroBatch, bool]]:
        """Yield this process's micro-batches, and whether each is the last."""
        shares = share_out(
            rows.lengths,
            numbers,
            max_tokens=self.config.micro_batch_tokens,
            num_processes=self.accelerator.num_processes,
        )
        mine = shares[self.accelerator.process_index]
        for place, share in enumerate(mine, start=1):
            yield pad_rows(rows, share).to(self.accelerator.device), place == len(mine)

    def _evaluate(self, module: nn.Module, batch: MicroBatch, *, entropy_gradient: bool = False) -> RowScores:
        scores: RowScores = module(
            batch.input_ids,
            batch.predictors,
            batch.targets,
            batch.prompt_ends,
            temperature=self.temperature,
            entropy_gradient=entropy_gradient,
        )
        return scores

    def _reference_log_probs(self, batch: MicroBatch) -> Tensor:
        if self._reference is not None:
            return self._evaluate(self._reference, batch).log_probs
        with self.network.without_adapters():
            return self._evaluate(self._module, batch).log_probs

    def _require_finite_step(self, update: int, loss: float, norm: float) -> None:
        if np.isfinite(loss) and np.isfinite(norm):
            return
        self._require_finite_weights(update)
        gradients = [(name, parameter.grad) for name, parameter in self._trained.items()]
        name = first_not_finite(gradients, self.accelerator)
        where = f", which is not finite first in {name}" if name else ""
        raise _divergence(f"update {update} gave loss {loss} and gradient norm {norm}{where}")

    def _require_finite_weights(self, update: int) -> None:
        name = first_not_finite(list(self.network.named_parameters()), self.accelerator)
        if name is not None:
            raise _divergence(f"update {update} met weights that are not finite, first in {name}")

    def _on_device(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).float().to(self.accelerator.device)


def _is_critic(name: str) -> bool:
    return name.startswith("critic.")


def _divergence(what: str) -> DivergenceError:
    return DivergenceError(
        f"{what}, so training stopped; the last checkpoint is good. "
        "Start a new run with a lower algorithm.learning_rate."
    )
