"""A context: its services, its changes, and its increasing pauses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slr_constructs.handler.slr_handler.aws import Api
from slr_constructs.handler.slr_handler.context import Context
from tests.handler.clocks import FakeClock
from tests.handler.events import ACCOUNT

if TYPE_CHECKING:
    from tests.handler.stubbed import StubbedAws


def _context(clock: FakeClock) -> Context:
    return Context(clock, account=ACCOUNT)


def test_attempts_have_increasing_pauses(clock: FakeClock) -> None:
    """The pauses grow by half until the longest."""
    counts = list(_context(clock).attempts(within=30, longest=6))

    assert counts == list(range(len(counts)))
    assert clock.waits[:4] == [2, 3, 4.5, 6]
    assert set(clock.waits[3:]) == {6}
    assert clock.elapsed <= 30


def test_attempts_continue_until_the_time_is_over() -> None:
    """They stop before the response is due, so that the operation can report the reason."""
    clock = FakeClock(100)
    list(_context(clock).attempts())

    assert 80 < clock.elapsed < 100


@pytest.mark.parametrize("seconds", [0.0, 1.0, 2.0])
def test_there_is_one_attempt_even_without_time(seconds: float) -> None:
    """The first attempt does not need time."""
    clock = FakeClock(seconds)

    assert list(_context(clock).attempts()) == [0]
    assert clock.elapsed == 0


def test_a_context_can_have_other_credentials_and_no_stack(
    stubs: StubbedAws, clock: FakeClock
) -> None:
    """The account commands open the services with the credentials of the user."""
    opened: list[tuple[str, str | None]] = []

    def open_api(service: str, region: str | None) -> Api:
        opened.append((service, region))
        return Api(stubs.client(service), clock)

    context = Context(clock, account=ACCOUNT, open_api=open_api)

    assert context.api("ivs") is context.api("ivs")
    assert context.api("ivs") is not context.api("ivs", "eu-west-1")
    assert opened == [("ivs", None), ("ivs", "eu-west-1")]
    assert context.stack_resource is None
