"""Managers on every kind of dialogue, beside the plain rule that is best on each.

    python benchmarks/kinds.py runs/mixed_manager runs/quickstart
    python benchmarks/kinds.py runs/mixed_manager --kinds realmem locomo --share 0.1

For each kind, held out from training, a store of one share of the turns and tokens and the kind's own score.
The best rule is the best on these very streams, which flatters it. Prints each score and its paired
difference from that rule with 95 % intervals over groups; the last line is one JSON object. Figures x 100.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, field

import memdojo
from memdojo.eval.tables.results import paired_table

RULES = ("recency", "random", "keep_first", "similarity", "sum_idf", "hand_priority", "longest_first")


@dataclass(frozen=True, slots=True)
class Kind:
    """Held-out streams of one kind, and what counts on them."""

    streams: str
    metric: str
    options: dict[str, int] = field(default_factory=dict)


KINDS = {
    "friends": Kind("synthetic:test", "token_f1", {"num_streams": 40}),
    "assistant": Kind("assistant:test", "token_f1", {"num_streams": 40}),
    "locomo": Kind("locomo:memory_r1/test", "recall@10"),
    "realmem": Kind("realmem:test", "recall@10"),
    "facts": Kind("factconsolidation:test", "official"),
    "beam": Kind("beam:100K/test", "recall@10"),
    "trees": Kind("structmemeval:tree/test", "recall@10"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("runs", nargs="+", help="runs or checkpoints of managers")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--share", type=float, default=0.25, help="of turns and tokens that the store holds")
    arguments = parser.parse_args()
    rows = []
    for name in arguments.kinds:
        kind = KINDS[name]
        choices = memdojo.EvalChoices(capacity_share=arguments.share, metric=kind.metric)
        report = memdojo.evaluate(
            [*arguments.runs, *RULES], kind.streams, choices, stream_options=kind.options
        )
        scores = report.summary.set_index("policy")["score"]
        best = str(scores[list(RULES)].idxmax())
        paired = paired_table(report.evaluation, best).set_index("policy")
        for policy in scores.index:
            if policy in RULES and policy != best:
                continue
            row: dict[str, str | float] = {"kind": name, "policy": policy, "score": 100 * scores[policy]}
            if policy != best:
                row |= {
                    f"{end} - {best}": 100 * float(paired.loc[policy, end])
                    for end in ("difference", "low", "high")
                }
            rows.append(row)
            print(
                "  ".join(
                    f"{key} {each:.1f}" if isinstance(each, float) else each for key, each in row.items()
                )
            )
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
