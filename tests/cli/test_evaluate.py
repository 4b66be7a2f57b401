import json
import re
from pathlib import Path
from typing import Literal

from builders import invoke, save_manager, save_retriever
from http_servers import Request, Response, serve
from memdojo.train.checkpoints.compact import TrainedOn


def _checkpoint(folder: Path, *groups: str, name: str = "mine", max_entries: int | None = 2) -> Path:
    record = TrainedOn(name, "jsonl:x", groups, ("test-1",), 0, "ppo", 1, max_entries, None, 5, "0.1.0")
    return save_manager(folder, record)


def _retriever_checkpoint(folder: Path, granularity: Literal["turn", "session"] = "turn") -> Path:
    return save_retriever(folder, TrainedOn("ranker", top_k=5, granularity=granularity))


def test_a_retriever_of_sessions_is_evaluated_on_sessions(data: dict[str, str], tmp_path: Path) -> None:
    sessions = _retriever_checkpoint(tmp_path / "s", "session")
    shown = invoke("eval", sessions, "bm25", "--streams", data["test"]).stdout
    assert "answers from 5 sessions" in shown
    assert (
        "answers from 5 entries"
        in invoke("eval", sessions, "--granularity", "turn", "--streams", data["test"]).stdout
    )
    mixed = invoke("eval", sessions, _retriever_checkpoint(tmp_path / "t"), "--streams", data["test"])
    assert mixed.exit_code == 2
    assert "choose one by granularity (--granularity)" in mixed.stderr


def test_a_checkpoint_is_evaluated_beside_baselines(tmp_path: Path, data: dict[str, str]) -> None:
    checkpoint = _checkpoint(tmp_path / "c", "train-0")
    out = tmp_path / "tables"
    result = invoke("eval", checkpoint, "sum_idf", "--streams", data["test"], "--out", out)
    assert result.exit_code == 0, result.stderr
    assert "a store of 2 entries with the tokens of as many turns, answers from 5 entries" in result.stdout
    assert "was chosen by its score on 1 of these groups" in result.stderr
    for policy in ("mine", "sum_idf", "oracle", "no_op"):
        assert re.search(rf"\b{policy}\b", result.stdout)
    assert {path.suffix for path in out.iterdir()} >= {".csv", ".json"}


def test_differences_are_from_a_policy_that_is_named_by_its_folder(
    tmp_path: Path, data: dict[str, str]
) -> None:
    a, b = _checkpoint(tmp_path / "a"), _checkpoint(tmp_path / "b")
    result = invoke("eval", a, b, "--streams", data["test"], "--reference", b)
    assert result.exit_code == 0, result.stderr
    assert f"Paired differences x 100 from mine ({b})" in result.stdout


def test_an_unknown_reference_is_refused_before_anything_is_played(
    tmp_path: Path, data: dict[str, str]
) -> None:
    out = tmp_path / "tables"
    result = invoke("eval", "recency", "--streams", data["test"], "--reference", "recncy", "--out", out)
    assert result.exit_code == 2
    assert "unknown policy of this evaluation 'recncy'. Did you mean 'recency'?" in result.stderr
    assert not out.exists()


def test_streams_of_the_training_groups_are_refused(tmp_path: Path, data: dict[str, str]) -> None:
    checkpoint = _checkpoint(tmp_path / "c", "train-0", "test-2")
    result = invoke("eval", checkpoint, "--streams", data["test"])
    assert result.exit_code == 2
    assert "was trained on the groups 'test-2' of these streams" in result.stderr


def test_retrievers_are_evaluated_and_serve_managers(tmp_path: Path, data: dict[str, str]) -> None:
    checkpoint = _retriever_checkpoint(tmp_path / "r")
    result = invoke("eval", checkpoint, "bm25", "--streams", data["test"])
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("retrievers on jsonl:")
    result = invoke("eval", "sum_idf", "--streams", data["test"], "--retriever", checkpoint)
    assert result.exit_code == 0, result.stderr
    assert "managers on jsonl:" in result.stdout


