"""Where stored text leaves the library, each place as a function of the text, for tests of its fences."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from memdojo.agents.designs.roles.model import role_messages
from memdojo.agents.designs.roles.protocol import Role, RoleCall
from memdojo.agents.graders.answerer import answer_messages
from memdojo.agents.graders.judge_formats import judge_messages
from memdojo.agents.graders.judging import operation_messages
from memdojo.agents.graders.nugget_formats import nugget_messages, same_event_messages
from memdojo.envs.answering import AnswerRequest
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.retrieval import RetrievalEpisode
from memdojo.envs.prompts.protocol import (
    AnswerView,
    DecisionOption,
    DecisionView,
    ManagerView,
    Message,
    RankingView,
)
from memdojo.envs.streams.benchmarks.longmemeval import CATEGORIES
from memdojo.envs.types import (
    CORE_KIND,
    Add,
    Capacity,
    Chunk,
    Delete,
    MemoryEntry,
    OperationResult,
    OperationStatus,
    Question,
    Rewrite,
    Stream,
    Turn,
    Update,
)

NOON = datetime(2024, 1, 1, 12)


def entry(id: int, kind: str, text: str) -> MemoryEntry:
    return MemoryEntry(id, kind, text, NOON, 0, 0, ("t",))


def _stream(speaker: str, text: str, session: str) -> Stream:
    said = Turn("t1", speaker, text, NOON), Turn("t2", "Ann", "I live in Oslo.", NOON)
    later = Chunk(1, (Turn("t3", "Bob", "Good.", NOON),), "last", NOON)
    question = Question("q", "Where does Ann live?", ("Oslo",), evidence=frozenset({"t2"}))
    return Stream("s", "g", (Chunk(0, said, session, NOON), later), (question,))


def views(task: str, hostile: str) -> dict[str, Any]:
    """Return views with a hostile text at each place that somebody else can fill."""
    plain = entry(1, "turn", "Ann: I live in Oslo.")
    if task == "manager":
        chunk = Chunk(0, (Turn("t", "Eve", hostile, NOON), Turn("u", "Bob", "ok", NOON)), "1", NOON)
        named = Chunk(0, (Turn("t", hostile, "hi", NOON), Turn("u", "Bob", "ok", NOON)), hostile, NOON)
        quiet = Chunk(0, (Turn("t", "Eve", "hi", NOON), Turn("u", "Bob", "ok", NOON)), "1", NOON)
        known = {"said": chunk, "speaker": named}
        written = {kind: entry(2, kind, hostile) for kind in (CORE_KIND, "semantic", "episodic", "turn")}
        return {
            **{place: ManagerView(each, (plain,), Capacity(), 9) for place, each in known.items()},
            **{kind: ManagerView(quiet, (plain, entry), Capacity(), 9) for kind, entry in written.items()},
        }
    if task == "answer_agent":
        entries = (plain, entry(2, "turn", hostile))
        return {
            "entry": AnswerView("Where?", NOON, entries),
            "question": AnswerView(hostile, NOON, entries[:1]),
        }
    if task == "design":
        options = (DecisionOption(0, "Ann: hi"), DecisionOption(1, hostile))
        return {
            "about": DecisionView("d", "A design.", "who", "Who leaves.", hostile, options[:1]),
            "option": DecisionView("d", "A design.", "who", "Who leaves.", "Bob: no", options),
        }
    ranked: dict[str, Any] = {
        "entry": RankingView("Where?", NOON, (plain, entry(2, "turn", hostile)), 1),
        "question": RankingView(hostile, NOON, (plain,), 1),
    }
    for place, stream in (
        ("turn of a session", _stream("Eve", hostile, "1")),
        ("speaker of a session", _stream(hostile, "hi", "1")),
        ("name of a session", _stream("Eve", "hi", hostile)),
    ):
        episode = RetrievalEpisode(StreamContext(stream), granularity="session", top_k=1)
        ranked[place] = RankingView("Where?", NOON, episode.store.entries, 1)
    return ranked


Ask = Callable[[str], tuple[Message, ...]]


def _mark_question(mark: Callable[..., tuple[Message, ...]], text: str) -> tuple[Message, ...]:
    return mark(text, ["Oslo"], "Rome")


def _mark_reference(mark: Callable[..., tuple[Message, ...]], text: str) -> tuple[Message, ...]:
    return mark("Where?", ["Bergen", text], "Rome")


def _judges() -> dict[str, Ask]:
    asked: dict[str, Ask] = {}
    kinds = [
        ("", ""),
        ("judge", ""),
        ("realmem_judge", ""),
        ("locomo_plus_judge", ""),
        *(("longmemeval_judge", c) for c in CATEGORIES),
    ]
    for metric, category in kinds:
        for unanswerable in (False, True):
            mark = partial(judge_messages, metric=metric, category=category, unanswerable=unanswerable)
            name = f"{metric} {category} {unanswerable}"
            asked[f"{name} answer"] = partial(mark, "Where?", ["Oslo"])
            asked[f"{name} question"] = partial(_mark_question, mark)
            asked[f"{name} reference"] = partial(_mark_reference, mark)
    return asked


def _note(text: str, kind: str = "semantic") -> MemoryEntry:
    return MemoryEntry(1, kind, text, None, 0, 0, ("t",))


def _operation(
    before: MemoryEntry | None, after: MemoryEntry | None, speaker: str = "Eve", said: str = "hi"
) -> tuple[Message, ...]:
    operation = Delete(1) if after is None else Add(after.text) if before is None else Update(1, after.text)
    if after is not None and after.kind == "core":
        operation = Rewrite(after.text)
    result = OperationResult(operation, OperationStatus.APPLIED, before=before, after=after)
    return operation_messages(result, Chunk(0, (Turn("t", speaker, said),)))


JUDGED: dict[str, Ask] = {
    **_judges(),
    "added": lambda text: _operation(None, _note(text)),
    "core": lambda text: _operation(None, _note(text, "core")),
    "deleted": lambda text: _operation(_note(text), None),
    "before": lambda text: _operation(_note(text), _note("Ann lives in Oslo.")),
    "after": lambda text: _operation(_note("Ann lives in Oslo."), _note(text)),
    "said": lambda text: _operation(None, _note("Ann lives in Oslo."), said=text),
    "speaker": lambda text: _operation(None, _note("Ann lives in Oslo."), speaker=text),
    "nugget": lambda text: nugget_messages("Where?", text, "Rome"),
    "nugget's question": lambda text: nugget_messages(text, "states: Oslo", "Rome"),
    "nugget's answer": lambda text: nugget_messages("", "states: Oslo", text),
    "event": lambda text: same_event_messages(text, "Oslo"),
    "nugget of an event": lambda text: same_event_messages("Oslo", text),
}
"""What judges are asked, by the place in which a text stands."""

ANSWERED: dict[str, Ask] = {
    "note": lambda text: answer_messages(AnswerRequest("Where?", ("Ann: hi", text), datetime(2024, 1, 1))),
    "asked": lambda text: answer_messages(AnswerRequest(text, ("Ann: hi",), None)),
    "note of a task": lambda text: answer_messages(AnswerRequest("Do it.", ("Ann: hi", text), options=())),
    "task": lambda text: answer_messages(AnswerRequest(text, ("Ann: hi",), options=("a", "b"))),
    "option of a task": lambda text: answer_messages(AnswerRequest("Do it.", (), options=("a", text))),
}
"""What answerers are asked."""


def _role(role: Role, place: str, text: str) -> tuple[Message, ...]:
    texts = ("Ann: hi", "Bob: no") if place == "question" else ("Ann: hi", text)
    return role_messages(RoleCall(role, texts, text if place == "question" else "Why?", 3))


WORKED: dict[str, Ask] = {
    f"{role} {place}": partial(_role, role, place) for role in Role for place in ("text", "question")
}
"""What those are asked who do the roles' work in memory designs."""
