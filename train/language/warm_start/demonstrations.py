"""Demonstrations for a language policy: a teacher's decisions in the words of the policy's format."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from memdojo.agents.baselines.oracles import OracleRetriever
from memdojo.agents.designs.running.driver import START_RULE
from memdojo.agents.designs.running.text import DecisionTask
from memdojo.agents.language.policies import PromptEncoder
from memdojo.agents.policy import ManagerPolicy
from memdojo.envs.answering import AnswerRequest
from memdojo.envs.episodes.base import finish_together
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.episodes.written_memory import StoredByQuestion
from memdojo.envs.memory.design_operations import Invalidate, Tag, Value
from memdojo.envs.memory.store import MemoryStore, StoreDiff
from memdojo.envs.prompts.protocol import AnswerDecision
from memdojo.envs.prompts.tasks import AnswerTask, ManagerTask, RankingTask
from memdojo.envs.streams.chunking import rechunk
from memdojo.envs.types import Add, Chunk, Delete, MemoryEntry, Noop, Operation, Relink, Stream, Update
from memdojo.rewards.metrics import NO_INFORMATION


@dataclass(frozen=True, slots=True)
class Example:
    """A prompt and the reply to learn, as token ids."""

    prompt_ids: tuple[int, ...]
    reply_ids: tuple[int, ...]


@dataclass(slots=True)
class Demonstrations:
    """Examples, and how many decisions the format had no words for.

    A decision has none where it names an entry that the shortened prompt does not show.
    """

    examples: list[Example]
    num_without_words: int = 0

    def add(self, encoder: PromptEncoder, view: Any, decision: Any) -> None:
        """Add the example of a decision at a view."""
        prompt = encoder.encode(view)
        try:
            reply = encoder.write(decision, prompt.view)
        except ValueError:
            self.num_without_words += 1
        else:
            self.examples.append(Example(prompt.ids, encoder.encode_reply(reply)))


def manager_demonstrations(
    streams: Sequence[Stream],
    teacher: ManagerPolicy,
    task: ManagerTask,
    encoder: PromptEncoder,
    rules: EpisodeRules,
    seed: int,
) -> Demonstrations:
    """Let a teacher play streams and write down what it changed at each chunk.

    A teacher that decides turn by turn plays the turns of a chunk one after the other; what is taught is the
    difference that the whole chunk made to the store.

    Args:
        streams: Cut into chunks as the student sees them.
        teacher: Plays each stream once.
        task: The student's task.
        encoder: Renders the student's prompts.
        rules: Of the student's episodes.
        seed: Seeds a teacher that draws.
    """
    demonstrations = Demonstrations([])
    for stream in streams:
        student = rules.manager(StreamContext(stream), seed=seed)
        taught = DemonstratedEpisode(student, teacher, seed)
        while not student.ended:
            operations = taught.demonstrate()
            demonstrations.add(encoder, task.view(student), operations)
            taught.begin_step(operations)
            student.finish_step(())
    return demonstrations


class DemonstratedEpisode:
    """A student's episode, and beside it a teacher's whose store holds the same under ids of its own.

    A teacher that decides turn by turn plays the turns of the student's chunk one after the other.

    Attributes:
        student: The episode of the stream in the student's chunks.

    Args:
        student: At its start.
        teacher: Decides in the teacher's episode.
        seed: Seeds a teacher that draws.
    """

    def __init__(self, student: ManagerEpisode, teacher: ManagerPolicy, seed: int) -> None:
        self.student = student
        self._teacher = teacher
        stream, size = student.context.stream, teacher.turns_per_chunk
        context = StreamContext(stream if size is None else rechunk(stream, size))
        self._episode = EpisodeRules().manager(context, seed=seed, capacity=student.store.capacity)
        self._student_ids: dict[int, int] = {}
        self._added: list[int] = []

    def demonstrate(self) -> tuple[Operation, ...]:
        """Let the teacher play the student's chunk; return what gives the student the same store."""
        before = self._episode.store.fork()
        _play_through(self._episode, self._chunk, lambda episode: self._teacher.act([episode])[0])
        self._added = _ids_of_added(before, self._episode.store)
        return operations_between(before, self._episode.store, self._student_ids, self.student.store.next_id)

    def begin_step(self, operations: Sequence[Operation]) -> tuple[AnswerRequest, ...]:
        """Begin the student's step with what `demonstrate` returned; questions that are due want answers."""
        requests = self.student.begin_step(operations)
        self._student_ids |= _pairs(self._added, _ids_of_written(self.student))
        return requests

    def follow(self, before: MemoryStore) -> None:
        """Do in the teacher's episode what the student has done by itself in a step that was only begun.

        Args:
            before: The student's store as it was before the step.
        """
        own_ids = {student_id: id for id, student_id in self._student_ids.items()}
        operations = operations_between(before, self.student.store, own_ids, self._episode.store.next_id)
        last = self._chunk.turns[-1]
        # With the last turn, because only then the turns that the entries came from have passed.
        _play_through(
            self._episode,
            self._chunk,
            lambda episode: operations if episode.chunk and last in episode.chunk.turns else (),
        )
        self._student_ids |= _pairs(_ids_of_written(self._episode), _ids_of_added(before, self.student.store))

    def fork(self) -> Self:
        """Return an independent pair in the same state."""
        fork = copy.copy(self)
        fork.student, fork._episode = self.student.fork(), self._episode.fork()
        fork._student_ids = dict(self._student_ids)
        return fork

    @property
    def _chunk(self) -> Chunk:
        assert self.student.chunk is not None  # Not called after the end.
        return self.student.chunk


