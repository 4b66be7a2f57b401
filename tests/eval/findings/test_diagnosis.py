from collections.abc import Sequence

import pandas as pd
import pytest

from builders import make_stream
from memdojo.agents.baselines.registry import NamedRetriever, list_baselines, make_baseline
from memdojo.agents.baselines.rules import ScriptedRule
from memdojo.envs.answering import Answer, AnswerRequest, CachedAnswerer, ExtractiveAnswerer
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.streams.registry import load_streams
from memdojo.envs.streams.tasks import stream_of_tasks
from memdojo.envs.types import Add, Delete, Feedback, Hit, Operation, Question, Stream, Task, Update
from memdojo.errors import ConfigError
from memdojo.eval.playing.evaluate import Evaluation, evaluate_manager, evaluate_retriever
from memdojo.eval.playing.settings import EvalSettings
from memdojo.eval.tables.findings import BLAMES, CAUSES, blame_table, finding_grids, forgetting_table

FACTS = ("Oslo is home", "Rex is a dog", "Tea is green")


class Wrong:
    """Never says anything right."""

    fingerprint = "wrong"

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        return [Answer("nonsense") for _ in requests]


class All:
    """Returns entries by ascending id."""

    def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
        return tuple(Hit(entry, 1.0) for entry in store.entries[:k])


class Nothing:
    def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
        return ()


def a_stream(*questions: Question) -> Stream:
    asked = questions or (Question("q", "Where?", ("Oslo",), evidence=frozenset({"t0"})),)
    return make_stream(*(("Ana", text) for text in FACTS), questions=asked)


def add(index: int, **how: object) -> Add:
    return Add(f"Ana: {FACTS[index]}", (f"t{index}",), **how)  # type: ignore[arg-type]


def failure(
    script: list[tuple[Operation, ...]],
    *questions: Question,
    retriever: object = None,
    max_entries: int | None = None,
    top_k: int = 10,
) -> pd.Series:
    """The only failure of a scripted manager whose answers are all wrong."""
    settings = EvalSettings(
        max_entries=max_entries,
        top_k=top_k,
        answerer=Wrong(),
        retriever=NamedRetriever.of("mine", retriever or All()),  # type: ignore[arg-type]
    )
    policy = ScriptedRule([*script, *[()] * (len(FACTS) - len(script))], name="mine")
    evaluation = evaluate_manager([policy], [a_stream(*questions)], settings)
    failures = evaluation.findings.failures
    (row,) = [row for _, row in failures[failures["policy"] == "mine"].iterrows()]
    return row


def test_evidence_that_was_never_written_is_put_down_to_the_step_that_showed_it() -> None:
    row = failure([(), (add(1),), ()])
    assert row[["blame", "cause", "turn", "step"]].tolist() == ["write", "never stored", "t0", 0]
    assert row["operation"] is None or pd.isna(row["operation"])


def test_evidence_whose_operation_the_store_refused_is_put_down_to_it() -> None:
    # The store is full and the ADD names nobody who leaves.
    question = Question("q", "Dog?", ("Rex",), evidence=frozenset({"t1"}))
    row = failure([(add(0),), (add(1),)], question, max_entries=1)
    assert row[["blame", "cause", "turn", "step", "operation"]].tolist() == ["write", "refused", "t1", 1, 0]


def test_evidence_that_an_entry_never_held_enough_of_was_written_too_thin() -> None:
    row = failure([(Add("Ana: somewhere", ("t0",)),)])
    # Of the words ana, oslo and home one is left.
    assert row[["blame", "cause", "step", "operation", "entry"]].tolist() == [
        "write",
        "too little kept",
        0,
        0,
        1,
    ]


@pytest.mark.parametrize(
    ("last", "cause", "operation"),
    [
        ((Delete(1),), "deleted", 0),
        ((add(1), Update(1, "Ana: Tea is green", ("t2",))), "overwritten", 1),
        ((add(1), add(2, evicts=(1,))), "evicted", 1),
    ],
)
def test_evidence_that_was_lost_is_put_down_to_the_operation_that_lost_it(
    last: tuple[Operation, ...], cause: str, operation: int
) -> None:
    row = failure([(add(0),), (), last], max_entries=2)
    assert row[["blame", "cause", "turn", "step", "operation", "entry"]].tolist() == [
        "write", cause, "t0", 2, operation, 1,
    ]  # fmt: skip


def test_what_happens_after_the_question_is_not_to_blame() -> None:
    question = Question("q", "Where?", ("Oslo",), evidence=frozenset({"t0"}), ask_after=1)
    row = failure([(add(0),), (), (Delete(1),)], question)
    assert row["blame"] == "use"


def test_a_fact_that_two_entries_hold_is_lost_with_the_second() -> None:
    row = failure([(add(0), add(0)), (Delete(1),), (Delete(2),)])
    assert row[["cause", "step", "entry"]].tolist() == ["deleted", 2, 2]


