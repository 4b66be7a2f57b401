"""Who may import whom, and what works without the libraries of training."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "memdojo"

LAYERS = ("rewards", "envs", "agents", "eval", "train", "deploy", "evaluation", "adapters")
"""From the ground up: a folder imports only those before it."""

GROUND = {"memdojo.errors", "memdojo.registry", "memdojo.settings"}
"""Modules of the package's face on which all layers stand."""

IMPORTERS_OF = {"configs": {"train"}, "cli": set[str]()}
"""Parts that are no layer, with the layers that may import them."""

HEAVY = (
    "accelerate",
    "agents",
    "datasets",
    "huggingface_hub",
    "jinja2",
    "langgraph",
    "langmem",
    "llama_index",
    "matplotlib",
    "mcp",
    "mem0",
    "openai",
    "optuna",
    "peft",
    "pyarrow",
    "qdrant_client",
    "ray",
    "safetensors",
    "sb3_contrib",
    "sentence_transformers",
    "stable_baselines3",
    "tensorboard",
    "tokenizers",
    "torch",
    "transformers",
    "trl",
    "vllm",
    "wordllama",
)
"""Libraries that a light installation lacks."""

HEAVY_MODULES = (
    "memdojo.train.*",
    "memdojo.agents.compact.*",
    "memdojo.agents.engines.actor*",
    "memdojo.agents.engines.*_engine",
    "memdojo.agents.engines.models",
    "memdojo.agents.language.*",
    "memdojo.adapters.langgraph",
    "memdojo.adapters.langmem",
    "memdojo.adapters.llama_index",
    "memdojo.adapters.mem0",
    "memdojo.adapters.openai_agents",
    "memdojo.eval.html.page",
    "memdojo.eval.html.plots*",
)
"""The only modules that import them when they are loaded themselves."""

LIGHT_TRAIN = (
    "memdojo.train",
    "memdojo.train.algorithms",
    "memdojo.train.algorithms.registry",
    "memdojo.train.algorithms.settings",
    "memdojo.train.config.*",
    "memdojo.train.checkpoints",
    "memdojo.train.checkpoints.loading",
    "memdojo.train.checkpoints.model_folders",
    "memdojo.train.runs.*",
    "memdojo.train.language",
)
"""Modules of train/ that promise to need none of them."""


class Import(NamedTuple):
    importer: str
    target: str
    line: int
    is_relative: bool
    is_at_load: bool

    def __str__(self) -> str:
        return f"{self.importer}, line {self.line}: {self.target}"


def _modules() -> dict[str, Path]:
    """Return all modules of the package by name; the links to the folders at the root are followed."""
    found = {}
    for folder, folders, files in os.walk(PACKAGE, followlinks=True):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for file in files:
            path = Path(folder, file)
            if path.suffix == ".py":
                parts = ("memdojo", *path.relative_to(PACKAGE).with_suffix("").parts)
                found[".".join(parts).removesuffix(".__init__")] = path
    return found


MODULES = _modules()


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def _walk(node: ast.AST, is_at_load: bool = True) -> Iterator[tuple[ast.AST, bool]]:
    for child in ast.iter_child_nodes(node):
        is_later = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) or _is_type_checking(child)
        yield child, is_at_load and not is_later
        yield from _walk(child, is_at_load and not is_later)


def _imports(module: str) -> Iterator[Import]:
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node, is_at_load in _walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, alias.name, node.lineno, False, is_at_load)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base]).removesuffix(".")
            for alias in node.names:
                # `from memdojo import errors` names a module, `from memdojo.errors import X` does not.
                inner = f"{base}.{alias.name}"
                target = inner if inner in MODULES else base
                yield Import(module, target, node.lineno, bool(node.level), is_at_load)


IMPORTS = [found for module in MODULES for found in _imports(module)]


def _part(module: str) -> str:
    """Return the folder of a module of ours: `envs` of `memdojo.envs.types`; "" of the package's face."""
    parts = module.split(".")
    inside = ".".join(parts[:2])
    is_folder = len(parts) > 1 and MODULES.get(inside, Path()).name == "__init__.py"
    return parts[1] if is_folder else ""


def _is_ours(target: str) -> bool:
    return target.partition(".")[0] == "memdojo"


def _may_import(importer: str, target: str) -> bool:
    if target in GROUND:
        return True
    source, wanted = _part(importer), _part(target)
    if source == wanted or source in ("", "cli"):
        return True
    if wanted in LAYERS:
        return source in LAYERS and LAYERS.index(wanted) < LAYERS.index(source)
    if wanted in IMPORTERS_OF:
        return source in IMPORTERS_OF[wanted]
    # The package's face imports the layers, so only what nobody below imports may look at it.
    return source == "train"


def test_every_folder_is_a_layer_or_stands_beside_them() -> None:
    assert {_part(module) for module in MODULES} == {"", *LAYERS, *IMPORTERS_OF}


def test_imports_go_from_later_layers_to_earlier_ones() -> None:
    wrong = [
        str(each) for each in IMPORTS if _is_ours(each.target) and not _may_import(each.importer, each.target)
    ]
    assert wrong == []


