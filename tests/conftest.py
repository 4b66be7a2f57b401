import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from fuzzing import INPUTS

# As workers do it: a handful of threads would fight over few cores. Read when the libraries are first loaded.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "2")

# As `start_ray` has it: with Ray's default workers starve beside other work, and tests time out.
os.environ.setdefault("RAY_worker_niceness", "0")

pytest.register_assert_rewrite("builders")

# Without a deadline, for a test that is slow under load is no fault.
settings.register_profile("memdojo", deadline=None, max_examples=INPUTS or settings.default.max_examples)
settings.load_profile("memdojo")


def pytest_report_header() -> str:
    folder = os.environ.get("MEMDOJO_DATA")
    if folder is None:
        return "MEMDOJO_DATA is not set: tests of real data skip unless the data is in the user's cache"
    missing = "" if os.path.isdir(folder) else ", which is no folder: tests of real data skip"
    return f"MEMDOJO_DATA is {folder}{missing}"


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Let torch compute in one thread, so that sums of floats come out the same every time."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny_language_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the smallest language model with a tokenizer. For reading only: tests share it."""
    from memdojo.agents.language.tiny import build_tiny_model

    folder = tmp_path_factory.mktemp("models") / "tiny"
    folder.mkdir()
    build_tiny_model(folder, hidden_dim=32, num_layers=1, num_heads=1, num_streams=20)
    return folder
