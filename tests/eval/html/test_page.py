"""The whole file, read without a browser."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from memdojo.agents.baselines.registry import make_baseline
from memdojo.agents.baselines.rules import ScriptedRule
from memdojo.envs.answering import ExtractiveAnswerer
from memdojo.envs.streams.tasks import stream_of_tasks
from memdojo.envs.types import Task
from memdojo.errors import ConfigError, DataError
from memdojo.eval.html.escaping import csp_hash
from memdojo.eval.html.page import PageSettings, write_report
from memdojo.eval.html.sources import (
    CurvesPart,
    EvaluationPart,
    RunMetrics,
    TrainingPart,
    find_curves,
    find_training,
    read_evaluation,
)
from memdojo.eval.html.theatre_stage import set_stage
from memdojo.eval.playing.settings import EvalSettings
from memdojo.eval.run import run_evaluation
from memdojo.eval.sweeps.points import SweepSettings
from memdojo.eval.sweeps.registry import Sweep
from memdojo.eval.sweeps.report import run_sweeps

from .conftest import HOSTILE, a_stream, add


class Elements(HTMLParser):
    """Gathers elements with their attributes and, for scripts and styles, what is between their tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), ""))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem is not None:
            tag, attributes, before = self.found[-1]
            self.found[-1] = tag, attributes, before + data

    def of(self, tag: str) -> list[tuple[dict[str, str | None], str]]:
        return [(attributes, text) for name, attributes, text in self.found if name == tag]


@pytest.fixture(scope="module")
def part(folder: Path) -> EvaluationPart:
    return read_evaluation(folder)


@pytest.fixture(scope="module")
def page(part: EvaluationPart, tmp_path_factory: pytest.TempPathFactory) -> str:
    lines = [
        {"update": update, "rollouts/return": update / 3, "reward/$a_$": 1.0, "entropy": None}
        for update in (1, 2, 3)
    ]
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_report(path, [part], [RunMetrics("a <b> $x_ run", lines, (("seed", "0"),))])
    return path.read_text("utf-8")


def test_what_is_said_is_in_the_page_as_data_alone(page: str) -> None:
    elements = Elements(page)
    blocks = {
        attributes["id"]: json.loads(text) for attributes, text in elements.of("script") if "id" in attributes
    }
    assert blocks["stream-0"]["turns"][2][2] == HOSTILE
    assert "window.hacked = 1</script>" not in page
    assert not elements.of("img")
    assert "a &lt;b&gt; $x_ run" in page


def test_only_our_own_style_and_script_may_run(page: str) -> None:
    elements = Elements(page)
    (policy,) = [
        attributes["content"]
        for attributes, _ in elements.of("meta")
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    ((_, style),) = elements.of("style")
    (script,) = [text for attributes, text in elements.of("script") if "type" not in attributes]
    assert csp_hash(style) in policy
    assert csp_hash(script) in policy


def test_nothing_is_loaded_from_anywhere(page: str) -> None:
    elements = Elements(page)
    for tag, attributes, _ in elements.found:
        assert "src" not in attributes
        assert "style" not in attributes
        assert not any(name.startswith("on") for name in attributes), tag
        assert attributes.get("href", "#").startswith("#") if tag in ("a", "use", "link") else True
    for url in re.findall(r"https?://[^\"'\s<)]+", page):
        assert url.startswith("http://www.w3.org/")  # The names of SVG and XLink.


def test_tables_have_intervals_and_figures_have_words(page: str, part: EvaluationPart) -> None:
    assert "95 % interval" in page
    assert "Paired differences x 100 from" in page
    assert "Diagnosis: questions with" in page
    assert page.count('role="img"') >= 5
    for label in re.findall(r'<svg[^>]*aria-label="([^"]*)"', page):
        assert len(label) > 10
    assert part.reference == "recency"
    assert part.learned[0] == "keeps"


def test_streams_of_tasks_have_a_figure_of_their_success(page: str, tmp_path: Path) -> None:
    tasks = [Task(f"t{number}", f"Sort box {number}.", ("A",), ("A", "B")) for number in range(4)]
    settings = EvalSettings(answerer=ExtractiveAnswerer())
    policies = [make_baseline("recency")]
    report = run_evaluation(policies, [stream_of_tasks("s", tasks)], settings, num_resamples=2)
    report.write(tmp_path)
    write_report(tmp_path / "page.html", [read_evaluation(tmp_path)])
    shown = (tmp_path / "page.html").read_text("utf-8")

    assert "<figcaption>Success so far</figcaption>" in shown
    assert "Success x 100 over the stream" in shown
    assert "Success so far" not in page
    assert "Success x 100 over the stream" not in page


def test_a_run_without_an_evaluation_has_its_curves(tmp_path: Path) -> None:
    written = write_report(
        tmp_path / "r.html", [], [RunMetrics("run", [{"update": 1, "rollouts/return": 0.5}])]
    )
    page = (tmp_path / "r.html").read_text("utf-8")
    assert (written.num_streams, written.num_episodes) == (0, 0)
    assert 'id="learning"' in page
    assert 'id="scores"' not in page
    assert "No recorded episodes are shown here." in page


def test_a_report_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="neither evaluations nor metrics"):
        write_report(tmp_path / "r.html", [], [RunMetrics("run", [])])