def _circle(arrows: dict[str, set[str]]) -> list[str]:
    """Return the nodes that import each other in a circle; an empty list if there is none."""
    try:
        tuple(TopologicalSorter(arrows).static_order())
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_imports_run_in_no_circle(depth: int) -> None:
    """Seen as folders at the top (`envs`), as rooms (`envs.memory`), and further down to single modules.

    Imports inside functions and under TYPE_CHECKING count: they bind modules as tightly as the others.
    """
    arrows: dict[str, set[str]] = {}
    for each in IMPORTS:
        if not _is_ours(each.target) or each.importer == "memdojo" or each.target == "memdojo":
            continue
        importer, target = (
            ".".join(module.split(".")[1 : depth + 1]) for module in (each.importer, each.target)
        )
        if importer != target:
            arrows.setdefault(importer, set()).add(target)
    assert _circle(arrows) == []


def test_nobody_below_imports_the_face_of_the_package() -> None:
    wrong = [str(each) for each in IMPORTS if each.target == "memdojo" and _part(each.importer) != "cli"]
    assert wrong == []


def test_rewards_import_nothing_of_ours_but_the_ground() -> None:
    ours = {
        each.target
        for each in IMPORTS
        if _part(each.importer) == "rewards" and _is_ours(each.target) and _part(each.target) != "rewards"
    }
    assert ours <= GROUND


def test_imports_are_relative_inside_a_folder_and_absolute_across() -> None:
    wrong = [
        str(each)
        for each in IMPORTS
        if _is_ours(each.target)
        and _part(each.importer)
        and each.is_relative != (_part(each.importer) == _part(each.target))
    ]
    assert wrong == []


def test_only_training_and_the_compact_policies_load_heavy_libraries() -> None:
    wrong = [
        str(each)
        for each in IMPORTS
        if each.is_at_load
        and each.target.partition(".")[0] in HEAVY
        and not any(fnmatch(each.importer, pattern) for pattern in HEAVY_MODULES)
    ]
    assert wrong == []


@pytest.mark.parametrize("pattern", HEAVY_MODULES)
def test_the_list_of_heavy_modules_is_not_longer_than_needed(pattern: str) -> None:
    heavy = {each.importer for each in IMPORTS if each.is_at_load and each.target.partition(".")[0] in HEAVY}
    assert any(fnmatch(module, pattern) for module in heavy)


SLOW_TO_IMPORT = ("nltk", "pydantic", "pandas", "scipy", "regex", "torch")
"""Libraries whose import would be felt by whoever asks for help."""


def test_the_command_line_shows_its_help_without_slow_libraries() -> None:
    code = "import sys, memdojo.cli; print(*(name for name in sys.argv[1:] if name in sys.modules))"
    command = [sys.executable, "-c", code, *SLOW_TO_IMPORT]

    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == []


def _calls(module: str, names: set[str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(MODULES[module].read_text("utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in names:
            yield f"{module}, line {node.lineno}"


def test_episodes_are_built_by_their_rules_alone() -> None:
    episodes = {"ManagerEpisode", "RetrievalEpisode"}
    builders = {module for module in MODULES if any(_calls(module, episodes))}
    assert builders == {"memdojo.envs.episodes.rules"}


MAX_PARAMETERS = 8

WITH_MORE = {"memdojo.envs.streams.benchmarks.haystack.load_haystack"}
"""Loaders of streams, whose arguments are the options of a source by name."""


def _num_parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return how many arguments a caller can give by name or place; `self` is none."""
    named = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return sum(each.arg not in ("self", "cls") for each in named)


def test_nothing_but_a_command_takes_more_than_eight_parameters() -> None:
    """More than that want an object: rules, settings, or a record of what belongs together."""
    found = {
        f"{module}.{node.name}"
        for module, path in MODULES.items()
        if _part(module) != "cli"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _num_parameters(node) > MAX_PARAMETERS
    }
    assert found == WITH_MORE


def test_no_constructor_takes_more_than_eight_parameters() -> None:
    found = [
        f"{module}, line {node.lineno}"
        for module, path in MODULES.items()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
        and node.name in ("__init__", "__new__")
        and _num_parameters(node) > MAX_PARAMETERS
    ]
    assert found == []


BLOCKER = """
import importlib, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in heavy:
            raise ModuleNotFoundError(f"{name} is blocked", name=name)

heavy, modules = (set(names.split()) for names in sys.argv[1:])
sys.meta_path.insert(0, Blocker())
import memdojo
for module in sorted(modules):
    importlib.import_module(module)
import gymnasium
from memdojo.envs.gym.registration import ENV_IDS
for id in ENV_IDS:
    env = gymnasium.make(id, stream_options={"num_streams": 1})
    env.reset(seed=0)
    env.close()
print(*ENV_IDS)
"""


def test_everything_but_training_works_without_heavy_libraries() -> None:
    light = [
        module
        for module in MODULES
        # Running `memdojo.__main__` would start the command line.
        if not module.endswith("__main__")
        and (
            any(fnmatch(module, pattern) for pattern in LIGHT_TRAIN)
            or not any(fnmatch(module, f"{pattern}*") for pattern in HEAVY_MODULES)
        )
    ]
    assert {"memdojo.agents.baselines.registry", "memdojo.eval.playing.evaluate", "memdojo.cli.app"} <= set(
        light
    )
    command = [sys.executable, "-W", "error", "-c", BLOCKER, " ".join(HEAVY), " ".join(light)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert len(result.stdout.split()) >= 5
