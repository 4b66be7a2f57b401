"""Answers that a memory design learns from in a dialogue that goes on, and what is said of them."""

from __future__ import annotations

import sqlite3
import threading

import pytest

from builders import call_tool, tool_error
from memdojo import open_memory
from memdojo.agents.designs.parts.protocol import MemoryDesign
from memdojo.agents.designs.re_me import ReMe
from memdojo.agents.designs.registry import make_design
from memdojo.agents.designs.running.policy import DesignManager
from memdojo.deploy.dialogue import MAX_READINGS
from memdojo.deploy.feedback import learns
from memdojo.deploy.mcp_tools import make_server
from memdojo.deploy.memory_agent import MemoryAgent
from memdojo.errors import AgentError, ConfigError, UnknownNameError

QUESTION = "Where does Ann live?"


def _manager(design=None):
    return DesignManager(design or ReMe(), embedder="hashed_ngrams")


def _open(path, manager=None):
    return MemoryAgent(path, manager=manager or _manager())


def _reads(agent):
    return {entry.text: (entry.reads, entry.helps) for entry in agent.entries}


def _rows(path):
    with sqlite3.connect(path) as database:
        return database.execute("SELECT question, score, told FROM readings ORDER BY number").fetchall()


class Told(MemoryDesign):
    """Keeps nothing but what it is told of readings."""

    name = "told"

    def __init__(self, fails=False):
        self.readings, self.fails = [], fails

    def write(self, memory, chunk):
        if self.fails:
            raise RuntimeError("not today")
        yield from ()

    def read(self, memory, question, k):
        yield from ()
        return ()

    def learn(self, memory, readings):
        yield from ()
        self.readings.append([(each.question, each.answer, each.score) for each in readings])


def test_an_answer_counts_for_its_entries_at_the_next_turn_if_somebody_says_how_it_went(tmp_path):
    with _open(tmp_path / "m") as agent:
        agent.observe("Ann", "I live in Rome.")
        right = agent.ask(QUESTION)
        assert right.id
        agent.feedback(right, 1.0)
        assert set(_reads(agent).values()) == {(0, 0)}
        agent.observe("Ann", "I like tea.")
        assert _reads(agent)["Ann: I live in Rome."] == (1, 1)
        agent.feedback(agent.ask(QUESTION).id, 0)
        unsaid = agent.ask(QUESTION)
        agent.observe("Ann", "I like jazz.")
        # That nobody said anything counts for nothing.
        assert _reads(agent)["Ann: I live in Rome."] == (2, 1)
        agent.feedback(unsaid, 1)  # Late, and told with the next turn.
        agent.observe("Ann", "I like films.")
        assert _reads(agent)["Ann: I live in Rome."] == (3, 2)


def test_another_process_goes_on_with_what_was_answered(tmp_path):
    with _open(tmp_path / "m") as agent:
        agent.observe("Ann", "I live in Rome.")
        answer = agent.ask(QUESTION)
    assert _rows(tmp_path / "m") == [(QUESTION, None, 0)]
    with _open(tmp_path / "m") as agent:
        agent.feedback(answer.id, 0.5)
    with _open(tmp_path / "m") as agent:
        agent.observe("Ann", "I like tea.")
        assert _reads(agent)["Ann: I live in Rome."][0] == 1
    assert _rows(tmp_path / "m") == []


def test_each_answer_is_told_once_with_what_is_known_of_it(tmp_path):
    design = Told()
    with _open(tmp_path / "m", _manager(design)) as agent:
        first, second = agent.ask("One?"), agent.ask("Two?")
        agent.feedback(second, 1)
        agent.observe("Ann", "Hello.")
        agent.observe("Ann", "Hello again.")
        agent.feedback(first, 0.25)
        agent.observe("Ann", "Bye.")
        with pytest.raises(UnknownNameError, match="the manager has learned its score"):
            agent.feedback(second, 0)
    assert design.readings == [
        [("One?", first.text, None), ("Two?", second.text, 1.0)],
        [("One?", first.text, 0.25)],
    ]


def test_a_manager_that_fails_is_told_again(tmp_path):
    design = Told(fails=True)
    with _open(tmp_path / "m", _manager(design)) as agent:
        agent.ask("One?")
        with pytest.raises(AgentError, match="not today"):
            agent.observe("Ann", "Hello.")
        design.fails = False
        agent.flush()
    assert [[question for question, _, _ in told] for told in design.readings] == [["One?"], ["One?"]]


def test_the_oldest_answers_leave(tmp_path):
    with _open(tmp_path / "m", _manager(Told())) as agent:
        answers = [agent.ask(f"Question {number}?") for number in range(MAX_READINGS + 2)]
        rows = _rows(tmp_path / "m")
        assert (len(rows), rows[0][0]) == (MAX_READINGS, "Question 2?")
        with pytest.raises(UnknownNameError, match="or 100 came after it"):
            agent.feedback(answers[1], 1)
        agent.feedback(answers[2], 1)


