from __future__ import annotations

import copy
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from accelerate import Accelerator
from peft import LoraConfig, get_peft_model
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

from builders import make_row, relative_error, weights_of
from memdojo.agents.language.network import PolicyNetwork
from memdojo.errors import CheckpointError, ConfigError, DivergenceError, EngineError
from memdojo.train.algorithms.registry import ALGORITHMS, make_algorithm
from memdojo.train.checkpoints.compact import TrainingState
from memdojo.train.config.language import MemdojoLearnerSettings
from memdojo.train.language.learner import LanguageLearner
from memdojo.train.language.trajectories import LanguageGroup, LanguageTrajectory, Row

pytestmark = pytest.mark.usefixtures("one_thread")

TEMPERATURE = 0.8


def _network(*, critic: bool = False, lora: bool = False) -> PolicyNetwork:
    torch.manual_seed(0)
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
    if lora:
        model = get_peft_model(model, LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"]))
    network = PolicyNetwork(model, critic=critic)
    if network.critic is not None:
        torch.nn.init.normal_(network.critic[-1].weight, std=0.2)
    return network


def _algorithm(name: str = "grpo", **settings: Any) -> Any:
    defaults = {"num_updates": 1, "epochs": 1, "max_gradient_norm": 1e9, "learning_rate": 3e-3}
    return ALGORITHMS.get(name).settings.model_validate({"name": name, **defaults, **settings})


def _learner(
    network: PolicyNetwork, algorithm: Any, *, max_tokens: int = 40, **settings: Any
) -> LanguageLearner:
    reference = settings.pop("reference", None)
    return LanguageLearner(
        network,
        make_algorithm(algorithm),
        MemdojoLearnerSettings(micro_batch_tokens=max_tokens, **settings),
        temperature=TEMPERATURE,
        accelerator=Accelerator(cpu=True),
        reference=reference,
        seed=0,
    )


def _log_probs(network: PolicyNetwork, row: Row) -> tuple[Tensor, Tensor, Tensor]:
    """Return log-probabilities, entropies and value of one row, unpadded and in the plainest way."""
    ids = torch.from_numpy(np.concatenate([row.prompt_ids, row.response_ids])).long()[None]
    start = len(row.prompt_ids) - 1
    output = network.causal_model(ids, output_hidden_states=True)
    scores = torch.log_softmax(output.logits[0, start:-1] / TEMPERATURE, dim=-1)
    value = torch.zeros(1)
    if network.critic is not None:
        value = network.critic(output.hidden_states[-1][0, start].detach())
    chosen = scores[torch.arange(len(row.response_ids)), torch.from_numpy(row.response_ids).long()]
    return chosen, -(scores.exp() * scores).sum(dim=-1), value


NUM_ROWS = ((3, 1, 2), (2, 2, 2), (1, 4, 1))
"""Rows of each episode of each group: an odd lot."""


def _groups(network: PolicyNetwork, noise: float = 0.3) -> list[LanguageGroup]:
    rng = np.random.default_rng(5)

    def row(group: int) -> Row:
        prompt = np.array([group + 1, *rng.integers(4, 64, rng.integers(0, 9))], np.int32)
        response = rng.integers(4, 64, rng.integers(1, 7)).astype(np.int32)
        drawn = Row(prompt, response, np.zeros(len(response), np.float32), float(rng.normal()))
        log_probs = _log_probs(network, drawn)[0].detach().numpy()
        sampled = (log_probs + noise * rng.normal(size=len(response))).astype(np.float32)
        return Row(prompt, response, sampled, drawn.reward)

    return [
        tuple(LanguageTrajectory("s", tuple(row(group) for _ in range(size))) for size in sizes)
        for group, sizes in enumerate(NUM_ROWS)
    ]


def _rows(groups: Sequence[LanguageGroup]) -> list[Row]:
    return [row for group in groups for trajectory in group for row in trajectory.rows]


def _reference_gradient(
    network: PolicyNetwork,
    before: PolicyNetwork,
    groups: Sequence[LanguageGroup],
    algorithm: Any,
    reference: PolicyNetwork | None = None,
) -> tuple[dict[str, Tensor], dict[str, float]]:
    """Return the gradient of the whole loss, row by row and by the letter of the papers, and its value.

    Args:
        network: The current policy.
        before: The policy at the beginning of the update.
    """
    rows = _rows(groups)
    values = np.array([_log_probs(before, row)[2].item() for row in rows])
    advantages, targets = make_algorithm(algorithm).estimate(groups, values)
    num_tokens = sum(len(row.response_ids) for row in rows)
    loss, value_loss = torch.zeros(()), torch.zeros(())
    for row, advantage, target in zip(rows, advantages, targets, strict=True):
        log_probs, entropy, value = _log_probs(network, row)
        old = _log_probs(before, row)[0].detach()
        for t in range(len(row.response_ids)):
            ratio = torch.exp(log_probs[t] - old[t])
            clipped = min(max(ratio, 1 - algorithm.clip_low), 1 + algorithm.clip_high)
            term = -min(ratio * float(advantage), clipped * float(advantage))
            if algorithm.importance_cap:
                term = term * min(math.exp(old[t] - row.log_probs[t]), algorithm.importance_cap)
            term = term - algorithm.entropy_coefficient * entropy[t]
            if reference is not None:
                d = _log_probs(reference, row)[0][t].detach() - log_probs[t]
                term = term + algorithm.kl_coefficient * (torch.exp(d) - d - 1)
            share = num_tokens if algorithm.loss_average == "token" else len(rows) * len(log_probs)
            loss = loss + term / share
        value_loss = value_loss + 0.5 * (value - float(target)).square().sum() / len(rows)
    if algorithm.name == "ppo":
        loss = loss + algorithm.value_coefficient * value_loss
    network.zero_grad()
    torch.autograd.backward(loss)
    return _gradients(network), {"loss": float(loss.detach()), "value_loss": float(value_loss.detach())}


def _gradients(network: PolicyNetwork) -> dict[str, Tensor]:
    return {n: p.grad.clone() for n, p in network.named_parameters() if p.grad is not None}


SETTINGS = [
    {"advantage": "trajectory"},
    {"advantage": "step", "loss_average": "sequence"},
    {"advantage": "rows", "importance_cap": 1.1, "entropy_coefficient": 0.1},
    {"advantage": "trajectory", "importance_cap": 0, "kl_coefficient": 0.2, "loss_average": "sequence"},
    {"name": "ppo", "value_coefficient": 0.7},
    {"name": "ppo", "loss_average": "sequence", "entropy_coefficient": 0.1, "gae_lambda": 0.5},
]


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("epochs", [1, 2])
def test_the_gradient_is_that_of_the_formula_row_by_row(settings: dict[str, Any], epochs: int) -> None:
    algorithm = _algorithm(**settings, clip_low=0.02, clip_high=0.03)
    before = _network(critic=algorithm.name == "ppo")
    groups = _groups(before)
    reference = None
    if algorithm.kl_coefficient:
        reference = copy.deepcopy(before)
        with torch.no_grad():
            reference.causal_model.model.norm.weight.mul_(1.1)
    current = copy.deepcopy(before)
    if epochs == 2:
        # One step from the same start: where the second of two steps begins.
        _learner(current, algorithm, reference=reference).update(groups, 0)
    expected, values = _reference_gradient(current, before, groups, algorithm, reference)

    network = copy.deepcopy(before)
    learner = _learner(network, algorithm.model_copy(update={"epochs": epochs}), reference=reference)
    metrics = learner.update(groups, 0)
    assert relative_error(_gradients(network), expected) <= 1e-5
    if epochs == 1:
        assert metrics["loss"] == pytest.approx(values["loss"], rel=1e-5, abs=1e-6)
        assert metrics["clip_fraction"] == 0
    else:
        assert metrics["clip_fraction"] > 0.05
    if algorithm.name == "ppo" and epochs == 1:
        assert metrics["value_loss"] == pytest.approx(values["value_loss"], rel=1e-5)


@pytest.mark.parametrize("max_tokens", [1, 33, 10_000])
def test_micro_batches_of_any_size_give_the_same_gradient(max_tokens: int) -> None:
    network = _network()
    groups = _groups(network)
    expected, _ = _reference_gradient(copy.deepcopy(network), network, groups, _algorithm())
    _learner(network, _algorithm(), max_tokens=max_tokens).update(groups, 0)
    assert relative_error(_gradients(network), expected) <= 1e-5


def test_gradient_checkpointing_changes_no_gradient() -> None:
    plain, checkpointed = _network(), _network()
    groups = _groups(plain)
    _learner(plain, _algorithm()).update(groups, 0)
    _learner(checkpointed, _algorithm(), gradient_checkpointing=True).update(groups, 0)
    assert relative_error(_gradients(checkpointed), _gradients(plain)) <= 1e-6


def test_every_row_of_an_episode_teaches() -> None:
    # Paid at the last row only: were the others masked, their gradient would be 0.
    network = _network()
    rows = [row for row in _rows(_groups(network)) if len(row.prompt_ids) > 2][:4]
    for taught in range(2):
        episode = [Row(rows[i].prompt_ids, rows[i].response_ids, rows[i].log_probs, float(i)) for i in (0, 1)]
        other = Row(rows[2].prompt_ids, rows[2].response_ids, rows[2].log_probs, 0.0)
        trained = copy.deepcopy(network)
        before = _log_probs(trained, episode[taught])[0].sum().item()
        group = (LanguageTrajectory("s", tuple(episode)), LanguageTrajectory("s", (other,)))
        _learner(trained, _algorithm(advantage="trajectory", learning_rate=1e-3)).update([group], 0)
        assert _log_probs(trained, episode[taught])[0].sum().item() > before + 0.01


def test_what_could_not_be_scored_leaves_no_trace() -> None:
    network, with_failures = _network(), _network()
    groups = _groups(network)
    failed = LanguageTrajectory("s", _groups(network)[1][0].rows, failure="the answerer timed out")
    unknown = LanguageTrajectory(
        "s", tuple(Row(r.prompt_ids, r.response_ids, r.log_probs, math.nan) for r in failed.rows)
    )
    learner = _learner(with_failures, _algorithm())
    metrics = learner.update([(failed, *groups[0], unknown), *groups[1:], (failed, groups[0][0])], 0)
    _learner(network, _algorithm()).update(groups, 0)
    assert weights_of(with_failures).keys() == weights_of(network).keys()
    assert all(torch.equal(weights_of(with_failures)[n], w) for n, w in weights_of(network).items())
    assert metrics["dropped_unscored"] == 3
    assert metrics["dropped_alone"] == 1
    assert metrics["rows"] == sum(map(sum, NUM_ROWS))
    assert metrics["tokens"] == sum(row.num_tokens for row in _rows(groups))
    assert metrics["tokens_per_s"] > 0


@pytest.mark.parametrize("name", ["grpo", "ppo"])
def test_an_episode_in_which_nothing_was_asked_leaves_no_trace(name: str) -> None:
    critic = name == "ppo"
    network, with_others = _network(critic=critic), _network(critic=critic)
    groups = _groups(network)
    unasked = LanguageTrajectory("s", (make_row(3.0, prompt=(), response=()),))
    learner = _learner(with_others, _algorithm(name))
    metrics = learner.update([(unasked, unasked), *groups], 0)
    _learner(network, _algorithm(name)).update(groups, 0)
    assert all(torch.equal(weights_of(with_others)[n], w) for n, w in weights_of(network).items())
    assert (metrics["rows"], metrics["dropped_unscored"]) == (sum(map(sum, NUM_ROWS)), 0)
    with pytest.raises(ConfigError, match="no episode of update 7 came to a choice"):
        learner.update([(unasked, unasked)], 7)


def test_an_update_of_equal_groups_changes_nothing_and_says_so() -> None:
    network = _network()
    group = _groups(network)[0]
    before = weights_of(network)
    metrics = _learner(network, _algorithm(skip_equal_groups=True)).update([(group[0], group[0])], 0)
    assert metrics["skipped_groups"] == 1
    assert metrics["rows"] == 0
    assert all(torch.equal(before[name], weight) for name, weight in weights_of(network).items())


def test_the_mismatch_of_sampler_and_learner_is_measured_under_the_sameweights_of() -> None:
    network = _network()
    groups = _groups(network, noise=0.0)
    row = _rows(groups)[0]
    row.log_probs[0] -= 0.5  # As from stale weights.
    num_tokens = sum(len(row.response_ids) for row in _rows(groups))
    for settings in ({}, {"epochs": 3, "learning_rate": 0.01}):
        algorithm = _algorithm(**settings, importance_cap=1.5)
        metrics = _learner(copy.deepcopy(network), algorithm).update(groups, 0)
        assert metrics["sampler_mismatch_max"] == pytest.approx(0.5, abs=1e-5)
        assert metrics["sampler_mismatch_mean"] == pytest.approx(0.5 / num_tokens, abs=1e-5)
        # exp(0.5) = 1.65 is above the cap.
        assert metrics["importance_capped"] == pytest.approx(1 / num_tokens)


def test_groups_stay_together_in_a_minibatch_and_all_are_used_once_an_epoch() -> None:
    network = _network()
    groups = _groups(network)
    learner = _learner(network, _algorithm(minibatch_groups=1, epochs=2), max_tokens=10_000)
    seen: list[set[int]] = []
    network.register_forward_pre_hook(lambda _, inputs: seen.append(set(inputs[0][:, 0].tolist())))
    learner.update(groups, 0)
    # The first pass scores all; then each step has the rows of one group.
    assert seen[0] == {1, 2, 3}
    assert all(len(step) == 1 for step in seen[1:])
    assert [set.union(*seen[i : i + 3]) for i in (1, 4)] == [{1, 2, 3}] * 2
    steps = {int(value) for name, value in learner.state().tensors.items() if name.endswith(".step")}
    assert steps == {6}


def test_rows_of_all_groups_are_mixed_in_a_minibatch_of_rows_and_all_are_used_once_an_epoch() -> None:
    network = _network()
    groups = _groups(network)
    num_rows = sum(len(trajectory.rows) for group in groups for trajectory in group)
    learner = _learner(network, _algorithm(minibatch_rows=2), max_tokens=10_000)
    seen: list[list[int]] = []
    network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0][:, 0].tolist()))
    learner.update(groups, 0)
    scored, *steps = seen
    assert [len(step) for step in steps] == [2] * (num_rows // 2) + [1] * (num_rows % 2)
    assert sorted(token for step in steps for token in step) == sorted(scored)
    assert any(len(set(step)) > 1 for step in steps)


def test_the_policy_is_scored_beforehand_only_where_that_is_needed() -> None:
    def num_passes(settings: dict[str, Any]) -> int:
        network = _network(critic=settings.get("name") == "ppo", lora="kl_coefficient" in settings)
        groups = _groups(network)
        learner, passes = _learner(network, _algorithm(**settings), max_tokens=10_000), []
        network.register_forward_pre_hook(lambda *_: passes.append(1))
        learner.update(groups, 0)
        return len(passes)

    assert num_passes({}) == 1
    assert num_passes({"name": "ppo"}) == 2
    assert num_passes({"epochs": 2}) == 3
    assert num_passes({"kl_coefficient": 0.1}) == 3


def test_the_critic_learns_what_rows_are_worth() -> None:
    network = _network(critic=True)
    network.causal_model.requires_grad_(False)
    groups = _groups(network)
    learner = _learner(network, _algorithm("ppo", learning_rate=1e-2, gae_lambda=1.0))
    history = [learner.update(groups, update) for update in range(40)]
    assert history[0]["explained_variance"] < 0.3
    assert history[-1]["explained_variance"] > 0.8
    assert history[-1]["value_loss"] < 0.3 * history[0]["value_loss"]


def test_a_kl_term_holds_the_policy_at_its_reference() -> None:
    def distance(coefficient: float) -> float:
        network = _network()
        groups = _groups(network)
        reference = copy.deepcopy(network)
        algorithm = _algorithm(kl_coefficient=coefficient, learning_rate=3e-3)
        learner = _learner(network, algorithm, reference=reference)
        assert learner.update(groups, 0)["kl"] == pytest.approx(0, abs=1e-6)
        for update in range(1, 8):
            metrics = learner.update(groups, update)
        assert not any(parameter.requires_grad for parameter in reference.parameters())
        return metrics["kl"]

    assert distance(5.0) < 0.5 * distance(1e-6)


def test_with_adapters_the_model_beneath_is_the_reference_and_never_changes() -> None:
    network = _network(lora=True)
    base = {name: weight for name, weight in weights_of(network).items() if "lora_" not in name}
    groups = _groups(network)
    learner = _learner(network, _algorithm(kl_coefficient=0.1, epochs=2))
    assert learner.update(groups, 0)["kl"] > 0
    adapters = {name for name, p in network.named_parameters() if p.grad is not None}
    assert adapters
    assert all("lora_" in name for name in adapters)
    for _ in range(30):
        merged = learner.policy_state_dict()
    after = weights_of(network)
    assert all(torch.equal(after[name], weight) for name, weight in base.items())
    plain = _network()
    plain.causal_model.load_state_dict(merged)
    row = _rows(groups)[0]
    torch.testing.assert_close(_log_probs(plain, row)[0], _log_probs(network, row)[0], rtol=1e-5, atol=1e-6)


def test_the_learning_rate_warms_up_from_the_first_update() -> None:
    network = _network()
    learner = _learner(network, _algorithm(warmup_updates=4, learning_rate=1e-3))
    rates = [learner.update(_groups(network), update)["learning_rate"] for update in (0, 1, 3, 9)]
    assert rates == pytest.approx([2.5e-4, 5e-4, 1e-3, 1e-3])


def test_policy_and_critic_fall_by_the_same_schedule() -> None:
    network = _network(critic=True)
    falling = {"num_updates": 4, "learning_rate_schedule": "cosine", "warmup_updates": 1}
    learner = _learner(network, _algorithm("ppo", **falling, learning_rate=1e-3, critic_learning_rate=1e-2))
    rates = []
    for update in range(4):
        metrics = learner.update(_groups(network), update)
        rates.append(metrics["learning_rate"])
        policy, critic = (group["lr"] for group in learner.state().state["param_groups"])
        assert (policy, critic) == pytest.approx((rates[-1], 10 * rates[-1]))
    assert rates == pytest.approx([1e-3, 1e-3, 0.75e-3, 0.25e-3])


def _paid_one(trajectory: LanguageTrajectory) -> LanguageTrajectory:
    return replace(trajectory, rows=tuple(replace(row, reward=1.0) for row in trajectory.rows))


def test_the_weight_of_the_entropy_falls_by_its_schedule() -> None:
    falling = {"num_updates": 4, "entropy_coefficient": 0.1, "entropy_schedule": "linear"}

    def learned(update: int, **settings: Any) -> tuple[float, dict[str, Tensor]]:
        network = _network()
        # Equal rewards have no advantage: the entropy alone has a gradient.
        groups = [tuple(map(_paid_one, group)) for group in _groups(network)]
        metrics = _learner(network, _algorithm(**settings)).update(groups, update)
        return metrics["entropy_coefficient"], _gradients(network)

    coefficient, found = learned(1, **falling)
    assert coefficient == pytest.approx(0.075)
    _, expected = learned(0, entropy_coefficient=0.075)
    assert any(gradient.abs().max() > 0 for gradient in found.values())
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient)


