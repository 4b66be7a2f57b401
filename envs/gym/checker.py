"""The executable contract of a memory environment, for memdojo's own and other people's.

Beyond what Gymnasium asks of every environment, one for memory policies must not tell the policy what it will
be asked, must know where every entry came from, and must fork without entanglement. What these checks need to
see they find on the unwrapped environment; what is not there is skipped and reported.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.utils.env_checker import check_env, data_equivalence

from ..episodes.manager import ManagerEpisode
from ..episodes.retrieval import RetrievalEpisode
from ..types import Add, Delete, Question, Rewrite, Stream

Episode = ManagerEpisode | RetrievalEpisode
MakeEnv = Callable[..., gym.Env[Any, Any]]

_ODD_TEXTS = (
    "",
    "\n\n \t",
    "ADD",
    "DELETE minus one",
    "UPDATE 999999999999999999999999 text",
    "text with \x00 and \ud800",
    "9" * 5_000,
    "word " * 20_000,
    "ADD x\n" * 2_000,
)


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Which checks an environment passed.

    Attributes:
        passed: Names of the checks, in the order in which they ran.
        skipped: Why a check could not run, by its name.
    """

    passed: tuple[str, ...]
    skipped: Mapping[str, str] = field(hash=False)


def check_memory_env(
    env: gym.Env[Any, Any],
    *,
    num_steps: int = 64,
    seed: int = 0,
    reward_bounds: tuple[float, float] | None = None,
    make_env: MakeEnv | None = None,
) -> CheckReport:
    """Check that an environment keeps Gymnasium's contract and that of a memory environment.

    - `gymnasium`: Gymnasium's own `check_env`.
    - `rewards`: every reward is a finite number, within the bounds where there are any.
    - `action_mask`: observation, info and `action_masks()` agree, and what they allow is not malformed.
    - `seeded_twins`: the same seed and actions give the same observations, rewards and infos.
    - `odd_texts`: no text, however odd, makes a step raise.
    - `provenance`: every entry has sources, all of them turns that were shown.
    - `leak`: the observations do not depend on the questions still to come, on answers or on evidence. Where
      a true attribute `meets_questions` says that a policy sees questions when they are asked, and what came
      of them, it is checked until the first one.
    - `forks`: a fork and its origin do not see each other's writes.

    Args:
        env: The environment; wrappers are taken off. It is reset many times and left in some episode.
        num_steps: Steps of the runs that are compared; episodes that end sooner are followed by others.
        seed: Seeds the runs.
        reward_bounds: Least and greatest reward of a step; None takes the environment's attribute of that
            name, if it has one.
        make_env: Builds an environment alike; called with `streams=[stream]` for the leak check. None takes
            `env.spec`, which `gymnasium.make` sets.

    Raises:
        AssertionError: If a check fails; the message has the step and the likely cause.
    """
    subject = _Subject(env.unwrapped, num_steps, seed, reward_bounds, make_env)
    passed: list[str] = []
    skipped: dict[str, str] = {}
    for name, check in _CHECKS.items():
        reason = check(subject)
        if reason:
            skipped[name] = reason
        else:
            passed.append(name)
    return CheckReport(tuple(passed), skipped)


@dataclass(frozen=True, slots=True)
class _Moment:
    """A step of a run, or its reset, and the episode's position when the observation was made."""

    action: Any
    observation: Any
    reward: Any
    has_ended: bool
    info: dict[str, Any]
    position: int


@dataclass(frozen=True, slots=True)
class _Subject:
    env: gym.Env[Any, Any]
    num_steps: int
    seed: int
    reward_bounds: tuple[float, float] | None
    make_env: MakeEnv | None

    def remake(self, **changes: Any) -> gym.Env[Any, Any] | None:
        """Return another environment alike, or None if it is not known how."""
        if self.make_env is not None:
            return self.make_env(**changes).unwrapped
        if self.env.spec is None:
            return None
        if "streams" in changes and self.env.spec.kwargs.get("stream_options"):
            changes["stream_options"] = None
        return self.env.spec.make(**changes).unwrapped


def _play(
    env: gym.Env[Any, Any], num_steps: int, seed: int, actions: Sequence[Any] | None = None
) -> Iterator[_Moment]:
    """Play with sampled actions, or with those given; yield after the reset and after every step."""
    env.action_space.seed(seed)
    rng = np.random.default_rng(seed)
    observation, info = env.reset(seed=seed)
    yield _Moment(None, deepcopy(observation), 0.0, False, deepcopy(info), _position(env))
    has_ended = False
    for step in range(num_steps):
        if has_ended:
            env.reset()
        action = actions[step] if actions is not None else _sample(env, rng)
        observation, reward, terminated, truncated, info = env.step(action)
        has_ended = bool(terminated or truncated)
        yield _Moment(action, deepcopy(observation), reward, has_ended, deepcopy(info), _position(env))


