"""A language model that makes decisions of a memory design."""

from __future__ import annotations

from collections.abc import Sequence

from memdojo.envs.memory.embedders import Embedder
from memdojo.envs.prompts.protocol import DecisionFormat

from ..designs.parts.decisions import Decision
from ..designs.parts.protocol import MemoryDesign
from ..designs.running.driver import RuleDecider
from ..designs.running.policy import DEFAULT_EMBEDDER, DesignManager
from ..designs.running.text import decision_view
from ..engines.engine import Sampler
from .policies import GreedyPolicy, PromptEncoder


class LanguageDecider(GreedyPolicy):
    """Makes the decisions of some kinds by a model, and all others by the design's rule; a `Decider`.

    The rule also takes the place of a reply that is no option.

    Args:
        engine: Samples.
        encoder: With a format of decisions.
        design: Whose decisions they are.
        learned: Names of those that the model makes.
        max_response_tokens: Most tokens of a reply.
        name: Names it in tables.
    """

    def __init__(
        self,
        engine: Sampler,
        encoder: PromptEncoder,
        design: MemoryDesign,
        learned: frozenset[str],
        *,
        max_response_tokens: int,
        name: str = "language",
    ) -> None:
        super().__init__(engine, encoder, max_response_tokens, name)
        self._design = design
        self._learned = learned
        self._format: DecisionFormat = encoder.format
        self._rule = RuleDecider()

    def choose(self, decisions: Sequence[Decision]) -> list[int]:
        """Return the model's option of each decision, or the rule's, in the order of `decisions`.

        Raises:
            PromptTooLongError: If a prompt is too long without any option but the rule's.
        """
        options = self._rule.choose(decisions)
        places = [place for place, each in enumerate(decisions) if each.kind.name in self._learned]
        views = [decision_view(self._design, decisions[place]) for place in places]
        for place, completion in zip(places, self.complete(views) if views else (), strict=True):
            chosen = completion.decision(self._format)
            options[place] = options[place] if chosen is None else chosen
        return options


class LanguageDesign(DesignManager):
    """A memory design some of whose decisions a language model makes.

    Args:
        design: The design.
        learned: With the model.
        embedder: As for `DesignManager`, like `name`.
        name: Names it in tables.
    """

    def __init__(
        self,
        design: MemoryDesign,
        learned: LanguageDecider,
        *,
        embedder: Embedder | str = DEFAULT_EMBEDDER,
        name: str = "language",
    ) -> None:
        super().__init__(design, decider=learned, embedder=embedder, name=name)
        self._learned = learned

    def release(self) -> None:
        """Give the model's memory back until the policy acts again, if the engine is one that can."""
        self._learned.release()
