"""Run jobs concurrently, up to a maximum number at the same time."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """The results of a job, and the jobs that follow from it."""

    results: Sequence[T] = ()
    more: Sequence[Job[T]] = ()


if TYPE_CHECKING:
    Job: TypeAlias = Callable[[], Done[T]]


def run_concurrently(jobs: Iterable[Job[T]], *, at_once: int) -> Generator[T]:
    """Run all jobs and the jobs that follow from them, and yield each result as it arrives.

    Jobs start in the order in which they are added. A job that reads a page adds the resources of
    the page before the next page, so never more than one page of jobs waits in the queue.

    If the caller stops iterating, no further job starts. Jobs that are running, which may be calls
    that cannot be cancelled, are not waited for.

    Args:
        jobs: The first jobs. If a job raises, all work stops.

        at_once: The maximum number of jobs that run at the same time.
    """
    if at_once < 1:
        raise ValueError(f"at_once must be 1 or more, got {at_once}")
    waiting: queue.SimpleQueue[Job[T] | None] = queue.SimpleQueue()
    ended: queue.SimpleQueue[Done[T] | BaseException] = queue.SimpleQueue()
    stopped = threading.Event()

    def run_jobs() -> None:
        while (job := waiting.get()) is not None and not stopped.is_set():
            try:
                ended.put(job())
            except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
                # at once: the caller's thread may be busy
                stopped.set()
                ended.put(error)

    left = _put_all(jobs, waiting)
    try:
        # not a pool of `concurrent.futures`: Python waits for the threads of such a pool at exit
        for _ in range(at_once):
            threading.Thread(target=run_jobs, daemon=True).start()
        while left:
            done = ended.get()
            if isinstance(done, BaseException):
                raise done
            left += _put_all(done.more, waiting) - 1
            yield from done.results
    finally:
        stopped.set()
        for _ in range(at_once):
            waiting.put(None)


def _put_all(jobs: Iterable[Job[T]], waiting: queue.SimpleQueue[Job[T] | None]) -> int:
    """Add jobs to a queue, and return their number."""
    added = [*jobs]
    for job in added:
        waiting.put(job)
    return len(added)
