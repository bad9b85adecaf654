"""An account in this process, without network and without real pauses."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.fake_services.connected import ACCOUNT, connect, sign_in
from tests.loopback import only_loopback

if TYPE_CHECKING:
    from tests.fake_services.world import World

__all__ = ["ACCOUNT"]


@pytest.fixture(autouse=True)
def _fake_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in(monkeypatch)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    only_loopback(monkeypatch)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the seconds of every pause. No pause takes time."""
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Return AWS with one account. Every session of the test calls it."""
    return connect(monkeypatch)
