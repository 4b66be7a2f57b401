"""The table [design] of a configuration."""

from __future__ import annotations

import tomllib

import pytest

from builders import Notebook
from memdojo.agents.designs.registry import DESIGNS
from memdojo.agents.designs.roles.settings import EndpointRolesSettings, RuleRolesSettings
from memdojo.errors import ConfigError
from memdojo.train.config.files import dump_config, parse_config


def _tree(**changes):
    tree = {
        "name": "run",
        "task": "design",
        "streams": {"train": "synthetic:train"},
        "design": {"name": "sirllm", "parameters": {"decay": 0.5}, "learn": ["leave"]},
        "reward": {"token_f1": 1.0},
        "algorithm": {"name": "grpo", "num_updates": 2},
    }
    return tree | changes


def test_a_design_is_built_as_its_table_says():
    config = parse_config(_tree())
    assert config.design.design.decay == 0.5
    assert (config.turns_per_chunk, config.writes_memory) == (1, True)
    assert parse_config(_tree(), ['design.learn=["leave"]', "design.parameters.decay=0.25"]).design.design


def test_the_resolved_configuration_loads_back():
    config = parse_config(_tree())
    text = dump_config(config)
    assert "[features]" not in text
    assert parse_config(tomllib.loads(text)) == config


def test_other_tasks_have_no_table_of_a_design():
    manager = _tree(task="manager", episode={"max_entries": 3})
    with pytest.raises(ConfigError, match="only a memory design uses it"):
        parse_config(manager)
    del manager["design"]
    assert "design" not in dump_config(parse_config(manager))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"design": {"name": "sirlm"}},
            r"design\.name: unknown memory design 'sirlm'\. Did you mean 'sirllm'",
        ),
        ({"design": {}}, r"design\.name is missing; `memdojo designs` lists them"),
        (
            {"design": {"name": "sirllm", "learn": ["leve"]}},
            r"design\.learn: unknown decision of 'sirllm' 'leve'\. Did you mean 'leave'",
        ),
        (
            {"design": {"name": "sirllm", "parameters": {"decoy": 1.0}}},
            r"design\.parameters: .*does not take",
        ),
        ({"design": {"name": "sirllm", "parameters": {"decay": 2.0}}}, r"design\.parameters: .*decay=2\.0"),
        ({"design": {"name": "sirllm", "embedder": "word"}}, r"design\.embedder: unknown embedder 'word'"),
        ({"features": {"num_candidates": 3}}, r"features\.num_candidates is 3, but task is 'design'"),
        ({"imitation": {"num_updates": 1}}, r"imitation\.num_updates is 1, but task is 'design'"),
        ({"episode": {"retriever": "dense"}}, r"episode\.retriever is 'dense', but task is 'design'"),
        ({"episode": {"written_by": "recency"}}, "writes its memory itself"),
        ({"evaluation": {"baselines": ["recencyy"]}}, "manager baseline 'recencyy'"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(changes, message):
    with pytest.raises(ConfigError, match=message):
        parse_config(_tree(**changes))


LANGUAGE = ["policy.kind=language", "policy.model=tiny"]


def test_a_language_model_makes_decisions_by_the_same_keys():
    config = parse_config(_tree(), LANGUAGE)
    assert (config.design.learn, config.turns_per_chunk, config.is_language) == (("leave",), 1, True)
    text = dump_config(config)
    assert parse_config(tomllib.loads(text)) == config
    assert not any(key in text for key in ("one_step", "teacher", "related_entries", "turns_per_chunk"))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("design.name=sirlm", "unknown memory design 'sirlm'"),
        ("streams.turns_per_chunk=4", r"turns_per_chunk is 4, but task is 'design'"),
        ("policy.related_entries=4", r"related_entries is 4, but task is 'design'"),
        ("one_step.window_turns=4", r"window_turns is 4, but task is 'design'"),
        ("warm_start.teacher=recency", r"teacher is 'recency', but task is 'design'"),
        ("learner.kind=trl", "'trl', which trains no decisions of a memory design"),
        ("rounds.partner=memory_r1_answerer", "task is 'design', and it is managers and answer agents"),
        ("episode.retriever=dense", r"episode\.retriever is 'dense', but task is 'design'"),
    ],
)
def test_what_has_no_meaning_for_a_language_model_that_decides_is_refused(override, message):
    with pytest.raises(ConfigError, match=message):
        parse_config(_tree(), [*LANGUAGE, override])


def test_designs_of_other_packages_are_known():
    with DESIGNS.temporarily("notebook", Notebook):
        config = parse_config(_tree(design={"name": "notebook", "learn": ["find"]}))
        assert config.design.design.decisions == Notebook.decisions


def test_roles_are_by_rules_unless_the_table_names_a_model():
    assert parse_config(_tree()).design.roles == RuleRolesSettings()
    endpoint = ["design.roles.kind=endpoint", "design.roles.model=m", "design.roles.url=http://x/v1"]
    config = parse_config(_tree(), endpoint)
    assert config.design.roles == EndpointRolesSettings(model="m", url="http://x/v1")
    assert parse_config(tomllib.loads(dump_config(config))) == config
    tree = tomllib.loads(dump_config(config))
    # An override with another kind takes out what only the former one has.
    assert parse_config(tree, ["design.roles.kind=rules"]).design.roles == RuleRolesSettings()


@pytest.mark.parametrize(
    ("override", "why"),
    [
        ("design.roles.kind=oracle", r"design\.roles\.kind is 'oracle'; it must be 'rules', 'model' or"),
        ("design.roles.kind=endpoint", r"design\.roles\.kind is 'endpoint' without design\.roles\.model"),
        ("design.roles.url=http://x", r"design\.roles\.url is .*, but design\.roles\.kind is 'rules'"),
        ("design.roles.modle=m", r"unknown key 'design\.roles\.modle' .*\[design\.roles\] has: kind"),
    ],
)
def test_a_table_of_roles_that_makes_no_sense_is_refused_with_a_sentence(override, why):
    with pytest.raises(ConfigError, match=why):
        parse_config(_tree(), [override])
