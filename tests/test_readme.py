"""The first page: what a new user meets, in the order in which it is needed."""

import re
import tomllib
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from memdojo.envs.gym.registration import ENV_IDS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def test_purpose_picture_commands_and_table_come_first_and_in_this_order() -> None:
    landmarks = (
        "# memdojo\n",
        "![",
        "make train\n",
        "make test\n",
        "<!-- quickstart-table -->",
        "## Train\n",
    )
    places = [README.index(landmark) for landmark in landmarks]
    assert places == sorted(places)
    purpose = README[len(landmarks[0]) : places[1]].strip()
    assert 2 <= len(re.findall(r"\.(?:\s|$)", purpose)) <= 3


def test_the_table_stands_in_one_block_between_its_marks() -> None:
    assert README.count("<!-- quickstart-table -->") == 1
    inside = README.partition("<!-- quickstart-table -->")[2].partition("<!-- /quickstart-table -->")[0]
    assert re.fullmatch(r"\n```text\n.+\n```\n", inside, re.DOTALL)


def test_the_picture_is_drawn_for_light_and_dark_pages_and_for_those_who_cannot_see_it() -> None:
    (path,) = re.findall(r"!\[[^\]]{40,}\]\(([^)]+\.svg)\)", README)
    picture = ElementTree.parse(ROOT / path).getroot()
    namespace = {"svg": "http://www.w3.org/2000/svg"}
    assert picture.find("svg:title", namespace) is not None
    assert picture.find("svg:desc", namespace) is not None
    # A background of its own would be a white sheet on a dark page.
    sizes = {(rect.get("width"), rect.get("height")) for rect in picture.iter(f"{{{namespace['svg']}}}rect")}
    assert sizes == {("150", "56")}


def test_every_page_is_linked_and_every_environment_named() -> None:
    for page in (ROOT / "docs").glob("*.md"):
        assert f"](docs/{page.name})" in README
    for id in ENV_IDS:
        assert f"`{id}`" in README


def test_the_extras_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = {extra for group in re.findall(r"'\.\[([\w,-]+)\]'", README) for extra in group.split(",")}
    assert named == project["optional-dependencies"].keys()


def test_the_licence_is_the_one_that_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text("utf-8")
    assert "[Apache License 2.0](LICENSE)" in README
