from memdojo.errors import cut_short, reason_of


def test_a_long_text_is_quoted_by_its_beginning() -> None:
    assert cut_short("x" * 60) == "x" * 60
    assert cut_short("x" * 61) == "x" * 57 + "..."
    assert cut_short("12345", 4) == "1..."


def test_what_an_error_says_is_one_line_and_its_class_where_it_says_nothing() -> None:
    assert reason_of(ValueError("first\n  second\tthird")) == "first second third"
    assert reason_of(TimeoutError()) == "TimeoutError"
    assert reason_of(ValueError("x" * 400)) == "x" * 297 + "..."
