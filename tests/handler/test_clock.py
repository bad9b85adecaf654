"""The clock: no wait ends after the response is due."""

from __future__ import annotations

import time

import pytest

from slr_constructs.handler.slr_handler.clock import Clock, OutOfTimeError


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Replace the system clock by one that advances only by sleeping; its item is the time."""
    passed = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: passed[0])
    monkeypatch.setattr(time, "time", lambda: 1_800_000_000.9 + passed[0])

    def sleep(seconds: float) -> None:
        passed[0] += seconds

    monkeypatch.setattr(time, "sleep", sleep)
    return passed


def test_counts_down(machine: list[float]) -> None:
    """The time left is the given time minus the elapsed time."""
    clock = Clock(30)
    machine[0] += 10

    assert clock.left() == 20


def test_waits_within_its_time(machine: list[float]) -> None:
    """A wait that ends in time is done."""
    clock = Clock(30)
    clock.wait(29)

    assert machine == [1029]
    assert clock.left() == 1


@pytest.mark.parametrize("seconds", [30, 31])
def test_fails_when_a_wait_would_end_too_late(machine: list[float], seconds: float) -> None:
    """The error is raised at once, so that time for the response is left."""
    clock = Clock(30)

    with pytest.raises(OutOfTimeError):
        clock.wait(seconds)

    assert machine == [1000]


def test_pauses_have_random_lengths() -> None:
    """Callers that were throttled together wait for different times, but as long on average."""
    pauses = [Clock.vary(10) for _ in range(1000)]

    assert 5 <= min(pauses) < 6
    assert 14 < max(pauses) <= 15
    assert 9.5 < sum(pauses) / len(pauses) < 10.5


def test_now_is_in_whole_seconds(machine: list[float]) -> None:
    """Other runs read the time from a tag."""
    machine[0] = 5

    assert Clock.now() == 1_800_000_005


def test_out_of_time_error_is_not_an_exception() -> None:
    """Botocore treats an `Exception` that interrupts a call as a broken connection."""
    assert not issubclass(OutOfTimeError, Exception)