@pytest.mark.parametrize(
    ("settings", "lora"),
    [
        ({"epochs": 2}, False),
        ({"name": "ppo"}, False),
        ({"warmup_updates": 3}, True),
        (
            {
                "num_updates": 3,
                "learning_rate_schedule": "linear",
                "entropy_coefficient": 0.1,
                "entropy_schedule": "cosine",
            },
            False,
        ),
    ],
)
def test_a_learner_that_goes_on_is_bit_for_bit_one_that_never_stopped(
    settings: dict[str, Any], lora: bool
) -> None:
    algorithm = _algorithm(**settings, minibatch_groups=2, max_gradient_norm=0.5, weight_decay=0.1)
    network = _network(critic=algorithm.name == "ppo", lora=lora)
    groups = _groups(network)
    learner = _learner(network, algorithm)
    learner.update(groups, 0)
    state, policy = learner.state(), learner.policy_state_dict()
    tensors = safetensors.torch.load(safetensors.torch.save(dict(state.tensors)))
    saved = TrainingState(tensors, json.loads(json.dumps(state.state)))
    learner.update(groups, 1)

    fresh = _network(critic=algorithm.name == "ppo", lora=lora)
    if not lora:
        fresh.causal_model.load_state_dict(policy)
    again = _learner(fresh, algorithm)
    again.load_state(saved)
    again.update(groups, 1)
    assert all(torch.equal(weights_of(fresh)[name], weight) for name, weight in weights_of(network).items())


