"""Builders that tests share: of streams, stores, configurations, runs, checkpoints and command lines.

A builder fills in what a test is not about. What a test *is* about stands in the test: every value that
an assertion depends on is given there, even where it equals the default here.

Everything that needs torch is imported where it is used, so that tests of the environments start fast.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from memdojo.agents.designs.parts.decisions import DecisionKind, Steps, decide
from memdojo.agents.designs.parts.memory import DesignMemory
from memdojo.agents.designs.parts.protocol import MemoryDesign
from memdojo.agents.designs.parts.room import add_turn
from memdojo.agents.designs.roles.protocol import Failed, RoleCall
from memdojo.agents.designs.roles.rules import RuleRoles
from memdojo.envs.answering import AnswerRequest, ExtractiveAnswerer
from memdojo.envs.memory import MemoryStore
from memdojo.envs.types import (
    Add,
    Capacity,
    Chunk,
    Hit,
    MemoryEntry,
    Operation,
    OperationStatus,
    PlannedOperation,
    Question,
    StoreEditor,
    Stream,
    Turn,
)
from memdojo.train.runs.progress import NoProgress, Report

if TYPE_CHECKING:
    from mcp import Client
    from torch import Tensor, nn
    from typer.testing import Result

    from memdojo.agents.engines.chat import Conversation, Reply
    from memdojo.envs.features.manager import FeatureSettings
    from memdojo.train.checkpoints.compact import TrainedOn
    from memdojo.train.config.run import TrainConfig
    from memdojo.train.dispatch import TrainResult
    from memdojo.train.language.trajectories import LanguageTrajectory, Row
    from memdojo.train.runs.folder import RunFolder
    from memdojo.train.runs.progress import Progress

SAID_BY_DEFAULT = "Ann"


KEEP = DecisionKind("keep", "Whether a turn is written down.", ("skip", "keep"), 0, (), ("is_question",))
FIND = DecisionKind("find", "How entries are found.", ("newest", "matching"), 0, ("is_matching",))


class Notebook(MemoryDesign):
    """Writes nothing down and reads what is newest, unless somebody decides better.

    Its two decisions differ in their features, and one of them is about reading.
    """

    name = "notebook"
    decisions = (KEEP, FIND)

    def __init__(self, keeps: bool = False) -> None:
        self.keeps = keeps

    def write(self, memory: DesignMemory, chunk: Chunk) -> Steps[None]:
        for turn in chunk.turns:
            state = (float(turn.text.endswith("?")),)
            if (yield from decide(KEEP, int(self.keeps), (), state, about=turn.text)):
                yield from add_turn(memory, turn, lambda: memory.store.entries)

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        if (yield from decide(FIND, 0, ((0.0,), (1.0,)), about=question)):
            return memory.matching(question, k)
        newest = sorted(memory.store, key=lambda entry: -entry.id)
        return tuple(Hit(entry, 1.0) for entry in newest[:k])


@dataclass(frozen=True, slots=True)
class Pair(Operation):
    """Let two entries name each other as related.

    An operation as another package would bring it; a test that wants it known registers it for a while.
    """

    kind: ClassVar[str] = "PAIR"
    sign: ClassVar[str] = "∞"
    plan_fields: ClassVar[frozenset[str] | None] = frozenset({"target"})

    first: int
    second: int
    sources: tuple[str, ...] = ()

    @property
    def written_text(self) -> str:
        """Why they are related, which is what such an operation writes."""
        return f"see {self.first} {self.second}"

    @classmethod
    def from_plan(
        cls, plan: PlannedOperation, turn: Turn, entries: Sequence[MemoryEntry]
    ) -> Operation | None:
        ends = [
            next((entry.id for entry in entries if source in entry.sources), None)
            for source in (plan.target, turn.id)
        ]
        return None if None in ends else cls(*ends, (turn.id,))

    def apply(self, store: StoreEditor) -> None:
        if self.first == self.second:
            store.refuse(OperationStatus.MALFORMED, "An entry is related to itself anyway.")
        first, second = store.entry(self.first), store.entry(self.second)
        store.link(first, (*first.links, second.id))
        store.link(second, (*second.links, first.id))


def make_chunks(
    *said: str | tuple[str, str],
    turns_per_chunk: int = 1,
    session: str | Sequence[str] = "",
    time: datetime | None = None,
    daily: bool = False,
) -> tuple[Chunk, ...]:
    """Cut turns `t0`, `t1`, ... into chunks.

    Args:
        said: What each turn says: a text of Ann's, or a pair of speaker and text.
        session: The session of all chunks, or that of each.
        time: When the first turn was said, and with it all others unless `daily`. A chunk has the time of
            its first turn.
        daily: Each turn is said a day after the one before.
    """
    turns = []
    for index, each in enumerate(said):
        speaker, text = (SAID_BY_DEFAULT, each) if isinstance(each, str) else each
        when = time + timedelta(days=index) if time is not None and daily else time
        turns.append(Turn(f"t{index}", speaker, text, when))
    starts = range(0, len(turns), turns_per_chunk)
    sessions = [session] * len(starts) if isinstance(session, str) else session
    return tuple(
        Chunk(index, tuple(turns[start : start + turns_per_chunk]), of_chunk, turns[start].time)
        for index, (start, of_chunk) in enumerate(zip(starts, sessions, strict=True))
    )


def make_stream(
    *said: str | tuple[str, str],
    questions: Sequence[Question] = (),
    id: str = "s",
    group: str = "g",
    source: str = "",
    oracle: Mapping[str, tuple[PlannedOperation, ...]] | None = None,
    turns_per_chunk: int = 1,
    session: str | Sequence[str] = "",
    time: datetime | None = None,
    daily: bool = False,
) -> Stream:
    """Return a stream of turns `t0`, `t1`, ... (`make_chunks` explains how they are said and cut)."""
    chunks = make_chunks(*said, turns_per_chunk=turns_per_chunk, session=session, time=time, daily=daily)
    return Stream(id, group, chunks, tuple(questions), source, MappingProxyType(dict(oracle or {})))


def make_store(
    *written: str | Operation, max_entries: int | None = None, max_tokens: int | None = None
) -> MemoryStore:
    """Return a store after these operations, one a step; a text is added as it stands.

    Every operation must be applied: a store that refused one would not be the store that the test shows.
    """
    store = MemoryStore(Capacity(max_entries, max_tokens=max_tokens))
    for step, each in enumerate(written):
        result = store.apply(Add(each) if isinstance(each, str) else each, step)
        assert result.applied, f"{each} was refused: {result}"
    return store


def write_json(path: Path, content: object) -> Path:
    """Write a file of data and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), "utf-8")
    return path


