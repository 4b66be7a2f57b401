"""An evaluation counts tokens as the training did, or as it is told."""

from pathlib import Path

import pandas as pd
import pytest

import memdojo
from builders import invoke, make_config, make_stream, run_training, save_manager, write_byte_tokenizer
from memdojo import EvalChoices
from memdojo.envs.streams.jsonl.reading import write_jsonl
from memdojo.envs.types import Question
from memdojo.errors import ConfigError
from memdojo.eval.rescoring import rescore
from memdojo.evaluation import evaluate_run, prepare
from memdojo.train.checkpoints.compact import TrainedOn
from memdojo.train.checkpoints.loading import load_learned
from memdojo.train.runs.folder import RunFolder

SHARE = 0.5


@pytest.fixture
def of_bytes(tmp_path: Path) -> str:
    return write_byte_tokenizer(tmp_path / "model")


@pytest.fixture
def streams(tmp_path: Path) -> str:
    question = Question("q", "What is my dog called?", ("Rex",), "x", frozenset({"t0"}))
    turns = [("A", "My dog is Rex."), ("A", "I am tired."), ("A", "Supercalifragilistic!")]
    write_jsonl([make_stream(*turns, questions=(question,))], tmp_path / "streams.jsonl")
    return f"jsonl:{tmp_path / 'streams.jsonl'}"


def test_baselines_are_limited_and_measured_by_the_tokenizer(
    of_bytes: str, streams: str, tmp_path: Path
) -> None:
    choices = EvalChoices(token_share=SHARE, tokenizer=of_bytes, num_resamples=20)
    report = memdojo.evaluate("recency", streams, choices, out=tmp_path / "tables")
    # Bytes of the turns with their speaker: 17, 14 and 24. Half of them is 28, into which the last one fits.
    episodes = pd.read_csv(tmp_path / "tables" / "streams.csv").set_index("policy").loc[["recency"]]
    assert episodes["stream_tokens"].tolist() == [17 + 14 + 24]
    assert episodes["final_tokens"].tolist() == [24]
    assert report.details["settings"]["tokenizer"] == of_bytes
    said = (tmp_path / "tables" / "tables.md").read_text()
    assert f"tokens counted by {of_bytes}" in said.replace("\\", "")


def test_recorded_episodes_are_read_without_their_tokenizer(
    of_bytes: str, streams: str, tmp_path: Path
) -> None:
    choices = EvalChoices(token_share=SHARE, tokenizer=of_bytes, num_resamples=20)
    memdojo.evaluate("recency", streams, choices, out=tmp_path / "tables")
    settings = prepare("recency", streams, choices).settings
    with pytest.raises(ConfigError, match="other"):
        # What was counted in another way is not gone on with.
        memdojo.evaluate("recency", streams, EvalChoices(token_share=SHARE), out=tmp_path / "tables")
    assert settings.conditions["tokenizer"] == of_bytes
    Path(of_bytes, "tokenizer.json").unlink()
    again = rescore(tmp_path / "tables", num_resamples=20)
    assert again.details["settings"]["tokenizer"] == of_bytes


def test_the_command_line_names_it(of_bytes: str, streams: str, tmp_path: Path) -> None:
    told = ("--streams", streams, "--token-share", "0.5", "--tokenizer")
    result = invoke("eval", "recency", *told, of_bytes)
    assert result.exit_code == 0, result.stderr
    assert "tokens counted by" in result.stdout + result.stderr
    result = invoke("eval", "recency", *told, tmp_path / "nowhere")
    assert result.exit_code == 2
    assert "nowhere' cannot be loaded" in " ".join(result.stderr.split())


def test_a_checkpoint_is_evaluated_as_it_was_trained(of_bytes: str, streams: str, tmp_path: Path) -> None:
    trained = TrainedOn("mine", max_entries=5, tokenizer=of_bytes)
    folder = save_manager(tmp_path / "m", trained)
    assert load_learned(folder).training == trained
    with pytest.raises(ConfigError, match=f"reaches outside of itself: tokenizer = '{of_bytes}'"):
        prepare(folder, streams)
    assert prepare(folder, streams, trust_run=True).settings.tokenizer == of_bytes
    other = write_byte_tokenizer(tmp_path / "other")
    assert prepare(folder, streams, EvalChoices(tokenizer=other)).settings.tokenizer == other
    by_rule = save_manager(tmp_path / "r", TrainedOn("other", max_entries=5))
    with pytest.raises(ConfigError, match=r"several tokenizers; choose one by tokenizer \(--tokenizer\)"):
        prepare([folder, by_rule], streams, trust_run=True)


@pytest.mark.parametrize("inside", [False, True])
def test_a_run_reaches_for_a_tokenizer_outside_of_it(inside: bool, streams: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    of_bytes = write_byte_tokenizer(tmp_path / "model")
    config = make_config(
        streams={"train": "synthetic:train", "test": streams},
        episode={"max_entries": 5, "tokenizer": of_bytes},
        evaluation={"baselines": ["recency"], "num_resamples": 20},
    )
    run = RunFolder.create(tmp_path, config).path
    if inside:
        of_bytes = write_byte_tokenizer(run / "model")
        config = make_config(
            streams={"train": "synthetic:train", "test": streams},
            episode={"max_entries": 5, "tokenizer": of_bytes},
            evaluation={"baselines": ["recency"], "num_resamples": 20},
        )
        (run / "config.toml").unlink()
        config_text = RunFolder.create(tmp_path / "again", config).path / "config.toml"
        config_text.rename(run / "config.toml")
    save_manager(run / "checkpoints" / "step_000003", TrainedOn("run", max_entries=5, tokenizer=of_bytes))
    if inside:
        assert evaluate_run(RunFolder.open(run)).details["settings"]["tokenizer"] == of_bytes
        return
    with pytest.raises(ConfigError, match=r"episode\.tokenizer = .*--trust-run"):
        evaluate_run(RunFolder.open(run))
    report = evaluate_run(RunFolder.open(run), trust_run=True)
    assert report.details["settings"]["tokenizer"] == of_bytes


def test_a_training_and_its_resumption_count_by_the_tokenizer(
    of_bytes: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def config(num_updates: int) -> memdojo.train.config.run.TrainConfig:
        return make_config(
            streams={"train": "synthetic:train", "num_train": 2},
            episode={"max_entries": 5, "tokenizer": "model"},
            reward={"evidence_recall": 1.0, "compression": 0.1},
            rollouts={"num_workers": 0},
            algorithm={"name": "grpo", "num_updates": num_updates},
            policy={"hidden_dim": 8},
        )

    run, _ = run_training(tmp_path, config(1))
    # Of wherever a later process works.
    assert run.config.episode.tokenizer == of_bytes
    monkeypatch.chdir("/")
    resumed, _ = run_training(tmp_path, RunFolder.open(run.path).config, resume=True)
    assert resumed.latest is not None
    assert load_learned(resumed.latest, trust_run=True).training.tokenizer == of_bytes
