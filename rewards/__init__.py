"""What an episode produced, and what it is worth: plain records in, scores out."""

from __future__ import annotations

from .locomo import locomo_score
from .metrics import (
    NO_INFORMATION,
    Metric,
    bleu_1,
    exact_match,
    metric,
    metric_names,
    rouge_l,
    says_no_information,
    substring_exact_match,
    token_f1,
)
from .outcomes import EpisodeOutcome, OperationOutcome, QuestionOutcome, StepOutcome
from .parts import RewardPart, register_reward_part, reward_part, reward_part_names
from .ranking import dcg, ndcg_at_k, newly_covered, recall_at_k
from .reward import Reward, parse_reward
from .scores import Score, mean_score, sum_scores

__all__ = [
    "NO_INFORMATION",
    "EpisodeOutcome",
    "Metric",
    "OperationOutcome",
    "QuestionOutcome",
    "Reward",
    "RewardPart",
    "Score",
    "StepOutcome",
    "bleu_1",
    "dcg",
    "exact_match",
    "locomo_score",
    "mean_score",
    "metric",
    "metric_names",
    "ndcg_at_k",
    "newly_covered",
    "parse_reward",
    "recall_at_k",
    "register_reward_part",
    "reward_part",
    "reward_part_names",
    "rouge_l",
    "says_no_information",
    "substring_exact_match",
    "sum_scores",
    "token_f1",
]
