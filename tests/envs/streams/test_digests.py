import dataclasses
import os
import subprocess
import sys
from datetime import datetime

import pytest

from builders import make_stream
from memdojo.envs.streams.digests import stream_digest
from memdojo.envs.types import PlannedOperation, Question, Stream

QUESTION = Question("q", "Where?", ("Rome",), evidence=frozenset({"t0", "t1", "t2"}))


def _stream() -> Stream:
    return make_stream(
        ("Ann", "I live in Rome."),
        ("Ben", "Nice."),
        questions=[QUESTION],
        time=datetime(2024, 3, 4, 18, 30),
        session="a",
        oracle={"t0": (PlannedOperation("ADD", "Rome"),)},
    )


def _with_turn(**changes: object) -> Stream:
    stream = _stream()
    first, *others = stream.chunks
    turn = dataclasses.replace(first.turns[0], **changes)  # type: ignore[arg-type]
    return dataclasses.replace(stream, chunks=(dataclasses.replace(first, turns=(turn,)), *others))


def _with_question(**changes: object) -> Stream:
    question = dataclasses.replace(QUESTION, **changes)  # type: ignore[arg-type]
    return dataclasses.replace(_stream(), questions=(question,))


@pytest.mark.parametrize(
    "changed",
    [
        _with_turn(id="t9"),
        _with_turn(speaker="Eve"),
        _with_turn(text="I live in Oslo."),
        _with_turn(time=datetime(2024, 3, 4, 18, 31)),
        _with_turn(time=None),
        _with_question(id="p"),
        _with_question(text="Who?"),
        _with_question(answers=("Oslo",)),
        _with_question(evidence=frozenset({"t0"})),
        _with_question(ask_after=0),
        _with_question(unanswerable=True),
        _with_question(category="2"),
        _with_question(metric="exact_match"),
        dataclasses.replace(_stream(), id="other"),
        dataclasses.replace(_stream(), group="other"),
        dataclasses.replace(_stream(), chunks=_stream().chunks[::-1]),
        dataclasses.replace(_stream(), oracle={}),
    ],
)
def test_every_field_counts(changed: Stream) -> None:
    assert stream_digest(changed) != stream_digest(_stream())


def test_the_source_and_half_a_surrogate_do_no_harm() -> None:
    assert stream_digest(dataclasses.replace(_stream(), source="jsonl:x")) == stream_digest(_stream())
    assert len(stream_digest(_with_turn(text="\ud800"))) == 16


def test_it_is_the_same_in_every_process() -> None:
    script = "from test_digests import _stream, stream_digest; print(stream_digest(_stream()))"
    places = [os.path.dirname(__file__), *sys.path]
    found = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(places)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert found == {stream_digest(_stream())}
