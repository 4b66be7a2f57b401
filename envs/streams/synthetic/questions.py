"""Questions about a planned stream, with reference answers and exact evidence."""

from __future__ import annotations

from collections.abc import Iterator

from ...types import Question
from .draws import Draws
from .facts import Fact
from .phrasings.attributes import Scope
from .phrasings.framing import COUNT_QUESTIONS, PERSON_FORMS, SIBLINGS
from .plan import Event, EventKind, Plan
from .settings import SyntheticSettings
from .values import count_answers

CATEGORIES = ("single", "latest", "count", "date", "multi_hop", "retracted")
"""The categories of synthetic questions."""

COUNT_SHARE = 0.12
RETRACTED_SHARE = 0.15
LATEST_SHARE = 0.25
"""Shares of the questions that are not multi-hop, as far as the stream has such facts."""

Histories = tuple[tuple[Event, ...], ...]
"""The events of each fact that a question needs: one, a parent and its child, or all that are counted."""


class QuestionWriter:
    """Writes the questions of one stream."""

    def __init__(
        self,
        settings: SyntheticSettings,
        plan: Plan,
        draws: Draws,
        turn_ids: tuple[str, ...],
        chunk_ends: tuple[int, ...],
    ) -> None:
        """Write for a plan.

        Args:
            turn_ids: The id of each turn.
            chunk_ends: For each chunk, the index of its last turn.
        """
        self._settings = settings
        self._plan = plan
        self._draws = draws
        self._turn_ids = turn_ids
        self._chunk_ends = chunk_ends
        self._by_fact = {history[0].fact: history for history in plan.histories}
        self._candidates = self._find_candidates()
        self._uses: dict[Fact, int] = {}
        self._asked: set[tuple[str, int | None]] = set()

    def write(self) -> tuple[Question, ...]:
        """As many questions as the settings ask for, by asking point."""
        wishes = self._wishes()
        num_mid = round(self._settings.mid_stream_share * len(wishes))
        mids = self._draws.shuffled([place < num_mid for place in range(len(wishes))])
        questions = [self._ask(wish, mid) for wish, mid in zip(wishes, mids, strict=True)]
        questions.sort(key=lambda q: len(self._chunk_ends) if q.ask_after is None else q.ask_after)
        return tuple(
            Question(
                f"q{number + 1}",
                q.text,
                q.answers,
                q.category,
                q.evidence,
                q.ask_after,
                q.unanswerable,
                q.time,
            )
            for number, q in enumerate(questions)
        )

    def _find_candidates(self) -> dict[str, list[Histories]]:
        """What each kind of question could be about; `fact` stands for `single` and `date`."""
        found: dict[str, list[Histories]] = {"multi_hop": [], "retracted": [], "latest": [], "fact": []}
        counted: dict[tuple[str, int], list[tuple[Event, ...]]] = {}
        for history in self._plan.histories:
            fact = history[0].fact
            for kind in _counted_as(fact):
                counted.setdefault((kind, fact.owner), []).append(history)
            if fact.attribute.listed and not fact.key:
                continue
            found["fact"].append((history,))
            if any(event.previous is not None and event.value is not None for event in history):
                found["latest"].append((history,))
            if history[-1].kind is EventKind.RETRACTION:
                found["retracted"].append((history,))
            if fact.parent is not None:
                found["multi_hop"].append((self._by_fact[fact.parent], history))
        found["count"] = [tuple(members) for members in counted.values() if len(members) > 1]
        found["any_count"] = [tuple(members) for members in counted.values()]
        return {kind: self._draws.shuffled(candidates) for kind, candidates in found.items()}

    def _wishes(self) -> list[str]:
        total = self._settings.num_questions
        wishes = ["multi_hop"] * round(self._settings.multi_hop_share * total)
        rest = total - len(wishes)
        for kind, share in (("retracted", RETRACTED_SHARE), ("latest", LATEST_SHARE), ("count", COUNT_SHARE)):
            number = min(len(self._candidates[kind]), max(1, round(share * rest)), total - len(wishes))
            wishes += [kind] * number
        return wishes + ["fact"] * (total - len(wishes))

    def _ask(self, wish: str, mid: bool) -> Question:
        """A question of the wished kind at the wished point, or the nearest to it that the stream allows."""
        kinds = [wish, *(kind for kind in ("fact", "latest", "multi_hop", "any_count") if kind != wish)]
        points = (mid, not mid)
        for again in (False, True):
            for kind in kinds:
                for is_mid in points:
                    for question in self._drafts(kind, is_mid):
                        if again or (question.text, question.ask_after) not in self._asked:
                            self._asked.add((question.text, question.ask_after))
                            return question
        raise AssertionError("a stream with a fact has a question")

    def _drafts(self, kind: str, mid: bool) -> Iterator[Question]:
        """Possible questions of a kind, those about facts that were asked least first."""
        for histories in sorted(self._candidates[kind], key=self._uses_of):
            for _ in range(3):
                chunk = self._point(kind, histories) if mid else None
                if mid and chunk is None:
                    break
                question = self._compose(kind, histories, chunk)
                if question is not None:
                    fact = histories[-1][0].fact
                    self._uses[fact] = self._uses.get(fact, 0) + 1
                    yield question

    def _uses_of(self, histories: Histories) -> int:
        return self._uses.get(histories[-1][0].fact, 0)

    def _point(self, kind: str, histories: Histories) -> int | None:
        """A chunk, not the last, after which the question can be asked; None if the facts come too late."""
        if kind in ("count", "any_count"):
            starts = sorted(history[0].turn for history in histories)
            start = starts[min(1, len(starts) - 1)]
        else:
            history = histories[-1]
            events = {
                "retracted": [event for event in history if event.value is None],
                "latest": [
                    event for event in history if event.previous is not None and event.value is not None
                ],
            }.get(kind, list(history[:1]))
            start = self._draws.one(events).turn
        first = next(chunk for chunk, end in enumerate(self._chunk_ends) if end >= start)
        room = len(self._chunk_ends) - 1 - first
        if room <= 0:
            return None
        return first + min(int(self._draws.fraction(self._settings.fact_age) * room), room - 1)

    def _compose(self, kind: str, histories: Histories, chunk: int | None) -> Question | None:
        """The question with what is right at the asking point; None if it is of another kind by then."""
        last_turn = self._chunk_ends[-1 if chunk is None else chunk]
        states = [_state(history, last_turn) for history in histories]
        if kind in ("count", "any_count"):
            known = [state for state in states if state is not None and state.value is not None]
            if not known:
                return None
            return self._question(
                "count", self._count_text(histories), count_answers(len(known)), known, chunk
            )
        state = states[-1]
        if state is None:
            return None
        if kind == "multi_hop":
            if state.value is None or states[0] is None:
                return None
            chain = [states[0], state]
            return self._question(
                "multi_hop", self._text(state, chained=True), state.value.answers, chain, chunk
            )
        category = _category(state)
        if (kind == "fact") != (category in ("single", "date")) or (kind != "fact" and kind != category):
            return None
        answers = state.value.answers if state.value is not None else ()
        return self._question(category, self._text(state, chained=False), answers, [state], chunk)

    def _question(
        self, category: str, text: str, answers: tuple[str, ...], evidence: list[Event], chunk: int | None
    ) -> Question:
        turn = self._chunk_ends[-1 if chunk is None else chunk]
        return Question(
            id="",
            text=text[0].upper() + text[1:],
            answers=answers,
            category=category,
            evidence=frozenset(self._turn_ids[event.turn] for event in evidence),
            ask_after=chunk,
            unanswerable=not answers,
            time=self._plan.times[turn // self._settings.turns_per_session],
        )

    def _text(self, state: Event, *, chained: bool) -> str:
        fact = state.fact
        attribute = fact.attribute
        owner = self._plan.called[fact.owner]
        key = fact.key
        pool = attribute.questions
        if attribute.parent and fact.parent is not None:
            if chained:
                pool = attribute.chain_questions
            else:
                parent = self._by_fact[fact.parent][0].value
                key = parent.said if parent is not None else ""
        template = self._draws.phrase(pool)
        who = owner
        if attribute.scope is Scope.CIRCLE and attribute.name != "introduction":
            who = (
                fact.name if fact.name and not chained else self._circle_name(template, owner, fact.relation)
            )
        return template.format(who=who, k=key)

    def _circle_name(self, template: str, owner: str, relation: str) -> str:
        # "the aunt of Ana's birthday" would be a party of the wrong person.
        form = PERSON_FORMS[0] if "{who}'s" in template else self._draws.one(PERSON_FORMS)
        return form.format(owner=owner, k=relation)

    def _count_text(self, histories: Histories) -> str:
        fact = histories[0][0].fact
        kind = _counted_as(fact)[0]
        pool = COUNT_QUESTIONS.get(kind, fact.attribute.questions)
        return self._draws.phrase(pool).format(who=self._plan.called[fact.owner])


def _counted_as(fact: Fact) -> tuple[str, ...]:
    """Under which count the fact falls: one name, or none."""
    if fact.attribute.listed:
        return (fact.attribute.name,)
    if fact.attribute.name == "introduction" and fact.relation in SIBLINGS:
        return ("sibling",)
    return ()


def _state(history: tuple[Event, ...], last_turn: int) -> Event | None:
    """The last event of the fact up to a turn."""
    said = [event for event in history if event.turn <= last_turn]
    return said[-1] if said else None


def _category(state: Event) -> str:
    if state.value is None:
        return "retracted"
    if state.previous is not None:
        return "latest"
    return "date" if state.fact.attribute.pool == "date" else "single"
