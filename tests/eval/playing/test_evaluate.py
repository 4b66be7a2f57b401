import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pandas as pd
import pytest

from builders import make_stream
from memdojo.agents.baselines.registry import (
    NamedRetriever,
    list_retriever_baselines,
    make_baseline,
    make_retriever_baseline,
)
from memdojo.agents.baselines.rules import NoOpRule, ScriptedRule
from memdojo.envs.answering import Answer, AnswerRequest, ExtractiveAnswerer
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.memory.token_counter import token_counter
from memdojo.envs.streams.registry import load_streams
from memdojo.envs.types import Add, Delete, Hit, Operation, Question, Stream
from memdojo.errors import ConfigError, UnknownNameError
from memdojo.eval.playing.evaluate import Evaluation, evaluate_manager, evaluate_retriever
from memdojo.eval.playing.settings import EvalSettings
from memdojo.eval.tables.render import episode_grid, score_grid
from memdojo.eval.tables.results import paired_table, summary_table
from memdojo.rewards.grading import needs_judge

FRUIT = ("red apple", "green pear", "blue plum", "yellow lemon")


def fruit_stream(id: str = "fruit", questions: Sequence[Question] = ()) -> Stream:
    asked = questions or (
        Question("q1", "apple?", ("red",), "colour", frozenset({"t0"}), ask_after=1),
        Question("q2", "lemon or pear?", ("yellow",), "colour", frozenset({"t1", "t3"})),
        Question("q3", "kiwi?", (), "none", frozenset(), unanswerable=True),
    )
    said = (("Ana", line) for line in FRUIT)
    return make_stream(*said, questions=asked, id=id, group=f"group of {id}", time=datetime(2024, 1, 1))


def of(evaluation: Evaluation, policy: str, column: str) -> list[float]:
    return evaluation.of(policy)[column].tolist()


def keep_all(name: str = "keep_all") -> ScriptedRule:
    return ScriptedRule(
        [(Add(f"Ana: {line}", (f"t{index}",)),) for index, line in enumerate(FRUIT)], name=name
    )


class FallsBackEveryOther(ScriptedRule):
    """Keeps everything, and says that the rule `recency` decided the second and fourth step."""

    def last_deciders(self) -> list[str]:
        return self.deciders

    def act(self, episodes: Sequence[ManagerEpisode]) -> list[tuple[Operation, ...]]:
        self.deciders = ["recency" if episode.step_index % 2 else "" for episode in episodes]
        return super().act(episodes)


class FixedRetriever:
    """Returns entries by their ids, whatever is asked."""

    def __init__(self, ids: Sequence[int]) -> None:
        self.ids = ids

    def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
        entries = [store.get(id) for id in self.ids]
        return tuple(Hit(entry, 1.0) for entry in entries if entry is not None)[:k]


class FailingAnswerer:
    fingerprint = "failing"

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        return [Answer(None, "timed out") if "lemon" in each.question else Answer("red") for each in requests]


def test_rows_worked_by_hand() -> None:
    settings = EvalSettings(retriever=NamedRetriever.of("fixed", FixedRetriever([3, 2, 4, 1])))
    evaluation = evaluate_manager([keep_all()], [fruit_stream()], settings)
    # At q1 the store has the entries 1 and 2, so t0 is at rank 2; at q2 t1 is at rank 2 and t3 at rank 3.
    at_2, at_3 = 1 / math.log2(3), 1 / math.log2(4)
    assert of(evaluation, "keep_all", "ndcg@10")[:2] == pytest.approx([at_2, (at_2 + at_3) / (1 + at_2)])
    assert of(evaluation, "keep_all", "recall@10")[:2] == [1.0, 1.0]
    assert of(evaluation, "keep_all", "kept_evidence")[:2] == [1.0, 1.0]
    assert math.isnan(of(evaluation, "keep_all", "recall@10")[2])
    assert of(evaluation, "keep_all", "asked_after_turns") == [2, 4, 4]
    assert of(evaluation, "keep_all", "evidence_age_turns")[:2] == [1, 0]
    assert evaluation.score == "recall@10"


