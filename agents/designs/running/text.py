"""`DecisionTask`: the decisions of a memory design as prompts, and what comes of the replies."""

from __future__ import annotations

from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.prompts.protocol import DecisionFormat, DecisionOption, DecisionView, parse_reply
from memdojo.envs.prompts.tasks import Begun

from ..parts.decisions import Decision
from ..parts.protocol import MemoryDesign
from .episode import DesignEpisode
from .policy import DesignManager


class DecisionTask:
    """One option for each decision of a memory design; a `TextTask`.

    Attributes:
        format: How the policy is spoken to, and how it replies.
        manager: The design, its roles and its embedder.

    Args:
        format: As above.
        manager: As above. Its decider makes the choices that the policy does not.
        learned: Names of the decisions that the policy makes; None for all.
    """

    def __init__(
        self, format: DecisionFormat, manager: DesignManager, learned: frozenset[str] | None = None
    ) -> None:
        self.format = format
        self.manager = manager
        self._learned = learned

    def start(self, episode: ManagerEpisode) -> DesignEpisode:
        """Return the design's episode over one that is at its start."""
        return DesignEpisode(episode, self.manager, self._learned)

    def view(self, episode: DesignEpisode) -> DecisionView:
        """Return the decision that waits."""
        return decision_view(self.manager.design, episode.decision)

    def choose(
        self, episode: DesignEpisode, view: DecisionView, completion: str, *, is_cut: bool = False
    ) -> tuple[str, ...]:
        """Choose what the completion says; the rule's option if it names none.

        Args:
            episode: Waits for a decision.
            view: What the model was shown.
            completion: What it wrote.
            is_cut: Whether it reached its limit of tokens; see `parse_reply`.

        Returns:
            What was wrong with the completion, in sentences.
        """
        parsed = parse_reply(self.format, completion, view, is_cut=is_cut)
        errors = tuple(map(str, parsed.errors))
        if parsed.decision is None:
            episode.choose_by_rule(" ".join(errors))
        else:
            episode.choose(parsed.decision)
        return errors

    def begin(
        self, episode: DesignEpisode, view: DecisionView, completion: str, *, is_cut: bool = False
    ) -> Begun:
        """Choose what the completion says; questions want answers if that was the last choice before them."""
        self.choose(episode, view, completion, is_cut=is_cut)
        return Begun(episode.requests or ())


def decision_view(design: MemoryDesign, decision: Decision | None) -> DecisionView:
    """Return a decision of a design as a policy sees it that speaks text; None where there is none left."""
    if decision is None:
        return DecisionView(design.name, design.description)
    words = decision.options or ("",) * decision.num_options
    return DecisionView(
        design.name,
        design.description,
        decision.kind.name,
        decision.kind.description,
        decision.about,
        tuple(map(DecisionOption._make, enumerate(words))),
        decision.by_rule,
    )
