import logging

import pytest

from memdojo.adapters.left_out import LeftOut


def test_each_is_counted_and_the_first_of_a_kind_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    left_out = LeftOut()
    with caplog.at_level(logging.WARNING):
        for kind in ("image", "image", "audio"):
            left_out.note(kind)
    assert left_out.counts == {"image": 2, "audio": 1}
    assert len(caplog.records) == 2
    assert "'image'" in caplog.messages[0]
