from memdojo.agents.designs.parts.hidden import hidden, hide
from memdojo.agents.designs.parts.memory import DesignMemory
from memdojo.envs.memory.embedders import make_embedder
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.types import Add, Capacity


def memory(max_entries: int) -> DesignMemory:
    return DesignMemory(
        MemoryStore(Capacity(max_entries=max_entries)), step=0, embedder=make_embedder("hashed_ngrams")
    )


def test_nobody_finds_what_is_hidden() -> None:
    held = memory(3)
    hide(held, "Ann: I live in Oslo.", sources=("t1",), time=None, kind="waiting")

    assert [entry.text for entry in hidden(held, "waiting")] == ["Ann: I live in Oslo."]
    assert held.matching("Where does Ann live?", 3) == ()


def test_only_others_that_are_hidden_leave_for_it() -> None:
    held = memory(2)
    held.apply(Add("Ann: I have a dog.", ("t0",)))
    for number in (1, 2):
        hide(held, f"Ann: number {number}.", sources=(f"t{number}",), time=None, kind="waiting")

    assert [entry.text for entry in held.store.entries] == ["Ann: I have a dog.", "Ann: number 2."]

    full = memory(1)
    full.apply(Add("Ann: I have a dog.", ("t0",)))
    hide(full, "Ann: number 1.", sources=("t1",), time=None, kind="waiting")
    assert hidden(full, "waiting") == []
