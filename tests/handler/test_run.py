"""A run: its services, what it may have changed, and its growing pauses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slr_constructs.handler.slr_handler.run import Run
from tests.handler.clocks import FakeClock
from tests.handler.events import request

if TYPE_CHECKING:
    from tests.handler.account import Account
    from tests.handler.stubbed import StubbedAws


def _run(clock: FakeClock) -> Run:
    return Run(request("Create", "Custom::Thing", {}), clock)


def test_asks_each_service_through_one_api(stubs: StubbedAws, clock: FakeClock) -> None:
    """What one call changed, the next one knows."""
    run = _run(clock)

    assert run.api("ivs") is run.api("ivs")
    assert run.api("ivs") is not run.api("logs")
    stubs.assert_all_called()


def test_knows_whether_anything_may_have_changed(account: Account, clock: FakeClock) -> None:
    """Reading changes nothing, in whichever service."""
    account.add("Role")
    run = _run(clock)
    run.api("iam").call("get_role", RoleName="Role")
    before = run.changed
    run.api("iam").call("untag_role", RoleName="Role", TagKeys=["x"])

    assert (before, run.changed) == (False, True)


def test_tries_at_once_and_then_after_growing_pauses(clock: FakeClock) -> None:
    """The pauses grow by half until the longest."""
    counts = list(_run(clock).tries(within=30, longest=6))

    assert counts == list(range(len(counts)))
    assert clock.waits[:4] == [2, 3, 4.5, 6]
    assert set(clock.waits[3:]) == {6}
    assert clock.elapsed <= 30


def test_tries_for_as_long_as_there_is_time() -> None:
    """It stops before the answer is due, so that the operation can say why."""
    clock = FakeClock(100)
    list(_run(clock).tries())

    assert 80 < clock.elapsed < 100


@pytest.mark.parametrize("seconds", [0.0, 1.0, 2.0])
def test_tries_once_even_without_time(seconds: float) -> None:
    """Whoever has no time to try again has tried."""
    clock = FakeClock(seconds)

    assert list(_run(clock).tries()) == [0]
    assert clock.elapsed == 0
