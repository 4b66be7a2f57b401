import gzip
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from builders import make_stream
from memdojo.agents.baselines.registry import NamedRetriever, make_baseline, make_retriever_baseline
from memdojo.agents.baselines.rules import ScriptedRule
from memdojo.agents.compact.manager import CompactManager, new_manager_network
from memdojo.agents.policy import ManagerPolicy
from memdojo.envs.answering import Answer, AnswerRequest, ExtractiveAnswerer
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.features.manager import FeatureSettings, ManagerFeatures
from memdojo.envs.memory.retrieval.retrievers import BM25Retriever
from memdojo.envs.streams.registry import load_streams
from memdojo.envs.types import Add, Noop, Operation, Question, Stream, Turn, Update
from memdojo.errors import ConfigError, DataError
from memdojo.eval.playing.evaluate import evaluate_manager
from memdojo.eval.playing.settings import EvalSettings
from memdojo.eval.records.files import (
    EPISODES,
    EpisodeFile,
    EpisodeFolder,
    read_conditions,
    read_episodes,
    read_streams,
)
from memdojo.eval.records.plain_values import from_plain, to_plain
from memdojo.eval.records.types import EpisodeRecord
from memdojo.eval.run import run_evaluation

LINES = ("red apple", "green pear", "blue plum")


def fruit_stream(id: str = "fruit") -> Stream:
    questions = (
        Question("q1", "apple?", ("red",), "colour", frozenset({"t0"}), ask_after=1),
        Question("q2", "plum or pear?", ("blue",), "colour", frozenset({"t1", "t2"})),
    )
    return make_stream(
        *(("Ana", line) for line in LINES),
        questions=questions,
        id=id,
        group=f"group of {id}",
        source="made by hand",
        time=datetime(2024, 1, 1),
    )


SCRIPT: list[tuple[Operation, ...]] = [
    (Add("Ana: red apple", ("t0",)),),
    (Update(1, "Ana: green pear", ("t1",)),),
    (Add("Ana: blue plum", ("t2",), evicts=(1,)),),
]


def record_of(policy: ManagerPolicy, tmp_path: Path, **settings: object) -> EpisodeRecord:
    run_evaluation([policy], [fruit_stream()], EvalSettings(**settings), folder=tmp_path, num_resamples=10)  # type: ignore[arg-type]
    return next(record for record in read_episodes(tmp_path) if record.policy == policy.name)


def test_a_record_says_what_each_operation_did_and_what_each_question_found(tmp_path: Path) -> None:
    record = record_of(ScriptedRule(SCRIPT, name="mine"), tmp_path, max_entries=1)
    assert [step.turns for step in record.steps] == [("t0",), ("t1",), ("t2",)]
    update, add = record.steps[1].operations[0], record.steps[2].operations[0]
    assert update.kind == Update.kind
    assert update.before is not None
    assert update.after is not None
    assert (update.before.entry.text, update.after.entry.text) == ("Ana: red apple", "Ana: green pear")
    # The pear keeps the apple's turn among its sources, but not its words.
    assert (update.before.supports, update.after.supports) == (("t0",), ("t1",))
    assert [entry.entry.id for entry in add.evicted] == [1]
    (question,) = record.steps[2].questions
    assert [hit.entry.text for hit in question.hits] == ["Ana: blue plum"]
    assert question.hits[0].score > 0
    assert [step.num_entries for step in record.steps] == [1, 1, 1]


def test_stored_evidence_that_was_not_retrieved_has_its_rank_in_the_full_ranking(tmp_path: Path) -> None:
    class Backwards:
        def search(self, store, query, k):  # type: ignore[no-untyped-def]
            return store.best(-store.documents.astype(float), k)

    script = [(Add(f"Ana: {line}", (f"t{index}",)),) for index, line in enumerate(LINES)]
    policy = ScriptedRule(script, name="mine")
    retriever = NamedRetriever.of("backwards", Backwards())
    record = record_of(policy, tmp_path, top_k=1, retriever=retriever)
    # The documents of turns are numbered in their order, so the first turn comes first.
    assert record.steps[1].questions[0].ranks == {}
    assert record.steps[2].questions[0].ranks == {"t1": 2, "t2": 3}
    unranked = record_of(
        policy, tmp_path / "words", top_k=1, retriever=NamedRetriever.of("bm25", BM25Retriever())
    )
    # Both entries share a word with the question; the earlier one is returned.
    assert unranked.steps[2].questions[0].ranks == {"t2": 2}


