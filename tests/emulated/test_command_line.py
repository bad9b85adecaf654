"""The CDK command line: bootstrap, deploy, diff, a failure with its message, and destroy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cdk_command_line import CommandError, on_emulator
from tests.emulated.emulator.behaviour import Refusal
from tests.emulated.verdict import broken, left

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.emulated.emulator.behaviour import Fault
    from tests.emulated.emulator.functions import Run
    from tests.emulated.stacks import Account
    from tests.fake_services.wire import Call

_STACK = "LiveShowHotline"
_ROLE = "AWSServiceRoleForAmazonChimeVoiceConnector"


def _too_long(_run: Run, call: Call) -> Fault | None:
    if call.operation != "PutVoiceConnectorStreamingConfiguration":
        return None
    return Refusal("BadRequestException", "DataRetentionInHours is more than we keep", 400)


def test_the_command_line_deploys_and_destroys(
    account: Account, tmp_path_factory: pytest.TempPathFactory, tally: Callable[..., None]
) -> None:
    """A second deployment changes nothing, a failure has its reason, and nothing is left."""
    emulator = account.emulator
    cdk = on_emulator(emulator, account.id, tmp_path_factory.mktemp("home"))
    cdk.synth()
    cdk.bootstrap()
    bootstrapped = left(account)

    emulator.behaviour.fault = _too_long
    with pytest.raises(CommandError) as failed:
        cdk.deploy(_STACK)
    assert "DataRetentionInHours is more than we keep" in str(failed.value)
    assert "PutVoiceConnectorStreamingConfiguration failed" in str(failed.value)
    cdk.destroy(_STACK)
    assert left(account) == bootstrapped

    emulator.reset()
    cdk.deploy(_STACK)
    assert emulator.roles.of(account.id) == [_ROLE]
    events = len(emulator.journal.of(account.id, "event"))
    assert "There were no differences" in cdk.diff(_STACK)
    assert f"{_STACK} (no changes)" in cdk.deploy(_STACK)
    assert len(emulator.journal.of(account.id, "event")) == events

    cdk.destroy(_STACK)
    assert broken(emulator.journal.of(account.id)) == []
    left_over = sorted({*left(account)} - {*bootstrapped})
    assert left_over == []
    tally("command line", commands=8, left_over=len(left_over))
