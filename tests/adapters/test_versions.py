"""Versions that adapters accept, and what the package says of them."""

import importlib
import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from memdojo.adapters.versions import TESTED, require
from memdojo.errors import MissingDependencyError, UntestedVersionError

ROOT = Path(__file__).parents[2]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]


def _with_version(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(metadata, "version", lambda distribution: version)


@pytest.mark.parametrize("version", ["0.20", "0.20.0", "0.24.9.post1"])
def test_versions_that_were_tested_are_taken(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    _with_version(monkeypatch, version)
    require("openai-agents")


@pytest.mark.parametrize("version", ["0.19.9", "0.25.0rc1", "0.25", "1.0", "unknown"])
def test_other_versions_are_refused_with_those_that_were_tested(
    monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    _with_version(monkeypatch, version)
    with pytest.raises(UntestedVersionError, match=re.escape(f"openai-agents {version} is")) as raised:
        require("openai-agents")
    assert "from 0.20 on and before 0.25" in str(raised.value)
    assert "pip install 'memdojo[openai-agents]'" in str(raised.value)


MODULES = {extra: f"memdojo.adapters.{extra.replace('-', '_')}" for extra in TESTED}

WITHOUT = """
import sys
from importlib import metadata
from memdojo.adapters.versions import TESTED

installed, absent = metadata.version, {tested.distribution for tested in TESTED.values()}

def version(distribution):
    if distribution in absent:
        raise metadata.PackageNotFoundError(distribution)
    return installed(distribution)

metadata.version = version
for module in sys.argv[1:]:
    try:
        __import__(module)
    except ImportError as error:
        print(type(error).__name__, error)
"""


def test_without_its_library_an_adapter_says_what_to_install() -> None:
    command = [sys.executable, "-c", WITHOUT, *MODULES.values()]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert lines == [
        f"MissingDependencyError the adapter for {extra} needs {TESTED[extra].distribution}, which is not "
        f"installed: pip install 'memdojo[{extra}]'"
        for extra in MODULES
    ]


def test_the_error_is_an_import_error() -> None:
    assert issubclass(MissingDependencyError, ImportError)
    assert issubclass(UntestedVersionError, ImportError)


@pytest.mark.parametrize("extra", TESTED)
def test_the_extra_installs_what_was_tested(extra: str) -> None:
    distribution, at_least, below = TESTED[extra]
    assert f"{distribution}>={at_least},<{below}" in EXTRAS[extra]


@pytest.mark.parametrize("extra", TESTED)
def test_an_installed_version_is_one_that_was_tested(extra: str) -> None:
    try:
        metadata.version(TESTED[extra].distribution)
    except metadata.PackageNotFoundError:
        pytest.skip(f"{TESTED[extra].distribution} is not installed")
    require(extra)


DEVELOPED = [
    extra
    for extra, tested in TESTED.items()
    if any(tested.distribution in one or f"memdojo[{extra}]" == one for one in EXTRAS["dev"])
]


@pytest.mark.skipif("CI" not in os.environ, reason="only CI has all of them for certain")
@pytest.mark.parametrize("extra", DEVELOPED)
def test_the_adapters_of_the_extra_dev_are_really_tested(extra: str) -> None:
    assert metadata.version(TESTED[extra].distribution)


def test_all_but_mem0_can_be_tested_beside_the_engines() -> None:
    # mem0 wants a protobuf that is a version older.
    assert {*TESTED} - {*DEVELOPED} == {"mem0"}


@pytest.mark.parametrize("extra", TESTED)
def test_every_adapter_has_a_module(extra: str) -> None:
    assert importlib.util.find_spec(MODULES[extra]) is not None
