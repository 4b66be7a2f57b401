from memdojo.errors import cut_short


def test_a_long_text_is_quoted_by_its_beginning() -> None:
    assert cut_short("x" * 60) == "x" * 60
    assert cut_short("x" * 61) == "x" * 57 + "..."
    assert cut_short("12345", 4) == "1..."
