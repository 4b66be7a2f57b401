"""Damaged evaluations: the report refuses them in a sentence, or is written."""

import gzip
import json
import random
import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from fuzzing import num_inputs
from memdojo.errors import DataError
from memdojo.eval.html.page import write_report
from memdojo.eval.html.sources import EvaluationPart, first_episodes, read_evaluation, streams_of, verdicts_of
from mutations import damaged_bytes, mutations

TABLES = (
    "eval.csv",
    "blame.csv",
    "plan.csv",
    "forgetting.csv",
    "growth.csv",
    "diagnosis.csv",
    "decisions.csv",
)
RECORDS = ("episodes.jsonl.gz", "streams.jsonl.gz")
EVERY = 20
"""One in so many of the evaluations that can be read is drawn, which takes much longer than reading it."""


def _damaged(path: Path, seed: int) -> Iterator[bytes]:
    whole, rng = path.read_bytes(), random.Random(seed)
    if path.suffix == ".json":
        yield from mutations(json.loads(whole), seed)
    elif path.suffix == ".gz":
        # Every line is a member of its own; what was damaged before it was compressed is readable again.
        lines = gzip.decompress(whole).split(b"\n")[:-1]
        changed = mutations([json.loads(line) for line in lines], seed, lines=True)
        while True:
            yield damaged_bytes(whole, rng)
            yield b"".join(gzip.compress(line + b"\n") for line in next(changed).split(b"\n"))
    while True:
        yield damaged_bytes(whole, rng)


@pytest.mark.fuzz
@pytest.mark.parametrize("name", ["eval.json", *TABLES, *RECORDS])
def test_a_damaged_evaluation_is_refused_in_a_sentence_or_shown(
    name: str, folder: Path, tmp_path: Path
) -> None:
    copied = tmp_path / "tables"
    shutil.copytree(folder, copied)
    drawn = 0
    for data in islice(_damaged(folder / name, seed=0), num_inputs(25)):
        (copied / name).write_bytes(data)
        try:
            part = read_evaluation(copied)
            _read_all(part)
            drawn += 1
            if drawn % EVERY == 1:
                write_report(tmp_path / "page.html", [part])
        except DataError as error:
            message = str(error)
        else:
            continue
        assert str(copied) in message or "this is not a record" in message
        message.encode()


def _read_all(part: EvaluationPart) -> None:
    """Read what a page shows, but for drawing it."""
    part.score_grids()
    part.finding_grids()
    verdicts_of(part)
    if part.has_episodes:
        streams_of(part)
        list(first_episodes(part))
