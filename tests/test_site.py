"""The documentation site: built without a warning, whole, and readable from the disk with no network."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from typer.main import get_command

import memdojo
from memdojo.cli import app

ROOT = Path(__file__).parents[1]
MADE_PAGES = {"index.md", "contributing.md", "changelog.md", "reference/commands.md"}
"""Pages of the site that `docs/site_pages.py` makes of others, or of the code."""


def test_every_page_is_in_the_navigation_once() -> None:
    # Not parsed: a function of pymdownx stands in the file, which needs the libraries of the site.
    listed = re.findall(r"^ +- .+: (\S+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE)
    pages = {page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")}
    assert sorted(listed) == sorted(pages | MADE_PAGES)


class Reader(HTMLParser):
    """Collects the anchors of a page, what it links to, and what a browser loads with it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        elif tag == "link":
            self.loaded.append(values["href"])
        elif "src" in values:
            self.loaded.append(values["src"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make docs` does, with no way to a network."""
    pytest.importorskip("mkdocs", reason="MkDocs is not installed")
    folder = tmp_path_factory.mktemp("docs") / "site"
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environment = {**os.environ, **nowhere, "NO_MKDOCS_2_WARNING": "1"}
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    assert "WARNING" not in result.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Reader]:
    return {page: Reader(page.read_text("utf-8")) for page in sorted(site.rglob("*.html"))}


@pytest.mark.slow
def test_nothing_comes_from_elsewhere(site: Path, pages: dict[Path, Reader]) -> None:
    loaded = {address for reader in pages.values() for address in reader.loaded}
    assert any(address.endswith(".css") for address in loaded)
    assert {address for address in loaded if urlsplit(address).netloc} == set()
    for style in site.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", style.read_text("utf-8")), style


@pytest.mark.slow
def test_every_link_within_the_site_leads_to_a_page_and_a_place_on_it(pages: dict[Path, Reader]) -> None:
    broken = []
    for page, reader in pages.items():
        # The page that a server shows for what it does not have links from the root of the server.
        links = [] if page.name == "404.html" else reader.links
        for link in links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            target = target / "index.html" if target.is_dir() else target
            is_there = target.exists() and (
                not parts.fragment
                or target.suffix != ".html"
                or unquote(parts.fragment) in pages[target].anchors
            )
            if not is_there:
                broken.append((page.name, link))
    assert broken == []


@pytest.mark.slow
def test_the_reference_has_every_public_name_and_every_command(site: Path) -> None:
    names = Reader((site / "reference" / "index.html").read_text("utf-8"))
    linked = {link.rpartition(".")[2] for link in names.links if "#memdojo." in link}
    assert set(memdojo.__all__) - {"__version__"} <= linked
    commands = Reader((site / "reference" / "commands.html").read_text("utf-8"))
    top: Any = get_command(app)
    for name, command in top.commands.items():
        assert f"memdojo-{name}" in commands.anchors
        for child in getattr(command, "commands", ()):
            assert f"memdojo-{name}-{child}" in commands.anchors


BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"no Chromium: none of {', '.join(BROWSERS)} is on the PATH")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_open_from_the_disk_and_the_search_finds(site: Path, browser: Any, scheme: str) -> None:
    page = browser.new_page(color_scheme=scheme, viewport={"width": 1280, "height": 900})
    complaints: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto((site / "custom" / "policy.html").as_uri())
    page.locator(".md-search__input").click()
    page.keyboard.type("forgetting curve")
    found = page.locator(".md-search-result__link")
    found.first.wait_for()
    assert any("evaluation.html" in link.get_attribute("href") for link in found.all())
    assert complaints == []
    assert {urlsplit(address).scheme for address in requests} <= {"file", "data"}
    page.close()
