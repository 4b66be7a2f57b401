"""`conditions_text`: on what and how policies were played, as every table of scores says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from memdojo.envs.episodes.limits import describe_limits
from memdojo.envs.streams.jsonl.schema import stream_to_dict
from memdojo.envs.types import Stream
from memdojo.errors import cut_short

WEAK_EMBEDDER = "hashed_ngrams"
"""Embedder without a model: it knows spellings and no meanings."""


def conditions_of(
    streams: Iterable[Stream],
    embedders: Mapping[str, str],
    readers: Mapping[str, str] = MappingProxyType({}),
    role_counts: Mapping[str, Mapping[str, int]] = MappingProxyType({}),
) -> dict[str, Any]:
    """Return what `conditions_text` needs beside the settings, in plain values.

    Args:
        streams: What was played.
        embedders: Names of the embedders by which retrievers rank, by the retriever's name.
        readers: By what managers read that read by themselves, by the manager's name.
        role_counts: What was counted of the work that a model did for their roles, by the manager's name.
    """
    streams = list(streams)
    digest = hashlib.sha256()
    for stream in streams:
        digest.update(json.dumps(stream_to_dict(stream), sort_keys=True).encode())
    questions = [question for stream in streams for question in stream.questions]
    return {
        "streams": [{"id": each.id, "group": each.group, "source": each.source} for each in streams],
        "questions": len(questions),
        "questions_with_evidence": sum(bool(question.evidence) for question in questions),
        "answerable_without_evidence": sum(
            not question.evidence and not question.unanswerable for question in questions
        ),
        "fingerprint": digest.hexdigest()[:12],
        "embedders": {name: embedder for name, embedder in embedders.items() if embedder},
        "readers": dict(readers),
        "role_counts": {name: dict(counts) for name, counts in role_counts.items()},
    }


def conditions_text(details: Mapping[str, Any]) -> str:
    """Return streams, store, retriever and answerer of an evaluation in two sentences.

    Args:
        details: As `EvalReport.details`; what evaluations of earlier versions do not have is left out.
    """
    settings = details["settings"]
    found_by = "" if details.get("task") == "retriever" else f" that {_retriever(details)} finds"
    answerer = settings.get("answerer")
    answered = f", answered by {cut_short(str(answerer))}" if answerer else ""
    return (
        f"{_streams(details)}. {_store(details)}the first {settings['top_k']} "
        f"{_ranked(details)}{found_by}{answered}.{_embedders(details)}{_readers(details)}{_roles(details)}"
        f"{_bound(details)}"
    )


def _streams(details: Mapping[str, Any]) -> str:
    streams = details["streams"]
    sources = sorted({stream["source"] for stream in streams if stream["source"]})
    groups = _number(len({stream["group"] for stream in streams}), "group")
    numbers = [f"{_number(len(streams), 'stream')} of {groups}"]
    if "questions" in details:
        numbers.append(_number(details["questions"], "question"))
    fingerprint = f" (fingerprint {details['fingerprint']})" if "fingerprint" in details else ""
    return f"{', '.join(sources) or 'Given streams'}: {', '.join(numbers)}{fingerprint}"


def _store(details: Mapping[str, Any]) -> str:
    """Return the store of managers, or what retrievers are asked over."""
    settings = details["settings"]
    if settings.get("memories") is not None:
        return f"Over what {settings['memories']} wrote, "
    if details.get("task") == "retriever":
        return "Over all that was said, "
    store = describe_limits(settings)
    return f"{store[0].upper()}{store[1:]}, "


def _retriever(details: Mapping[str, Any]) -> str:
    name = str(details["settings"]["retriever"])
    embedder = details.get("embedders", {}).get(name)
    return f"{name} ({embedder})" if embedder else name


def _ranked(details: Mapping[str, Any]) -> str:
    is_of_sessions = (
        details.get("task") == "retriever" and details["settings"].get("granularity") == "session"
    )
    return "sessions" if is_of_sessions else "entries"


def _embedders(details: Mapping[str, Any]) -> str:
    if details.get("task") != "retriever":
        return ""
    embedders = sorted(details.get("embedders", {}).items())
    return f" Embedders: {', '.join(f'{name} {each}' for name, each in embedders)}." if embedders else ""


def _readers(details: Mapping[str, Any]) -> str:
    """Return who reads without the retriever, and by what."""
    names: dict[str, list[str]] = {}
    for name, by in details.get("readers", {}).items():
        names.setdefault(by, []).append(name)
    sentences = []
    for by, of_one in names.items():
        reads, own = ("reads", "its") if len(of_one) == 1 else ("read", "their")
        sentences.append(f" {', '.join(of_one)} {reads} in {own} own way ({by}).")
    return "".join(sentences)


def _roles(details: Mapping[str, Any]) -> str:
    """Return what a model did of the work of roles, and how often rules stood in for it."""
    sentences = []
    for name, counts in details.get("role_counts", {}).items():
        calls, failed = counts["calls"], counts["failed"]
        sentences.append(
            f" Roles of {name}: {_number(calls, 'call')}, {counts['asked']:,} asked of the model, "
            f"{counts['from_cache']:,} from its cache, {counts['unreadable'] / max(calls, 1):.1%} unreadable "
            f"and done by rules{f', {failed:,} failed' if failed else ''}."
        )
    return "".join(sentences)


def _bound(details: Mapping[str, Any]) -> str:
    if details.get("questions_with_evidence") == 0:
        return " No question names its evidence: the oracle knows nothing and is no upper bound."
    if without := details.get("answerable_without_evidence", 0):
        return (
            f" The data names no evidence for {_number(without, 'question')}: the oracle knows nothing of it."
        )
    return ""


def weak_yardsticks(embedders: Mapping[str, str]) -> str:
    """Return a sentence about retrievers that rank by an embedder without a model; "" if there are none."""
    weak = sorted(name for name, each in embedders.items() if WEAK_EMBEDDER in each and name != "hybrid")
    if not weak:
        return ""
    return (
        f"{', '.join(weak)} rank{'s' if len(weak) == 1 else ''} by the embedder {WEAK_EMBEDDER}, which knows "
        "spellings and no meanings: a weak yardstick, below bm25 on real dialogue. Compare with bm25 and "
        "hybrid, or name an embedder with a model, such as dense:wordllama."
    )


def _number(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
