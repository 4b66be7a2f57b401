"""The Gymnasium environment of streams of tasks, in text: what is written, and what is handed over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from memdojo.rewards.outcomes import StepOutcome

from ..episodes.context import StreamContext
from ..episodes.experience import ExperienceEpisode, Phase
from ..episodes.limits import check_positive
from ..episodes.manager import ManagerEpisode
from ..episodes.rules import EpisodeRules
from ..memory.retrieval.per_speaker import for_stream
from ..prompts.experience import ExperienceFormat
from ..prompts.hand_over import HandOverFormat
from ..prompts.protocol import ManagerFormat, ManagerView, RankingFormat, RankingView
from ..prompts.tasks import ExperienceTask, ManagerTask, RankingTask
from ..types import OperationStatus, Stream
from .base import ManagerEnv, Transition
from .options import ManagerOptions, resolve_rules
from .pool import StreamPool
from .spaces import FreeText
from .text import check_text

TASK_STREAMS = "experience:train"
EXPERIENCE_REWARD: Mapping[str, float] = {"exact_match": 1.0, "invalid_operations": 0.1}


class ExperienceMemoryEnv(ManagerEnv[str, str]):
    """A memory of experience: what is written of a task, and what of it is handed to the solver of the next.

    `view` is what the policy decides on now; rendered, it is the observation.

    ## Description
    An episode is a stream of tasks. A frozen solver does them; it knows nothing but the task, its options and
    what it is handed. Afterwards a report comes with what was answered and what the feedback says of it.
    Steps alternate:

    - `write`: what was newly reported is seen with the memory, and operations change it.
    - `hand_over`: a task is seen with the entries of the memory that might help, and some or none of them are
      handed to the solver, who acts.

    So what has been learned from a task can be written before the next one comes. The first chunk only says
    that tasks begin, and behind the last task there is no report. Questions of other streams are tasks
    without options; a chunk behind which nothing is asked is followed by the next.

    ## Observation Space
    `FreeText`. To write, the memory and what is new, rendered by `prompt_format`. By default:

        MEMORY 1/28 entries, 18/372 tokens
        [1 +0.50 boxes] Report: Sort the red box. ANSWER: B VERDICT: wrong
        NEW
        Report: Sort the blue box. ANSWER: A VERDICT: right

    To hand over, the candidates and the task, rendered by `hand_over_format`:

        CANDIDATES
        1. Report: Sort the red box. ANSWER: B VERDICT: wrong
        2. Report: Sort the blue box. ANSWER: A VERDICT: right
        QUESTION Sort the grey box.
        OPTIONS A; B; C
        CHOOSE at most 10

    Behind the last task `END` stands in place of what is new.

    ## Action Space
    `FreeText`. To write, operations in the form of `prompt_format`: by default those of `MemoryManager-v0`
    and `VALUE 1 0.5`, `MERGE 1,2 text`, `TAG 1 boxes,wooden`. To hand over, the numbers of candidates such as
    `2, 1`, best first, or `NONE`; numbers behind `top_k` are ignored. Of a reply with anything malformed
    nothing is handed over. What is malformed or refused changes nothing, is named in `info` and costs where
    the reward has `invalid_operations`. An action that is no text at all raises `TypeError`, and the episode
    is as it was.

    ## Rewards
    The weighted sum of the reward's parts for a chunk, paid at the step at which its last task is done; other
    steps have reward 0. By default the share of the stream's tasks that were answered exactly, minus 0.1
    times the invalid operations per chunk. The rewards of an episode sum to the episode's score.

    ## Starting State
    An empty memory before the first chunk. The seed shuffles the streams and each reset takes the next one;
    `options={"stream": id}` picks one.

    ## Episode End
    Terminated after the last task. Truncated where an answer is missing; see `MemoryManager-v0`.

    `info` always holds `stream`, `group` and `phase` (`write`, `hand_over` or `ended`: what is waited for);
    after a step also `step` (chunks that are done), `questions` (tuple of `QuestionOutcome` of the tasks that
    were done at it), `reward_parts`, of its action `statuses`, `malformed` and `refused`, and `num_entries`,
    `memory_tokens`, `stop_reason` and `unscored`.

    `run` is the `ExperienceEpisode`, which can fork at every step.

    ## Arguments
    As in `MemoryManager-v0`, but streams are those of tasks by default (`experience:train`), and:

    - `retriever`: orders the candidates, and chooses them where there are more than `max_candidates`.
    - `max_candidates`: most candidates shown; default 20, None shows all.
    - `top_k`: how many entries are handed over at most; default 10.
    - `prompt_format`: default `ExperienceFormat()`.
    - `hand_over_format`: default `HandOverFormat()`.

    ## Version History
    - v0: first version.
    """

    meets_questions = True
    """A policy sees tasks when they come, and what came of them."""

    def __init__(
        self,
        streams: str | Sequence[Stream] | StreamPool = TASK_STREAMS,
        *,
        stream_options: Mapping[str, Any] | None = None,
        prompt_format: ManagerFormat | None = None,
        hand_over_format: RankingFormat | None = None,
        max_candidates: int | None = 20,
        related_entries: int | None = None,
        rules: EpisodeRules | None = None,
        **options: Unpack[ManagerOptions],
    ) -> None:
        chosen = resolve_rules(rules, options, ManagerOptions, type(self), EXPERIENCE_REWARD)
        super().__init__(StreamPool.of(streams, stream_options), chosen)
        for name, number in (("max_candidates", max_candidates), ("related_entries", related_entries)):
            if number is not None:
                check_positive(name, number)
        self.prompt_format: ManagerFormat = prompt_format or ExperienceFormat()
        self.hand_over_format: RankingFormat = hand_over_format or HandOverFormat()
        self._writing = ManagerTask(self.prompt_format, related_entries)
        self._max_candidates = max_candidates
        self.observation_space = FreeText()
        self.action_space = FreeText((*self.prompt_format.examples, *self.hand_over_format.examples))

    @property
    def view(self) -> ManagerView | RankingView:
        """What the policy decides on now; rendered, it is the observation."""
        return self._task.view(self.run)

    @property
    def has_ended(self) -> bool:
        """True if the episode can take no further step."""
        return self._is_cut_short or self.run.ended

    def step(self, action: str) -> Transition[str]:
        """Write or hand over, have the task done if all is handed over, and return what came of it."""
        self.check_action(action)
        run = self.run
        is_writing = run.phase is Phase.WRITE
        self._task.act(run, self.view, action)
        malformed = run.malformed
        statuses: tuple[str, ...] = tuple(OperationStatus.MALFORMED.value for _ in malformed)
        refused: tuple[str, ...] = ()
        if is_writing:
            failed = [result for result in run.results if not result.applied]
            is_malformed = OperationStatus.MALFORMED
            statuses = tuple(result.status.value for result in run.results)
            malformed = tuple(result.why for result in failed if result.status is is_malformed)
            refused = tuple(result.why for result in failed if result.status is not is_malformed)
        reward, info = self._paid(self._answer())
        observation = self._observe()
        info |= self._state_info() | {
            "step": run.episode.step_index,
            "statuses": statuses,
            "malformed": malformed,
            "refused": refused,
            "num_entries": len(run.store),
            "memory_tokens": run.store.tokens,
        }
        return observation, reward, bool(run.ended and not info["unscored"]), bool(info["unscored"]), info

    def _answer(self) -> StepOutcome | None:
        """Have the tasks done for which all is handed over; None if something is to be chosen first."""
        requests = self.run.requests
        if requests is None:
            return None
        answers = self.answerer.answer(requests) if self.answerer is not None and requests else ()
        return self.run.finish_step(answers)

    def _paid(self, outcome: StepOutcome | None) -> tuple[float, dict[str, Any]]:
        if outcome is None:
            return 0.0, {"questions": (), "reward_parts": {}, "stop_reason": "", "unscored": ""}
        score = self.reward(outcome)
        self._is_cut_short = not score.scored
        stopped = "unscored" if not score.scored else "stream_ended" if self.run.ended else ""
        return score.value or 0.0, {
            "questions": outcome.questions,
            "reward_parts": dict(score.parts),
            "stop_reason": stopped,
            "unscored": score.why,
        }

    def _start(self, context: StreamContext, seed: int) -> ManagerEpisode:
        episode = super()._start(context, seed)
        self.run = ExperienceEpisode(episode)
        candidates = for_stream(self.rules.retriever, context.speaker_of)
        handing_over = RankingTask(self.hand_over_format, self._max_candidates, candidates)
        self._task = ExperienceTask(self._writing, handing_over)
        return episode

    def _observe(self) -> str:
        return self._task.render(self.view)

    def _check_action(self, action: object) -> None:
        check_text(action, self)

    def _state_info(self) -> dict[str, Any]:
        return super()._state_info() | {"phase": self.run.phase.value}