def test_an_evaluation_without_recorded_episodes_keeps_its_tables(folder: Path, tmp_path: Path) -> None:
    for name in ("eval.csv", "eval.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    old = read_evaluation(tmp_path)
    assert not old.has_episodes
    write_report(tmp_path / "r.html", [old], settings=PageSettings(hints=["Evaluate again."]))
    page = (tmp_path / "r.html").read_text("utf-8")
    assert "made before failures were diagnosed" in page
    assert "Evaluate again." in page


def test_a_folder_without_an_evaluation_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="memdojo eval"):
        read_evaluation(tmp_path)


def test_learned_policies_come_first_and_beside_the_best_baseline(part: EvaluationPart) -> None:
    stage = set_stage([part], 8, 10**7)
    first, second = stage.index["streams"]
    assert [each["name"] for each in first["episodes"]] == ["forgets", "keeps", "recency", "oracle", "no_op"]
    assert first["episodes"][0]["failed"] == 2
    assert second["label"] == "s2"
    assert stage.left_out == ()


def test_streams_beyond_the_number_are_left_out_and_told(part: EvaluationPart) -> None:
    stage = set_stage([part], 1, 10**7)
    assert [stream["label"] for stream in stage.index["streams"]] == ["s"]
    assert "1 more streams were evaluated" in stage.left_out[0]


def test_episodes_beyond_the_limit_are_left_out_and_told(part: EvaluationPart, tmp_path: Path) -> None:
    whole = write_report(tmp_path / "whole.html", [part])
    small = write_report(
        tmp_path / "small.html", [part], settings=PageSettings(max_bytes=whole.num_bytes - 500)
    )
    assert small.num_bytes <= whole.num_bytes - 500
    assert 0 < small.num_episodes < whole.num_episodes == 10
    assert "episodes were left out" in (tmp_path / "small.html").read_text("utf-8")
    bare = write_report(tmp_path / "bare.html", [part], settings=PageSettings(max_bytes=1))
    assert bare.num_episodes == 0


def test_a_baseline_that_two_evaluations_share_is_shown_once(folder: Path) -> None:
    parts = [read_evaluation(folder, "one"), read_evaluation(folder, "two")]
    stage = set_stage(parts, 8, 10**7)
    names = [each["name"] for each in stage.index["streams"][0]["episodes"]]
    assert names == ["forgets", "keeps", "recency", "forgets (two)", "keeps (two)", "oracle", "no_op"]