def test_the_state_has_moments_of_what_is_trained_and_weights_that_the_policy_lacks() -> None:
    network = _network(critic=True)
    learner = _learner(network, _algorithm("ppo"))
    learner.update(_groups(network), 0)
    tensors = learner.state().tensors
    assert {"weights.critic.1.weight", "optimizer.critic.1.weight.exp_avg"} <= tensors.keys()
    assert not any(name.startswith("weights.model.") for name in tensors)
    lora = _learner(_network(lora=True), _algorithm()).state().tensors
    assert lora
    assert all(name.startswith("weights.") and ".lora_" in name for name in lora)


def test_the_state_of_another_network_is_refused() -> None:
    state = _learner(_network(lora=True), _algorithm()).state()
    with pytest.raises(CheckpointError, match=r"other trained weights; resume with the policy\.model"):
        _learner(_network(), _algorithm()).load_state(state)
    critic = _learner(_network(critic=True), _algorithm("ppo"))
    damaged = critic.state()
    tensors = {n: t[..., :1] if n == "weights.critic.1.weight" else t for n, t in damaged.tensors.items()}
    with pytest.raises(CheckpointError, match=r"no weights that fit critic\.1\.weight"):
        critic.load_state(TrainingState(tensors, damaged.state))


def test_a_loss_that_is_not_finite_stops_before_the_step() -> None:
    network = _network()
    groups = _groups(network)
    learner = _learner(network, _algorithm())
    _rows(groups)[2].log_probs[0] = math.nan
    before = weights_of(network)
    with pytest.raises(DivergenceError, match=r"update 7 gave loss nan.*the last checkpoint is good.*lower"):
        learner.update(groups, 7)
    assert all(torch.equal(before[name], weight) for name, weight in weights_of(network).items())
    assert not learner.state().tensors


