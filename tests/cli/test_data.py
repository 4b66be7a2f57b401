import json
import warnings
from pathlib import Path

from builders import invoke, write_json
from memdojo.envs.streams.jsonl.reading import write_jsonl
from memdojo.envs.types import Chunk, Question, Stream, Turn


def test_data_check_reports_problems_by_line(tmp_path: Path, data: dict[str, str]) -> None:
    path = Path(data["train"].removeprefix("jsonl:"))
    result = invoke("data", "check", path)
    assert (result.exit_code, result.stdout) == (0, f"{path}: no problems. Use it as jsonl:{path}\n")
    path.write_text(path.read_text() + '{"id": "x"}\nnonsense\n')
    result = invoke("data", "check", path)
    assert result.exit_code == 2
    assert "line 4: " in result.stdout
    assert "line 5: " in result.stdout
    assert invoke("data", "check", tmp_path / "nowhere.jsonl").exit_code == 2


def test_data_check_shows_every_kind_of_problem_however_often_one_occurs(tmp_path: Path) -> None:
    turn = {"id": "t1", "speaker": "Ann", "text": "Hi."}
    question = {"id": "q", "text": "Who?", "answers": ["Ann"]}
    rows = [
        {"id": f"s{n}", "group": "g", "chunks": [{"turns": [turn]}], "questions": [question | {"mood": n}]}
        for n in range(60)
    ]
    rows[40]["questions"] = [question | {"evidence": ["t9"]}]
    rows[41]["questions"] = [question | {"evidence": ["t8"], "ask_after": 4}]
    rows[42]["oracle"] = {"t7": [{"kind": "NOOP"}], "t6": [{"kind": "NOOP"}]}
    path = tmp_path / "many.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    result = invoke("data", "check", path)
    assert result.exit_code == 2
    assert result.stdout.splitlines() == [
        "58 times: questions[].mood: the field is unknown",
        *(
            f"  line {line}: questions[0].mood: the field is unknown; remove it or correct its name "
            "(docs/data.md lists the fields)"
            for line in (1, 2, 3)
        ),
        "  ... and 55 more of this kind",
        "2 times: questions[].evidence: ... names no turn of the stream",
        "  line 41: questions[0].evidence: 't9' names no turn of the stream; correct or remove it",
        "  line 42: questions[0].evidence: 't8' names no turn of the stream; correct or remove it",
        "line 42: questions[0].ask_after: ask_after is 4, but the chunks are numbered 0 to 0; name a chunk "
        "of the stream, or leave ask_after out to ask at the end",
        "2 times: oracle.TURN: ... names no turn of the stream",
        "  line 43: oracle.t7: 't7' names no turn of the stream; correct or remove it",
        "  line 43: oracle.t6: 't6' names no turn of the stream; correct or remove it",
        "55 problems are not shown; --all prints every one",
    ]
    assert result.stderr == f"{path}: 63 problems of 4 kinds\n"
    one = invoke("data", "check", path, "--max-problems", "1").stdout
    assert "  ... and 57 more of this kind" in one
    assert "line 42: questions[0].ask_after" in one
    everything = invoke("data", "check", path, "--all").stdout.splitlines()
    assert len(everything) == 63
    assert all(line.startswith("line ") for line in everything)


def test_data_check_takes_the_spec_of_published_data(tmp_path: Path) -> None:
    asked = {"_id": "1", "question": "Which animal is A?", "answer": "a fish", "type": "bridge"}
    asked |= {"context": [["A", ["A is a fish."]]], "supporting_facts": [["A", 0]]}
    path = write_json(tmp_path / "hotpot.json", [asked])
    result = invoke("data", "check", "haystack", "--option", f"path={path}")
    assert (result.exit_code, result.stdout) == (0, "haystack: no problems. Use it as haystack\n")
    write_json(path, [asked | {"supporting_facts": [["A", 0], ["A", 7]]}])
    result = invoke("data", "check", "haystack", "--option", f"path={path}")
    assert result.exit_code == 2
    assert "1 supporting facts of 1 questions name no sentence" in result.stdout
    path.write_text("[{", "utf-8")
    result = invoke("data", "check", "haystack", "--option", f"path={path}")
    assert result.exit_code == 2
    assert "hotpot.json is not valid JSON" in result.stdout


def test_a_warning_is_a_sentence(tmp_path: Path) -> None:
    asked = {"_id": "1", "question": "What is A?", "answer": "a fish", "type": "bridge"}
    asked |= {"context": [["A", ["A is a fish."]]], "supporting_facts": [["A", 0], ["A", 7]]}
    path = write_json(tmp_path / "hotpot.json", [asked])
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        result = invoke("streams", "haystack", "--option", f"path={path}")
    assert result.exit_code == 0
    assert result.stderr.startswith(f"warning: {path}: 1 supporting facts")


def test_data_check_notes_texts_that_no_search_can_find(tmp_path: Path) -> None:
    path = tmp_path / "lost.jsonl"
    chunk = Chunk(0, (Turn("t0", "Ann", "????"), Turn("t1", "Ann", "我的狗")), "1", None)
    write_jsonl([Stream("s", "g", (chunk,), (Question("q", "狗?", ("A",)),), "")], path)
    result = invoke("data", "check", path)
    assert result.exit_code == 0, result.stderr
    assert "Note: stream 's': 1 of 2 turns, 1 of 1 reference answers consist of stop words" in result.stdout
    assert "no problems" in result.stdout
