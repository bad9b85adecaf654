"""Work side by side: all of it is done, so many pieces at once, until somebody has enough."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slr_constructs.account.side_by_side import Done, side_by_side
from slr_constructs.handler.slr_handler.clock import OutOfTimeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.account.side_by_side import Job

#: far more than anything here takes, so that a test that fails does not hang.
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


def _tells(*told: int, more: tuple[Job[int], ...] = ()) -> Job[int]:
    return lambda: Done(told, more)


@pytest.mark.parametrize("at_once", [1, 5])
def test_nothing_to_do_is_done(at_once: int) -> None:
    """It tells nothing, and comes to an end."""
    assert [*side_by_side(iter(()), at_once=at_once)] == []


def test_all_that_jobs_tell_is_told() -> None:
    """Nothing of it, a piece, or many; of the first jobs, and of those that come of them."""
    later = _tells(4, more=(_tells(5), _tells()))
    jobs = (_tells(1, 2, 3, more=(later, _tells(6))), _tells(), _tells(7))

    assert sorted(side_by_side(jobs, at_once=3)) == [1, 2, 3, 4, 5, 6, 7]


def test_as_many_jobs_as_may_be_are_done_at_once() -> None:
    """And never one more."""
    lock = threading.Lock()
    together = threading.Barrier(4)
    now: list[int] = []
    most: list[int] = []

    def job() -> Done[int]:
        with lock:
            now.append(0)
            most.append(len(now))
        # goes on when four are here
        together.wait(_SECONDS)
        with lock:
            now.pop()
        return Done([1])

    assert len([*side_by_side([job] * 40, at_once=4)]) == 40
    assert max(most) == 4


def test_what_is_told_is_there_before_all_is_done() -> None:
    """Whoever waits for a result does not wait for the others."""
    done = threading.Event()

    def slow() -> Done[int]:
        assert done.wait(_SECONDS)
        return Done([2])

    results = side_by_side([slow, _tells(1)], at_once=2)

    assert next(results) == 1
    done.set()
    assert [*results] == [2]


def test_jobs_start_in_the_order_in_which_they_are_known() -> None:
    """Those that come of a job start after those that were known before."""
    started: list[str] = []

    def job(name: str, more: tuple[Job[int], ...] = ()) -> Job[int]:
        def do() -> Done[int]:
            started.append(name)
            return Done(more=more)

        return do

    first = job("a", (job("aa", (job("aaa"),)), job("ab")))
    second = job("b", (job("ba"),))

    assert [*side_by_side([first, second, job("c")], at_once=1)] == []
    assert started == ["a", "b", "c", "aa", "ab", "ba", "aaa"]


def test_no_more_waits_than_the_things_of_a_page() -> None:
    """A page leaves its things to do, and then the next page: not all pages come first."""
    lock = threading.Lock()
    waiting = [0]
    most = [0]

    def known(number: int) -> None:
        with lock:
            waiting[0] += number
            most[0] = max(most[0], waiting[0])

    def thing() -> Done[int]:
        known(-1)
        return Done([1])

    def page(number: int) -> Job[int]:
        def read() -> Done[int]:
            known(10)
            return Done(more=[*[thing] * 10, *([page(number + 1)] if number < 20 else [])])

        return read

    assert len([*side_by_side([page(1)], at_once=2)]) == 200
    assert most[0] <= 11


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, OutOfTimeError])
def test_a_job_that_raises_ends_it_all(error: type[BaseException]) -> None:
    """Whoever listens gets what it raised, and what has not begun does not begin."""
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
        [*side_by_side([fails, waits, never], at_once=1)]
    go_on.set()
    _wait_for_threads(before)

    assert not begun


def test_whoever_stops_listening_stops_the_work() -> None:
    """No job starts any more, and the one that has begun is not waited for."""
    go_on = threading.Event()
    begun: list[int] = []

    def waits() -> Done[int]:
        assert go_on.wait(_SECONDS)
        return Done([2])

    def never() -> Done[int]:
        begun.append(1)
        return Done([3])

    before = {*threading.enumerate()}
    for told in side_by_side([_tells(1), waits, *[never] * 5], at_once=1):
        assert told == 1
        break
    go_on.set()
    _wait_for_threads(before)

    assert not begun


def test_nothing_starts_before_somebody_listens() -> None:
    """Nor does a thread."""
    before = {*threading.enumerate()}
    results = side_by_side([_tells(1)], at_once=3)

    assert {*threading.enumerate()} == before
    assert [*results] == [1]


def test_threads_do_not_keep_python_from_ending() -> None:
    """A call that nobody can take back may be under way then."""
    daemons: list[bool] = []

    def job() -> Done[int]:
        daemons.append(threading.current_thread().daemon)
        return Done()

    assert [*side_by_side([job], at_once=1)] == []
    assert daemons == [True]


def test_a_thread_that_cannot_be_had_ends_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that has no threads left is told of, and those that it gave are given back."""
    start = threading.Thread.start
    left = iter([True, True])

    def starts(thread: threading.Thread) -> None:
        if not next(left, False):
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", starts)

    with pytest.raises(RuntimeError, match="can't start"):
        [*side_by_side([_tells(1)] * 5, at_once=4)]


@pytest.mark.parametrize("at_once", [0, -1])
def test_nothing_at_once_is_refused(at_once: int) -> None:
    """It would never end."""
    with pytest.raises(ValueError, match="at_once must be 1 or more, got"):
        [*side_by_side([_tells(1)], at_once=at_once)]


class _Tree:
    """A job, and those that come of it."""

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
def test_any_tree_of_jobs_is_done_once_and_wholly(trees: list[_Tree], at_once: int) -> None:
    """However jobs come of jobs, and however many are done at once."""
    told = side_by_side([tree.do for tree in trees], at_once=at_once)

    assert sorted(told) == sorted(size for tree in trees for size in tree.sizes())
