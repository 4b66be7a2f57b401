import pickle
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from builders import make_stream
from memdojo.agents.baselines.oracles import OracleManager
from memdojo.agents.baselines.registry import (
    BASELINES,
    LOWER_BOUND,
    RETRIEVER_BASELINES,
    UPPER_BOUND,
    NamedRetriever,
    list_baselines,
    list_retriever_baselines,
    make_baseline,
    make_fallback_rule,
    make_retriever_baseline,
)
from memdojo.agents.baselines.rules import (
    HAND_WEIGHTS,
    PriorityRule,
    ScriptedRule,
    sum_idf_priority,
)
from memdojo.agents.designs.registry import list_designs
from memdojo.agents.play import play_manager
from memdojo.agents.policy import ManagerPolicy
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.memory.analysis import count_tokens
from memdojo.envs.memory.retrieval.retrievers import BM25Retriever
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.streams.turn_features import TURN_FEATURES
from memdojo.envs.types import (
    Add,
    Capacity,
    Chunk,
    Delete,
    Noop,
    PlannedOperation,
    Question,
    Stream,
    Turn,
    Update,
)
from memdojo.errors import ConfigError, EpisodeStateError, UnknownNameError

LINES = (
    "Hi!",
    "I adopted a tabby kitten called Biscuit yesterday.",
    "Nice.",
    "My sister Ines moved to Lisbon in March.",
    "Ok.",
    "What else is new?",
)
MANAGERS = [
    name for name in list_baselines() if name not in (LOWER_BOUND, UPPER_BOUND, "labelled", *list_designs())
]


def a_stream(lines: Sequence[str] = LINES, questions: Sequence[Question] = (), **fields: Any) -> Stream:
    said = [("Ana" if index % 2 else "Ben", line) for index, line in enumerate(lines)]
    return make_stream(*said, questions=questions, session="1", time=datetime(2024, 5, 1), **fields)


def ask(id: str, evidence: set[str], ask_after: int | None = None) -> Question:
    return Question(id, f"question {id}", ("answer",), evidence=frozenset(evidence), ask_after=ask_after)


def play(policy: ManagerPolicy, stream: Stream, max_entries: int | None = 2, seed: int = 0) -> ManagerEpisode:
    episode = ManagerEpisode(StreamContext(stream), Capacity(max_entries), seed=seed)
    play_manager(policy, [episode])
    return episode


def kept(episode: ManagerEpisode) -> list[str]:
    return [source for entry in episode.store for source in entry.sources]


def test_no_op_leaves_the_store_empty() -> None:
    episode = play(make_baseline("no_op"), a_stream())
    assert len(episode.store) == 0
    assert [operation.kind for operation in episode.outcome().operations] == ["NOOP"] * 6


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("keep_first", ["t0", "t1"]),
        ("recency", ["t4", "t5"]),
        ("longest_first", ["t1", "t3"]),
        ("sum_idf", ["t1", "t3"]),
        ("hand_priority", ["t1", "t3"]),
    ],
)
def test_each_rule_keeps_what_its_name_says(name: str, expected: list[str]) -> None:
    assert kept(play(make_baseline(name), a_stream())) == expected


PLAN = {
    "t0": (PlannedOperation(Add.kind, "Ana has a kitten."),),
    "t1": (PlannedOperation(Add.kind, "It is a tabby."), PlannedOperation(Noop.kind)),
    "t3": (
        PlannedOperation(Update.kind, "Ana has a cat.", "t0"),
        PlannedOperation(Delete.kind, target="t1"),
    ),
    "t4": (PlannedOperation(Update.kind, "It is grey.", "t2"),),
}


def test_the_labelled_manager_does_what_is_planned() -> None:
    episode = play(make_baseline("labelled"), a_stream(oracle=PLAN), max_entries=None)
    # The entry of t2 that the last plan changes was never written, so its text is new.
    assert [(entry.text, entry.sources) for entry in episode.store] == [
        ("Ana has a cat.", ("t0", "t3")),
        ("It is grey.", ("t4",)),
    ]
    kinds = [operation.kind for operation in episode.outcome().operations]
    assert kinds == ["ADD", "ADD", "NOOP", "UPDATE", "DELETE", "ADD", "NOOP"]
    assert all(operation.applied for operation in episode.outcome().operations)


