import math
import re
import subprocess
import sys
import tomllib
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import tomlkit
from pydantic import ValidationError

from builders import make_config, make_stream
from memdojo.configs import config_names
from memdojo.envs.episodes.limits import CapacitySettings
from memdojo.errors import ConfigError
from memdojo.settings import OneOf
from memdojo.train.algorithms.settings import GrpoSettings
from memdojo.train.config.files import dump_config, load_config, load_config_of_run, parse_config
from memdojo.train.config.language import RoundsConfig
from memdojo.train.config.policies import POLICY_KINDS, PolicyKind, PolicySettings
from memdojo.train.config.run import TrainConfig
from memdojo.train.config.run_kinds import LanguageConfig
from memdojo.train.config.tables import EpisodeConfig

MINIMAL: dict[str, Any] = {
    "name": "run",
    "task": "manager",
    "streams": {"train": "synthetic:train", "validation": "synthetic:validation"},
    "episode": {"capacity_share": 0.25},
    "reward": {"evidence_recall": 1.0},
    "algorithm": {"name": "grpo", "num_updates": 3},
}
RETRIEVER = ("task=retriever", "episode.capacity_share=")


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    path = tmp_path / "my_run.toml"
    path.write_text(dump_config(parse_config(MINIMAL)).replace('name = "run"\n', ""), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", config_names())
def test_packaged_configs_limit_the_tokens_of_every_memory_that_is_written(name: str) -> None:
    config = load_config(name)
    if config.task == "manager" or config.episode.written_by == "recency":
        said = make_stream("I moved to Boston.", "Fine.", questions=())
        assert config.episode.capacity.for_stream(said).max_tokens is not None


@pytest.mark.parametrize("name", config_names())
@pytest.mark.parametrize("overrides", [(), ("algorithm.name=ppo", "seed=3")])
def test_packaged_configs_load_and_survive_a_round_trip(
    name: str, overrides: tuple[str, ...], tmp_path: Path
) -> None:
    config = load_config(name, overrides)
    assert config.name == name
    path = tmp_path / "other.toml"
    path.write_text(dump_config(config), encoding="utf-8")
    assert load_config(path) == config


@pytest.mark.parametrize(
    "overrides",
    [
        RETRIEVER,
        ("streams.validation=", "evaluation.baselines=[]"),
        ("streams.options.num_facts=7", 'streams.options.path="a \\"b\\".json"', "episode.max_entries=5"),
        ("reward.operation_cost=1e-5", "algorithm.learning_rate=1e-5", "streams.window_turns=40"),
    ],
)
def test_a_resolved_config_loads_back_equal(overrides: tuple[str, ...], tmp_path: Path) -> None:
    config = parse_config(MINIMAL, overrides)
    path = tmp_path / "resolved.toml"
    path.write_text(dump_config(config), encoding="utf-8")
    assert load_config(path) == config
    assert dump_config(load_config(path)) == dump_config(config)


def test_a_run_is_named_after_its_file_unless_it_says_otherwise(config_file: Path) -> None:
    assert load_config(config_file).name == "my_run"
    assert load_config(str(config_file), ["name=other"]).name == "other"


def test_overrides_take_toml_values_and_bare_words() -> None:
    config = parse_config(
        MINIMAL,
        [
            "seed = 7",
            "algorithm.learning_rate=3e-4",
            "features.embedding_inputs=true",
            "streams.train=jsonl:/data/my file.jsonl",
            'streams.test="locomo:test"',
            'evaluation.baselines=["recency", "oracle"]',
            "reward={token_f1 = 1, operation_cost = 0.01}",
            "streams.options.num_facts=12",
            "name=2026-01-01",
        ],
    )
    assert config.seed == 7
    assert config.algorithm.learning_rate == 3e-4
    assert config.features.embedding_inputs is True
    assert config.streams.train == "jsonl:/data/my file.jsonl"
    assert config.streams.test == "locomo:test"
    assert config.evaluation.baselines == ("recency", "oracle")
    assert config.reward == {"token_f1": 1.0, "operation_cost": 0.01}
    assert config.streams.options == {"num_facts": 12}
    assert config.name == "2026-01-01"


def test_an_empty_override_takes_the_key_out() -> None:
    config = parse_config(MINIMAL | {"seed": 5}, ["seed=", "streams.window_turns="])
    assert (config.seed, config.streams.window_turns) == (0, None)


def test_an_override_takes_out_what_it_rules_out() -> None:
    grpo = MINIMAL | {"algorithm": {"name": "grpo", "num_updates": 3, "advantage": "step"}}
    assert parse_config(grpo, ["algorithm.name=ppo"]).algorithm.name == "ppo"
    assert parse_config(grpo, ["episode.max_entries=9"]).episode == EpisodeConfig(max_entries=9)
    with pytest.raises(ConfigError, match=r"capacity_share is 0.5 and episode.max_entries is 9; give one"):
        parse_config(grpo, ["episode.max_entries=9", "episode.capacity_share=0.5"])


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "algorithm.learning_rte=3",
            "'algorithm.learning_rte'.*Did you mean 'algorithm.learning_rate'",
        ),
        ("algorithm.learning_rte=3", r"\[algorithm\] has: name, num_updates"),
        ("learning_rate=3", "unknown key 'learning_rate' .*Did you mean 'algorithm.learning_rate'"),
        ("algoritm.name=ppo", "unknown key 'algoritm'.*A configuration has: name, seed"),
        ("algorithm.learning_rate=high", "algorithm.learning_rate is 'high'; it must be a number"),
        ("algorithm.learning_rate=0", "algorithm.learning_rate is 0; it must be greater than 0"),
        ("algorithm.learning_rate=nan", "algorithm.learning_rate is nan; it must be a finite number"),
        ("algorithm.name=", "algorithm.name is missing and has no default"),
        ("algorithm.name=a2c", "algorithm.name is 'a2c'; it must be 'grpo' or 'ppo'"),
        (
            "algorithm.gae_lambda=0.5",
            "gae_lambda is 0.5, but algorithm.name is 'grpo', which does not",
        ),
        (
            "algorithm.advantage=rows",
            r"^algorithm\.advantage is 'rows', which only language policies have; use 'step'\.$",
        ),
        ("algorithm.group_start=probes", r"discount = 1\.0, but each probe .* and the discount to 0"),
        ("algorithm.num_probes=4", r"num_probes is 4, but algorithm\.group_start is 'stream'"),
        ("algorithm.critic_sees=future", r"critic_sees is 'future', but algorithm\.name is 'grpo'"),
        ("algorithm.local_weight=1", r"local_weight is 1\.0, but algorithm\.group_start is 'stream'"),
        ("algorithm.entropy_schedule=linear", r"entropy_schedule is 'linear', but algorithm\.entropy_coeff"),
        ("algorithm.entropy_final_share=0.5", r"final_share is 0\.5, but there is no algorithm\.entropy_sch"),
        ("algorithm.learning_rate_schedule=step", "it must be 'constant', 'linear' or 'cosine'"),
        ("algorithm.group_size=1", "group_size is 1, but grpo compares .* give at least 2"),
        ("algorithm.dual_clip=0.9", r"dual_clip is 0\.9; give more than 1, such as 3, or 0"),
        ("algorithm.dual_clip=-1", "dual_clip is -1; it must be greater than or equal to 0"),
        ("algorithm={name = 'grpo', num_updates = 1, refill_rounds = 2}", "so no group is left out"),
        (
            "algorithm={name = 'grpo', num_updates = 1, minibatch_groups = 2, minibatch_rows = 32}",
            "minibatch_groups is 2 and algorithm.minibatch_rows 32; .* give one of them",
        ),
        ("algorithm=ppo", "algorithm is 'ppo'; it must be a table"),
        ("seed=1.5", "seed is 1.5; it must be a whole number"),
        ("seed=true", "seed is True; it must be a whole number"),
        ("seed=-1", "seed is -1; it must be greater than or equal to 0"),
        ("seed.x=3", "seed.x does not fit: seed is 0, which is not a table"),
        ("seed=[1", r"'seed=\[1' has a value that is not TOML"),
        ("name=a/b", "name is 'a/b'; it must be letters, digits"),
        ("task=managr", "task is 'managr'; it must be 'manager', 'retriever', 'answer_agent' or 'design'"),
        ("task=retriever", "capacity_share is 0.25, but task is 'retriever' and only a manager uses it"),
        (
            "fallback.rule=similarty",
            "fallback.rule: unknown baseline 'similarty'. Did you mean 'similarity'",
        ),
        ("fallback.rule=oracle", "fallback.rule: the rule 'oracle' looks ahead, which a fallback may not"),
        ("fallback.quantile=0.9", "fallback.quantile is 0.9, but there is no fallback.rule; leave it out"),
        ("fallback={rule = 'recency', quantile = 1}", "fallback.quantile is 1; it must be less than 1"),
        ("episode.capacity_share=1.5", "capacity_share is 1.5; it must be less than or equal to 1"),
        ("episode.capacity_share=", "a manager's store needs a capacity; set episode.capacity_share"),
        ("episode.max_entries=0", "max_entries is 0; it must be greater than or equal to 1"),
        (
            "streams.train=synthetic:validation",
            "streams.train and streams.validation are both 'synthetic:",
        ),
        ("streams.test=synthetic:validation", "streams.validation and streams.test are both"),
        ("streams.num_test=4", "streams.num_test is set without streams.test"),
        ("streams.options.seed=3", "streams.options.seed is not for all splits; use streams.stream_seed"),
        ('streams.train=" "', "streams.train is ' '; it must not be blank"),
        (
            "reward.evidnce_recall=1",
            "reward: unknown .* Did you mean 'evidence_recall'",
        ),
        ("reward.evidence_recall=0", "reward: .* has no part with a weight"),
        ("reward.evidence_dcg_share=1", "evidence_dcg_share, which divides .* pay evidence_dcg instead"),
        ("reward.overlong_responses=1", "overlong_responses, which only language policies write"),
        ("reward.evidence_recall=much", "reward.evidence_recall is 'much'; it must be a number"),
        (
            "features.embedder=hashed_ngram",
            "features.embedder: unknown .* Did you mean 'hashed_ngrams'",
        ),
        (
            'evaluation.baselines=["recncy"]',
            "baselines: unknown manager .* Did you mean 'recency'",
        ),
        (
            "evaluation.metric=token_f",
            "evaluation.metric: unknown .* Did you mean 'token_f1'",
        ),
        ("rollouts.num_workers=-1", "rollouts.num_workers is -1; it must be greater than or equal to 0"),
        (
            "rollouts={num_workers = 0, address = 'auto'}",
            "rollouts.address is 'auto', but rollouts.num_workers is 0, which plays without Ray",
        ),
        ("nonsense", "the override 'nonsense' is not of the form key=value"),
        ("=3", "the override '=3' is not of the form key=value"),
        ("algorithm.nme=", "algorithm.nme= takes out nothing. Did you mean 'algorithm.name'"),
    ],
)
def test_what_is_misspelt_or_contradictory_is_refused_in_one_sentence(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        parse_config(MINIMAL | {"seed": 0, "evaluation": {"every": 10}}, [override])
    assert "\n" not in str(caught.value)


def test_a_retriever_has_no_capacity_and_knows_its_own_baselines() -> None:
    config = parse_config(MINIMAL, [*RETRIEVER, 'evaluation.baselines=["hybrid", "dense:hashed_ngrams"]'])
    assert config.task == "retriever"
    with pytest.raises(ConfigError, match=r"streams.window_turns is 50, but task is 'retriever'"):
        parse_config(MINIMAL, [*RETRIEVER, "streams.window_turns=50"])
    with pytest.raises(ConfigError, match="unknown retriever baseline 'sum_idf'"):
        parse_config(MINIMAL, [*RETRIEVER, 'evaluation.baselines=["sum_idf"]'])


def test_what_depends_on_streams_goes_with_them() -> None:
    streams = {"train": "a", "validation": "b", "test": "c", "num_validation": 2, "num_test": 3}
    tree = MINIMAL | {"streams": streams, "evaluation": {"every": 10}}
    config = parse_config(tree, ["streams.validation=", "streams.test="])
    assert (config.streams.validation, config.streams.num_test) == (None, None)
    with pytest.raises(ConfigError, match=r"evaluation.every is 10, but there is no streams.validation"):
        parse_config(MINIMAL | {"streams": {"train": "a"}, "evaluation": {"every": 10}})


def test_several_problems_are_told_with_the_misspelt_key_first() -> None:
    tree = MINIMAL | {"algorithm": {"name": "grpo", "num_update": 3}}
    with pytest.raises(ConfigError, match=r"^unknown key 'algorithm.num_update'.*\(1 more problem behind"):
        parse_config(tree)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"task = manager", r"my_run.toml is not valid TOML: .*line 1"),
        (b"task = \xff", "my_run.toml is not UTF-8 text"),
        (b"", "algorithm is missing and has no default|task is missing and has no default"),
    ],
)
def test_a_damaged_file_is_refused(config_file: Path, content: bytes, message: str) -> None:
    config_file.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        load_config(config_file)


