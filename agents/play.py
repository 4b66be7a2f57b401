"""The loop that plays episodes with a policy, shared by evaluation and training."""

from __future__ import annotations

from collections.abc import Sequence

from memdojo.envs.answering import Answerer, AnswerRequest
from memdojo.envs.episodes.base import finish_together
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.retrieval import RetrievalEpisode
from memdojo.envs.memory.retrieval.protocol import Retriever, Search, SearchesTogether
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.types import Hit
from memdojo.errors import RoleError
from memdojo.rewards.outcomes import EpisodeOutcome

from .policy import ManagerPolicy


def play_manager(
    policy: ManagerPolicy,
    episodes: Sequence[ManagerEpisode],
    answerer: Answerer | None = None,
    *,
    until_step: int | None = None,
) -> list[EpisodeOutcome]:
    """Play all episodes to their end; the questions that fall due together are answered in one batch.

    Args:
        policy: Decides for all episodes that still go on at once.
        episodes: Played side by side.
        answerer: The answerer with which the episodes were built; None if they have none.
        until_step: Stop before this step instead.
    """

    def goes_on(episode: ManagerEpisode) -> bool:
        return not episode.ended and (until_step is None or episode.step_index < until_step)

    active = [episode for episode in episodes if goes_on(episode)]
    while active:
        operations = policy.act(active)
        for episode, chosen in zip(active, operations, strict=True):
            episode.write(chosen)
        finish_together(active, read_together(active), answerer)
        active = [episode for episode in active if goes_on(episode)]
    return [episode.outcome() for episode in episodes]


def read_together(episodes: Sequence[ManagerEpisode]) -> list[tuple[AnswerRequest, ...]]:
    """Let episodes that have written read for their questions, and return what each `read` returns.

    Args:
        episodes: Where one retriever, which can, serves all of them, it is asked once.
    """
    retriever = episodes[0].retriever
    is_shared = all(episode.retriever is retriever for episode in episodes)
    if not isinstance(retriever, SearchesTogether) or not is_shared:
        return [episode.read() for episode in episodes]
    reading = [(episode, question) for episode in episodes if not episode.failure for question in episode.due]
    found = retriever.search_together(
        [Search(episode.store, question.text, episode.top_k) for episode, question in reading]
    )
    hits: dict[int, list[tuple[Hit, ...]]] = {id(episode): [] for episode in episodes}
    for (episode, _), result in zip(reading, found, strict=True):
        if isinstance(result, RoleError):
            episode.fail(str(result))
        else:
            hits[id(episode)].append(result)
    return [episode.read(hits[id(episode)]) for episode in episodes]


def play_memory(policy: ManagerPolicy, episodes: Sequence[ManagerEpisode]) -> list[dict[str, MemoryStore]]:
    """Play all episodes and return, for each, the store at the time of each question, by question id.

    Args:
        policy: Decides for all episodes that still go on at once.
        episodes: Played side by side, to their end, without an answerer.

    Raises:
        RoleError: If the policy fails.
    """
    stores: list[dict[str, MemoryStore]] = [{} for _ in episodes]
    active = list(zip(episodes, stores, strict=True))
    while active := [pair for pair in active if not pair[0].ended]:
        operations = policy.act([episode for episode, _ in active])
        for (episode, by_question), chosen in zip(active, operations, strict=True):
            due = () if episode.chunk is None else episode.context.due.get(episode.chunk.index, ())
            episode.begin_step(chosen)
            if episode.failure:
                raise RoleError(episode.failure)
            if due:
                # Questions that are due together share a store, which is not written to.
                by_question |= dict.fromkeys((question.id for question in due), episode.store.fork())
            episode.finish_step(())
    return stores


def play_retrieval(
    retriever: Retriever, episodes: Sequence[RetrievalEpisode], answerer: Answerer | None = None
) -> list[EpisodeOutcome]:
    """Rank the candidates of every question of all episodes by what the retriever returns."""
    active = [episode for episode in episodes if not episode.ended]
    while active:
        requests = [episode.begin_step(_rank(retriever, episode)) for episode in active]
        finish_together(active, requests, answerer)
        active = [episode for episode in active if not episode.ended]
    return [episode.outcome() for episode in episodes]


def _rank(retriever: Retriever, episode: RetrievalEpisode) -> list[int]:
    question = episode.question
    assert question is not None  # The episode is active.
    return [hit.entry.id for hit in retriever.search(episode.store, question.text, episode.top_k)]
