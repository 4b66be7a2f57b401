"""LINK, MERGE, INVALIDATE, TAG and VALUE: what they change and refuse, and who still finds an entry."""

import dataclasses
import json
from datetime import datetime
from pathlib import Path

import pytest

from memdojo.agents.baselines.hybrid import HandHybridRetriever
from memdojo.agents.baselines.oracles import OracleRetriever
from memdojo.agents.baselines.rules import ScriptedRule
from memdojo.deploy.mcp_tools import MemoryTools
from memdojo.deploy.memory_agent import MemoryAgent
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.retrieval import RetrievalEpisode
from memdojo.envs.episodes.written_memory import memory_as_json, memory_from_json
from memdojo.envs.features.manager import FeatureSettings, ManagerFeatures
from memdojo.envs.memory import MemoryStore
from memdojo.envs.memory.design_operations import Invalidate, Link, Merge, Tag, Value
from memdojo.envs.memory.operations import OPERATIONS, operation_kinds
from memdojo.envs.memory.retrieval.candidates import candidates_for, select_candidates
from memdojo.envs.memory.retrieval.retrievers import list_retrievers, make_retriever
from memdojo.envs.types import (
    Add,
    Capacity,
    Delete,
    MemoryEntry,
    Operation,
    OperationStatus,
    Question,
    Relink,
    Rewrite,
    Update,
    WhenFull,
)
from memdojo.eval.findings.diagnosis import Cause, diagnose
from memdojo.eval.html.theatre import StreamPart, episode_block
from memdojo.eval.playing.settings import EvalSettings
from memdojo.eval.records.files import read_episodes
from memdojo.eval.records.plain_values import from_plain, to_plain
from memdojo.eval.records.types import EntryRecord
from memdojo.eval.run import run_evaluation
from memdojo.train.language.one_step_episodes import writes_of
from memdojo.train.language.warm_start.demonstrations import operations_between

from ...builders import make_store, make_stream

MAY = datetime(2023, 5, 1)


def _refused(store: MemoryStore, operation: Operation) -> tuple[OperationStatus, str]:
    """Apply what must be refused, and return as what and why; nothing may have changed."""
    before = store.entries, store.next_id, store.tokens, store.readable
    result = store.apply(operation, 9)
    assert not result.applied
    assert result.changes == ()
    assert (store.entries, store.next_id, store.tokens, store.readable) == before
    assert result.before is None or result.before in store.entries
    return result.status, result.why


# What they change


def test_a_new_entry_has_tags_and_links_and_makes_others_outdated() -> None:
    store = make_store("Ann lives in Rome", "Ann paints")
    result = store.apply(
        Add("Ann lives in Oslo", ("t2",), tags=("home", "Ann", "home"), links=(2, 2), replaces=(1,)), 5
    )
    assert (result.after.tags, result.after.links, result.after.replaces) == (("home", "Ann"), (2,), (1,))
    assert store.get(1).ended == 5
    assert [(change.before.id, change.after.ended) for change in result.others] == [(1, 5)]
    assert [entry.id for entry in store.readable] == [2, 3]


def test_links_lead_one_way_and_join_those_that_are_there() -> None:
    store = make_store("a", "b", "c", Link(1, (2,)))
    assert store.apply(Link(1, (3, 2)), 1).applied
    assert [entry.links for entry in store] == [(2, 3), (), ()]


def test_merging_joins_all_fields_into_the_first_and_redirects_links() -> None:
    store = make_store(
        Add("Ann has a dog", ("t0",), MAY, "pet", 0.5, tags=("dog",)),
        Add("The dog is Rex", ("t1",), tags=("name", "dog"), links=(1,)),
        Add("Rex is old", ("t2", "t0")),
        Add("Ann walks", ("t3",), links=(3, 2, 1)),
        Link(1, (2, 4)),
        Link(3, (4,)),
        Value(1, reads=2, helps=1),
        Value(3, reads=3),
    )
    result = store.apply(Merge((1, 3, 2), "Ann has an old dog, Rex", ("t4",)), 7)
    merged = store.get(1)
    assert result.before.text == "Ann has a dog"
    assert result.after == merged
    assert (merged.kind, merged.time, merged.utility, merged.created_step) == ("pet", MAY, 0.5, 0)
    assert (merged.text, merged.updated_step) == ("Ann has an old dog, Rex", 7)
    assert merged.sources == ("t0", "t2", "t1", "t4")
    assert (merged.tags, merged.links) == (("dog", "name"), (4,))
    assert (merged.reads, merged.helps) == (5, 1)
    assert store.get(4).links == (1,)
    assert [entry.id for entry in store] == [1, 4]
    assert {change.before.id for change in result.changes if change.after is None} == {2, 3}


