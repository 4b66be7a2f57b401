import pytest

from memdojo.rewards import NO_INFORMATION, settlement, yes_no_match
from memdojo.rewards.structure import balances

REFERENCE = "Ben pays 12.50 to Ann, Cem pays 7.00 to Ann"


@pytest.mark.parametrize(
    "answer",
    [
        "Ben pays 12.50 to Ann, Cem pays 7.00 to Ann",
        "Ann is paid last.\n- **Cem** should pay €7 to Ann\n- Ben owes Ann: 12.5 EUR",
        "[Ben] pays [€12.50] to [Ann]; [Cem] pays [€7.00] to [Ann]",
        "Cem -> Ann: 7, ben → ann : 12.50 EUR",
        # The same balances by another way round.
        "Ben pays 19.5 to Cem and Cem pays 26.50 to Ann, Ann pays 7 to Ben",
        # Within the cents of a sum.
        "Ben pays 12.49 to Ann, Cem pays 7.01 to Ann",
    ],
)
def test_payments_that_leave_the_same_balances_settle(answer: str) -> None:
    assert settlement(answer, [REFERENCE]) == 1


@pytest.mark.parametrize(
    "answer",
    [
        "Ann pays 12.50 to Ben, Ann pays 7.00 to Cem",
        "Ben pays 12.50 to Ann",
        "Ben pays 12.60 to Ann, Cem pays 7.00 to Ann",
        "Ben pays 12.50 to Ann, Cem pays 7.00 to Ann, Dan pays 1 to Ann",
        "12.50 and 7",
        NO_INFORMATION,
        "",
    ],
)
def test_other_payments_do_not(answer: str) -> None:
    assert settlement(answer, [REFERENCE]) == 0


def test_balances_are_sums_by_person() -> None:
    assert balances("Ann owes Ben 1,200.50. Cem pays $3 to Ann") == {
        "ann": -1197.5,
        "ben": 1200.5,
        "cem": -3.0,
    }


def test_the_first_yes_or_no_counts() -> None:
    reference = ["Yes, they are."]
    assert yes_no_match("Well, yes: no doubt", reference) == 1
    assert yes_no_match("No. Yes is wrong", reference) == 0
    assert yes_no_match("I know nobody", reference) == 0
    assert yes_no_match("no", ["They are not"]) == 0


def test_without_a_reference_no_information_is_wanted() -> None:
    assert settlement(NO_INFORMATION, []) == yes_no_match(NO_INFORMATION, []) == 1