def test_a_retriever_that_is_dear_to_ask_is_asked_once(tmp_path: Path) -> None:
    class Dear:
        ranks_all = False

        def __init__(self) -> None:
            self.asked: list[int] = []

        def search(self, store, query, k):  # type: ignore[no-untyped-def]
            self.asked.append(k)
            return ()

    dear = Dear()
    script = [(Add(f"Ana: {line}", (f"t{index}",)),) for index, line in enumerate(LINES)]
    record = record_of(
        ScriptedRule(script, name="mine"), tmp_path, top_k=1, retriever=NamedRetriever.of("dear", dear)
    )
    # Two questions, three policies.
    assert dear.asked == [1] * 6
    assert record.steps[2].questions[0].ranks == {"t1": None, "t2": None}


def test_records_survive_the_way_to_plain_values_and_back() -> None:
    stream = load_streams("synthetic:test", num_streams=1, num_sessions=2, num_facts=5, num_questions=4)[0]
    plain = json.loads(json.dumps(to_plain(stream)))
    assert from_plain(Stream, plain) == stream
    assert to_plain(Question("q", "t", ("a",), evidence=frozenset({"b", "a"})))["evidence"] == ["a", "b"]
    # What stands at its default is left out, and what a later version wrote is passed over.
    assert "unanswerable" not in plain["questions"][0]
    turn = from_plain(Turn, {"id": "t", "speaker": "A", "text": "hi", "mood": "good"})
    assert turn == Turn("t", "A", "hi")
    with pytest.raises(DataError, match="not a record of the kind Turn: text"):
        from_plain(Turn, {"id": "t", "speaker": "A"})


def test_recorded_episodes_give_the_same_rows_and_the_same_bytes(tmp_path: Path) -> None:
    streams = load_streams("synthetic:test", num_streams=2, num_sessions=2, num_facts=5, num_questions=4)
    settings = EvalSettings(capacity_share=0.3, answerer=ExtractiveAnswerer())

    def run(folder: Path) -> tuple[bytes, str]:
        report = run_evaluation([make_baseline("random")], streams, settings, folder=folder, num_resamples=10)
        return (folder / EPISODES).read_bytes(), report.evaluation.questions.to_csv()

    first, again = run(tmp_path / "a"), run(tmp_path / "a")
    assert first == again
    lines = [json.loads(line) for line in gzip.decompress(first[0]).splitlines()]
    assert lines[0]["conditions"]["top_k"] == 10
    # Three seeds of random, and the two bounds, on two streams.
    assert len(lines) == 1 + (3 + 1 + 1) * 2
    assert read_streams(tmp_path / "a") == streams


def test_an_evaluation_goes_on_where_it_stopped(tmp_path: Path) -> None:
    played: list[str] = []

    class Counted(ScriptedRule):
        def act(self, episodes: Sequence[ManagerEpisode]) -> list[tuple[Operation, ...]]:
            played.extend(episode.context.stream.id for episode in episodes if episode.step_index == 0)
            return super().act(episodes)

    def run(streams: Sequence[Stream], fingerprint: str = "a") -> None:
        run_evaluation(
            [Counted(SCRIPT, name="mine")],
            streams,
            folder=EpisodeFolder(tmp_path, {"mine": fingerprint}),
            num_resamples=10,
        )

    first, second = fruit_stream("first"), fruit_stream("second")
    run([first])
    run([first, second])
    assert played == ["first", "second"]
    # A process that is killed while it writes leaves half a line; only that episode is played again.
    path = tmp_path / EPISODES
    path.write_bytes(path.read_bytes()[:-10])
    run([first, second])
    # The last episode was the oracle's.
    assert played == ["first", "second"]
    assert len(gzip.decompress(path.read_bytes()).splitlines()) == 1 + 3 * 2
    run([first], fingerprint="other weights")
    assert played == ["first", "second", "first"]


class Flaky:
    """Fails at the first time that it is asked about the plum."""

    fingerprint = "flaky"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        answers = []
        for request in requests:
            fails = "plum" in request.question and request.question not in self.asked
            self.asked.append(request.question)
            answers.append(Answer(None, "timed out") if fails else Answer("blue"))
        return answers


