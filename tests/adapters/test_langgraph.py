"""The store of LangGraph, with the real library."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypedDict

import pytest

pytest.importorskip("langgraph.store.base")

from langgraph.store.base import GetOp, InvalidNamespaceError, PutOp, SearchOp

import memdojo
from memdojo.adapters.langgraph import MemdojoStore
from memdojo.agents.baselines.registry import make_baseline
from memdojo.envs.types import Noop, Update
from memdojo.errors import AgentError, ConfigError, DataError, StoreFileError

ANN, BOB = ("users", "ann"), ("users", "bob")


@pytest.fixture
def store(tmp_path: Path):
    with MemdojoStore(tmp_path / "store", clock=lambda: datetime(2024, 5, 1, 9)) as store:
        yield store


class Rewriter:
    """Writes the first turn down, and all later ones into the same entry."""

    name, turns_per_chunk, stochastic = "rewriter", 1, False

    def act(self, episodes):
        return [self._act(episode) for episode in episodes]

    def _act(self, episode):
        (turn,) = episode.chunk.turns
        entries = tuple(episode.store)
        if not entries:
            return make_baseline("recency").act([episode])[0]
        return (Update(entries[0].id, f"{entries[0].text} {turn.text}", (turn.id,)),)


class Ignorer(Rewriter):
    name = "ignorer"

    def _act(self, episode):
        return (Noop(),)


class Broken(Rewriter):
    name = "broken"

    def _act(self, episode):
        raise RuntimeError("no engine")


def _texts(items):
    return [(item.key, item.value["text"]) for item in items]


def test_what_was_put_comes_back_under_its_key_in_the_managers_words(store):
    store.put(ANN, "food", {"text": "I like pizza.", "speaker": "Ann"})
    item = store.get(ANN, "food")
    assert (item.namespace, item.key, item.value) == (ANN, "food", {"text": "Ann: I like pizza."})
    assert item.created_at == item.updated_at == datetime(2024, 5, 1, 9).astimezone(UTC)
    assert store.get(ANN, "drink") is None
    assert store.get(("nobody",), "food") is None


def test_every_field_of_a_value_is_said(store):
    store.put(ANN, "a", {"content": "Rex barks.", "kind": "pet", "age": 3})
    store.put(ANN, "b", {"likes": ["tea", "milk"], "city": "Rome"})
    assert store.get(ANN, "a").value == {"text": "user: Rex barks. (kind: pet; age: 3)"}
    assert store.get(ANN, "b").value == {"text": 'user: likes: ["tea", "milk"]; city: Rome'}


def test_a_search_looks_through_all_namespaces_under_the_prefix_and_puts_the_best_first(store):
    store.put(ANN, "dog", {"text": "My dog is called Rex."})
    store.put(ANN, "food", {"text": "I like pizza."})
    store.put(BOB, "dog", {"text": "My dog Fido is a dog."})
    store.put(("notes",), "dog", {"text": "A dog."})
    found = store.search(("users",), query="Which dog is called Rex?")
    assert [(item.namespace, item.key) for item in found][:2] == [(ANN, "dog"), (BOB, "dog")]
    assert found[0].score > found[1].score
    assert [item.namespace for item in store.search(ANN, query="dog", limit=1)] == [ANN]
    assert len(store.search((), query="dog")) >= 3
    assert _texts(store.search(("users",), query="Which dog is called Rex?", limit=1, offset=1)) == _texts(
        found[1:2]
    )


def test_without_a_query_the_latest_item_comes_first(tmp_path):
    times = iter(datetime(2024, 5, day, 9) for day in (1, 2, 3))
    with MemdojoStore(tmp_path, clock=lambda: next(times)) as store:
        for namespace, key in ((ANN, "a"), (BOB, "b"), (ANN, "c")):
            store.put(namespace, key, {"text": f"This is {key}."})
        assert [item.key for item in store.search(("users",))] == ["c", "b", "a"]
        assert [item.key for item in store.search(("users",), limit=1, offset=1)] == ["b"]


def test_a_key_that_is_put_again_stands_for_the_new_value_alone(store):
    store.put(ANN, "food", {"text": "I like pizza."})
    store.put(ANN, "food", {"text": "I like sushi."})
    assert _texts(store.search(ANN)) == [("food", "user: I like sushi.")]
    assert store.get(ANN, "food").value == {"text": "user: I like sushi."}


def test_what_the_manager_merged_stays_when_one_key_is_put_again_and_goes_when_it_is_deleted(tmp_path):
    with MemdojoStore(tmp_path, manager=Rewriter()) as store:
        store.put(ANN, "a", {"text": "Ann bakes."})
        store.put(ANN, "b", {"text": "Bob sings."})
        merged = "user: Ann bakes. Bob sings."
        assert store.get(ANN, "a").value == store.get(ANN, "b").value == {"text": merged}
        assert _texts(store.search(ANN)) == [("b", merged)]
        store.put(ANN, "a", {"text": "Ann swims."})
        assert store.get(ANN, "b").value == {"text": f"{merged} Ann swims."}
        store.delete(ANN, "b")
        assert store.search(ANN) == []


def test_what_is_deleted_is_gone_from_the_file(store, tmp_path):
    store.put(ANN, "secret", {"text": "The word is xyzzy."})
    store.delete(ANN, "secret")
    store.delete(ANN, "secret")
    store.delete(("nobody",), "secret")
    assert store.get(ANN, "secret") is None
    assert not any(b"xyzzy" in file.read_bytes() for file in (tmp_path / "store").iterdir())


def test_what_the_manager_does_not_keep_is_not_there(tmp_path):
    with MemdojoStore(tmp_path, manager=Ignorer()) as store:
        store.put(ANN, "a", {"text": "Ann bakes."})
        assert store.get(ANN, "a") is None
        store.delete(ANN, "a")


def test_entries_without_a_key_have_one_by_which_they_are_replaced_and_deleted(store):
    memory = store.memory(ANN)
    memory.observe("Ann", "I like pizza.")
    memory.observe("Ann", "I have a dog.")
    (dog, food) = store.search(ANN)
    assert (dog.key, food.key) == ("entry-2", "entry-1")
    store.put(ANN, "entry-1", {"text": "I like sushi."})
    assert store.get(ANN, "entry-1").value == {"text": "user: I like sushi."}
    store.delete(ANN, "entry-2")
    assert _texts(store.search(ANN)) == [("entry-1", "user: I like sushi.")]
    with pytest.raises(ConfigError, match="own form"):
        store.put(ANN, "entry-99", {"text": "I like tea."})


def test_a_long_value_is_one_item_of_several_entries(tmp_path):
    capacity = memdojo.Capacity(max_entry_tokens=12)
    with MemdojoStore(tmp_path, capacity=capacity) as store:
        store.put(ANN, "long", {"text": "Ann has a dog. " * 8})
        store.put(ANN, "short", {"text": "A dog barks."})
        assert len(store.memory(ANN).entries) > 2
        found = store.search(ANN, query="dog", limit=2)
        assert {item.key for item in found} == {"long", "short"}
        assert store.get(ANN, "long").value["text"].count("Ann has a dog.") == 8


def test_namespaces_are_listed_by_prefix_suffix_wildcard_and_depth(store):
    for namespace in (("users", "ann", "v1"), ("users", "bob", "v1"), ("users", "bob", "v2"), ("a/b", "ü*")):
        store.put(namespace, "k", {"text": "Hello there."})
    assert store.list_namespaces() == sorted(
        [("a/b", "ü*"), ("users", "ann", "v1"), ("users", "bob", "v1"), ("users", "bob", "v2")]
    )
    assert store.list_namespaces(prefix=("users", "*"), suffix=("v1",)) == [
        ("users", "ann", "v1"),
        ("users", "bob", "v1"),
    ]
    assert store.list_namespaces(max_depth=1) == [("a/b",), ("users",)]
    assert store.list_namespaces(limit=1, offset=1) == [("users", "ann", "v1")]


def test_the_asynchronous_forms_do_the_same(store):
    async def run() -> None:
        await store.aput(ANN, "food", {"text": "I like pizza."})
        assert (await store.aget(ANN, "food")).value == {"text": "user: I like pizza."}
        assert [item.key for item in await store.asearch(("users",), query="pizza")] == ["food"]
        assert await store.alist_namespaces() == [ANN]
        await store.adelete(ANN, "food")
        assert await store.aget(ANN, "food") is None

    asyncio.run(run())


def test_a_batch_is_done_in_order(store):
    put = PutOp(ANN, "food", {"text": "I like pizza."})
    results = store.batch([put, GetOp(ANN, "food"), SearchOp(ANN, query="pizza"), PutOp(ANN, "food", None)])
    assert results[0] is results[3] is None
    assert results[1].key == results[2][0].key == "food"
    assert store.get(ANN, "food") is None


def test_another_process_finds_keys_and_items(store, tmp_path):
    store.put(ANN, "food", {"text": "I like pizza."})
    with MemdojoStore(tmp_path / "store") as other:
        assert other.get(ANN, "food").value == {"text": "user: I like pizza."}
        other.put(ANN, "drink", {"text": "I like tea."})
    assert store.get(ANN, "drink").value == {"text": "user: I like tea."}


def test_memories_share_their_policies_and_limits(tmp_path):
    manager = make_baseline("recency")
    with MemdojoStore(tmp_path, manager=manager, max_entries=1) as store:
        for namespace in (ANN, BOB):
            store.put(namespace, "a", {"text": "One thing."})
            store.put(namespace, "b", {"text": "Another thing."})
            assert [item.key for item in store.search(namespace)] == ["b"]
        assert store.memory(ANN).manager is store.memory(BOB).manager is manager


def test_a_manager_that_fails_says_so_and_the_value_waits_under_its_key(tmp_path):
    with MemdojoStore(tmp_path, manager=Broken()) as store, pytest.raises(AgentError, match="no engine"):
        store.put(ANN, "food", {"text": "I like pizza."})
    with MemdojoStore(tmp_path) as store:
        assert store.get(ANN, "food").value == {"text": "user: I like pizza."}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda store: store.search(ANN, filter={"kind": "pet"}), "has the filter"),
        (lambda store: store.put(ANN, "a", {"text": "Hi."}, index=False), "index=False"),
        (lambda store: store.batch([PutOp(ANN, "a", {"text": "Hi."}, ttl=5.0)]), "time to live"),
        (lambda store: store.batch([PutOp((), "a", {"text": "Hi."})]), r"namespace is \(\)"),
        (lambda store: store.batch([GetOp(("users", ""), "a")]), "namespace is"),
        (lambda store: store.batch(["nonsense"]), "'nonsense'"),
    ],
)
def test_what_a_memory_cannot_do_is_refused(store, call, message):
    with pytest.raises(ConfigError, match=message):
        call(store)


def test_a_time_to_live_is_refused_by_langgraph_itself(store):
    with pytest.raises(NotImplementedError, match="TTL"):
        store.put(ANN, "a", {"text": "Hi."}, ttl=5.0)


@pytest.mark.parametrize("value", [{}, {"text": " "}, {"odd": object()}])
def test_a_value_that_says_nothing_is_refused_and_the_old_one_stays(store, value):
    store.put(ANN, "a", {"text": "I like pizza."})
    with pytest.raises(DataError):
        store.put(ANN, "a", value)
    assert store.get(ANN, "a").value == {"text": "user: I like pizza."}


def test_a_namespace_that_makes_no_file_name_is_refused(store):
    with pytest.raises(StoreFileError):
        store.put(("x" * 300,), "a", {"text": "Hi."})


def test_a_label_with_a_full_stop_is_not_two_labels(store):
    with pytest.raises(InvalidNamespaceError):
        store.put(("a.b",), "k", {"text": "Hi."})
    # LangGraph itself does not look at the labels of operations.
    store.batch([PutOp(("a.b",), "k", {"text": "Hi."})])
    assert store.get(("a", "b"), "k") is None
    assert store.list_namespaces() == [("a.b",)]


def test_damaged_keys_are_an_error_and_no_empty_namespace(store, tmp_path):
    store.put(ANN, "a", {"text": "Hi there."})
    (tmp_path / "store" / "users.ann.keys.json").write_text("{")
    with pytest.raises(StoreFileError, match=r"users\.ann\.keys\.json"):
        store.get(ANN, "a")


class State(TypedDict):
    said: str
    found: str


def test_a_graph_of_langgraph_remembers_by_it(store):
    graphs = pytest.importorskip("langgraph.graph")
    get_store = pytest.importorskip("langgraph.config").get_store

    def remember(state: State) -> Any:
        found = get_store().search(ANN, query=state["said"], limit=1)
        get_store().put(ANN, state["said"], {"text": state["said"]})
        return {"found": found[0].value["text"] if found else ""}

    builder = graphs.StateGraph(State)
    builder.add_node("remember", remember)
    builder.add_edge(graphs.START, "remember")
    graph = builder.compile(store=store)
    assert graph.invoke({"said": "My dog is called Rex.", "found": ""})["found"] == ""
    assert graph.invoke({"said": "Who is Rex?", "found": ""})["found"] == "user: My dog is called Rex."
