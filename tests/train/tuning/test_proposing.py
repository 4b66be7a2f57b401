from collections.abc import Mapping
from pathlib import Path
from typing import Any

from memdojo.train.config.tuning import Range, Span
from memdojo.train.tuning.proposing import Proposer
from memdojo.train.tuning.space import Space

RANGES = ["algorithm.epochs=1..3", "algorithm.normalise=true,false"]


def _score(values: dict[str, object]) -> float:
    return float(str(values["algorithm.learning_rate"]))


def _search(proposer: Proposer, numbers: range) -> list[dict[str, object]]:
    found = []
    for number in numbers:
        values = proposer.propose(number)
        proposer.end(number, None if number == 3 else (_score(values),))
        found.append(values)
    return found


def test_what_is_proposed_lies_in_the_ranges(tuned_config: Path) -> None:
    space = Space.load(tuned_config, (), RANGES)
    for values in _search(Proposer(space), range(1, 15)):
        assert 1e-4 <= _score(values) <= 1e-2
        assert values["policy.hidden_dim"] in (8, 16)
        assert values["algorithm.epochs"] in (1, 2, 3)
        assert type(values["algorithm.normalise"]) is bool


def test_a_search_that_was_taken_up_again_proposes_what_it_would_have(space: Space) -> None:
    whole = _search(Proposer(space), range(1, 15))
    resumed = Proposer(space)
    for number, values in enumerate(whole[:12], start=1):
        resumed.begin(number, values)
        resumed.end(number, None if number == 3 else (_score(values),))
    assert _search(resumed, range(13, 15)) == whole[12:]


def test_another_seed_proposes_something_else(tuned_config: Path, space: Space) -> None:
    other = Space.load(tuned_config, ["seed=1"])
    assert Proposer(space).propose(1) != Proposer(other).propose(1)


def test_values_outside_of_the_ranges_are_no_guide(space: Space) -> None:
    proposer, plain = Proposer(space), Proposer(space)
    proposer.begin(1, {"algorithm.learning_rate": 0.5, "policy.hidden_dim": 8})
    proposer.end(1, (1.0,))
    proposer.begin(2, {"algorithm.learning_rate": 1e-3, "policy.hidden_dim": None})
    proposer.end(2, (1.0,))
    assert proposer.propose(3) == plain.propose(3)


class Pairs:
    """Two keys whose values differ, the second of which has a third where the first is 1; two objectives."""

    seed = 0
    directions = ("maximize", "minimize")
    num_random = 5

    def ranges_for(self, values: Mapping[str, Any]) -> Mapping[str, Range]:
        further = {"only": Span(low=1, high=9)} if values.get("one") == 1 else {}
        return {"one": (1, 2), "other": (None, 1, 2), **further}

    def is_whole(self, key: str) -> bool:
        return True

    def accepts(self, values: Mapping[str, Any]) -> bool:
        return bool(values["one"] != values["other"])


def test_keys_may_depend_on_others_and_values_go_together() -> None:
    proposer, resumed = Proposer(Pairs()), Proposer(Pairs())
    found = []
    for number in range(1, 20):
        values = proposer.propose(number)
        proposer.end(number, (values.get("only", 0.0), float(values["other"] or 0)))
        found.append(values)
    assert all(values["one"] != values["other"] for values in found)
    assert all(("only" in values) == (values["one"] == 1) for values in found)
    assert {values["other"] for values in found} == {None, 1, 2}
    assert {type(values["only"]) for values in found if "only" in values} == {int}
    for number, values in enumerate(found[:15], start=1):
        resumed.begin(number, values)
        resumed.end(number, (values.get("only", 0.0), float(values["other"] or 0)))
    assert resumed.propose(16) == found[15]
