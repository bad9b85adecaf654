"""The emulated account, opened like a sandbox account of AWS."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
import botocore.session
import pytest

from tests.emulated.people import LOADER, REGIONS, SimulatedTime
from tests.integ.sandbox import open_sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.emulated.stacks import Account
    from tests.integ.sandbox import Sandbox


@contextmanager
def environment_of(account: Account) -> Iterator[None]:
    """Set the environment of this process to that of a caller with all permissions."""
    emulator = account.emulator
    variables = {
        **emulator.environment(account.id, REGIONS[0]),
        # boto3 needs no TLS
        "AWS_ENDPOINT_URL": emulator.url,
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        patch.delenv("AWS_PROFILE", raising=False)
        patch.delenv("AWS_SESSION_TOKEN", raising=False)
        patch.setattr(botocore.session, "create_loader", lambda *_: LOADER)
        # the account has nothing in other regions
        patch.setattr(boto3.Session, "get_available_regions", lambda *_: [*REGIONS])
        yield


@contextmanager
def opened(account: Account, on_sleep: Callable[[], None] = lambda: None) -> Iterator[Sandbox]:
    """Open the account; waits of the body take simulated time.

    Args:
        account: The account.

        on_sleep: Called before each wait.
            Default: nothing is called.
    """
    clock = account.emulator.clock

    def sleep(seconds: float) -> None:
        on_sleep()
        clock.sleep(actor, seconds)

    with (
        environment_of(account),
        clock.actor("probe") as actor,
        pytest.MonkeyPatch.context() as patch,
    ):
        time = SimulatedTime(clock, actor)
        time.sleep = sleep
        patch.setattr("slr_constructs.handler.slr_handler.clock.time", time)
        yield open_sandbox()
