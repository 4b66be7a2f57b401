"""Supervised examples for a language policy: what a teacher does, in the words of the policy's format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memdojo.agents.language import PromptEncoder
from memdojo.agents.oracles import OracleRetriever
from memdojo.agents.policy import ManagerPolicy
from memdojo.envs.manager_episode import ManagerEpisode
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.prompt_format import AnswerDecision, TeachableFormat
from memdojo.envs.settings import CapacitySettings
from memdojo.envs.stream_context import StreamContext
from memdojo.envs.streams.chunking import rechunk
from memdojo.envs.text_tasks import AnswerTask, ManagerTask, RankingTask
from memdojo.envs.types import Add, Chunk, Delete, Noop, Operation, Stream, Update

from ..rollouts import question_starts

NO_ANSWER = "No information available"
"""What an answer agent is taught to say where the dialogue does not tell."""


@dataclass(frozen=True, slots=True)
class Example:
    """A prompt and the reply that is to be learnt, as token ids."""

    prompt_ids: tuple[int, ...]
    reply_ids: tuple[int, ...]


@dataclass(slots=True)
class Lessons:
    """Examples, and how many decisions the format had no words for.

    A decision has none where it names an entry that the shortened prompt does not show.
    """

    examples: list[Example]
    num_without_words: int = 0

    def add(self, encoder: PromptEncoder, view: Any, decision: Any) -> None:
        """Add the example of a decision at a view."""
        prompt = encoder.encode(view)
        format: TeachableFormat[Any, Any] = encoder.format  # type: ignore[assignment]  # Checked by the config.
        try:
            reply = format.write(decision, prompt.view)
        except ValueError:
            self.num_without_words += 1
        else:
            self.examples.append(Example(prompt.ids, encoder.encode_reply(reply)))


def manager_lessons(
    streams: Sequence[Stream],
    teacher: ManagerPolicy,
    task: ManagerTask,
    encoder: PromptEncoder,
    capacity: CapacitySettings,
    seed: int,
) -> Lessons:
    """Let a teacher play streams and write down what it changed at each chunk.

    A teacher that decides turn by turn plays the turns of a chunk one after the other; what is taught is the
    difference that the whole chunk made to the store.

    Args:
        streams: Cut into chunks as the pupil sees them.
        teacher: Plays each stream once.
        task: The pupil's task.
        encoder: Renders the pupil's prompts.
        capacity: Limits of the store.
        seed: Seeds a teacher that draws.
    """
    lessons = Lessons([])
    for stream in streams:
        limits = capacity.for_stream(stream)
        size = teacher.turns_per_chunk
        as_taught = stream if size is None else rechunk(stream, size)
        taught = ManagerEpisode(StreamContext(as_taught), limits, seed=seed)
        pupil = ManagerEpisode(StreamContext(stream), limits, seed=seed)
        pupil_ids: dict[int, int] = {}
        while (chunk := pupil.chunk) is not None:
            before = taught.store.fork()
            _play_through(taught, teacher, chunk)
            operations = operations_between(before, taught.store, pupil_ids)
            lessons.add(encoder, task.view(pupil), operations)
            pupil.step(operations)
            added = [entry.id for entry in before.diff(taught.store).added]
            written = [result.after for result in pupil.results if isinstance(result.operation, Add)]
            pupil_ids |= {id: entry.id for id, entry in zip(added, written, strict=True) if entry is not None}
    return lessons


def retriever_lessons(
    streams: Sequence[Stream], task: RankingTask, encoder: PromptEncoder, top_k: int
) -> Lessons:
    """Write down, for each question, the ranking of a retriever that knows the evidence."""
    lessons = Lessons([])
    for stream in streams:
        oracle = OracleRetriever(StreamContext(stream))
        for start in question_starts(stream, top_k, None):
            view = encoder.encode(task.view(start)).view
            shown = {entry.id for entry in view.candidates}
            hits = oracle.search(start.store, view.question, top_k)
            lessons.add(encoder, view, tuple(hit.entry.id for hit in hits if hit.entry.id in shown))
    return lessons


def answer_lessons(
    streams: Sequence[Stream], task: AnswerTask, encoder: PromptEncoder, top_k: int
) -> Lessons:
    """Write down, for each question, the entries shown that hold evidence, and the reference answer."""
    lessons = Lessons([])
    for stream in streams:
        for start in question_starts(stream, top_k, None):
            question = start.question
            assert question is not None  # It starts at one.
            view = encoder.encode(task.view(start)).view
            found = [(entry, start.context.supported_evidence(entry)) for entry in view.entries]
            useful = tuple(entry.id for entry, supported in found if supported & question.evidence)
            answer = NO_ANSWER if question.unanswerable else question.answers[0]
            lessons.add(encoder, view, AnswerDecision(useful, answer))
    return lessons


def operations_between(
    before: MemoryStore, after: MemoryStore, ids: Mapping[int, int]
) -> tuple[Operation, ...]:
    """Return operations that lead from one store to another: one NOOP where they are alike.

    Args:
        before: The store as it was.
        after: The same store later on.
        ids: What the entries are called where the operations are applied, by their id here; an entry that is
            missing has the same id.
    """
    diff = before.diff(after)
    removed = [ids.get(entry.id, entry.id) for entry in diff.removed]
    operations: list[Operation] = [
        Update(
            ids.get(old.id, old.id),
            new.text,
            tuple(source for source in new.sources if source not in old.sources),
            new.time,
        )
        for old, new in diff.changed
    ]
    # An ADD lets the entry that it names leave only where the store is full; elsewhere that takes a DELETE.
    num_evicting = min(len(removed), len(diff.added)) if after.is_full else 0
    num_deleted = len(removed) - num_evicting
    operations += [Delete(id) for id in removed[:num_deleted]]
    leaving = [()] * (len(diff.added) - num_evicting) + [(id,) for id in removed[num_deleted:]]
    operations += [
        Add(entry.text, entry.sources, entry.time, entry.kind, evicts=evicts)
        for entry, evicts in zip(diff.added, leaving, strict=True)
    ]
    return tuple(operations) or (Noop(),)


def _play_through(episode: ManagerEpisode, teacher: ManagerPolicy, chunk: Chunk) -> None:
    """Let the teacher play until the last turn of the chunk has passed."""
    last = chunk.turns[-1]
    while episode.chunk is not None:
        is_last = last in episode.chunk.turns
        (operations,) = teacher.act([episode])
        episode.step(operations)
        if is_last:
            return
