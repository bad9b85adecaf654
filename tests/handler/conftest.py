"""Fakes for the network, the time and the credentials."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs.handler.slr_handler import aws
from slr_constructs.handler.slr_handler.operations import service_linked_role
from tests.handler.account import Account
from tests.handler.clocks import FakeClock
from tests.handler.lifecycles import RUN_TOKEN
from tests.handler.stack_status import StackStatus
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


@pytest.fixture(autouse=True)
def _one_token(monkeypatch: pytest.MonkeyPatch) -> None:
    fixed = SimpleNamespace(token_hex=lambda _bytes: RUN_TOKEN)
    monkeypatch.setattr(service_linked_role, "secrets", fixed)


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock with the time of a Lambda run."""
    return FakeClock()


@pytest.fixture
def stack_status() -> StackStatus:
    """Return CloudFormation's answers to the handler."""
    return StackStatus()


@pytest.fixture
def use_clients(
    monkeypatch: pytest.MonkeyPatch, stack_status: StackStatus
) -> Callable[[Callable[..., Any]], None]:
    """Return a function that gives the handler its clients, except that of CloudFormation."""

    def use(client: Callable[..., Any]) -> None:
        monkeypatch.setattr(
            aws,
            "client",
            lambda service, *region: (
                stack_status if service == "cloudformation" else client(service, *region)
            ),
        )

    return use


@pytest.fixture
def stubs(use_clients: Callable[[Callable[..., Any]], None]) -> Iterator[StubbedAws]:
    """Give the handler real clients with stubbed responses."""
    stubbed, exits = StubbedAws.opened()
    use_clients(stubbed.client)
    with exits:
        yield stubbed


@pytest.fixture
def account(use_clients: Callable[[Callable[..., Any]], None], clock: FakeClock) -> Account:
    """Give the handler the IAM of an account in memory."""
    in_memory = Account(now=lambda: clock.elapsed)
    use_clients(lambda *_: in_memory.iam())
    return in_memory


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Logged:
    """Return a function that reads the log lines, which are JSON."""

    def lines() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return lines