def _sample(env: gym.Env[Any, Any], rng: np.random.Generator) -> Any:
    masks = _action_masks(env)
    if masks is None:
        return env.action_space.sample()
    allowed = np.flatnonzero(masks)
    assert len(allowed), (
        "action_masks() allows no action. Most likely the action that changes nothing is masked; one must "
        "be allowed at the end of an episode, too."
    )
    return int(rng.choice(allowed))


def _action_masks(env: gym.Env[Any, Any]) -> Any:
    return env.action_masks() if hasattr(env, "action_masks") else None


def _episode(env: gym.Env[Any, Any]) -> Episode | None:
    episode = getattr(env, "episode", None)
    return episode if isinstance(episode, Episode) else None


def _position(env: gym.Env[Any, Any]) -> int:
    episode = _episode(env)
    return -1 if episode is None else episode.step_index


_NO_EPISODE = "the environment has no `episode` that is a ManagerEpisode or RetrievalEpisode."


def _check_gymnasium(subject: _Subject) -> str:
    check_env(subject.env, skip_render_check=True)
    return ""


def _check_twins(subject: _Subject) -> str:
    first = list(_play(subject.env, subject.num_steps, subject.seed))
    twin = subject.remake() or subject.env
    second = _play(twin, subject.num_steps, subject.seed, [moment.action for moment in first[1:]])
    for step, (one, other) in enumerate(zip(first, second, strict=True)):
        for what in ("observation", "reward", "has_ended", "info"):
            assert data_equivalence(getattr(one, what), getattr(other, what), exact=True), (
                f"the {what} after {step} steps differs between two runs with the same seed and actions. "
                "Most likely something draws from a global generator instead of self.np_random or "
                "episode.rng, depends on the order of a set, or keeps state over reset."
            )
    return ""


def _check_rewards(subject: _Subject) -> str:
    bounds = subject.reward_bounds or getattr(subject.env, "reward_bounds", None)
    for step, moment in enumerate(_play(subject.env, subject.num_steps, subject.seed)):
        reward = moment.reward
        is_number = isinstance(reward, float | int | np.floating)
        assert is_number and math.isfinite(reward), (  # noqa: PT018  # One statement of one rule.
            f"the reward of step {step} is {reward!r}; it must be a finite number. Most likely a mean over "
            "nothing was taken, or an unscored step was passed on: report it as 0.0 and truncate."
        )
        assert bounds is None or bounds[0] <= reward <= bounds[1], (
            f"the reward of step {step} is {reward}, outside the bounds {bounds}. Most likely a part is not "
            "normalised by the counts of the whole episode."
        )
    return ""


def _check_action_mask(subject: _Subject) -> str:
    env = subject.env
    if _action_masks(env) is None:
        return "the environment has no `action_masks` method."
    for step, moment in enumerate(_play(env, subject.num_steps, subject.seed)):
        if moment.has_ended:
            continue
        mask = np.asarray(_action_masks(env), dtype=bool)
        num_actions = getattr(env.action_space, "n", None)
        assert mask.shape == (num_actions,), (
            f"action_masks() has the shape {mask.shape}; it needs one value for each action of "
            f"{env.action_space}."
        )
        for name, source in (("observation", moment.observation), ("info", moment.info)):
            if isinstance(source, dict) and "action_mask" in source:
                assert np.array_equal(np.asarray(source["action_mask"], dtype=bool), mask), (
                    f"the action_mask in the {name} after {step} steps differs from action_masks(). Most "
                    "likely one of them was computed before the step, or an array is shared and was "
                    "overwritten."
                )
        assert not moment.info.get("malformed"), (
            f"action {moment.action}, which the mask allowed, was malformed at step {step}: "
            f"{moment.info['malformed']}. Most likely mask and operations order their candidates differently."
        )
    return ""


def _check_odd_texts(subject: _Subject) -> str:
    env = subject.env
    if not isinstance(env.action_space.sample(), str):
        return "the actions are no texts."
    env.reset(seed=subject.seed)
    for text in _ODD_TEXTS:
        try:
            _, _, terminated, truncated, _ = env.step(text)
        except Exception as error:
            raise AssertionError(
                f"a step with the text {text[:40]!r} raised {error!r}. What a model writes is data: let the "
                "prompt format return a ParseError and leave the store as it is."
            ) from error
        if terminated or truncated:
            env.reset()
    return ""


def _check_provenance(subject: _Subject) -> str:
    for step, _ in enumerate(_play(subject.env, subject.num_steps, subject.seed)):
        episode = _episode(subject.env)
        if episode is None:
            return _NO_EPISODE
        shown = {
            turn.id for chunk in episode.context.stream.chunks[: _num_shown(episode)] for turn in chunk.turns
        }
        for entry in episode.store:
            assert entry.sources, (
                f"entry {entry.id} has no sources after {step} steps. Most likely an ADD was built without "
                "the ids of the chunk's turns; see prompt_format.source_turns."
            )
            unknown = [source for source in entry.sources if source not in shown]
            assert not unknown, (
                f"entry {entry.id} names the sources {unknown}, which are no turns shown in {step} steps. "
                "Most likely the ids are not those of the stream, or the environment looks ahead."
            )
    return ""


