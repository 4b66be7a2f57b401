from __future__ import annotations

import pytest

from memdojo.envs.answering import Answer


def test_an_answer_has_a_text_or_a_reason() -> None:
    assert Answer("", "").text == ""
    with pytest.raises(ValueError, match="or None and the reason"):
        Answer(None)
    with pytest.raises(ValueError, match="or None and the reason"):
        Answer("Oslo", "timed out")
