from typing import Any

import pytest

from memdojo.errors import MemdojoError
from memdojo.train.config.tuning import Span
from memdojo.train.design_search.settings import SearchSettings


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"designs": ()}, "no memory design is named"),
        ({"designs": ("carma",)}, "unknown memory design 'carma'"),
        ({"metric": "recall@5"}, "looks at a fixed number of entries"),
        ({"metric": "f1"}, "unknown score 'f1'"),
        ({"top_k": 0}, "top_k is 0"),
        ({"max_entries": 3, "capacity_share": 0.2}, "capacity_share"),
    ],
)
def test_what_no_search_can_be_made_of_is_refused(changes: dict[str, Any], why: str) -> None:
    given: dict[str, Any] = {"streams": "synthetic:validation", "designs": ("karma",), **changes}
    with pytest.raises(MemdojoError) as refused:
        SearchSettings(**given).check()
    assert why in str(refused.value)


def test_settings_come_back_from_their_file() -> None:
    settings = SearchSettings(
        streams="synthetic:validation",
        designs=("karma", "flat"),
        ranges={"karma.near": Span(low=0.1, high=0.5), "max_read_tokens": (None, 32)},
        stream_options={"num_streams": 2},
    )
    assert SearchSettings.model_validate_json(settings.model_dump_json()) == settings