def test_targets_that_do_not_go_together_are_refused(tmp_path: Path, data: dict[str, str]) -> None:
    manager, retriever = _checkpoint(tmp_path / "m"), _retriever_checkpoint(tmp_path / "r")
    other = _checkpoint(tmp_path / "n", max_entries=9)
    for arguments, message in (
        ((manager, retriever), "evaluate one task at a time"),
        ((manager, "--task", "retriever"), "is a manager and the task is a retriever"),
        ((manager, other), "stores of different sizes; choose one by max_entries"),
        (("sum_idf", "--retriever", manager), "is a manager; a retriever is wanted here"),
    ):
        result = invoke("eval", *arguments, "--streams", data["test"])
        assert (result.exit_code, result.stdout) == (2, "")
        assert message in result.stderr


def test_a_damaged_checkpoint_is_told(tmp_path: Path, data: dict[str, str]) -> None:
    checkpoint = _checkpoint(tmp_path / "c")
    (checkpoint / "policy.safetensors").write_bytes(b"short")
    result = invoke("eval", checkpoint, "--streams", data["test"])
    assert result.exit_code == 2
    assert "policy.safetensors is truncated or damaged" in result.stderr


def _respond(request: Request) -> Response:
    """Say who lives where, whatever was asked."""
    reply = {"role": "assistant", "content": "Ann lives in Oslo."}
    choice = {"index": 0, "finish_reason": "stop", "message": reply}
    answer = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    return Response(json.dumps(answer).encode(), headers={"Content-Type": "application/json"})


def _roles(url: str) -> list[str]:
    return ["--roles", "kind=endpoint", "--roles", "model=m", "--roles", f"url={url}/v1"]


def test_a_model_plays_the_roles_of_designs(data: dict[str, str], tmp_path: Path) -> None:
    command = ["eval", "mem_agent", "recency", "--streams", data["test"], "--out", tmp_path / "out"]
    with serve(_respond) as url:
        result = invoke(*command, *_roles(url))
        assert result.exit_code == 0, result.stderr
        assert f"roles by model-roles-2(endpoint(model=m, url={url}/v1))" in result.stdout
        assert re.search(r"Roles of mem_agent: \d+ calls, \d+ asked of the model", result.stdout)
    by_rules = invoke(*command)
    assert by_rules.exit_code == 0, by_rules.stderr
    assert "roles by rules" in by_rules.stdout
    assert "Roles of" not in by_rules.stdout


def test_an_endpoint_that_nobody_serves_leaves_all_without_a_score(data: dict[str, str]) -> None:
    roles = _roles("http://127.0.0.1:9")
    result = invoke("eval", "mem_agent", "recency", "--streams", data["test"], *roles)
    assert result.exit_code == 0, result.stderr
    assert "Without answer or verdict: mem_agent 100.0%" in result.stdout
    assert re.search(r"Roles of mem_agent: (\d+) calls?, .* \1 failed", result.stdout)


def test_roles_that_make_no_sense_are_refused_with_a_sentence(data: dict[str, str]) -> None:
    for target, options, why in (
        ("recency", ["kind=rules"], "no memory design is among the targets"),
        ("mem_agent", ["kind=oracle"], "--roles: design.roles.kind is 'oracle'; it must be 'rules'"),
        ("mem_agent", ["kind=endpoint"], "--roles: design.roles.kind is 'endpoint' without design.roles.mo"),
        ("mem_agent", ["model=m"], "--roles: design.roles.model is 'm', but design.roles.kind is 'rules'"),
        ("mem_agent", ["kind=model", "model=/nowhere/x"], "/nowhere/x does not exist"),
    ):
        given = [word for option in options for word in ("--roles", option)]
        result = invoke("eval", target, "--streams", data["test"], *given)
        assert result.exit_code == 2
        assert why in result.stderr


def test_an_attack_is_measured_beside_the_clean_evaluation(data: dict[str, str], tmp_path: Path) -> None:
    how = ("eval", "recency", "--streams", "synthetic:test", "--option", "num_streams=1")
    clean, attacked = tmp_path / "clean", tmp_path / "attacked"
    assert invoke(*how, "--out", clean).exit_code == 0
    result = invoke(*how, "--option", "attack=drift", "--clean", clean, "--out", attacked)
    assert result.exit_code == 0, result.stderr
    assert "Memory under attack" in result.stdout
    (row, *_) = json.loads((attacked / "eval.json").read_text())["attacks"]
    assert row["adversary"] == "drift"
    assert row["clean_kept"] is not None
    missing = invoke(*how, "--option", "attack=drift", "--clean", tmp_path / "nowhere")
    assert missing.exit_code == 2
    assert "nowhere has no evaluation" in missing.stderr
