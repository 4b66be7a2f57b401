"""A test file stands where a reader of the module that it is about looks for it."""

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "src" / "memdojo"

OF_THE_WHOLE = {
    "test_architecture": "who imports whom",
    "test_docs": "docs/",
    "test_fences": "wherever stored text leaves the library",
    "test_former_files": "files that were written before",
    "test_mirror": "this file",
    "test_packaging": "what an installation has",
    "test_public_names": "what `memdojo` offers",
    "test_readme": "README.md",
    "test_site": "the documentation site",
}
"""Test files that are about no module, with what they are about."""


def _subjects(folder: Path) -> set[str]:
    """Return the names of the modules, folders and configurations that tests in `folder` may be about."""
    beside = (PACKAGE / folder).glob("*")
    return {path.stem for path in beside if path.suffix in {".py", ".toml"} or path.is_dir()}


@pytest.mark.parametrize(
    "file", [path.relative_to(TESTS) for path in sorted(TESTS.rglob("test_*.py"))], ids=str
)
def test_a_test_file_is_named_after_what_it_tests(file: Path) -> None:
    if file.stem in OF_THE_WHOLE and file.parent == Path():
        return
    words = file.stem.removeprefix("test_").split("_")
    named = {"_".join(words[: end + 1]) for end in range(len(words))}
    assert named & _subjects(file.parent), (
        f"nothing beside tests/{file} is called so: name it test_MODULE.py, or test_MODULE_ASPECT.py"
    )
