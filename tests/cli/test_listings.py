import re
import subprocess
import sys

from builders import invoke


def test_environments_streams_and_baselines_are_listed() -> None:
    assert re.search(r"memdojo/MemoryManager-v0 +A manager", invoke("envs").stdout)
    assert "synthetic[:SPLIT]" in invoke("streams").stdout
    shown = invoke("baselines").stdout
    assert re.search(r"sum_idf +Keeps", shown)
    assert re.search(r"hybrid +\w", shown)


def test_a_stream_is_shown_with_a_sample_and_statistics(data: dict[str, str]) -> None:
    shown = invoke("streams", data["test"], "--turns", "2").stdout
    assert "  Ann: I own a red bike.\n  ... 4 more turns\n" in shown
    assert "? Where does Ann live? -> Oslo" in shown
    assert re.search(r"turns per stream +6\.0 \(6 to 6\)", shown)
    assert re.search(r"questions of category single +6", shown)


def test_listings_need_no_torch() -> None:
    code = (
        "import sys\n"
        "from memdojo.cli import app\n"
        "for command in ('envs', 'streams', 'baselines'):\n"
        "    app([command], standalone_mode=False)\n"
        "sys.exit(bool({'torch', 'ray', 'pandas'} & set(sys.modules)))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
