"""What an answer agent is asked and paid, by hand, and how it answers for others once it is trained."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from memdojo.agents.engines.scripted_engine import ScriptedEngine
from memdojo.agents.graders.answerer import AsyncCachedAnswerer
from memdojo.agents.graders.registry import answering_model, make_answerer
from memdojo.agents.language.policies import LanguageAnswerAgent, PromptEncoder
from memdojo.agents.language.tiny import build_tiny_model
from memdojo.envs.answering import Answer, AnswerRequest
from memdojo.envs.episodes.limits import CapacitySettings
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.memory.retrieval.retrievers import make_retriever
from memdojo.envs.prompts.memory_r1 import MemoryR1AnswerFormat
from memdojo.envs.prompts.tasks import AnswerTask
from memdojo.envs.types import Chunk, MemoryEntry, Question, Stream, Turn
from memdojo.errors import ConfigError, EngineError
from memdojo.rewards.reward import Reward
from memdojo.train.checkpoints.compact import TrainedOn, write_json
from memdojo.train.checkpoints.language import LanguageSpec, save_language_policy
from memdojo.train.config.files import parse_table
from memdojo.train.language.players import LanguagePlayer
from memdojo.train.language.policy_answerer import PolicyAnswererSettings
from memdojo.train.language.steps import SamplingSettings
from memdojo.train.language.trajectories import LanguageTrajectory
from memdojo.train.language.warm_start.demonstrations import answer_demonstrations
from memdojo.train.rollouts.tasks import RolloutTask

TURNS = (
    Turn("t0", "Ann", "I moved to Boston.", datetime(2023, 5, 1)),
    Turn("t1", "Bob", "Where is Ann now?"),
    Turn("t2", "Ann", "Boston is cold, and Ann is where the snow is."),
)
QUESTION = Question("q", "Where is Ann?", ("Boston", "in Boston"), evidence=frozenset({"t0"}))
STREAM = Stream("s", "g", tuple(Chunk(i, (turn,)) for i, turn in enumerate(TURNS)), (QUESTION,))
MEMORY = {
    "q": (
        MemoryEntry(3, "fact", "Ann moved to Boston", datetime(2023, 5, 1), 0, 0, ("t0",)),
        MemoryEntry(4, "fact", "Ann is where snow is", None, 2, 2, ("t2",)),
        MemoryEntry(8, "fact", "Bob asks where Ann is", None, 1, 1, ("t1",)),
    )
}


def _encoder(tokenizer: Any, max_tokens: int = 2000) -> PromptEncoder:
    return PromptEncoder(tokenizer, MemoryR1AnswerFormat(), max_tokens)


def _engine(tokenizer: Any, reply: str | Callable[[str], str]) -> ScriptedEngine:
    encoder = _encoder(tokenizer)
    prompts: list[str] = []

    def script(ids: tuple[int, ...]) -> tuple[int, ...]:
        prompts.append(encoder.decode_prompt(ids))
        return encoder.encode_reply(reply if isinstance(reply, str) else reply(prompts[-1]))

    engine = ScriptedEngine(script)
    engine.prompts = prompts  # type: ignore[attr-defined]  # For the tests alone.
    return engine


def _play(
    tokenizer: Any, engine: ScriptedEngine, retriever: str = "bm25", top_k: int = 2
) -> LanguageTrajectory:
    task = AnswerTask(MemoryR1AnswerFormat(), make_retriever(retriever), top_k)
    player = LanguagePlayer(
        [STREAM],
        task,
        _encoder(tokenizer),
        SamplingSettings(max_response_tokens=64),
        EpisodeRules(
            reward=Reward({"exact_match": 1.0, "invalid_operations": 0.25, "evidence_recall": 0.5}),
            capacity=CapacitySettings(max_entries=1),
            top_k=top_k,
        ),
        memories=[MEMORY],
    )
    (trajectory,) = asyncio.run(player.play(RolloutTask(0, (1,), question=0), engine))
    return trajectory


@pytest.mark.parametrize(
    ("reply", "parts"),
    [
        # Exact after normalisation, and the entry that it selects holds the evidence: 1 + 0.5.
        ("**Memories:** {boston}\n**Answer:** in boston.", {"exact_match": 1.0, "evidence_recall": 0.5}),
        ("**Memories:** none\n**Answer:** Boston", {"exact_match": 1.0, "evidence_recall": 0.0}),
        # Words beside the reference are no exact match: answer stuffing earns nothing.
        ("**Memories:** {boston}\n**Answer:** Boston or Paris", {"exact_match": 0.0, "evidence_recall": 0.5}),
        # Malformed: no answer and no entries, and a quarter is paid for it.
        ("Boston", {"exact_match": 0.0, "evidence_recall": 0.0, "invalid_operations": -0.25}),
    ],
)
def test_an_answer_agent_is_paid_for_its_own_answer(
    reply: str, parts: dict[str, float], tokenizer: Any
) -> None:
    def say(prompt: str) -> str:
        shown = [line for line in prompt.splitlines() if "Ann moved to Boston" in line]
        return reply.format(boston=shown[0].partition(".")[0])

    trajectory = _play(tokenizer, _engine(tokenizer, say))
    assert {name: value for name, value in trajectory.parts.items() if value} == pytest.approx(
        {name: value for name, value in parts.items() if value}
    )
    assert trajectory.episode_return == pytest.approx(sum(parts.values()))


def test_it_is_shown_the_entries_of_the_memory_as_many_of_each_speaker(tokenizer: Any) -> None:
    engine = _engine(tokenizer, "**Memories:** none\n**Answer:** Boston")
    _play(tokenizer, engine, "per_speaker", top_k=2)
    (prompt,) = engine.prompts  # type: ignore[attr-defined]
    # One of Ann's two and Bob's one, and nothing of the archive.
    assert "Bob asks where Ann is" in prompt
    assert ("Ann moved to Boston" in prompt) != ("Ann is where snow is" in prompt)
    assert "I moved to Boston." not in prompt
    _play(tokenizer, engine, "per_speaker", top_k=4)
    assert all(entry.text in engine.prompts[-1] for entry in MEMORY["q"])  # type: ignore[attr-defined]


def test_lessons_name_the_entries_that_hold_the_evidence_and_the_reference(tokenizer: Any) -> None:
    encoder = _encoder(tokenizer)
    task = AnswerTask(MemoryR1AnswerFormat(), make_retriever("bm25"), 3)
    (example,) = answer_demonstrations([STREAM], task, encoder, EpisodeRules(top_k=3), [MEMORY]).examples
    prompt = encoder.decode_prompt(example.prompt_ids)
    (line,) = [line for line in prompt.splitlines() if "Ann moved to Boston" in line]
    expected = f"**Memories:** {line.partition('.')[0]}\n**Answer:** Boston"
    assert encoder.decode(example.reply_ids) == expected


REQUESTS = [
    AnswerRequest("Where is Ann?", ("[2023-05-01] Ann moved to Boston", "[not a date] Ann sails")),
    AnswerRequest("Who paints?", ()),
]


def test_a_trained_agent_answers_for_others_in_its_own_form(tokenizer: Any) -> None:
    engine = _engine(
        tokenizer, lambda prompt: "**Memories:** 1\n**Answer:** Boston" if "Ann" in prompt else "hm"
    )
    agent = LanguageAnswerAgent(engine, _encoder(tokenizer), max_response_tokens=64)
    # A malformed reply is an empty answer, which is graded; it is not one that could not be had.
    assert agent.answer(REQUESTS) == [Answer("Boston"), Answer("")]
    first = engine.prompts[0]  # type: ignore[attr-defined]
    assert "1. [2023-05-01] Ann moved to Boston\n2. [not a date] Ann sails" in first
    assert {(request.temperature, request.max_tokens) for request in engine.requests} == {(0.0, 64)}
    cached = AsyncCachedAnswerer(agent)

    async def ask_twice() -> list[list[Answer]]:
        return list(await asyncio.gather(cached.answer_async(REQUESTS), cached.answer_async(REQUESTS[:1])))

    assert asyncio.run(ask_twice()) == [[Answer("Boston"), Answer("")], [Answer("Boston")]]
    assert (cached.hits, cached.misses) == (1, 2)


def test_an_answer_that_an_engine_cannot_give_is_none_with_its_reason(tokenizer: Any) -> None:
    class Broken(ScriptedEngine):
        async def generate(self, request: Any) -> Any:
            raise EngineError("it is gone")

    agent = LanguageAnswerAgent(Broken(lambda ids: ids), _encoder(tokenizer), max_response_tokens=8)
    assert agent.answer(REQUESTS[:1]) == [Answer(None, "it is gone")]
    short = LanguageAnswerAgent(_engine(tokenizer, "x"), _encoder(tokenizer, 9), max_response_tokens=8)
    (answer,) = short.answer(REQUESTS[:1])
    assert answer.text is None
    assert "policy.max_prompt_tokens is 9" in answer.error


def _checkpoint(folder: Path, task: Any = "answer_agent", format: str = "memory_r1") -> Path:
    def write(temporary: Path) -> None:
        (temporary / "model").mkdir()
        build_tiny_model(temporary / "model", hidden_dim=32, num_layers=1, num_heads=1, num_streams=20)

    spec = LanguageSpec(task, format, 600, 24, 10, engine="transformers", training=TrainedOn())
    save_language_policy(folder, write, spec)
    return folder


def test_a_policy_that_answers_is_served_and_spoken_to_as_it_was_trained(tmp_path: Path) -> None:
    checkpoint = _checkpoint(tmp_path / "agent")
    config = PolicyAnswererSettings(checkpoint=str(checkpoint))
    served = answering_model(config)
    assert served is not None
    assert served.model == str(checkpoint / "model")
    settings = served.settings
    assert (settings.kind, settings.dtype, settings.max_context_tokens) == ("transformers", "float32", 624)
    # An untrained model says nothing that has the form.
    answerer = make_answerer(config)
    assert answerer.answer(REQUESTS[:1]) == [Answer("")]
    assert "memory_r1" in answerer.fingerprint
    assert str(checkpoint) in answerer.fingerprint
    answerer.release()  # type: ignore[attr-defined]


def test_only_an_answer_agent_answers(tmp_path: Path) -> None:
    (tmp_path / "manager").mkdir()
    spec = {"task": "manager", "format": "brief", "max_prompt_tokens": 9, "max_response_tokens": 9}
    write_json(tmp_path / "manager" / "policy.json", {**spec, "max_candidates": 9, "kind": "language"})
    with pytest.raises(
        ConfigError, match="which was trained as manager; give the run or checkpoint of an answer"
    ):
        make_answerer(PolicyAnswererSettings(checkpoint=str(tmp_path / "manager")))
    with pytest.raises(ConfigError, match=r"answerer\.kind is 'policy' without answerer\.checkpoint"):
        parse_table("answerer", {"kind": "policy"})
    with pytest.raises(ConfigError, match=r"answerer\.checkpoint is 'x', but answerer\.kind is 'extractive'"):
        parse_table("answerer", {"checkpoint": "x"})