def test_recall_is_cut_at_each_rank() -> None:
    settings = EvalSettings(
        top_k=3, ranks=(1, 3), retriever=NamedRetriever.of("fixed", FixedRetriever([4, 2]))
    )
    evaluation = evaluate_manager([keep_all()], [fruit_stream()], settings)
    assert of(evaluation, "keep_all", "recall@1")[1] == 0.5
    assert of(evaluation, "keep_all", "recall@3")[1] == 1.0


def test_bounds_join_and_are_not_doubled() -> None:
    assert evaluate_manager([keep_all()], [fruit_stream()]).policies == ("keep_all", "no_op", "oracle")
    assert evaluate_manager([NoOpRule()], [fruit_stream()]).policies == ("no_op", "oracle")
    assert evaluate_retriever([], [fruit_stream()]).policies == ("no_op", "oracle")


def test_answers_are_graded_and_unanswerable_questions_want_no_information() -> None:
    evaluation = evaluate_manager([keep_all()], [fruit_stream()], EvalSettings(answerer=ExtractiveAnswerer()))
    assert evaluation.score == "token_f1"
    assert of(evaluation, "no_op", "exact_match") == [0.0, 0.0, 1.0]


def test_answers_that_could_not_be_had_are_unscored() -> None:
    settings = EvalSettings(answerer=FailingAnswerer(), max_unscored=0.4)
    evaluation = evaluate_manager([keep_all()], [fruit_stream()], settings)
    rows = evaluation.of("keep_all")
    assert rows["score"].isna().tolist() == rows["unscored"].tolist() == [False, True, False]
    assert rows["answer_error"].tolist() == ["", "timed out", ""]
    summary = summary_table(evaluation).set_index("policy").loc["keep_all"]
    # q1 is right, q3 wrong, q2 leaves the mean: a third of the answers is missing, and 0.4 may be.
    assert summary[["score", "num_questions", "unscored"]].tolist() == [0.5, 2, 1]
    assert (summary["unscored_share"], summary["counted_failed"]) == (pytest.approx(1 / 3), False)


def test_answers_that_could_not_be_had_count_as_failed_where_they_are_too_many() -> None:
    evaluation = evaluate_manager([keep_all()], [fruit_stream()], EvalSettings(answerer=FailingAnswerer()))
    rows = evaluation.of("keep_all")
    assert rows["score"].tolist() == rows["token_f1"].tolist() == rows["exact_match"].tolist() == [1, 0, 0]
    assert rows["unscored"].tolist() == [False, True, False]
    summary = summary_table(evaluation).set_index("policy").loc["keep_all"]
    assert summary[["score", "num_questions", "unscored"]].tolist() == [pytest.approx(1 / 3), 3, 1]
    assert summary["counted_failed"]
    # It has failed, and its evidence was retrieved.
    failures = evaluation.findings.failures
    failed = failures[(failures["policy"] == "keep_all") & (failures["question"] == "q2")]
    assert failed[["score", "blame"]].to_numpy().tolist() == [[0.0, "use"]]
    note = score_grid(summary_table(evaluation), "token_f1").note
    assert "keep_all 33.3%" in note
    assert "left out up to 5%" in note


def test_an_answerer_that_fails_where_it_is_unsure_scores_no_higher() -> None:
    class Unsure:
        """Fails on what the honest reader gets wrong."""

        fingerprint = "unsure"

        def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
            answers = ExtractiveAnswerer().answer(requests)
            right = {"apple?": "red", "lemon or pear?": "yellow", "kiwi?": "No information available"}
            return [
                answer if answer.text == right[each.question] else Answer(None, "refused")
                for each, answer in zip(requests, answers, strict=True)
            ]

    scores = []
    for answerer in (ExtractiveAnswerer(), Unsure()):
        made = evaluate_manager([keep_all()], [fruit_stream()], EvalSettings(answerer=answerer))
        scores.append(summary_table(made).set_index("policy")["score"])
    assert (scores[1] <= scores[0]).all()


def test_an_evidence_score_that_does_not_exist_is_not_missing() -> None:
    settings = EvalSettings(answerer=FailingAnswerer(), score="recall@10")
    evaluation = evaluate_manager([keep_all()], [fruit_stream()], settings)
    rows = evaluation.of("keep_all")
    assert rows["score"].isna().tolist() == [False, False, True]
    assert not rows["unscored"].any()
    # The answer metrics beside it follow the rule all the same.
    assert rows["token_f1"].tolist()[1] == 0


