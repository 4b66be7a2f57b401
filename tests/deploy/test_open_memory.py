from pathlib import Path

import pytest

import memdojo
from builders import FailingRoles, save_design, save_language, save_manager, save_retriever
from memdojo.agents.baselines.registry import make_baseline
from memdojo.agents.compact.manager import CompactManager
from memdojo.agents.compact.retriever import CompactRetriever
from memdojo.agents.designs.running.policy import DesignManager, DesignReader
from memdojo.agents.language.design import LanguageDesign
from memdojo.agents.language.policies import LanguageAnswerAgent
from memdojo.envs.answering import ExtractiveAnswerer
from memdojo.envs.memory import BM25Retriever
from memdojo.envs.types import Capacity
from memdojo.errors import AgentError, ConfigError, UnknownNameError
from memdojo.train.checkpoints.compact import TrainedOn

TRAINED = TrainedOn("mine", max_entries=7, top_k=3, retriever="fusion")


def test_a_memory_is_opened_with_what_was_trained_and_as_in_training(tmp_path: Path) -> None:
    manager, retriever = (
        str(save_manager(tmp_path / "m", TRAINED)),
        str(save_retriever(tmp_path / "r", TrainedOn("finder"))),
    )
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


def test_a_memory_design_reads_by_itself_unless_a_retriever_is_named(tmp_path: Path) -> None:
    design = save_design(tmp_path / "d", TrainedOn("mine", max_entries=2, retriever="fusion"))
    for number, manager in enumerate((design, "sirllm")):
        path = tmp_path / f"memory-{number}"
        with memdojo.open_memory(path, manager=manager, max_entries=2) as agent:
            assert isinstance(agent.manager, DesignManager)
            assert isinstance(agent.retriever, DesignReader)
            for text in ("My dog is called Rex.", "My cat is called Tom.", "The sun is out."):
                agent.observe("Ann", text)
            assert len(agent.entries) == 2
            assert "Tom" in agent.ask("What is the cat called?").text
        with memdojo.open_memory(path, manager=manager, retriever="recency") as agent:
            assert type(agent.retriever).__name__ == "RecencyRetriever"


def test_a_language_model_may_decide_for_a_design(tmp_path: Path, tiny_language_model: Path) -> None:
    decided = save_language(tmp_path / "d", tiny_language_model, "design")
    with memdojo.open_memory(tmp_path / "memory", manager=decided, max_entries=2) as agent:
        assert isinstance(agent.manager, LanguageDesign)
        assert isinstance(agent.retriever, DesignReader)
        for text in ("My dog is called Rex.", "My cat is called Tom.", "The sun is out."):
            agent.observe("Ann", text)
        assert len(agent.entries) == 2
        # By the design's rule the first turn stays: the model has learned nothing and names no option.
        assert "Rex" in agent.ask("What is the dog called?").text


def test_an_answer_agent_brings_its_retriever(tmp_path: Path, tiny_language_model: Path) -> None:
    reader = save_language(tmp_path / "a", tiny_language_model, "answer_agent")
    with memdojo.open_memory(tmp_path / "memory", answerer=reader) as agent:
        assert isinstance(agent.answerer, LanguageAnswerAgent)
        assert type(agent.retriever).__name__ == "DenseRetriever"
        assert agent.top_k == 4


def test_folders_are_given_as_paths_or_as_texts(tmp_path: Path, tiny_language_model: Path) -> None:
    manager = save_manager(tmp_path / "m", TRAINED)
    retriever = save_retriever(tmp_path / "r", TrainedOn("finder"))
    reader = save_language(tmp_path / "a", tiny_language_model, "answer_agent")
    for kind in (Path, str):
        with memdojo.open_memory(
            kind(tmp_path / f"memory-{kind.__name__}"),
            manager=kind(manager),
            retriever=kind(retriever),
            answerer=kind(reader),
        ) as agent:
            found = agent.manager, agent.retriever, agent.answerer
            assert [type(each) for each in found] == [CompactManager, CompactRetriever, LanguageAnswerAgent]
    # A name that is given as a path is none.
    with pytest.raises(UnknownNameError, match="there is no folder of that name"):
        memdojo.open_memory(tmp_path / "memory", manager=Path("similarity"))


def test_a_language_manager_decides_on_its_chunks(tmp_path: Path, tiny_language_model: Path) -> None:
    writer = save_language(tmp_path / "m", tiny_language_model, "manager")
    with memdojo.open_memory(tmp_path / "memory", manager=writer) as agent:
        assert agent.observe("Ann", "My dog is called Rex.") == ()
        assert len(agent.waiting) == 1
        # Untrained, it may say anything, but it was asked.
        agent.observe("Bob", "How nice.")
        assert agent.waiting == ()


def test_a_checkpoint_of_another_kind_is_refused_by_name(tmp_path: Path) -> None:
    manager, retriever = (
        str(save_manager(tmp_path / "m", TRAINED)),
        str(save_retriever(tmp_path / "r", TrainedOn("finder"))),
    )
    file = tmp_path / "memory"
    with pytest.raises(ConfigError, match="r is a retriever, and was given as the manager"):
        memdojo.open_memory(file, manager=retriever)
    with pytest.raises(ConfigError, match="m is a manager, and was given as the retriever"):
        memdojo.open_memory(file, retriever=manager)
    with pytest.raises(ConfigError, match="m is a manager, and was given as the answer agent"):
        memdojo.open_memory(file, answerer=manager)
    assert not file.exists()


def test_a_share_of_a_dialogue_without_an_end_has_to_be_told(tmp_path: Path) -> None:
    manager = str(save_manager(tmp_path / "m", TrainedOn("mine", capacity_share=0.2)))
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


def test_roles_of_a_memory_design_are_played_by_whom_is_named(tmp_path: Path) -> None:
    roles = FailingRoles()
    with memdojo.open_memory(tmp_path / "m", manager="mem_agent", roles=roles) as agent:
        agent.observe("Ann", "I live in Rome.")
        assert roles.batches == [1]


def test_turns_wait_where_a_role_fails_and_are_worked_off_once_it_does_not(tmp_path: Path) -> None:
    roles = FailingRoles(lambda call: True)
    with memdojo.open_memory(tmp_path / "m", manager="mem_agent", roles=roles) as agent:
        with pytest.raises(AgentError, match=r"failing failed at the role 'summary': out of order .*waits"):
            agent.observe("Ann", "I live in Rome.")
        assert [turn.text for turn in agent.waiting] == ["I live in Rome."]
        roles.fails = lambda call: False
        (result,) = agent.flush()
        assert result.applied
        assert not agent.waiting


def test_roles_for_a_manager_that_has_none_are_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"the manager 'recency' is no memory design; name one"):
        memdojo.open_memory(tmp_path / "m", roles=FailingRoles())
    assert not (tmp_path / "m").exists()
