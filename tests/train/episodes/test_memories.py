"""Memories that a manager wrote before a run: played, kept, read, asked over."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from builders import make_stream
from memdojo.agents.baselines.rules import ScriptedRule
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.limits import CapacitySettings
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.types import Add, Delete, Operation, Question
from memdojo.errors import ConfigError, DataError, UnknownNameError
from memdojo.train.config.files import dump_config, parse_config
from memdojo.train.config.run import TrainConfig
from memdojo.train.config.tables import EpisodeConfig
from memdojo.train.dispatch import train
from memdojo.train.episodes.memories import Writer, keep_memories, load_writer, read_memories, write_memories
from memdojo.train.episodes.splits import load_splits
from memdojo.train.episodes.stages import Stages
from memdojo.train.runs.folder import RunFolder
from memdojo.train.runs.progress import NoProgress

TREE: dict[str, Any] = {
    "name": "run",
    "task": "retriever",
    "streams": {
        "train": "synthetic:train",
        "validation": "synthetic:validation",
        "num_train": 3,
        "num_validation": 2,
        "options": {"num_sessions": 1, "turns_per_session": 12, "num_facts": 4, "num_questions": 3},
    },
    "episode": {"top_k": 3, "written_by": "recency", "max_entries": 5},
    "policy": {"hidden_dim": 4},
    "reward": {"evidence_recall": 1.0},
    "algorithm": {"name": "grpo", "num_updates": 2, "groups_per_update": 2, "group_size": 2},
    "rollouts": {"num_workers": 0},
}


def test_what_the_store_held_when_a_question_fell_due_is_kept() -> None:
    class Writing(ScriptedRule):
        released = False

        def act(self, episodes: Sequence[ManagerEpisode]) -> list[tuple[Operation, ...]]:
            assert all(episode.chunk is not None for episode in episodes)
            step = episodes[0].step_index
            # Of two turns a chunk: the first is written, and forgotten at the next one.
            operations = (Add("fact 0", ("t0",)),) if step == 0 else (Delete(1), Add("fact 3", ("t3",)))
            return [operations for _ in episodes]

        def release(self) -> None:
            self.released = True

    policy = Writing([])
    policy.turns_per_chunk = 2  # type: ignore[misc]  # As a language manager would have it.
    questions = (
        Question("early", "Fact 0?", ("0",), evidence=frozenset({"t0"}), ask_after=1),
        Question("late", "Fact 3?", ("3",), evidence=frozenset({"t3"})),
    )
    stream = make_stream("Fact 0.", "Fact 1.", "Fact 2.", "Fact 3.", questions=questions)
    (memory,) = write_memories(
        Writer(policy, EpisodeRules(capacity=CapacitySettings(max_entries=5))), [stream]
    )
    assert {name: [entry.text for entry in entries] for name, entries in memory.items()} == {
        "early": ["fact 0"],
        "late": ["fact 3"],
    }
    assert policy.released


def test_a_run_keeps_the_memories_of_its_streams_and_plays_no_more(tmp_path: Path) -> None:
    config = parse_config(TREE)
    run = RunFolder.create(tmp_path, config)
    splits = load_splits(config)
    keep_memories(config, run, NoProgress())
    memories = read_memories(run, "train", splits["train"])
    assert memories is not None
    for stream, memory in zip(splits["train"], memories, strict=True):
        assert set(memory) == {question.id for question in stream.questions}
        assert all(len(entries) <= 5 for entries in memory.values())
        starts = EpisodeRules(top_k=3).at_each_question(StreamContext(stream), written=memory)
        assert [start.store.entries for start in starts] == [
            memory[question.id] for question in starts[0].questions
        ]
    # Later readings take the file, whoever wrote it.
    (run.path / "memory" / "train.jsonl").write_text("[]\n", "utf-8")
    keep_memories(config, run, NoProgress())
    with pytest.raises(DataError, match=r"train\.jsonl is missing, damaged or of other streams"):
        read_memories(run, "train", splits["train"])
    held_out = read_memories(run, "validation", splits["validation"])
    assert held_out is not None
    assert len(held_out) == 2
    with pytest.raises(DataError, match=r"validation\.jsonl is missing, damaged or of other streams"):
        read_memories(run, "validation", splits["train"])


def test_what_stages_leave_of_the_streams_has_memories_of_its_own(tmp_path: Path) -> None:
    stages = ("streams.session_stages=[1, inf]", "streams.options.num_sessions=2")
    config = parse_config(TREE, stages)
    run = RunFolder.create(tmp_path, config)
    splits = load_splits(config)
    keep_memories(config, run, NoProgress())
    played = Stages.of(config, splits["train"]).streams
    memories = read_memories(run, "train", played)
    assert memories is not None
    assert [set(memory) for memory in memories] == [
        {question.id for question in stream.questions} for stream in played
    ]
    said = [{turn.id for turn in stream.turns} for stream in played]
    for memory, turns in zip(memories, said, strict=True):
        assert all(turns.issuperset(entry.sources) for entries in memory.values() for entry in entries)
    # A warm start asks for those of whole streams.
    assert read_memories(run, "train", splits["train"]) == memories[: len(splits["train"])]


def test_a_run_without_a_memory_has_none(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, parse_config(TREE, ["episode.written_by=", "episode.max_entries="]))
    keep_memories(run.config, run, NoProgress())
    assert read_memories(run, "train", []) is None
    assert not (run.path / "memory").exists()


def test_a_memory_that_cannot_be_written_is_refused_in_one_sentence(tmp_path: Path) -> None:
    cases = [
        (
            ("episode.written_by=recencyy",),
            "episode.written_by: unknown baseline 'recencyy', .*no folder .*Did you mean 'recency'",
        ),
        (
            ("episode.max_entries=",),
            "episode.written_by is 'recency', a rule whose store has no size",
        ),
        (("episode.written_by=",), r"episode.max_entries is 5, but task is 'retriever' and only a manager"),
        (("episode.granularity=session",), "episode.granularity is 'session', but episode.written_by is set"),
    ]
    for overrides, message in cases:
        with pytest.raises(ConfigError, match=message):
            parse_config(TREE, overrides)
    manager = {**TREE, "task": "manager", "streams": {"train": "synthetic:train"}}
    with pytest.raises(ConfigError, match="task is 'manager', which writes its memory itself"):
        parse_config(manager)
    assert parse_config({"name": "x", **_tree_of(parse_config(TREE))}) == parse_config(TREE, ["name=x"])
    with pytest.raises(UnknownNameError, match=r"unknown manager baseline .*, and there is no folder"):
        load_writer(str(tmp_path / "no"), EpisodeConfig())
    with pytest.raises(ConfigError, match="a rule whose store has no size of its own"):
        load_writer("recency", EpisodeConfig())


def _tree_of(config: TrainConfig) -> dict[str, Any]:
    import tomllib

    tree = tomllib.loads(dump_config(config))
    tree.pop("name")
    return tree


@pytest.mark.slow
def test_a_compact_retriever_is_trained_over_what_a_compact_manager_wrote(tmp_path: Path) -> None:
    manager = parse_config(
        {
            **TREE,
            "name": "writer",
            "task": "manager",
            "episode": {"max_entries": 4},
            "algorithm": {**TREE["algorithm"], "num_updates": 1},
        }
    )
    written = RunFolder.create(tmp_path, manager)
    train(manager, written, progress=NoProgress())
    # The limits of the store are those that the manager was trained with, unless others are given.
    assert load_writer(str(written.path), EpisodeConfig()).rules.capacity.max_entries == 4
    assert load_writer(str(written.path), EpisodeConfig(max_entries=2)).rules.capacity.max_entries == 2
    memories = []
    for memory in (f"{written.path}", "recency"):
        config = parse_config(TREE, [f"episode.written_by={memory}", f"name={Path(memory).name}-read"])
        run = RunFolder.create(tmp_path, config)
        train(config, run, progress=NoProgress())
        streams = load_splits(config)["train"]
        memories.append(read_memories(run, "train", streams))
        assert memories[-1] == list(write_memories(load_writer(memory, config.episode), streams))
        returns = [line["rollouts/return"] for line in run.metrics()[1:]]
        assert 0 < sum(returns) <= 2
    assert memories[0] != memories[1]
