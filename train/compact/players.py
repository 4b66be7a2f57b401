"""Players of compact policies: a rollout task in, a trajectory group out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from torch import nn

from memdojo.agents.compact.base import Decision
from memdojo.agents.compact.manager import CompactManager
from memdojo.agents.compact.retriever import CompactRetriever
from memdojo.agents.play import play_manager
from memdojo.agents.policy import Choice
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.retrieval import RetrievalEpisode
from memdojo.envs.episodes.rules import EpisodeRules, as_episode
from memdojo.envs.episodes.written_memory import StoredByQuestion
from memdojo.envs.features.retrieval import RetrievalObservation
from memdojo.envs.memory.lru_cache import LRUCache
from memdojo.envs.streams.windows import window
from memdojo.envs.types import Operation, Stream
from memdojo.eval.findings.oracle_measures import PlanMeasures
from memdojo.eval.records.recording import WatchedPolicy
from memdojo.eval.records.types import EpisodeRecord
from memdojo.rewards.outcomes import StepOutcome
from memdojo.rewards.reward import Reward
from memdojo.rewards.scores import Score, sum_scores

from ..config.tables import ImitationConfig
from ..rollouts.memory_figures import memory_figures
from ..rollouts.tasks import RolloutTask, record_of
from .future import FUTURE, Future
from .labels import RELEVANT, Labels, evidence_labels
from .paid import operation_counts, probed_group, step_rewards
from .probes import play_probes
from .trajectories import Trajectory, TrajectoryGroup


class ManagerPlayer:
    """Plays the episodes of a manager.

    Args:
        streams: In chunks of single turns.
        policy: Whose network is loaded anew for each update.
        rules: With a reward, which pays each step.
        imitation: Of the run; the decisions of its updates are labelled.
        future_discount: Of a critic that sees the future, which is then kept with each decision; None where
            none does.
    """

    def __init__(
        self,
        streams: Sequence[Stream],
        policy: CompactManager,
        rules: EpisodeRules,
        imitation: ImitationConfig | None = None,
        future_discount: float | None = None,
    ) -> None:
        self.network: nn.Module = policy.network
        self._future_discount = future_discount
        self._futures: LRUCache[Future] = LRUCache(max_size=128)
        self._imitation = imitation or ImitationConfig()
        self._labels: LRUCache[Labels] = LRUCache(max_size=128)
        self._streams = streams
        self._policy = policy
        self._rules = rules
        self._contexts: LRUCache[StreamContext] = LRUCache(max_size=128)
        self._plans: LRUCache[PlanMeasures] = LRUCache(max_size=128)

    def play(self, task: RolloutTask) -> TrajectoryGroup:
        """Return the trajectories of the task, in the order of its seeds."""
        context = self._contexts.get_or_make(
            (task.stream, task.window), lambda: context_of(self._streams, task)
        )
        start = self._rules.manager(context, seed=task.trunk_seed)
        labels = None
        if not task.greedy and task.update < self._imitation.num_updates:
            labels = self._labels.get_or_make(
                (task.stream, task.window), lambda: Labels(context, self._imitation.teacher)
            )
        if task.probes and labels is None and not task.greedy:
            return self._play_probes(task, context, start)
        future = self._future(task, context)
        recorder = _Recorder(self._policy, sample=not task.greedy, labels=labels, future=future)
        play_manager(recorder, [start], self._rules.answerer, until_step=task.fork_turn)
        episodes = [start.fork(seed) for seed in task.seeds]
        watched = WatchedPolicy(recorder) if task.recorded else None
        outcomes = play_manager(watched or recorder, episodes, self._rules.answerer)
        plan = self._plan(task, context)
        reward = self._rules.paid.at(task.update)
        group = tuple(
            self._trajectory(
                context.stream.id,
                recorder.decisions[id(episode)],
                outcome.steps[task.fork_turn :],
                reward,
                greedy=task.greedy,
                memory=memory_figures(episode, plan),
                record=None if watched is None else record_of(episode, watched.steps(episode)),
            )
            for episode, outcome in zip(episodes, outcomes, strict=True)
        )
        return tuple(dataclasses.replace(each, is_local=task.fork_turn > 0) for each in group)

    def _play_probes(
        self, task: RolloutTask, context: StreamContext, start: ManagerEpisode
    ) -> TrajectoryGroup:
        """Return one trajectory for each alternative, of one step for each decision that is probed."""
        probes = play_probes(self._policy, start, self._rules, task)
        memory = memory_figures(start, self._plan(task, context))
        return probed_group(probes, start.outcome(), self._rules.paid.at(task.update), memory)

    def _plan(self, task: RolloutTask, context: StreamContext) -> PlanMeasures:
        return self._plans.get_or_make((task.stream, task.window), lambda: PlanMeasures(context))

    def _future(self, task: RolloutTask, context: StreamContext) -> Future | None:
        """Return what looks ahead in the stream; None where nothing is learned or no critic sees it."""
        discount = self._future_discount
        if task.greedy or discount is None:
            return None
        return self._futures.get_or_make((task.stream, task.window), lambda: Future(context, discount))

    def _trajectory(
        self,
        stream_id: str,
        decisions: Sequence[Decision],
        steps: Sequence[StepOutcome],
        reward: Reward,
        *,
        greedy: bool,
        memory: Mapping[str, float],
        record: EpisodeRecord | None,
    ) -> Trajectory:
        scores = [reward(step) for step in steps]
        rewards, at_worst = step_rewards(scores)
        parts = sum_scores(scores).parts
        trajectory = Trajectory.of(
            stream_id,
            decisions,
            rewards,
            parts,
            operation_counts(steps),
            greedy=greedy,
            memory=memory,
            record=record,
        )
        return trajectory if trajectory.scored else trajectory.missing_answers(at_worst)


def context_of(streams: Sequence[Stream], task: RolloutTask) -> StreamContext:
    """Return the stream of a task, or the part of it that is played, with what its episodes share."""
    stream = streams[task.stream]
    if task.window is not None:
        cut = window(stream, *task.window)
        assert cut is not None  # The schedule draws windows that keep a question.
        stream = cut
    return StreamContext(stream)


class _Recorder:
    """A manager that remembers each decision by episode, with its labels and its future if there are any."""

    def __init__(
        self, policy: CompactManager, *, sample: bool, labels: Labels | None, future: Future | None
    ) -> None:
        self.name = policy.name
        self.turns_per_chunk = policy.turns_per_chunk
        self.stochastic = sample
        self.decisions: dict[int, list[Decision]] = {}
        self._policy = policy
        self._sample = sample
        self._labels = labels
        self._future = future

    def act(self, episodes: Sequence[ManagerEpisode]) -> list[tuple[Operation, ...]]:
        operations: list[tuple[Operation, ...]] = []
        decided = self._policy.decide(episodes, sample=self._sample)
        seen = self._policy.last_observations()
        for episode, observation, (operation, decision) in zip(episodes, seen, decided, strict=True):
            arrays = dict(decision.observation)
            if self._labels is not None:
                arrays |= self._labels.of(episode, observation)
            if self._future is not None:
                arrays[FUTURE] = self._future.of(episode)
            decision = decision._replace(observation=arrays)
            self.decisions.setdefault(id(episode), []).append(decision)
            operations.append((operation,))
        return operations

    def last_choices(self) -> list[tuple[Choice, ...]]:
        return self._policy.last_choices()


class RetrieverPlayer:
    """Plays single questions with a retriever; the places of a ranking are the steps of the episode.

    Args:
        streams: Whose turns are the candidates.
        policy: Whose network is loaded anew for each update.
        rules: With a reward, which pays each question. Where no part needs answers, every place is paid what
            it adds, the first one also what is paid whatever the ranking; otherwise the last place is paid
            everything.
        imitation: Of the run; in its updates a question is played once, for there is one state to learn from,
            and labelled.
        memories: What a manager stored of each stream, over which the questions are asked; None for all
            that was said.
    """

    def __init__(
        self,
        streams: Sequence[Stream],
        policy: CompactRetriever,
        rules: EpisodeRules,
        imitation: ImitationConfig | None = None,
        *,
        memories: Sequence[StoredByQuestion] | None = None,
    ) -> None:
        self.network: nn.Module = policy.network
        self._imitation = imitation or ImitationConfig()
        self._streams = streams
        self._policy = policy
        self._rules = rules
        self._memories = memories
        self._questions: dict[int, list[tuple[RetrievalEpisode, RetrievalObservation]]] = {}

    def play(self, task: RolloutTask) -> TrajectoryGroup:
        """Return one trajectory of one decision for each seed; only one where it is imitated."""
        assert task.question is not None  # The trainer names a question for every retriever's task.
        if task.stream not in self._questions:
            self._questions[task.stream] = self._at_each_question(task.stream)
        start, observation = self._questions[task.stream][task.question]
        reward = self._rules.paid.at(task.update)
        imitated = not task.greedy and task.update < self._imitation.num_updates
        seeds = task.seeds[:1] if imitated else task.seeds
        return tuple(
            self._play_once(start.fork(seed), observation, reward, task.greedy, imitated) for seed in seeds
        )

    def _play_once(
        self,
        episode: RetrievalEpisode,
        observation: RetrievalObservation,
        reward: Reward,
        greedy: bool,
        imitated: bool,
    ) -> Trajectory:
        rng = None if greedy else episode.rng
        ranking, decision = self._policy.decide(observation, self._rules.top_k, rng)
        if imitated:
            assert episode.question is not None  # It was just ranked for.
            labels = evidence_labels(episode.context, episode.question, episode.store.entries)
            # An empty memory is one masked place; see `decide`.
            labels = np.pad(labels, (0, len(decision.observation["mask"]) - len(labels)))
            decision = decision._replace(observation={**decision.observation, RELEVANT: labels})
        outcome = as_episode(episode.step(ranking))
        score = reward(outcome)
        at_worst = self._rewards(outcome, score, reward)[None]
        rewards = np.full_like(at_worst, np.nan) if score.value is None else at_worst
        stream_id = episode.context.stream.id
        trajectory = Trajectory.of(stream_id, [decision], rewards, score.parts, {}, greedy=greedy)
        return trajectory if trajectory.scored else trajectory.missing_answers(at_worst)

    def _rewards(self, outcome: StepOutcome, score: Score, reward: Reward) -> npt.NDArray[np.float64]:
        """Return what each place is paid; what is missing of an unscored question is worth 0."""
        rewards = np.zeros(self._rules.top_k)
        if reward.needs_answers:
            # Behind the last place that is filled nothing was chosen that could be paid for.
            paid = score.at_worst if score.value is None else score.value
            rewards[len(outcome.questions[0].retrieved) - 1] = paid
        else:
            upto = [
                _value(reward(_first_places(outcome, places)).value)
                for places in range(self._rules.top_k + 1)
            ]
            rewards = np.diff(upto)
            rewards[0] += upto[0]
        return rewards

    def _at_each_question(self, stream: int) -> list[tuple[RetrievalEpisode, RetrievalObservation]]:
        starts = self._rules.at_each_question(
            StreamContext(self._streams[stream]),
            written=None if self._memories is None else self._memories[stream],
        )
        texts = [question.text for question in starts[0].questions] if starts else []
        observe = self._policy.features.observe
        return [(start, observe(start.store, text)) for start, text in zip(starts, texts, strict=True)]


def _first_places(outcome: StepOutcome, places: int) -> StepOutcome:
    question = outcome.questions[0]
    return dataclasses.replace(
        outcome, questions=(dataclasses.replace(question, retrieved=question.retrieved[:places]),)
    )


def _value(value: float | None) -> float:
    assert value is not None  # Only answers can be missing, and these rewards need none.
    return value
