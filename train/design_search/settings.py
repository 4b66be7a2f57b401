"""`SearchSettings`: what a search over memory designs is told."""

from __future__ import annotations

from typing import Any

from memdojo.agents.designs.registry import DESIGNS
from memdojo.envs.answering import CachedAnswerer, ExtractiveAnswerer
from memdojo.errors import ConfigError, unknown_name
from memdojo.eval.playing.settings import EvalSettings
from memdojo.settings import Table

from ..config.tuning import Range


class SearchSettings(Table):
    """What a search is told, but for how long it is and what it is tested on.

    Attributes:
        streams: Spec of the validation streams, by which designs are chosen.
        stream_options: Options of their source.
        designs: Names of the designs.
        ranges: Ranges beside those of `RANGES`, which they replace: of `DESIGN.PARAMETER`,
            `max_read_entries` or `max_read_tokens`.
        metric: The score, one of answers or of what the store has kept.
        max_entries: Entries of a store at most.
        capacity_share: The same as a share of each stream's turns.
        top_k: Entries from which a question is answered at most.
        seed: Of the proposals and the episodes.
    """

    streams: str
    stream_options: dict[str, Any] = {}  # noqa: RUF012 (pydantic copies it)
    designs: tuple[str, ...]
    ranges: dict[str, Range] = {}  # noqa: RUF012 (pydantic copies it)
    metric: str = "token_f1"
    max_entries: int | None = None
    capacity_share: float | None = None
    top_k: int = 10
    seed: int = 0

    def check(self) -> None:
        """Refuse what no search can be made of.

        Raises:
            ConfigError: If there is no such design or metric, or a value is out of range.
        """
        if not self.designs:
            raise ConfigError("no memory design is named; `memdojo designs` lists them.")
        for name in self.designs:
            if name not in DESIGNS:
                raise unknown_name("memory design", name, DESIGNS)
        if "@" in self.metric:
            raise ConfigError(
                f"the metric is {self.metric}, which looks at a fixed number of entries, and a search varies "
                "it; take one of answers, such as token_f1, or kept_evidence."
            )
        self.evaluation()

    def evaluation(self) -> EvalSettings:
        """Return how designs are evaluated.

        Raises:
            ConfigError: If there is no such metric, or a value is out of range.
        """
        return EvalSettings(
            max_entries=self.max_entries,
            capacity_share=self.capacity_share,
            top_k=self.top_k,
            answerer=CachedAnswerer(ExtractiveAnswerer()),
            score=self.metric,
        )
