"""Answers that a rule can check because they have a structure: who pays whom, and yes or no.

They grade the parts of StructMemEval (arXiv:2602.11243) that need no judge: its ledgers and its trees.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .metrics import METRICS, best_reference, exact_match_in, normalise

CENTS = 0.05
"""By how much a person's balance may miss that of the reference: its amounts are rounded, and so are sums."""

_MONEY = (
    r"(?:€|\$|£|eur\b|euros?\b|usd\b)?\s*(?P<amount{n}>\d[\d,]*(?:\.\d+)?)\s*(?:€|\$|£|eur\b|euros?\b|usd\b)?"
)
_MODAL = r"(?:(?:should|must|will|would|has to|needs to|still)\s+)?"
_TRANSFERS = re.compile(
    # Ann pays 5 to Ben
    rf"(?P<payer1>[^\W\d_]\w*)\s+{_MODAL}(?:pays?|owes?|gives?|sends?|transfers?)\s+{_MONEY.format(n=1)}"
    r"\s+to\s+(?P<payee1>[^\W\d_]\w*)"
    # Ann owes Ben 5
    rf"|(?P<payer2>[^\W\d_]\w*)\s+{_MODAL}(?:pays?|owes?|gives?|sends?)\s+(?P<payee2>[^\W\d_]\w*)\s*:?\s*"
    rf"{_MONEY.format(n=2)}"
    # Ann -> Ben: 5
    rf"|(?P<payer3>[^\W\d_]\w*)\s*(?:->|→|⟶|=>)\s*(?P<payee3>[^\W\d_]\w*)\s*[:=]?\s*{_MONEY.format(n=3)}",
    re.IGNORECASE,
)
_FORMATTING = re.compile(r"[\[\]*_`]")
_YES_NO = re.compile(r"\b(yes|no)\b", re.IGNORECASE)


def settlement(prediction: str, references: Sequence[str]) -> float:
    """Return 1 if the payments of the answer leave everybody with the balance of the reference, else 0.

    Payments are read from "Ann pays 5.20 to Ben", "Ann owes Ben 5.20" and "Ann -> Ben: 5.20". Who pays whom
    makes no difference as long as everybody pays and gets the same in all, to within `CENTS`. A reference
    without a payment is compared as `exact_match` does it.
    """
    return best_reference(_settlement, prediction, references)


def yes_no_match(prediction: str, references: Sequence[str]) -> float:
    """Return 1 if the first yes or no of the answer is that of the reference, else 0.

    A reference without either is compared as `exact_match` does it.
    """
    return best_reference(_yes_no_match, prediction, references)


def balances(text: str) -> dict[str, float]:
    """Return what everybody gets in all by the payments in a text, by the name in lower case."""
    found: dict[str, float] = {}
    for match in _TRANSFERS.finditer(_FORMATTING.sub("", text)):
        form = next(n for n in "123" if match[f"payer{n}"])
        amount = float(match[f"amount{form}"].replace(",", ""))
        payer, payee = match[f"payer{form}"].lower(), match[f"payee{form}"].lower()
        found[payer] = found.get(payer, 0.0) - amount
        found[payee] = found.get(payee, 0.0) + amount
    return found


def _settlement(prediction: str, reference: str) -> float:
    said, wanted = balances(prediction), balances(reference)
    if not wanted:
        return exact_match_in(normalise, prediction, reference)
    return float(
        all(abs(said.get(name, 0.0) - wanted.get(name, 0.0)) <= CENTS for name in said.keys() | wanted.keys())
    )


def _yes_no_match(prediction: str, reference: str) -> float:
    said, wanted = _YES_NO.search(prediction), _YES_NO.search(reference)
    if wanted is None:
        return exact_match_in(normalise, prediction, reference)
    return float(said is not None and said[0].lower() == wanted[0].lower())


for _function in (settlement, yes_no_match):
    METRICS.add(_function.__name__, _function)
