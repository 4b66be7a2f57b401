"""The rules of the JSON Lines format, shared by its reader, checker and writer.

`schema` says which fields there are and of which type; here is also what they must be to one another. The
rules look at the parsed JSON itself, not at records, because a checker that stopped at the first mistyped
field could not report the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ValidationError

from memdojo.errors import cut_short, near_names
from memdojo.rewards.grading import LOCOMO, LOCOMO_STRICT, NUGGET_METRICS, question_metric_names
from memdojo.rewards.locomo import LOCOMO_CATEGORIES

from ...memory.operations import plan_fields, planned_kinds
from ...types import Stream
from ..json_text import field_path
from ..problems import Problem
from .schema import StreamRow, stream_to_dict

_KIND_NAMES = {
    "string_type": "a text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
}
_JSON_NAMES = {str: "a text", int: "a number", float: "a number", bool: "true or false", list: "a list"}


def find_problems(record: object, line: int | None = None) -> list[Problem]:
    """Return everything that is wrong with the parsed JSON of one line."""
    problems = list(type_problems(StreamRow, record, line))
    if isinstance(record, Mapping):
        rules = (_turn_findings, _question_findings, _oracle_findings, _poison_findings, _time_zone_findings)
        problems += [Problem(line, *finding) for rule in rules for finding in rule(record)]
    return problems


def check_stream(stream: Stream) -> list[Problem]:
    """Return everything that is wrong with a stream; for sources that make streams without a file.

    The rules are those of the JSON Lines format: a stream without problems can be written and read back.
    """
    return find_problems(stream_to_dict(stream))


# A finding is a problem without its line: where, what, remedy.
_Finding = tuple[str, str, str]


def type_problems(row: type[BaseModel], record: object, line: int | None) -> Iterator[Problem]:
    """Yield what is wrong with the parsed JSON of one line by the schema of what stands on it."""
    try:
        row.model_validate(record)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            yield Problem(
                line, field_path(detail["loc"]), *_describe(detail["type"], detail["input"], detail)
            )


def _describe(kind: str, value: object, detail: Mapping[str, Any]) -> tuple[str, str]:
    """Return what is wrong and the remedy for one error of pydantic."""
    shown = cut_short(repr(value))
    name = str(detail["loc"][-1]) if detail["loc"] else "the line"
    if kind == "missing":
        return "the field is missing", f"add {name!r}"
    if kind == "extra_forbidden":
        return "the field is unknown", "remove it or correct its name (docs/data.md lists the fields)"
    if kind == "too_short":
        return "the list is empty", f"give at least one of {name!r}"
    if kind == "unplanned":
        *kinds, last = planned_kinds()
        return f"{shown} is not an operation", f"write {', '.join(kinds)} or {last}"
    if kind in _KIND_NAMES:
        found = "null" if value is None else _JSON_NAMES.get(type(value), "an object")
        return f"{shown} is {found}, not {_KIND_NAMES[kind]}", f"write {_KIND_NAMES[kind]}"
    if kind == "value_error" and "blank" in detail["msg"]:
        return "the text is blank", "fill it in, or leave out what it belongs to"
    if kind == "value_error" and "surrogate" in detail["msg"]:
        return "the text holds half of a surrogate pair", "write the text as valid UTF-8"
    if kind == "value_error" and name == "time":
        return f"{shown} is not a time", "write it in ISO 8601, such as 2023-05-08T13:56:00"
    return f"{shown}: {detail['msg']}", "correct the value"


def _items(value: object) -> list[tuple[int, Mapping[str, Any]]]:
    """Return the objects of a JSON list with their positions; what is no object has its type problem."""
    if not isinstance(value, list):
        return []
    return [(place, item) for place, item in enumerate(value) if isinstance(item, Mapping)]


def _turns(record: Mapping[str, Any]) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
    """Yield chunk position, place such as `chunks[0].turns[3]`, and object of every turn."""
    for position, chunk in _items(record.get("chunks")):
        for place, turn in _items(chunk.get("turns")):
            yield position, f"chunks[{position}].turns[{place}]", turn


def _chunk_of_turn(record: Mapping[str, Any]) -> tuple[dict[str, int], bool]:
    """Return the chunk position of each turn id, and whether every turn has an id that can be read."""
    turns = list(_turns(record))
    chunk_of_turn: dict[str, int] = {}
    for position, _, turn in turns:
        if isinstance(turn.get("id"), str):
            chunk_of_turn.setdefault(turn["id"], position)
    return chunk_of_turn, bool(turns) and all(isinstance(turn.get("id"), str) for _, _, turn in turns)


def _turn_findings(record: Mapping[str, Any]) -> Iterator[_Finding]:
    for position, chunk in _items(record.get("chunks")):
        index = chunk.get("index")
        if type(index) is int and index != position:
            yield (
                f"chunks[{position}].index",
                f"the index is {index}, but the chunk is number {position} of the list (counted from 0)",
                f"write {position} or leave the index out",
            )
    first_place: dict[str, str] = {}
    for _, place, turn in _turns(record):
        if isinstance(turn.get("id"), str) and first_place.setdefault(turn["id"], place) != place:
            yield (
                f"{place}.id",
                f"the turn id {turn['id']!r} is also that of {first_place[turn['id']]}",
                "give every turn of the stream an id of its own",
            )


def _question_findings(record: Mapping[str, Any]) -> Iterator[_Finding]:
    chunk_of_turn, all_known = _chunk_of_turn(record)
    chunks = record.get("chunks")
    num_chunks = len(chunks) if isinstance(chunks, list) else 0
    first_place: dict[str, str] = {}
    for number, question in _items(record.get("questions")):
        place = f"questions[{number}]"
        id = question.get("id")
        if isinstance(id, str) and first_place.setdefault(id, place) != place:
            yield (
                f"{place}.id",
                f"the question id {id!r} is also that of {first_place[id]}",
                "give every question of the stream an id of its own",
            )
        if question.get("answers", []) == [] and question.get("unanswerable", False) is False:
            yield (
                f"{place}.answers",
                "the question has no answer and is not marked unanswerable",
                "give an answer, or set unanswerable to true",
            )
        yield from _metric_findings(question, place)
        ask_after = question.get("ask_after")
        asked = ask_after if type(ask_after) is int else None
        if asked is not None and num_chunks and not 0 <= asked < num_chunks:
            yield (
                f"{place}.ask_after",
                f"ask_after is {asked}, but the chunks are numbered 0 to {num_chunks - 1}",
                "name a chunk of the stream, or leave ask_after out to ask at the end",
            )
            asked = None
        evidence = question.get("evidence")
        for turn_id in evidence if isinstance(evidence, list) else ():
            said = chunk_of_turn.get(turn_id) if isinstance(turn_id, str) else None
            if said is not None and asked is not None and said > asked:
                yield (
                    f"{place}.evidence",
                    f"turn {turn_id!r} is said in chunk {said}, the question is asked after chunk {asked}",
                    f"set ask_after to {said} or later, or leave it out to ask at the end",
                )
            elif said is None and all_known and isinstance(turn_id, str):
                yield f"{place}.evidence", f"{turn_id!r} names no turn of the stream", "correct or remove it"


def _metric_findings(question: Mapping[str, Any], place: str) -> Iterator[_Finding]:
    metric, category = question.get("metric"), question.get("category", "")
    if not isinstance(metric, str) or not metric:
        return
    if metric not in question_metric_names():
        near = " or ".join(near_names(metric, question_metric_names()))
        remedy = f"write {near}" if near else "name one of docs/evaluation.md, or leave it out"
        yield f"{place}.metric", f"{metric!r} is no metric", remedy
    elif (
        metric in (LOCOMO, LOCOMO_STRICT) and isinstance(category, str) and category not in LOCOMO_CATEGORIES
    ):
        remedy = "give a category from '1' to '5', or name another metric"
        yield f"{place}.metric", f"{metric} does not grade the category {category!r}", remedy
    elif (
        metric in NUGGET_METRICS and not question.get("nuggets") and question.get("unanswerable") is not True
    ):
        remedy = "list in nuggets what an answer should have, or name another metric"
        yield f"{place}.metric", f"{metric} marks nuggets and the question has none", remedy


def _oracle_findings(record: Mapping[str, Any]) -> Iterator[_Finding]:
    oracle = record.get("oracle")
    if not isinstance(oracle, Mapping):
        return
    all_known = _chunk_of_turn(record)[1]
    position: dict[str, int] = {}
    for _, _, turn in _turns(record):
        if isinstance(turn.get("id"), str):
            position.setdefault(turn["id"], len(position))
    for turn_id, plans in oracle.items():
        if all_known and turn_id not in position:
            yield f"oracle.{turn_id}", f"{turn_id!r} names no turn of the stream", "correct or remove it"
        for number, plan in _items(plans):
            place, kind, target = f"oracle.{turn_id}[{number}]", plan.get("kind"), plan.get("target")
            fields = plan_fields(kind) if isinstance(kind, str) else None
            if fields is not None and "text" in fields and not plan.get("text"):
                yield f"{place}.text", f"{kind} has no text", "give the text of the entry"
            if fields is not None and "target" in fields and target is None:
                yield f"{place}.target", f"{kind} has no target", "name the turn whose entry is meant"
            if fields is not None and "target" not in fields and target is not None:
                yield f"{place}.target", f"{kind} has a target", "leave the target out"
            if isinstance(target, str) and all_known and turn_id in position:
                if target not in position:
                    yield f"{place}.target", f"{target!r} names no turn of the stream", "correct it"
                elif position[target] >= position[turn_id]:
                    yield (
                        f"{place}.target",
                        f"turn {target!r} is not before {turn_id!r}",
                        "name an earlier turn",
                    )


def _poison_findings(record: Mapping[str, Any]) -> Iterator[_Finding]:
    """What an adversary did is told in ids of the stream's turns and questions."""
    poison = record.get("poison")
    if not isinstance(poison, Mapping):
        return
    turns, all_known = _chunk_of_turn(record)
    asked = {question.get("id") for _, question in _items(record.get("questions"))}
    injected, targets, corrections = (poison.get(name) for name in ("turns", "targets", "corrections"))
    for number, turn in enumerate(injected if isinstance(injected, list) else ()):
        if isinstance(turn, str) and all_known and turn not in turns:
            yield f"poison.turns[{number}]", f"{turn!r} names no turn of the stream", "correct or remove it"
    for question in targets if isinstance(targets, Mapping) else ():
        if question not in asked:
            yield (
                f"poison.targets.{question}",
                f"{question!r} names no question of the stream",
                "correct or remove it",
            )
    for question, turn in corrections.items() if isinstance(corrections, Mapping) else ():
        place = f"poison.corrections.{question}"
        if not isinstance(targets, Mapping) or question not in targets:
            yield place, f"{question!r} is no target", "name it in targets, too, or remove it"
        if isinstance(turn, str) and all_known and turn not in turns:
            yield place, f"{turn!r} names no turn of the stream", "correct or remove it"


def _time_zone_findings(record: Mapping[str, Any]) -> Iterator[_Finding]:
    """Times with and without zone cannot be compared, so a stream holds one sort only."""
    holders = [(f"chunks[{place}]", chunk) for place, chunk in _items(record.get("chunks"))]
    holders += [(place, turn) for _, place, turn in _turns(record)]
    holders += [(f"questions[{place}]", question) for place, question in _items(record.get("questions"))]
    first: tuple[str, bool] | None = None
    for place, holder in holders:
        try:
            has_zone = datetime.fromisoformat(holder["time"]).tzinfo is not None
        except (KeyError, TypeError, ValueError):
            continue
        first = first or (place, has_zone)
        if has_zone != first[1]:
            yield (
                f"{place}.time",
                f"the time has {'a' if has_zone else 'no'} zone, unlike that of {first[0]}",
                "give all times of the stream a zone, or none",
            )
            return
