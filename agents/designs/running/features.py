"""`DecisionFeatures`: decisions of a design as arrays of one shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from memdojo.envs.streams.turn_features import FEATURE_BOUND
from memdojo.errors import ConfigError, DesignError, unknown_name

from ..parts.decisions import Decision, DecisionKind
from ..parts.protocol import MemoryDesign

Arrays = Mapping[str, npt.NDArray[np.generic]]


def learned_kinds(design: MemoryDesign, names: Sequence[str] = ()) -> tuple[DecisionKind, ...]:
    """Return the decisions of a design that are to be learned, in the design's order.

    Args:
        design: The design.
        names: Of the decisions; none means all.

    Raises:
        UnknownNameError: If the design has no decision of a name; the message has those that it has.
        ConfigError: If the design has no decision at all.
    """
    known = {kind.name: kind for kind in design.decisions}
    if not known:
        raise ConfigError(f"the memory design {design.name!r} has no decision that could be learned.")
    for name in names:
        if name not in known:
            raise unknown_name(f"decision of {design.name!r}", name, known)
    return tuple(kind for name, kind in known.items() if not names or name in names)


class DecisionFeatures:
    """Shows the decisions of some kinds as arrays that have the same shapes for all of them.

    What a kind has fewer of than another, options or features, is filled up with zeros.

    Attributes:
        kinds: The kinds, in the order in which `kind` counts them.
        num_options: Most options of a kind.
        option_dim: Most features of an option.
        state_dim: Most features of a situation.
    """

    def __init__(self, kinds: Sequence[DecisionKind]) -> None:
        self.kinds = tuple(kinds)
        self.num_options = max(kind.max_options for kind in self.kinds)
        self.option_dim = max(len(kind.option_features) for kind in self.kinds)
        self.state_dim = max(len(kind.state_features) for kind in self.kinds)
        self._place = {kind.name: place for place, kind in enumerate(self.kinds)}

    @property
    def names(self) -> tuple[str, ...]:
        """All that the arrays mean, in order: `decision.option.feature` and `decision.state.feature`."""
        return tuple(
            f"{kind.name}.{of}.{feature}"
            for kind in self.kinds
            for of, features in (("option", kind.option_features), ("state", kind.state_features))
            for feature in features
        )

    def place(self, decision: Decision) -> int:
        """Return which of the kinds a decision is of.

        Raises:
            DesignError: If it is of none of them.
        """
        place = self._place.get(decision.kind.name)
        if place is None:
            raise DesignError(
                f"the decision {decision.kind.name!r} is none of {', '.join(self._place)}; a design names "
                "all of its decisions in `decisions`."
            )
        return place

    def observe(self, decision: Decision) -> dict[str, npt.NDArray[np.generic]]:
        """Return a decision as arrays.

        Returns:
            `kind` (L,), 1 at the place of its kind; `options` (N, F) and `state` (S,), features within
            [-10, 10]; `by_rule` (N,), 1 at the option that the rule takes; `action_mask` (N,), 1 where there
            is an option. L kinds, N options.

        Raises:
            DesignError: If it is of another kind.
        """
        arrays = self.empty()
        arrays["kind"][self.place(decision)] = 1
        options, state = decision.option_features, decision.state_features
        arrays["options"][: len(options), : options.shape[1]] = options.clip(-FEATURE_BOUND, FEATURE_BOUND)
        arrays["state"][: len(state)] = state.clip(-FEATURE_BOUND, FEATURE_BOUND)
        arrays["by_rule"][decision.by_rule] = 1
        arrays["action_mask"][: len(options)] = 1
        return arrays

    def empty(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return the arrays of no decision: all features are 0 and action 0 alone is allowed."""
        arrays: dict[str, npt.NDArray[np.generic]] = {
            "kind": np.zeros(len(self.kinds), np.float32),
            "options": np.zeros((self.num_options, self.option_dim), np.float32),
            "state": np.zeros(self.state_dim, np.float32),
            "by_rule": np.zeros(self.num_options, np.float32),
            "action_mask": np.zeros(self.num_options, np.int8),
        }
        arrays["action_mask"][0] = 1
        return arrays
