"""What is installed: the folders at the root as one package, whole and with nothing beside it."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
from setuptools import find_packages

import memdojo

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "memdojo"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
SETUPTOOLS = PROJECT["tool"]["setuptools"]


def _files(suffix: str) -> set[str]:
    """Return the files of the package by their path in a wheel; links are followed."""
    return {
        Path("memdojo", os.path.relpath(folder, PACKAGE), file).as_posix()
        for folder, _, files in os.walk(PACKAGE, followlinks=True)
        for file in files
        if file.endswith(suffix)
    }


def test_every_folder_with_code_is_a_package() -> None:
    # setuptools leaves out of the wheel, without a word, a folder that has no __init__.py.
    folders = {str(Path(file).parent).replace("/", ".") for file in _files("__init__.py")}
    assert set(find_packages(str(PACKAGE.parent))) == folders
    assert {str(Path(file).parent).replace("/", ".") for file in _files(".py")} == folders


def test_every_link_of_the_package_leads_to_the_folder_that_is_packaged() -> None:
    links = {f"memdojo.{path.name}": path for path in PACKAGE.iterdir() if path.is_symlink()}
    mapped = {name: folder for name, folder in SETUPTOOLS["package-dir"].items() if name != "memdojo"}
    assert links.keys() == mapped.keys()
    for name, link in links.items():
        assert not Path(os.readlink(link)).is_absolute()
        assert link.resolve() == ROOT / mapped[name]
        assert link.is_dir()


def test_the_version_is_the_same_everywhere() -> None:
    version = PROJECT["project"]["version"]
    assert memdojo.__version__ == distribution("memdojo").version == version
    newest = re.search(r"^## \[(\d+\.\d+\.\d+)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == version


def test_every_entry_point_is_installed_and_loads() -> None:
    project = PROJECT["project"]
    expected = {("console_scripts", name, value) for name, value in project["scripts"].items()}
    for group, points in project["entry-points"].items():
        expected |= {(group, name, value) for name, value in points.items()}
    installed = distribution("memdojo").entry_points
    assert {(point.group, point.name, point.value) for point in installed} == expected
    assert all(callable(point.load()) for point in installed)


def test_the_environments_entry_point_is_there_for_gymnasium() -> None:
    assert "gymnasium.envs" in PROJECT["project"]["entry-points"]


def test_a_light_installation_takes_none_of_the_libraries_of_training() -> None:
    names = {re.split(r"[<>=~! ;\[]", needed)[0] for needed in PROJECT["project"]["dependencies"]}
    assert names.isdisjoint({"torch", "ray", "vllm", "trl", "transformers", "safetensors", "tensorboard"})


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy, so that neither old build folders get in nor new ones stay behind."""
    folder = tmp_path_factory.mktemp("wheel")
    unwanted = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist")

    def ignore(parent: str, names: list[str]) -> set[str]:
        # The runs of the checkout, not the package of that name.
        return unwanted(parent, names) | ({"runs"} if Path(parent) == ROOT else set())

    shutil.copytree(ROOT, folder / "source", symlinks=True, ignore=ignore)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", folder, folder / "source"], check=True, timeout=300)
    (path,) = folder.glob("*.whl")
    return path


@pytest.mark.slow
def test_the_wheel_holds_every_module_and_configuration_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    installed = {name for name in names if ".dist-info/" not in name}
    configs = {name for name in _files(".toml") if name.startswith("memdojo/configs/")}
    assert configs
    page = {f"memdojo/eval/html/{name}" for name in ("page.css", "page.html.j2", "page.js")}
    assert installed == {*_files(".py"), *configs, *page, "memdojo/__init__.pyi", "memdojo/py.typed"}
    (info,) = {name.partition("/")[0] for name in names - installed}
    assert info == f"memdojo-{memdojo.__version__}.dist-info"
    assert f"{info}/licenses/LICENSE" in names


@pytest.mark.slow
def test_an_installed_wheel_works_away_from_the_checkout(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = (
        "import memdojo, memdojo.cli, gymnasium, pathlib\n"
        "from memdojo.configs import config_names, read_config\n"
        "assert 'quickstart' in config_names() and read_config('quickstart')\n"
        "gymnasium.make('memdojo/MemoryManager-v0', stream_options={'num_streams': 1}).reset(seed=0)\n"
        "print(pathlib.Path(memdojo.__file__).parent)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == str(tmp_path / "memdojo")