def write_byte_tokenizer(folder: Path) -> str:
    """Write a model's folder whose tokenizer has a token for every byte, and one for `<|end|>`."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    bytes_ = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: id for id, letter in enumerate(bytes_)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.add_special_tokens(["<|end|>"])
    # As a model's folder may say; neither is what a text has.
    tokenizer.enable_truncation(8)
    tokenizer.enable_padding(length=8)
    folder.mkdir(exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    return str(folder)


def make_config(*overrides: str, **tables: Any) -> TrainConfig:
    """Return the smallest valid configuration, of a compact manager unless `task` says otherwise.

    Args:
        overrides: `key.path=value`, as on the command line.
        tables: Whole tables or top-level keys, in place of those of the smallest configuration.
    """
    from memdojo.train.config.files import parse_config

    tree: dict[str, Any] = {
        "name": "run",
        "task": "manager",
        "streams": {"train": "synthetic:train"},
        "reward": {"evidence_recall": 1.0},
        "algorithm": {"name": "grpo", "num_updates": 3},
    }
    if tables.get("task", "manager") == "manager":
        tree["episode"] = {"max_entries": 5}
    return parse_config(tree | tables, overrides)


class Messages(NoProgress):
    """Keeps what is said and reported."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.reports: list[Report] = []

    def report(self, report: Report) -> None:
        self.reports.append(report)

    def message(self, text: str) -> None:
        self.said.append(text)


