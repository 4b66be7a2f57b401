import random
from datetime import datetime
from pathlib import Path

import pytest

from memdojo.agents.baselines.rules import ScriptedRule
from memdojo.deploy.memory_agent import MemoryAgent
from memdojo.envs.memory import save_store
from memdojo.envs.types import Add, Capacity, Noop, Update
from memdojo.errors import UnknownNameError

MAY_1 = datetime(2024, 5, 1, 9)


def num_found(path: Path, word: str) -> int:
    """Return how often a word stands in the bytes of a memory's file and of those beside it."""
    return sum(file.read_bytes().count(word.encode()) for file in path.parent.iterdir())


def test_a_purge_leaves_no_word_of_turns_that_left_a_full_store_or_were_dropped(tmp_path: Path) -> None:
    path = tmp_path / "m"
    with MemoryAgent(path, capacity=Capacity(2)) as agent:
        agent.observe("Ann", "My password is swordfisch, the PIN 884422.", MAY_1)
        for number in range(3):
            agent.observe("Bob", f"filler {number}", MAY_1)
        agent.purge()
        assert num_found(path, "swordfisch") == num_found(path, "884422") == 0
        assert [entry.text for entry in agent.entries] == ["Bob: filler 1", "Bob: filler 2"]
        words = dict(agent._file.database.execute("SELECT word, turns FROM words"))
        assert words == {"bob": 2, "filler": 2, "1": 1, "2": 1}
    with MemoryAgent(path, manager="keep_first") as agent:
        agent.observe("Cy", "The last one is walfischli.", MAY_1)
        # It was dropped, and is the last one that was said.
        assert num_found(path, "walfischli") > 0
        agent.purge()
        assert num_found(path, "walfischli") == 0
        agent.observe("Cy", "One more.", MAY_1)


def test_a_turn_that_no_entry_says_any_more_is_found_and_erased_with_what_came_of_it(tmp_path: Path) -> None:
    script = [
        [Add("Ann has a secret.", ("t1",), MAY_1)],
        [Update(1, "Ann has two secrets.", ("t2",))],
        [Noop()],
    ]
    path = tmp_path / "m"
    with MemoryAgent(path, manager=ScriptedRule(script)) as agent:
        for text in ("It is xylophone.", "And zeppelin.", "Never mind."):
            agent.observe("Ann", text, MAY_1)
        assert agent.search("xylophone") == ()
        (turn,) = agent.find_said("XYLOPHONE")
        assert (turn.id, turn.text) == ("t1", "It is xylophone.")
        assert [entry.text for entry in agent.forget_turn(turn)] == ["Ann has two secrets."]
        assert agent.entries == ()
        for word in ("xylophon", "zeppelin", "secret"):
            assert num_found(path, word) == 0
        # The last turn came to no entry.
        assert [turn.id for turn in agent.find_said("never")] == ["t3"]
        assert agent.forget_turn("t3") == ()
        assert num_found(path, "Never") == num_found(path, "never") == 0
        with pytest.raises(UnknownNameError, match=r"no turn 't3'.*find_said"):
            agent.forget_turn("t3")


def test_a_turn_that_waits_is_found_and_erased(tmp_path: Path) -> None:
    class Pairs(ScriptedRule):
        """Waits for two turns."""

    path = tmp_path / "m"
    with MemoryAgent(path, manager=Pairs([], turns_per_chunk=3)) as agent:
        agent.observe_many([("Ann", "It is xylophone.", MAY_1), ("Ann", "Fine.", MAY_1)])
        (turn,) = agent.find_said("xylophone")
        assert agent.forget_turn(turn) == ()
        assert num_found(path, "xylophone") == 0
        assert [turn.text for turn in agent.waiting] == ["Fine."]


def test_forgetting_leaves_nothing_in_the_gaps_of_pages(tmp_path: Path) -> None:
    rng, path = random.Random(0), tmp_path / "m"
    with MemoryAgent(path) as agent:
        said = [f"secret{rng.randrange(10**9):09} {'pad ' * rng.randrange(300)}" for _ in range(120)]
        agent.observe_many([("Ann", text, MAY_1) for text in said])
        forgotten = rng.sample(agent.entries, 60)
        for entry in forgotten:
            agent.forget(entry)
        data = path.read_bytes()
        assert not [entry for entry in forgotten if entry.text.split()[1].encode() in data]


def test_an_entry_of_thousands_of_turns_is_forgotten(tmp_path: Path) -> None:
    path, number = tmp_path / "m", 40_000
    with MemoryAgent(path, manager="no_op") as agent:
        agent.observe("Ann", "hello", MAY_1)
    store = agent._dialogue.store.fork()
    store.apply(Add("all of it", tuple(f"D{turn}" for turn in range(number))), 0)
    save_store(store, path)
    with MemoryAgent(path) as agent:
        (entry,) = agent.entries
        assert len(entry.sources) == number
        assert len(agent.sources(entry)) == 1
        agent.forget(entry)
        assert agent.entries == ()


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "m"
    with MemoryAgent(path) as agent:
        agent.observe("Ann", "hello", MAY_1)
        with agent._file.transaction() as database:
            database.execute("UPDATE dialogue SET state = state || ' '")
            modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
        save_store(agent._dialogue.store, tmp_path / "saved")
    assert modes == {"m": 0o600, "m-journal": 0o600}
    assert (tmp_path / "saved").stat().st_mode & 0o777 == 0o600
    # One that was there before stays as its owner made it.
    path.chmod(0o640)
    MemoryAgent(path).close()
    assert path.stat().st_mode & 0o777 == 0o640