def test_what_a_training_recorded_comes_last_and_is_the_first_to_be_left_out(
    part: EvaluationPart, folder: Path, tmp_path: Path
) -> None:
    # The episodes of an evaluation stand in for those of a training: five policies on two streams.
    training = find_training(folder, "run", part.score)
    assert isinstance(training, TrainingPart)
    stage = set_stage([part], 8, 10**7, [training])
    first = [each["name"] for each in stage.index["streams"][0]["episodes"]]
    assert first[:5] == ["forgets", "keeps", "recency", "oracle", "no_op"]
    assert sorted(first[5:]) == sorted(f"run, {name}" for name in first[:5])
    without = write_report(tmp_path / "without.html", [part])
    whole = write_report(tmp_path / "whole.html", [part], trainings=[training])
    assert (without.num_episodes, whole.num_episodes) == (10, 20)
    limit = whole.num_bytes - 500
    small = write_report(
        tmp_path / "small.html", [part], trainings=[training], settings=PageSettings(max_bytes=limit)
    )
    assert 10 <= small.num_episodes < 20
    assert "what a training recorded last" in small.left_out[0]
    assert set_stage([], 1, 10**7, [training]).left_out[0].startswith("1 more streams")
    assert find_training(tmp_path, "run", part.score) is None


def test_several_evaluations_are_compared(folder: Path, tmp_path: Path) -> None:
    parts = [read_evaluation(folder, "one"), read_evaluation(folder, "two")]
    write_report(tmp_path / "r.html", parts)
    page = (tmp_path / "r.html").read_text("utf-8")
    assert "Side by side" in page
    assert "P(improvement)" in page


def test_curves_over_capacity_are_drawn(part: EvaluationPart, tmp_path: Path) -> None:
    rows = [
        {
            "capacity_share": share,
            "policy": name,
            "score": share,
            "low": 0,
            "high": 1,
            "final_tokens": 100 * share,
        }
        for share in (0.1, 0.2)
        for name in ("forgets", "recency", "oracle", "no_op", "random")
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "capacities.csv", index=False)
    curves = find_curves(tmp_path, "budget")
    assert isinstance(curves, CurvesPart)
    write_report(tmp_path / "r.html", [part], curves=[curves])
    page = (tmp_path / "r.html").read_text("utf-8")
    assert 'id="curves"' in page
    assert "Score by tokens in the store at the end: forgets from 10 to 20" in page
    assert find_curves(tmp_path / "nothing") is None


def test_sweeps_are_drawn_with_their_tables(tmp_path: Path) -> None:
    sweep = Sweep("room", "capacity_share", (0.1, 0.4), "A larger store?", for_retrievers=False)
    swept = run_sweeps([make_baseline("recency")], [sweep], SweepSettings(num_streams=1), folder=tmp_path)
    swept.write(tmp_path)
    curves = find_curves(tmp_path, "fingerprint")
    assert curves is not None
    write_report(tmp_path / "r.html", [], curves=[curves])
    page = (tmp_path / "r.html").read_text("utf-8")
    assert "room: normalised token f1" in page
    assert "A larger store?" in page
    assert 'aria-label="room: recency from' in page


def test_names_that_break_files_and_pages_elsewhere_come_through(tmp_path: Path) -> None:
    categories = ("\x0b", "=1+1", "x\r\ny", "nan")
    stream = a_stream("=s\x0b")
    questions = zip(stream.questions, categories, strict=True)
    stream = replace(stream, questions=tuple(replace(each, category=name) for each, name in questions))
    policy = ScriptedRule([(add(turn),) for turn in range(4)], name="=cmd|'!A0\x0b\r\n*")
    settings = EvalSettings(max_entries=4, answerer=ExtractiveAnswerer())
    report = run_evaluation([policy], [stream], settings, num_resamples=5, folder=tmp_path / "tables")
    report.write(tmp_path / "tables")
    part = read_evaluation(tmp_path / "tables")
    ours, theirs = report.evaluation.questions, part.folder.questions
    for column in ("policy", "stream", "group", "category", "question", "references"):
        assert theirs[column].tolist() == ours[column].tolist()
    assert part.policies == report.summary["policy"].tolist()
    write_report(tmp_path / "page.html", [part])
    for line in (tmp_path / "tables" / "tables.md").read_text("utf-8").split("\n"):
        assert line.isprintable()
    assert "'=cmd" in (tmp_path / "tables" / "summary.csv").read_text("utf-8")


def test_a_page_goes_through_a_device_and_leaves_it_there(part: EvaluationPart) -> None:
    assert write_report("/dev/null", [part]).num_bytes > 0
    assert Path("/dev/null").is_char_device()
