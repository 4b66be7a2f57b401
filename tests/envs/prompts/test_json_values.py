from __future__ import annotations

import pytest

from memdojo.envs.prompts.json_values import JSONReader


def test_a_value_is_read_where_it_begins() -> None:
    text = 'see {"a": [1]} and [2'
    assert JSONReader(text).read(4) == ({"a": [1]}, 14)
    assert JSONReader(text).read(0) is None
    assert JSONReader(text).read(19) is None


def test_a_lenient_reader_takes_line_breaks_and_passes_over_commas() -> None:
    text = '{"a": "two\nlines, }",\n}'
    assert JSONReader(text).read(0) is None
    assert JSONReader(text, lenient=True).read(0) == ({"a": "two\nlines  }"}, len(text))
    assert JSONReader('{"a": 1,}{"b": ', lenient=True).read(9) is None


@pytest.mark.parametrize(
    "unit", ["{", "[", '{"a":', '{"', '{"a": "', "[{", '{"\\', '{"a": 9', " {", '{"<think>']
)
def test_attempts_that_fail_read_no_more_than_a_multiple_of_the_text(unit: str) -> None:
    for times in (1_000, 4_000):
        text = unit * times
        reader = JSONReader(text, lenient=True)
        assert all(reader.read(place) is None for place in range(0, len(text), len(unit)))
        # The last attempt that is allowed may read all of it once more, with and without its commas.
        assert reader.steps <= 19 * len(text)


def test_deep_nesting_and_long_numbers_are_no_values() -> None:
    assert JSONReader("[" * 100_000 + "]" * 100_000).read(0) is None
    assert JSONReader("9" * 10_000).read(0) is None
