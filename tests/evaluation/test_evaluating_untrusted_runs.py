"""A run is data, perhaps from somebody else: it does not choose whom texts and keys are sent to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import memdojo
from builders import invoke, make_config, make_stream, save_design, save_manager, save_retriever
from http_servers import Request, Response, serve
from memdojo import EvalChoices
from memdojo.agents.designs.roles.rules import RuleRoles
from memdojo.envs.answering import ExtractiveAnswerer
from memdojo.envs.streams.jsonl.reading import write_jsonl
from memdojo.envs.types import Question
from memdojo.errors import ConfigError
from memdojo.evaluation import capacity_curve, evaluate_run, prepare
from memdojo.evaluation.comparing import compare
from memdojo.evaluation.sweeping import SweepRecipe, prepare_sweep
from memdojo.train.checkpoints.compact import TrainedOn
from memdojo.train.config.files import parse_config
from memdojo.train.runs.folder import RunFolder

SECRET = "sk-secret-of-the-user"


class Listener:
    """An endpoint that notes the key and the text of each request.

    Attributes:
        url: Where it listens.
    """

    url: str

    def __init__(self) -> None:
        self.heard: list[tuple[str | None, str]] = []
        self.headers: list[dict[str, str]] = []

    def respond(self, request: Request) -> Response:
        self.heard.append((request.headers["Authorization"], request.body.decode()))
        self.headers.append(dict(request.headers.items()))
        reply = {"role": "assistant", "content": "Oslo"}
        choice = {"index": 0, "finish_reason": "stop", "message": reply}
        answer = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
        return Response(json.dumps(answer).encode(), headers={"Content-Type": "application/json"})


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-the-user")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", f"X-Token: {SECRET}\nAuthorization: Bearer {SECRET}")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    made = Listener()
    with serve(made.respond) as url:
        made.url = f"{url}/v1"
        yield made


@pytest.fixture
def private(tmp_path: Path) -> str:
    question = Question("q", "What is the PIN?", ("4711",), "x", frozenset({"t0"}))
    write_jsonl([make_stream("My bank PIN is 4711.", questions=(question,))], tmp_path / "private.jsonl")
    return f"jsonl:{tmp_path / 'private.jsonl'}"


def _run(root: Path, streams: str, name: str = "theirs", **tables: Any) -> Path:
    """A run of a manager, with one checkpoint.

    Its configuration is that of a language policy, which alone may have another answerer and a judge; its
    checkpoint is a small one, which acts at once.
    """
    config = make_config(
        name=name,
        streams={"train": "synthetic:train", "test": streams},
        policy={"kind": "language", "model": "nowhere"},
        evaluation={"metric": "token_f1", "baselines": ["recency"], "num_resamples": 20},
        **tables,
    )
    run = RunFolder.create(root, config)
    save_manager(run.path / "checkpoints" / "step_000003", TrainedOn(name, max_entries=5))
    return run.path


def _endpoint(url: str) -> dict[str, str]:
    return {"kind": "endpoint", "model": "m", "url": url}


WAYS: dict[str, Callable[[Path, str], object]] = {
    "evaluate": lambda run, streams: memdojo.evaluate([str(run), "recency"], streams),
    "evaluate by path": lambda run, streams: memdojo.evaluate(run, streams),
    "prepare": lambda run, streams: prepare([run]),
    "curve": lambda run, streams: capacity_curve([run], [0.5], streams),
    "evaluate_run": lambda run, streams: evaluate_run(RunFolder.open(run)),
    "compare": lambda run, streams: compare([run, "recency"]),
}


@pytest.mark.parametrize("table", ["answerer", "judge"])
@pytest.mark.parametrize("way", WAYS)
def test_an_endpoint_that_a_run_names_is_not_asked(
    way: str, table: str, tmp_path: Path, private: str, listener: Listener
) -> None:
    run = _run(tmp_path, private, **{table: _endpoint(listener.url)})
    with pytest.raises(
        ConfigError, match=rf"{table}\.url = '{listener.url}'.*--trust-run \(trust_run=True\)"
    ):
        WAYS[way](run, private)
    assert listener.heard == []


@pytest.mark.parametrize("command", ["eval", "compare", "report --evaluate"])
def test_the_command_line_asks_first(
    command: str, tmp_path: Path, private: str, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = _run(tmp_path, private, answerer=_endpoint(listener.url))
    name, *options = command.split()
    others = ["recency"] if name == "compare" else []
    result = invoke(name, run, *others, *options)
    assert result.exit_code == 2
    assert f"answerer.url = '{listener.url}'" in result.stderr
    assert "--trust-run" in result.stderr
    assert listener.heard == []
    result = invoke(name, run, *others, *options, "--trust-run")
    assert result.exit_code == 0, result.stderr
    assert listener.heard
    assert SECRET not in str(listener.headers)
    assert "org-of-the-user" not in str(listener.headers)


def test_a_trusted_run_has_its_endpoint_but_no_key(tmp_path: Path, private: str, listener: Listener) -> None:
    run = _run(tmp_path, private, answerer=_endpoint(listener.url), judge=_endpoint(listener.url))
    memdojo.evaluate(run, private, trust_run=True)
    assert any("4711" in body for _, body in listener.heard)
    assert {key for key, _ in listener.heard} == {"Bearer none"}
    assert SECRET not in str(listener.headers)


def test_the_host_of_the_users_own_settings_gets_the_key_unasked(
    tmp_path: Path, private: str, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_CUSTOM_HEADERS")
    monkeypatch.setenv("OPENAI_BASE_URL", listener.url)
    memdojo.evaluate(_run(tmp_path, private, answerer=_endpoint(listener.url)), private)
    assert {key for key, _ in listener.heard} == {f"Bearer {SECRET}"}


@pytest.mark.parametrize(
    "own",
    [
        "http://127.0.0.1/v1",
        "https://127.0.0.1:{port}/v1",
        "http://localhost:{port}/v1",
        "127.0.0.1:{port}",
        "x",
    ],
)
def test_another_port_scheme_or_name_is_another_host(
    own: str, tmp_path: Path, private: str, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", own.format(port=listener.url.rpartition(":")[2].partition("/")[0]))
    with pytest.raises(ConfigError, match="trust_run"):
        memdojo.evaluate(_run(tmp_path, private, answerer=_endpoint(listener.url)), private)


def test_an_endpoint_on_the_command_line_is_the_users(
    tmp_path: Path, private: str, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_CUSTOM_HEADERS")
    run = _run(tmp_path, private, answerer=_endpoint("http://127.0.0.1:1/v1"))
    own = [
        word for key, value in _endpoint(listener.url).items() for word in ("--answerer", f"{key}={value}")
    ]
    result = invoke("eval", run, "--streams", private, *own)
    assert result.exit_code == 0, result.stderr
    assert {key for key, _ in listener.heard} == {f"Bearer {SECRET}"}


def test_an_answerer_of_ones_own_needs_no_trust(tmp_path: Path, private: str, listener: Listener) -> None:
    run = _run(tmp_path, private, answerer=_endpoint(listener.url))
    memdojo.evaluate(run, private, EvalChoices(answerer=ExtractiveAnswerer()))
    assert listener.heard == []


@pytest.mark.parametrize("model", ["somebody/model", "/models/theirs", "~/theirs", "http://127.0.0.1:1/x"])
@pytest.mark.parametrize("table", ["answerer", "judge"])
def test_models_outside_of_a_run_are_not_loaded(table: str, model: str, tmp_path: Path, private: str) -> None:
    run = _run(tmp_path, private, **{table: {"kind": "model", "model": model, "engine": "transformers"}})
    with pytest.raises(ConfigError, match=rf"{table}\.model = '{model}'"):
        memdojo.evaluate(run, private)


def test_runs_outside_of_a_run_are_not_loaded(tmp_path: Path, private: str) -> None:
    run = _run(tmp_path, private, answerer={"kind": "policy", "checkpoint": "/somewhere/else"})
    with pytest.raises(ConfigError, match=r"answerer\.checkpoint = '/somewhere/else'"):
        memdojo.evaluate(run, private)


def test_what_a_checkpoint_says_of_its_training_is_no_way_out(tmp_path: Path, private: str) -> None:
    elsewhere = save_manager(tmp_path / "elsewhere", TrainedOn("other", max_entries=5))
    manager = save_manager(tmp_path / "m", TrainedOn("m", max_entries=5, retriever=str(elsewhere)))
    finder = save_retriever(tmp_path / "r", TrainedOn("r", max_entries=5, memory=str(elsewhere)))
    with pytest.raises(ConfigError, match=rf"retriever = '{elsewhere}'"):
        memdojo.evaluate(manager, private)
    with pytest.raises(ConfigError, match=rf"memory = '{elsewhere}'"):
        memdojo.evaluate(finder, private)
    with pytest.raises(ConfigError, match=rf"retriever = '{elsewhere}'"):
        prepare_sweep(SweepRecipe(policies=(str(manager),), num_streams=1), ["facts"])
    memdojo.evaluate(finder, private, trust_run=True)


def test_what_lies_in_the_run_belongs_to_it(tmp_path: Path, private: str) -> None:
    run = _run(tmp_path, private)
    inside = run / "checkpoints" / "step_000003"
    finder = save_retriever(
        run / "checkpoints" / "step_000004", TrainedOn("r", max_entries=5, memory=str(inside))
    )
    memdojo.evaluate(finder, private)
    (run / "link").symlink_to(tmp_path / "out")
    save_manager(tmp_path / "out", TrainedOn("out", max_entries=5))
    linked = save_retriever(
        run / "checkpoints" / "step_000005", TrainedOn("r", max_entries=5, memory=str(run / "link"))
    )
    with pytest.raises(ConfigError, match="memory = "):
        memdojo.evaluate(linked, private)


def test_a_run_that_reaches_nothing_is_evaluated_unasked(tmp_path: Path, private: str) -> None:
    memdojo.evaluate(_run(tmp_path, private), private)


DESIGN = {"name": "mem_agent", "learn": ["overwrite"], "embedder": "hashed_ngrams"}


def _design_run(root: Path, streams: str, roles: dict[str, str]) -> Path:
    config = parse_config(
        {
            "name": "theirs",
            "task": "design",
            "streams": {"train": "synthetic:train", "test": streams},
            "episode": {"max_entries": 8},
            "design": {**DESIGN, "roles": roles},
            "reward": {"token_f1": 1.0},
            "algorithm": {"name": "grpo", "num_updates": 1},
            "evaluation": {"metric": "token_f1", "baselines": ["recency"], "num_resamples": 20},
        }
    )
    run = RunFolder.create(root, config)
    folder = run.path / "checkpoints" / "step_000001"
    training = TrainedOn("theirs", max_entries=8)
    save_design(folder, training, decision=("mem_agent", "overwrite"), roles=roles)
    return run.path


@pytest.mark.parametrize("way", [*WAYS, "load_policy", "open_memory"])
def test_roles_that_a_run_names_are_not_asked(
    way: str, tmp_path: Path, private: str, listener: Listener
) -> None:
    run = _design_run(tmp_path, private, _endpoint(listener.url))
    ways = WAYS | {
        "load_policy": lambda run, streams: memdojo.load_policy(run),
        "open_memory": lambda run, streams: memdojo.open_memory(tmp_path / "m.sqlite", manager=run),
    }
    with pytest.raises(
        ConfigError, match=rf"design\.roles\.url = '{listener.url}'.*--trust-run \(trust_run=True\)"
    ):
        ways[way](run, private)
    assert listener.heard == []


def test_roles_that_a_run_names_are_asked_without_the_key_once_it_is_trusted(
    tmp_path: Path, private: str, listener: Listener
) -> None:
    run = _design_run(tmp_path, private, _endpoint(listener.url))
    report = evaluate_run(RunFolder.open(run), trust_run=True)
    assert report.as_json()["role_counts"].keys() == {"theirs", "mem_agent, as configured"}
    assert memdojo.evaluate(run, private, trust_run=True).as_json()["role_counts"].keys() == {"theirs"}
    assert listener.heard
    assert all(SECRET not in str(key) for key, _ in listener.heard)


def test_other_roles_than_those_of_a_run_need_no_trust(
    tmp_path: Path, private: str, listener: Listener
) -> None:
    run = _design_run(tmp_path, private, _endpoint(listener.url))
    report = memdojo.evaluate(run, private, EvalChoices(roles=RuleRoles()))
    assert report.as_json()["role_counts"] == {}
    with memdojo.open_memory(tmp_path / "m.sqlite", manager=run, roles=RuleRoles()) as agent:
        agent.observe("Ann", "I live in Rome.")
    assert listener.heard == []
