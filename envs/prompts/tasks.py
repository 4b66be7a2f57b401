"""The tasks of text policies: a view made from an episode's state, a step made from a completion.

The Gymnasium environments and the rollouts of language models are faces of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeVar

from ..answering import Answer, AnswerRequest
from ..episodes.context import StreamContext
from ..episodes.experience import ExperienceEpisode, Phase
from ..episodes.manager import ManagerEpisode
from ..episodes.retrieval import RetrievalEpisode
from ..episodes.visible import VisibleEpisode
from ..memory.retrieval.candidates import CandidateOrder, candidates_for, select_candidates
from ..memory.retrieval.per_speaker import for_stream
from ..memory.retrieval.protocol import Retriever
from ..memory.store import MemoryStore
from ..streams.rendering import render_turn
from ..types import Question
from .protocol import (
    AnswerFormat,
    AnswerView,
    ManagerFormat,
    ManagerView,
    ParseError,
    PromptFormat,
    RankingFormat,
    RankingView,
    parse_reply,
)

EpisodeT = TypeVar("EpisodeT", contravariant=True)
ViewT = TypeVar("ViewT")


class Begun(NamedTuple):
    """A step that was begun.

    Attributes:
        requests: The questions that an answerer has to answer.
        own_answers: Answers that the policy gave itself, to be handed to `finish_step` instead.
    """

    requests: tuple[AnswerRequest, ...]
    own_answers: tuple[Answer, ...] = ()


class AskingEpisode(Protocol):
    """An episode that waits at a question for entries of its store."""

    @property
    def context(self) -> StreamContext:
        """The stream."""
        ...

    @property
    def store(self) -> MemoryStore:
        """What is remembered."""
        ...

    @property
    def question(self) -> Question | None:
        """The question; None where none waits."""
        ...

    @property
    def top_k(self) -> int:
        """How many entries count."""
        ...


class TextTask(Protocol[EpisodeT, ViewT]):
    """What a policy that speaks text does in one kind of episode.

    Attributes:
        format: How it is spoken to, and how it replies.
    """

    @property
    def format(self) -> PromptFormat[ViewT, object]: ...  # noqa: D102

    def view(self, episode: EpisodeT) -> ViewT:
        """Return what the policy decides on now."""
        ...

    def begin(self, episode: EpisodeT, view: ViewT, completion: str, *, is_cut: bool = False) -> Begun:
        """Begin the episode's step with what the completion says. Never raises for what a model wrote.

        Args:
            episode: Whose step it is.
            view: What the model was shown.
            completion: What it wrote.
            is_cut: Whether it reached its limit of tokens; see `parse_reply`.
        """
        ...


class ManagerTask:
    """Operations on the store for each chunk.

    Args:
        format: How the policy is spoken to.
        related_entries: Most entries shown, those that BM25 finds for the chunk; None shows all. See
            `select_candidates`.
    """

    def __init__(self, format: ManagerFormat, related_entries: int | None = None) -> None:
        self.format = format
        self.related_entries = related_entries

    def view(self, episode: VisibleEpisode) -> ManagerView:
        """Return the chunk with the entries that are shown."""
        store, chunk = episode.store, episode.chunk
        query = "" if chunk is None else "\n".join(map(render_turn, chunk.turns))
        shown = select_candidates(store, query, self.related_entries)
        return ManagerView(chunk, shown, store.capacity, store.tokens, len(store))

    def begin(
        self, episode: ManagerEpisode, view: ManagerView, completion: str, *, is_cut: bool = False
    ) -> Begun:
        """Apply the operations; the questions that are due want answers."""
        parsed = parse_reply(self.format, completion, view, is_cut=is_cut)
        return Begun(episode.begin_step(parsed.decision, malformed=_texts(parsed.errors)))


class RankingTask:
    """A ranking of candidates for each question.

    Args:
        format: How the policy is spoken to.
        max_candidates: Most candidates shown; None shows all.
        prefilter: Chooses them where there are more, and whom a prompt that is too long leaves out; by
            default BM25. See `candidates_for`.
        order: In which order candidates are shown.
        keep_evidence: Never leave out a candidate that holds evidence while another one is shown. For
            training prompts alone: a policy under evaluation must not know it.
    """

    def __init__(
        self,
        format: RankingFormat,
        max_candidates: int | None,
        prefilter: Retriever | None = None,
        *,
        order: CandidateOrder = CandidateOrder.TIME,
        keep_evidence: bool = False,
    ) -> None:
        self.format = format
        self.max_candidates = max_candidates
        self.prefilter = prefilter
        self.order = order
        self.keep_evidence = keep_evidence

    def view(self, episode: AskingEpisode) -> RankingView:
        """Return the question with its candidates."""
        question = episode.question
        if question is None:
            return RankingView(None, None, (), episode.top_k)
        kept: tuple[int, ...] = ()
        if self.keep_evidence:
            needed, held = question.needed_evidence, episode.context.evidence_for
            kept = tuple(entry.id for entry in episode.store.readable if held(question, entry) & needed)
        chosen = candidates_for(
            episode.store, question.text, self.max_candidates, self.prefilter, kept, self.order
        )
        options = question.options or ()
        return RankingView(question.text, question.time, chosen.shown, episode.top_k, chosen.staying, options)

    def begin(
        self, episode: RetrievalEpisode, view: RankingView, completion: str, *, is_cut: bool = False
    ) -> Begun:
        """Hand over the ranked entries; the question wants an answer."""
        parsed = parse_reply(self.format, completion, view, is_cut=is_cut)
        return Begun(episode.begin_step(parsed.decision, malformed=_texts(parsed.errors)))


class ExperienceTask:
    """Operations on the store for each report, and a choice of entries for each task.

    Args:
        writing: What is shown of the memory, and how operations are spoken of.
        handing_over: Which entries are candidates, and how a choice of them is spoken of.
    """

    def __init__(self, writing: ManagerTask, handing_over: RankingTask) -> None:
        self.writing = writing
        self.handing_over = handing_over

    def view(self, episode: ExperienceEpisode) -> ManagerView | RankingView:
        """Return the report with the memory, or the task with its candidates."""
        if episode.phase is Phase.HAND_OVER:
            return self.handing_over.view(episode)
        return self.writing.view(episode.episode)

    def render(self, view: ManagerView | RankingView) -> str:
        """Return the view as text, without instructions."""
        if isinstance(view, RankingView):
            return self.handing_over.format.render(view)
        return self.writing.format.render(view)

    def act(
        self,
        episode: ExperienceEpisode,
        view: ManagerView | RankingView,
        completion: str,
        *,
        is_cut: bool = False,
    ) -> None:
        """Write or hand over what the completion says. Never raises for what a model wrote.

        Args:
            episode: Whose phase it is.
            view: What the model was shown.
            completion: What it wrote.
            is_cut: Whether it reached its limit of tokens; see `parse_reply`.
        """
        if isinstance(view, RankingView):
            chosen = parse_reply(self.handing_over.format, completion, view, is_cut=is_cut)
            episode.hand_over(chosen.decision, malformed=_texts(chosen.errors))
        else:
            written = parse_reply(self.writing.format, completion, view, is_cut=is_cut)
            episode.write(written.decision, malformed=_texts(written.errors))


class AnswerTask:
    """The useful entries and the answer to each question.

    Args:
        format: How the policy is spoken to.
        retriever: Finds the entries that the policy is shown.
        max_entries: How many it finds.
    """

    def __init__(self, format: AnswerFormat, retriever: Retriever, max_entries: int) -> None:
        self.format = format
        self.retriever = retriever
        self.max_entries = max_entries

    def view(self, episode: RetrievalEpisode) -> AnswerView:
        """Return the question with what was retrieved for it."""
        question = episode.question
        if question is None:
            return AnswerView(None, None, ())
        retriever = for_stream(self.retriever, episode.context.speaker_of)
        hits = retriever.search(episode.store, question.text, self.max_entries)
        return AnswerView(question.text, question.time, tuple(hit.entry for hit in hits))

    def begin(
        self, episode: RetrievalEpisode, view: AnswerView, completion: str, *, is_cut: bool = False
    ) -> Begun:
        """Hand over the useful entries, with the policy's own answer."""
        parsed = parse_reply(self.format, completion, view, is_cut=is_cut)
        requests = episode.begin_step(parsed.decision.useful, malformed=_texts(parsed.errors))
        return Begun(requests, (Answer(parsed.decision.answer),))


def _texts(errors: Sequence[ParseError]) -> tuple[str, ...]:
    return tuple(map(str, errors))
