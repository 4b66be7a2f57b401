"""The pages say what is so: their snippets run, their commands parse, their links lead somewhere."""

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

import pytest
from pydantic import BaseModel
from pydantic_core import PydanticUndefined
from typer.main import get_command

from memdojo.agents.baselines.registry import list_baselines, list_retriever_baselines
from memdojo.agents.designs.registry import DESIGNS, is_combination
from memdojo.cli import app
from memdojo.configs import config_names
from memdojo.envs.memory.retrieval.retrievers import list_retrievers
from memdojo.envs.streams.registry import list_sources
from memdojo.rewards import reward_part_names
from memdojo.settings import keys_of, union_of
from memdojo.train.config.files import load_config, parse_config
from memdojo.train.config.policies import POLICY_KINDS
from memdojo.train.tuning.space import Space

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
NOT_RUN = "<!-- not run:"
"""A snippet under a comment that begins so is for reading only; the comment says why."""

NEEDS = re.compile(r"<!-- needs: (\S+) -->")
"""A snippet under such a comment is run where a distribution of that name is installed."""


class Block(NamedTuple):
    language: str
    text: str
    line: int
    is_run: bool


def _blocks(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page; `line` is that of the first line inside."""
    lines = page.read_text("utf-8").split("\n")
    start, language, before = None, "", ""
    for number, line in enumerate(lines):
        if start is None and line.startswith("```"):
            start, language = number + 1, line.removeprefix("```").strip()
            before = next((above for above in reversed(lines[:number]) if above.strip()), "")
        elif start is not None and line.rstrip() == "```":
            needed = NEEDS.fullmatch(before)
            is_run = not before.startswith(NOT_RUN) and (needed is None or _is_installed(needed[1]))
            yield Block(language, "\n".join(lines[start:number]), start + 1, is_run)
            start = None
    assert start is None, f"{page.name}, line {start}: the block has no end"


def _is_installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _python(page: Path) -> list[Block]:
    return [block for block in _blocks(page) if block.language == "python" and block.is_run]


# Each snippet keeps its line numbers, so that a traceback points into the page.
RUNNER = """
import sys
page, *sources = sys.argv[1:]
namespace = {"__name__": "__main__"}
for source in sources:
    exec(compile(source, page, "exec"), namespace)
"""


@pytest.mark.parametrize("page", [page for page in PAGES if _python(page)], ids=_name)
def test_the_snippets_of_a_page_run_one_after_the_other(page: Path, tmp_path: Path) -> None:
    # In a process of its own, for snippets register things and import what other tests must not have.
    sources = ["\n" * (block.line - 1) + block.text for block in _python(page)]
    command = [sys.executable, "-c", RUNNER, str(page), *sources]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=900)
    assert result.returncode == 0, result.stderr


class Command(NamedTuple):
    page: Path
    line: int
    words: list[str]

    def __str__(self) -> str:
        return f"{_name(self.page)}:{self.line}: {shlex.join(self.words)}"


def _commands(page: Path) -> Iterator[Command]:
    for block in _blocks(page):
        if block.language not in ("bash", "sh", "console"):
            continue
        text = block.text.replace("\\\n", " ")
        for offset, line in enumerate(text.split("\n")):
            if block.language == "console" and not line.startswith("$ "):
                continue
            # Comments go, and what a loop would put in for its variable is a number.
            plain = re.sub(r"\$[a-z]+", "0", re.sub(r"(^| )#.*", "", line.removeprefix("$ ")))
            for part in re.split(r";|&&", plain):
                words = [word for word in shlex.split(part) if not re.match(r"[A-Z0-9_]+=", word)]
                if words[:1] == ["do"]:
                    words.pop(0)
                if words:
                    yield Command(page, block.line + offset, words)


COMMANDS = [command for page in PAGES for command in _commands(page)]
OURS = [command for command in COMMANDS if Path(command.words[0]).name == "memdojo"]


def _parse(words: list[str]) -> tuple[str, dict[str, Any]]:
    """Return the sub-command and its parameters without running it."""
    command: Any = get_command(app)
    name, rest = "memdojo", words
    while hasattr(command, "commands") and rest and rest[0] in command.commands:
        name, rest = rest[0], rest[1:]
        command = command.commands[name]
    assert not hasattr(command, "commands"), f"memdojo has no command {rest[:1]}"
    return name, command.make_context(name, list(rest)).params


@pytest.mark.parametrize("command", OURS, ids=str)
def test_every_command_line_is_one_that_memdojo_takes(command: Command) -> None:
    if command.words[1:] in (["--help"], ["--version"], ["--install-completion"]):
        return
    name, parameters = _parse(command.words[1:])
    sources = {source.name for source in list_sources()} | {"jsonl"}
    if name == "train" and parameters["config"] in config_names():
        load_config(parameters["config"], parameters["overrides"] or ())
    if name == "tune" and parameters["config"] in config_names():
        Space.load(parameters["config"], parameters["overrides"] or (), parameters["ranges"] or ())
    if name in ("eval", "streams"):
        spec = parameters["streams" if name == "eval" else "spec"]
        assert spec is None or spec.partition(":")[0] in sources
    if name == "search":
        named = {each for given in parameters["designs"] or () for each in given.split(",")}
        assert named <= {"designs", *DESIGNS}
        assert parameters["streams"].partition(":")[0] in sources
    if name == "eval":
        known = {"all", "designs", *list_baselines(), *list_retriever_baselines(), *list_retrievers()}
        targets = parameters["targets"]
        names = {target for target in targets if "/" not in target and not is_combination(target)}
        assert names <= known


@pytest.mark.parametrize(
    "words",
    [
        ["trian", "quickstart"],
        ["train"],
        ["train", "quickstart", "--nonsense"],
        ["data", "chekc", "x"],
        ["data"],
    ],
)
def test_a_command_line_that_memdojo_does_not_take_would_be_noticed(words: list[str]) -> None:
    with pytest.raises(Exception, match=r"no command|Missing|No such|requires"):
        _parse(words)


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for page in PAGES:
        named = set(re.findall(r"`make ([a-z]+)`", page.read_text("utf-8")))
        named |= {command.words[1] for command in _commands(page) if command.words[0] == "make"}
        assert named <= targets, _name(page)


def _anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    prose = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ +(.+?) *$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    prose = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)\)", prose) + re.findall(r"(?:src|srcset|href)=\"([^\"]+)\"", prose)
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in _anchors(target), link


def _inner_models(model: type[BaseModel], name: str) -> list[type[BaseModel]]:
    """Return the models of a table inside a table, one for each kind that it may be; none of a plain key."""
    union, annotation = union_of(model, name), model.model_fields[name].annotation
    if union is not None:
        # What several kinds have is told with the default of the kind that is taken without a name.
        kinds = sorted(union.registry, key=lambda kind: kind != union.default)
        return [union.settings(kind) for kind in kinds]
    is_table = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return [annotation] if is_table else []  # type: ignore[list-item]  # Narrowed by `is_table`.


def _tables(model: type[BaseModel], table: str = "") -> dict[str, dict[str, str]]:
    """Return the default of every key as the page writes it, by table and key; of a union, of all kinds."""
    tables: dict[str, dict[str, str]] = {table: {}}
    for name in keys_of(model):
        field = model.model_fields[name]
        inner = [_tables(kind, f"{table}.{name}".lstrip(".")) for kind in _inner_models(model, name)]
        for path, keys in ((path, keys) for each in inner for path, keys in each.items()):
            tables[path] = keys | tables.get(path, {})
        if not inner:
            tables[table][name] = _default(field.default)
    return tables


def _default(value: Any) -> str:
    if value is PydanticUndefined:
        return "needed"
    if value is None:
        return ""
    if isinstance(value, tuple):
        value = list(value)
    text = repr(value).replace("'", '"') if not isinstance(value, bool) else str(value).lower()
    return f"`{text}`"


def _documented(page: Path) -> dict[str, dict[str, str]]:
    section = page.read_text("utf-8").partition("## Configuration")[2].partition("\n## ")[0]
    tables: dict[str, dict[str, str]] = {}
    for part in re.split(r"^### ", section, flags=re.MULTILINE)[1:]:
        heading, _, body = part.partition("\n")
        named = re.search(r"`\[(.+)\]`", heading)
        rows = re.findall(r"^\| `([^`]+)` \| ([^|]*?) ?\|", body, re.MULTILINE)
        tables[named[1] if named else ""] = {key: default.strip() for key, default in rows}
    return tables


def test_every_key_of_a_configuration_is_documented_with_its_default() -> None:
    documented = _documented(ROOT / "docs" / "training.md")
    expected: dict[str, dict[str, str]] = {}
    for kind in POLICY_KINDS:
        expected |= _tables(POLICY_KINDS.get(kind).config)
    # Names of reward parts are no keys of the model; the page has a table of them.
    parts = documented.pop("reward")
    assert expected[""].pop("reward") == "needed"
    assert expected[""]["name"] == "needed"
    expected[""]["name"] = "the file's name"
    assert documented == expected
    assert set(parts) == set(reward_part_names())


CONFIGURATIONS = [
    pytest.param(tree, id=f"{_name(page)}:{block.line}")
    for page in PAGES
    for block in _blocks(page)
    if block.language == "toml" and "project" not in (tree := tomllib.loads(block.text))
]
"""All TOML of the pages but pieces of a pyproject.toml."""


@pytest.mark.parametrize("tree", CONFIGURATIONS)
def test_the_documented_configurations_load(tree: dict[str, Any]) -> None:
    parse_config({"name": "docs", **tree})


def _choices(model: type[BaseModel]) -> Iterator[str]:
    """Yield what may be chosen for the keys of a configuration that have names to choose from."""
    for name, field in model.model_fields.items():
        for kind in _inner_models(model, name):
            yield from _choices(kind)
        if get_origin(field.annotation) is Literal:
            yield from get_args(field.annotation)


def test_the_documented_choices_are_those_of_the_configuration() -> None:
    text = (ROOT / "docs" / "training.md").read_text("utf-8")
    choices = {choice for kind in POLICY_KINDS for choice in _choices(POLICY_KINDS.get(kind).config)}
    assert {"manager", "grpo", "rows", "vllm"} < choices
    assert {choice for choice in choices if f"`{choice}`" not in text} == set()