def run_training(
    root: Path, config: TrainConfig, *, resume: bool = False, progress: Progress | None = None
) -> tuple[RunFolder, TrainResult]:
    """Train in a new run folder below `root`, or go on with the one of this name."""
    from memdojo.train.dispatch import train
    from memdojo.train.runs.folder import RunFolder
    from memdojo.train.runs.progress import NoProgress

    run = RunFolder.resume(root, config) if resume else RunFolder.create(root, config)
    return run, train(config, run, resume=resume, progress=progress or NoProgress())


_WITHOUT_RAY = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "ray":
            raise ModuleNotFoundError(f"{name} is blocked", name=name)

sys.meta_path.insert(0, Blocker())
from memdojo.cli import main
main()
"""


def run_without_ray(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run `memdojo` in a process of its own, as if Ray were not installed."""
    command = [sys.executable, "-c", _WITHOUT_RAY, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def save_manager(
    folder: Path, training: TrainedOn, settings: FeatureSettings | None = None, *, seed: int = 0
) -> Path:
    """Save an untrained compact manager as if it had been trained so, and return its folder."""
    from memdojo.agents.compact.manager import new_manager_network
    from memdojo.envs.features.manager import FeatureSettings, ManagerFeatures
    from memdojo.train.checkpoints.compact import manager_spec, save_policy

    settings = settings or FeatureSettings(num_candidates=4, embedder="hashed_ngrams")
    network = new_manager_network(ManagerFeatures(settings), 8, seed)
    save_policy(folder, network.state_dict(), manager_spec(settings, 8, training))
    return folder


def save_design(
    folder: Path,
    training: TrainedOn,
    parameters: Mapping[str, Any] = MappingProxyType({}),
    seed: int = 0,
    *,
    decision: tuple[str, str] = ("sirllm", "leave"),
    roles: Mapping[str, Any] = MappingProxyType({}),
) -> Path:
    """Save an untrained decision of a design as if it had been trained so, and return the folder."""
    from memdojo.agents.compact.design import new_design_network
    from memdojo.train.checkpoints.compact import design_spec, save_policy
    from memdojo.train.checkpoints.design_spec import DesignSpec

    name, learned = decision
    design = DesignSpec(name, dict(parameters), (learned,), dict(roles))
    network = new_design_network(design.build()[1], 8, seed)
    save_policy(folder, network.state_dict(), design_spec(design, "hashed_ngrams", 8, training))
    return folder


def unseal(folder: Path) -> None:
    """Make a checkpoint one of before its record had digests of the other files."""
    from memdojo.train.checkpoints.digests import DIGESTS, POLICY_JSON

    record = json.loads((folder / POLICY_JSON).read_text())
    del record[DIGESTS]
    write_json(folder / POLICY_JSON, record)


def save_retriever(folder: Path, training: TrainedOn) -> Path:
    """Save an untrained compact retriever as if it had been trained so, and return its folder."""
    from memdojo.agents.compact.retriever import new_retriever_network
    from memdojo.train.checkpoints.compact import retriever_spec, save_policy

    network = new_retriever_network(5, 8, seed=0)
    save_policy(folder, network.state_dict(), retriever_spec("hashed_ngrams", 5, 8, training))
    return folder


def save_language(
    folder: Path, model: Path, task: Literal["manager", "retriever", "answer_agent", "design"]
) -> str:
    """Save a language policy for a task, with this model, and return its folder as text.

    Its record says that it was trained with four retrieved entries, found by the dense retriever; of a design
    that it decides who leaves the store of `sirllm`.
    """
    from memdojo.train.checkpoints.compact import TrainedOn
    from memdojo.train.checkpoints.design_spec import DesignSpec
    from memdojo.train.checkpoints.language import LanguageSpec, save_language_policy
    from memdojo.train.checkpoints.model_folders import MODEL

    format = "brief" if task in ("manager", "design") else "plain"
    training = TrainedOn(task, top_k=4, retriever="dense")
    design = DesignSpec("sirllm", {"num_first": 1}, ("leave",)) if task == "design" else None
    spec = LanguageSpec(
        task, format, 900, 8, 5, 2, "transformers", training=training, design=design, embedder="hashed_ngrams"
    )
    save_language_policy(folder, lambda into: (into / MODEL).symlink_to(model), spec)
    return str(folder)


def make_row(reward: float = 0.0, prompt: Sequence[int] = (1,), response: Sequence[int] = (2,)) -> Row:
    """Return a context of a language policy, whose every token had the log-probability -1."""
    from memdojo.train.language.trajectories import Row

    return Row(
        np.array(prompt, np.int32), np.array(response, np.int32), -np.ones(len(response), np.float32), reward
    )


def make_trajectory(*rewards: float, failure: str = "") -> LanguageTrajectory:
    """Return an episode of a language policy that has a row for each of the rewards."""
    from memdojo.train.language.trajectories import LanguageTrajectory

    return LanguageTrajectory("s", tuple(map(make_row, rewards)), failure=failure)


class ScriptedChat:
    """A chat model that answers by a script, and notes what it was asked.

    Args:
        say: From the user's message to the reply.
    """

    fingerprint = "scripted"

    def __init__(self, say: Callable[[str], Reply]) -> None:
        self.asked: list[str] = []
        self.systems: list[str] = []
        self.limits: list[tuple[int, float]] = []
        """The most tokens and the temperature of each request."""
        self._say = say

    async def reply_one(self, conversation: Conversation, max_tokens: int, temperature: float = 0.0) -> Reply:
        system, user = conversation
        assert (system.role, user.role) == ("system", "user")
        self.systems.append(system.content)
        self.asked.append(user.content)
        self.limits.append((max_tokens, temperature))
        await asyncio.sleep(0)
        return self._say(user.content)

    def reply(
        self, conversations: Sequence[Conversation], max_tokens: int, temperature: float = 0.0
    ) -> list[Reply]:
        return [asyncio.run(self.reply_one(each, max_tokens, temperature)) for each in conversations]


def weights_of(network: nn.Module) -> dict[str, Tensor]:
    """Return a copy of a network's weights, which later training leaves alone."""
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}


