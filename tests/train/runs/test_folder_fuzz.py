import contextlib
import random
import shutil
from itertools import islice
from pathlib import Path

import pytest

from builders import make_config
from fuzzing import num_inputs
from memdojo.errors import MemdojoError
from memdojo.train.runs.folder import CONFIG, METRICS, RunFolder
from memdojo.train.runs.streams_record import STREAMS_JSON, read_record
from mutations import damaged_bytes, mutations


def _run(root: Path) -> Path:
    with RunFolder.create(root, make_config("logging.report_to=[]")) as run:
        for update in (1, 2):
            run.log(update, {"reward": 0.5, "validation": float("nan")})
            run.checkpoint_folder(update).mkdir()
    return run.path


def _resume(root: Path) -> str:
    """Go on with the run; return what was wrong, and let pass nothing but errors of memdojo's own."""
    try:
        with RunFolder.resume(root, make_config("logging.report_to=[]")) as run:
            run.metrics()
            run.rewind(1)
            run.log(2, {"reward": 0.5})
    except MemdojoError as error:
        return str(error)
    return ""


@pytest.mark.fuzz
def test_damaged_metrics_are_a_sentence_and_never_lost(tmp_path: Path) -> None:
    content = [{"update": 1, "reward": 0.5, "validation": None}, {"update": 2, "reward": 0.25}]
    path = _run(tmp_path) / METRICS
    for data in islice(mutations(content, 1, lines=True), num_inputs(60)):
        path.write_bytes(data)
        if _resume(tmp_path):
            assert path.read_bytes() == data


@pytest.mark.fuzz
def test_a_damaged_configuration_is_a_sentence(tmp_path: Path) -> None:
    path, rng = _run(tmp_path) / CONFIG, random.Random(2)
    good = path.read_bytes()
    for _ in range(num_inputs(40)):
        path.write_bytes(damaged_bytes(good, rng))
        _resume(tmp_path)


@pytest.mark.fuzz
def test_a_damaged_record_of_streams_is_a_sentence(tmp_path: Path) -> None:
    content = {"train: synthetic:train": [["s0", "0123456789abcdef"], ["s1", "0123456789abcdef"]]}
    for data in islice(mutations(content, 3), num_inputs(40)):
        (tmp_path / STREAMS_JSON).write_bytes(data)
        with contextlib.suppress(MemdojoError):
            read_record(tmp_path)


@pytest.mark.parametrize("name", [CONFIG, METRICS, "checkpoints", "best", ".lock", ".lock.json"])
@pytest.mark.parametrize("there", ["nothing", "a folder", "a file", "a link to itself"])
def test_something_else_in_the_place_of_a_file_is_a_sentence_or_harmless(
    tmp_path: Path, name: str, there: str
) -> None:
    path = _run(tmp_path) / name
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    if there == "a folder":
        path.mkdir()
    elif there == "a file":
        path.write_bytes(b"\x00\xff")
    elif there == "a link to itself":
        path.symlink_to(path)
    _resume(tmp_path)
