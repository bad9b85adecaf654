"""A fake AWS account for the commands that read one."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.fake_services.connected import ACCOUNT, connect, sign_in
from tests.loopback import only_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fake_services.accounts import FakeAccount
    from tests.fake_services.world import World


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Give the seconds of every pause, without waiting."""
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Give a fake AWS with one account and its credentials, without network access."""
    sign_in(monkeypatch)
    only_loopback(monkeypatch)
    return connect(monkeypatch)


@pytest.fixture
def account(world: World) -> FakeAccount:
    """Give the account of the credentials."""
    return world.account(ACCOUNT)


@pytest.fixture(autouse=True)
def _interruptible() -> Iterator[None]:
    """Enable SIGINT for child processes, because background jobs start with it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
