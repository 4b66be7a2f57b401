"""How large a report is, how fast it opens, and what a step of scrubbing costs, by the length of the stream.

    python benchmarks/report.py [--chunks 100 1000] [--run RUN] [--pages 5] [--images DIR]

Each report has one synthetic stream of so many chunks of one turn, on which `similarity` or a run's manager
is played beside `recency` and the bounds, in a store of a fifth of the turns. A headless Chromium opens it
from the disk: `load_ms` goes to the end of the load event, `first_ms` on to the end of the first step, both
medians of fresh pages. `step_ms` is one step forward with everything that the page does, layout included,
and `jump_ms` one to somewhere else; the median and the 95th percentile over 200, with two policies side by
side. At 60 frames a second there are 16.7 ms. `--images` writes the screenshots of the documentation
instead, which takes a run. The last line is one JSON object.
"""

# ruff: noqa: E402  # The number of threads must be set before numpy is imported.

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from PIL import Image
from playwright.sync_api import sync_playwright

import memdojo
from memdojo.agents.baselines.registry import make_baseline
from memdojo.envs.answering import CachedAnswerer, ExtractiveAnswerer
from memdojo.eval.html.page import PageSettings, write_report
from memdojo.eval.html.sources import RunMetrics, read_evaluation
from memdojo.eval.playing.settings import EvalSettings
from memdojo.eval.run import run_evaluation
from memdojo.train.checkpoints.loading import load_policy

TURNS_PER_SESSION = 14
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

STEP = """(places) => places.map((place) => {
    const slider = document.getElementById("slider");
    const begun = performance.now();
    slider.value = place;
    slider.dispatchEvent(new Event("input"));
    document.getElementById("theatre").getBoundingClientRect();
    return performance.now() - begun;
})"""
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"
FIRST_FAILURE = """() => {
    const filter = document.getElementById("filter");
    filter.value = "differ";
    filter.dispatchEvent(new Event("change"));
    const rows = [...document.querySelectorAll("#questions button")];
    const lost = rows.find((row) => row.querySelectorAll(".mark")[1].classList.contains("write")) || rows[0];
    lost.click();
    [...document.querySelectorAll("#answer .loss")].pop().click();
}"""


def evaluate(
    folder: Path,
    chunks: int,
    run: Path | None,
    num_streams: int = 1,
    baselines: tuple[str, ...] = ("recency",),
) -> None:
    """Play the policies on streams of about so many turns, and keep tables and episodes."""
    streams = memdojo.load_streams(
        "synthetic:test",
        num_streams=num_streams,
        num_sessions=max(1, round(chunks / TURNS_PER_SESSION)),
        turns_per_session=TURNS_PER_SESSION,
    )
    learned: Any = make_baseline("similarity") if run is None else load_policy(run)
    if run is not None:
        learned.name = run.name
    settings = EvalSettings(capacity_share=0.2, answerer=CachedAnswerer(ExtractiveAnswerer()))
    policies = [learned, *map(make_baseline, baselines)]
    run_evaluation(policies, streams, settings, folder=folder).write(folder)


@contextmanager
def chromium() -> Iterator[Any]:
    """Start a browser."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        raise SystemExit(f"none of {', '.join(BROWSERS)} is on the PATH")
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def measure(browser: Any, file: Path, num_pages: int) -> dict[str, float]:
    """Return times in milliseconds."""
    loads, firsts = [], []
    for number in range(num_pages):
        page = browser.new_page(viewport={"width": 1440, "height": 950})
        page.goto(file.as_uri())
        loads.append(page.evaluate(LOADED))
        firsts.append(loads[-1] + page.evaluate(STEP, [1])[0])
        if number < num_pages - 1:
            page.close()
    last = int(page.locator("#slider").get_attribute("max"))
    steps = page.evaluate(STEP, [place % last for place in range(max(0, last - 200), last)])
    jumps = page.evaluate(STEP, [(place * 7919) % last for place in range(200)])
    page.close()
    times = {"load_ms": statistics.median(loads), "first_ms": statistics.median(firsts)}
    for name, values in (("step", steps), ("jump", jumps)):
        ordered = sorted(values)
        times[f"{name}_ms"] = statistics.median(ordered)
        times[f"{name}_p95_ms"] = ordered[int(0.95 * len(ordered))]
    return times


def report(folder: Path, lines: list[dict[str, Any]], name: str, num_streams: int = 1) -> Path:
    """Write the report of an evaluation; return the file."""
    file = folder / "report.html"
    runs = [RunMetrics(name, lines, (("task", "manager"),))] if lines else []
    write_report(file, [read_evaluation(folder, name)], runs, settings=PageSettings(num_streams=num_streams))
    return file


def measure_all(sizes: list[int], run: Path | None, num_pages: int) -> list[dict[str, Any]]:
    """Return a row of figures for each length."""
    rows = []
    with chromium() as browser:
        for chunks in sizes:
            with tempfile.TemporaryDirectory() as temporary:
                folder = Path(temporary)
                evaluate(folder, chunks, run)
                file = report(folder, [], "benchmark")
                row = {"chunks": chunks, "megabytes": file.stat().st_size / 1e6}
                rows.append(row | measure(browser, file, num_pages))
    return rows


def take_images(run: Path, images: Path) -> None:
    """Write the screenshots of the documentation."""
    images.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, chromium() as browser:
        folder = Path(temporary)
        evaluate(folder, 112, run, 12, ("recency", "similarity", "random", "sum_idf", "longest_first"))
        lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text("utf-8").splitlines()]
        file = report(folder, lines, run.name, num_streams=3)
        for name, scheme, size, anchor, act in (
            ("light", "light", (1440, 950), "scores", ""),
            ("dark", "dark", (1440, 950), "diagnosis", ""),
            ("theatre", "light", (1440, 1000), "stage", FIRST_FAILURE),
            ("theatre-dark", "dark", (1440, 1000), "stage", FIRST_FAILURE),
            ("phone", "light", (400, 860), "stage", FIRST_FAILURE),
        ):
            size_of = {"width": size[0], "height": size[1]}
            page = browser.new_page(viewport=size_of, color_scheme=scheme, reduced_motion="reduce")
            page.goto(file.as_uri())
            page.evaluate(f"document.getElementById('{anchor}').scrollIntoView()")
            if act:
                page.evaluate(act)
            page.wait_for_timeout(300)
            path = images / f"report-{name}.png"
            page.screenshot(path=path)
            page.close()
            # A page has few colours, and a palette of them takes a third of the bytes.
            Image.open(path).convert("RGB").quantize(192).save(path, optimize=True)


def main() -> None:
    """Measure, or take the screenshots."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--chunks", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--run", type=Path)
    parser.add_argument("--pages", type=int, default=5)
    parser.add_argument("--images", type=Path)
    options = parser.parse_args()
    if options.images is not None:
        if options.run is None:
            parser.error("--images takes --run")
        take_images(options.run, options.images)
        return
    rows = measure_all(options.chunks, options.run, options.pages)
    names = list(rows[0])
    print("  ".join(f"{name:>13}" for name in names))
    for row in rows:
        print("  ".join(f"{row[name]:13.4g}" for name in names))
    print(json.dumps({"report": rows}))


if __name__ == "__main__":
    main()
