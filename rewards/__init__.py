"""Rewards: plain records of what an episode produced in, scores out."""

from __future__ import annotations

from .benchmarks import (
    answer_line_match,
    eventqa_recall,
    keyword_match,
    label_match,
    recommendation_recall,
    yes_no_f1,
)
from .credit import answerability, attribution
from .grading import grade, grade_names, needs_judge, question_metric_names
from .locomo import locomo_score, locomo_strict_score
from .mem_alpha import call_success, valid_operations
from .memsifter import TIERS, marginal_utility_of, tier_weights
from .metrics import (
    METRICS,
    NO_INFORMATION,
    Metric,
    bleu_1,
    exact_match,
    metric,
    metric_names,
    rouge_l,
    rouge_l_recall,
    says_no_information,
    squad_exact_match,
    squad_substring_match,
    squad_token_f1,
    substring_exact_match,
    token_f1,
)
from .outcomes import AnswerabilityOutcome, EpisodeOutcome, OperationOutcome, QuestionOutcome, StepOutcome
from .parts import PARTS, RewardPart, register_reward_part, reward_part, reward_part_names
from .ranking import (
    dcg,
    ndcg_any_at_k,
    ndcg_at_k,
    ndcg_longmemeval_at_k,
    newly_covered,
    recall_all_at_k,
    recall_any_at_k,
    recall_at_k,
)
from .reward import Reward, parse_reward
from .scores import Score, mean_score, sum_scores
from .structure import settlement, yes_no_match

__all__ = [
    "METRICS",
    "NO_INFORMATION",
    "PARTS",
    "TIERS",
    "AnswerabilityOutcome",
    "EpisodeOutcome",
    "Metric",
    "OperationOutcome",
    "QuestionOutcome",
    "Reward",
    "RewardPart",
    "Score",
    "StepOutcome",
    "answer_line_match",
    "answerability",
    "attribution",
    "bleu_1",
    "call_success",
    "dcg",
    "eventqa_recall",
    "exact_match",
    "grade",
    "grade_names",
    "keyword_match",
    "label_match",
    "locomo_score",
    "locomo_strict_score",
    "marginal_utility_of",
    "mean_score",
    "metric",
    "metric_names",
    "ndcg_any_at_k",
    "ndcg_at_k",
    "ndcg_longmemeval_at_k",
    "needs_judge",
    "newly_covered",
    "parse_reward",
    "question_metric_names",
    "recall_all_at_k",
    "recall_any_at_k",
    "recall_at_k",
    "recommendation_recall",
    "register_reward_part",
    "reward_part",
    "reward_part_names",
    "rouge_l",
    "rouge_l_recall",
    "says_no_information",
    "settlement",
    "squad_exact_match",
    "squad_substring_match",
    "squad_token_f1",
    "substring_exact_match",
    "sum_scores",
    "tier_weights",
    "token_f1",
    "valid_operations",
    "yes_no_f1",
    "yes_no_match",
]
