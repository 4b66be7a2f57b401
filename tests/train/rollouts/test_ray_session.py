import os
import subprocess
import sys

import pytest

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
