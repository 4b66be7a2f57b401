"""The Gymnasium environments that speak arrays, with discrete actions under a mask."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any, Unpack

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from memdojo.errors import ConfigError
from memdojo.rewards import Reward, reward_part

from ..answering import AnswerRequest
from ..episodes.archive import Granularity
from ..episodes.context import StreamContext
from ..episodes.limits import check_positive
from ..episodes.retrieval import RetrievalEpisode
from ..episodes.rules import EpisodeRules
from ..features.manager import FeatureSettings, ManagerFeatures, ManagerObservation
from ..features.retrieval import RETRIEVAL_FEATURES, RetrievalFeatures
from ..memory.retrieval.candidates import select_candidates
from ..streams.turn_features import FEATURE_BOUND
from ..types import Stream
from .base import ManagerEnv, RetrievalEnv, Transition
from .options import ManagerOptions, RankingOptions, resolve_rules
from .pool import DEFAULT_STREAMS, StreamPool

Arrays = dict[str, npt.NDArray[np.generic]]
Action = np.int64 | int

MANAGER_FEATURES_REWARD: Mapping[str, float] = {"token_f1": 1.0}
RETRIEVER_FEATURES_REWARD: Mapping[str, float] = {"evidence_ndcg": 1.0}


class MemoryManagerFeaturesEnv(ManagerEnv[Arrays, Action]):
    """A manager keeps a memory while a dialogue streams by, seen as arrays and steered by a number.

    ## Description
    The episodes of `MemoryManager-v0` in chunks of one turn. What is stored is the turn verbatim; the policy
    decides whether, and in place of what. Any Gymnasium learner for `Dict` observations works on it, those
    that know action masks (sb3-contrib's MaskablePPO) work better.

    ## Observation Space
    `Dict` of `Box` within [-10, 10], float32, for K candidate entries:

    - `turn` (F,): features of the new turn (`TURN_FEATURES`).
    - `store` (S,): fill, size and nearness of the store (`STORE_FEATURES`).
    - `candidates` (K, C): each candidate's turn features and its relation to the new turn (`PAIR_FEATURES`).
      A store of at most K entries is shown whole; of a larger one, half of the candidates are the nearest to
      the new turn and half those of the lowest rarity. Rows behind the last candidate are 0.
    - `action_mask` (2 + 3K,), int8: 1 where the action is allowed.

    Behind the last turn all features are 0 and only NOOP is allowed.

    ## Action Space
    `Discrete(2 + 3K)`: 0 NOOP, 1 ADD the turn, then K times UPDATE candidate k with the turn, K times DELETE
    candidate k, K times ADD in place of candidate k (allowed where the store has no room). A masked action
    changes nothing and is a malformed operation. The mask is in the observation, in `info["action_mask"]` and
    `action_masks()`. A number outside the space raises `ValueError`, and the episode is as it was.

    ## Rewards, Starting State, Episode End
    As in `MemoryManager-v0`; by default the mean token F1 of all answers.

    ## Arguments
    As in `MemoryManager-v0`, but `turns_per_chunk` and `prompt_format`, and:

    - `num_candidates`: K, default 16.
    - `embedder`: name of the text embedder behind similarities.
    - `embedding_inputs`: whether turns and candidates also carry their embeddings.

    ## Version History
    - v0: first version.
    """

    def __init__(
        self,
        streams: str | Sequence[Stream] | StreamPool = DEFAULT_STREAMS,
        *,
        stream_options: Mapping[str, Any] | None = None,
        num_candidates: int = FeatureSettings().num_candidates,
        embedder: str = FeatureSettings().embedder,
        embedding_inputs: bool = False,
        rules: EpisodeRules | None = None,
        **options: Unpack[ManagerOptions],
    ) -> None:
        check_positive("num_candidates", num_candidates)
        chosen = resolve_rules(rules, options, ManagerOptions, type(self), MANAGER_FEATURES_REWARD)
        super().__init__(_single_turns(streams, stream_options), chosen)
        self.features = ManagerFeatures(FeatureSettings(num_candidates, embedder, embedding_inputs))
        # Gymnasium types a Dict as a space of spaces.
        self.observation_space = self.features.observation_space  # type: ignore[assignment]
        self.action_space = spaces.Discrete(self.features.num_actions)
        self._decision = ManagerObservation(self.features.empty_observation(), ())

    def action_masks(self) -> npt.NDArray[np.bool_]:
        """Return which actions are allowed now, shape (2 + 3K,)."""
        return self._decision.arrays["action_mask"].astype(bool)

    def _observe(self) -> Arrays:
        if self.episode.ended:
            self._decision = ManagerObservation(self.features.empty_observation(), ())
        else:
            self._decision = self.features.observe(self.episode)
        # The caller keeps what it is given; the mask must survive whatever is done to it.
        return self._decision.arrays | {"action_mask": self._decision.arrays["action_mask"].copy()}

    def _check_action(self, action: object) -> None:
        check_number(action, self.features.num_actions)

    def _begin(self, action: Action) -> tuple[AnswerRequest, ...]:
        number = int(action)
        if not self._decision.arrays["action_mask"][number]:
            return self.episode.begin_step((), malformed=(f"action {number} is masked in this state.",))
        return self.episode.begin_step([self.features.operation(self.episode, self._decision, number)])

    def _state_info(self) -> dict[str, Any]:
        return super()._state_info() | {"action_mask": self.action_masks()}


class ProxyRetrieverFeaturesEnv(RetrievalEnv[Arrays, Action]):
    """A proxy retriever builds the ranking for a question, one candidate after the other.

    ## Description
    The episodes of `ProxyRetriever-v0`. A step appends one candidate to the ranking; a question is done when
    its ranking has `top_k` candidates, or all there are.

    ## Observation Space
    `Dict`, for K candidates:

    - `candidates` (K, F), float32 within [-10, 10]: how each candidate matches the question
      (`RETRIEVAL_FEATURES`), in the order in which they were said; rows behind the last candidate are 0.
    - `picked` (K,), float32: 1 / rank of the candidates in the ranking so far, 0 of the others.
    - `action_mask` (K,), int8: 1 where the candidate can be picked.

    Of more than K entries, the candidates are those with the highest BM25 score for the question; where fewer
    match at all, the latest others fill up. Behind the last question all features are 0 and only action 0 is
    allowed.

    ## Action Space
    `Discrete(K)`: the candidate that is appended. A masked action appends nothing and uses up a rank. The
    mask is in the observation, in `info["action_mask"]` and `action_masks()`. A number outside the space
    raises `ValueError`, and the episode is as it was.

    ## Rewards
    What the candidate adds to the question's reward, by default its discounted gain in NDCG over the number
    of questions with evidence; so the rewards of a question's steps sum to what `ProxyRetriever-v0` pays for
    the whole ranking. Parts that grade answers are paid with the last pick, when the answerer is asked.

    ## Starting State, Episode End
    As in `ProxyRetriever-v0`. `info` always holds `stream`, `group`, `action_mask` and `entry_ids` (of the
    candidates); after a step also `step`, `reward_parts`, `malformed`, `stop_reason`, `unscored` and
    `questions`, which is empty until the question is done.

    ## Arguments
    As in `ProxyRetriever-v0`, but `granularity`, `tiers` and `prompt_format` (candidates are turns), with
    `max_candidates` (K) 64 by default, and:

    - `embedder`: name of the text embedder behind similarities.

    ## Version History
    - v0: first version.
    """

    def __init__(
        self,
        streams: str | Sequence[Stream] | StreamPool = DEFAULT_STREAMS,
        *,
        stream_options: Mapping[str, Any] | None = None,
        max_candidates: int = 64,
        embedder: str = FeatureSettings().embedder,
        rules: EpisodeRules | None = None,
        **options: Unpack[RankingOptions],
    ) -> None:
        chosen = resolve_rules(rules, options, RankingOptions, type(self), RETRIEVER_FEATURES_REWARD)
        if chosen.granularity is not Granularity.TURN:
            raise ConfigError(
                f"the rules' granularity is {chosen.granularity.value!r}; candidates are turns."
            )
        super().__init__(StreamPool.of(streams, stream_options), chosen)
        self.max_candidates = check_positive("max_candidates", max_candidates)
        if chosen.top_k > max_candidates:
            raise ConfigError(
                f"top_k is {chosen.top_k} and max_candidates {max_candidates}; show at least top_k."
            )
        self.features = RetrievalFeatures(embedder)
        self.observation_space = spaces.Dict(  # type: ignore[assignment]
            {
                "candidates": spaces.Box(
                    -FEATURE_BOUND, FEATURE_BOUND, (max_candidates, len(RETRIEVAL_FEATURES)), np.float32
                ),
                "picked": spaces.Box(0, 1, (max_candidates,), np.float32),
                "action_mask": spaces.Box(0, 1, (max_candidates,), np.int8),
            }
        )
        self.action_space = spaces.Discrete(max_candidates)
        self._immediate_reward = _without_answers(self.reward)
        self._features = np.zeros((0, len(RETRIEVAL_FEATURES)), np.float32)
        self._picked: list[int] = []
        self._num_wasted = 0
        self._paid = 0.0
        self._paid_parts: dict[str, float] = {}

    def action_masks(self) -> npt.NDArray[np.bool_]:
        """Return which candidates can be picked now, shape (K,)."""
        mask = np.zeros(self.max_candidates, bool)
        if self.has_ended:
            mask[0] = True
        else:
            mask[: len(self.shown)] = True
            mask[self._picked] = False
        return mask

    def step(self, action: Action) -> Transition[Arrays]:
        """Append a candidate to the ranking, and finish the question with the last one."""
        self.check_action(action)
        number = int(action)
        malformed: tuple[str, ...] = ()
        if self.action_masks()[number]:
            self._picked.append(number)
        else:
            self._num_wasted += 1
            malformed = (f"action {number} is masked in this state.",)
        is_last = len(self._picked) + self._num_wasted == min(self.rules.top_k, len(self.shown))
        transition = self._finish_ranking() if is_last else self._continue_ranking()
        transition[-1]["malformed"] = malformed
        return transition

    def _continue_ranking(self) -> Transition[Arrays]:
        reward, parts = 0.0, {}
        if self._immediate_reward is not None:
            score = self._immediate_reward(self.episode.preview(self._ranking))
            assert score.value is not None  # No part of it grades answers.
            reward = score.value - self._paid
            parts = {name: value - self._paid_parts.get(name, 0.0) for name, value in score.parts.items()}
            self._paid, self._paid_parts = score.value, dict(score.parts)
        observation = self._observe()
        info = self._state_info() | {
            "step": self.episode.step_index,
            "questions": (),
            "reward_parts": parts,
            "stop_reason": "",
            "unscored": "",
        }
        return observation, reward, False, False, info

    def _finish_ranking(self) -> Transition[Arrays]:
        paid, paid_parts = self._paid, self._paid_parts
        # The ranks without a candidate stay empty; the ranking of the others stands.
        requests = self.episode.begin_step(self._ranking)
        answers = self.answerer.answer(requests) if self.answerer is not None else ()
        outcome = self.episode.finish_step(answers)
        self._clear_ranking()
        observation, reward, terminated, truncated, info = self.finish(outcome)
        parts = info["reward_parts"]
        info["reward_parts"] = {name: value - paid_parts.get(name, 0.0) for name, value in parts.items()}
        return observation, 0.0 if truncated else reward - paid, terminated, truncated, info

    @property
    def _ranking(self) -> list[int]:
        return [self.shown[number].id for number in self._picked]

    def _clear_ranking(self) -> None:
        self._picked = []
        self._num_wasted = 0
        self._paid = 0.0
        self._paid_parts = {}

    def _observe(self) -> Arrays:
        if not self._picked and not self._num_wasted:
            self._describe_question()
        features = np.zeros((self.max_candidates, len(RETRIEVAL_FEATURES)), np.float32)
        features[: len(self._features)] = self._features
        picked = np.zeros(self.max_candidates, np.float32)
        picked[self._picked] = 1 / np.arange(1, len(self._picked) + 1)
        mask = self.action_masks().astype(np.int8)
        return {"candidates": features, "picked": picked, "action_mask": mask}

    def _describe_question(self) -> None:
        question = self.episode.question
        if question is None or self.has_ended:
            self.shown, self._features = (), self._features[:0]
            return
        store = self.episode.store
        self.shown = select_candidates(store, question.text, self.max_candidates)
        described = self.features.observe(store, question.text)
        is_shown = np.isin(described.entry_ids, [entry.id for entry in self.shown])
        self._features = described.features[is_shown]

    def _start(self, context: StreamContext, seed: int) -> RetrievalEpisode:
        self._clear_ranking()
        return super()._start(context, seed)

    def _check_action(self, action: object) -> None:
        check_number(action, self.max_candidates)

    def _state_info(self) -> dict[str, Any]:
        return super()._state_info() | {
            "action_mask": self.action_masks(),
            "entry_ids": tuple(entry.id for entry in self.shown),
        }


def check_number(action: object, num_actions: int) -> None:
    """Raise TypeError unless the action is a whole number, and ValueError unless the space has it."""
    remedy = f"pass a whole number from 0 to {num_actions - 1}. The episode is as it was."
    try:
        number = operator.index(action)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"the action is of type {type(action).__name__}; {remedy}") from None
    if not 0 <= number < num_actions:
        raise ValueError(f"the action is {number}; {remedy}")


def _single_turns(
    streams: str | Sequence[Stream] | StreamPool, stream_options: Mapping[str, Any] | None
) -> StreamPool:
    if not isinstance(streams, StreamPool):
        return StreamPool(streams, stream_options, turns_per_chunk=1)
    if any(len(chunk.turns) != 1 for stream in streams.streams for chunk in stream.chunks):
        raise ConfigError("the pool has chunks of several turns; build it with turns_per_chunk=1.")
    return StreamPool.of(streams, stream_options)


def _without_answers(reward: Reward) -> Reward | None:
    """Return the part of the reward that no answer is needed for; None if there is none."""
    weights = {name: weight for name, weight in reward.weights.items() if not reward_part(name).needs_answers}
    return Reward(weights) if weights else None