def test_merging_makes_the_room_that_it_needs() -> None:
    store = MemoryStore(Capacity(max_tokens=4))
    for text in ("a b", "c d"):
        assert store.apply(Add(text), 0).applied
    assert store.apply(Merge((1, 2), "a b c d"), 1).applied
    assert store.apply(Add("e", evicts=(1,)), 2).applied
    assert _refused(store, Merge((2, 9), "e"))[0] is OperationStatus.UNKNOWN_ID


def test_an_outdated_entry_stays_counts_against_the_capacity_and_may_leave() -> None:
    store = MemoryStore(Capacity(max_entries=2, when_full=WhenFull.POLICY))
    for operation in (Add("a"), Add("b"), Invalidate(1, by=2)):
        assert store.apply(operation, 3).applied
    assert (store.get(1).ended, store.get(2).replaces, len(store), store.is_full) == (3, (1,), 2, True)
    assert _refused(store, Add("c"))[0] is OperationStatus.STORE_FULL
    assert store.apply(Add("c", evicts=(1,)), 4).applied
    assert [(entry.id, entry.replaces) for entry in store] == [(2, ()), (3, ())]
    assert store.apply(Invalidate(3), 5).applied
    assert store.apply(Delete(3), 6).applied
    assert store.readable is store.entries


def test_a_version_chain_closes_over_what_leaves() -> None:
    store = make_store("a", Add("b", replaces=(1,)), Add("c", replaces=(2,)))
    store.apply(Delete(2), 5)
    assert store.get(3).replaces == (1,)
    store.apply(Delete(1), 6)
    assert store.get(3).replaces == ()


def test_what_makes_others_outdated_may_take_their_place() -> None:
    store = MemoryStore(Capacity(max_entries=2, when_full=WhenFull.EVICT_OLDEST))
    for operation in (Add("a"), Add("b", replaces=(1,)), Add("c", replaces=(2,))):
        assert store.apply(operation, 0).applied
    assert [(entry.text, entry.ended, entry.replaces) for entry in store] == [("b", 0, ()), ("c", None, (2,))]
    assert store.apply(Add("d", replaces=(3,)), 1).applied
    assert [(entry.text, entry.replaces) for entry in store] == [("c", ()), ("d", (3,))]


def test_uses_are_counted_and_the_utility_is_set_also_of_what_is_outdated() -> None:
    store = make_store("a", Value(1, reads=2, helps=1, utility=0.25), Invalidate(1), Value(1, reads=1))
    (entry,) = store.entries
    assert (entry.reads, entry.helps, entry.utility, entry.updated_step) == (3, 1, 0.25, 0)


def test_sources_and_all_else_survive_every_operation() -> None:
    store = make_store(Add("a", ("t0",), tags=("x",)), Add("b", ("t1",), replaces=()), Value(1, 1, 1, 2.0))
    for operation in (Link(1, (2,)), Tag(1, ("y",)), Update(1, "c"), Invalidate(1, by=2)):
        assert store.apply(operation, 4).applied
        assert store.get(1).sources == ("t0",)
    first, second = store.entries
    assert (first.text, first.tags, first.links, first.reads, first.helps, first.utility, first.ended) == (
        ("c", ("y",), (2,), 1, 1, 2.0, 4)
    )
    assert second.sources == ("t1",)


# What they refuse