def test_questions_are_scored_by_the_metric_that_they_name() -> None:
    question = Question("q1", "apple?", ("red; or so",), "3", frozenset({"t0"}), metric="locomo")
    locomo = fruit_stream(questions=[question])
    settings = EvalSettings(answerer=FailingAnswerer())
    evaluation = evaluate_manager([], [locomo], settings)
    assert evaluation.score == "locomo"
    assert "locomo_strict" in evaluation.metrics
    assert of(evaluation, "no_op", "score") == [1.0]
    assert evaluate_manager([], [locomo, fruit_stream("other")], EvalSettings()).score == "recall@10"


def test_several_metrics_are_official_and_judged_ones_need_a_judge() -> None:
    question = Question("q1", "apple?", ("red; or so",), "3", frozenset({"t0"}), metric="locomo")
    streams = [fruit_stream(questions=[question]), fruit_stream("other")]
    settings = EvalSettings(answerer=FailingAnswerer())
    evaluation = evaluate_manager([], streams, settings)
    assert evaluation.score == "official"
    # "red" is right by LoCoMo's rule, and then as in the plain stream.
    rows = evaluation.of("no_op")
    assert rows["official"].tolist()[0] == 1.0
    assert rows["official"].tolist()[1:] == pytest.approx(rows["token_f1"].tolist()[1:], nan_ok=True)
    judged = fruit_stream(questions=[replace(question, metric="longmemeval_judge")])
    assert settings.chosen_score([judged]) == "token_f1"
    assert settings.chosen_score([judged], judged=True) == "longmemeval_judge"
    official = evaluate_manager([], [judged], EvalSettings(answerer=FailingAnswerer(), score="official"))
    assert official.of("no_op")["score"].isna().all()


def test_operations_store_and_time_are_counted() -> None:
    script: list[tuple[Operation, ...]] = [
        (Add("a"), Add("b c")),
        (Delete(1), Delete(9)),
        (Add("d"), Add("e")),
        (),
    ]
    policy = ScriptedRule(script, name="mine")
    evaluation = evaluate_manager(
        [policy, make_baseline("recency")], [fruit_stream()], EvalSettings(max_entries=2)
    )
    mine, recency = (
        evaluation.streams[evaluation.streams["policy"] == name].iloc[0] for name in ("mine", "recency")
    )
    assert mine[["add", "delete", "update", "noop"]].tolist() == [3, 1, 0, 0]
    # The unknown id, and the ADD to a full store that names nobody to leave.
    assert mine[["rejected", "malformed", "evicted"]].tolist() == [2, 0, 0]
    # 2, 1, 2 and 2 entries after the four steps.
    assert mine[["mean_entries", "final_entries", "final_tokens"]].tolist() == [1.75, 2, 3]
    assert recency[["add", "evicted", "mean_entries"]].tolist() == [4, 2, 1.75]
    assert mine["seconds"] > 0


def test_capacity_is_a_number_of_entries_or_a_share_of_the_turns_with_their_tokens() -> None:
    stream = fruit_stream()
    num_tokens = StreamContext(stream).stream_tokens(token_counter(None))
    for settings, entries, share in (
        (EvalSettings(max_entries=3), 3, 3 / 4),
        (EvalSettings(capacity_share=0.5), 2, 1 / 2),
        (EvalSettings(capacity_share=0.01), 1, 1 / 4),
        (EvalSettings(token_share=0.5), None, 1 / 2),
    ):
        evaluation = evaluate_manager([make_baseline("recency")], [stream], settings)
        row = evaluation.streams[evaluation.streams["policy"] == "recency"].iloc[0]
        assert row["capacity_entries"] == entries
        assert row["capacity_tokens"] == round(share * num_tokens)
        assert 0 < row["tokens_kept"] <= round(share * num_tokens) / num_tokens


def test_the_tokens_kept_are_the_most_that_a_store_held() -> None:
    stream = fruit_stream()
    num_tokens = StreamContext(stream).stream_tokens(token_counter(None))
    brief = ScriptedRule([(Add("a b c d e"),), (Delete(1), Add("f g")), (Delete(2),)], name="brief")
    evaluation = evaluate_manager([brief], [stream], EvalSettings())
    row = evaluation.streams[evaluation.streams["policy"] == "brief"].iloc[0]
    assert (row["tokens_kept"], row["final_tokens"]) == (5 / num_tokens, 0)


