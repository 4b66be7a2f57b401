import csv
import io

import pandas as pd
import pytest

from memdojo.eval.compare import latex as latex_table
from memdojo.eval.tables.escaping import csv_text, latex, markdown, one_line, read_texts
from memdojo.eval.tables.render import Grid

HOSTILE = (
    *("=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "'=1", "''=1", "'", "'x", "=", "-"),
    *("a,b", 'a"b', "a\nb", "a\r\nb", "a;b", "", " ", "nan", "NA", "-5", "+1.5e3", "1-800-555", "x=1", "é"),
)


def test_texts_that_a_spreadsheet_would_compute_begin_with_an_apostrophe() -> None:
    rows = list(csv.reader(io.StringIO(csv_text(pd.DataFrame({"name": HOSTILE})), newline="")))
    cells = dict(zip(HOSTILE, (row[0] for row in rows[1:] if row), strict=False))
    for text in ("=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "=", "-"):
        assert cells[text] == f"'{text}"
    # Numbers are left alone, and so is what only looks dangerous further in.
    for text in ("-5", "+1.5e3", "x=1", "1-800-555", "a,b", "'x"):
        assert cells[text] == text


def test_what_was_written_is_read_back_as_it_was() -> None:
    table = pd.DataFrame({"name": HOSTILE, "score": [0.5] * len(HOSTILE), "right": [True] * len(HOSTILE)})
    read = read_texts(pd.read_csv(io.StringIO(csv_text(table)), dtype={"name": str}, keep_default_na=False))
    assert read["name"].tolist() == list(HOSTILE)
    assert read["score"].tolist() == table["score"].tolist()
    assert read["right"].all()


def test_numbers_of_a_table_are_written_as_numbers() -> None:
    assert csv_text(pd.DataFrame({"difference": [-0.5, 0.25]})) == "difference\n-0.5\n0.25\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", r"a\|b"),
        ("*bold* `code` ~no~", r"\*bold\* \`code\` \~no\~"),
        ("[x](http://y)", r"\[x\](http:\//y)"),
        ("<script>", "&lt;script&gt;"),
        ("&lt;", "&amp;lt;"),
        ("\\|", r"\\\|"),
        ("_em_", r"\_em\_"),
        ("keep_first", "keep_first"),
        ("recall@10", "recall@10"),
        ("me@example.org", r"me\@example.org"),
        ("www.example.org", r"www\.example.org"),
        ("[70.0, 90.0]", "[70.0, 90.0]"),
        ("+1.5* [-0.5, 3.0]", "+1.5* [-0.5, 3.0]"),
    ],
)
def test_names_mean_nothing_in_markdown(text: str, shown: str) -> None:
    assert markdown(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("50 % of $5 & #1", r"50 \% of \$5 \& \#1"),
        ("keep_first", r"keep\_first"),
        (r"\input{x}", r"\textbackslash{}input\{x\}"),
        ("a<b>c|d", r"a\textless{}b\textgreater{}c\textbar{}d"),
        ("~^", r"\textasciitilde{}\textasciicircum{}"),
        ("[1em] x", "{[}1em] x"),
        ("*x", "{*}x"),
    ],
)
def test_names_mean_nothing_in_latex(text: str, shown: str) -> None:
    assert latex(text) == shown


def test_controls_are_made_visible() -> None:
    assert one_line("a\nb\t\x1b[31mc\u202ed\u2028e\x7f\ud800") == "a␊b␉␛[31mc\ufffdd\ufffde\ufffd\ufffd"
    assert one_line("naïve 😀 日本") == "naïve 😀 日本"


def test_no_name_ends_a_row_or_a_comment_in_any_format() -> None:
    name = "a\nb | c\r\n\x1b[31m"
    grid = Grid(f"title {name}", ("policy", name), ((name, "1.0"), ("x", "2.0")), f"note {name}")
    assert len(grid.plain().split("\n")) == 5
    assert len(grid.markdown().split("\n")) == 8
    lines = latex_table(grid).split("\n")
    assert len(lines) == 10
    assert all(line.startswith("%") for line in lines[:2])
    assert "\x1b" not in grid.plain() + grid.markdown() + latex_table(grid)
