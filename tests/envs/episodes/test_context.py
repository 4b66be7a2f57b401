from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pytest

from builders import make_stream
from memdojo.envs.episodes import context as stream_context
from memdojo.envs.episodes import superseded
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.memory.embedders import HashedNgramEmbedder
from memdojo.envs.memory.token_counter import token_counter
from memdojo.envs.streams import load_streams
from memdojo.envs.streams.turn_features import FloatArray
from memdojo.envs.types import MemoryEntry, Question, Stream

TEXTS = ("I moved to Boston.", "Nice!", "My dog is called Oscar.", "Nice!", "I moved to Chicago.")


def stream(*questions: Question) -> Stream:
    said = [("Ann" if i % 2 == 0 else "Bob", text) for i, text in enumerate(TEXTS)]
    return make_stream(*said, questions=questions, time=datetime(2023, 5, 1), daily=True)


def entry(text: str, *sources: str) -> MemoryEntry:
    return MemoryEntry(1, "fact", text, None, 0, 0, sources)


def test_questions_are_due_after_their_chunk_and_at_the_end() -> None:
    early = Question("early", "Where?", ("Boston",), ask_after=2)
    late = Question("late", "Where?", ("Chicago",))
    last = Question("last", "Where?", ("Chicago",), ask_after=4)
    context = StreamContext(stream(late, early, last))
    assert context.due == {2: (early,), 4: (late, last)}


def test_an_entry_supports_its_sources_whose_words_it_still_holds() -> None:
    question = Question("q", "?", ("x",), evidence=frozenset({"t0", "t2"}))
    context = StreamContext(stream(question))
    assert context.supported_evidence(entry("Ann: I moved to Boston.", "t0")) == {"t0"}
    assert context.supported_evidence(entry("Ann moved to Boston; dog called Oscar", "t0", "t2")) == {
        "t0",
        "t2",
    }


def test_an_entry_supports_the_questions_that_it_answers_and_no_others() -> None:
    town = Question("town", "Where did Ann move?", ("Boston",), evidence=frozenset({"t0"}))
    who = Question("who", "Who moved?", ("Ann",), evidence=frozenset({"t0"}))
    retracted = Question("none", "Where?", (), evidence=frozenset({"t0"}), unanswerable=True)
    context = StreamContext(stream(town, who, retracted))
    vague = entry("Ann moved", "t0")
    assert context.evidence_for(town, vague) == frozenset()
    assert context.evidence_for(who, vague) == {"t0"}
    assert set(context.answerable(vague)) == {("t0", "who")}
    # Of an unanswerable question it is enough to hold what another needs.
    assert context.evidence_for(retracted, vague) == context.supported_evidence(vague) == {"t0"}


def test_an_entry_that_was_overwritten_supports_its_old_source_no_longer() -> None:
    question = Question("q", "?", ("x",), evidence=frozenset({"t0", "t2"}))
    context = StreamContext(stream(question))
    assert context.supported_evidence(entry("Something else entirely.", "t0", "t2")) == frozenset()


def test_words_without_provenance_support_nothing() -> None:
    question = Question("q", "?", ("x",), evidence=frozenset({"t0"}))
    assert (
        StreamContext(stream(question)).supported_evidence(entry("Ann: I moved to Boston.", "t4"))
        == frozenset()
    )


def test_turns_that_are_no_evidence_are_not_supported() -> None:
    question = Question("q", "?", ("x",), evidence=frozenset({"t0"}))
    context = StreamContext(stream(question))
    assert context.evidence_turns == {"t0"}
    assert context.supported_evidence(entry("Ann: My dog is called Oscar.", "t2")) == frozenset()


def test_questions_without_evidence_are_not_counted_as_such() -> None:
    with_evidence = Question("a", "?", ("x",), evidence=frozenset({"t0"}))
    context = StreamContext(stream(with_evidence, Question("b", "?", ("x",))))
    assert context.num_evidence_questions == 1


def test_stream_tokens_count_words_and_marks_of_the_rendered_turns() -> None:
    # "Ann : I moved to Boston ." 7, "Bob : Nice !" 4, "Ann : My dog is called Oscar ." 8, 4, 7.
    assert StreamContext(stream()).stream_tokens(token_counter(None)) == 7 + 4 + 8 + 4 + 7


def test_a_text_is_traced_to_its_turn_unless_several_turns_have_it() -> None:
    context = StreamContext(stream())
    documents = [context.corpus.document(text) for text in context.turn_texts]
    assert context.turn_of_document[documents].tolist() == [0, -1, 2, -1, 4]
    assert context.turn_of_document[-1] == -1


def test_similarities_are_the_cosines_with_earlier_turns() -> None:
    context, embedder = StreamContext(stream()), HashedNgramEmbedder(dim=32)
    vectors = context.embeddings(embedder)
    assert vectors.shape == (5, 32)
    turns = np.array([4, 0, 2, 2])
    cosines = context.similarities(embedder, 4, turns)
    np.testing.assert_allclose(cosines, vectors[turns] @ vectors[4], atol=1e-6)
    np.testing.assert_allclose(cosines[0], 1, atol=1e-6)
    assert context.similarities(embedder, 1, turns[:0]).shape == (0,)


@pytest.mark.parametrize("max_turns", [1, 100])
def test_similarities_are_the_same_by_blocks_kept_or_not(monkeypatch: Any, max_turns: int) -> None:
    monkeypatch.setattr(stream_context, "SIMILARITY_BLOCK", 2)
    monkeypatch.setattr(stream_context, "MAX_TURNS_WITH_SIMILARITIES", max_turns)
    context, embedder = StreamContext(stream()), HashedNgramEmbedder(dim=32)
    vectors = context.embeddings(embedder)
    for index in (0, 1, 4, 2, 3, 0):
        turns = np.arange(index + 1)
        expected = vectors[turns] @ vectors[index]
        np.testing.assert_allclose(context.similarities(embedder, index, turns), expected, atol=1e-6)
        among = np.tril(vectors[turns] @ vectors[turns].T, -1).max(axis=0, initial=0)
        np.testing.assert_allclose(context.superseded(embedder, turns), among, atol=1e-6)


def test_a_step_of_a_long_stream_looks_at_the_turns_of_the_store_alone(monkeypatch: Any) -> None:
    monkeypatch.setattr(stream_context, "MAX_TURNS_WITH_SIMILARITIES", 1)
    pairs: list[int] = []
    cosines = superseded._cosines

    def counted(rows: FloatArray, columns: FloatArray) -> FloatArray:
        pairs.append(len(rows) * len(columns))
        return cosines(rows, columns)

    monkeypatch.setattr(superseded, "_cosines", counted)
    (long,) = load_streams("synthetic:train", num_streams=1, num_sessions=40)
    context, embedder = StreamContext(long), HashedNgramEmbedder(dim=32)
    work = []
    for newest in range(10, len(context.turns)):
        pairs.clear()
        # The last ten turns: one comes and one goes.
        context.superseded(embedder, np.arange(newest - 10, newest))
        work.append(sum(pairs))
    assert max(work[1:]) <= 3 * 10
    assert np.mean(work[-100:]) <= np.mean(work[:100]) + 10


def test_features_of_a_turn_do_not_change_with_what_comes_later() -> None:
    whole = stream()
    head = Stream("s", "g", whole.chunks[:3], ())
    np.testing.assert_array_equal(StreamContext(head).turn_features, StreamContext(whole).turn_features[:3])