@pytest.mark.parametrize(
    ("operation", "status", "why"),
    [
        (Link(9, (1,)), OperationStatus.UNKNOWN_ID, "no entry with id 9"),
        (Link(1, (9,)), OperationStatus.UNKNOWN_ID, "no entry with id 9"),
        (Link(1, (1,)), OperationStatus.REFUSED, "cannot link to itself"),
        (Link(1, ()), OperationStatus.REFUSED, "names no entry"),
        (Link(3, (1,)), OperationStatus.REFUSED, "Entry 3 was invalidated at chunk 4"),
        (Merge((1, 1), "x"), OperationStatus.REFUSED, "The entries to merge are 1, 1; it takes two or more."),
        (Merge((1,), "x"), OperationStatus.REFUSED, "two or more"),
        (Merge((), "x"), OperationStatus.REFUSED, "none; it takes two or more"),
        (Merge((1, 9), "x"), OperationStatus.UNKNOWN_ID, "no entry with id 9"),
        (Merge((1, 3), "x"), OperationStatus.REFUSED, "was invalidated"),
        (Merge((1, 4), "x"), OperationStatus.REFUSED, "core block cannot be merged"),
        (Merge((4, 1), "x"), OperationStatus.REFUSED, "core block cannot be merged"),
        (Merge((1, 2), " "), OperationStatus.EMPTY_TEXT, "empty"),
        (Merge((1, 2), "x " * 3000), OperationStatus.TOO_LONG, "tokens"),
        (Invalidate(9), OperationStatus.UNKNOWN_ID, "no entry with id 9"),
        (Invalidate(1, by=9), OperationStatus.UNKNOWN_ID, "no entry with id 9"),
        (Invalidate(1, by=1), OperationStatus.REFUSED, "cannot replace itself"),
        (Invalidate(1, by=3), OperationStatus.REFUSED, "was invalidated"),
        (Invalidate(3), OperationStatus.REFUSED, "was invalidated"),
        (Invalidate(4), OperationStatus.REFUSED, "core block cannot be invalidated"),
        (Add("x", replaces=(4,)), OperationStatus.REFUSED, "core block cannot be invalidated"),
        (Add("x", replaces=(3,)), OperationStatus.REFUSED, "was invalidated"),
        (Add("x", replaces=(9,)), OperationStatus.UNKNOWN_ID, "no entry with id 9"),
        (Add("x", links=(9,)), OperationStatus.UNKNOWN_ID, "no entry with id 9"),
        (Add("x", tags=("a", " ")), OperationStatus.EMPTY_TEXT, "A tag is empty"),
        (Update(3, "x"), OperationStatus.REFUSED, "was invalidated"),
        (Tag(3, ("x",)), OperationStatus.REFUSED, "was invalidated"),
        (Tag(9, ("x",)), OperationStatus.UNKNOWN_ID, "no entry with id 9"),
        (Tag(1, ("",)), OperationStatus.EMPTY_TEXT, "A tag is empty"),
        (Value(9, 1), OperationStatus.UNKNOWN_ID, "no entry with id 9"),
        (Value(1, reads=-1), OperationStatus.REFUSED, "reads=-1"),
        (Value(1, helps=-1), OperationStatus.REFUSED, "helps=-1"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(
    operation: Operation, status: OperationStatus, why: str
) -> None:
    store = make_store("a", "b", "c", Rewrite("I am Ann"), Invalidate(3, by=2))
    found, told = _refused(store, operation)
    assert found is status
    assert why in told
    assert told.endswith(".")


def test_merging_that_finds_no_room_leaves_everything_as_it_was() -> None:
    store = MemoryStore(Capacity(max_tokens=4))
    for operation in (Add("a b", links=()), Add("c", links=(1,)), Add("d", links=(2,))):
        assert store.apply(operation, 0).applied
    assert _refused(store, Merge((1, 2), "a b c e"))[0] is OperationStatus.STORE_FULL


def test_tags_and_counts_of_another_type_are_the_programmers_mistake() -> None:
    store = make_store("a")
    before = store.entries
    with pytest.raises(TypeError, match="the tag 3 of an entry is of type int"):
        store.apply(Tag(1, (3,)), 1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"reads=1\.5 of an entry is of type float"):
        store.apply(Value(1, reads=1.5), 1)  # type: ignore[arg-type]
    assert store.entries == before


def test_what_is_outdated_does_not_stand_for_a_new_entry() -> None:
    store = make_store("Ann paints")
    assert _refused(store, Add("ann paints.", unique=True))[0] is OperationStatus.DUPLICATE
    assert store.apply(Invalidate(1), 1).applied
    assert store.apply(Add("ann paints.", unique=True), 2).applied


def test_the_core_block_cannot_come_invalidated() -> None:
    core = MemoryEntry(1, "core", "I am Ann", None, 0, 0, (), ended=0)
    with pytest.raises(ValueError, match="entry 1 is an invalidated core block"):
        MemoryStore.from_entries([core])


# Who finds an entry


TEXTS = ("Ann: I have a dog", "Bob: the dog is Rex", "Ann: my dog barks", "Bob: no dog here", "Ann: dog food")


@pytest.mark.parametrize("name", [*list_retrievers(), "hybrid"])
@pytest.mark.parametrize("k", [1, 2, 99])
def test_no_retriever_finds_what_is_outdated(name: str, k: int) -> None:
    store = make_store(*TEXTS)
    retriever = HandHybridRetriever() if name == "hybrid" else make_retriever(name)
    assert len(retriever.search(store, "dog", 99)) == len(TEXTS)
    for id in (5, 2):
        assert store.apply(Invalidate(id), 9).applied
    found = [hit.entry.id for hit in retriever.search(store, "dog", k)]
    assert len(found) == min(k, 3)
    assert set(found) <= {1, 3, 4}
    if k > 2:
        assert set(found) == {1, 3, 4}
    for id in (1, 3, 4):
        assert store.apply(Invalidate(id), 9).applied
    assert retriever.search(store, "dog", k) == ()


def test_a_compact_retriever_finds_no_outdated_entry() -> None:
    pytest.importorskip("torch")
    from memdojo.agents.compact.retriever import CompactRetriever, new_retriever_network
    from memdojo.envs.features.retrieval import RetrievalFeatures

    store = make_store(*TEXTS, Invalidate(1))
    retriever = CompactRetriever(new_retriever_network(3, 8, seed=0), RetrievalFeatures())
    hits = retriever.search(store, "dog", 9)
    assert sorted(hit.entry.id for hit in hits) == [2, 3, 4, 5]
    assert all(store.get(hit.entry.id) == hit.entry for hit in hits)


def test_nobody_is_shown_an_outdated_entry_as_a_candidate() -> None:
    store = make_store(*TEXTS, Invalidate(5))
    assert [entry.id for entry in select_candidates(store, "dog", None)] == [1, 2, 3, 4]
    assert [entry.id for entry in select_candidates(store, "nothing", 2)] == [3, 4]
    assert 5 not in candidates_for(store, "dog", None).staying


def test_forks_end_entries_on_their_own() -> None:
    store = make_store(*TEXTS)
    fork = store.fork()
    fork.apply(Invalidate(1), 3)
    twin = fork.fork()
    twin.apply(Delete(1), 4)
    assert [len(each.readable) for each in (store, fork, twin)] == [5, 4, 4]
    assert [len(each) for each in (store, fork, twin)] == [5, 5, 4]
    assert len(make_retriever("dense").search(store, "dog", 9)) == 5
    snapshot = fork.snapshot()
    fork.restore(store.snapshot())
    assert fork.readable == store.entries
    fork.restore(snapshot)
    assert [entry.id for entry in fork.readable] == [2, 3, 4, 5]


def test_the_documents_to_read_are_those_of_the_valid_entries() -> None:
    store = make_store("a", "b", "c")
    assert store.readable is store.entries
    store.apply(Invalidate(2), 1)
    assert [store.corpus.text(document) for document in store.readable_documents] == ["a", "c"]
    assert store.readable is store.readable


# Episodes

STREAM = make_stream(
    "I live in Oslo",
    "The tea is green",
    "It rains",
    questions=[Question("q", "Where does Ann live?", ("Oslo",), "1", frozenset({"t0"}))],
)
LIVES = Add("Ann: I live in Oslo", ("t0",))


@pytest.mark.parametrize(
    ("operations", "is_held"),
    [
        ((LIVES,), True),
        ((LIVES, Invalidate(1)), False),
        ((LIVES, Invalidate(1), Value(1, reads=1)), False),
        ((LIVES, Invalidate(1), Delete(1)), False),
        ((LIVES, LIVES, Invalidate(1, by=2)), True),
        ((LIVES, Add("Ann: I live in Oslo", ("t0",), replaces=(1,))), True),
        ((LIVES, Add("tea"), Merge((2, 1), "Ann: I live in Oslo, tea")), True),
        ((LIVES, Add("tea"), Merge((2, 1), "tea")), False),
    ],
)
def test_evidence_is_held_by_valid_entries_alone(operations: tuple[Operation, ...], is_held: bool) -> None:
    episode = ManagerEpisode(StreamContext(STREAM), Capacity(9))
    fork = episode.fork()
    outcome = episode.step(operations)
    assert bool(episode.kept_evidence) is is_held
    assert outcome.potential_after == pytest.approx(float(is_held))
    assert fork.kept_evidence == frozenset()
    twin = episode.fork()
    twin.step([Invalidate(entry.id) for entry in twin.store.readable])
    assert twin.kept_evidence == frozenset()
    assert bool(episode.kept_evidence) is is_held
    last = [each.step(()) for each in (episode, episode)][-1]
    assert bool(last.questions[0].stored) is is_held
    assert any(last.questions[0].retrieved) is is_held


def test_a_ranking_cannot_hand_over_an_outdated_entry() -> None:
    context = StreamContext(STREAM)
    store = make_store(LIVES, "tea", Invalidate(1))
    episode = RetrievalEpisode(context, memory=[store], top_k=2)
    outcome = episode.step([1, 2])
    assert episode.malformed
    (question,) = outcome.questions
    assert (question.stored, question.num_evidence_entries) == (frozenset(), 0)
    assert OracleRetriever(context).search(store, "Where does Ann live?", 2) == ()


def test_a_compact_manager_cannot_update_an_outdated_entry_but_delete_it() -> None:
    episode = ManagerEpisode(StreamContext(STREAM), Capacity(2))
    episode.step([LIVES])
    episode.step([Add("Ann: The tea is green", ("t1",)), Invalidate(1)])
    features = ManagerFeatures(FeatureSettings(num_candidates=3))
    observation = features.observe(episode)
    assert observation.candidate_ids == (1, 2)
    updates, deletes, replacements = observation.arrays["action_mask"][2:].reshape(3, 3).tolist()
    assert (updates, deletes, replacements) == ([0, 1, 0], [1, 1, 0], [1, 1, 0])


# Registration, records and copies


def _with_everything() -> MemoryStore:
    return make_store(
        Add("a", ("t0",), MAY, "pet", 0.5, tags=("x", "y z")),
        Add("b", ("t1",), links=(1,), replaces=(1,)),
        Value(1, reads=3, helps=2),
        Add("c"),
        Merge((2, 3), "b c"),
    )


def test_memdojos_own_kinds_are_registered_and_columns_only_where_they_occur() -> None:
    kinds = ("MERGE", "LINK", "TAG", "INVALIDATE", "VALUE")
    assert {*kinds} <= {*OPERATIONS}
    assert not {*kinds} & {*operation_kinds()}
    assert operation_kinds({"VALUE", "LINK", "MINE"})[-3:] == ("LINK", "VALUE", "MINE")


def test_records_and_written_memories_keep_all_fields_and_read_those_of_before() -> None:
    store = _with_everything()
    for entry in store:
        record = json.loads(json.dumps(to_plain(EntryRecord(entry))))
        assert from_plain(EntryRecord, record).entry == entry
    written = {"q": store.entries}
    plain = json.loads(json.dumps(memory_as_json(written)))
    assert memory_from_json(plain) == written
    for fields in plain["entries"]:
        for name in ("tags", "reads", "helps", "ended", "replaces"):
            del fields[name]
    first, second = memory_from_json(plain)["q"]
    assert (first.text, first.tags, first.reads, first.ended) == ("a", (), 0, None)
    assert (second.links, second.replaces) == ((1,), ())
    old = {"id": 3, "kind": "fact", "text": "x", "time": None, "created_step": 0, "updated_step": 1,
           "sources": ["t0"], "links": [1]}  # fmt: skip
    assert from_plain(EntryRecord, {"entry": old}).entry.links == (1,)


def _said(store: MemoryStore) -> list[MemoryEntry]:
    """The entries as if all had happened at once."""
    return [
        dataclasses.replace(each, created_step=0, updated_step=0, ended=None if each.ended is None else 0)
        for each in store
    ]


def test_a_copied_memory_has_all_fields() -> None:
    store = _with_everything()
    assert _said(make_store(*writes_of(store.entries))) == _said(store)
    store.apply(Delete(1), 9)
    (copied,) = make_store(*writes_of(store.entries)).entries
    assert (copied.id, copied.links, copied.replaces) == (1, (), ())


def test_the_operations_between_two_stores_make_one_of_the_other() -> None:
    before = make_store("a", "b", "c", "d", Value(1, reads=1), Tag(2, ("x",)), Link(2, (1,)))
    after = before.fork()
    for operation in (
        Merge((1, 3), "a c"),
        Add("new", ("t9",), tags=("n",), links=(1,), replaces=(4,)),
        Tag(1, ("t",)),
        Value(5, reads=2, helps=1),
        Value(2, helps=1, utility=0.5),
        Invalidate(2, by=5),
    ):
        assert after.apply(operation, 8).applied
    twin = before.fork()
    for operation in operations_between(before, after, {}, twin.next_id):
        assert twin.apply(operation, 8).applied, operation
    assert _said(twin) == _said(after)


def test_a_memory_can_be_copied_with_links_and_versions_of_any_shape() -> None:
    store = make_store("a", "b", Relink(1, (2,), (2,)), Relink(2, (1,), (1,)))
    assert [(entry.links, entry.replaces) for entry in store] == [((2,), (2,)), ((1,), (1,))]
    store.apply(Delete(1), 3)
    assert [(entry.links, entry.replaces) for entry in store] == [((), ())]


def test_a_memory_agent_keeps_what_designs_did_and_finds_nothing_outdated(tmp_path: Path) -> None:
    script = [
        (Add("Ann lives in Rome"), Add("Ann has a dog")),
        (Add("Ann lives in Oslo", tags=("home",), replaces=(1,)), Merge((2, 3), "Ann has a dog in Oslo")),
    ]
    path = tmp_path / "memory"
    with MemoryAgent(path, manager=ScriptedRule(script, turns_per_chunk=1)) as agent:
        agent.observe_many([("Ann", "Rome, and a dog"), ("Ann", "Oslo")])
        entries = agent.entries
        assert [(entry.id, entry.ended, entry.replaces) for entry in entries] == [(1, 1, ()), (2, None, (1,))]
    with MemoryAgent(path) as agent:
        assert agent.entries == entries
        tools = MemoryTools(agent)
        assert [memory.id for memory in tools.recall("Where does Ann live? Rome?").memories] == [2]
        assert [memory.id for memory in tools.list_memories().memories] == [2]
        listed = tools.list_memories(outdated=True).memories
        assert [(memory.id, memory.outdated) for memory in listed] == [(2, False), (1, True)]
        agent.forget(1)
        assert [entry.replaces for entry in agent.entries] == [()]


def test_diagnosis_and_theatre_tell_that_an_entry_was_invalidated(tmp_path: Path) -> None:
    stream = dataclasses.replace(STREAM, id="s2", group="s2")
    first = dataclasses.replace(LIVES, tags=("home",))
    manager = ScriptedRule([(first,), (Add("Ann: The tea is green", ("t1",), replaces=(1,)),)], name="mine")
    report = run_evaluation(
        [manager], [STREAM, stream], EvalSettings(max_entries=4), num_resamples=20, folder=tmp_path
    )
    assert report.evaluation.streams.set_index("policy").loc["mine", "add"].tolist() == [2, 2]
    record = next(each for each in read_episodes(tmp_path) if each.policy == "mine")
    block = episode_block(record, StreamPart(STREAM), {})
    assert [(entry[0], entry[8:]) for entry in block.entries] == [
        (1, [[], ["home"]]),
        (2, [[], [], None, [1]]),
        (1, [[], ["home"], 1]),
    ]
    (finding,) = diagnose(record, [0.0], StreamContext(STREAM).turn_index, {"q": True})
    assert finding is not None
    assert (finding.cause, finding.turn, finding.step) == (Cause.INVALIDATED, "t0", 1)