def relative_error(found: dict[str, Tensor], expected: dict[str, Tensor]) -> float:
    """Return the norm of all differences relative to that of all that was expected."""
    import torch

    assert found.keys() == expected.keys()
    difference = torch.cat([(found[name] - expected[name]).flatten() for name in expected])
    return float(difference.norm() / torch.cat([tensor.flatten() for tensor in expected.values()]).norm())


def read_answer(question: str, *context: str) -> str:
    """Return what the extractive answerer reads out of these lines."""
    (answer,) = ExtractiveAnswerer().answer([AnswerRequest(question, context)])
    assert answer.text is not None
    return answer.text


MCP_HELLO: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
"""The first message of a client to the server of a memory."""


async def call_tool(client: Client, tool: str, **arguments: Any) -> Any:
    """Return what a tool of a memory's server replied."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    assert result.structured_content is not None
    return result.structured_content


async def tool_error(client: Client, tool: str, **arguments: Any) -> str:
    """Return the error of a tool, which must have failed."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    (content,) = result.content
    return str(getattr(content, "text", ""))


def invoke(*arguments: str | Path, typed: str | None = None) -> Result:
    """Run `memdojo` with these arguments, and what is typed into it, in this process.

    Raises:
        Exception: What the command raised, unless it ended with an exit code.
    """
    from typer.testing import CliRunner

    from memdojo.cli import app

    result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=typed)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


class FailingRoles(RuleRoles):
    """Roles of a model that is out of order for some texts, and does by rules what it does.

    Args:
        fails: Whether a call fails.
    """

    fingerprint = "failing"

    def __init__(self, fails: Callable[[RoleCall], bool] = lambda call: False) -> None:
        self.fails = fails
        self.batches: list[int] = []

    @property
    def counts(self) -> dict[str, int]:
        """Calls, all of which are asked."""
        asked = sum(self.batches)
        return {"calls": asked, "asked": asked, "from_cache": 0, "failed": 0, "unreadable": 0}

    def reply(self, calls: Sequence[RoleCall]) -> list[object]:
        """Return what each call asks for, or that it failed."""
        self.batches.append(len(calls))
        replies = super().reply(calls)
        return [
            Failed("out of order") if self.fails(call) else reply
            for call, reply in zip(calls, replies, strict=True)
        ]
