"""Settings of a search over two designs, on a file of two streams."""

from pathlib import Path

import pytest

from builders import make_stream
from memdojo.envs.streams.jsonl.reading import write_jsonl
from memdojo.envs.types import Question, Stream
from memdojo.train.design_search.settings import SearchSettings
from memdojo.train.design_search.space import DesignSpace

QUESTIONS = (
    Question("q0", "Where does Ann live?", ("Oslo",), "single", frozenset({"t0"})),
    Question("q1", "What does Ann own?", ("a red bike",), "single", frozenset({"t1"})),
)


def make_streams(split: str) -> list[Stream]:
    """Return two streams of a group each: two facts, a question about each, and small talk."""
    said = ("Ann lives in Oslo.", "Ann owns a red bike.", "Fine weather today.", "Yes, very fine.")
    groups = [f"{split}-{number}" for number in range(2)]
    return [make_stream(*said, questions=QUESTIONS, id=group, group=group) for group in groups]


@pytest.fixture
def settings(tmp_path: Path) -> SearchSettings:
    write_jsonl(make_streams("validation"), tmp_path / "validation.jsonl")
    return SearchSettings(
        streams=f"jsonl:{tmp_path / 'validation.jsonl'}", designs=("flat", "karma"), top_k=3
    )


@pytest.fixture
def space(settings: SearchSettings) -> DesignSpace:
    return DesignSpace(settings)