def test_a_file_or_name_that_does_not_exist_is_told_with_the_near_ones(config_file: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"my_rn.toml', and there is no file of that name. Did you .*/my_run.toml'"
    ):
        load_config(config_file.with_name("my_rn.toml"))
    with pytest.raises(
        ConfigError,
        match=r"unknown configuration 'quikstart', .* no file of that name. Did you mean 'quickstart'",
    ):
        load_config("quikstart")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(config_file.parent)


def test_load_options_are_those_of_the_split() -> None:
    overrides = ["streams.num_train=5", "streams.stream_seed=9", "streams.options.num_facts=12"]
    streams = parse_config(MINIMAL, overrides).streams
    assert streams.load_options("train") == {"num_facts": 12, "num_streams": 5, "seed": 9}
    assert streams.load_options("validation") == {"num_facts": 12, "seed": 9}


def test_capacity_is_a_share_of_the_turns_or_a_number() -> None:
    assert EpisodeConfig(capacity_share=0.25).capacity == CapacitySettings(capacity_share=0.25)
    assert EpisodeConfig(max_entries=7).capacity == CapacitySettings(max_entries=7)


def test_an_infinite_share_of_the_tokens_is_no_limit_and_is_written_back(tmp_path: Path) -> None:
    config = parse_config(MINIMAL, ["episode.token_share=inf"])
    assert config.episode.capacity == CapacitySettings(capacity_share=0.25, token_share=math.inf)
    path = tmp_path / "run.toml"
    path.write_text(dump_config(config), encoding="utf-8")
    assert load_config(path) == config
    for share in ("nan", "-inf", "0"):
        with pytest.raises(ConfigError, match=f"token_share is {share}; it must be greater than 0"):
            parse_config(MINIMAL, [f"episode.token_share={share}"])


