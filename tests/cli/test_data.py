import re
import warnings
from pathlib import Path

from builders import invoke, write_json


def test_data_check_reports_problems_by_line(tmp_path: Path, data: dict[str, str]) -> None:
    path = Path(data["train"].removeprefix("jsonl:"))
    result = invoke("data", "check", path)
    assert (result.exit_code, result.stdout) == (0, f"{path}: no problems. Use it as jsonl:{path}\n")
    path.write_text(path.read_text() + '{"id": "x"}\nnonsense\n')
    result = invoke("data", "check", path)
    assert result.exit_code == 2
    assert "line 4: " in result.stdout
    assert "line 5: " in result.stdout
    shortened = invoke("data", "check", path, "--max-problems", "1")
    assert re.search(r"\.\.\. and \d+ more\n$", shortened.stdout)
    assert invoke("data", "check", tmp_path / "nowhere.jsonl").exit_code == 2


def test_data_check_takes_the_spec_of_published_data(tmp_path: Path) -> None:
    asked = {"_id": "1", "question": "What is A?", "answer": "a fish", "type": "bridge"}
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
