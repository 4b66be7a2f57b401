"""`start_ray`: starts Ray on this machine or connects to a cluster."""

from __future__ import annotations

from typing import Any

import ray


def start_ray(address: str | None, *, num_cpus: int) -> bool:
    """Connect to the cluster at `address`, or start Ray on this machine; True unless it was running already.

    Args:
        address: Of a running cluster; None starts Ray here.
        num_cpus: Actors of one CPU each that a Ray on this machine must hold.
    """
    if ray.is_initialized():
        return False
    # On a cluster the number of CPUs is the cluster's own matter.
    local: dict[str, Any] = {} if address else {"num_cpus": num_cpus, "include_dashboard": False}
    ray.init(address=address, log_to_driver=False, logging_level="error", **local)
    return True