def test_what_is_forgotten_takes_the_answers_from_it_along(tmp_path):
    with _open(tmp_path / "m") as agent:
        agent.observe("Ann", "My PIN is 4711.")
        answer = agent.ask("What is the PIN?")
        agent.forget(agent.entries[0])
        with pytest.raises(UnknownNameError):
            agent.feedback(answer, 1)
        agent.observe("Ann", "I like tea.")
        agent.ask("What does Ann like?")
        agent.purge()
    assert _rows(tmp_path / "m") == []
    assert b"4711" not in (tmp_path / "m").read_bytes()


def test_plain_managers_keep_no_answers_and_take_no_feedback(tmp_path):
    for manager in ("recency", _manager(make_design("mem_agent"))):
        path = tmp_path / getattr(manager, "name", manager)
        with _open(path, manager) as agent:
            agent.observe("Ann", "I live in Rome.")
            answer = agent.ask(QUESTION)
            assert (answer.id, agent.learns) == ("", False)
            with pytest.raises(ConfigError, match=r"learns nothing from answers; .* such as re_me"):
                agent.feedback(answer, 1)
        assert _rows(path) == []


def test_designs_around_and_beside_others_learn_where_those_do():
    assert all(learns(_manager(make_design(name))) for name in ("re_me", "mem_os", "evolver", "himem"))
    assert not learns(_manager(make_design("karma")))
    assert learns(_manager(make_design("re_me", max_read_tokens=100)))
    assert learns(_manager(make_design("re_me+flat")))
    assert not learns(_manager(make_design("karma+flat")))


@pytest.mark.parametrize("score", [-0.1, 1.1, float("nan"), True, None, "1"])
def test_a_score_that_is_none_is_refused_with_a_sentence(tmp_path, score):
    with _open(tmp_path / "m") as agent:
        agent.observe("Ann", "I live in Rome.")
        with pytest.raises(ConfigError, match="give a number from 0"):
            agent.feedback(agent.ask(QUESTION), score)
        with pytest.raises(UnknownNameError, match="no answer 'nonsense'"):
            agent.feedback("nonsense", 1)


def test_who_asks_does_not_wait_for_a_change_that_goes_on(tmp_path):
    begun, done = threading.Event(), threading.Event()

    class Slow(Told):
        def write(self, memory, chunk):
            begun.set()
            done.wait(30)
            yield from ()

    with _open(tmp_path / "m", _manager(Slow())) as agent:
        writing = threading.Thread(target=agent.observe, args=("Ann", "Hello."))
        writing.start()
        assert begun.wait(30)
        answer = agent.ask("Who said hello?")
        assert _rows(tmp_path / "m") == []
        done.set()
        writing.join()
        agent.feedback(answer, 1)
        assert _rows(tmp_path / "m") == [("Who said hello?", 1.0, 0)]


def test_a_damaged_answer_is_told_as_damage(tmp_path):
    with _open(tmp_path / "m") as agent:
        agent.observe("Ann", "I live in Rome.")
        agent.ask(QUESTION)
    with sqlite3.connect(tmp_path / "m") as database:
        database.execute("UPDATE readings SET entries = '7'")
    with _open(tmp_path / "m") as agent, pytest.raises(Exception, match="damaged"):
        agent.observe("Ann", "I like tea.")


def test_an_assistant_gives_feedback_where_the_manager_learns(tmp_path):
    import anyio
    from mcp import Client

    async def run():
        with open_memory(tmp_path / "m", manager=_manager()) as agent:
            async with Client(make_server(agent)) as client:
                names = {tool.name for tool in (await client.list_tools()).tools}
                assert "memory_feedback" in names
                await call_tool(client, "remember", turns=[{"speaker": "Ann", "text": "I live in Rome."}])
                reply = await call_tool(client, "ask", question=QUESTION)
                await call_tool(client, "memory_feedback", id=reply["id"], score=1)
                assert "no answer 'x'" in await tool_error(client, "memory_feedback", id="x", score=1)
                await call_tool(client, "remember", turns=[{"speaker": "Ann", "text": "I like tea."}])
            assert _reads(agent)["Ann: I live in Rome."] == (1, 1)
        with open_memory(tmp_path / "plain") as agent:
            async with Client(make_server(agent)) as client:
                assert "memory_feedback" not in {tool.name for tool in (await client.list_tools()).tools}
                await call_tool(client, "remember", turns=[{"speaker": "Ann", "text": "I live in Rome."}])
                assert (await call_tool(client, "ask", question=QUESTION))["id"] is None

    anyio.run(run)
