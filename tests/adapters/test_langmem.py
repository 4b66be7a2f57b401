"""LangMem in our gym, with the real library and a model that follows a script."""

from __future__ import annotations

import warnings

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("langmem")
    from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
    from langchain_core.messages import AIMessage
    from langgraph.store.memory import InMemoryStore
    from langmem import create_memory_store_manager

    from memdojo.adapters.langmem import LangMemMemory

from pydantic import BaseModel

from memdojo.adapters.foreign import Remembered
from memdojo.envs.memory.embedders import make_embedder
from memdojo.errors import ConfigError

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

EMBEDDER = make_embedder("hashed_ngrams")


class Model(GenericFakeChatModel):
    """Says one message after the other, whatever it is asked."""

    def bind_tools(self, tools, **kwargs):
        return self


def _writes(*contents: str) -> AIMessage:
    calls = [{"name": "Memory", "args": {"content": each}, "id": str(n)} for n, each in enumerate(contents)]
    return AIMessage(content="", tool_calls=calls)


def _memory(store: InMemoryStore, *replies: AIMessage) -> LangMemMemory:
    return LangMemMemory(create_memory_store_manager(Model(messages=iter(replies)), store=store))


@pytest.fixture
def store() -> InMemoryStore:
    def embed(texts: list[str]) -> list[list[float]]:
        return EMBEDDER.embed(texts).tolist()

    return InMemoryStore(index={"dims": EMBEDDER.dim, "embed": embed})


def test_what_the_model_wrote_is_found_with_the_turn_at_which_it_did(store):
    memory = _memory(store, _writes("Ann's dog is called Rex."), _writes("Ann lives in Rome."))
    memory.add("My dog is called Rex.", speaker="Ann", time="2024-05-01T09:00:00", turns=["t0"])
    memory.add("I live in Rome.", speaker="Ann", time="", turns=["t1"])
    assert memory.search("Where does Ann live? In Rome?", 1) == [Remembered("Ann lives in Rome.", ("t1",))]
    assert {each.turns for each in memory.search("Ann", 5)} == {("t0",), ("t1",)}


def test_memories_over_one_store_know_nothing_of_each_other(store):
    first, second = _memory(store, _writes("Ann's dog is called Rex.")), _memory(store)
    first.add("My dog is called Rex.", speaker="Ann", time="", turns=["t0"])
    assert len(first.search("dog", 5)) == 1
    assert second.search("dog", 5) == []


def test_memories_with_fields_are_told_as_json(store):
    class Pet(BaseModel):
        name: str
        age: int

    call = {"name": "Pet", "args": {"name": "Rex", "age": 3}, "id": "0"}
    model = Model(messages=iter([AIMessage(content="", tool_calls=[call])]))
    memory = LangMemMemory(create_memory_store_manager(model, schemas=[Pet], store=store))
    memory.add("Rex is three.", speaker="Ann", time="", turns=["t0"])
    assert memory.search("Rex", 5) == [Remembered('{"name": "Rex", "age": 3}', ("t0",))]


def test_something_else_than_its_manager_is_refused():
    with pytest.raises(ConfigError, match="create_memory_store_manager"):
        LangMemMemory("openai:gpt")
