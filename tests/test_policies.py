from pathlib import Path
from typing import Literal

import pytest

import memdojo
from memdojo.agents.baselines.registry import make_baseline
from memdojo.agents.compact.manager import CompactManager, new_manager_network
from memdojo.agents.compact.retriever import CompactRetriever, new_retriever_network
from memdojo.agents.language.policies import LanguageAnswerAgent, LanguageManager, LanguageRetriever
from memdojo.agents.language.tiny import build_tiny_model
from memdojo.envs.answering import ExtractiveAnswerer
from memdojo.envs.features.manager import FeatureSettings, ManagerFeatures
from memdojo.envs.memory import BM25Retriever
from memdojo.envs.types import Capacity
from memdojo.errors import CheckpointError, ConfigError, RunFolderError, UnknownNameError
from memdojo.eval.playing.evaluate import evaluate_manager
from memdojo.eval.playing.settings import EvalSettings
from memdojo.train.checkpoints.compact import TrainedOn, manager_spec, retriever_spec, save_policy
from memdojo.train.checkpoints.language import LanguageSpec, save_language_policy
from memdojo.train.checkpoints.loading import load_learned
from memdojo.train.checkpoints.model_folders import MODEL
from memdojo.train.config.files import dump_config, load_config

SETTINGS = FeatureSettings(num_candidates=4)


def save_manager(folder: Path, training: TrainedOn | None = None) -> str:
    """Save a compact manager and return the folder."""
    record = training or TrainedOn("mine", max_entries=7, top_k=3, retriever="fusion")
    network = new_manager_network(ManagerFeatures(SETTINGS), 8, 0)
    save_policy(folder, network.state_dict(), manager_spec(SETTINGS, 8, record))
    return str(folder)


def save_retriever(folder: Path) -> str:
    """Save a compact retriever and return the folder."""
    spec = retriever_spec("hashed_ngrams", 5, 8, TrainedOn("finder"))
    save_policy(folder, new_retriever_network(5, 8, 0).state_dict(), spec)
    return str(folder)


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    folder.mkdir()
    build_tiny_model(folder, hidden_dim=32, num_layers=1, num_heads=1, vocab_size=1024, num_streams=20)
    return folder


def save_language(
    folder: Path, tiny_model: Path, task: Literal["manager", "retriever", "answer_agent"]
) -> str:
    """Save a language policy and return the folder."""
    format = "brief" if task == "manager" else "plain"
    training = TrainedOn(task, top_k=4, retriever="dense")
    spec = LanguageSpec(task, format, 900, 8, 5, 2, "transformers", training=training)
    save_language_policy(folder, lambda into: (into / MODEL).symlink_to(tiny_model), spec)
    return str(folder)


def test_a_policy_of_any_kind_is_loaded_from_its_folder(tmp_path: Path, tiny_model: Path) -> None:
    assert isinstance(memdojo.load_policy(save_manager(tmp_path / "m")), CompactManager)
    assert isinstance(memdojo.load_policy(save_retriever(tmp_path / "r")), CompactRetriever)
    for task, kind in (
        ("manager", LanguageManager),
        ("retriever", LanguageRetriever),
        ("answer_agent", LanguageAnswerAgent),
    ):
        assert isinstance(memdojo.load_policy(save_language(tmp_path / task, tiny_model, task)), kind)


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
    with pytest.raises(CheckpointError, match="is no checkpoint"):
        memdojo.load_policy(tmp_path)


def test_a_loaded_manager_is_what_evaluation_takes(tmp_path: Path) -> None:
    policy = memdojo.load_policy(save_manager(tmp_path / "m"))
    assert isinstance(policy, CompactManager)
    streams = memdojo.load_streams("synthetic:test", num_streams=1)
    evaluation = evaluate_manager([policy], streams, EvalSettings(max_entries=5))
    assert "compact" in set(evaluation.questions["policy"])