def retriever_demonstrations(
    streams: Sequence[Stream],
    task: RankingTask,
    encoder: PromptEncoder,
    rules: EpisodeRules,
    memories: Sequence[StoredByQuestion] | None = None,
) -> Demonstrations:
    """Write down, for each question, the ranking of a retriever that knows the evidence.

    Over what a manager stored of each stream, where `memories` are given.
    """
    demonstrations = Demonstrations([])
    for index, stream in enumerate(streams):
        context = StreamContext(stream)
        oracle = OracleRetriever(context)
        written = None if memories is None else memories[index]
        for start in rules.at_each_question(context, written=written):
            view = encoder.encode(task.view(start)).view
            shown = {entry.id for entry in view.candidates}
            hits = oracle.search(start.store, view.question, rules.top_k)
            demonstrations.add(encoder, view, tuple(hit.entry.id for hit in hits if hit.entry.id in shown))
    return demonstrations


def answer_demonstrations(
    streams: Sequence[Stream],
    task: AnswerTask,
    encoder: PromptEncoder,
    rules: EpisodeRules,
    memories: Sequence[StoredByQuestion] | None = None,
) -> Demonstrations:
    """Write down, for each question, the entries shown that hold evidence, and the reference answer.

    Over what a manager stored of each stream, where `memories` are given.
    """
    demonstrations = Demonstrations([])
    for index, stream in enumerate(streams):
        written = None if memories is None else memories[index]
        for start in rules.at_each_question(StreamContext(stream), written=written):
            question = start.question
            assert question is not None  # It starts at one.
            view = encoder.encode(task.view(start)).view
            useful = tuple(entry.id for entry in view.entries if start.context.evidence_for(question, entry))
            answer = NO_INFORMATION if question.unanswerable else question.answers[0]
            demonstrations.add(encoder, view, AnswerDecision(useful, answer))
    return demonstrations


def decision_demonstrations(
    streams: Sequence[Stream], task: DecisionTask, encoder: PromptEncoder, rules: EpisodeRules, seed: int
) -> Demonstrations:
    """Let a memory design play streams by its own rule, and write down what it chose at each decision.

    A share `START_RULE` of the examples show the rule's option, and the rest another one, drawn evenly: who
    imitates the rule alone is certain of it, and never tries anything else.

    Args:
        streams: In chunks of the size that the design writes.
        task: The student's task.
        encoder: Renders the student's prompts.
        rules: Of the student's episodes, with an answerer: a design may learn from what came of its readings.
        seed: Seeds what is drawn.
    """
    demonstrations, rng = Demonstrations([]), np.random.default_rng(seed)
    for stream in streams:
        episode = task.start(rules.manager(StreamContext(stream), seed=seed))
        while not episode.ended:
            while (decision := episode.decision) is not None:
                view = encoder.encode(task.view(episode)).view
                others = [each.place for each in view.options if each.place != decision.by_rule]
                takes_other = rng.random() >= START_RULE and others
                option = int(rng.choice(others)) if takes_other else decision.by_rule
                demonstrations.add(encoder, view, option)
                episode.choose(decision.by_rule)
            finish_together([episode], [episode.requests or ()], rules.answerer)
    return demonstrations


