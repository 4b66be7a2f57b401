"""`count_missing`: answers and verdicts that could not be had, counted as failed where a policy has too many.

A mean over the questions that happened to be answered is higher the more of the hard ones fail. So a policy
may leave out a small share of its questions, which bounds what that can be worth; of more, every one is 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

MAX_UNSCORED = 0.05
"""Share of a policy's questions that may go without a score, unless the settings say otherwise."""

UNSCORED = "unscored"
"""Column of the questions whose score could not be had, whether they were left out or counted as failed."""


def count_missing(
    questions: pd.DataFrame,
    score: str,
    columns: Sequence[str],
    evidence_columns: Sequence[str],
    max_unscored: float,
    *,
    judged: bool,
) -> pd.DataFrame:
    """Return the rows of an evaluation with the missing scores of a policy at 0 where it has too many.

    Missing are scores of answers that were asked for and could not be had, or that a judge was asked about
    and gave no verdict on, and all scores of questions before which the policy had failed. An evidence score
    of a question that names no evidence is not missing: there is none to be had. Where no policy has a score
    at all, nothing is counted, since nothing was measured.

    Args:
        questions: Rows as of `question_rows`, with the columns `policy` and `seed`.
        score: The column that counts, which is repeated in the column `score`.
        columns: All columns that grade answers.
        evidence_columns: All columns that measure what was stored and retrieved.
        max_unscored: Share of its rows that a policy may have missing, in each column.
        judged: Whether a judge was asked.

    Returns:
        The rows, with the further column `unscored`: True where the score is missing.
    """
    questions = questions.copy()
    questions[UNSCORED] = False
    has_answer = questions["answer"].notna()
    failed = ~has_answer & (questions["answer_error"] != "")
    has_evidence = questions["evidence_age_turns"].notna() & ~questions["unanswerable"].astype(bool)
    unmeasured = (questions["failure"] != "") & has_evidence
    for column in (*columns, *evidence_columns):
        could_not = unmeasured if column in evidence_columns else failed | (has_answer & judged)
        missing = questions[column].isna() & could_not
        shares = missing_shares(questions, missing, column)
        zeros = missing & questions["policy"].isin(shares.index[shares > max_unscored])
        if questions[column].notna().any():
            questions.loc[zeros, column] = 0.0
        if column == score:
            questions[UNSCORED] = missing
            questions["score"] = questions[column]
    return questions


def missing_shares(questions: pd.DataFrame, missing: pd.Series[bool], column: str) -> pd.Series[float]:
    """Return the share of missing scores among those that could be had, by policy."""
    could_be_had = (questions[column].notna() | missing).astype(float)
    numbers = could_be_had.groupby(questions["policy"]).sum()
    return missing.astype(float).groupby(questions["policy"]).sum() / numbers.clip(lower=1)
