from pathlib import Path

import pytest

import memdojo
from builders import save_language, save_manager, save_retriever
from memdojo.agents.compact.manager import CompactManager
from memdojo.agents.compact.retriever import CompactRetriever
from memdojo.agents.language.policies import LanguageAnswerAgent, LanguageManager, LanguageRetriever
from memdojo.errors import CheckpointError, RunFolderError
from memdojo.eval.playing.evaluate import evaluate_manager
from memdojo.eval.playing.settings import EvalSettings
from memdojo.train.checkpoints.compact import TrainedOn
from memdojo.train.checkpoints.loading import load_learned
from memdojo.train.config.files import dump_config, load_config
from memdojo.train.config.policies import POLICY_KINDS, PolicyKind, PolicySettings
from memdojo.train.config.run import TrainConfig

TRAINED = TrainedOn("mine", max_entries=7, top_k=3, retriever="fusion")


def test_a_policy_of_any_kind_is_loaded_from_its_folder(tmp_path: Path, tiny_language_model: Path) -> None:
    assert isinstance(memdojo.load_policy(save_manager(tmp_path / "m", TRAINED)), CompactManager)
    assert isinstance(
        memdojo.load_policy(save_retriever(tmp_path / "r", TrainedOn("finder"))), CompactRetriever
    )
    for task, kind in (
        ("manager", LanguageManager),
        ("retriever", LanguageRetriever),
        ("answer_agent", LanguageAnswerAgent),
    ):
        assert isinstance(
            memdojo.load_policy(save_language(tmp_path / task, tiny_language_model, task)), kind
        )


def test_of_a_run_the_best_checkpoint_is_loaded_else_the_newest(tmp_path: Path) -> None:
    run = tmp_path / "run"
    (run / "checkpoints").mkdir(parents=True)
    config = load_config("quickstart")
    (run / "config.toml").write_text(dump_config(config))
    with pytest.raises((CheckpointError, RunFolderError), match="no checkpoint yet"):
        memdojo.load_policy(run)
    for update in (10, 20):
        save_manager(run / "checkpoints" / f"step_{update:06}", TrainedOn("run", update=update))
    assert load_learned(run).training.update == 20
    (run / "best").symlink_to("checkpoints/step_000010")
    learned = load_learned(run)
    assert (learned.training.update, learned.kind, learned.config) == (10, "manager", config)


def test_what_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="does not exist"):
        memdojo.load_policy(tmp_path / "nowhere")
    with pytest.raises(CheckpointError, match="is not a checkpoint"):
        memdojo.load_policy(tmp_path)


def test_a_kind_of_policy_without_a_loader_is_named(tmp_path: Path) -> None:
    (tmp_path / "policy.json").write_text('{"kind": "words", "format_version": 1}')
    with pytest.raises(
        CheckpointError,
        match=r"a policy of the kind 'words', which is not registered; .*Known: compact, language\.$",
    ):
        memdojo.load_policy(tmp_path)
    kind = PolicyKind(PolicySettings, TrainConfig, "some.module:train")
    with (
        POLICY_KINDS.temporarily("words", kind),
        pytest.raises(CheckpointError, match="'words', which is registered without a loader"),
    ):
        memdojo.load_policy(tmp_path)


def test_a_loaded_manager_is_what_evaluation_takes(tmp_path: Path) -> None:
    policy = memdojo.load_policy(save_manager(tmp_path / "m", TRAINED))
    assert isinstance(policy, CompactManager)
    streams = memdojo.load_streams("synthetic:test", num_streams=1)
    evaluation = evaluate_manager([policy], streams, EvalSettings(max_entries=5))
    assert "compact" in set(evaluation.questions["policy"])
