"""What tests of single designs share: a design that writes lines and reads, with somebody who decides."""

from __future__ import annotations

from memdojo.agents.designs.parts.memory import DesignMemory
from memdojo.agents.designs.roles.protocol import Fact, Relation, Role
from memdojo.agents.designs.roles.rules import RuleRoles
from memdojo.agents.designs.running.driver import RuleDecider, run_together
from memdojo.envs.episodes.readings import Reading
from memdojo.envs.memory.embedders import HashedNgramEmbedder
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.streams.cases import Case, Verdict, case_text
from memdojo.envs.types import Capacity
from memdojo.errors import RoleError
from tests.builders import make_stream


class Choosing(RuleDecider):
    """Takes given options of some decisions, by name, and the rule's of all others; keeps what was asked."""

    def __init__(self, **options):
        self.options = options
        self.asked = []

    def choose(self, decisions):
        self.asked += decisions
        return [self.options.get(decision.kind.name, decision.by_rule) for decision in decisions]

    def rules(self, name):
        """Return what the rule took at each decision of a name."""
        return [decision.by_rule for decision in self.asked if decision.kind.name == name]


class Plain(RuleRoles):
    """Roles of a grammar that a test can rely on: sentences are facts, and contradict by "no longer"."""

    def reply(self, calls):
        return [self._reply(call) for call in calls]

    def _reply(self, call):
        if call.role is Role.FACTS:
            return tuple(
                Fact(f"{text.partition(': ')[0]}: {sentence.strip()}.", origin)
                for origin, text in enumerate(call.texts)
                for sentence in text.partition(": ")[2].split(".")
                if sentence.strip()
            )
        if call.role is Role.RELATION:
            new, old = ({*text.lower().split()} for text in call.texts)
            if len(new & old) < 3:
                return Relation.INDEPENDENT
            return Relation.CONTRADICTS if "longer" in new else Relation.EXTENDS
        if call.role is Role.SUFFICIENT:
            words = call.question.strip("?").split()
            return {*words} <= {*" ".join(call.texts).replace(".", "").split()}
        (reply,) = super().reply([call])
        return reply


def remember(design, *lines, capacity=None, decider=None, roles=None, embedder=None, memory=None):
    """Return the memory of a design that was told lines, one a chunk: texts by Ann, or (speaker, text)."""
    embedder = embedder or HashedNgramEmbedder()
    store = memory.store if memory else MemoryStore(capacity or Capacity())
    for chunk in make_stream(*lines, questions=()).chunks:
        memory = DesignMemory(store, step=chunk.index, embedder=embedder)
        _run(design.write(memory, chunk), decider, roles)
    return memory


def report(task, answer, verdict=Verdict.GIVEN, speaker="Report"):
    """Return a line that tells a case, for `remember`."""
    return speaker, case_text(Case(task, answer, verdict))


def read(design, memory, question, k=3, decider=None, roles=None):
    """Return the entries that a design reads for a question."""
    read_only = DesignMemory(memory.store, step=memory.step, embedder=memory.embedder, read_only=True)
    hits = _run(design.read(read_only, question, k), decider, roles)
    return [hit.entry for hit in hits]


def learn(design, memory, *readings, decider=None, question="?"):
    """Let a design learn from readings: tuples of entries and score."""
    told = [Reading(question, tuple(entries), "an answer", score) for entries, score in readings]
    _run(design.learn(memory, told), decider)


def _run(steps, decider=None, roles=None):
    """Return what a part of a design returns."""
    (result,) = run_together([steps], decider or RuleDecider(), roles or Plain())
    if isinstance(result, RoleError):
        raise result
    return result


def texts(memory):
    """Return the texts of the valid entries in order of id."""
    return [entry.text for entry in memory.store.readable]
