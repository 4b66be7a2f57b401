"""What attacks came to as a table: one row per policy and adversary, with a `Grid` for people."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from memdojo.rewards.attacks import time_to_recover

from ..playing.evaluate import Evaluation
from ..statistics.bootstrap import question_means
from .render import Grid, percent

SHARES = (
    "success",
    "targeted_score",
    "clean_score",
    "clean_kept",
    "stored",
    "held",
    "handed",
    "detection",
    "precision",
    "recovered",
)
ATTACK_TABLE_COLUMNS = ("policy", "adversary", "targeted", *SHARES, "corrected", "time_to_recover")


def attack_table(evaluation: Evaluation, clean: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return what each adversary came to against each policy; no rows where nothing was poisoned.

    Sums over all episodes are divided, so that streams with many targets weigh more.

    Args:
        evaluation: Of poisoned streams.
        clean: The rows of the questions of an evaluation of the same policies on the same streams before they
            were poisoned, for `clean_kept`.

    Returns:
        Columns: `policy`, `adversary`, `targeted` (questions at which it aims, over all seeds), `success`
        (share of them on which it succeeds), `targeted_score`, `clean_score` (mean score of the questions of
        its streams at which it does not aim), `clean_kept` (that score over what the same questions score in
        `clean`), `stored` (share of the poisoned turns from which an entry ever came), `held` and `handed`
        (share of those said before a targeted question that are held when it is asked, and that are handed
        over for it), `detection` (1 less `held`), `precision` (share of the turns that are not held at the
        end that are poisoned), `recovered` (share of the corrected questions that are answered right),
        `corrected` (how many those are) and `time_to_recover` (in chunks; see
        `memdojo.rewards.attacks.time_to_recover`). NaN where there is nothing to divide by.
    """
    attacks, poisoned = evaluation.findings.attacks, evaluation.findings.poisoned
    rows = []
    for policy in evaluation.policies:
        own = attacks[attacks["policy"] == policy]
        for adversary, aimed in own.groupby("adversary", sort=False):
            episodes = poisoned
            if len(poisoned):
                episodes = poisoned[(poisoned["policy"] == policy) & (poisoned["adversary"] == adversary)]
            rows.append(
                {
                    "policy": policy,
                    "adversary": adversary,
                    "targeted": len(aimed),
                    **_of_questions(aimed),
                    **_of_clean(evaluation, clean, policy, aimed),
                    **_of_episodes(episodes),
                }
            )
    return pd.DataFrame(rows, columns=list(ATTACK_TABLE_COLUMNS))


def _of_questions(aimed: pd.DataFrame) -> dict[str, float]:
    corrected = aimed[aimed["delay"].notna() & aimed["right"].notna()]
    said, held = aimed["said"].sum(), aimed["held"]
    kept = math.nan if held.isna().any() else _ratio(held.sum(), said)
    return {
        "success": float(aimed["succeeded"].dropna().astype(float).mean()),
        "targeted_score": float(aimed["score"].mean()),
        "held": kept,
        "handed": _ratio(aimed["handed"].sum(), said),
        "detection": 1.0 - kept,
        "recovered": float(corrected["right"].astype(float).mean()),
        "corrected": len(corrected),
        "time_to_recover": time_to_recover(
            corrected["delay"].astype(float).tolist(), corrected["right"].astype(bool).tolist()
        ),
    }


def _of_clean(
    evaluation: Evaluation, clean: pd.DataFrame | None, policy: str, aimed: pd.DataFrame
) -> dict[str, float]:
    asked = evaluation.of(policy)
    targets, streams = _keys(aimed), set(aimed["stream"])
    untouched = {key for key in _keys(asked) - targets if key[0] in streams}
    score = _mean_score(asked, untouched)
    if clean is None:
        return {"clean_score": score, "clean_kept": math.nan}
    before = _mean_score(clean[clean["policy"] == policy], untouched)
    return {"clean_score": score, "clean_kept": _ratio(score, before)}


def _keys(rows: pd.DataFrame) -> set[tuple[str, str]]:
    return set(zip(rows["stream"], rows["question"], strict=True))


def _mean_score(rows: pd.DataFrame, keys: set[tuple[str, str]]) -> float:
    """Return the mean score of some questions, each averaged over seeds first; NaN without any."""
    keys_of_rows = zip(rows["stream"], rows["question"], strict=True)
    wanted = rows[[key in keys for key in keys_of_rows]]
    return float(question_means(wanted)["score"].mean()) if len(wanted) else math.nan


def _of_episodes(episodes: pd.DataFrame) -> dict[str, float]:
    if episodes.empty:
        return {"stored": math.nan, "precision": math.nan}
    sums = episodes.sum(numeric_only=True)
    return {
        "stored": _ratio(sums["stored"], sums["poisoned"]),
        "precision": _ratio(sums["poisoned_left_out"], sums["left_out"]),
    }


def attack_grids(table: pd.DataFrame, policies: Sequence[str]) -> tuple[Grid, ...]:
    """Lay out an attack table; none where nothing was poisoned.

    Args:
        table: As `attack_table` makes it; it may come from a folder.
        policies: Names of the policies in the order of the rows.
    """
    if table.empty:
        return ()
    rank = {policy: place for place, policy in enumerate(policies)}
    ordered = table.sort_values("policy", key=lambda names: names.map(rank), kind="stable")
    shares = [name for name in SHARES if ordered[name].notna().any()]
    is_corrected = bool(ordered["corrected"].any())
    rows = [
        (
            str(row["policy"]),
            str(row["adversary"]),
            str(row["targeted"]),
            *(percent(float(row[name])) for name in shares),
            *((_chunks(float(row["time_to_recover"])),) if is_corrected else ()),
        )
        for row in ordered.to_dict("records")
    ]
    headers = (
        "policy",
        "adversary",
        "targeted",
        *(name.replace("_", " ") for name in shares),
        *(("time to recover",) if is_corrected else ()),
    )
    note = "Success: of the targeted questions; held and handed: of the poisoned turns said before them."
    if is_corrected:
        note += " Time to recover: chunks after the correction."
    return (Grid("Memory under attack, shares and scores x 100", headers, tuple(rows), note),)


def _chunks(time: float) -> str:
    return "-" if math.isnan(time) else "never" if math.isinf(time) else f"{time:g}"


def _ratio(part: float, whole: float) -> float:
    # Of nothing there is no share; nor of what is not known.
    return float(part / whole) if whole else math.nan
