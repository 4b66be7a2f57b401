from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from builders import make_stream
from memdojo.agents.engines.engine import Generation, GenerationRequest, StopReason
from memdojo.agents.engines.scripted_engine import ScriptedEngine
from memdojo.agents.language.policies import (
    LanguageAnswerAgent,
    LanguageManager,
    LanguageRetriever,
    PromptEncoder,
)
from memdojo.agents.language.tiny import train_tokenizer
from memdojo.envs.answering import Answer, AnswerRequest
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.memory.retrieval.candidates import CandidateOrder
from memdojo.envs.memory.retrieval.retrievers import make_retriever
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.prompts.brief import BriefFormat
from memdojo.envs.prompts.memsifter import BriefRankingFormat
from memdojo.envs.prompts.plain import PlainAnswerFormat, PlainRankingFormat
from memdojo.envs.prompts.protocol import AnswerView, ManagerView, RankingView, parse_reply
from memdojo.envs.streams.registry import load_streams
from memdojo.envs.types import Add, Capacity, Chunk, Delete, MemoryEntry, Noop, Stream, Turn
from memdojo.errors import ModelError

CHUNK = Chunk(2, (Turn("t9", "Bob", "Hello."),))
ENTRIES = tuple(
    # Entry 1 was written last of all.
    MemoryEntry(id, "turn", f"Ann: I said number {id} then.", None, 0, 9 if id == 1 else id, ("t0",))
    for id in range(1, 6)
)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return train_tokenizer(load_streams("synthetic:train", num_streams=20), 1024)


def _view(num: int = 5) -> ManagerView:
    return ManagerView(CHUNK, ENTRIES[:num], Capacity(max_entries=9), 0)


def _shown(encoder: PromptEncoder, view: Any) -> tuple[list[int], int]:
    prompt = encoder.encode(view)
    entries = prompt.view.candidates if isinstance(view, RankingView) else prompt.view.entries
    return [entry.id for entry in entries], prompt.num_left_out


def _length(tokenizer: Any, view: ManagerView) -> int:
    return len(PromptEncoder(tokenizer, BriefFormat(), 10_000).encode(view).ids)


def test_a_prompt_is_the_format_s_messages_in_the_tokenizer_s_chat_template(tokenizer: Any) -> None:
    encoder = PromptEncoder(tokenizer, BriefFormat(), 1000)
    prompt = encoder.encode(_view(1))
    text = "MEMORY 1/9\n1 Ann: I said number 1 then.\nNEW\na Bob: Hello."
    assert encoder.decode_prompt(prompt.ids) == f"<|user|>{text}<|end|><|assistant|>"
    assert prompt.num_left_out == 0


def test_a_prompt_that_is_too_long_loses_whole_entries_the_longest_unwritten_first(tokenizer: Any) -> None:
    full, without_one = _length(tokenizer, _view(5)), _length(tokenizer, _view(4))
    assert _shown(PromptEncoder(tokenizer, BriefFormat(), full), _view()) == ([1, 2, 3, 4, 5], 0)
    assert _shown(PromptEncoder(tokenizer, BriefFormat(), full - 1), _view()) == ([1, 3, 4, 5], 1)
    assert _shown(PromptEncoder(tokenizer, BriefFormat(), without_one - 1), _view()) == ([1, 4, 5], 2)


@pytest.mark.parametrize("limit", range(28, 80))
def test_no_more_entries_are_left_out_than_must_be(tokenizer: Any, limit: int) -> None:
    prompt = PromptEncoder(tokenizer, BriefFormat(), limit).encode(_view())
    assert len(prompt.ids) <= limit
    if prompt.num_left_out:
        one_more = len(prompt.view.entries) + 1
        newest = sorted(ENTRIES, key=lambda entry: entry.updated_step)[5 - one_more :]
        entries = tuple(sorted(newest, key=lambda entry: entry.id))
        shown = ManagerView(CHUNK, entries, Capacity(max_entries=9), 0)
        assert _length(tokenizer, shown) > limit


def test_a_chunk_that_does_not_fit_even_alone_is_an_error(tokenizer: Any) -> None:
    with pytest.raises(ModelError, match=r"17 tokens without any entry .*max_prompt_tokens is 12; raise it"):
        PromptEncoder(tokenizer, BriefFormat(), 12).encode(_view())


