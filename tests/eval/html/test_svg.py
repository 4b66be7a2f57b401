import re
from xml.etree import ElementTree

from matplotlib.figure import Figure

from memdojo.eval.html.svg import colour, inline_svg


def a_figure() -> Figure:
    figure = Figure(figsize=(3, 2))
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=colour("series-1"), marker="o")
    axes.set_title("a < b", color=colour("ink"))
    return figure


def test_a_figure_takes_its_colours_from_the_page() -> None:
    svg = inline_svg(a_figure(), "f1", "A line")
    assert 'stroke="var(--series-1)"' in svg
    assert 'fill="var(--ink)"' in svg
    assert colour("series-1") not in svg


def test_a_figure_has_nothing_that_a_strict_policy_refuses() -> None:
    svg = inline_svg(a_figure(), "f1", "A line")
    assert "style=" not in svg
    assert "<style" not in svg
    assert "<script" not in svg
    assert "metadata" not in svg


def test_a_figure_says_what_it_shows_and_escapes_it() -> None:
    svg = inline_svg(a_figure(), "f1", 'A "line" & <b>')
    assert svg.startswith("<svg")
    assert 'role="img"' in svg
    assert 'aria-label="A &quot;line&quot; &amp; &lt;b&gt;"' in svg
    assert "a &lt; b" in svg


def test_ids_begin_with_the_prefix_and_references_follow_them() -> None:
    svg = inline_svg(a_figure(), "f1", "A line")
    ids = set(re.findall(r'\bid="([^"]*)"', svg))
    used = set(re.findall(r'href="#([^"]*)"', svg)) | set(re.findall(r"url\(#([^)]*)\)", svg))
    assert used
    assert used <= ids
    assert all(each.startswith("f1-") for each in ids)


def test_equal_figures_give_equal_elements() -> None:
    assert inline_svg(a_figure(), "f1", "x") == inline_svg(a_figure(), "f1", "x")


def test_names_of_any_script_and_controls_are_drawn_without_a_word() -> None:
    figure = Figure(figsize=(3, 2))
    axes = figure.subplots()
    axes.set_title("a\x0bb\x00 \x1b[31m 日本 $\\bad$", parse_math=False)
    svg = inline_svg(figure, "f1", "bell \x07")
    ElementTree.fromstring(svg)
    assert "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}" in svg
    assert "日本" in svg
