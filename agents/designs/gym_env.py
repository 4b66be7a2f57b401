"""The decisions of a memory design as Gymnasium environments: in arrays, and in text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Unpack

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.features.manager import FeatureSettings
from memdojo.envs.gym.base import ActionT, ManagerEnv, ObservationT, Transition
from memdojo.envs.gym.experience import TASK_STREAMS
from memdojo.envs.gym.features import check_number
from memdojo.envs.gym.options import StoreOptions, resolve_rules
from memdojo.envs.gym.pool import DEFAULT_STREAMS, StreamPool
from memdojo.envs.gym.spaces import FreeText
from memdojo.envs.gym.text import check_text
from memdojo.envs.prompts.decisions import PlainDecisionFormat
from memdojo.envs.prompts.protocol import DecisionFormat, DecisionView
from memdojo.envs.streams.turn_features import FEATURE_BOUND
from memdojo.envs.types import OperationResult, OperationStatus, Stream
from memdojo.errors import ConfigError
from memdojo.rewards.outcomes import QuestionOutcome

from .registry import make_design
from .running.episode import DesignEpisode
from .running.features import DecisionFeatures, learned_kinds
from .running.policy import DesignManager
from .running.text import DecisionTask

Arrays = dict[str, npt.NDArray[np.generic]]
Action = np.int64 | int

DESIGN_REWARD: Mapping[str, float] = {"token_f1": 1.0}
DESIGN_TEXT_REWARD: Mapping[str, float] = {"token_f1": 1.0, "invalid_operations": 0.1}
EXPERIENCE_FEATURES_REWARD: Mapping[str, float] = {"exact_match": 1.0}
DEFAULT_DESIGN = "sirllm"
EXPERIENCE_DESIGN = "case_selector"


@dataclass(slots=True)
class _Passed:
    """What the chunks came to that have passed since the last decision."""

    reward: float = 0.0
    parts: Counter[str] = field(default_factory=Counter)
    questions: list[QuestionOutcome] = field(default_factory=list)
    results: list[OperationResult] = field(default_factory=list)
    unscored: str = ""


class DesignEnv(ManagerEnv[ObservationT, ActionT], Generic[ObservationT, ActionT]):
    """An environment whose steps are the decisions of a memory design, whatever its faces look like.

    Attributes:
        manager: The design with its embedder.
        kinds: The decisions that wait for the policy.
        run: The episode that is played.
    """

    meets_questions = True
    """A design reads for a question when it is asked, and may learn from what came of it."""

    def __init__(
        self,
        streams: str | Sequence[Stream] | StreamPool,
        stream_options: Mapping[str, Any] | None,
        manager: DesignManager,
        learn: Sequence[str],
        rules: EpisodeRules,
    ) -> None:
        self.manager = manager
        super().__init__(_pool(streams, stream_options, manager), rules)
        self.kinds = learned_kinds(manager.design, learn)
        self._is_over = False
        self._passed = _Passed()

    @property
    def has_ended(self) -> bool:
        """True if the episode can take no further step."""
        return self._is_over

    def step(self, action: ActionT) -> Transition[ObservationT]:
        """Choose an option, let the design go on to the next decision, and return what has come of it."""
        self.check_action(action)
        malformed: tuple[str, ...] = ()
        if self.run.decision is not None:
            malformed = self._choose(action)
            self._pass()
        passed, self._passed = self._passed, _Passed()
        is_last = self.run.decision is None
        self._is_over = is_last or bool(passed.unscored)
        terminated = is_last and not passed.unscored
        observation = self._observe()
        info = self._state_info() | self._info_of(passed) | {"malformed": malformed}
        info["stop_reason"] = "unscored" if passed.unscored else "stream_ended" if terminated else ""
        reward = 0.0 if passed.unscored else passed.reward
        return observation, reward, terminated, bool(passed.unscored), info

    def _choose(self, action: ActionT) -> tuple[str, ...]:
        """Choose an option, and return what was wrong with the action."""
        raise NotImplementedError

    def _start(self, context: StreamContext, seed: int) -> ManagerEpisode:
        episode = super()._start(context, seed)
        self.run = DesignEpisode(episode, self.manager, frozenset(kind.name for kind in self.kinds))
        self._is_over = False
        self._passed = _Passed()
        self._pass()
        return episode

    def _pass(self) -> None:
        """Let chunks pass until there is something to choose, the stream ends or a step has no score."""
        run, passed = self.run, self._passed
        while run.decision is None and not run.ended and not passed.unscored:
            requests = run.requests
            assert requests is not None  # There is nothing to choose.
            answers = self.answerer.answer(requests) if self.answerer is not None and requests else ()
            results = run.episode.results
            outcome = run.finish_step(answers)
            score = self.reward(outcome)
            passed.unscored = score.why if score.value is None else ""
            passed.reward += score.value or 0.0
            passed.parts.update(score.parts)
            passed.questions += outcome.questions
            passed.results += results

    def _info_of(self, passed: _Passed) -> dict[str, Any]:
        failed = [result for result in passed.results if not result.applied]
        malformed = OperationStatus.MALFORMED
        return {
            "step": self.episode.step_index,
            "questions": tuple(passed.questions),
            "reward_parts": dict(passed.parts),
            "unscored": passed.unscored,
            "statuses": tuple(result.status.value for result in passed.results),
            "refused": tuple(result.why for result in failed if result.status is not malformed),
            "num_entries": len(self.episode.store),
            "memory_tokens": self.episode.store.tokens,
        }

    def _state_info(self) -> dict[str, Any]:
        decision = self.run.decision
        return super()._state_info() | {"decision": "" if decision is None else decision.kind.name}


class DesignDecisionsEnv(DesignEnv[Arrays, Action]):
    """A memory design writes and reads, and the policy makes its decisions, seen as arrays.

    ## Description
    A design (`memdojo designs` lists them) takes a dialogue chunk by chunk, and answers from what it reads.
    Where it has a choice it waits for the policy: which entry leaves a full store, how a new text relates to
    an old one, whether to read on. A step is one decision. Decisions that are not learned are made by the
    design's own rule, which is also told at each step.

    ## Observation Space
    `Dict` for L kinds of decisions with at most N options:

    - `kind` (L,), float32: 1 at the place of the decision's kind, in the order of `features.kinds`.
    - `options` (N, F), float32 within [-10, 10]: what is told of each option; its first columns are the
      `option_features` of the kind, and all else is 0.
    - `state` (S,), float32 within [-10, 10]: what is told of the situation, likewise.
    - `by_rule` (N,), float32: 1 at the option that the design's rule takes.
    - `action_mask` (N,), int8: 1 where there is an option.

    Behind the last decision all features are 0 and only action 0 is allowed.

    ## Action Space
    `Discrete(N)`: the option. In place of a masked one the design's rule decides, and the action is a
    malformed operation. The mask is in the observation, in `info["action_mask"]` and `action_masks()`. A
    number outside the space raises `ValueError`, and the episode is as it was.

    ## Rewards
    What the chunks are paid that end between a decision and the next, 0 where none does; what was paid before
    the first decision comes with it. So the rewards of an episode sum to what it is paid. By default the mean
    token F1 of all answers.

    ## Starting State
    The store is empty, and the stream is the next of a shuffled order, or that of
    `reset(options={"stream": id})`. The dialogue is at the first decision; in a stream without any it has
    passed, and the only step pays for it.

    ## Episode End
    `terminated` after the last decision, `truncated` where a step cannot be scored. `info` always holds
    `stream`, `group`, `decision` (name of the kind, "" behind the last one) and `action_mask`; after a step
    also `malformed` (of this action), and of all chunks that have passed `step`, `reward_parts`,
    `questions`, `statuses`, `refused`, `num_entries`, `memory_tokens`, `stop_reason` and `unscored`.

    ## Arguments
    As in `MemoryManager-v0`, but `turns_per_chunk`, which is the design's own, `retriever`, since a design
    reads by itself, and `prompt_format`, and:

    - `design`: name of the design.
    - `design_options`: its parameters by name.
    - `learn`: names of the decisions that wait for the policy; none means all.
    - `embedder`: name of the text embedder behind similarities.

    ## Version History
    - v0: first version.
    """

    default_reward: ClassVar[Mapping[str, float]] = DESIGN_REWARD
    """Pays where nothing else is said."""

    def __init__(
        self,
        streams: str | Sequence[Stream] | StreamPool = DEFAULT_STREAMS,
        *,
        stream_options: Mapping[str, Any] | None = None,
        design: str = DEFAULT_DESIGN,
        design_options: Mapping[str, Any] | None = None,
        learn: Sequence[str] = (),
        embedder: str = FeatureSettings().embedder,
        rules: EpisodeRules | None = None,
        **options: Unpack[StoreOptions],
    ) -> None:
        chosen = resolve_rules(rules, options, StoreOptions, type(self), self.default_reward)
        manager = DesignManager(make_design(design, **(design_options or {})), embedder=embedder)
        super().__init__(streams, stream_options, manager, learn, chosen)
        self.features = DecisionFeatures(self.kinds)
        shapes = {name: array.shape for name, array in self.features.empty().items()}
        bounds = {"options": FEATURE_BOUND, "state": FEATURE_BOUND}
        self.observation_space = spaces.Dict(  # type: ignore[assignment]
            {
                name: spaces.Box(0, 1, shape, np.int8 if name == "action_mask" else np.float32)
                if name not in bounds
                else spaces.Box(-bounds[name], bounds[name], shape, np.float32)
                for name, shape in shapes.items()
            }
        )
        self.action_space = spaces.Discrete(self.features.num_options)

    def action_masks(self) -> npt.NDArray[np.bool_]:
        """Return which options there are now, shape (N,)."""
        mask = np.zeros(self.features.num_options, bool)
        decision = self.run.decision
        mask[: 1 if decision is None else decision.num_options] = True
        return mask

    def _choose(self, action: Action) -> tuple[str, ...]:
        number = int(action)
        if self.action_masks()[number]:
            self.run.choose(number)
            return ()
        malformed = f"action {number} is masked in this state."
        self.run.choose_by_rule(malformed)
        return (malformed,)

    def _observe(self) -> Arrays:
        decision = self.run.decision
        return self.features.empty() if decision is None else self.features.observe(decision)

    def _check_action(self, action: object) -> None:
        check_number(action, self.features.num_options)

    def _state_info(self) -> dict[str, Any]:
        return super()._state_info() | {"action_mask": self.action_masks()}


class ExperienceMemoryFeaturesEnv(DesignDecisionsEnv):
    """A memory of experience in arrays: `DesignDecisions-v0` on streams of tasks.

    ## Description
    An episode is a stream of tasks, which a frozen solver does with the experience that it is handed. A
    memory design writes what is reported and hands over, and the policy makes its decisions: what is written
    of a report, what is handed over, what leaves. A step is one decision.

    ## Observation Space
    As in `DesignDecisions-v0`.

    ## Action Space
    As in `DesignDecisions-v0`.

    ## Rewards
    As in `DesignDecisions-v0`; by default the share of the stream's tasks that were answered exactly.

    ## Starting State
    As in `DesignDecisions-v0`.

    ## Episode End
    As in `DesignDecisions-v0`, with the same `info`.

    ## Arguments
    As in `DesignDecisions-v0`. By default the streams are those of `experience:train`, and the design is
    `case_selector`.

    ## Version History
    - v0: first version.
    """

    default_reward = EXPERIENCE_FEATURES_REWARD

    def __init__(
        self,
        streams: str | Sequence[Stream] | StreamPool = TASK_STREAMS,
        *,
        stream_options: Mapping[str, Any] | None = None,
        design: str = EXPERIENCE_DESIGN,
        design_options: Mapping[str, Any] | None = None,
        learn: Sequence[str] = (),
        embedder: str = FeatureSettings().embedder,
        rules: EpisodeRules | None = None,
        **options: Unpack[StoreOptions],
    ) -> None:
        super().__init__(
            streams,
            stream_options=stream_options,
            design=design,
            design_options=design_options,
            learn=learn,
            embedder=embedder,
            rules=rules,
            **options,
        )


class DesignDecisionsTextEnv(DesignEnv[str, str]):
    """A memory design writes and reads, and the policy makes its decisions, seen as text.

    `view` is what it decides on now; rendered, it is the observation.

    ## Description
    As in `DesignDecisions-v0`: a step is one decision of the design, and those that are not learned are made
    by the design's own rule.

    ## Observation Space
    `FreeText`: the decision, what it is about, its options, and the one that the rule takes, rendered by the
    prompt format. With the plain format:

        DESIGN re_me: Stores facts that are unlike all others, and forgets those that do not help.
        DECISION store: Whether a fact is new enough to be stored.
        ABOUT Ann: My dog is called Rex.
        OPTIONS
        1. skip
        2. store
        RULE 2
        CHOOSE one of 2

    Behind the last decision there is `END`.

    ## Action Space
    `FreeText`: the number of an option. In place of what is no number of an option the design's rule decides,
    and the action is a malformed operation. An action that is no text at all raises `TypeError`, and the
    episode is as it was.

    ## Rewards
    As in `DesignDecisions-v0`; by default also minus 0.1 times the invalid operations per chunk.

    ## Starting State
    As in `DesignDecisions-v0`.

    ## Episode End
    As in `DesignDecisions-v0`; `info` is the same, without `action_mask`.

    ## Arguments
    As in `DesignDecisions-v0`, and `prompt_format`, by default `PlainDecisionFormat()`.

    ## Version History
    - v0: first version.
    """

    def __init__(
        self,
        streams: str | Sequence[Stream] | StreamPool = DEFAULT_STREAMS,
        *,
        stream_options: Mapping[str, Any] | None = None,
        design: str = DEFAULT_DESIGN,
        design_options: Mapping[str, Any] | None = None,
        learn: Sequence[str] = (),
        embedder: str = FeatureSettings().embedder,
        prompt_format: DecisionFormat | None = None,
        rules: EpisodeRules | None = None,
        **options: Unpack[StoreOptions],
    ) -> None:
        chosen = resolve_rules(rules, options, StoreOptions, type(self), DESIGN_TEXT_REWARD)
        manager = DesignManager(make_design(design, **(design_options or {})), embedder=embedder)
        super().__init__(streams, stream_options, manager, learn, chosen)
        self.prompt_format: DecisionFormat = prompt_format or PlainDecisionFormat()
        self._task = DecisionTask(self.prompt_format, manager)
        self.observation_space = FreeText()
        self.action_space = FreeText(self.prompt_format.examples)

    @property
    def view(self) -> DecisionView:
        """What the policy decides on now; rendered, it is the observation."""
        return self._task.view(self.run)

    def _choose(self, action: str) -> tuple[str, ...]:
        return self._task.choose(self.run, self.view, action)

    def _observe(self) -> str:
        return self.prompt_format.render(self.view)

    def _check_action(self, action: object) -> None:
        check_text(action, self)


def _pool(
    streams: str | Sequence[Stream] | StreamPool,
    stream_options: Mapping[str, Any] | None,
    manager: DesignManager,
) -> StreamPool:
    """Return the streams in chunks of the size that the design writes.

    Raises:
        ConfigError: If a pool comes with options, or with larger chunks.
    """
    size = manager.turns_per_chunk
    if not isinstance(streams, StreamPool):
        return StreamPool(streams, stream_options, size)
    if size is not None and any(len(each.turns) > size for s in streams.streams for each in s.chunks):
        raise ConfigError(
            f"the pool has chunks of more turns than {manager.design.name!r} writes at a time; build it with "
            f"turns_per_chunk={size}."
        )
    return StreamPool.of(streams, stream_options)
