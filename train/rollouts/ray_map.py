"""`RayMap`: a function applied to many jobs, each in a Ray task."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import ray

from memdojo.agents.compact.base import use_one_thread

from .ray_session import first_done, start_ray, stop_ray

JobT = TypeVar("JobT")
ResultT = TypeVar("ResultT")


class RayMap:
    """Does jobs as Ray tasks, and yields each with its result as soon as it is done.

    Args:
        num_workers: Tasks that run at a time.
        num_gpus: GPUs of a task, for policies that need one.
        address: Of a running Ray cluster; None starts Ray on this machine, if it does not run yet.
    """

    def __init__(self, num_workers: int, *, num_gpus: float = 0, address: str | None = None) -> None:
        self._num_workers = num_workers
        self._num_gpus = num_gpus
        self._address = address

    def __call__(
        self, function: Callable[[JobT], ResultT], jobs: Sequence[JobT]
    ) -> Iterator[tuple[JobT, ResultT | Exception]]:
        """Yield each job with its result, or with the error that it ended in, as they are done.

        No more tasks than workers are sent at a time, also on a cluster that has more room.
        """
        started = start_ray(self._address, num_cpus=self._num_workers)
        running: dict[ray.ObjectRef, JobT] = {}
        try:
            task = ray.remote(_do).options(num_cpus=1, num_gpus=self._num_gpus)
            shared = ray.put(function)
            waiting = deque(jobs)
            while waiting or running:
                while waiting and len(running) < self._num_workers:
                    job = waiting.popleft()
                    running[task.remote(shared, job)] = job
                done = first_done(list(running))
                job = running.pop(done)
                yield job, _result(done)
        finally:
            for left in running:
                ray.cancel(left, force=True)
            if started:
                stop_ray()


def _do(function: Callable[[JobT], ResultT], job: JobT) -> ResultT:
    # There is a task on every core already.
    use_one_thread()
    return function(job)


def _result(done: ray.ObjectRef) -> ResultT | Exception:
    """Return what a task returned, or what failed in it: Ray's own error has a traceback for its message."""
    try:
        result: ResultT = ray.get(done)
    except ray.exceptions.RayError as error:
        cause = getattr(error, "cause", None)
        return cause if isinstance(cause, Exception) else error
    return result