def test_a_memory_is_opened_with_what_was_trained_and_as_in_training(tmp_path: Path) -> None:
    manager, retriever = save_manager(tmp_path / "m"), save_retriever(tmp_path / "r")
    with memdojo.open_memory(tmp_path / "memory", manager=manager) as agent:
        assert isinstance(agent.manager, CompactManager)
        assert agent.manager.name == "mine"
        assert (agent.capacity, agent.top_k) == (Capacity(7), 3)
        assert type(agent.retriever).__name__ == "FusionRetriever"
        assert isinstance(agent.answerer, ExtractiveAnswerer)
        agent.observe("Ann", "My dog is called Rex.")
    with memdojo.open_memory(tmp_path / "memory", retriever=retriever, top_k=2) as agent:
        assert isinstance(agent.retriever, CompactRetriever)
        # The file knows better than any default.
        assert (agent.capacity, agent.top_k) == (Capacity(7), 2)
        agent.observe("Ann", "My cat is called Tom.")
        assert len(agent.search("dog")) == len(agent.entries)
    with memdojo.open_memory(tmp_path / "memory", manager=manager, max_entries=9) as agent:
        assert agent.capacity == Capacity(9)


def test_an_answer_agent_brings_its_retriever(tmp_path: Path, tiny_model: Path) -> None:
    reader = save_language(tmp_path / "a", tiny_model, "answer_agent")
    with memdojo.open_memory(tmp_path / "memory", answerer=reader) as agent:
        assert isinstance(agent.answerer, LanguageAnswerAgent)
        assert type(agent.retriever).__name__ == "DenseRetriever"
        assert agent.top_k == 4


def test_a_language_manager_decides_on_its_chunks(tmp_path: Path, tiny_model: Path) -> None:
    writer = save_language(tmp_path / "m", tiny_model, "manager")
    with memdojo.open_memory(tmp_path / "memory", manager=writer) as agent:
        assert agent.observe("Ann", "My dog is called Rex.") == ()
        assert len(agent.waiting) == 1
        # Untrained, it may say anything, but it was asked.
        agent.observe("Bob", "How nice.")
        assert agent.waiting == ()


def test_a_checkpoint_of_another_kind_is_refused_by_name(tmp_path: Path) -> None:
    manager, retriever = save_manager(tmp_path / "m"), save_retriever(tmp_path / "r")
    file = tmp_path / "memory"
    with pytest.raises(ConfigError, match="r is a retriever, and was given as the manager"):
        memdojo.open_memory(file, manager=retriever)
    with pytest.raises(ConfigError, match="m is a manager, and was given as the retriever"):
        memdojo.open_memory(file, retriever=manager)
    with pytest.raises(ConfigError, match="m is a manager, and was given as the answer agent"):
        memdojo.open_memory(file, answerer=manager)
    assert not file.exists()


def test_a_share_of_a_dialogue_without_an_end_has_to_be_told(tmp_path: Path) -> None:
    manager = save_manager(tmp_path / "m", TrainedOn("mine", capacity_share=0.2))
    with pytest.raises(ConfigError, match=r"20% of a dialogue's turns.*give max_entries"):
        memdojo.open_memory(tmp_path / "memory", manager=manager)
    with memdojo.open_memory(tmp_path / "memory", manager=manager, max_entries=5) as agent:
        assert agent.capacity == Capacity(5)
    with memdojo.open_memory(tmp_path / "memory", manager=manager) as agent:
        assert agent.capacity == Capacity(5)


def test_policies_and_names_are_taken_as_well_and_mistakes_are_told(tmp_path: Path) -> None:
    file = tmp_path / "memory"
    own = memdojo.open_memory(file, manager=make_baseline("similarity"), retriever=BM25Retriever())
    with own as agent:
        assert agent.manager.name == "similarity"
    for options in ({"manager": "recncy"}, {"retriever": "bm52"}, {"answerer": "extractive"}):
        with pytest.raises(UnknownNameError):
            memdojo.open_memory(file, **options)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="both given"):
        memdojo.open_memory(file, max_entries=3, capacity=Capacity())
