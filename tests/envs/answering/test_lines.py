from memdojo.envs.answering.lines import parse_line


def test_a_colon_after_other_words_is_no_speaker() -> None:
    assert parse_line("[2023-05-08] Mary Ann: Hi: you!").speaker == "Mary Ann"
    assert parse_line("user: Hi").speaker == "user"
    assert parse_line("Something else: I moved.").speaker == ""
    assert parse_line("2023: a good year").sentences[0].text == "2023: a good year"
