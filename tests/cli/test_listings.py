import json
import re
import subprocess
import sys
from typing import Any

from builders import invoke


def test_environments_streams_and_baselines_are_listed() -> None:
    assert re.search(r"memdojo/MemoryManager-v0 +A manager", invoke("envs").stdout)
    sources = invoke("streams").stdout
    assert re.search(r"synthetic\[:SPLIT\] +\w", sources)
    # A line a source; splits and options are shown on request. The last lines say how, and what all take.
    assert len(sources.splitlines()) == len(_json("streams")) + 3
    assert "memskill/train" not in sources
    assert "memskill/train" in invoke("streams", "--long").stdout
    shown = invoke("baselines").stdout
    assert re.search(r"sum_idf +manager +Keeps", shown)
    assert re.search(r"hybrid +retriever +\w", shown)


def test_a_stream_is_shown_with_a_sample_and_statistics(data: dict[str, str]) -> None:
    shown = invoke("streams", data["test"], "--turns", "2").stdout
    assert "  Ann: I own a red bike.\n  ... 4 more turns\n" in shown
    assert "? Where does Ann live? -> Oslo" in shown
    assert re.search(r"turns per stream +6\.0 \(6 to 6\)", shown)
    assert re.search(r"questions of category single +6", shown)
    assert shown.startswith("jsonl:PATH\n    A file of your own")


def test_poison_is_counted_among_the_statistics_of_a_stream() -> None:
    options = ("--option", "num_streams=1", "--option", "attack=drift", "--option", "attack_records=6")
    shown = invoke("streams", "synthetic:test", *options).stdout
    assert re.search(r"poisoned turns +6\b", shown)
    assert re.search(r"at which the adversary aims +2\b", shown)
    assert "attack_corrected_after" in invoke("streams").stdout


def test_splits_and_options_of_a_source_are_shown_even_where_its_data_are_missing() -> None:
    result = invoke("streams", "locomo", "--option", "path=/nowhere")
    assert result.exit_code == 2
    assert "memskill/train" in result.stdout
    assert "options: path, turns_per_chunk, categories, audited" in result.stdout


def test_listings_need_no_torch() -> None:
    code = (
        "import sys\n"
        "from memdojo.cli import app\n"
        "for command in ('envs', 'streams', 'baselines', 'designs'):\n"
        "    app([command], standalone_mode=False)\n"
        "sys.exit(bool({'torch', 'ray', 'pandas'} & set(sys.modules)))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def test_listings_are_also_json() -> None:
    (recency,) = [
        row for row in _json("baselines") if (row["baseline"], row["task"]) == ("recency", "manager")
    ]
    assert recency["what it does"].startswith("Keeps everything")
    assert "memdojo/MemoryManager-v0" in {row["id"] for row in _json("envs")}
    assert {"compact", "language"} <= {row["name"] for row in _json("list", "policies")}
    assert "quickstart" in {row["config"] for row in _json("configs", "list")}
    assert all(row["sweep"] for row in _json("sweeps"))
    (synthetic,) = [source for source in _json("streams") if source["name"] == "synthetic"]
    assert synthetic["splits"] == ["train", "validation", "test"]


def test_designs_are_listed_with_their_decisions_and_parameters() -> None:
    shown = invoke("designs").stdout
    assert re.search(r"sirllm\n +Keeps the first turns", shown)
    assert "decision leave: Which entry leaves" in shown
    assert "num_first=4, num_recent=8, decay=1.0" in shown
    (sirllm,) = [row for row in _json("designs") if row["name"] == "sirllm"]
    assert sirllm["parameters"] == {"num_first": 4, "num_recent": 8, "decay": 1.0}
    assert [decision["name"] for decision in sirllm["decisions"]] == ["leave"]
    assert "sirllm" in {row["name"] for row in _json("list", "designs")}


def test_statistics_of_streams_are_also_json(data: dict[str, str]) -> None:
    counts = {row["what"]: row["how many"] for row in _json("streams", data["test"])}
    assert counts["streams"] == "3"
    assert counts["questions of category single"] == "6"


def _json(*arguments: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(invoke(*arguments, "--json").stdout)
    return rows