def test_a_language_manager_may_have_a_store_without_limit() -> None:
    language = [
        "policy.kind=language",
        "policy.model=m",
        "features.num_candidates=",
        "episode.capacity_share=",
    ]
    config = parse_config(MINIMAL, [*language, "policy.related_entries=10"])
    assert config.episode.capacity == CapacitySettings(capacity_share=math.inf)
    assert config.policy.related_entries == 10
    # Only a manager has related entries, and only a language model reads them.
    with pytest.raises(ConfigError, match="related_entries is 10, but task is 'retriever'"):
        parse_config(MINIMAL, [*RETRIEVER, *language[:2], "policy.related_entries=10"])
    with pytest.raises(ConfigError, match=r"related_entries is 10, but policy\.kind is 'compact'"):
        parse_config(MINIMAL, ["policy.related_entries=10"])


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("engine.kind=vllm", "num_workers is 0, but engine.kind is 'vllm', which needs processes beside"),
        ("engine.num_engines=2", "num_workers is 0, but engine.num_engines is 2"),
        ("learner.num_processes=2", "num_workers is 0, but learner.num_processes is 2"),
        ("answerer={kind = 'model', model = 'm'}", "num_workers is 0, but answerer.kind is 'model'"),
        ("judge={kind = 'model', model = 'm'}", "num_workers is 0, but judge.kind is 'model'"),
    ],
)
def test_a_language_policy_without_workers_has_nothing_beside_the_process(
    override: str, message: str
) -> None:
    alone = ("policy={kind = 'language', model = 'm'}", "engine.kind=transformers", "rollouts.num_workers=0")
    tree = MINIMAL | {"reward": {"token_f1": 1.0}}
    assert parse_config(tree, alone).rollouts.num_workers == 0
    with pytest.raises(ConfigError, match=message):
        parse_config(tree, [*alone, override])