def test_doing_nothing_adding_everything_and_deleting_everything_do_not_pay() -> None:
    streams = load_streams("synthetic:test", num_streams=2, num_sessions=4, num_facts=10, num_questions=10)
    num_steps = max(len(stream.chunks) for stream in streams)
    junk = ScriptedRule([(Add("anything at all " * 20),)] * num_steps, name="add_junk")
    wipe = ScriptedRule([tuple(Delete(id) for id in range(1, 40))] * num_steps, name="delete_everything")
    settings = EvalSettings(capacity_share=0.2)
    evaluation = evaluate_manager([junk, wipe, make_baseline("keep_first")], streams, settings)
    summary = summary_table(evaluation).set_index("policy")
    assert summary.loc[["add_junk", "delete_everything", "no_op"], "score"].tolist() == [0, 0, 0]
    assert summary.loc[["add_junk", "delete_everything", "no_op"], "normalised"].tolist() == [0, 0, 0]
    assert summary.loc["keep_first", "score"] >= 0
    assert summary.loc["oracle", "score"] > 0.9


def test_overwriting_one_entry_keeps_no_evidence_of_what_it_lost() -> None:
    from memdojo.envs.types import Update

    script = [(Add(f"Ana: {FRUIT[0]}", ("t0",)),)]
    script += [(Update(1, f"Ana: {line}", (f"t{index}",)),) for index, line in enumerate(FRUIT) if index]  # type: ignore[list-item]
    evaluation = evaluate_manager([ScriptedRule(script, name="overwrite")], [fruit_stream()])
    # After the second turn the apple is gone; at the end the entry holds the lemon alone.
    assert of(evaluation, "overwrite", "kept_evidence")[:2] == [0.0, 0.5]


def test_same_seed_same_tables_and_other_seed_other_random_rows() -> None:
    streams = load_streams("synthetic:test", num_streams=2, num_sessions=3, num_facts=8, num_questions=8)
    settings = EvalSettings(capacity_share=0.2, num_seeds=2)

    def tables(seed: int, batch_size: int = 8) -> tuple[pd.DataFrame, pd.DataFrame]:
        chosen = EvalSettings(capacity_share=0.2, num_seeds=2, batch_size=batch_size)
        evaluation = evaluate_manager([make_baseline("random")], streams, chosen, seed)
        return evaluation.questions, evaluation.streams.drop(columns="seconds")

    first, again, one_by_one = tables(0), tables(0), tables(0, batch_size=1)
    for table, same, also in zip(first, again, one_by_one, strict=True):
        pd.testing.assert_frame_equal(table, same)
        pd.testing.assert_frame_equal(table, also)
    assert not first[0].equals(tables(1)[0])
    counts = first[1].groupby("policy")["seed"].nunique()
    assert counts.to_dict() == {"random": settings.num_seeds, "no_op": 1, "oracle": 1}


def test_a_subset_of_the_streams_gives_the_same_rows() -> None:
    streams = load_streams("synthetic:test", num_streams=2, num_sessions=3, num_facts=8, num_questions=8)
    settings = EvalSettings(capacity_share=0.2)
    both = evaluate_manager([make_baseline("random")], streams, settings).questions
    alone = evaluate_manager([make_baseline("random")], streams[1:], settings).questions
    rows = both[both["stream"] == streams[1].id].reset_index(drop=True)
    pd.testing.assert_frame_equal(rows, alone)


def test_streams_are_cut_as_the_policy_wants_them() -> None:
    questions = (Question("q1", "apple?", ("red",), evidence=frozenset({"t0"}), ask_after=0),)
    stream = make_stream(*FRUIT, questions=questions, turns_per_chunk=2)
    evaluation = evaluate_manager([make_baseline("recency")], [stream])
    assert evaluation.streams.set_index("policy")["steps"].to_dict() == {
        "recency": 4,
        "no_op": 4,
        "oracle": 4,
    }
    assert of(evaluation, "recency", "asked_after_turns") == [2]


