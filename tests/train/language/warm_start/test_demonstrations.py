from __future__ import annotations

from typing import Any

import pytest

from builders import make_store
from memdojo.agents.baselines.registry import make_baseline
from memdojo.agents.designs.registry import make_design
from memdojo.agents.designs.running.policy import DesignManager
from memdojo.agents.designs.running.text import DecisionTask
from memdojo.agents.language.policies import PromptEncoder
from memdojo.envs.answering import ExtractiveAnswerer
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.limits import CapacitySettings
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.memory.retrieval.retrievers import BM25Retriever
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.prompts.brief import BriefFormat
from memdojo.envs.prompts.decisions import BriefDecisionFormat
from memdojo.envs.prompts.plain import PlainAnswerFormat, PlainFormat, PlainRankingFormat
from memdojo.envs.prompts.tasks import AnswerTask, ManagerTask, RankingTask
from memdojo.envs.streams.chunking import rechunk
from memdojo.envs.streams.registry import load_streams
from memdojo.envs.types import Add, Delete, Noop, Relink, Stream, Update
from memdojo.rewards.metrics import NO_INFORMATION
from memdojo.train.language.warm_start.demonstrations import (
    answer_demonstrations,
    decision_demonstrations,
    manager_demonstrations,
    operations_between,
    retriever_demonstrations,
)

from ..conftest import OPTIONS


def _streams(turns_per_chunk: int = 1, num: int = 3) -> list[Stream]:
    return [
        rechunk(each, turns_per_chunk) for each in load_streams("synthetic:train", num_streams=num, **OPTIONS)
    ]


def _store(*texts: str, max_entries: int = 3) -> MemoryStore:
    return make_store(*(Add(text, (text,)) for text in texts), max_entries=max_entries)


def _ids(store: MemoryStore) -> list[int]:
    return [entry.id for entry in store.entries]


def test_equal_stores_lie_a_noop_apart() -> None:
    store = _store("a", "b")
    assert operations_between(store, store.fork(), {}, 9) == (Noop(),)


def test_links_go_with_the_entries_by_the_names_that_these_have_there() -> None:
    before = _store("a", "b", "c", max_entries=9)
    before.apply(Relink(3, (1,)), 0)
    after = before.fork()
    for operation in (Relink(1, (2,)), Add("d", ("d",)), Relink(4, (1, 2)), Update(2, "e"), Delete(3)):
        assert after.apply(operation, 1).applied
    operations = operations_between(before, after, {1: 11, 2: 12, 3: 13}, 20)
    assert operations == (
        Delete(13),
        Update(12, "e"),
        Add("d", ("d",)),
        Relink(11, (12,)),
        Relink(20, (11, 12)),
    )


def test_links_that_leave_with_their_entry_take_no_operation() -> None:
    before = _store("a", "b")
    before.apply(Relink(1, (2,)), 0)
    after = before.fork()
    after.apply(Delete(2), 1)
    assert operations_between(before, after, {}, 3) == (Delete(2),)


def test_an_entry_leaves_with_an_add_where_the_store_is_full_and_by_a_delete_elsewhere() -> None:
    before = _store("a", "b", "c")
    first, second, _ = _ids(before)
    after = before.fork()
    after.apply(Delete(first), 1)
    after.apply(Delete(second), 1)
    after.apply(Add("d", ("d",)), 1)
    assert operations_between(before, after, {}, 9) == (Delete(first), Delete(second), Add("d", ("d",)))
    after.apply(Add("e", ("e",)), 1)
    assert operations_between(before, after, {}, 9) == (
        Add("d", ("d",), evicts=(first,)),
        Add("e", ("e",), evicts=(second,)),
    )


def test_a_text_that_is_too_long_for_the_place_of_an_entry_follows_deletes() -> None:
    # Of four tokens: the first entry's place would take one of the two new texts, and the second's the other.
    before = make_store(Add("a", ("a",)), Add("b b b", ("b",)), max_entries=2, max_tokens=4)
    first, second = _ids(before)
    after = before.fork()
    for operation in (Delete(first), Delete(second), Add("c c c", ("c",)), Add("d", ("d",))):
        assert after.apply(operation, 1).applied
    operations = operations_between(before, after, {}, 9)
    assert operations == (Delete(first), Delete(second), Add("c c c", ("c",)), Add("d", ("d",)))
    for operation in operations:
        assert before.apply(operation, 1).applied


def test_an_update_brings_its_new_sources_and_entries_are_called_by_the_pupil_s_ids() -> None:
    before = _store("a", "b")
    first, second = _ids(before)
    after = before.fork()
    after.apply(Update(first, "A", ("t9",)), 1)
    after.apply(Delete(second), 1)
    operations = operations_between(before, after, {first: 70, second: 71}, 9)
    assert operations == (Delete(71), Update(70, "A", ("t9",)))