def test_a_config_cannot_be_changed() -> None:
    config = parse_config(MINIMAL)
    with pytest.raises(ValidationError, match="frozen"):
        config.seed = 3  # type: ignore[misc]
    assert isinstance(config, TrainConfig)


def test_configuration_needs_no_torch() -> None:
    code = (
        "import sys; from memdojo.train.config.files import load_config; load_config('quickstart');"
        "sys.exit(bool({'torch', 'ray'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


MIXTURE = {
    "train": {"synthetic:train": 1, "locomo:memory_r1/train": 3.5},
    "validation": "synthetic:validation",
}


def test_a_mixture_is_a_table_of_specs_to_weights_that_is_written_and_read_back(config_file: Path) -> None:
    config = parse_config(MINIMAL | {"streams": MIXTURE})
    assert config.streams.weights == {"synthetic:train": 1.0, "locomo:memory_r1/train": 3.5}
    assert config.streams.train_name == "1 synthetic:train + 3.5 locomo:memory_r1/train"
    config_file.write_text(dump_config(config))
    assert load_config(config_file) == config
    single = parse_config(MINIMAL)
    assert (single.streams.weights, single.streams.specs("test")) == (None, {})
    overridden = parse_config(MINIMAL, ['streams.train={"synthetic:train" = 1, "locomo:test" = 2}'])
    assert overridden.streams.specs("train") == {"synthetic:train": 1.0, "locomo:test": 2.0}
    assert parse_config(MINIMAL | {"streams": MIXTURE}, ["streams.train=locomo:test"]).streams.weights is None


def test_options_are_for_all_sources_or_for_one() -> None:
    streams = MIXTURE | {
        "num_train": 5,
        "stream_seed": 9,
        "options": {"turns_per_chunk": 2, "locomo": {"audited": True, "turns_per_chunk": 3}},
    }
    config = parse_config(MINIMAL | {"streams": streams}).streams
    # LoCoMo makes no streams, so it has neither number nor seed.
    assert config.load_options("train", "locomo:memory_r1/train") == {"turns_per_chunk": 3, "audited": True}
    assert config.load_options("train", "synthetic:train") == {
        "turns_per_chunk": 2,
        "num_streams": 5,
        "seed": 9,
    }
    assert config.load_options("validation") == {"turns_per_chunk": 2, "seed": 9}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train": {}}, r"streams.train is \{\}; it must be a text, or a table of at least one spec"),
        ({"train": 3}, "streams.train is 3; it must be a text, or a table"),
        ({"train": {"synthetic": 0}}, "must give 'synthetic' a weight above 0, not 0"),
        ({"train": {"synthetic": "much"}}, "must give 'synthetic' a weight above 0, not 'much'"),
        (
            {"train": {"synthetic:validation": 1}},
            "streams.train and streams.validation are both 'synthetic:val",
        ),
        (
            {"options": {"locmo": {"audited": True}}},
            "options.locmo is a table, but no spec begins with 'locmo'",
        ),
        ({"length_curriculum": 0}, "length_curriculum is 0; it must be greater than or equal to 1"),
        (
            {"length_curriculum": 9, "window_turns": 4},
            "length_curriculum is 9, but streams.window_turns makes",
        ),
    ],
)
def test_mixtures_that_make_no_sense_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_config(MINIMAL | {"streams": MIXTURE | changes})