def test_stored_evidence_that_was_not_retrieved_is_put_down_to_reading_with_its_rank() -> None:
    question = Question("q", "Tea?", ("green",), evidence=frozenset({"t2"}))
    script: list[tuple[Operation, ...]] = [(add(0),), (add(1),), (add(2),)]
    row = failure(script, question, top_k=2)
    assert row[["blame", "cause", "turn", "rank"]].tolist() == ["read", "ranked too low", "t2", 3]
    row = failure(script, question, retriever=Nothing())
    assert row[["blame", "cause", "turn"]].tolist() == ["read", "not ranked", "t2"]
    assert pd.isna(row["rank"])


def test_of_several_missing_turns_the_first_in_the_dialogue_is_named_and_writing_goes_before_reading() -> (
    None
):
    question = Question("q", "All?", ("x",), evidence=frozenset({"t0", "t1", "t2"}))
    row = failure([(add(0),), (), ()], question, retriever=Nothing())
    assert row[["blame", "turn", "missing"]].tolist() == ["write", "t1", "t1 t2"]


def failed_task(script: list[tuple[Operation, ...]], retriever: object = None) -> pd.Series:
    """Why the last of four tasks failed, which the second and the third help."""
    helped = [frozenset(), frozenset(), frozenset(), frozenset({"b", "c"})]
    tasks = [
        Task(id, f"Sort box {id}.", ("A",), ("A", "B"), "boxes", Feedback("A"), helped_by)
        for id, helped_by in zip("abcd", helped, strict=True)
    ]
    settings = EvalSettings(
        answerer=Wrong(),
        retriever=NamedRetriever.of("mine", retriever or All()),  # type: ignore[arg-type]
    )
    policy = ScriptedRule(script, name="mine")
    evaluation = evaluate_manager([policy], [stream_of_tasks("s", tasks)], settings)
    failures = evaluation.findings.failures
    mine = failures[failures["policy"] == "mine"].set_index("question")
    # Nothing is known to help the others.
    assert mine.loc[["a", "b", "c"], "blame"].tolist() == ["unknown"] * 3
    return mine.loc["d"]


def report(id: str) -> Add:
    return Add(f"Report: Sort box {id}.\nANSWER: A\nVERDICT: given", (id,))


def test_any_experience_that_helps_is_enough_for_a_task() -> None:
    written = failed_task([(), (report("a"),), (report("b"),), ()])
    assert written["blame"] == "use"
    unread = failed_task([(), (), (report("b"),), (report("c"),)], Nothing())
    assert unread[["blame", "cause", "turn", "missing"]].tolist() == ["read", "not ranked", "c", "c b"]
    lost = failed_task([(), (report("a"),), (report("b"),), (Delete(2),)])
    assert lost[["blame", "cause", "turn", "step"]].tolist() == ["write", "never stored", "c", 3]
    assert lost["missing"] == "c b"


def test_tables_say_what_blames_mean_for_tasks() -> None:
    stream = stream_of_tasks("s", [Task("a", "Sort.", ("A",), ("A", "B"))])
    evaluation = evaluate_manager([make_baseline("recency")], [stream], EvalSettings(answerer=Wrong()))
    blames, *_ = finding_grids(evaluation, evaluation.policies, 0.5)
    assert blames.note.startswith(
        "write + read + use + unknown = failed. Of tasks: write, no right experience"
    )


def test_retrieved_evidence_and_unanswerable_questions_are_put_down_to_use() -> None:
    assert failure([(add(0),)])["blame"] == "use"
    unanswerable = Question("q", "Cat?", (), evidence=frozenset({"t1"}), unanswerable=True)
    assert failure([], unanswerable)["blame"] == "use"


def test_questions_without_evidence_are_of_a_kind_of_their_own() -> None:
    assert failure([(add(0),)], Question("q", "Where?", ("Oslo",)))["blame"] == "unknown"


def test_only_scores_below_the_threshold_are_failures() -> None:
    class Half:
        fingerprint = "half"

        def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
            return [Answer("Oslo Bergen Tromso") for _ in requests]

    def failures(failed_below: float) -> int:
        # Token F1 is 2 x 1 / (1 + 3) = 0.5.
        settings = EvalSettings(answerer=Half(), failed_below=failed_below)
        evaluation = evaluate_manager([ScriptedRule([()] * 3, name="mine")], [a_stream()], settings)
        return int((evaluation.findings.failures["policy"] == "mine").sum())

    assert (failures(0.5), failures(0.6)) == (0, 1)
    with pytest.raises(ConfigError, match="failed_below is 0"):
        EvalSettings(failed_below=0)


def test_answers_that_could_not_be_had_are_no_failures() -> None:
    class Silent:
        fingerprint = "silent"

        def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
            return [Answer(None, "timed out") for _ in requests]

    evaluation = evaluate_manager([], [a_stream()], EvalSettings(answerer=Silent()))
    table = blame_table(evaluation)
    assert table[["questions", "failed"]].to_numpy().sum() == 0


