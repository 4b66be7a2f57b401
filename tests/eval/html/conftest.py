from collections.abc import Sequence
from pathlib import Path

import pytest

from builders import make_stream
from memdojo.agents.baselines.registry import make_baseline
from memdojo.agents.baselines.rules import ScriptedRule
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