def _num_shown(episode: Episode) -> int:
    """How many chunks the policy has acted on, or could retrieve from."""
    if isinstance(episode, ManagerEpisode):
        return episode.step_index
    question = episode.question
    return (
        len(episode.context.stream.chunks)
        if question is None or question.ask_after is None
        else question.ask_after + 1
    )


def _check_leak(subject: _Subject) -> str:
    """Play a stream and its copy with other questions: the observations must not tell them apart."""
    subject.env.reset(seed=subject.seed)
    episode = _episode(subject.env)
    if episode is None:
        return _NO_EPISODE
    stream = episode.context.stream
    asked_openly: tuple[Question, ...] = ()
    last = math.inf
    if isinstance(episode, RetrievalEpisode):
        # A question is shown when it is asked; those of the second half are changed and not reached.
        asked_openly = episode.questions[: (len(episode.questions) + 1) // 2]
        last = len(asked_openly)
    elif getattr(subject.env, "meets_questions", False):
        # Nothing that depends on a question may be seen before it is asked.
        last = min(episode.context.due, default=math.inf)
    changed = _with_other_questions(stream, {question.id for question in asked_openly})
    try:
        original, altered = subject.remake(streams=[stream]), subject.remake(streams=[changed])
    except TypeError as error:
        return f"the environment cannot be made with streams=[stream]: {error}."
    if original is None or altered is None:
        return "the environment has no spec; make it with gymnasium.make, or pass make_env."
    first = list(_play(original, subject.num_steps, subject.seed))
    second = _play(altered, subject.num_steps, subject.seed, [moment.action for moment in first[1:]])
    for step, (one, other) in enumerate(zip(first, second, strict=False)):
        if one.position >= last:
            break
        assert data_equivalence(one.observation, other.observation, exact=True), (
            f"the observation after {step} steps changes with the texts, answers or evidence of questions "
            "that the policy must not know. Most likely it shows a question still to come, a reference "
            "answer or evidence; put such diagnostics into info."
        )
        if one.has_ended:
            break
    return ""


def _with_other_questions(stream: Stream, same_text: set[str]) -> Stream:
    """Return the stream with other answers and evidence, and other texts but for the ids in `same_text`."""
    turn_ids = [turn.id for turn in stream.turns]

    def change(number: int, question: Question) -> Question:
        evidence = question.evidence
        others = [id for id in turn_ids if id not in evidence][: len(evidence)] or turn_ids[:1]
        text = question.text if question.id in same_text else f"Which colour has the balloon number {number}?"
        answers = tuple(f"balloon {number}" for _ in question.answers)
        return dataclasses.replace(
            question, text=text, answers=answers, evidence=frozenset(others) if evidence else evidence
        )

    questions = tuple(change(number, question) for number, question in enumerate(stream.questions))
    return dataclasses.replace(stream, questions=questions)


def _check_forks(subject: _Subject) -> str:
    for moment in _play(subject.env, max(1, subject.num_steps // 2), subject.seed):
        episode = _episode(subject.env)
        if episode is None:
            return _NO_EPISODE
        if moment.has_ended or episode.ended:
            continue
        fork = episode.fork()
        for writer, other, who in ((fork, episode, "origin"), (episode.fork(), fork, "fork")):
            before = _state(other)
            _write(writer)
            assert _state(other) == before, (
                f"a write to one of two forked episodes shows in the {who}. Most likely fork copies a "
                "reference: fork the store, and copy lists and the generator."
            )
    return ""


def _state(episode: Episode) -> tuple[object, ...]:
    return (
        episode.store.entries,
        episode.step_index,
        len(episode.outcome().steps),
        str(episode.rng.bit_generator.state),
    )


def _write(episode: Episode) -> None:
    """Change all that an episode can change."""
    episode.rng.random()
    if episode.ended:
        return
    if isinstance(episode, RetrievalEpisode):
        episode.begin_step([entry.id for entry in episode.store.entries[:1]])
        return
    chunk = episode.chunk
    assert chunk is not None  # It has not ended.
    deletes = [Delete(entry.id) for entry in episode.store.entries[:1]]
    sources = tuple(turn.id for turn in chunk.turns)
    written = (Add("written by one fork", sources), Rewrite("the core block of one fork", sources))
    episode.begin_step([*deletes, *written])


_CHECKS: dict[str, Callable[[_Subject], str]] = {
    "gymnasium": _check_gymnasium,
    "rewards": _check_rewards,
    "action_mask": _check_action_mask,
    "seeded_twins": _check_twins,
    "odd_texts": _check_odd_texts,
    "provenance": _check_provenance,
    "leak": _check_leak,
    "forks": _check_forks,
}
