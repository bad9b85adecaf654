"""Work that is done side by side, so many pieces at once."""

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
    """What a piece of work came to, and what there is to do because of it."""

    told: Sequence[T] = ()
    more: Sequence[Job[T]] = ()


if TYPE_CHECKING:
    Job: TypeAlias = Callable[[], Done[T]]


def side_by_side(jobs: Iterable[Job[T]], *, at_once: int) -> Iterator[T]:
    """Do all jobs, and those that come of them, and yield what they tell, as soon as they do.

    Jobs start in the order in which they are known. So a job that reads one page, and leaves the
    page's things and then the next page to do, lets no more wait than a page.

    Whoever stops listening stops the work: no job starts any more, and those that have begun, which
    may be calls that nobody can take back, are not waited for.

    Args:
        jobs: What there is to do at first. A job that raises ends it all.

        at_once: How many jobs are being done at the same time, at most.
    """
    if at_once < 1:
        raise ValueError(f"at_once must be 1 or more, got {at_once}")
    work = _Work(jobs)
    try:
        work.start(at_once)
        while work.left:
            yield from work.next_told()
    finally:
        work.stop()


class _Work(Generic[T]):
    """Jobs that wait, jobs that have ended, and the threads between the two.

    Not a pool of `concurrent.futures`: Python waits for the threads of those when it ends.
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

    def next_told(self) -> Sequence[T]:
        done = self._ended.get()
        self.left -= 1
        if isinstance(done, BaseException):
            raise done
        self._add(done.more)
        return done.told

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
            except BaseException as error:  # noqa: BLE001 - raised where somebody listens
                self._ended.put(error)
