"""The Gymnasium environments that speak text: thin adapters over the episodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from ..answering import Answer, AnswerRequest
from ..episodes.limits import check_positive
from ..episodes.rules import EpisodeRules
from ..prompts.plain import PlainAnswerFormat, PlainFormat, PlainRankingFormat
from ..prompts.protocol import (
    AnswerFormat,
    AnswerView,
    ManagerFormat,
    ManagerView,
    RankingFormat,
    RankingView,
)
from ..prompts.tasks import AnswerTask, ManagerTask, RankingTask
from ..types import Stream
from .base import ManagerEnv, RetrievalEnv, StreamEnv, Transition
from .options import AnswerOptions, ArchiveOptions, ManagerOptions, resolve_rules
from .pool import DEFAULT_STREAMS, StreamPool
from .spaces import FreeText

MANAGER_REWARD: Mapping[str, float] = {"token_f1": 1.0, "invalid_operations": 0.1}
RETRIEVER_REWARD: Mapping[str, float] = {"evidence_ndcg": 1.0, "invalid_operations": 0.1}
ANSWER_REWARD: Mapping[str, float] = {"token_f1": 1.0, "invalid_operations": 0.1}


class MemoryManagerEnv(ManagerEnv[str, str]):
    """A manager keeps a memory while a dialogue streams by; questions are answered from that memory alone.

    ## Description
    An episode is a stream, a step is a chunk of it: one or more turns of the dialogue. The manager replies to
    each chunk with operations on a store that is too small for everything. Questions fall due in mid-stream
    and after the last chunk. The manager never sees them: a retriever finds entries for each question and an
    answerer answers from those.

    ## Observation Space
    `FreeText`: the memory and the new chunk, rendered by the prompt format. With the plain format:

        MEMORY 2/28 entries, 18/372 tokens
        [1] [2023-05-08] Caroline: I moved to Boston.
        [4] [2023-05-08] Melanie: My dog is called Oscar.
        NEW 2023-05-09
        Caroline: Good morning!

    Behind the last chunk `END` stands in place of what is new.

    ## Action Space
    `FreeText`: a completion, parsed by the prompt format; with the plain format one operation a line (`ADD
    text`, `REPLACE 12 text`, `UPDATE 12 text`, `DELETE 12`, `NOOP`). Any text is a valid action. What cannot
    be parsed or applied changes nothing, is named in `info` and costs where the reward has
    `invalid_operations`. An action that is no text at all is a mistake of the caller: `TypeError`, and the
    episode is as it was.

    ## Rewards
    The weighted sum of the reward's parts for the step; by default the mean token F1 of all answers, paid at
    the steps at which the questions are asked, minus 0.1 times the invalid operations per step. The rewards
    of an episode sum to the episode's score.

    ## Starting State
    An empty store before the first chunk. The seed shuffles the streams and each reset takes the next one;
    `options={"stream": id}` picks one.

    ## Episode End
    Terminated after the last chunk. Truncated where an answer is missing: the episode cannot be scored
    any more. That step has reward 0 and `info["unscored"]` says why; leave such episodes out of a batch.

    `info` holds `stream`, `group`; after a step also `step`, `questions` (tuple of `QuestionOutcome`, with
    the references), `reward_parts` by name, `statuses` (one for each operation), `malformed`, `refused`,
    `num_entries`, `memory_tokens`, `stop_reason` ("", "stream_ended" or "unscored") and `unscored`.

    ## Arguments
    - `streams`: spec, streams or a `StreamPool`; default `synthetic:train`.
    - `stream_options`: what the source takes, such as `{"num_streams": 4}`.
    - `turns_per_chunk`: cut the streams anew; default as they are cut.
    - `max_entries`, or `capacity_share` of the stream's turns (default 0.25), and `max_tokens`, or
      `token_share` of the stream's tokens (default: the share that the entries are of the turns),
      `max_entry_tokens`, `max_core_tokens` (of the core block, default 512): the limits of the store.
    - `tokenizer`: the folder or hub id of a language model by whose tokens limits and rewards count; by
      default a rule counts them.
    - `when_full`: `policy` (default: REPLACE names who leaves), `evict_oldest` or `reject`.
    - `reward`: weights by part name, or a `Reward`.
    - `retriever`, `top_k`: what finds entries for a question, and how many; default `bm25`, 10.
    - `answerer`: default the model-free extractive reader. Asked only where the reward grades answers.
    - `prompt_format`: default `PlainFormat()`.
    - `related_entries`: show only so many entries, those that BM25 finds for the new chunk; default all.
    - `rules`: an `EpisodeRules`, in place of limits, `reward`, `retriever`, `top_k` and `answerer`.

    ## Version History
    - v0: first version.
    """

    def __init__(
        self,
        streams: str | Sequence[Stream] | StreamPool = DEFAULT_STREAMS,
        *,
        stream_options: Mapping[str, Any] | None = None,
        turns_per_chunk: int | None = None,
        prompt_format: ManagerFormat | None = None,
        related_entries: int | None = None,
        rules: EpisodeRules | None = None,
        **options: Unpack[ManagerOptions],
    ) -> None:
        chosen = resolve_rules(rules, options, ManagerOptions, type(self), MANAGER_REWARD)
        super().__init__(StreamPool.of(streams, stream_options, turns_per_chunk), chosen)
        self.prompt_format: ManagerFormat = prompt_format or PlainFormat()
        if related_entries is not None:
            check_positive("related_entries", related_entries)
        self._task = ManagerTask(self.prompt_format, related_entries)
        self.observation_space = FreeText()
        self.action_space = FreeText(self.prompt_format.examples)

    @property
    def view(self) -> ManagerView:
        """What the manager decides on now; rendered, it is the observation."""
        return self._task.view(self.episode)

    def _observe(self) -> str:
        return self.prompt_format.render(self.view)

    def _check_action(self, action: object) -> None:
        check_text(action, self)

    def _begin(self, action: str) -> tuple[AnswerRequest, ...]:
        return self._task.begin(self.episode, self.view, action).requests


class ProxyRetrieverEnv(RetrievalEnv[str, str]):
    """A proxy retriever ranks passages of the past dialogue for a question.

    `view` is what it decides on now; rendered, it is the observation.

    ## Description
    An episode is a stream, a step is a question about it, in the order in which they are asked. The
    candidates are everything said until the question is asked, as turns or as sessions; the action ranks
    them.

    ## Observation Space
    `FreeText`: the candidates, numbered from 1 in the order in which they were said, and the question:

        CANDIDATES
        1. [2023-05-08] Caroline: I moved to Boston.
        2. [2023-05-08] Melanie: My dog is called Oscar.
        QUESTION Where does Caroline live?
        CHOOSE at most 10

    Of more than `max_candidates`, those with the highest BM25 score for the question are shown; where fewer
    match at all, the latest others fill up. Behind the last question there is `END`.

    ## Action Space
    `FreeText`: a ranking such as `3, 17, 5`, best first; ranks behind `top_k` are ignored. A ranking with
    anything malformed counts for nothing, and costs where the reward has `invalid_operations`. An action that
    is no text at all raises `TypeError`, and the episode is as it was.

    ## Rewards
    The weighted sum of the reward's parts for the question; by default its NDCG over the evidence turns,
    divided by the number of questions with evidence, so that the rewards of an episode sum to their mean.
    Parts that grade answers are paid on what the answerer makes of the ranked passages.

    ## Starting State
    The first question, with what was said until then. The seed shuffles the streams and each reset takes the
    next one; `options={"stream": id}` picks one.

    ## Episode End
    Terminated after the last question. Truncated where an answer is missing; see `MemoryManager-v0`.
    `info` holds `stream`, `group`; after a step also `step`, `questions`, `reward_parts`, `malformed`,
    `stop_reason` and `unscored`.

    ## Arguments
    - `streams`, `stream_options`: as in `MemoryManager-v0`.
    - `granularity`: what a candidate is, `turn` (default) or `session`.
    - `max_candidates`: most candidates shown, default 50; None shows all.
    - `top_k`: how many ranks count; default 10.
    - `tiers`: ranks at which the reward compares answers, from 1 to `top_k`; for `marginal_utility` alone.
      The answerer reads the entries of a tier best first.
    - `reward`: weights by part name, or a `Reward`.
    - `answerer`: default the extractive reader. Asked only where the reward grades answers.
    - `prompt_format`: default `PlainRankingFormat()`.
    - `rules`: an `EpisodeRules`, in place of `granularity`, `top_k`, `tiers`, `reward` and `answerer`.

    ## Version History
    - v0: first version.
    """

    def __init__(
        self,
        streams: str | Sequence[Stream] | StreamPool = DEFAULT_STREAMS,
        *,
        stream_options: Mapping[str, Any] | None = None,
        max_candidates: int | None = 50,
        prompt_format: RankingFormat | None = None,
        rules: EpisodeRules | None = None,
        **options: Unpack[ArchiveOptions],
    ) -> None:
        chosen = resolve_rules(rules, options, ArchiveOptions, type(self), RETRIEVER_REWARD)
        super().__init__(StreamPool.of(streams, stream_options), chosen)
        if max_candidates is not None:
            check_positive("max_candidates", max_candidates)
        self.prompt_format: RankingFormat = prompt_format or PlainRankingFormat()
        self._task = RankingTask(self.prompt_format, max_candidates)
        self.view = RankingView(None, None, (), chosen.top_k)
        self.observation_space = FreeText()
        self.action_space = FreeText(self.prompt_format.examples)

    def _observe(self) -> str:
        self.view = self._task.view(self.episode)
        return self.prompt_format.render(self.view)

    def _check_action(self, action: object) -> None:
        check_text(action, self)

    def _begin(self, action: str) -> tuple[AnswerRequest, ...]:
        return self._task.begin(self.episode, self.view, action).requests


class AnswerAgentEnv(RetrievalEnv[str, str]):
    """An agent gets a question with retrieved entries, says which of them help, and answers.

    `view` is what it decides on now; rendered, it is the observation.

    ## Description
    An episode is a stream, a step is a question about it, in the order in which they are asked. A fixed
    retriever finds entries among everything said until then; the agent sifts them and answers by itself.

    ## Observation Space
    `FreeText`: the retrieved entries under their ids, best first, and the question:

        MEMORY
        [17] [2023-05-08] Caroline: I moved to Boston.
        [3] [2023-05-08] Melanie: Boston is lovely.
        QUESTION Where does Caroline live?

    Behind the last question there is `END`.

    ## Action Space
    `FreeText`: the useful entries, best first, and the answer (`USE 17` and `ANSWER Boston`, a line each).
    What is missing or malformed counts as no entries or an empty answer, and costs where the reward has
    `invalid_operations`. An action that is no text at all raises `TypeError`, and the episode is as it was.

    ## Rewards
    The weighted sum of the reward's parts, graded on the agent's own answer; by default its token F1 with the
    references, divided by the number of questions. Parts on evidence, such as `evidence_recall`, are paid on
    the entries that the agent names.

    ## Starting State
    The first question, with what was retrieved for it. The seed shuffles the streams and each reset takes the
    next one; `options={"stream": id}` picks one.

    ## Episode End
    Terminated after the last question. `info` holds `stream`, `group`; after a step also `step`, `questions`
    (with the references), `reward_parts`, `malformed`, `stop_reason` and `unscored`.

    ## Arguments
    - `streams`, `stream_options`: as in `MemoryManager-v0`.
    - `granularity`: what an entry is, `turn` (default) or `session`.
    - `retriever`, `top_k`: what finds the entries, and how many; default `bm25`, 10.
    - `reward`: weights by part name, or a `Reward`.
    - `prompt_format`: default `PlainAnswerFormat()`.
    - `rules`: an `EpisodeRules`, in place of `granularity`, `retriever`, `top_k` and `reward`.

    ## Version History
    - v0: first version.
    """

    def __init__(
        self,
        streams: str | Sequence[Stream] | StreamPool = DEFAULT_STREAMS,
        *,
        stream_options: Mapping[str, Any] | None = None,
        prompt_format: AnswerFormat | None = None,
        rules: EpisodeRules | None = None,
        **options: Unpack[AnswerOptions],
    ) -> None:
        chosen = resolve_rules(rules, options, AnswerOptions, type(self), ANSWER_REWARD)
        # The agent answers by itself, whatever the reward grades.
        super().__init__(StreamPool.of(streams, stream_options), chosen.without_answers())
        self.prompt_format: AnswerFormat = prompt_format or PlainAnswerFormat()
        self._task = AnswerTask(self.prompt_format, chosen.retriever, chosen.top_k)
        self.view = AnswerView(None, None, ())
        self.observation_space = FreeText()
        self.action_space = FreeText(self.prompt_format.examples)
        self._answers: tuple[Answer, ...] = ()

    def step(self, action: str) -> Transition[str]:
        """Take the agent's answer and return what it is worth."""
        self.begin(action)
        return self.finish(self.episode.finish_step(self._answers))

    def _observe(self) -> str:
        self.view = self._task.view(self.episode)
        return self.prompt_format.render(self.view)

    def _check_action(self, action: object) -> None:
        check_text(action, self)

    def _begin(self, action: str) -> tuple[AnswerRequest, ...]:
        requests, self._answers = self._task.begin(self.episode, self.view, action)
        return requests


def check_text(action: object, env: StreamEnv[Any, Any, Any]) -> None:
    """Raise TypeError unless the action is a text."""
    if not isinstance(action, str):
        raise TypeError(
            f"{type(env).__name__} takes a text as its action and got {type(action).__name__}; pass the "
            "completion as a str. The episode is as it was."
        )