def operations_between(
    before: MemoryStore, after: MemoryStore, ids: Mapping[int, int], next_id: int
) -> tuple[Operation, ...]:
    """Return operations that lead from one store to another: one NOOP where they are alike.

    Args:
        before: The store as it was.
        after: The same store later on.
        ids: What the entries are called where the operations are applied, by their id here; an entry that is
            missing has the same id.
        next_id: The id that the next new entry gets there.
    """
    diff = before.diff(after)
    # An ADD evicts the entry that it names only if the store is full; otherwise that takes a DELETE.
    num_evicting = min(len(diff.removed), len(diff.added)) if after.is_full else 0
    if num_evicting and not _are_applied(before, _edits(diff, num_evicting, {})):
        # Where tokens are limited an entry may be shorter than the text that would take its place.
        num_evicting = 0
    operations = _edits(diff, num_evicting, ids)
    all_ids = dict(ids) | {each.id: next_id + n for n, each in enumerate(diff.added)}
    operations += _links_between(diff, all_ids)
    operations += _revisions_between(diff, all_ids)
    return tuple(operations) or (Noop(),)


def _edits(diff: StoreDiff, num_evicting: int, ids: Mapping[int, int]) -> list[Operation]:
    """Return what changes, removes and adds the entries of a difference.

    Args:
        diff: Between two stores.
        num_evicting: How many of the last entries to be removed leave with an ADD, and not by a DELETE.
        ids: What entries are called; one that is missing has its own id.
    """
    removed = [ids.get(entry.id, entry.id) for entry in diff.removed]
    num_deleted = len(removed) - num_evicting
    leaving = [()] * (len(diff.added) - num_evicting) + [(id,) for id in removed[num_deleted:]]
    return [
        *(Delete(id) for id in removed[:num_deleted]),
        *(
            Update(
                ids.get(old.id, old.id),
                new.text,
                tuple(source for source in new.sources if source not in old.sources),
                new.time,
            )
            for old, new in diff.changed
            if (old.text, old.sources, old.time) != (new.text, new.sources, new.time)
        ),
        *(
            Add(entry.text, entry.sources, entry.time, entry.kind, evicts=evicts, tags=entry.tags)
            for entry, evicts in zip(diff.added, leaving, strict=True)
        ),
    ]


def _are_applied(store: MemoryStore, operations: Sequence[Operation]) -> bool:
    """Return whether a store would take all operations, one after the other."""
    fork = store.fork()
    return all(fork.apply(operation, 0).applied for operation in operations)


def _links_between(diff: StoreDiff, ids: Mapping[int, int]) -> Iterator[Relink]:
    """Yield what gives entries the links and earlier versions that no other operation gives or takes."""
    removed = {entry.id for entry in diff.removed}

    def left(entry: MemoryEntry) -> tuple[tuple[int, ...], ...]:
        return tuple(
            tuple(id for id in named if id not in removed) for named in (entry.links, entry.replaces)
        )

    pairs = [(left(old), new) for old, new in diff.changed]
    for named, new in (*pairs, *((((), ()), entry) for entry in diff.added)):
        if named != (new.links, new.replaces):
            links, replaces = (tuple(ids.get(id, id) for id in each) for each in (new.links, new.replaces))
            yield Relink(ids.get(new.id, new.id), links, replaces)


def _revisions_between(diff: StoreDiff, ids: Mapping[int, int]) -> Iterator[Operation]:
    """Yield what gives entries their tags, the counts of their use and their ends.

    The utility that an entry was added with is no teacher's to say: few formats have words for it.
    """
    for old, new in (*diff.changed, *((None, entry) for entry in diff.added)):
        id = ids.get(new.id, new.id)
        if old is not None and old.tags != new.tags:
            yield Tag(id, new.tags)
        reads, helps = (
            (new.reads, new.helps) if old is None else (new.reads - old.reads, new.helps - old.helps)
        )
        utility = None if old is None or old.utility == new.utility else new.utility
        if reads or helps or utility is not None:
            yield Value(id, reads, helps, utility)
        if new.ended is not None and (old is None or old.ended is None):
            yield Invalidate(id)


def _play_through(
    episode: ManagerEpisode, chunk: Chunk, decide: Callable[[ManagerEpisode], Sequence[Operation]]
) -> None:
    """Play until the last turn of the chunk has passed."""
    last = chunk.turns[-1]
    while episode.chunk is not None:
        is_last = last in episode.chunk.turns
        episode.step(decide(episode))
        if is_last:
            return


def _ids_of_added(before: MemoryStore, after: MemoryStore) -> list[int]:
    return [entry.id for entry in before.diff(after).added]


def _ids_of_written(episode: ManagerEpisode) -> list[int | None]:
    """Return the id that each ADD of the episode's last operations gave; None where it was refused."""
    adds = [result for result in episode.results if isinstance(result.operation, Add)]
    return [None if result.after is None else result.after.id for result in adds]


def _pairs(first: Sequence[int | None], second: Sequence[int | None]) -> dict[int, int]:
    pairs = zip(first, second, strict=True)
    return {one: other for one, other in pairs if one is not None and other is not None}