@pytest.fixture(scope="module")
def of_all_baselines() -> Evaluation:
    streams = load_streams("synthetic:test", num_streams=2, num_sessions=4, num_facts=12, num_questions=12)
    settings = EvalSettings(capacity_share=0.2, answerer=CachedAnswerer(ExtractiveAnswerer()))
    return evaluate_manager([make_baseline(name) for name in list_baselines()], streams, settings)


def test_the_parts_of_the_diagnosis_add_up_to_the_failures(of_all_baselines: Evaluation) -> None:
    questions = of_all_baselines.questions
    table = blame_table(of_all_baselines).set_index(["policy", "category"])
    for policy in of_all_baselines.policies:
        failed = questions[(questions["policy"] == policy) & (questions["score"] < 0.5)]
        row = table.loc[(policy, "all")]
        assert row["failed"] == len(failed)
        assert row[list(BLAMES)].sum() == len(failed)
        # Every write and read failure has a cause; use has none.
        assert row[list(CAUSES)].sum() == row["write"] + row["read"]
        by_category = table.loc[policy].drop("all")
        assert by_category[list(BLAMES)].sum().tolist() == row[list(BLAMES)].tolist()


def test_the_blame_goes_with_what_was_kept_and_retrieved(of_all_baselines: Evaluation) -> None:
    keys = ["policy", "seed", "stream", "question"]
    failures = of_all_baselines.findings.failures.merge(of_all_baselines.questions, on=keys, how="left")
    answerable = failures[~failures["unanswerable"]]
    expected = answerable.apply(
        lambda row: "write" if row["kept_evidence"] < 1 else "read" if row["recall@10"] < 1 else "use", axis=1
    )
    assert (expected == answerable["blame"]).all()
    assert (failures[failures["unanswerable"]]["blame"] == "use").all()


def test_retrievers_lose_nothing_by_writing() -> None:
    class Last:
        def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
            return tuple(Hit(entry, 1.0) for entry in store.entries[::-1][:k])

    settings = EvalSettings(top_k=1, answerer=Wrong())
    evaluation = evaluate_retriever([NamedRetriever.of("last", Last())], [a_stream()], settings)
    failures = evaluation.findings.failures.set_index("policy")
    assert failures.loc["last", ["blame", "cause", "rank"]].tolist() == ["read", "ranked too low", 3]
    assert failures.loc["oracle", "blame"] == "use"


def test_the_forgetting_curve_bins_questions_by_the_age_of_their_evidence(
    of_all_baselines: Evaluation,
) -> None:
    table = forgetting_table(of_all_baselines)
    questions = of_all_baselines.of("recency")
    rows = table[table["policy"] == "recency"].set_index("age_from")
    young = questions[questions["evidence_age_turns"] < 10]
    assert rows.loc[0, "num_questions"] == len(young)
    assert rows.loc[0, "score"] == pytest.approx(young["score"].mean())
    assert rows["num_questions"].sum() == questions["evidence_age_turns"].notna().sum()
    # What was said last is still there, and what was said first is gone.
    assert rows["kept_evidence"].iloc[0] > rows["kept_evidence"].iloc[-1]


def test_the_tables_say_that_the_parts_add_up(of_all_baselines: Evaluation) -> None:
    grids = finding_grids(of_all_baselines, of_all_baselines.policies, 0.5)
    assert [grid.title.split()[0] for grid in grids] == [
        *("Diagnosis:", "What", "Decisions", "Operations", "Score"),
    ]
    assert grids[0].note == "write + read + use = failed."
    for cells in grids[0].rows:
        assert sum(map(int, cells[3:])) == int(cells[2])


@pytest.mark.parametrize(
    ("score", "order", "expected"),
    [
        # The evidence t0 is in entry 1. Rank 3 is behind the first two, and lowers ndcg below a half.
        ("recall@2", [2, 3, 1], ["read", "ranked too low", "t0", 3]),
        ("ndcg@3", [2, 3, 1], ["read", "ranked too low", "t0", 3]),
    ],
)
def test_under_a_retrieval_score_no_answer_is_to_blame(
    score: str, order: list[int], expected: list[object]
) -> None:
    class Ordered:
        def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
            entries = [store.get(id) for id in order]
            return tuple(Hit(entry, 1.0) for entry in entries if entry is not None)[:k]

    settings = EvalSettings(
        score=score,
        ranks=(2, 3),
        answerer=Wrong(),
        retriever=NamedRetriever.of("ordered", Ordered()),
        failed_below=0.6,
    )
    policy = ScriptedRule([(add(0),), (add(1),), (add(2),)], name="mine")
    evaluation = evaluate_manager([policy], [a_stream()], settings)
    failures = evaluation.findings.failures
    row = failures[failures["policy"] == "mine"].iloc[0]
    assert row[["blame", "cause", "turn", "rank"]].tolist() == expected
    table = blame_table(evaluation).set_index(["policy", "category"])
    assert table["use"].sum() == 0
    (grid, *_) = finding_grids(evaluation, evaluation.policies, 0.6)
    assert "use" not in grid.headers