def test_the_labelled_manager_lets_the_oldest_leave_for_a_longer_text_in_an_entry() -> None:
    stream = a_stream(
        oracle={
            "t0": (PlannedOperation(Add.kind, "one"), PlannedOperation(Add.kind, "two")),
            "t1": (PlannedOperation(Add.kind, "ten"),),
            "t2": (PlannedOperation(Update.kind, "ten and two", "t1"),),
        }
    )
    episode = ManagerEpisode(StreamContext(stream), Capacity(max_tokens=4))
    play_manager(make_baseline("labelled"), [episode])
    assert [entry.text for entry in episode.store] == ["two", "ten and two"]


def test_the_labelled_manager_lets_the_oldest_leave_within_one_turn_too() -> None:
    adds = tuple(PlannedOperation(Add.kind, text) for text in ("one", "two", "three", "word " * 30))
    stream = a_stream(oracle={"t0": adds[:1], "t1": adds[1:]})
    episode = ManagerEpisode(StreamContext(stream), Capacity(2, max_entry_tokens=20))
    [outcome] = play_manager(make_baseline("labelled"), [episode])
    assert [entry.text for entry in episode.store] == ["two", "three"]
    assert all(operation.applied for operation in outcome.operations)


def test_the_labelled_manager_does_nothing_without_labels() -> None:
    assert kept(play(make_baseline("labelled"), a_stream(), max_entries=None)) == []


@pytest.mark.parametrize("name", MANAGERS)
def test_no_baseline_ever_gives_an_operation_that_is_refused(name: str) -> None:
    lines = (*LINES, "word " * 60, "", *LINES)
    stream = a_stream([line or "..." for line in lines])
    for capacity in (Capacity(3), Capacity(max_tokens=40), Capacity(5, 30, max_entry_tokens=20)):
        episode = ManagerEpisode(StreamContext(stream), capacity)
        [outcome] = play_manager(make_baseline(name), [episode])
        assert all(operation.applied for operation in outcome.operations)
        assert len(episode.store) > 0


@pytest.mark.parametrize("name", MANAGERS)
def test_without_a_limit_every_turn_is_remembered_verbatim(name: str) -> None:
    episode = play(make_baseline(name), a_stream(), max_entries=None)
    assert kept(episode) == [f"t{index}" for index in range(6)]
    assert episode.store.entries[3].text == "Ana: My sister Ines moved to Lisbon in March."
    assert episode.store.entries[3].time == datetime(2024, 5, 1)


def test_static_priorities_keep_the_highest_of_all_turns() -> None:
    stream = a_stream([" ".join(["word"] * count) for count in (5, 1, 9, 3, 7, 2, 8)])
    episode = play(make_baseline("longest_first"), stream, max_entries=3)
    assert kept(episode) == ["t2", "t4", "t6"]


def test_of_equal_priorities_the_older_stays() -> None:
    assert kept(play(make_baseline("longest_first"), a_stream(["a b", "c d", "e f"]))) == ["t0", "t1"]


def test_under_a_limit_in_tokens_as_many_leave_as_needed() -> None:
    # "Ben: w" counts three tokens, so three entries fill the store and the long turn needs two of them.
    stream = a_stream(["a", "b", "c", "d e f g"])
    episode = ManagerEpisode(StreamContext(stream), Capacity(max_tokens=9))
    play_manager(make_baseline("recency"), [episode])
    assert kept(episode) == ["t2", "t3"]


def test_random_keeps_every_turn_equally_often() -> None:
    stream = a_stream([f"word{index}" for index in range(6)])
    context = StreamContext(stream)
    episodes = [ManagerEpisode(context, Capacity(2), seed=seed) for seed in range(600)]
    play_manager(make_baseline("random"), episodes)
    counts = [sum(f"t{index}" in kept(episode) for episode in episodes) for index in range(6)]
    assert sum(counts) == 1200
    # 200 each is expected, with a standard deviation of 11.5.
    assert all(150 < count < 250 for count in counts)


def test_random_depends_on_the_episodes_seed_alone() -> None:
    stream = a_stream([f"word{index}" for index in range(20)])
    policy = make_baseline("random")
    assert kept(play(policy, stream, seed=1)) == kept(play(policy, stream, seed=1))
    assert len({tuple(kept(play(policy, stream, seed=seed))) for seed in range(8)}) > 4


