"""What the documentation site has beside the files in `docs/`: a hook of MkDocs, see `mkdocs.yml`.

The README is the site's first page, CONTRIBUTING and CHANGELOG are pages of it, and two pages of the
reference are made from the code, so that nothing is written twice.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from typer.main import get_command

import memdojo
from memdojo.cli import app

ROOT = Path(__file__).parents[1]
PAGES = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
"""Pages at the root of the repository, and what they are called on the site."""

COMMANDS = "reference/commands.md"
PUBLIC_NAMES = "*The table is made when the site is built: `make docs`.*"
"""What stands in `reference/index.md` in place of its table."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are not in `docs/`."""
    for source, page in PAGES.items():
        text = _links_from_docs((ROOT / source).read_text("utf-8"))
        files.append(File.generated(config, page, content=text))
    files.append(File.generated(config, "LICENSE.txt", content=(ROOT / "LICENSE").read_text("utf-8")))
    files.append(File.generated(config, COMMANDS, content="\n".join(_commands())))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put the table of public names where its mark is, and lead links out of `docs/` to the site's pages."""
    for source, target in PAGES.items():
        # One step up less: what is beside the folder `docs` in the repository is inside of it on the site.
        markdown = re.sub(rf"\]\(\.\./((?:\.\./)*){re.escape(source)}", rf"](\g<1>{target}", markdown)
    return markdown.replace(PUBLIC_NAMES, "\n".join(_public_names()))


def _links_from_docs(text: str) -> str:
    """Return a page of the root with its links as they are for a page in `docs/`."""
    for source, page in PAGES.items():
        text = text.replace(f"]({source})", f"]({page})")
    return text.replace("](LICENSE)", "](LICENSE.txt)").replace("](docs/", "](")


def _public_names() -> Iterator[str]:
    yield "| Name | What it is or does |"
    yield "|---|---|"
    for name in memdojo.__all__:
        if name != "__version__":
            value = getattr(memdojo, name)
            summary = (value.__doc__ or "").strip().partition("\n")[0]
            is_module = isinstance(value, ModuleType)
            target = value.__name__ if is_module else f"{value.__module__}.{value.__qualname__}"
            yield f"| [`{name}`][{target}] | {summary} |"


def _commands() -> Iterator[str]:
    yield "# Command line"
    yield ""
    yield "What `--help` says, all on one page."
    command = get_command(app)
    yield from _command(command, typer.Context(command, info_name="memdojo"))


def _command(command: Any, context: typer.Context) -> Iterator[str]:
    """Yield the section of a command, then those of its sub-commands."""
    yield from ("", f"## `{context.command_path}`", "")
    yield from _help(command.help or "")
    usage = " ".join(command.collect_usage_pieces(context))
    yield from ("", "```text", f"{context.command_path} {usage}", "```", "")
    rows = [
        record for parameter in command.get_params(context) if (record := parameter.get_help_record(context))
    ]
    if rows:
        yield from ("| Parameter | Meaning |", "|---|---|")
        yield from (f"| `{_cell(names)}` | {html.escape(_cell(text), quote=False)} |" for names, text in rows)
    for name, child in getattr(command, "commands", {}).items():
        yield from _command(child, typer.Context(child, info_name=name, parent=context))


def _help(text: str) -> Iterator[str]:
    """Yield the paragraphs of a help text; examples, which begin with `memdojo`, as one block."""
    examples: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        line = paragraph.strip()
        if line.startswith("memdojo "):
            # What an example does stands behind it, far to the right, as a comment would.
            examples.append(re.sub(r" {3,}", "  # ", line))
            continue
        if examples:
            yield from ("```bash", *examples, "```", "")
            examples = []
        yield from (html.escape(line, quote=False), "")
    if examples:
        yield from ("```bash", *examples, "```", "")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
