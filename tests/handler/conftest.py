"""Fakes for the network, the time and the credentials."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs.handler.slr_handler import aws
from tests.handler.account import Account
from tests.handler.clocks import FakeClock
from tests.handler.stubbed import StubbedAws
from tests.loopback import only_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Logged = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def _fake_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    only_loopback(monkeypatch)


@pytest.fixture(autouse=True)
def _no_sleeping(monkeypatch: pytest.MonkeyPatch) -> None:
    def sleep(seconds: float) -> None:
        pytest.fail(f"a test slept for {seconds} seconds")

    monkeypatch.setattr(time, "sleep", sleep)


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock with the time of a Lambda run."""
    return FakeClock()


@pytest.fixture
def stubs(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubbedAws]:
    """Give the handler real clients with stubbed responses."""
    stubbed, exits = StubbedAws.opened()
    monkeypatch.setattr(aws, "client", stubbed.client)
    with exits:
        yield stubbed


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, clock: FakeClock) -> Account:
    """Give the handler the IAM of an account in memory."""
    in_memory = Account(now=lambda: clock.elapsed)
    monkeypatch.setattr(aws, "client", lambda *_: in_memory.iam())
    return in_memory


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Logged:
    """Return a function that reads the log lines, which are JSON."""

    def lines() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return lines
