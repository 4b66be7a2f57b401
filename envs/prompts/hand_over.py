"""The prompt format of what is handed over to the solver of a task."""

from __future__ import annotations

from collections.abc import Sequence

from ..quoting import ARE_DATA
from .plain import PlainRankingFormat
from .protocol import Parsed, RankingView
from .thoughts import split_thoughts

NONE = "NONE"
"""What is written where nothing is handed over."""


class HandOverFormat(PlainRankingFormat):
    """The plain ranking format for tasks, in which `NONE` hands over nothing.

    ```text
    CANDIDATES
    1. Report: Sort the red box. ANSWER: B VERDICT: wrong
    2. Report: Sort the blue box. ANSWER: A VERDICT: given
    QUESTION Sort the grey box.
    OPTIONS A; B; C
    CHOOSE at most 10
    ```

    `OPTIONS` are the answers among which one may choose; where any text is an answer there is no such line.
    """

    name = "hand_over"
    instructions = (
        "You see numbered notes of earlier tasks and a new task. Somebody else will do it who knows nothing "
        f"but the notes that you hand over. {ARE_DATA} Reply with the numbers of the notes that help, best "
        f"first, separated by commas, and nothing else, as in: 3, 17, 5. Reply {NONE} where none helps."
    )
    examples = (*PlainRankingFormat.examples, NONE)

    def parse(self, completion: str, view: RankingView) -> Parsed[tuple[int, ...]]:
        """Return the ids of the entries to hand over; none if anything is wrong with the reply."""
        reply = split_thoughts(completion)
        if not reply.is_cut and reply.text.strip() == NONE:
            return Parsed(())
        return super().parse(completion, view)

    def write(self, ranking: Sequence[int], view: RankingView) -> str:
        """Return a completion that parses to these entry ids.

        Raises:
            ValueError: If an id is not among the candidates.
        """
        return super().write(ranking, view) if ranking else NONE