@pytest.mark.parametrize("rule", [*MANAGERS, UPPER_BOUND])
def test_a_turn_that_is_too_long_for_an_entry_is_stored_in_pieces(rule: str) -> None:
    said = " ".join(f"Word{number} was said." for number in range(40))
    stream = a_stream([said], questions=[ask("1", {"t0"})])
    episode = ManagerEpisode(StreamContext(stream), Capacity(max_entry_tokens=50))
    play_manager(make_baseline(rule), [episode])
    assert len(episode.store) > 1
    assert all(count_tokens(entry.text) <= 50 for entry in episode.store)
    assert all(entry.sources == ("t0",) for entry in episode.store)
    pieces = [entry.text.removeprefix("Ben: ") for entry in episode.store]
    assert " ".join(pieces) == said


def test_of_a_turn_in_pieces_as_much_is_kept_as_there_is_room_for() -> None:
    said = " ".join(f"word{number}" for number in range(40))
    episode = ManagerEpisode(StreamContext(a_stream(["hello", said])), Capacity(2, max_entry_tokens=15))
    [outcome] = play_manager(make_baseline("recency"), [episode])
    assert kept(episode) == ["t1", "t1"]
    assert all(operation.applied for operation in outcome.operations)


def test_the_oracle_keeps_the_evidence_of_most_questions() -> None:
    questions = [ask("1", {"t0", "t4"}), ask("2", {"t2"}), ask("3", {"t2", "t5"}), ask("4", {"t5"})]
    # Worth: t0 and t4 a half each, t2 and t5 one and a half each.
    assert kept(play(OracleManager(), a_stream(questions=questions))) == ["t2", "t5"]


def test_the_oracle_keeps_nothing_that_no_question_needs() -> None:
    episode = play(OracleManager(), a_stream(questions=[ask("1", {"t3"})]), max_entries=5)
    assert kept(episode) == ["t3"]
    assert episode.results[0].operation == Noop()


def test_the_oracle_forgets_what_has_been_asked() -> None:
    questions = [ask("1", {"t0"}, ask_after=1), ask("2", {"t3"})]
    episode = play(OracleManager(), a_stream(questions=questions), max_entries=1)
    assert kept(episode) == ["t3"]
    assert [question.stored for question in episode.outcome().questions] == [{"t0"}, {"t3"}]


def test_the_oracle_rather_leaves_out_a_turn_than_loses_a_better_one() -> None:
    questions = [ask("1", {"t0"}), ask("2", {"t0"}), ask("3", {"t3"})]
    assert kept(play(OracleManager(), a_stream(questions=questions), max_entries=1)) == ["t0"]


def test_the_oracle_lets_much_text_of_little_worth_leave_a_store_that_is_limited_in_tokens() -> None:
    lines = ["word " * 20, "yes", "word " * 18 + "too"]
    # Worth: 1, a half and one and a half. The last turn fits in place of the first one alone.
    questions = [ask("1", {"t0"}), ask("2", {"t1", "t2"}), ask("3", {"t2"})]
    episode = ManagerEpisode(StreamContext(a_stream(lines, questions)), Capacity(max_tokens=30))
    play_manager(OracleManager(), [episode])
    assert kept(episode) == ["t1", "t2"]


@pytest.mark.parametrize(
    "rule", ["recency", "keep_first", "longest_first", "sum_idf", "similarity", "oracle"]
)
def test_rules_keep_within_the_tokens_whatever_the_turns(rule: str) -> None:
    lines = ["word " * (1 + 7 * number % 23) for number in range(30)]
    questions = [ask(str(number), {f"t{number}"}) for number in range(0, 30, 3)]
    episode = ManagerEpisode(StreamContext(a_stream(lines, questions)), Capacity(20, max_tokens=60))
    [outcome] = play_manager(make_baseline(rule), [episode])
    assert all(operation.applied for operation in outcome.operations)
    assert max(step.memory_tokens for step in outcome.steps) <= 60
    assert episode.store.tokens > 30