def test_rankings_lose_what_was_said_first_and_answer_agents_what_was_ranked_last(tokenizer: Any) -> None:
    ranking = RankingView("Who?", None, ENTRIES, 3)
    answer = AnswerView("Who?", None, ENTRIES)
    for format, view, left in (
        (PlainRankingFormat(), ranking, [2, 3, 4, 5]),
        (PlainAnswerFormat(), answer, [1, 2, 3, 4]),
    ):
        full = len(PromptEncoder(tokenizer, format, 10_000).encode(view).ids)
        assert _shown(PromptEncoder(tokenizer, format, full - 1), view) == (left, 1)


def test_a_reply_ends_with_the_token_that_ends_a_turn(tokenizer: Any) -> None:
    encoder = PromptEncoder(tokenizer, BriefFormat(), 100)
    ids = encoder.encode_reply("KEEP a 12")
    assert ids[-1] == tokenizer.eos_token_id
    assert encoder.decode(ids) == "KEEP a 12"


def test_where_the_template_opens_a_thought_a_taught_reply_closes_it_and_a_cut_one_is_thought(
    tokenizer: Any,
) -> None:
    opening = copy.deepcopy(tokenizer)
    opening.chat_template += "{{ '<think>\n' }}"
    encoder = PromptEncoder(opening, BriefFormat(), 1000)
    view, prompt = _view(), encoder.encode(_view())
    taught = encoder.encode_reply("KEEP a\nDROP 1")
    assert encoder.decode(taught) == "</think>\n\nKEEP a\nDROP 1"
    thinking = tuple(opening.encode("KEEP a\nDROP 1\n", add_special_tokens=False))
    for ids, reason, num in (
        (taught, StopReason.END, 2),
        (taught[:-1], StopReason.LENGTH, 1),
        (thinking, StopReason.LENGTH, 0),
        (thinking, StopReason.END, 2),
    ):
        generation = Generation(ids, (), reason, 0)
        completion = encoder.completion(prompt, generation)
        parsed = parse_reply(encoder.format, completion, view, is_cut=generation.is_cut)
        assert len(parsed.decision) == num


def _engine(tokenizer: Any, reply: str | Callable[[str], str]) -> ScriptedEngine:
    encoder = PromptEncoder(tokenizer, BriefFormat(), 10_000)

    def script(prompt_ids: tuple[int, ...]) -> tuple[int, ...]:
        text = reply if isinstance(reply, str) else reply(encoder.decode_prompt(prompt_ids))
        return encoder.encode_reply(text)

    return ScriptedEngine(script)


def test_a_manager_acts_greedily_and_leaves_out_what_means_nothing(tokenizer: Any) -> None:
    engine = _engine(tokenizer, lambda prompt: "KEEP b\nhm" if "MEMORY 0/2" in prompt else "DROP 1\nNOOP")
    encoder = PromptEncoder(tokenizer, BriefFormat(), 500)
    manager = LanguageManager(engine, encoder, max_response_tokens=16, turns_per_chunk=2)
    stream = make_stream(*(f"Fact number {index}." for index in range(4)), turns_per_chunk=2)
    episode = ManagerEpisode(StreamContext(stream), Capacity(max_entries=2))
    (operations,) = manager.act([episode])
    assert operations == (Add("Ann: Fact number 1.", ("t1",), None, "turn"),)
    episode.step(operations)
    (kept,) = episode.store.entries
    assert manager.last_completions() == ["KEEP b\nhm"]
    assert manager.act([episode]) == [(Delete(kept.id), Noop())]
    assert manager.last_completions() == ["DROP 1\nNOOP"]
    assert {type(request) for request in engine.requests} == {GenerationRequest}
    assert {request.temperature for request in engine.requests} == {0.0}
    assert {request.max_tokens for request in engine.requests} == {16}


def test_a_manager_is_shown_the_related_entries_alone(tokenizer: Any) -> None:
    prompts: list[str] = []

    def reply(prompt: str) -> str:
        prompts.append(prompt)
        return "DROP 1"

    encoder, engine = PromptEncoder(tokenizer, BriefFormat(), 1000), _engine(tokenizer, reply)
    manager = LanguageManager(engine, encoder, max_response_tokens=16, turns_per_chunk=1, related_entries=1)
    chunks = (
        Chunk(0, (Turn("a", "Ann", "Good morning."),)),
        Chunk(1, (Turn("b", "Bob", "The canoe is red."),)),
    )
    episode = ManagerEpisode(StreamContext(Stream("s", "g", chunks, ())), Capacity())
    episode.step([Add(text, ("a",)) for text in ("Sue bakes", "the canoe is blue", "Tom sings")])
    # The canoe is entry 2 of the store and line 1 of the prompt.
    assert manager.act([episode]) == [(Delete(2),)]
    assert "MEMORY 3\n1 the canoe is blue\nNEW\na Bob: The canoe is red." in prompts[0]


