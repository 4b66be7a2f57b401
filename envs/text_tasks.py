"""What text policies do in an episode: a view out of its state, a step out of their completion.

The Gymnasium environments and the rollouts of language models are faces of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeVar

from .answering import Answer, AnswerRequest
from .episode import Episode
from .manager_episode import ManagerEpisode
from .memory.retrievers import Retriever
from .prompt_format import (
    AnswerFormat,
    AnswerView,
    ManagerFormat,
    ManagerView,
    ParseError,
    PromptFormat,
    RankingFormat,
    RankingView,
)
from .retrieval_episode import RetrievalEpisode
from .stream_env import select_candidates

EpisodeT = TypeVar("EpisodeT", bound=Episode, contravariant=True)
ViewT = TypeVar("ViewT")


class Begun(NamedTuple):
    """A step that was begun.

    Attributes:
        requests: The questions that an answerer has to answer.
        own_answers: Answers that the policy gave itself, to be handed to `finish_step` instead.
    """

    requests: tuple[AnswerRequest, ...]
    own_answers: tuple[Answer, ...] = ()


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

    def begin(self, episode: EpisodeT, view: ViewT, completion: str) -> Begun:
        """Begin the episode's step with what the completion says. Never raises for what a model wrote."""
        ...


class ManagerTask:
    """Operations on the store for each chunk."""

    def __init__(self, format: ManagerFormat) -> None:
        self.format = format

    def view(self, episode: ManagerEpisode) -> ManagerView:
        """Return the chunk and the whole store."""
        store = episode.store
        return ManagerView(episode.chunk, store.entries, store.capacity, store.tokens)

    def begin(self, episode: ManagerEpisode, view: ManagerView, completion: str) -> Begun:
        """Apply the operations; the questions that are due want answers."""
        parsed = self.format.parse(completion, view)
        return Begun(episode.begin_step(parsed.decision, malformed=_texts(parsed.errors)))


class RankingTask:
    """A ranking of candidates for each question.

    Args:
        format: How the policy is spoken to.
        max_candidates: Most candidates shown; None shows all. See `select_candidates`.
    """

    def __init__(self, format: RankingFormat, max_candidates: int | None) -> None:
        self.format = format
        self.max_candidates = max_candidates

    def view(self, episode: RetrievalEpisode) -> RankingView:
        """Return the question with its candidates."""
        question = episode.question
        if question is None:
            return RankingView(None, None, (), episode.top_k)
        shown = select_candidates(episode.store, question.text, self.max_candidates)
        return RankingView(question.text, question.time, shown, episode.top_k)

    def begin(self, episode: RetrievalEpisode, view: RankingView, completion: str) -> Begun:
        """Hand over the ranked entries; the question wants an answer."""
        parsed = self.format.parse(completion, view)
        return Begun(episode.begin_step(parsed.decision, malformed=_texts(parsed.errors)))


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
        hits = self.retriever.search(episode.store, question.text, self.max_entries)
        return AnswerView(question.text, question.time, tuple(hit.entry for hit in hits))

    def begin(self, episode: RetrievalEpisode, view: AnswerView, completion: str) -> Begun:
        """Hand over the useful entries, with the policy's own answer."""
        parsed = self.format.parse(completion, view)
        requests = episode.begin_step(parsed.decision.useful, malformed=_texts(parsed.errors))
        return Begun(requests, (Answer(parsed.decision.answer),))


def _texts(errors: Sequence[ParseError]) -> tuple[str, ...]:
    return tuple(map(str, errors))