def test_all_retrievers_are_evaluated_over_all_that_was_said() -> None:
    retrievers = [make_retriever_baseline(name) for name in list_retriever_baselines()]
    evaluation = evaluate_retriever(retrievers, [fruit_stream()], EvalSettings(score="ndcg@10", num_seeds=2))
    summary = summary_table(evaluation).set_index("policy")
    assert summary.loc["no_op", "score"] == 0
    assert summary.loc["oracle", "score"] == 1
    assert summary.loc["bm25", "score"] == 1
    # Latest first: of t1, t0 the apple is second; of t3, t2, t1, t0 the lemon is first and the pear third.
    at_2, at_3 = 1 / math.log2(3), 1 / math.log2(4)
    assert of(evaluation, "recency", "score")[:2] == pytest.approx([at_2, (1 + at_3) / (1 + at_2)])
    assert evaluation.streams.set_index("policy").loc["bm25", "mean_entries"] == pytest.approx(
        (2 + 4 + 4) / 3
    )


def test_each_stream_has_a_retriever_of_its_own() -> None:
    built = []

    def build(context: object, seed: int) -> FixedRetriever:
        built.append((context, seed))
        return FixedRetriever([1])

    streams = [fruit_stream("a"), fruit_stream("b")]
    evaluate_retriever(
        [NamedRetriever("counted", build, stochastic=True)], streams, EvalSettings(num_seeds=3)
    )
    assert len(built) == 6
    assert len({seed for _, seed in built}) == 6


def test_progress_is_told_until_all_is_done() -> None:
    told: list[tuple[str, int, int]] = []
    streams = [fruit_stream("a"), fruit_stream("b")]
    evaluate_manager([keep_all()], streams, progress=lambda *about: told.append(about))
    assert told == [("keep_all", 2, 6), ("no_op", 4, 6), ("oracle", 6, 6)]


def test_repeated_names_and_missing_streams_are_refused() -> None:
    with pytest.raises(ConfigError, match="'keep_all' occurs more than once"):
        evaluate_manager([keep_all(), keep_all()], [fruit_stream()])
    with pytest.raises(ConfigError, match="stream id 'fruit' occurs more than once"):
        evaluate_manager([], [fruit_stream(), fruit_stream()])
    with pytest.raises(ConfigError, match="no question"):
        evaluate_manager([], [])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_entries": 3, "capacity_share": 0.5}, "give one of them"),
        ({"capacity_share": 0.0}, "positive share"),
        ({"max_entries": 0}, "give a positive whole number"),
        ({"num_seeds": 0}, "give a positive whole number"),
        ({"ranks": (20,)}, "between 1 and top_k"),
        ({"score": "token_f1"}, "there is no answerer"),
    ],
)
def test_settings_that_make_no_sense_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        EvalSettings(**options)  # type: ignore[arg-type]


def test_an_unknown_score_is_refused_with_near_matches() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'recall@10'"):
        EvalSettings(score="recal@10")


def test_every_score_can_head_the_table() -> None:
    settings = EvalSettings(answerer=ExtractiveAnswerer())
    for score in settings.score_names:
        # LoCoMo's rule knows no other categories than its own, and here are no nuggets and no judge.
        if score in ("locomo", "locomo_strict", "nugget_recall") or needs_judge(score):
            continue
        chosen = EvalSettings(answerer=ExtractiveAnswerer(), score=score)
        evaluation = evaluate_manager([], [fruit_stream()], chosen)
        pd.testing.assert_series_equal(
            evaluation.questions["score"], evaluation.questions[score], check_names=False
        )
        assert len(paired_table(evaluation)) == 1


def test_the_share_of_the_steps_that_a_rule_decided_stands_beside_a_policy_that_lets_it() -> None:
    falls_back = FallsBackEveryOther([(Add("red"),)] * 3, name="falls_back")
    evaluation = evaluate_manager([falls_back, keep_all()], [fruit_stream()])
    table = summary_table(evaluation).set_index("policy")
    assert table.loc["falls_back", "by_rule"] == 2 / 4
    assert math.isnan(table.loc["keep_all", "by_rule"])
    grid = episode_grid(summary_table(evaluation))
    place = grid.headers.index("by rule")
    shown = {row[0]: row[place] for row in grid.rows}
    assert shown == {"falls_back": "0.50", "keep_all": "-", "no_op": "-", "oracle": "-"}
    alone = evaluate_manager([keep_all()], [fruit_stream()])
    assert "by_rule" not in summary_table(alone)