def test_session_stages_are_rising_numbers_with_inf_for_all() -> None:
    config = parse_config(MINIMAL, ["streams.session_stages=[8, 16, inf]", "algorithm.num_updates=3"])
    assert config.streams.session_stages == (8, 16, math.inf)
    assert "session_stages = [8, 16, inf]" in dump_config(config)
    assert parse_config(tomllib.loads(dump_config(config))) == config


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["streams.session_stages=8"], "must be a list of numbers of sessions"),
        (["streams.session_stages=[0, 8]"], "must hold whole numbers from 1, .* not 0"),
        (["streams.session_stages=[8.5]"], "must hold whole numbers from 1, .* not 8.5"),
        (["streams.session_stages=[inf, 8]"], "must hold whole numbers from 1, .* not inf"),
        (["streams.session_stages=[16, 8]"], "must rise, and has 8 behind 16"),
        (["streams.session_stages=[8, 8]"], "must rise, and has 8 behind 8"),
        (
            ["streams.session_stages=[8, 16]", "streams.window_turns=40"],
            r"session_stages is \[8, 16\], but streams.window_turns cuts other parts",
        ),
        (
            ["streams.session_stages=[8, 16]", "streams.length_curriculum=9"],
            r"session_stages is \[8, 16\], but streams.length_curriculum chooses among streams",
        ),
        (
            ["streams.session_stages=[8, 16]", "algorithm.curriculum=priority"],
            r"streams.session_stages is \[8, 16\], but algorithm.curriculum is 'priority'",
        ),
        (
            ["streams.session_stages=[8, 16, 32]", "algorithm.num_updates=2"],
            "session_stages has 3 stages, but algorithm.num_updates is 2",
        ),
    ],
)
def test_session_stages_that_make_no_sense_are_refused(overrides: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_config(MINIMAL, overrides)


def test_a_curriculum_by_priority_has_no_other_beside_it() -> None:
    priority = "algorithm.curriculum=priority"
    with pytest.raises(ConfigError, match=r"streams.length_curriculum is 5, but .* draws by score"):
        parse_config(MINIMAL, [priority, "streams.length_curriculum=5"])
    with pytest.raises(ConfigError, match=r"streams.train is \{.*\}, but algorithm.curriculum is 'priority'"):
        parse_config(MINIMAL | {"streams": MIXTURE}, [priority])


def _judged(**tables: Any) -> TrainConfig:
    tree = {
        "name": "judged",
        "task": "manager",
        "streams": {"train": "synthetic:train"},
        "policy": {"kind": "language", "model": "x/y"},
        "reward": {"token_f1": 1.0},
        "algorithm": {"name": "grpo", "num_updates": 1},
        **tables,
    }
    return parse_config(tree)


def test_a_judge_is_named_as_far_as_it_is_needed() -> None:
    endpoint = {"kind": "endpoint", "model": "big", "url": "http://127.0.0.1:1/v1"}
    assert _judged().judge.kind == "none"
    assert _judged(reward={"judge": 1.0}, judge=endpoint).judge.model == "big"
    # The rule needs no model.
    assert _judged(reward={"valid_operations": 1.0}).judge.operations == "rule"
    for tables, message in (
        ({"reward": {"judge": 1.0}}, "judge.kind is 'none'; name a judge"),
        ({"judge": {"operations": "model"}}, "judge.operations is 'model', but judge.kind is 'none'"),
        ({"judge": {"kind": "model"}}, "judge.kind is 'model' without judge.model"),
        ({"judge": {"kind": "none", "url": "http://127.0.0.1:1/v1"}}, "which does not use it"),
        ({"judge": {**endpoint, "kind": "model"}}, "judge.url is"),
        (
            {
                "judge": {"kind": "model", "model": "x/y"},
                "learner": {"kind": "trl"},
                "engine": {"kind": "transformers"},
            },
            "learner.kind = 'trl' has no engines for",
        ),
    ):
        with pytest.raises(ConfigError, match=re.escape(message)):
            _judged(**tables)


def test_only_a_manager_is_paid_for_what_it_does_to_answers() -> None:
    for task, part in product(("retriever", "answer_agent"), ("answerability", "attribution")):
        paid = {"reward": {part: 1.0}}
        assert _judged(**paid).reward == {part: 1.0}
        with pytest.raises(ConfigError, match=f"task is '{task}' and the reward pays for what a step writes"):
            _judged(task=task, **paid)


def test_the_retriever_of_an_episode_is_one_that_exists() -> None:
    assert _judged(episode={"retriever": "pools:20,30000"}).episode.retriever == "pools:20,30000"
    assert _judged(episode={"max_core_tokens": 64}).episode.capacity.max_core_tokens == 64
    with pytest.raises(ConfigError, match=r"episode.retriever: .*'pool'.*'pools'"):
        _judged(episode={"retriever": "pool"})
    with pytest.raises(ConfigError, match=r"episode\.retriever: pools:x is malformed"):
        _judged(episode={"retriever": "pools:x"})


LANGUAGE: dict[str, Any] = {
    "name": "words",
    "task": "answer_agent",
    "streams": {"train": "synthetic:train"},
    "policy": {"kind": "language", "model": "x/y"},
    "reward": {"token_f1": 1.0},
    "algorithm": {"name": "grpo", "num_updates": 1},
}


def test_former_spellings_are_read_and_written_under_the_names_of_today(tmp_path: Path) -> None:
    old = LANGUAGE | {
        "episode": {"memory": "recency", "max_entries": 5},
        "engine": {"memory": 0.5},
        "judge": {"kind": "model", "model": "x/y", "memory": 2.0},
    }
    config = parse_config(old, ["answerer.kind=model", "answerer.model=x/y", "answerer.memory=0.25"])
    assert config == parse_config(
        LANGUAGE
        | {
            "episode": {"written_by": "recency", "max_entries": 5},
            "engine": {"cache_size": 0.5},
            "judge": {"kind": "model", "model": "x/y", "cache_size": 2.0},
            "answerer": {"kind": "model", "model": "x/y", "cache_size": 0.25},
        }
    )
    text = dump_config(config)
    assert "memory" not in text
    (tmp_path / "words.toml").write_text(text)
    assert load_config(tmp_path / "words.toml") == config
    assert parse_config(old, ["episode.memory=", "episode.max_entries="]).episode.written_by is None
    with pytest.raises(
        ConfigError, match=r"engine\.memory is the former name of engine\.cache_size, and both"
    ):
        parse_config(old | {"engine": {"memory": 0.5, "cache_size": 0.5}})


def test_a_file_with_the_defaults_of_all_kinds_loads_as_it_was_written_before() -> None:
    """Resolved configurations had once every key of `[answerer]` and `[judge]`, whatever their kind."""
    served = {"num_engines": 1, "num_gpus": 0, "dtype": "float32"}
    tree = LANGUAGE | {
        "answerer": {"kind": "extractive", **served, "max_tokens": 32, "timeout_s": 60.0},
        "judge": {"kind": "none", "operations": "rule", **served, "timeout_s": 60.0},
    }
    assert parse_config(tree) == parse_config(LANGUAGE | {"answerer": {"kind": "extractive"}, "judge": {}})
    with pytest.raises(
        ConfigError,
        match=r"answerer\.dtype is 'float16', but answerer\.kind is 'extractive', .* of 'model' and 'policy'",
    ):
        parse_config(tree, ["answerer.dtype=float16"])


def test_rows_are_compared_of_language_policies() -> None:
    algorithm = LANGUAGE["algorithm"] | {"advantage": "rows"}
    assert parse_config(LANGUAGE | {"algorithm": algorithm}).algorithm.advantage == "rows"  # type: ignore[attr-defined]


def test_only_a_compact_manager_s_critic_sees_the_future() -> None:
    for overrides, message in (
        (("task=retriever", "episode.max_entries="), "only a manager uses it"),
        (("policy.kind=language", "policy.model=x/y"), "only a compact policy uses it"),
    ):
        with pytest.raises(ConfigError, match=message):
            make_config("algorithm.name=ppo", "algorithm.critic_sees=future", *overrides)


def test_mixed_starts_need_groups_of_both_kinds() -> None:
    mixed = {"name": "grpo", "num_updates": 1, "group_start": "mixed"}
    GrpoSettings.model_validate({**mixed, "groups_per_update": 2}).check_policy(is_language=True)
    for num_groups, share in ((1, 0.5), (4, 0.1), (4, 0.9)):
        with pytest.raises(ValueError, match=rf"local_share = {share} of .* = {num_groups} leaves one"):
            GrpoSettings.model_validate({**mixed, "groups_per_update": num_groups, "local_share": share})


def test_managers_of_both_kinds_have_probes() -> None:
    probes = ("algorithm.group_start=probes", "algorithm.discount=0", "algorithm.num_probes=3")
    manager = LANGUAGE | {"task": "manager"}
    for config in (make_config(*probes), parse_config(manager, probes)):
        assert config.algorithm.probes == (3, 8)
    with pytest.raises(ConfigError, match=r"group_start is 'probes', but task is 'answer_agent' and only"):
        parse_config(LANGUAGE, probes)
    with pytest.raises(ConfigError, match=r"group_start is 'probes', but one_step\.window_turns is set"):
        parse_config(manager, (*probes, "one_step.window_turns=4"))
    with pytest.raises(ConfigError, match=r"discount = 1\.0, but each probe is a decision of its own"):
        parse_config(manager, ["algorithm.group_start=probes"])


def test_a_run_of_before_may_have_keys_of_kinds_that_it_did_not_choose(tmp_path: Path) -> None:
    run = LANGUAGE | {
        "answerer": {"kind": "extractive", "timeout_s": 5.0, "memory": 0.5},
        "judge": {"num_gpus": 2},
    }
    file = tmp_path / "config.toml"
    file.write_text(tomlkit.dumps(run))
    assert load_config_of_run(file) == parse_config(LANGUAGE)
    # What people write is not what a run has written.
    with pytest.raises(ConfigError, match=r"answerer\.\w+ is .*, but answerer\.kind is 'extractive'"):
        load_config(file)
    with pytest.raises(ConfigError, match=r"answerer\.timeout_s is 5, but answerer\.kind is 'extractive'"):
        parse_config(LANGUAGE, ["answerer.timeout_s=5"])
    file.write_text(tomlkit.dumps(run | {"answerer": {"kind": "extractive", "timeout": 5.0}}))
    with pytest.raises(ConfigError, match=r"unknown key 'answerer\.timeout'"):
        load_config_of_run(file)


def test_another_kind_takes_out_the_keys_and_tables_of_the_one_before() -> None:
    endpoint = {"kind": "endpoint", "model": "big", "url": "http://127.0.0.1:1/v1", "timeout_s": 5.0}
    overrides = ["answerer.kind=model", "answerer.dtype=bfloat16"]
    answerer = parse_config(LANGUAGE | {"answerer": endpoint}, overrides).answerer
    assert answerer.model_dump(exclude_unset=True) == {
        "kind": "model",
        "model": "big",
        "dtype": "bfloat16",
    }
    compact = MINIMAL | {"features": {"num_candidates": 4}, "policy": {"hidden_dim": 8}}
    config = parse_config(compact, ["policy.kind=language", "policy.model=x/y"])
    assert isinstance(config, LanguageConfig)
    with pytest.raises(
        ConfigError,
        match=r"^\[features\] is given, but policy\.kind is 'language', .* It is a table of 'compact'",
    ):
        parse_config(LANGUAGE | {"features": {"num_candidates": 4}})


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ["policy.kind=langage"],
            "policy.kind is 'langage'; it must be 'compact' or 'language'. Did you",
        ),
        (["policy.model="], "policy.kind is 'language' without policy.model; set it in the file"),
        (
            ["engine.kind=vlm"],
            "engine.kind is 'vlm'; it must be 'vllm' or 'transformers'. Did you mean",
        ),
        (["engine.cache_sise=1"], "unknown key 'engine.cache_sise' .*Did you mean 'engine.cache_size'"),
        (["engine.seed=3"], "engine.seed is 3, but the seed of the run is that of its engines; leave it out"),
        (
            ["engine.cache_size=1.5", "engine.num_gpus=1"],
            "cache_size is 1.5; it must be a share between",
        ),
        (["answerer.kind=endpoint"], "answerer.kind is 'endpoint' without answerer.model"),
        (["learner.sharding=full"], "learner.sharding is 'full' with one learner process"),
        (["judge=none"], "judge is 'none'; it must be a table"),
    ],
)
def test_what_a_kind_refuses_is_told_in_one_sentence(overrides: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        parse_config(LANGUAGE, overrides)
    assert "\n" not in str(caught.value)


def test_a_kind_of_policy_of_one_s_own_has_tables_of_its_own() -> None:
    class RuleSettings(PolicySettings):
        kind: Literal["rule"] = "rule"
        threshold: float = 0.5

    class RuleConfig(TrainConfig):
        policy: Annotated[RuleSettings, OneOf(POLICY_KINDS)]
        search: RoundsConfig = RoundsConfig()

    rule = PolicyKind(RuleSettings, RuleConfig, "some.module:train")
    overrides = ["policy.kind=rule", "policy.threshold=0.25", "search.num_rounds=3"]
    with POLICY_KINDS.temporarily("rule", rule):
        config = parse_config(MINIMAL, overrides)
        assert isinstance(config, RuleConfig)
        assert (config.policy.threshold, config.search.num_rounds) == (0.25, 3)
        assert parse_config(tomllib.loads(dump_config(config))) == config
        with pytest.raises(ConfigError, match=r"Did you mean 'search\.num_rounds'"):
            parse_config(MINIMAL, [*overrides, "search.num_round=2"])
    with pytest.raises(ConfigError, match=r"policy\.kind is 'rule'; it must be 'compact' or"):
        parse_config(MINIMAL, overrides)


@pytest.mark.parametrize("value", ["-1", "1e400", str(2**64), "9" * 30, "9" * 5000])
@pytest.mark.parametrize(
    "key",
    [
        "seed",
        "streams.stream_seed",
        "algorithm.num_updates",
        "episode.max_entries",
        "episode.top_k",
        "features.num_candidates",
        "policy.hidden_dim",
        "rollouts.num_workers",
        "evaluation.num_resamples",
        "reward_decay.evidence_recall",
    ],
)
def test_whole_numbers_that_no_library_takes_are_refused(key: str, value: str) -> None:
    with pytest.raises(ConfigError, match=rf"{key.split('.')[0]}\S* (is|has) "):
        make_config(f"{key}={value}")


def test_the_largest_seed_is_taken() -> None:
    assert make_config(f"seed={2**63 - 1}").seed == 2**63 - 1
