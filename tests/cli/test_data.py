import re
from pathlib import Path

from builders import invoke


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
