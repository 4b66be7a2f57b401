from pathlib import Path

import pytest

from memdojo.errors import ConfigError
from memdojo.train.config.tuning import Span, TuneConfig
from memdojo.train.tuning.space import Space, parse_range


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("algorithm.learning_rate=1e-4..1e-2:log", Span(low=1e-4, high=1e-2, log=True)),
        ("algorithm.clip_low=0.1..0.3", Span(low=0.1, high=0.3)),
        ("policy.hidden_dim=16..64", Span(low=16, high=64)),
        ("policy.hidden_dim=16,32,64", (16, 32, 64)),
        ("algorithm.name=ppo,grpo", ("ppo", "grpo")),
        ("algorithm.normalise=true,false", (True, False)),
    ],
)
def test_a_range_is_read_from_the_command_line(text: str, expected: object) -> None:
    assert parse_range(text) == (text.partition("=")[0], expected)


@pytest.mark.parametrize("text", ["policy.hidden_dim", "policy.hidden_dim=", "=1,2"])
def test_what_is_no_range_on_the_command_line_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"not of the form"):
        parse_range(text)


def test_ranges_of_the_command_line_join_those_of_the_file_and_win(tuned_config: Path) -> None:
    space = Space.load(tuned_config, (), ["policy.hidden_dim=4,8", "algorithm.epochs=1..3"])
    assert dict(space.ranges) == {
        "algorithm.learning_rate": Span(low=1e-4, high=1e-2, log=True),
        "policy.hidden_dim": (4, 8),
        "algorithm.epochs": Span(low=1, high=3),
    }


def test_only_keys_that_take_nothing_between_whole_numbers_are_whole(tuned_config: Path) -> None:
    space = Space.load(tuned_config, (), ["algorithm.epochs=1..3", "algorithm.discount=0..1"])
    assert space.whole == {"algorithm.epochs"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("algorithm.learning_rat=1e-4..1e-2", r"unknown key .* Did you mean 'algorithm\.learning_rate'"),
        ("algorithm.learning_rate=-1..1", r"learning_rate is -1; it must be greater than 0"),
        ("policy.hidden_dim=8,wide", r"no run takes policy\.hidden_dim = 'wide'"),
        ("algorithm.group_size=1,4", r"no run takes algorithm\.group_size = 1"),
        ("algorithm.gae_lambda=0.5..0.9", r"gae_lambda"),
        ("seed=1,2", r"seed, which must be the same in all trials"),
        ("evaluation.metric=token_f1,bleu_1", r"evaluation\.metric, which must be the same"),
        ("streams.num_validation=4,8", r"streams\.num_validation, which must be the same"),
        ("tune.trials=4,8", r"tune\.trials, which must be the same"),
    ],
)
def test_a_range_that_no_run_takes_is_refused_before_anything_runs(
    tuned_config: Path, text: str, why: str
) -> None:
    with pytest.raises(ConfigError, match=why):
        Space.load(tuned_config, (), [text])


def test_without_ranges_or_validation_there_is_nothing_to_search(tuned_config: Path) -> None:
    with pytest.raises(ConfigError, match=r"has no \[tune.ranges\]"):
        Space.load("locomo_manager")
    with pytest.raises(ConfigError, match=r"streams\.validation is not set"):
        Space.load(tuned_config, ["streams.validation="])


def test_a_trial_is_one_training_with_one_learner_process() -> None:
    ranges = ["algorithm.learning_rate=1e-5..1e-3:log"]
    with pytest.raises(ConfigError, match=r"learner\.num_processes is 2"):
        Space.load("language_tiny", ["learner.num_processes=2"], ranges)
    with pytest.raises(ConfigError, match=r"there are \[rounds\]"):
        Space.load("language_tiny", ["rounds.num_rounds=2"], ranges)
    # What plays a language policy may be as many processes as it wants.
    space = Space.load("language_tiny", ["rollouts.num_workers=2"], ranges)
    assert space.run_of({"algorithm.learning_rate": 1e-4}, 1, 0).rollouts.num_workers == 2


def test_the_values_of_the_configuration_itself_are_known(tuned_config: Path) -> None:
    space = Space.load(tuned_config, (), ["reward.evidence_ndcg=0..1"])
    assert space.given == {
        "algorithm.learning_rate": 1e-3,
        "policy.hidden_dim": 64,
        # No weight is given to this part.
        "reward.evidence_ndcg": None,
    }


def test_a_run_of_a_trial_has_its_values_a_seed_and_a_name_of_its_own(space: Space) -> None:
    run = space.run_of({"algorithm.learning_rate": 1e-05 * 3, "policy.hidden_dim": 8}, 7, 2)
    assert (run.name, run.seed, run.algorithm.learning_rate) == ("small-0007", 2, 1e-05 * 3)
    assert run.policy.model_dump()["hidden_dim"] == 8
    assert run.tune == TuneConfig()
    # A trial is a process already, and the results of compact policies do not depend on it.
    assert (space.config.rollouts.num_workers, run.rollouts.num_workers) == (2, 0)


def test_a_value_rules_out_what_the_file_has_beside_it_as_a_change_does(tuned_config: Path) -> None:
    text = tuned_config.read_text("utf-8")
    tuned_config.write_text(
        text.replace("num_updates = 3", 'num_updates = 3\nadvantage = "position"'), "utf-8"
    )
    space = Space.load(tuned_config, (), ["algorithm.name=grpo,ppo"])
    assert space.config_of({"algorithm.name": "ppo"}).algorithm.name == "ppo"
