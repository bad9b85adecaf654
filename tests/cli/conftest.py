"""An account for the commands that ask one."""

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
    """Give the seconds of every wait; none is waited."""
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Give AWS, with one account; there is no network, and the credentials are the account's."""
    sign_in(monkeypatch)
    only_loopback(monkeypatch)
    return connect(monkeypatch)


@pytest.fixture
def account(world: World) -> FakeAccount:
    """Give the account that commands are called for."""
    return world.account(ACCOUNT)


@pytest.fixture(autouse=True)
def _interruptible() -> Iterator[None]:
    """Let what a test starts hear an interruption: a job in the background starts with it off."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
