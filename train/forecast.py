"""What a training would play, counted before it plays anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from memdojo.envs.streams.windows import window
from memdojo.envs.types import Stream

from .config.run import TrainConfig
from .config.run_kinds import LanguageConfig
from .episodes.schedule import Schedule, validation_tasks
from .episodes.splits import load_splits
from .rollouts.tasks import RolloutTask


@dataclass(frozen=True, slots=True)
class Forecast:
    """Counts of a whole run, as if it ended neither early nor refilled groups; of rounds, the first one.

    Attributes:
        train_streams: Streams to train on.
        validation_streams: Streams to validate on.
        updates: All of them.
        supervised_updates: Those of them that learn from labels, the first ones.
        episodes: Trajectories that are played to learn from; with probes one for each group, and each
            operation that is replayed begins another one.
        steps: Decisions in them.
        questions: Questions that they and what is replayed ask at most: caches and forks spare many.
        replays: Operations that are replayed at most, each to the end of its episode.
        validations: How often all validation streams are played.
        validation_steps: Decisions in all validations.
        tokens: Tokens of prompts and replies at most, for a language policy; None for another one.
    """

    train_streams: int
    validation_streams: int
    updates: int
    supervised_updates: int
    episodes: int
    steps: int
    questions: int
    replays: int
    validations: int
    validation_steps: int
    tokens: int | None

    def rows(self) -> list[list[str]]:
        """Return what there is to say, each with its number, for a table."""
        counts = {
            "training streams": self.train_streams,
            "validation streams": self.validation_streams,
            "updates": self.updates,
            "of them supervised": self.supervised_updates,
            "training episodes": self.episodes,
            "decisions in them": self.steps,
            "questions in them, at most": self.questions,
            "replayed operations, at most": self.replays,
            "validations": self.validations,
            "decisions in them, all told": self.validation_steps,
            "tokens of prompts and replies, at most": self.tokens,
        }
        return [[what, f"{count:,}"] for what, count in counts.items() if count]


def forecast(config: TrainConfig) -> Forecast:
    """Count what a training would play; reads its streams as the training does, and refuses what it would.

    Raises:
        LeakError: If training and held-out streams share a group.
        ConfigError: If the streams cannot be trained on as configured.
    """
    splits = load_splits(config)
    train, held_out = splits["train"], splits.get("validation", [])
    schedule, algorithm = Schedule(config, train), config.algorithm
    supervised = min(config.supervised_updates, algorithm.num_updates)
    episodes = steps = questions = replays = replayed_steps = 0
    for update in range(algorithm.num_updates):
        for task in schedule.training(update):
            probes = task.probes if update >= supervised else 0
            # A retriever's state is its question, which is learned from once.
            plays_once = probes or (update < supervised and config.task == "retriever")
            played = 1 if plays_once else len(task.seeds)
            replayed = probes * task.alternatives
            length = _steps(task, schedule.streams)
            episodes += played
            steps += task.fork_turn // (config.turns_per_chunk or 1) + played * length
            replays += replayed
            replayed_steps += replayed * length
            questions += (played + replayed) * _questions(task, schedule.streams)
    validation_steps = sum(_steps(task, held_out) for task in validation_tasks(config, held_out))
    # The policy that training begins with is validated as well.
    validations = sum(map(config.validates_after, range(algorithm.num_updates + 1)))
    tokens = None
    if isinstance(config, LanguageConfig):
        context = config.policy.max_prompt_tokens + config.policy.max_response_tokens
        tokens = context * (steps + replayed_steps + validations * validation_steps)
    return Forecast(
        train_streams=len(train),
        validation_streams=len(held_out),
        updates=algorithm.num_updates,
        supervised_updates=supervised,
        episodes=episodes,
        steps=steps,
        questions=questions,
        replays=replays,
        validations=validations,
        validation_steps=validations * validation_steps,
        tokens=tokens,
    )


def _steps(task: RolloutTask, streams: Sequence[Stream]) -> int:
    """Return how many decisions the policy makes in an episode of a task that starts where it forks."""
    if task.is_one_step:
        return 1
    chunks = streams[task.stream].chunks
    first, end = task.window or (0, len(streams[task.stream].turns))
    first, end = first + task.fork_turn, first + end
    num_steps = position = 0
    for chunk in chunks:
        num_steps += position < end and position + len(chunk.turns) > first
        position += len(chunk.turns)
    return num_steps


def _questions(task: RolloutTask, streams: Sequence[Stream]) -> int:
    """Return how many questions an episode of a task asks at most."""
    if task.question is not None:
        return 1
    stream = streams[task.stream]
    part = stream if task.window is None else window(stream, *task.window)
    return 0 if part is None else len(part.questions)