def test_only_questions_that_could_not_be_answered_are_asked_again(tmp_path: Path) -> None:
    answerer = Flaky()
    settings = EvalSettings(answerer=answerer, max_unscored=0.5)
    policy = ScriptedRule(SCRIPT, name="mine")
    first = run_evaluation([policy], [fruit_stream()], settings, folder=tmp_path, num_resamples=10)
    assert first.evaluation.of("mine")["score"].isna().tolist() == [False, True]
    answerer.asked.clear()
    answerer.asked.append("plum or pear?")
    second = run_evaluation([policy], [fruit_stream()], settings, folder=tmp_path, num_resamples=10)
    assert answerer.asked[1:] == ["plum or pear?"]
    assert second.evaluation.of("mine")["score"].tolist() == [0.0, 1.0]


def test_episodes_of_other_conditions_or_streams_are_refused_or_replaced(tmp_path: Path) -> None:
    policy = ScriptedRule(SCRIPT, name="mine")
    run_evaluation([policy], [fruit_stream()], EvalSettings(top_k=3), folder=tmp_path, num_resamples=10)
    with pytest.raises(ConfigError, match="played with top_k = 3, and now it is 4"):
        run_evaluation([policy], [fruit_stream()], EvalSettings(top_k=4), folder=tmp_path)
    # What only reads the episodes may change.
    changed = EvalSettings(top_k=3, ranks=(1,), score="recall@1", failed_below=0.9)
    run_evaluation([policy], [fruit_stream()], changed, folder=tmp_path, num_resamples=10)
    shorter = fruit_stream()
    shorter = Stream(shorter.id, shorter.group, shorter.chunks, shorter.questions[:1], shorter.source)
    with pytest.raises(ConfigError, match="another stream 'fruit'"):
        run_evaluation([policy], [shorter], EvalSettings(top_k=3), folder=tmp_path)
    anew = EpisodeFolder(tmp_path, replace_others=True)
    run_evaluation([policy], [shorter], EvalSettings(top_k=4), folder=anew, num_resamples=10)
    assert read_conditions(tmp_path)["top_k"] == 4
    assert {len(record.outcome.questions) for record in read_episodes(tmp_path)} == {1}


def test_damaged_and_missing_files_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist; give a folder that memdojo eval --out wrote"):
        list(read_episodes(tmp_path))
    (tmp_path / EPISODES).write_bytes(b"no gzip at all")
    with pytest.raises(DataError, match="is damaged"):
        EpisodeFile(tmp_path, {}, [fruit_stream()])
    (tmp_path / EPISODES).write_bytes(gzip.compress(b'{"version": 99, "conditions": {}}\n'))
    with pytest.raises(DataError, match="has version 99"):
        EpisodeFile(tmp_path, {}, [fruit_stream()])


def test_retrievers_are_recorded_by_what_they_find(tmp_path: Path) -> None:
    run_evaluation([make_retriever_baseline("bm25")], [fruit_stream()], folder=tmp_path, num_resamples=10)
    record = next(record for record in read_episodes(tmp_path) if record.policy == "bm25")
    assert [step.num_entries for step in record.steps] == [2, 3]
    assert [hit.entry.sources for hit in record.steps[0].questions[0].hits] == [("t0",)]


def test_a_compact_manager_tells_what_it_thought_of_its_choices(tmp_path: Path) -> None:
    features = ManagerFeatures(FeatureSettings(num_candidates=4, embedder="hashed_ngrams"))
    record = record_of(CompactManager(new_manager_network(features, 8, 0), features, name="mine"), tmp_path)
    first, second = record.steps[0].choices, record.steps[1].choices
    assert {choice.kind for choice in first} == {Noop.kind, Add.kind}
    assert sum(choice.probability for choice in first) == pytest.approx(1)
    for step, choices in zip(record.steps, (first, second), strict=False):
        taken = [choice for choice in choices if choice.is_taken]
        assert [choice.kind for choice in taken] == [step.operations[0].kind]
        assert taken == [choices[0]]


def test_writing_down_costs_the_policy_no_seconds() -> None:
    evaluation = evaluate_manager([make_baseline("recency")], [fruit_stream()])
    assert (evaluation.streams["seconds"] > 0).all()
