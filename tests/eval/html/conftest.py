from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from builders import Notebook, make_stream
from memdojo.agents.baselines.registry import make_baseline
from memdojo.agents.baselines.rules import ScriptedRule
from memdojo.agents.designs.running.driver import RuleDecider
from memdojo.agents.designs.running.policy import DesignManager
from memdojo.agents.policy import Choice
from memdojo.envs.answering import CachedAnswerer, ExtractiveAnswerer
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.types import Add, Delete, Noop, Operation, Question, Stream, Update
from memdojo.eval.playing.settings import EvalSettings
from memdojo.eval.run import run_evaluation

HOSTILE = '<script>window.hacked = 1</script><img src="x" onerror="window.hacked = 2"> </script> & \u2028 end'
"""What somebody says who would like to be run."""

TEXTS = ("Oslo is the home of Ana", "Rex is the name of her dog", HOSTILE, "The tea in the cup is green")


class Thoughtful(ScriptedRule):
    """A scripted manager that says what it thought of its choices, and writes what it should not."""

    def act(self, episodes: Sequence[ManagerEpisode]) -> list[tuple[Operation, ...]]:
        decided = super().act(episodes)
        choices = (Choice(Add.kind, None, 0.75, True), Choice(Noop.kind, None, 0.25))
        self._choices = [choices for _ in decided]
        return decided

    def last_choices(self) -> list[tuple[Choice, ...]]:
        return self._choices

    def last_completions(self) -> list[str]:
        return [HOSTILE for _ in self._choices]


def add(turn: int) -> Add:
    return Add(f"Ana: {TEXTS[turn]}", (f"t{turn}",))


def a_stream(name: str = "s") -> Stream:
    questions = (
        Question("home", "Where is the home of Ana?", ("Oslo",), "single", frozenset({"t0"})),
        Question("dog", "What is the name of her dog?", ("Rex",), "single", frozenset({"t1"})),
        Question("tea", "Which colour has the tea?", ("green",), "colour", frozenset({"t3"})),
        Question("early", "Where is the home of Ana, early on?", ("Oslo",), "single", frozenset({"t0"}), 0),
    )
    said = (("Ana", text) for text in TEXTS)
    return make_stream(*said, questions=questions, id=name, group=name, session="1")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An evaluation of two managers: `forgets` deletes home at step 2 and overwrites the dog at step 3."""
    path = tmp_path_factory.mktemp("evaluations") / "tables"
    tea = Update(2, f"Ana: {TEXTS[3]}", ("t3",))
    scripts = [(add(0),), (add(1),), (add(2), Delete(1)), (tea,)]
    keeps = ScriptedRule([(add(turn),) for turn in range(4)], name="keeps")
    settings = EvalSettings(max_entries=4, top_k=2, answerer=CachedAnswerer(ExtractiveAnswerer()))
    report = run_evaluation(
        [Thoughtful(scripts, name="forgets"), keeps, make_baseline("recency")],
        [a_stream(), a_stream("s2")],
        settings,
        num_resamples=50,
        folder=path,
    )
    report.write(path)
    return path


class Second(RuleDecider):
    """Lets the second of those go that may leave, is sure of it, and decides all else by the rule."""

    def choose(self, decisions):  # type: ignore[no-untyped-def]
        return [1 if each.kind.name == "leave" else each.by_rule for each in decisions]

    def probabilities(self, decision):  # type: ignore[no-untyped-def]
        return np.array([0.25, 0.5, 0.25]) if decision.kind.name == "leave" else None


@pytest.fixture(scope="session")
def designed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An evaluation of a design that keeps three turns and reads the two newest.

    At the fourth turn the dog leaves, where its rule would let the home go; the home is not read.
    """
    path = tmp_path_factory.mktemp("designs") / "tables"
    notes = DesignManager(Notebook(keeps=True), decider=Second(), embedder="hashed_ngrams", name="notes")
    answerer = CachedAnswerer(ExtractiveAnswerer())
    settings = EvalSettings(max_entries=3, max_tokens=200, top_k=2, answerer=answerer)
    report = run_evaluation([notes], [a_stream()], settings, num_resamples=50, folder=path)
    report.write(path)
    return path
