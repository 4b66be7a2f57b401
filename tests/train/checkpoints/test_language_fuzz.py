import contextlib
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from builders import make_config, make_trajectory, unseal
from fuzzing import all_work, num_inputs
from memdojo.agents.engines.models import check_model, load_tokenizer
from memdojo.envs.answering import AnswerRequest
from memdojo.errors import CheckpointError, ModelError
from memdojo.train.checkpoints.compact import TrainedOn, load_training_state, reading_state
from memdojo.train.checkpoints.digests import POLICY_JSON
from memdojo.train.checkpoints.language import (
    language_spec,
    save_language_policy,
    sound_model,
    write_model,
)
from memdojo.train.checkpoints.loading import load_learned
from memdojo.train.config.run_kinds import LanguageConfig
from memdojo.train.language.learner import LanguageLearner
from memdojo.train.language.setup import make_learner
from memdojo.train.language.trajectories import LanguageGroup
from memdojo.train.run_state import RunState
from mutations import damaged_forms

SEALED = ("model/model.safetensors", "learner.safetensors", "state.json")
FILES = (
    *(POLICY_JSON, *SEALED, "model/config.json", "model/generation_config.json"),
    *("model/tokenizer.json", "model/tokenizer_config.json", "model/chat_template.jinja"),
)
GROUPS: list[LanguageGroup] = [(make_trajectory(1.0), make_trajectory(0.0))]

pytestmark = pytest.mark.usefixtures("one_thread")


def _config(model: Path) -> LanguageConfig:
    config = make_config(
        task="answer_agent",
        policy={"kind": "language", "model": str(model), "max_response_tokens": 2},
        engine={"kind": "transformers"},
        learner={"device": "cpu", "num_threads": 1},
        reward={"token_f1": 1.0},
        algorithm={"name": "grpo", "num_updates": 3, "epochs": 1},
    )
    assert isinstance(config, LanguageConfig)
    return config


def _checkpoint(folder: Path, model: Path, *, is_of_before: bool) -> Path:
    config = _config(model)
    learner = make_learner(config, str(model), str(model))
    learner.update(GROUPS, 0)
    standing = {"updates": 2, "last_score": 0.5, "best_score": 0.5, "best_update": 2, "ranking": [[2, 0.5]]}
    state = learner.state()
    state.state["standing"] = standing
    weights, tokenizer = learner.policy_state_dict(), load_tokenizer(str(model))
    save_language_policy(
        folder,
        lambda into: write_model(into, learner.network, weights, tokenizer),
        language_spec(config, TrainedOn("run", groups=("a",))),
        state,
    )
    if is_of_before:
        unseal(folder)
    return folder


def _use(folder: Path) -> bool:
    """Do all that is done with a checkpoint; True if it was taken for sound."""
    return all_work(
        lambda: _answer(load_learned(folder).policy),
        lambda: RunState.saved_in(folder),
        lambda: _go_on_from(folder),
    )


def _answer(agent: Any) -> None:
    try:
        (answer,) = agent.answer([AnswerRequest("Where is Ann?", ("Ann is in Rome.",))])
    finally:
        agent.release()
    if answer.error:
        raise ModelError(answer.error)


def _go_on_from(folder: Path) -> None:
    model = str(sound_model(folder))
    learner: LanguageLearner = make_learner(_config(Path(model)), model, model)
    saved = load_training_state(folder)
    with reading_state(folder):
        learner.load_state(saved)
    learner.update(GROUPS, 1)


@pytest.mark.fuzz
@pytest.mark.parametrize(
    ("name", "is_of_before"), [*((name, False) for name in FILES), *((name, True) for name in SEALED)]
)
def test_a_damaged_checkpoint_raises_nothing_but_our_errors(
    tmp_path: Path, tiny_language_model: Path, name: str, is_of_before: bool
) -> None:
    folder = _checkpoint(tmp_path / "c", tiny_language_model, is_of_before=is_of_before)
    assert _use(folder)
    path = folder / name
    good = path.read_bytes()
    for data in islice(damaged_forms(path, FILES.index(name)), num_inputs(4)):
        path.write_bytes(data)
        is_sound = _use(folder)
        # What has a digest is the file that was written, or is refused.
        assert not is_sound or data == good or is_of_before or name not in SEALED


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("chat_template.jinja", "{{ m@ssage }}"),
        ("chat_template.jinja", "{{ 1 // 0 }}"),
        ("chat_template.jinja", "{{ messages.no.such }}"),
        ("chat_template.jinja", "{{ raise_exception('no') }}"),
        ("tokenizer.json", "{}"),
        ("tokenizer.json", "[]"),
        ("tokenizer.json", '{"model": {"type": "BPE", "vocab": {"a": -1}}}'),
        ("tokenizer_config.json", "[]"),
        ("tokenizer_config.json", '{"eos_token": 5}'),
        ("generation_config.json", '{"eos_token_id": "x"}'),
        ("generation_config.json", '{"eos_token_id": [[1]]}'),
        ("config.json", "[]"),
        ("config.json", '{"model_type": ["llama"]}'),
        ("model.safetensors", "\0" * 20),
    ],
)
def test_a_damaged_model_is_told_when_it_is_used(
    tmp_path: Path, tiny_language_model: Path, name: str, content: str
) -> None:
    folder = _checkpoint(tmp_path / "c", tiny_language_model, is_of_before=True)
    (folder / "model" / name).write_text(content)
    with pytest.raises((ModelError, CheckpointError)):
        _answer(load_learned(folder).policy)
    with contextlib.suppress(ModelError):
        check_model(str(folder / "model"))
