import os
import socket
import subprocess
import sys

import pytest

from memdojo.errors import EngineError
from memdojo.train.rollouts.ray_session import start_ray

SCRIPT = """
import os, ray
from memdojo.train.rollouts.ray_session import start_ray
assert start_ray(None, num_cpus=1)
assert not start_ray(None, num_cpus=1)
nice = ray.remote(lambda: os.getpriority(os.PRIO_PROCESS, 0))
print(ray.get(nice.remote()))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("variable", "niceness"), [({}, 0), ({"RAY_worker_niceness": "7"}, 7)])
def test_workers_stand_back_no_further_than_the_run_that_waits_for_them(
    variable: dict[str, str], niceness: int
) -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    environment = {
        name: value for name, value in os.environ.items() if name != "RAY_worker_niceness"
    } | variable
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) == min(own + niceness, 19)


@pytest.mark.parametrize(
    ("address", "variable", "told"),
    [
        ("127.0.0.1:9", "", r"rollouts\.address is '127\.0\.0\.1:9', and no Ray cluster can be used there"),
        ("ray://127.0.0.1:9", "", r"rollouts\.address is 'ray://127\.0\.0\.1:9'"),
        ("127.0.0.1:99999", "", r"rollouts\.address is"),
        (
            None,
            "127.0.0.1:9",
            r"RAY_ADDRESS is '127\.0\.0\.1:9', and no Ray .* unset it or set it to 'local'",
        ),
        (None, "ray://127.0.0.1:9", r"RAY_ADDRESS is 'ray://"),
    ],
)
def test_an_address_at_which_nobody_answers_is_told_at_once(
    address: str | None, variable: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", variable)
    with pytest.raises(EngineError, match=told):
        start_ray(address, num_cpus=1)


def test_a_number_that_is_no_port_is_not_taken_for_one_that_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        beyond = server.getsockname()[1] + 65536
        with pytest.raises(EngineError, match=rf"{beyond} is no port, which ends at 65535"):
            start_ray(f"127.0.0.1:{beyond}", num_cpus=1)


ENDED_AT_THE_START = """
import os, signal, ray
from memdojo.train.rollouts.ray_session import start_ray, stop_ray
from memdojo.train.runs.interrupts import Interrupted, interrupting
init = ray.init
def init_and_be_told_to_end(**how):
    init(**how)
    os.kill(os.getpid(), signal.SIGTERM)
ray.init = init_and_be_told_to_end
try:
    with interrupting():
        start_ray(None, num_cpus=1)
except Interrupted as interrupt:
    print(interrupt.exit_code)
stop_ray()
"""


@pytest.mark.slow
def test_a_run_that_is_told_to_end_while_ray_starts_ends_by_its_own_handler() -> None:
    result = subprocess.run(
        [sys.executable, "-c", ENDED_AT_THE_START], capture_output=True, text=True, timeout=300
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "143\n", "")


CLUSTER = """
import os, ray
from memdojo.errors import EngineError
from memdojo.train.rollouts import ray_session
ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error")
try:
    ray_session.start_ray(None, num_cpus=3)
except EngineError as error:
    print(error)
assert not ray_session.start_ray(None, num_cpus=2)
"""


@pytest.mark.slow
def test_a_ray_without_room_for_the_workers_is_told() -> None:
    result = subprocess.run([sys.executable, "-c", CLUSTER], capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    assert result.stdout == (
        "Ray, which this process had started before, has 2 CPUs in all, and the run needs 3, one for each "
        "process; give it more, or lower rollouts.num_workers.\n"
    )
