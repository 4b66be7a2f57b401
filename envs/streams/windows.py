"""Short streams cut out of long ones, to train on short episodes, or single steps, of long conversations."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from itertools import chain, groupby, islice
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from memdojo.errors import ConfigError

from ..types import Add, Chunk, Noop, PlannedOperation, Poison, Question, Stream, Update


def window(stream: Stream, start_turn: int, num_turns: int) -> Stream | None:
    """Return turns `start_turn` to `start_turn + num_turns` (exclusive) as a stream of its own.

    Only questions with evidence, all of it within the window, are kept. A question that was asked within the
    window is asked after the same turn, every other one at the end. The oracle does what an all-knowing
    manager of the window would do: an update of something said before the window adds it instead.

    Args:
        stream: The long stream; the window keeps its group and source.
        start_turn: Position of the first turn, from 0.
        num_turns: Length; the window is shorter where the stream ends first.

    Returns:
        The window with id `id[start:end]`, or None if it keeps no question.

    Raises:
        ConfigError: If the window starts outside the stream or has no turn.
    """
    turns = stream.turns
    if num_turns < 1 or not 0 <= start_turn < len(turns):
        raise ConfigError(
            f"a window of {num_turns} turns from turn {start_turn} does not lie in stream {stream.id!r}, "
            f"whose turns are numbered 0 to {len(turns) - 1}; num_turns must be positive."
        )
    end_turn = min(start_turn + num_turns, len(turns))
    inside = frozenset(turn.id for turn in turns[start_turn:end_turn])
    chunks, new_index = _cut_chunks(stream.chunks, inside)
    questions = tuple(
        dataclasses.replace(question, ask_after=_shifted(question, new_index))
        for question in stream.questions
        if question.evidence and question.evidence <= inside
    )
    if not questions:
        return None
    return _part(stream, f"{stream.id}[{start_turn}:{end_turn}]", chunks, questions)


def num_sessions(stream: Stream) -> int:
    """Return how many sessions follow one another; chunks that name none are one."""
    return sum(1 for _ in groupby(chunk.session for chunk in stream.chunks))


def first_sessions(stream: Stream, count: int) -> Stream | None:
    """Return the first `count` sessions as a stream of its own.

    Questions asked within them are kept. One that is asked at the very end of the stream is asked at the end
    of what is left, if that has the same answer: all its evidence is there, or it has no answer and names no
    turn that took it back. All other questions are left out.

    Args:
        stream: The long stream; what is left keeps its group and source.
        count: How many sessions.

    Returns:
        The first sessions with id `id[:count sessions]`, or None if they keep no question. A stream of no
        more sessions is returned as it is.

    Raises:
        ConfigError: If `count` is not positive.
    """
    if count < 1:
        raise ConfigError(f"count is {count}; give a positive number of sessions.")
    if num_sessions(stream) <= count:
        return stream
    sessions = (list(chunks) for _, chunks in groupby(stream.chunks, key=lambda chunk: chunk.session))
    chunks = tuple(chain.from_iterable(islice(sessions, count)))
    inside = frozenset(turn.id for chunk in chunks for turn in chunk.turns)
    at_end = (None, len(stream.chunks) - 1)
    questions = []
    for question in stream.questions:
        if question.ask_after in at_end:
            if question.evidence <= inside and (question.evidence or question.unanswerable):
                questions.append(dataclasses.replace(question, ask_after=None))
        elif question.ask_after is not None and question.ask_after < len(chunks):
            questions.append(question)
    if not questions:
        return None
    return _part(stream, f"{stream.id}[:{count} sessions]", chunks, tuple(questions))


def sample_windows(stream: Stream, num_turns: int, count: int, rng: np.random.Generator) -> list[Stream]:
    """Return up to `count` windows with different starts, drawn uniformly from those that keep a question.

    There are fewer where the stream has fewer such starts, and none where no question's evidence fits into
    `num_turns` turns. The order is random.

    Raises:
        ConfigError: If `num_turns` or `count` is not positive.
    """
    if count < 1:
        raise ConfigError(f"count is {count}; give a positive number of windows.")
    chosen = rng.permutation(window_starts(stream, num_turns))[:count]
    windows = [window(stream, int(start), num_turns) for start in chosen]
    return [each for each in windows if each is not None]


def window_starts(stream: Stream, num_turns: int) -> npt.NDArray[np.intp]:
    """Return the positions of first turns from which a window of `num_turns` keeps a question, ascending.

    Raises:
        ConfigError: If `num_turns` is not positive.
    """
    if num_turns < 1:
        raise ConfigError(f"num_turns is {num_turns}; a window has at least one turn.")
    position = {turn.id: place for place, turn in enumerate(stream.turns)}
    last_start = max(0, len(position) - num_turns)
    keeps_a_question = np.zeros(last_start + 1, dtype=bool)
    for question in stream.questions:
        if question.evidence:
            places = [position[turn_id] for turn_id in question.evidence]
            # Empty where the evidence spans more than a window.
            keeps_a_question[max(0, max(places) - num_turns + 1) : min(places) + 1] = True
    return np.flatnonzero(keeps_a_question)


def linked_chunks(stream: Stream) -> tuple[int, ...]:
    """Return the indices of the chunks that hold evidence of a question, ascending."""
    needed = frozenset().union(*(question.needed_evidence for question in stream.questions))
    return tuple(chunk.index for chunk in stream.chunks if any(turn.id in needed for turn in chunk.turns))


def step_window(stream: Stream, chunk: int, num_turns: int) -> Stream:
    """Return a chunk and the `num_turns` turns before it as a stream of its own.

    Its questions are those linked to the chunk: those with a turn of it among their evidence. They are asked
    at the end, whenever the long stream asks them; of their evidence remains what lies within.

    Args:
        stream: The long stream; the window keeps its group and source.
        chunk: Index of the last chunk, one of `linked_chunks`.
        num_turns: Turns before it; there are fewer where the stream begins later.

    Returns:
        The window with id `id@chunk`.

    Raises:
        ConfigError: If no question is linked to the chunk, or `num_turns` is not positive.
    """
    if num_turns < 1 or chunk not in linked_chunks(stream):
        raise ConfigError(
            f"a window of {num_turns} turns before chunk {chunk} of stream {stream.id!r} cannot be cut; "
            "num_turns must be positive, and a question must have evidence in the chunk."
        )
    before = sum(len(earlier.turns) for earlier in stream.chunks[:chunk])
    asked_about = frozenset(turn.id for turn in stream.chunks[chunk].turns)
    turns = stream.turns[max(0, before - num_turns) : before + len(asked_about)]
    inside = frozenset(turn.id for turn in turns)
    chunks, _ = _cut_chunks(stream.chunks, inside)
    questions = tuple(
        dataclasses.replace(question, evidence=question.evidence & inside, ask_after=None)
        for question in stream.questions
        if question.needed_evidence & asked_about
    )
    return _part(stream, f"{stream.id}@{chunk}", chunks, questions)


def _part(stream: Stream, id: str, chunks: tuple[Chunk, ...], questions: tuple[Question, ...]) -> Stream:
    """Return the stream that these chunks of a stream are, with their part of its plan."""
    inside = frozenset(turn.id for chunk in chunks for turn in chunk.turns)
    oracle = MappingProxyType(_cut_oracle(stream, inside))
    poison = _cut_poison(stream.poison, inside, {question.id for question in questions})
    return dataclasses.replace(
        stream, id=id, chunks=chunks, questions=questions, oracle=oracle, poison=poison
    )


def _cut_poison(poison: Poison | None, turns: frozenset[str], questions: set[str]) -> Poison | None:
    """Return what an adversary did to the turns and questions of a part."""
    if poison is None:
        return None
    targets = {question: lures for question, lures in poison.targets.items() if question in questions}
    corrections = {
        question: turn
        for question, turn in poison.corrections.items()
        if question in questions and turn in turns
    }
    return dataclasses.replace(
        poison,
        turns=poison.turns & turns,
        targets=MappingProxyType(targets),
        corrections=MappingProxyType(corrections),
    )


def _cut_chunks(
    chunks: tuple[Chunk, ...], inside: frozenset[str]
) -> tuple[tuple[Chunk, ...], dict[int, int]]:
    """Return the chunks of the window, and the new index of each old one that has a turn in it."""
    cut: list[Chunk] = []
    new_index: dict[int, int] = {}
    for chunk in chunks:
        turns = tuple(turn for turn in chunk.turns if turn.id in inside)
        if turns:
            new_index[chunk.index] = len(cut)
            cut.append(dataclasses.replace(chunk, index=len(cut), turns=turns))
    return tuple(cut), new_index


def _shifted(question: Question, new_index: Mapping[int, int]) -> int | None:
    return None if question.ask_after is None else new_index.get(question.ask_after)


def _cut_oracle(stream: Stream, inside: frozenset[str]) -> dict[str, tuple[PlannedOperation, ...]]:
    """Return the plans of the turns inside, with targets that exist in the window.

    An entry is named by the turn that added it or by one that updated it, so what was said before the window
    is followed through its updates: only its first mention in the window becomes an ADD.
    """
    root: dict[str, str] = {}
    first_inside: dict[str, str] = {}
    cut: dict[str, tuple[PlannedOperation, ...]] = {}
    for turn in stream.turns:
        if turn.id not in stream.oracle:
            continue
        plans = []
        for plan in stream.oracle[turn.id]:
            if plan.target is not None:
                entry = root.get(plan.target, plan.target)
                root[turn.id] = entry
                target = plan.target if plan.target in inside else first_inside.get(entry)
                if turn.id in inside and plan.kind == Update.kind:
                    first_inside.setdefault(entry, turn.id)
                if target is not None:
                    plan = dataclasses.replace(plan, target=target)
                elif plan.kind == Update.kind:
                    plan = PlannedOperation(Add.kind, plan.text)
                else:
                    plan = PlannedOperation(Noop.kind)
            plans.append(plan)
        if turn.id in inside:
            cut[turn.id] = tuple(plans)
    return cut