@pytest.mark.parametrize("teacher", ["oracle", "recency", "similarity", "random"])
@pytest.mark.parametrize("turns_per_chunk", [1, 2, 5])
def test_the_replies_lead_a_pupil_to_the_teacher_s_store(
    teacher: str, turns_per_chunk: int, tokenizer: Any
) -> None:
    task = ManagerTask(PlainFormat())
    encoder = PromptEncoder(tokenizer, task.format, 4000)
    rules = EpisodeRules(capacity=CapacitySettings(max_entries=3))
    for stream in _streams(turns_per_chunk):
        demonstrations = manager_demonstrations(
            [stream], make_baseline(teacher), task, encoder, rules, seed=7
        )
        assert len(demonstrations.examples) == len(stream.chunks)
        assert demonstrations.num_without_words == 0
        student = rules.manager(StreamContext(stream), seed=0)
        for example in demonstrations.examples:
            prompt = encoder.encode(task.view(student))
            assert prompt.ids == example.prompt_ids
            task.begin(student, prompt.view, encoder.decode(example.reply_ids))
            student.finish_step(())
            assert all(result.applied for result in student.results)
        taught = rules.manager(StreamContext(rechunk(stream, 1)), seed=7)
        policy = make_baseline(teacher)
        while not taught.ended:
            (operations,) = policy.act([taught])
            taught.step(operations)
        assert sorted(entry.text for entry in student.store) == sorted(entry.text for entry in taught.store)


def test_a_decision_that_the_format_has_no_words_for_is_left_out_and_counted(tokenizer: Any) -> None:
    task = ManagerTask(BriefFormat())
    # Two entries fit, so that a third can be named only where it is shown.
    encoder = PromptEncoder(tokenizer, task.format, 120)
    demonstrations = manager_demonstrations(
        _streams(num=6),
        make_baseline("recency"),
        task,
        encoder,
        EpisodeRules(capacity=CapacitySettings(max_entries=6)),
        seed=0,
    )
    assert demonstrations.num_without_words > 0
    assert len(demonstrations.examples) + demonstrations.num_without_words == 6 * 12


def test_a_retriever_is_taught_to_name_the_evidence_first(tokenizer: Any) -> None:
    task = RankingTask(PlainRankingFormat(), max_candidates=12)
    encoder = PromptEncoder(tokenizer, task.format, 4000)
    streams = _streams()
    demonstrations = retriever_demonstrations(streams, task, encoder, EpisodeRules(top_k=3))
    assert len(demonstrations.examples) == sum(len(stream.questions) for stream in streams)
    replies = [encoder.decode(example.reply_ids).split(", ") for example in demonstrations.examples]
    assert all(1 <= len(reply) <= 3 for reply in replies)


def test_an_answer_agent_is_taught_the_reference_answers(tokenizer: Any) -> None:
    task = AnswerTask(PlainAnswerFormat(), BM25Retriever(), max_entries=5)
    encoder = PromptEncoder(tokenizer, task.format, 4000)
    (stream,) = _streams(num=1)
    demonstrations = answer_demonstrations([stream], task, encoder, EpisodeRules(top_k=5))
    said = {
        encoder.decode(example.reply_ids).partition("\nANSWER ")[2] for example in demonstrations.examples
    }
    expected = {
        NO_INFORMATION if question.unanswerable else question.answers[0] for question in stream.questions
    }
    assert said == expected


def test_a_design_s_decisions_are_shown_by_its_rule_and_now_and_then_by_another(tokenizer: Any) -> None:
    manager = DesignManager(make_design("re_me"), embedder="hashed_ngrams")
    task = DecisionTask(BriefDecisionFormat(), manager, frozenset({"store"}))
    encoder = PromptEncoder(tokenizer, task.format, 200)
    rules = EpisodeRules(
        capacity=CapacitySettings(max_entries=3), answerer=ExtractiveAnswerer(), retriever=manager.retriever
    )
    shown = decision_demonstrations(_streams(num=12), task, encoder, rules, seed=4)
    assert shown.num_without_words == 0
    assert len(shown.examples) > 100
    follows = []
    for example in shown.examples:
        prompt, reply = encoder.decode_prompt(example.prompt_ids), encoder.decode(example.reply_ids)
        assert prompt.startswith("<|user|>DECISION store\nABOUT ")
        assert reply in ("1", "2")
        follows.append(f"RULE {reply}<" in prompt)
    assert 0.8 < sum(follows) / len(follows) < 1
    again = decision_demonstrations(_streams(num=12), task, encoder, rules, seed=4)
    assert again.examples == shown.examples
