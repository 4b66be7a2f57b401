"""The page in a real browser: Chromium, driven by Playwright."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from memdojo.agents.baselines.rules import ScriptedRule
from memdojo.envs.memory.operations import OPERATIONS
from memdojo.envs.types import Delete
from memdojo.eval.html.page import write_report
from memdojo.eval.html.sources import RunMetrics, read_evaluation
from memdojo.eval.playing.settings import EvalSettings
from memdojo.eval.run import run_evaluation

from ...builders import Pair
from .conftest import HOSTILE, TEXTS, a_stream, add

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

pytestmark = pytest.mark.slow

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"no Chromium: none of {', '.join(BROWSERS)} is on the PATH")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def file(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("page") / "report.html"
    lines = [{"update": update, "rollouts/return": update / 3} for update in range(5)]
    write_report(path, [read_evaluation(folder)], [RunMetrics("run", lines)])
    return path.as_uri()


class Opened:
    """A page with all that it complained of and asked for."""

    def __init__(self, browser: Any, file: str, **how: Any) -> None:
        self.page = browser.new_page(**how)
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(file)

    def text(self, selector: str) -> str:
        return str(self.page.locator(selector).inner_text())

    def all(self, selector: str) -> list[str]:
        """The texts, at least one, those outside of the window as well, which have not been laid out yet."""
        found = self.page.locator(selector)
        # What a click brings may come after it on a busy machine.
        found.first.wait_for(state="attached")
        return [each.strip() for each in found.all_text_contents()]


@pytest.fixture
def opened(browser: Any, file: str) -> Iterator[Opened]:
    opened = Opened(browser, file, viewport={"width": 1400, "height": 900}, color_scheme="light")
    yield opened
    assert opened.complaints == []
    assert opened.requests == [file]
    opened.page.close()


def test_it_opens_without_complaints_and_without_a_network(opened: Opened) -> None:
    page = opened.page
    assert page.title().endswith("memdojo report")
    assert page.locator("#stage").is_visible()
    assert opened.text("#left-name").startswith("forgets")
    assert "step 1 of 4" in opened.text("#where")
    assert page.locator("svg[role=img]").count() >= 5


def test_arrow_keys_and_the_slider_scrub_through_the_steps(opened: Opened) -> None:
    page = opened.page
    page.locator("#slider").focus()
    page.keyboard.press("ArrowRight")
    assert "step 2 of 4" in opened.text("#where")
    assert opened.all("#left-body .entry") == [
        "+ Ana: Rex is the name of her dog #2 fact · step 2 t1",
        "Ana: Oslo is the home of Ana #1 fact · step 1 t0",
    ]
    page.keyboard.press("End")
    assert "step 4 of 4" in opened.text("#where")
    page.keyboard.press("Home")
    assert "step 1 of 4" in opened.text("#where")
    page.locator("#slider").fill("2")
    assert "step 3 of 4" in opened.text("#where")
    assert opened.text("#dialogue .now").startswith("t2 Ana: <script>")


def test_every_operation_is_a_signed_difference_with_its_source(opened: Opened) -> None:
    page = opened.page
    page.locator("#slider").fill("2")
    added, deleted = opened.all("#left-body .op")
    assert added.startswith("+ ADD")
    assert "← t2" in added
    assert deleted.startswith("− DELETE")
    assert "t0" in deleted
    page.locator("#slider").fill("3")
    assert opened.text("#left-body .op .kind") == "~ UPDATE"
    gone, new = (" ".join(opened.all(f"#left-body .op {tag}")) for tag in ("del", "ins"))
    assert "Rex" in gone
    assert "dog" in gone
    assert "tea" in new
    assert "Ana:" not in gone + new
    assert opened.all("#left-body .choice") == ["● ADD75.0 %", "NOOP25.0 %"]
    # What the model wrote is text, folded until it is asked for.
    assert opened.all("#left-body .written pre") == [HOSTILE.strip()]
    assert not opened.page.locator("#left-body .written pre").is_visible()
    opened.page.locator("#left-body .written summary").click()
    opened.page.keyboard.press("ArrowLeft")
    assert opened.page.locator("#left-body .written pre").is_visible()


def test_two_policies_stand_side_by_side_on_one_stream(opened: Opened) -> None:
    page = opened.page
    page.locator("#right").select_option(label="keeps (0 of 4 failed)")
    page.locator("#slider").fill("3")
    assert "2 entries" in opened.text("#left-name")
    assert "4 entries" in opened.text("#right-name")
    page.locator("#filter").select_option("differ")
    home, dog = opened.all("#questions button")
    assert "write" in home
    assert "✓ 1.00" in home
    assert dog.startswith("4")
    page.locator("#right").select_option(label="nothing")
    assert not page.locator("#right-pane").is_visible()
    page.locator("#stream").select_option(label="s2")
    assert "step 1 of 4" in opened.text("#where")
    assert not page.locator("#right-pane").is_visible()


def test_a_failed_question_leads_to_the_operation_that_lost_its_evidence(opened: Opened) -> None:
    page = opened.page
    page.locator("#filter").select_option("failed")
    page.locator("#questions button", has_text="Where is the home of Ana?").click()
    assert "t0 was deleted (entry #1). Go to step 3" in opened.all("#answer .verdict")[0]
    page.locator("#answer .loss").first.click()
    assert "step 3 of 4" in opened.text("#where")
    assert opened.text("#left-body .culprit").startswith("− DELETE")
    assert page.evaluate("document.activeElement.className").split()[-1] == "culprit"
    # The same by keys alone: the next failed question is that of the dog, which an update overwrote.
    page.keyboard.press("n")
    assert opened.text("#answer .asked b").startswith("What is the name")
    page.keyboard.press("l")
    assert "step 4 of 4" in opened.text("#where")
    assert opened.text("#left-body .culprit").startswith("~ UPDATE")


def test_what_was_retrieved_says_where_the_evidence_is(opened: Opened) -> None:
    page = opened.page
    page.locator("#right").select_option(label="keeps (0 of 4 failed)")
    page.locator("#questions button", has_text="Which colour has the tea?").click()
    assert any("The tea in the cup is green" in hit for hit in opened.all("#answer .hit.evidence"))
    assert opened.all("#answer .verdict")[1] == "Answered."


def test_markup_in_the_dialogue_is_shown_and_not_run(opened: Opened) -> None:
    page = opened.page
    page.locator("#slider").fill("2")
    said = page.locator("#dialogue .now").text_content()
    assert HOSTILE in said
    assert HOSTILE in page.locator("#left-body .op.add .text").text_content()
    assert page.locator("#stage img, #stage script").count() == 0
    assert page.evaluate("window.hacked") is None


def test_the_dark_theme_follows_the_system_and_the_button(browser: Any, file: str, opened: Opened) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    assert opened.page.evaluate(background) == "rgb(255, 255, 255)"
    dark = Opened(browser, file, color_scheme="dark")
    assert dark.page.evaluate(background) == "rgb(22, 24, 28)"
    dark.page.locator("#theme").click()
    assert dark.text("#theme") == "Theme: light"
    assert dark.page.evaluate(background) == "rgb(255, 255, 255)"
    dark.page.locator("#theme").click()
    assert dark.page.evaluate(background) == "rgb(22, 24, 28)"
    assert dark.complaints == []
    dark.page.close()


def test_it_prints_all_of_a_pane_and_no_controls(opened: Opened) -> None:
    page = opened.page
    page.emulate_media(media="print")
    assert not page.locator("#play").is_visible()
    assert not page.locator("#theme").is_visible()
    # Paper is narrow.
    page.set_viewport_size({"width": 700, "height": 400})
    hidden = page.evaluate(
        "[...document.querySelectorAll('.pane .body')].map(body => body.scrollHeight - body.clientHeight)"
    )
    assert max(hidden) <= 1
    assert len(page.pdf()) > 10_000


def test_on_a_phone_the_panes_are_stacked_and_nothing_is_wider_than_it(browser: Any, file: str) -> None:
    phone = Opened(browser, file, viewport={"width": 380, "height": 800})
    wide = phone.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 380
    tops = phone.page.evaluate(
        "[...document.querySelectorAll('.panes .pane')].map(p => p.getBoundingClientRect().top)"
    )
    assert tops == sorted(set(tops))
    assert phone.complaints == []
    phone.page.close()


def test_everything_can_be_reached_by_the_tab_key(opened: Opened) -> None:
    page = opened.page
    reached = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id"))
    assert {"theme", "stream", "left", "right", "back", "play", "forth", "slider", "filter"} <= reached


@pytest.fixture
def designs(browser: Any, designed: Path, tmp_path: Path) -> Iterator[Opened]:
    write_report(tmp_path / "designs.html", [read_evaluation(designed)])
    opened = Opened(browser, (tmp_path / "designs.html").as_uri(), viewport={"width": 1400, "height": 900})
    label = next(each for each in opened.all("#left option") if each.startswith("notes"))
    opened.page.locator("#left").select_option(label=label)
    yield opened
    assert opened.complaints == []
    opened.page.close()


def test_the_decisions_of_a_design_stand_before_the_operations_that_came_of_them(designs: Opened) -> None:
    page = designs.page
    page.locator("#slider").fill("3")
    keep, leave, operation, *_ = designs.all("#left-body .ops > *")
    assert keep == "◆ keepkeep of 2on The tea in the cup is green"
    assert operation.startswith("+ ADD")
    # The option taken, that of the rule, and all of them by their probabilities.
    assert leave.startswith(f"◆ leave#2 Ana: {TEXTS[1]} of 3the rule takes #1 Ana: {TEXTS[0]}on t3")
    bars = designs.all("#left-body .decision .choice")
    assert bars == [
        f"● #2 Ana: {TEXTS[1]}50.0 %",
        f"#1 Ana: {TEXTS[0]}25.0 %",
        f"#3 Ana: {HOSTILE}25.0 %",
    ]
    assert page.locator("#stage img, #stage script").count() == 0
    assert page.evaluate("window.hacked") is None
    # A turn that is not word for word what was decided on is told as it is.
    page.locator("#slider").fill("2")
    assert HOSTILE.strip() in designs.all("#left-body .decision .from")[0]


def test_a_failed_question_leads_to_the_decision_that_lost_its_evidence(designs: Opened) -> None:
    page = designs.page
    page.locator("#questions button", has_text="What is the name of her dog?").click()
    verdict = designs.all("#answer .verdict")[0]
    assert verdict == (
        "write: t1 was evicted (entry #2). Go to step 4 By the decision leave; "
        "the rule would have decided otherwise."
    )
    page.locator("#answer .decided").first.click()
    assert "step 4 of 4" in designs.text("#where")
    assert designs.text("#left-body .culprit").startswith("◆ leave")
    assert page.evaluate("document.activeElement.className").split()[-1] == "culprit"
    page.locator("#answer .loss").first.click()
    assert designs.text("#left-body .culprit").startswith("× evicted")


def test_what_was_decided_while_a_question_was_read_for_stands_with_it(designs: Opened) -> None:
    page = designs.page
    page.locator("#questions button", has_text="Where is the home of Ana?").click()
    assert designs.all("#answer .verdict")[0].endswith("By the decision find: newest.")
    assert designs.all("#answer .decision.culprit") == ["◆ findnewest of 2"]
    page.locator("#answer .decided").click()
    assert "step 4 of 4" in designs.text("#where")


def test_an_operation_of_another_package_is_seen_with_all_that_it_changed(
    browser: Any, tmp_path: Path
) -> None:
    links = ScriptedRule([(add(0),), (add(1), Pair(1, 2, ("t1",))), (Delete(2),)], name="links")
    with OPERATIONS.temporarily(Pair.kind, Pair, description="Let two entries name each other."):
        settings = EvalSettings(max_entries=4, top_k=2)
        run_evaluation([links], [a_stream()], settings, num_resamples=20, folder=tmp_path).write(tmp_path)
        write_report(tmp_path / "page.html", [read_evaluation(tmp_path)])
    opened = Opened(browser, (tmp_path / "page.html").as_uri())
    opened.page.locator("#slider").fill("1")
    _, link, other = opened.all("#left-body .op")
    assert link.startswith("∞ PAIRAna: Oslo is the home of Ana #1 fact now linked to #2")
    assert other.startswith("andAna: Rex is the name of her dog #2 fact now linked to #1")
    assert opened.page.locator("#left-body .op .kind").nth(1).get_attribute("title") == (
        "Let two entries name each other."
    )
    assert all("linked to #" in entry for entry in opened.all("#left-body .entry"))
    opened.page.locator("#slider").fill("2")
    deleted, other = opened.all("#left-body .op")
    assert deleted.startswith("− DELETE")
    assert "no longer linked to #2" in other
    (entry,) = opened.all("#left-body .entry")
    assert "linked" not in entry
    assert opened.complaints == []
    opened.page.close()
