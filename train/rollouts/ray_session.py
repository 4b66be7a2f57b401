"""`start_ray`: starts Ray on this machine or connects to a cluster."""

from __future__ import annotations

import os
from typing import Any

import ray

NICENESS = "RAY_worker_niceness"
"""Ray's own variable for how far its workers stand back behind other processes, from 0 to 19."""


def start_ray(address: str | None, *, num_cpus: int) -> bool:
    """Connect to the cluster at `address`, or start Ray on this machine; True unless it was running already.

    On this machine workers get the priority of this process, unless the environment says otherwise. Ray by
    itself makes them stand far back, and the run, which waits for them, would starve beside any other work.

    Args:
        address: Of a running cluster; None starts Ray here.
        num_cpus: Actors of one CPU each that a Ray on this machine must hold.
    """
    if ray.is_initialized():
        return False
    if address is None:
        os.environ.setdefault(NICENESS, "0")
    # On a cluster the number of CPUs is the cluster's own matter.
    local: dict[str, Any] = {} if address else {"num_cpus": num_cpus, "include_dashboard": False}
    ray.init(address=address, log_to_driver=False, logging_level="error", **local)
    return True
