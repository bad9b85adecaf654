"""A run: its services, its changes, and its increasing pauses."""

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


def test_uses_one_api_per_service(stubs: StubbedAws, clock: FakeClock) -> None:
    """All calls share the record of changes."""
    run = _run(clock)

    assert run.api("ivs") is run.api("ivs")
    assert run.api("ivs") is not run.api("logs")
    stubs.assert_all_called()


def test_tracks_whether_a_call_may_have_changed_a_resource(
    account: Account, clock: FakeClock
) -> None:
    """Read calls change nothing in any service."""
    account.add("Role")
    run = _run(clock)
    run.api("iam").call("get_role", RoleName="Role")
    before = run.changed
    run.api("iam").call("untag_role", RoleName="Role", TagKeys=["x"])

    assert (before, run.changed) == (False, True)


def test_attempts_have_increasing_pauses(clock: FakeClock) -> None:
    """The pauses grow by half until the longest."""
    counts = list(_run(clock).attempts(within=30, longest=6))

    assert counts == list(range(len(counts)))
    assert clock.waits[:4] == [2, 3, 4.5, 6]
    assert set(clock.waits[3:]) == {6}
    assert clock.elapsed <= 30


def test_attempts_continue_until_the_time_is_over() -> None:
    """They stop before the response is due, so that the operation can report the reason."""
    clock = FakeClock(100)
    list(_run(clock).attempts())

    assert 80 < clock.elapsed < 100


@pytest.mark.parametrize("seconds", [0.0, 1.0, 2.0])
def test_there_is_one_attempt_even_without_time(seconds: float) -> None:
    """The first attempt does not need time."""
    clock = FakeClock(seconds)

    assert list(_run(clock).attempts()) == [0]
    assert clock.elapsed == 0
