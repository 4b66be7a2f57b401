"""`start_ray`: starts Ray on this machine or connects to a cluster."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import ray

from memdojo.errors import EngineError, reason_of

NICENESS = "RAY_worker_niceness"
"""Ray's own variable for how far its workers stand back behind other processes, from 0 to 19."""
ADDRESS = "RAY_ADDRESS"
"""Ray's own variable for the cluster that programs on this machine should use."""
LOCAL = "local"
"""Ray's own word for a Ray of this program alone, on this machine."""

_SECONDS_BETWEEN_LOOKS = 2.0
_SECONDS_TO_CONNECT = 10.0
_LAST_PORT = 65535


def start_ray(address: str | None, *, num_cpus: int) -> bool:
    """Connect to a cluster, or start Ray on this machine; True unless this process had it running already.

    On this machine workers get the priority of this process, unless the environment says otherwise. Ray by
    itself makes them stand far back, and the run, which waits for them, would starve beside any other work.

    Args:
        address: Of a running cluster. None means that of the environment variable RAY_ADDRESS; without it,
            Ray starts here, beside any other Ray that runs on this machine.
        num_cpus: Actors of one CPU each that a Ray on this machine must hold.

    Raises:
        EngineError: If the cluster cannot be reached or is too small, or Ray cannot start.
    """
    if ray.is_initialized():
        _require_cpus(num_cpus, "Ray, which this process had started before,")
        return False
    wanted = address or os.environ.get(ADDRESS) or LOCAL
    is_local = wanted == LOCAL
    if is_local:
        os.environ.setdefault(NICENESS, "0")
    # On a cluster the number of CPUs is the cluster's own matter.
    local: dict[str, Any] = {"num_cpus": num_cpus, "include_dashboard": False} if is_local else {}
    if why := _unreachable(wanted):
        raise EngineError(_not_started(address, wanted, why))
    # What arrives meanwhile must find the own handler again.
    with _ending_signals_for_us_alone(), _own_signals():
        try:
            ray.init(address=wanted, log_to_driver=False, logging_level="error", **local)
        except Exception as error:
            raise EngineError(_not_started(address, wanted, reason_of(error))) from error
    if not is_local:
        try:
            _require_cpus(num_cpus, f"the Ray cluster at {wanted}")
        except EngineError:
            stop_ray()
            raise
    return True


def stop_ray() -> None:
    """End what `start_ray` started, or leave the cluster that it has connected to."""
    with _own_signals():
        ray.shutdown()


def first_done(futures: Sequence[Any]) -> Any:
    """Wait until one of the futures is done, whatever it ended in, and return it.

    Raises:
        EngineError: If Ray on this machine has died: by itself it would let the run wait for ever.
    """
    while True:
        done, _ = ray.wait(list(futures), num_returns=1, timeout=_SECONDS_BETWEEN_LOOKS)
        if done:
            return done[0]
        if not _is_alive():
            raise EngineError(
                "the processes of Ray on this machine have ended under the run; continue with --resume."
            )


def _is_alive() -> bool:
    own = ray.get_runtime_context().get_node_id()
    return any(node["Alive"] for node in ray.nodes() if node["NodeID"] == own)


def _unreachable(address: str) -> str:
    """Say why nobody answers at an address; "" if somebody does, or the address is a name such as `auto`.

    Ray itself tries for minutes, and then ends the process.
    """
    host, colon, port = address.removeprefix("ray://").partition("/")[0].rpartition(":")
    if not colon or not port.isdecimal():
        return ""
    if int(port) > _LAST_PORT:
        # What it leaves modulo 65,536 would be tried instead, and somebody may listen there.
        return f"{port} is no port, which ends at {_LAST_PORT}"
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_SECONDS_TO_CONNECT).close()
    except OSError as error:
        return str(error) or type(error).__name__
    return ""


def _not_started(address: str | None, wanted: str, why: str) -> str:
    if wanted == LOCAL:
        return (
            f"Ray cannot start on this machine ({why}); set rollouts.num_workers to 0 to play without it, "
            "where the policy and its learner allow that."
        )
    if address is None:
        return (
            f"{ADDRESS} is {wanted!r}, and no Ray cluster can be used there ({why}); unset it or set it to "
            f"{LOCAL!r}, and Ray starts on this machine, or give rollouts.address."
        )
    return (
        f"rollouts.address is {wanted!r}, and no Ray cluster can be used there ({why}); start one, give "
        "another address, or leave it out."
    )


def _require_cpus(num_cpus: int, where: str) -> None:
    """Refuse a Ray without room: actors would wait for it without a word.

    Raises:
        EngineError: If all of its machines together have fewer CPUs.
    """
    there = ray.cluster_resources().get("CPU", 0)
    if there < num_cpus:
        raise EngineError(
            f"{where} has {there:g} CPUs in all, and the run needs {num_cpus}, one for each process; "
            "give it more, or lower rollouts.num_workers."
        )


@contextlib.contextmanager
def _ending_signals_for_us_alone() -> Iterator[None]:
    """Let the processes that are started meanwhile ignore what ends a job or a terminal, as Ray has it for
    Ctrl-C: a whole group, or all processes of a job, are told so, and the run needs them to end its update.

    Those are the processes of a Ray on this machine, never those of a cluster, which has its own. They still
    end: `ray.shutdown` kills what has not ended a second after SIGTERM, and `ray stop` what has not after its
    grace period.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _own_signals() -> Iterator[None]:
    """Keep this program's handler of SIGTERM: Ray puts one in its place that prints a stack trace."""
    is_main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM) if is_main else None
    try:
        yield
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)
