"""What each kind of credit assignment costs: seconds of a core an update, and answers asked for it.

    python benchmarks/credit.py [--streams 8] [--group-size 4] [--rounds 3] [--checkpoint FOLDER]
    python benchmarks/credit.py --language MODEL [--streams 8] [--group-size 4] [--rounds 3]

A manager as in `quickstart` plays an update of one group for each stream and learns from it, once for every
kind of credit: the same streams, and before every round the same weights, untrained ones or those of a
checkpoint. A round of warming up analyses the streams; before each other round all answers are forgotten, as
training meets other streams in every update. Prints the medians and, as its last line, one JSON object.
`asked` are the questions that no cache had an answer to, `choices` those that are learned from.

With `--language` it is a manager as in `language_tiny`, with the weights of a model's folder, sampled by
transformers in this process, and the forms of groups alone; every round has streams of its own. Its choices
are tokens.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Sequence

from memdojo.agents.compact.base import use_one_thread
from memdojo.agents.compact.manager import CompactManager, new_manager_network
from memdojo.agents.engines.event_loop import EventLoop
from memdojo.agents.engines.models import quieten_transformers
from memdojo.agents.engines.registry import make_engine
from memdojo.envs.answering import Answer, AnswerRequest, ExtractiveAnswerer
from memdojo.envs.answering.cache import CachedAnswerer
from memdojo.envs.episodes.rules import resolve_answerer
from memdojo.envs.features.manager import FeatureSettings, ManagerFeatures
from memdojo.rewards.reward import Reward
from memdojo.train.algorithms.registry import make_algorithm
from memdojo.train.checkpoints.compact import load_network_state
from memdojo.train.compact.critic import new_future_critic
from memdojo.train.compact.learner import Learner
from memdojo.train.compact.players import ManagerPlayer
from memdojo.train.config.files import load_config
from memdojo.train.config.run_kinds import LanguageConfig
from memdojo.train.episodes.schedule import Schedule
from memdojo.train.episodes.splits import load_splits
from memdojo.train.language.setup import engine_settings, make_learner, player_recipe
from memdojo.train.language.trajectories import LanguageGroup, by_decision
from memdojo.train.rollouts.tasks import RolloutTask

WHOLE = ("algorithm.group_start=stream", "algorithm.discount=1")
KINDS: dict[str, tuple[str, ...]] = {
    "token_f1": WHOLE,
    "token_f1 + evidence_kept": (*WHOLE, "reward.evidence_kept=1"),
    "answerability": (*WHOLE, "reward.token_f1=", "reward.answerability=1"),
    "attribution": (*WHOLE, "reward.token_f1=", "reward.attribution=1"),
    "fork": ("algorithm.group_start=fork", "algorithm.discount=1"),
    "mixed": ("algorithm.group_start=mixed", "algorithm.discount=1"),
    "probes": ("algorithm.group_start=probes",),
    "ppo": ("algorithm.name=ppo", "algorithm.discount=1"),
    "ppo, critic_sees=future": (
        "algorithm.name=ppo",
        "algorithm.discount=1",
        "algorithm.critic_sees=future",
    ),
}
IN_THIS_PROCESS = (
    "engine.kind=transformers",
    "rollouts.num_workers=0",
    "learner.num_threads=1",
    "warm_start.num_steps=0",
)
LANGUAGE_KINDS = {name: KINDS[name] for name in ("token_f1", "fork", "mixed")} | {
    "probes": ("algorithm.group_start=probes", "algorithm.discount=0")
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--streams", type=int, default=8, help="groups of an update")
    parser.add_argument("--group-size", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--checkpoint", help="of a manager of quickstart, whose weights are played")
    parser.add_argument("--language", metavar="MODEL", help="folder of a language model, which is measured")
    arguments = parser.parse_args()
    use_one_thread()
    rows = []
    head = ("seconds", "playing", "learning", "times", "asked", "choices")
    print(f"{'credit':25}", *(f"{name:>8}" for name in head))
    for name, overrides in (LANGUAGE_KINDS if arguments.language else KINDS).items():
        sizes = (
            f"algorithm.groups_per_update={arguments.streams}",
            f"algorithm.group_size={arguments.group_size}",
        )
        if arguments.language:
            num_train = arguments.streams * (arguments.rounds + 1)
            changes = (*sizes, f"streams.num_train={num_train}", *overrides)
            row = measure_language(changes, arguments.rounds, arguments.language)
        else:
            changes = (*sizes, f"streams.num_train={arguments.streams}", *overrides)
            row = measure((*changes, "imitation.num_updates=0"), arguments.rounds, arguments.checkpoint)
        rows.append({"credit": name, **row})
        times = row["seconds"] / rows[0]["seconds"]
        print(
            f"{name:25} {row['seconds']:8.2f} {row['playing']:8.2f} {row['learning']:8.2f} {times:8.2f} "
            f"{row['asked']:8.0f} {row['choices']:8.0f}",
            flush=True,
        )
    print(json.dumps({"benchmark": "credit", **vars(arguments), "rows": rows}))


def measure(overrides: Sequence[str], rounds: int, checkpoint: str | None) -> dict[str, float]:
    """Return the medians of some updates of a compact manager under a configuration."""
    config = load_config("quickstart", overrides)
    schedule = Schedule(config, load_splits(config)["train"])
    features = ManagerFeatures(FeatureSettings(**config.features.model_dump()))
    network = new_manager_network(features, config.policy.hidden_dim, seed=0, network=config.policy.network)
    if checkpoint is not None:
        network.load_state_dict(load_network_state(checkpoint))
    weights = {name: weight.clone() for name, weight in network.state_dict().items()}
    answerer = ForgetfulAnswerer()
    reward, discount = Reward(config.reward), config.algorithm.future_discount
    rules = config.episode.rules(reward, answerer=resolve_answerer(answerer, reward))
    manager = CompactManager(network, features)
    player = ManagerPlayer(schedule.streams, manager, rules, future_discount=discount)
    critic = None if discount is None else new_future_critic(features, config.policy.hidden_dim, seed=0)
    measured = []
    for number in range(rounds + 1):
        network.load_state_dict(weights)
        learner = Learner(network, make_algorithm(config.algorithm), seed=0, critic=critic)
        answerer.forget()
        started = time.process_time()
        groups = [player.play(task) for task in schedule.training(number)]
        played = time.process_time()
        learner.update(groups, number)
        times = _times(started, played)
        choices = sum(int(each.loss_mask.sum()) for group in groups for each in group)
        measured.append({**times, "asked": answerer.num_asked, "choices": choices})
    return _medians(measured)


def measure_language(overrides: Sequence[str], rounds: int, model: str) -> dict[str, float]:
    """Return the medians of some updates of a language manager under a configuration."""
    quieten_transformers()
    config = load_config("language_tiny", (f"policy.model={model}", *IN_THIS_PROCESS, *overrides))
    assert isinstance(config, LanguageConfig)  # As `language_tiny` is.
    streams = load_splits(config)["train"]
    schedule = Schedule(config, streams)
    player = player_recipe(config, streams, config.reward, model, training=True)()
    engine, loop = make_engine(model, engine_settings(config)), EventLoop()

    async def play(tasks: Sequence[RolloutTask]) -> list[LanguageGroup]:
        return await asyncio.gather(*(player.play(task, engine) for task in tasks))

    measured = []
    for number in range(rounds + 1):
        learner = make_learner(config, model, model)
        asked_before = player.answer_counts[1]
        started = time.process_time()
        groups = by_decision(loop.run(play(schedule.training(number))))
        played = time.process_time()
        learner.update(groups, number)
        times = _times(started, played)
        choices = sum(int(each.num_choices.sum()) for group in groups for each in group)
        measured.append({**times, "asked": player.answer_counts[1] - asked_before, "choices": choices})
    loop.close()
    engine.close()
    return _medians(measured)


def _times(started: float, played: float) -> dict[str, float]:
    """Return the seconds of an update that has just been learned from."""
    learned = time.process_time()
    return {"seconds": learned - started, "playing": played - started, "learning": learned - played}


def _medians(measured: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the medians of all rounds but the first, which warms up."""
    return {name: statistics.median(each[name] for each in measured[1:]) for name in measured[0]}


class ForgetfulAnswerer:
    """The extractive reader behind a cache that can be emptied."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Empty the cache and begin to count anew."""
        self._cache = CachedAnswerer(ExtractiveAnswerer())

    @property
    def num_asked(self) -> int:
        """Questions that the cache could not answer."""
        return self._cache.misses

    @property
    def fingerprint(self) -> str:
        """That of the reader."""
        return self._cache.fingerprint

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        """Answer from the cache, or by the reader."""
        return self._cache.answer(requests)


if __name__ == "__main__":
    main()