def test_a_retriever_returns_its_ranking_and_nothing_for_a_malformed_one(tokenizer: Any) -> None:
    store = MemoryStore()
    for text in ("Ann likes tea", "Bob likes tea", "Ann is tall"):
        store.apply(Add(text, ("t0",)), 0)
    ids = [entry.id for entry in store.entries]
    encoder = PromptEncoder(tokenizer, PlainRankingFormat(), 500)
    retriever = LanguageRetriever(
        _engine(tokenizer, "3, 1, 2"), encoder, max_response_tokens=16, max_candidates=9
    )
    hits = retriever.search(store, "Who is tall?", 2)
    assert [(hit.entry.id, hit.score) for hit in hits] == [(ids[2], 2.0), (ids[0], 1.0)]
    malformed = LanguageRetriever(_engine(tokenizer, "7"), encoder, max_response_tokens=16, max_candidates=9)
    assert malformed.search(store, "Who is tall?", 2) == ()
    assert malformed.search(MemoryStore(), "Who is tall?", 2) == ()


def test_a_retrievers_pre_filter_chooses_what_it_is_shown_and_what_stays(tokenizer: Any) -> None:
    store = MemoryStore()
    for number in range(6):
        store.apply(Add(f"Ann was seen {number} times, and said so.", ("t0",)), number)
    ids = [entry.id for entry in store.entries]

    def found(max_prompt_tokens: int, prefilter: str, reply: str) -> list[int]:
        retriever = LanguageRetriever(
            _engine(tokenizer, reply),
            PromptEncoder(tokenizer, BriefRankingFormat(), max_prompt_tokens),
            max_response_tokens=16,
            max_candidates=4,
            prefilter=make_retriever(prefilter),
        )
        return [hit.entry.id for hit in retriever.search(store, "Was Ann seen 1 times?", 9)]

    # Candidates are numbered in the order of their ids, whoever chose them.
    assert found(500, "recency", "1,2,3,4") == ids[2:]
    assert found(500, "bm25", "1,2,3,4")[:2] == [ids[0], ids[1]]
    # There is room for two: those that the pre-filter ranks first.
    room = len(PromptEncoder(tokenizer, BriefRankingFormat(), 500).encode(_ranking(store, 2)).ids)
    assert found(room, "recency", "1,2") == ids[4:]


def test_a_retriever_numbers_its_candidates_in_the_order_in_which_it_was_trained(tokenizer: Any) -> None:
    store = MemoryStore()
    for number in range(3):
        store.apply(Add(f"Ann was seen {number} times.", ("t0",)), number)
    retriever = LanguageRetriever(
        _engine(tokenizer, "1,2"),
        PromptEncoder(tokenizer, BriefRankingFormat(), 500),
        max_response_tokens=16,
        max_candidates=3,
        prefilter=make_retriever("recency"),
        candidate_order=CandidateOrder.PREFILTER,
    )
    newest_first = [entry.id for entry in reversed(store.entries)]
    assert [hit.entry.id for hit in retriever.search(store, "Was Ann seen?", 2)] == newest_first[:2]


def _ranking(store: MemoryStore, num: int) -> RankingView:
    return RankingView("Was Ann seen 1 times?", None, store.entries[-num:], 9)


def test_an_answer_agent_answers_what_it_is_asked_in_one_batch(tokenizer: Any) -> None:
    encoder = PromptEncoder(tokenizer, PlainAnswerFormat(), 500)
    engine = _engine(tokenizer, lambda prompt: "USE 1\nANSWER tea" if "likes" in prompt else "no idea")
    agent = LanguageAnswerAgent(engine, encoder, max_response_tokens=32)
    requests = [AnswerRequest("What?", ("Ann likes tea",)), AnswerRequest("Who?", ())]
    assert agent.answer(requests) == [Answer("tea"), Answer("")]
    assert "plain" in agent.fingerprint
