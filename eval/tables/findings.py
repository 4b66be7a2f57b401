"""The findings of an evaluation as tables: one row per policy, each with a `Grid` for people."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import pandas as pd

from ..findings.diagnosis import Blame, Cause
from ..findings.experience import TASK, has_tasks, success_curve
from ..findings.oracle_measures import measured_kinds
from ..playing.evaluate import Evaluation
from ..playing.result_rows import depth_of
from ..playing.settings import KEPT_EVIDENCE
from ..statistics.bootstrap import question_means
from .render import Grid, interval, percent

BLAMES = tuple(blame.value for blame in Blame)
CAUSES = tuple(cause.value for cause in Cause if cause is not Cause.NONE)

DECISION_COLUMNS = ("policy", "decision", "option", "failed", *CAUSES, "rule_otherwise")

OF_TASKS = (
    "Of tasks: write, no right experience had been written; read, none was handed over; use, the solver did "
    "not use it; unknown, none is known to help."
)
"""What blames say of tasks."""

NO_DECISION = "none"
"""Stands for the decision where none is to blame."""

STALE_SHARES = ("outdated_kept", "contradictions", "stale_answers")

SUCCESS_COLUMNS = ("policy", TASK, "success", "running_mean", "num_streams")

SUCCESS_PARTS = 5
"""Parts of the stream for which tables for people show the success."""

AGE_BINS = (0, 10, 25, 50, 100, 200, 400)
"""Where the bins of the forgetting curve begin, in turns between the last evidence and the question."""

ALL_CATEGORIES = "all"


def blame_table(evaluation: Evaluation) -> pd.DataFrame:
    """Return how many questions failed and their causes, by policy and category.

    Columns: `policy`, `category` (`all` for every question), `questions` (scored ones, over all seeds),
    `failed`, one for each blame and one for each cause. The blames of a row add up to `failed`.
    """
    scored = evaluation.questions[evaluation.questions["score"].notna()]
    failures = evaluation.findings.failures
    rows = []
    for policy in evaluation.policies:
        asked, failed = (table[table["policy"] == policy] for table in (scored, failures))
        rows.append({"policy": policy, "category": ALL_CATEGORIES, **_blame_counts(asked, failed)})
        for category in sorted(asked["category"].unique()):
            if category:
                parts = (table[table["category"] == category] for table in (asked, failed))
                rows.append({"policy": policy, "category": category, **_blame_counts(*parts)})
    table = pd.DataFrame(rows)
    assert (table[list(BLAMES)].sum(axis=1) == table["failed"]).all()  # Each failure has one blame.
    return table


def _blame_counts(asked: pd.DataFrame, failed: pd.DataFrame) -> dict[str, int]:
    return {
        "questions": len(asked),
        "failed": len(failed),
        **{blame: int((failed["blame"] == blame).sum()) for blame in BLAMES},
        **{cause: int((failed["cause"] == cause).sum()) for cause in CAUSES},
    }


def decision_table(evaluation: Evaluation) -> pd.DataFrame:
    """Return to which decisions of memory designs failures are ascribed.

    Columns: `policy`, `decision`, `option` (what was taken; empty where options are entries or the like),
    `failed`, one for each cause, and `rule_otherwise` (how many of them the design's own rule would have
    decided otherwise). Of a policy that is there, the failures whose evidence was lost by no decision have a
    row `none`, so that its rows add up to write + read.
    """
    failures = evaluation.findings.failures
    rows = []
    for policy in evaluation.policies:
        lost = failures[(failures["policy"] == policy) & failures["blame"].isin((Blame.WRITE, Blame.READ))]
        if not (lost["decision"] != "").any():
            continue
        for (decision, option), group in lost.groupby(["decision", "option"]):
            rows.append(
                {
                    "policy": policy,
                    "decision": decision or NO_DECISION,
                    "option": option,
                    "failed": len(group),
                    **{cause: int((group["cause"] == cause).sum()) for cause in CAUSES},
                    "rule_otherwise": sum(agrees is False for agrees in group["rule_agrees"]),
                }
            )
    table = pd.DataFrame(rows, columns=list(DECISION_COLUMNS))
    return table.sort_values("failed", ascending=False, kind="stable", ignore_index=True)


def plan_table(evaluation: Evaluation) -> pd.DataFrame:
    """Return precision and recall of the operations against the streams' plans, and what went stale.

    Sums over all episodes are divided, so that long streams weigh more. Columns: `policy`, `KIND_precision`
    and `KIND_recall` of each kind, `outdated_kept` (share of the superseded facts that the store still tells
    at the end), `contradictions` (share of the revised facts whose old and new value both stand there) and
    `stale_answers` (share of the questions about revised facts that got the old value). NaN where there is
    nothing to divide by; no rows where no stream has a plan.
    """
    plans = evaluation.findings.plans
    names = [kind.lower() for kind in measured_kinds()]
    rows = []
    for policy in evaluation.policies if len(plans) else ():
        sums = plans[plans["policy"] == policy].sum(numeric_only=True)
        row: dict[str, object] = {"policy": policy}
        for name in names:
            row[f"{name}_precision"] = _ratio(sums[f"{name}_right"], sums[f"{name}_done"])
            row[f"{name}_recall"] = _ratio(sums[f"{name}_met"], sums[f"{name}_planned"])
        row["outdated_kept"] = _ratio(sums["outdated_kept"], sums["superseded"])
        row["contradictions"] = _ratio(sums["contradictions"], sums["revised"])
        row["stale_answers"] = _ratio(sums["stale_answers"], sums["revised_questions"])
        rows.append(row)
    shares = (f"{name}_{share}" for name in names for share in ("precision", "recall"))
    return pd.DataFrame(rows, columns=["policy", *shares, *STALE_SHARES])


def forgetting_table(evaluation: Evaluation) -> pd.DataFrame:
    """Return the score by how many turns lay between the last evidence and the question.

    Columns: `policy`, `age_from` and `age_below` (infinity in the last bin), `score`, `kept_evidence` (both
    averaged over seeds, then over questions) and `num_questions`. Bins without a question are left out.
    """
    rows = []
    edges = [*AGE_BINS, math.inf]
    for policy in evaluation.policies:
        asked = evaluation.of(policy)
        for low, high in pairwise(edges):
            within = asked[(asked["evidence_age_turns"] >= low) & (asked["evidence_age_turns"] < high)]
            scores = question_means(within)["score"]
            if len(scores):
                kept = question_means(within, "kept_evidence")["kept_evidence"].mean()
                rows.append(
                    {
                        "policy": policy,
                        "age_from": low,
                        "age_below": high,
                        "score": scores.mean(),
                        "kept_evidence": kept,
                        "num_questions": len(scores),
                    }
                )
    return pd.DataFrame(
        rows, columns=["policy", "age_from", "age_below", "score", "kept_evidence", "num_questions"]
    )


def growth_table(evaluation: Evaluation) -> pd.DataFrame:
    """Return entries, tokens and evidence kept after each tenth of the steps, mean over all episodes."""
    growth = evaluation.findings.growth
    if growth.empty:
        return pd.DataFrame(columns=["policy", "share", "entries", "tokens", "evidence_kept"])
    means = growth.groupby(["policy", "share"], sort=False)[["entries", "tokens", "evidence_kept"]].mean()
    return means.reset_index()


def success_table(evaluation: Evaluation) -> pd.DataFrame:
    """Return the success of each policy by place in the stream; see `success_curve`.

    Columns: `policy` and those of `success_curve`. No rows where no stream has tasks.
    """
    curves = [success_curve(evaluation.of(policy)).assign(policy=policy) for policy in evaluation.policies]
    return pd.concat(curves, ignore_index=True)[list(SUCCESS_COLUMNS)]


def success_grid(curve: pd.DataFrame, summary: pd.DataFrame) -> Grid:
    """Lay out the success over the stream in parts of equal length, and the area under its curve.

    Args:
        curve: As `success_table` makes it, with rows.
        summary: As `summary_table` makes it.
    """
    last = int(curve[TASK].max())
    num_parts = min(SUCCESS_PARTS, last)
    ends = [round(part * last / num_parts) for part in range(num_parts + 1)]
    rows = []
    for row in summary.to_dict("records"):
        own = curve[curve["policy"] == row["policy"]]
        # Where streams differ in length, so does how many of them a place stands for.
        weighted = own.assign(success=own["success"] * own["num_streams"])
        within = [weighted[weighted[TASK].between(low + 1, high)] for low, high in pairwise(ends)]
        parts = [_ratio(part["success"].sum(), part["num_streams"].sum()) for part in within]
        area = float(row["area"]), float(row["area_low"]), float(row["area_high"])
        rows.append((row["policy"], percent(area[0]), interval(area[1], area[2]), *map(percent, parts)))
    headers = [f"{low + 1}-{high}" if low + 1 < high else f"{high}" for low, high in pairwise(ends)]
    return Grid(
        "Success x 100 over the stream, by place of the task",
        ("policy", "area", "95 % interval", *headers),
        tuple(rows),
        "Area: under the running mean of the success.",
    )


def finding_grids(evaluation: Evaluation, policies: Sequence[str], failed_below: float) -> tuple[Grid, ...]:
    """Lay out diagnosis, causes, decisions, plans and the forgetting curve, where there is something to show.

    Args:
        evaluation: What was measured.
        policies: Names of the policies in the order of the rows.
        failed_below: The score below which a question has failed.
    """
    tables = (
        blame_table(evaluation),
        decision_table(evaluation),
        plan_table(evaluation),
        forgetting_table(evaluation),
    )
    return grids_of_findings(
        *tables, policies, evaluation.score, failed_below, has_tasks=has_tasks(evaluation.questions)
    )


def grids_of_findings(
    blames: pd.DataFrame,
    decisions: pd.DataFrame,
    plans: pd.DataFrame,
    forgetting: pd.DataFrame,
    policies: Sequence[str],
    score: str,
    failed_below: float,
    *,
    has_tasks: bool = False,
) -> tuple[Grid, ...]:
    """Lay out these tables, which may come from a folder; see `finding_grids`."""
    blames = _in_order(blames[blames["category"] == ALL_CATEGORIES], policies)
    plans = _in_order(plans, policies)
    grids = [_blame_grid(blames, score, failed_below, OF_TASKS if has_tasks else "")]
    if blames[list(CAUSES)].to_numpy().any():
        grids.append(_cause_grid(blames))
    if len(decisions):
        grids.append(_decision_grid(_in_order(decisions, policies)))
    if len(plans):
        grids.append(_plan_grid(plans))
    if len(forgetting):
        grids.append(_forgetting_grid(forgetting, policies))
    return tuple(grids)


def _in_order(table: pd.DataFrame, policies: Sequence[str]) -> pd.DataFrame:
    rank = {policy: place for place, policy in enumerate(policies)}
    return table.sort_values("policy", key=lambda names: names.map(rank), kind="stable")


def _blame_grid(blames: pd.DataFrame, score: str, failed_below: float, of_tasks: str) -> Grid:
    # An answer is only to blame where answers are graded.
    optional = (
        {Blame.UNKNOWN} if depth_of(score) is None and score != KEPT_EVIDENCE else {Blame.UNKNOWN, Blame.USE}
    )
    shown = [blame for blame in BLAMES if blame not in optional or blames[blame].any()]
    rows = [
        (row["policy"], str(row["questions"]), str(row["failed"]), *(str(row[blame]) for blame in shown))
        for row in blames.to_dict("records")
    ]
    return Grid(
        f"Diagnosis: questions with {score.replace('_', ' ')} below {failed_below:g}, over all seeds",
        ("policy", "questions", "failed", *shown),
        tuple(rows),
        " ".join(filter(None, (f"{' + '.join(shown)} = failed.", of_tasks))),
    )


def _cause_grid(blames: pd.DataFrame) -> Grid:
    shown = [cause for cause in CAUSES if blames[cause].any()]
    rows = [(row["policy"], *(str(row[cause]) for cause in shown)) for row in blames.to_dict("records")]
    return Grid("What happened to the evidence of failed questions", ("policy", *shown), tuple(rows))


def _decision_grid(decisions: pd.DataFrame) -> Grid:
    causes = [cause for cause in CAUSES if decisions[cause].any()]
    # A design's own rule never decides otherwise than itself.
    shown = ["failed", *causes, *(["rule_otherwise"] if decisions["rule_otherwise"].any() else [])]
    rows = [
        (
            row["policy"],
            f"{row['decision']}: {row['option']}" if row["option"] else row["decision"],
            *(str(row[name]) for name in shown),
        )
        for row in decisions.to_dict("records")
    ]
    headers = ("policy", "decision", *(name.replace("_", " ") for name in shown))
    return Grid(
        "Decisions of memory designs by which that evidence was lost",
        headers,
        tuple(rows),
        "The last decision that could have gone otherwise; none: no decision is to blame.",
    )


def _plan_grid(plans: pd.DataFrame) -> Grid:
    columns = [column for column in plans.columns if column != "policy" and plans[column].notna().any()]
    rows = [
        (str(row["policy"]), *(percent(float(row[column])) for column in columns))
        for row in plans.to_dict("records")
    ]
    headers = ("policy", *(column.replace("_", " ") for column in columns))
    return Grid("Operations and outdated facts against the plan x 100", headers, tuple(rows))


def _forgetting_grid(forgetting: pd.DataFrame, policies: Sequence[str]) -> Grid:
    bins = forgetting[["age_from", "age_below"]].drop_duplicates().sort_values("age_from")
    scores = forgetting.set_index(["policy", "age_from"])["score"]
    rows = [
        (policy, *(percent(float(scores.get((policy, low), math.nan))) for low in bins["age_from"]))
        for policy in policies
    ]
    return Grid(
        "Score x 100 by turns between the last evidence and the question",
        ("policy", *(_bin_name(low, high) for low, high in bins.itertuples(index=False))),
        tuple(rows),
    )


def _bin_name(low: float, high: float) -> str:
    return f"{low:g}+" if math.isinf(high) else f"{low:g}-{high - 1:g}"


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else math.nan
