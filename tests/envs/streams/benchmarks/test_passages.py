from memdojo.envs.memory.analysis import count_tokens
from memdojo.envs.streams.benchmarks.passages import chunks_of_sessions, cut_text
from memdojo.envs.types import Turn


def test_a_text_is_cut_at_paragraphs_then_lines_then_sentences_then_words() -> None:
    # Tokens: a paragraph of 3; lines of 3 and 7, the latter of sentences of 3 and 4, the latter of 4 words.
    text = "One two.\n\nAnn sat.\nBen ran. Who went so far\n\n\n"
    assert cut_text(text, 100) == [text.strip()]
    assert cut_text(text, 4) == ["One two.", "Ann sat.", "Ben ran.", "Who went so far"]
    assert cut_text(text, 3) == ["One two.", "Ann sat.", "Ben ran.", "Who went so", "far"]
    assert cut_text(" \n\n ", 5) == []


def test_a_word_that_does_not_fit_is_cut_between_characters() -> None:
    assert cut_text("So hyper-long-word", 4) == ["So", "hyper-long-", "word"]
    assert cut_text("我住在北京。我有一只狗。", 6) == ["我住在北京。", "我有一只狗。"]
    assert cut_text("我住在北京", 2) == ["我住", "在北", "京"]
    # A letter with its signs is one character, which may not fit.
    assert cut_text("กำลังชื่อ", 3) == ["กำ", "ลัง", "ชื่", "อ"]
    assert cut_text("x" * 100, 5) == ["x" * 19] * 5 + ["x" * 5]


def test_every_piece_fits_and_no_word_is_lost() -> None:
    text = "\n\n".join(f"Line {n} has a few words. And a second sentence." for n in range(30))
    pieces = cut_text(text, 7)
    assert max(map(count_tokens, pieces)) <= 7
    assert " ".join(pieces).split() == text.split()


def test_sessions_are_filled_up_to_their_size() -> None:
    turns = [Turn(f"t{n}", "A", "one two three") for n in range(5)]
    chunks = chunks_of_sessions(turns, 6)
    assert [[turn.id for turn in chunk.turns] for chunk in chunks] == [["t0", "t1"], ["t2", "t3"], ["t4"]]
    assert [(chunk.index, chunk.session) for chunk in chunks] == [(0, "1"), (1, "2"), (2, "3")]
    # A turn that does not fit stands alone.
    assert [len(chunk.turns) for chunk in chunks_of_sessions(turns, 1)] == [1] * 5
