"""Run jobs concurrently, up to a maximum number at the same time."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """The results of a job, and the jobs that follow from it."""

    results: Sequence[T] = ()
    more: Sequence[Job[T]] = ()


if TYPE_CHECKING:
    Job: TypeAlias = Callable[[], Done[T]]


def run_concurrently(jobs: Iterable[Job[T]], *, at_once: int) -> Iterator[T]:
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
    work = _Work(jobs)
    try:
        work.start(at_once)
        while work.left:
            yield from work.next_results()
    finally:
        work.stop()


class _Work(Generic[T]):
    """Queues of waiting jobs and of finished jobs, and the threads that run them.

    Not a pool of `concurrent.futures`: Python waits for the threads of such a pool at exit.
    """

    def __init__(self, jobs: Iterable[Job[T]]) -> None:
        self.left = 0
        self._waiting: queue.SimpleQueue[Job[T] | None] = queue.SimpleQueue()
        self._ended: queue.SimpleQueue[Done[T] | BaseException] = queue.SimpleQueue()
        self._threads = 0
        self._stopped = False
        self._add(jobs)

    def start(self, at_once: int) -> None:
        self._threads = at_once
        for _ in range(at_once):
            threading.Thread(target=self._do, daemon=True).start()

    def next_results(self) -> Sequence[T]:
        done = self._ended.get()
        self.left -= 1
        if isinstance(done, BaseException):
            raise done
        self._add(done.more)
        return done.results

    def stop(self) -> None:
        self._stopped = True
        for _ in range(self._threads):
            self._waiting.put(None)

    def _add(self, jobs: Iterable[Job[T]]) -> None:
        for job in jobs:
            self._waiting.put(job)
            self.left += 1

    def _do(self) -> None:
        while True:
            job = self._waiting.get()
            if job is None or self._stopped:
                return
            try:
                self._ended.put(job())
            except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
                self._ended.put(error)
