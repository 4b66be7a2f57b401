"""A language model that makes decisions of a memory design."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from builders import FIND, KEEP, Notebook, make_stream
from memdojo.agents.designs.parts.decisions import Decision
from memdojo.agents.engines.scripted_engine import ScriptedEngine
from memdojo.agents.language.design import LanguageDecider, LanguageDesign
from memdojo.agents.language.policies import PromptEncoder
from memdojo.agents.language.tiny import train_tokenizer
from memdojo.agents.play import play_manager
from memdojo.agents.policy import HoldsModel, ReadsItself
from memdojo.envs.answering import ExtractiveAnswerer
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.limits import CapacitySettings
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.prompts.decisions import BriefDecisionFormat
from memdojo.envs.streams.registry import load_streams
from memdojo.envs.types import Question
from memdojo.errors import PromptTooLongError

STREAM = make_stream(
    "My dog is called Rex.",
    "Who is that?",
    questions=[Question("q", "What is the dog called?", ("Rex",), evidence=frozenset({"t0"}))],
)


@pytest.fixture(scope="module")
def encoder() -> PromptEncoder:
    tokenizer = train_tokenizer(load_streams("synthetic:train", num_streams=20), 1024)
    return PromptEncoder(tokenizer, BriefDecisionFormat(), 200)


def _decider(encoder: PromptEncoder, reply: str, learned: set[str]) -> LanguageDecider:
    ids = encoder.encode_reply(reply)
    scripted = ScriptedEngine(lambda prompt_ids: ids)
    return LanguageDecider(scripted, encoder, Notebook(), frozenset(learned), max_response_tokens=8)


def _decision(kind: Any, by_rule: int, about: str = "hi") -> Decision:
    options = np.zeros((2, len(kind.option_features)))
    return Decision(kind, by_rule, options, np.zeros(len(kind.state_features)), about, kind.options)


def test_the_model_chooses_among_the_options_of_what_it_has_learned(encoder: PromptEncoder) -> None:
    decider = _decider(encoder, "2", {"keep"})
    decisions = [_decision(KEEP, 0), _decision(FIND, 0), _decision(KEEP, 1)]
    assert decider.choose(decisions) == [1, 0, 1]
    engine: Any = decider.engine
    assert len(engine.requests) == 2
    assert {request.temperature for request in engine.requests} == {0.0}
    prompt = encoder.decode_prompt(engine.requests[1].prompt_ids)
    assert prompt.startswith("<|user|>DECISION keep\nABOUT hi\n1 ")
    assert prompt.endswith("RULE 2<|end|><|assistant|>")
    assert decider.choose([_decision(FIND, 1)]) == [1]
    assert len(engine.requests) == 2


@pytest.mark.parametrize("reply", ["3", "keep", "2 2"])
def test_in_place_of_no_option_the_rule_chooses(encoder: PromptEncoder, reply: str) -> None:
    assert _decider(encoder, reply, {"keep"}).choose([_decision(KEEP, 1), _decision(KEEP, 0)]) == [1, 0]


def test_a_reply_that_was_cut_off_chooses_nothing(encoder: PromptEncoder) -> None:
    engine = ScriptedEngine(lambda prompt_ids: encoder.encode_reply("2"))
    decider = LanguageDecider(engine, encoder, Notebook(), frozenset({"keep"}), max_response_tokens=1)
    assert decider.choose([_decision(KEEP, 0)]) == [0]


def test_a_prompt_that_is_too_long_is_told_without_word_of_entries(encoder: PromptEncoder) -> None:
    with pytest.raises(PromptTooLongError, match=r"any option but the rule's, .* is 200; raise it\.$"):
        _decider(encoder, "2", {"keep"}).choose([_decision(KEEP, 0, "word " * 300)])


def test_a_design_with_its_model_is_a_manager_that_reads_itself(encoder: PromptEncoder) -> None:
    design = LanguageDesign(
        Notebook(), _decider(encoder, "2", {"keep", "find"}), embedder="hashed_ngrams", name="mine"
    )
    assert isinstance(design, ReadsItself)
    assert isinstance(design, HoldsModel)
    rules = EpisodeRules(
        capacity=CapacitySettings(max_entries=5), answerer=ExtractiveAnswerer(), retriever=design.retriever
    )
    episode = rules.manager(StreamContext(STREAM), seed=0)
    (outcome,) = play_manager(design, [episode], rules.answerer)
    assert (design.name, len(episode.store)) == ("mine", 2)
    assert outcome.questions[0].answer == "Rex"
    design.release()