def test_the_oracle_follows_the_plan_where_questions_lack_evidence() -> None:
    plan = {
        "t1": (PlannedOperation(Add.kind, "kitten"),),
        "t3": (PlannedOperation(Update.kind, "sister", "t1"),),
        "t4": (PlannedOperation(Add.kind, "ok"),),
        "t5": (PlannedOperation(Delete.kind, target="t4"),),
    }
    stream = a_stream(questions=[ask("1", set())], oracle=plan)
    assert kept(play(OracleManager(), stream, max_entries=5)) == ["t3"]


def test_a_script_is_replayed_step_by_step() -> None:
    script = [(Add("one"), Add("two")), (Delete(1),), (), (Delete(7),)]
    episode = play(ScriptedRule(script), a_stream(), max_entries=None)
    assert [entry.text for entry in episode.store] == ["two"]
    assert [operation.applied for operation in episode.outcome().operations] == [True, True, True, False]


def test_chunks_of_several_turns_are_refused_with_the_remedy() -> None:
    turns = (Turn("t0", "Ana", "Hi."), Turn("t1", "Ben", "Hello."))
    stream = Stream("stream", "group", (Chunk(0, turns),), ())
    with pytest.raises(EpisodeStateError, match=r"rechunk\(stream, 1\)"):
        play(make_baseline("recency"), stream)


def test_priorities_are_computed_once_per_context() -> None:
    calls = []

    def priorities(context: StreamContext) -> object:
        calls.append(context)
        return sum_idf_priority(context)

    context = StreamContext(a_stream())
    policy = PriorityRule("counted", priorities)  # type: ignore[arg-type]
    play_manager(policy, [ManagerEpisode(context, Capacity(2), seed=seed) for seed in range(4)])
    assert calls == [context]


def test_every_baseline_is_listed_built_and_carries_its_name() -> None:
    listed = list_baselines()
    assert {"no_op", "keep_first", "recency", "random", "longest_first", "sum_idf", "hand_priority"} < set(
        listed
    )
    for name, description in listed.items():
        assert make_baseline(name).name == name
        assert description.endswith(".")
        assert "\n" not in description


def test_an_unknown_baseline_is_refused_with_near_matches() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'sum_idf'"):
        make_baseline("sumidf")
    with pytest.raises(UnknownNameError, match="Did you mean 'hybrid'"):
        make_retriever_baseline("hybird")


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(ConfigError, match="does not take"):
        make_baseline("similarity", num_candidate=5)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("oracle", "looks ahead"), ("labelled", "looks ahead"), ("random", "draws at random")],
)
def test_a_fallback_is_a_rule_that_neither_looks_ahead_nor_draws(name: str, reason: str) -> None:
    with pytest.raises(
        ConfigError, match=f"the rule '{name}' {reason}, which a fallback may not; take another"
    ):
        make_fallback_rule(name)
    with (
        BASELINES.temporarily("pairs", lambda: ScriptedRule([], name="pairs", turns_per_chunk=2)),
        pytest.raises(ConfigError, match="does not decide on one turn at a time"),
    ):
        make_fallback_rule("pairs")
    assert make_fallback_rule("recency").name == "recency"


def test_names_can_be_registered_once() -> None:
    with pytest.raises(ConfigError, match="registered already"):
        BASELINES.add("no_op", OracleManager)
    with pytest.raises(ConfigError, match="registered already"):
        RETRIEVER_BASELINES.add("bm25", NamedRetriever.of("bm25", BM25Retriever()))


@pytest.mark.parametrize("name", MANAGERS)
def test_baselines_travel_to_other_processes(name: str) -> None:
    policy = make_baseline(name)
    play(policy, a_stream())
    copy = pickle.loads(pickle.dumps(policy))
    assert kept(play(copy, a_stream())) == kept(play(policy, a_stream()))


def test_retriever_baselines_are_built_per_stream() -> None:
    context = StreamContext(a_stream(questions=[ask("1", {"t3"})]))
    for name in list_retriever_baselines():
        retriever = make_retriever_baseline(name).build(context, 0)
        assert len(retriever.search(MemoryStore(), "anything", 3)) == 0
    assert make_retriever_baseline("dense:hashed_ngrams").name == "dense:hashed_ngrams"


def test_hand_weights_name_features_that_exist() -> None:
    assert set(HAND_WEIGHTS) <= set(TURN_FEATURES)


@pytest.mark.parametrize("name", list_designs())
def test_the_rule_of_a_memory_design_is_a_baseline_of_its_name(name: str) -> None:
    assert make_baseline(name).name == name
