"""The bookkeeping of rounds, with a stand-in for the training itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from memdojo.errors import ConfigError
from memdojo.train.config.files import dump_config, parse_config
from memdojo.train.config.run import TrainConfig
from memdojo.train.language.rounds import best_checkpoints, is_finished, load_partner, train_in_rounds
from memdojo.train.loop import TrainResult
from memdojo.train.run_state import RunState
from memdojo.train.runs.folder import RunFolder
from memdojo.train.runs.progress import NoProgress, Progress

MANAGER: dict[str, Any] = {
    "name": "manager",
    "seed": 7,
    "task": "manager",
    "streams": {"train": "synthetic:train", "validation": "synthetic:validation"},
    "episode": {"max_entries": 3},
    "policy": {"kind": "language", "format": "brief", "model": "models/start"},
    "warm_start": {"num_steps": 5},
    "reward": {"exact_match": 1.0},
    "algorithm": {"name": "grpo", "num_updates": 4},
    "evaluation": {"every": 1, "metric": "exact_match"},
    "checkpoints": {"every": 9, "keep": 1},
}
ANSWERER: dict[str, Any] = {
    **MANAGER,
    "name": "answerer",
    "seed": 3,
    "task": "answer_agent",
    "episode": {"written_by": "recency", "max_entries": 9, "top_k": 4},
    "engine": {"num_gpus": 1, "cache_size": 0.3},
}


class Trained:
    """Stands in for the training: writes down what it was told, and leaves checkpoints with given scores."""

    def __init__(self, scores: tuple[float, ...] = (0.1, 0.4, 0.2, 0.3)) -> None:
        self.scores = scores
        self.asked: list[tuple[str, bool]] = []
        self.configs: dict[str, TrainConfig] = {}
        self.killed_at: tuple[str, int] | None = None

    def __call__(
        self, config: TrainConfig, run: RunFolder, *, resume: bool, progress: Progress
    ) -> TrainResult:
        name = run.path.name
        self.asked.append((name, resume))
        self.configs[name] = config
        run_state = RunState()
        for update, score in enumerate(self.scores, 1):
            if self.killed_at == (name, update):
                raise KeyboardInterrupt
            run_state.updates = update
            run_state.score(score, [], config.rounds.merge_best)
            folder = run.checkpoint_folder(update)
            if not folder.exists():
                folder.mkdir()
                state = {"standing": {"updates": update, "ranking": run_state.ranking}}
                state["standing"]["best_update"] = run_state.ranked_updates[0]
                (folder / "state.json").write_text(json.dumps(state), "utf-8")
            run.mark_best(run_state.ranked_updates[0])
        return TrainResult(run.checkpoint_folder(run_state.ranked_updates[0]), 0.0, len(self.scores))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "answerer.toml").write_text(dump_config(parse_config(ANSWERER)), "utf-8")
    return tmp_path


def _rounds(
    root: Path, *overrides: str, partner: bool = True
) -> tuple[TrainConfig, Callable[..., RunFolder]]:
    with_partner = (f"rounds.partner={root / 'answerer.toml'}",) if partner else ()
    config = parse_config(MANAGER, ("rounds.num_rounds=2", *with_partner, *overrides))

    def start(train: Trained, *, resume: bool = False) -> RunFolder:
        run = RunFolder.resume(root, config) if resume else RunFolder.create(root, config)
        train_in_rounds(config, run, train, progress=NoProgress())
        return run

    return config, start


def test_two_policies_are_trained_in_turn_each_against_the_other_as_it_is_by_then(root: Path) -> None:
    train = Trained()
    _, start = _rounds(root)
    run = start(train)
    assert [name for name, _ in train.asked] == ["round-1", "round-1-answerer", "round-2", "round-2-answerer"]
    first, partner, second, last = (train.configs[name] for name, _ in train.asked)
    # Of four scores, 0.4 after update 2 is the best.
    best = {name: str(run.path / name / "checkpoints" / "step_000002") for name, _ in train.asked}
    assert (first.policy.model, first.warm_start.num_steps) == ("models/start", 5)
    assert first.answerer.kind == "extractive"
    assert (partner.policy.model, partner.warm_start.num_steps) == ("models/start", 5)
    assert partner.episode.written_by == best["round-1"]
    # The store is the manager's, and so are its limits.
    assert (partner.episode.max_entries, partner.episode.top_k) == (None, 4)
    assert (second.policy.model, second.warm_start.num_steps) == (f"{best['round-1']}/model", 0)
    assert (second.answerer.kind, second.answerer.checkpoint) == ("policy", best["round-1-answerer"])
    # It is served as it was in its own training.
    assert (second.answerer.num_gpus, second.answerer.cache_size) == (1, 0.3)
    assert last.policy.model == f"{best['round-1-answerer']}/model"
    assert last.episode.written_by == best["round-2"]
    assert [each.seed for each in (first, partner, second, last)] == [7, 3, 1007, 1003]
    assert [each.name for each in (first, partner, second, last)] == ["manager", "answerer"] * 2
    assert not any(each.has_rounds for each in (first, partner, second, last))
    # The whole is a run whose best is that of the last round.
    assert RunFolder.open(run.path).best == Path(best["round-2"]).resolve()


def test_a_policy_alone_goes_on_from_its_own_result(root: Path) -> None:
    train = Trained()
    _, start = _rounds(root, "rounds.num_rounds=3", partner=False)
    run = start(train)
    assert [name for name, _ in train.asked] == ["round-1", "round-2", "round-3"]
    assert train.configs["round-3"].policy.model == str(
        run.path / "round-2" / "checkpoints" / "step_000002" / "model"
    )
    assert {config.answerer.kind for config in train.configs.values()} == {"extractive"}


def test_what_warms_up_belongs_to_the_first_round(root: Path) -> None:
    train = Trained()
    _, start = _rounds(root, "reward.well_formed=0.5", "reward_decay.well_formed=3", partner=False)
    start(train)
    first, second = train.configs["round-1"], train.configs["round-2"]
    assert first.reward == {"exact_match": 1.0, "well_formed": 0.5}
    assert first.reward_decay == {"well_formed": 3}
    assert second.reward == {"exact_match": 1.0}
    assert second.reward_decay == {}
    assert second.warm_start.num_steps == 0


def test_stages_belong_to_the_first_round_and_their_last_one_to_all(root: Path) -> None:
    train = Trained()
    _, start = _rounds(root, "streams.session_stages=[8, 16, 32]", partner=False)
    start(train)
    stages = [config.streams.session_stages for config in train.configs.values()]
    assert stages == [(8, 16, 32), (32,)]


def test_what_is_finished_is_not_repeated_and_what_is_not_is_resumed(root: Path) -> None:
    _, start = _rounds(root)
    killed = Trained()
    killed.killed_at = ("round-2", 3)
    with pytest.raises(KeyboardInterrupt):
        start(killed)
    run = RunFolder.open(root / "manager")
    assert [is_finished(run.path / name) for name in ("round-1", "round-1-answerer", "round-2", "no")] == [
        True,
        True,
        False,
        False,
    ]
    # In the middle of the second round the first one's is the best that there is.
    assert run.best == (run.path / "round-1" / "checkpoints" / "step_000002").resolve()
    again = Trained()
    start(again, resume=True)
    assert again.asked == [("round-2", True), ("round-2-answerer", False)]
    assert again.configs["round-2"] == killed.configs["round-2"]
    start(Trained(), resume=True)
    _, more = _rounds(root, "rounds.num_rounds=3")
    third = Trained()
    more(third, resume=True)
    assert [name for name, _ in third.asked] == ["round-3", "round-3-answerer"]


def test_a_training_that_never_began_leaves_nothing_behind(root: Path) -> None:
    _, start = _rounds(root)
    killed = Trained()
    killed.killed_at = ("round-1", 1)
    with pytest.raises(KeyboardInterrupt):
        start(killed)
    run = RunFolder.open(root / "manager")
    assert not (run.path / "round-1").exists()
    assert run.remove_if_untrained()
    killed.killed_at = ("round-1-answerer", 1)
    with pytest.raises(KeyboardInterrupt):
        start(killed)
    # What the first training has left must not go.
    assert not RunFolder.open(root / "manager").remove_if_untrained()


def test_a_finished_training_that_was_killed_before_its_mark_gets_it(root: Path) -> None:
    _, start = _rounds(root, partner=False)
    run = start(Trained())
    first = RunFolder.open(run.path / "round-1")
    first.mark_best(4)
    start(Trained(), resume=True)
    assert first.best == first.checkpoint_folder(2).resolve()


def test_the_best_checkpoints_are_ranked_by_validation(root: Path) -> None:
    train = Trained((0.3, 0.1, 0.3, 0.2))
    config, _ = _rounds(root, "rounds.merge_best=3", partner=False)
    run = RunFolder.create(root, config, folder="one")
    train(config, run, resume=False, progress=NoProgress())
    # 0.3 after updates 1 and 3 (the earlier one first), then 0.2 after update 4.
    assert [folder.name for folder in best_checkpoints(run, 3)] == [
        "step_000001",
        "step_000003",
        "step_000004",
    ]
    assert [folder.name for folder in best_checkpoints(run, 1)] == ["step_000001"]


def test_rounds_that_make_no_sense_are_refused(root: Path) -> None:
    config, _ = _rounds(root)
    assert (
        load_partner(config.model_copy(update={"rounds": config.rounds.model_copy(update={"partner": ""})}))
        is None
    )
    other = {**ANSWERER, "task": "manager", "episode": {"max_entries": 3}}
    (root / "answerer.toml").write_text(dump_config(parse_config(other)), "utf-8")
    with pytest.raises(ConfigError, match="whose task is 'manager', and this one's is 'manager'"):
        load_partner(config)
    twice = parse_config(ANSWERER, ("rounds.num_rounds=2",))
    (root / "answerer.toml").write_text(dump_config(twice), "utf-8")
    with pytest.raises(ConfigError, match="which has rounds itself"):
        load_partner(config)
    with pytest.raises(ConfigError, match=r"rounds\.merge_best is 2 and nothing is validated"):
        parse_config(MANAGER, ("rounds.merge_best=2", "streams.validation="))
    retriever = {**ANSWERER, "task": "retriever", "reward": {"evidence_recall": 1.0}}
    with pytest.raises(ConfigError, match="task is 'retriever', and it is managers and answer agents"):
        parse_config(retriever, ("rounds.partner=x",))
    compact = {key: value for key, value in MANAGER.items() if key not in ("policy", "warm_start")}
    with pytest.raises(ConfigError, match=r"rounds\.num_rounds is 2, but policy\.kind is 'compact'"):
        parse_config(compact, ("rounds.num_rounds=2",))
