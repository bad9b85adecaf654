"""Concurrent jobs: all of them run, limited in number, until the caller stops."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slr_constructs.account.concurrency import Done, run_concurrently
from slr_constructs.handler.slr_handler.clock import OutOfTimeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.account.concurrency import Job

#: far longer than any test takes, so that a failing test does not hang.
_SECONDS = 10


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = {*threading.enumerate()}
    yield
    _wait_for_threads(before)
    assert {*threading.enumerate()} <= before


def _wait_for_threads(before: set[threading.Thread]) -> None:
    for thread in {*threading.enumerate()} - before:
        thread.join(_SECONDS)


def _returns(*results: int, more: tuple[Job[int], ...] = ()) -> Job[int]:
    return lambda: Done(results, more)


@pytest.mark.parametrize("at_once", [1, 5])
def test_no_jobs_give_no_results(at_once: int) -> None:
    """The iteration ends at once."""
    assert [*run_concurrently(iter(()), at_once=at_once)] == []


def test_all_results_of_all_jobs_are_yielded() -> None:
    """No result, one, or many, of the first jobs and of those that follow from them."""
    later = _returns(4, more=(_returns(5), _returns()))
    jobs = (_returns(1, 2, 3, more=(later, _returns(6))), _returns(), _returns(7))

    assert sorted(run_concurrently(jobs, at_once=3)) == [1, 2, 3, 4, 5, 6, 7]


def test_at_once_is_the_number_of_concurrent_jobs() -> None:
    """Never one more."""
    lock = threading.Lock()
    together = threading.Barrier(4)
    now: list[int] = []
    most: list[int] = []

    def job() -> Done[int]:
        with lock:
            now.append(0)
            most.append(len(now))
        # continues when four jobs are here
        together.wait(_SECONDS)
        with lock:
            now.pop()
        return Done([1])

    assert len([*run_concurrently([job] * 40, at_once=4)]) == 40
    assert max(most) == 4


def test_a_result_is_yielded_before_the_other_jobs_end() -> None:
    """The caller does not wait for slower jobs."""
    done = threading.Event()

    def slow() -> Done[int]:
        assert done.wait(_SECONDS)
        return Done([2])

    results = run_concurrently([slow, _returns(1)], at_once=2)

    assert next(results) == 1
    done.set()
    assert [*results] == [2]


def test_jobs_start_in_the_order_in_which_they_are_added() -> None:
    """Jobs that follow from a job start after those that were added before."""
    started: list[str] = []

    def job(name: str, more: tuple[Job[int], ...] = ()) -> Job[int]:
        def do() -> Done[int]:
            started.append(name)
            return Done(more=more)

        return do

    first = job("a", (job("aa", (job("aaa"),)), job("ab")))
    second = job("b", (job("ba"),))

    assert [*run_concurrently([first, second, job("c")], at_once=1)] == []
    assert started == ["a", "b", "c", "aa", "ab", "ba", "aaa"]


def test_at_most_one_page_of_jobs_waits() -> None:
    """A page adds its resources before the next page, so the pages do not all come first."""
    lock = threading.Lock()
    waiting = [0]
    most = [0]

    def known(number: int) -> None:
        with lock:
            waiting[0] += number
            most[0] = max(most[0], waiting[0])

    def target() -> Done[int]:
        known(-1)
        return Done([1])

    def page(number: int) -> Job[int]:
        def read() -> Done[int]:
            known(10)
            return Done(more=[*[target] * 10, *([page(number + 1)] if number < 20 else [])])

        return read

    assert len([*run_concurrently([page(1)], at_once=2)]) == 200
    assert most[0] <= 11


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, OutOfTimeError])
def test_a_job_that_raises_stops_all_work(error: type[BaseException]) -> None:
    """The caller gets the exception, and no further job starts."""
    go_on = threading.Event()
    begun: list[int] = []

    def fails() -> Done[int]:
        raise error("as it is")

    def waits() -> Done[int]:
        assert go_on.wait(_SECONDS)
        return Done([1])

    def never() -> Done[int]:
        begun.append(1)
        return Done([2])

    before = {*threading.enumerate()}
    with pytest.raises(error, match="as it is"):
        [*run_concurrently([fails, waits, never], at_once=1)]
    go_on.set()
    _wait_for_threads(before)

    assert not begun


def test_a_caller_that_stops_iterating_stops_the_work() -> None:
    """No further job starts, and the running one is not waited for."""
    go_on = threading.Event()
    begun: list[int] = []

    def waits() -> Done[int]:
        assert go_on.wait(_SECONDS)
        return Done([2])

    def never() -> Done[int]:
        begun.append(1)
        return Done([3])

    before = {*threading.enumerate()}
    for results in run_concurrently([_returns(1), waits, *[never] * 5], at_once=1):
        assert results == 1
        break
    go_on.set()
    _wait_for_threads(before)

    assert not begun


def test_nothing_starts_before_the_iteration() -> None:
    """No thread either."""
    before = {*threading.enumerate()}
    results = run_concurrently([_returns(1)], at_once=3)

    assert {*threading.enumerate()} == before
    assert [*results] == [1]


def test_threads_do_not_keep_python_running() -> None:
    """A call that cannot be cancelled may be running at exit."""
    daemons: list[bool] = []

    def job() -> Done[int]:
        daemons.append(threading.current_thread().daemon)
        return Done()

    assert [*run_concurrently([job], at_once=1)] == []
    assert daemons == [True]


def test_a_thread_that_cannot_start_ends_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the system has no threads left, the error is raised and the started threads end."""
    start = threading.Thread.start
    left = iter([True, True])

    def starts(thread: threading.Thread) -> None:
        if not next(left, False):
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", starts)

    with pytest.raises(RuntimeError, match="can't start"):
        [*run_concurrently([_returns(1)] * 5, at_once=4)]


@pytest.mark.parametrize("at_once", [0, -1])
def test_zero_at_once_is_an_error(at_once: int) -> None:
    """The iteration would never end."""
    with pytest.raises(ValueError, match="at_once must be 1 or more, got"):
        [*run_concurrently([_returns(1)], at_once=at_once)]


class _Tree:
    """A job, and the jobs that follow from it."""

    def __init__(self, trees: list[_Tree]) -> None:
        self.trees = trees
        self.size: int = 1 + sum(tree.size for tree in trees)

    def sizes(self) -> list[int]:
        return [self.size, *(size for tree in self.trees for size in tree.sizes())]

    def do(self) -> Done[int]:
        return Done([self.size], [tree.do for tree in self.trees])


_LEAVES = st.builds(_Tree, st.just([]))
_TREES = st.recursive(
    _LEAVES, lambda trees: st.builds(_Tree, st.lists(trees, max_size=4)), max_leaves=30
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trees=st.lists(_TREES, max_size=4), at_once=st.integers(1, 6))
def test_any_tree_of_jobs_runs_completely_and_once(trees: list[_Tree], at_once: int) -> None:
    """With any tree of jobs, and any number of concurrent jobs."""
    results = run_concurrently([tree.do for tree in trees], at_once=at_once)

    assert sorted(results) == sorted(size for tree in trees for size in tree.sizes())