def test_weights_that_are_not_finite_are_named() -> None:
    network = _network()
    groups = _groups(network)
    with torch.no_grad():
        network.causal_model.model.layers[1].mlp.up_proj.weight[3, 4] = math.inf
    with pytest.raises(
        DivergenceError, match=r"update 2 met weights .*first in model\.model\.layers\.1\.mlp\.up"
    ):
        _learner(network, _algorithm()).update(groups, 2)


def test_a_gradient_that_is_not_finite_is_named_and_not_taken() -> None:
    network = _network()
    groups = _groups(network)
    network.causal_model.model.layers[0].self_attn.k_proj.weight.register_hook(lambda g: g * math.inf)
    before = weights_of(network)
    with pytest.raises(DivergenceError, match=r"gradient norm (nan|inf).*first in model.*layers\.0.*k_proj"):
        _learner(network, _algorithm()).update(groups, 0)
    assert all(torch.equal(before[name], weight) for name, weight in weights_of(network).items())


def test_too_small_a_gpu_is_told_with_what_to_lower(monkeypatch: pytest.MonkeyPatch) -> None:
    network = _network()
    groups = _groups(network)
    learner = _learner(network, _algorithm(), max_tokens=123)

    def exhausted(*_: Any, **__: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(network, "forward", exhausted)
    told = r"micro_batch_tokens = 123; lower it, set learner\.gradient_checkpointing.*policy\.lora_rank"
    with pytest.raises(EngineError, match=told):
        learner.update(groups, 0)


def test_a_network_that_does_not_fit_the_algorithm_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"has no critic, but algorithm\.name is 'ppo'"):
        _learner(_network(), _algorithm("ppo"))
    with pytest.raises(ConfigError, match=r"has a critic, but algorithm\.name is 'grpo'"):
        _learner(_network(critic=True), _algorithm())
    with pytest.raises(ConfigError, match=r"with a term of a reference policy, and there is none"):
        _learner(_network(), _algorithm(kl_coefficient=0.1))
