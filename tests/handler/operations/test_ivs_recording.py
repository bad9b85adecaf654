"""IVS recording: a live channel, and a channel that was changed outside of the stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slr_constructs.handler.slr_handler.entrypoint import respond
from tests.handler.clocks import FakeClock
from tests.handler.events import request
from tests.handler.lifecycles import IVS_CHANNEL, RECORDING, marked
from tests.handler.stubbed import Call

if TYPE_CHECKING:
    from slr_constructs.handler.slr_handler.cloudformation import Response
    from tests.handler.stubbed import StubbedAws

LIVE_REASON = (
    f"{IVS_CHANNEL} is live, and IVS does not change the recording of a live channel. Stop its"
    " stream and try again"
)


def _update(recording: str) -> Call:
    return Call(
        service="ivs",
        method="update_channel",
        params={"arn": IVS_CHANNEL, "recordingConfigurationArn": recording},
    )


def _get(**channel: str) -> Call:
    return Call(
        service="ivs",
        method="get_channel",
        params={"arn": IVS_CHANNEL},
        response={"channel": {"arn": IVS_CHANNEL, **channel}},
    )


def _ask(kind: str, clock: FakeClock) -> Response:
    wanted = {"ChannelArn": IVS_CHANNEL, "RecordingConfigurationArn": RECORDING}
    known = f"{IVS_CHANNEL}/recording-configuration"
    return respond(
        request(kind, "Custom::IvsChannelRecording", wanted, physical_resource_id=known), clock
    )


def test_configures_each_field(stubs: StubbedAws, clock: FakeClock) -> None:
    """The channel gets the recording configuration."""
    stubs.expect(marked(_get(), "tags", "resourceArn", _update(RECORDING)))

    response = _ask("Create", clock)

    assert response.reason == f"{IVS_CHANNEL} is recorded with {RECORDING}"
    stubs.assert_all_called()


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_waits_for_a_live_channel(kind: str, stubs: StubbedAws, clock: FakeClock) -> None:
    """A stream may end within the function's time."""
    wanted = "" if kind == "Delete" else RECORDING
    if kind == "Delete":
        stubs.expect([_get(recordingConfigurationArn=RECORDING)])
    else:
        stubs.expect(marked(_get(), "tags", "resourceArn"))
    stubs.expect([*_update(wanted).refuse("ConflictException", 409, times=20), _update(wanted)])

    response = _ask(kind, clock)

    assert not response.failed, response.reason
    assert clock.elapsed > 300
    stubs.assert_all_called()


@pytest.mark.parametrize("kind", ["Create", "Delete"])
def test_fails_when_the_channel_stays_live(kind: str, stubs: StubbedAws) -> None:
    """The reason comes in time, and says what to do."""
    clock = FakeClock(100)
    wanted = "" if kind == "Delete" else RECORDING
    if kind == "Delete":
        stubs.expect([_get(recordingConfigurationArn=RECORDING)])
    else:
        stubs.expect(marked(_get(), "tags", "resourceArn"))
    stubs.expect(_update(wanted).refuse("ConflictException", 409, times=9))

    response = _ask(kind, clock)

    assert response.failed
    assert response.reason == LIVE_REASON
    stubs.assert_all_called()


@pytest.mark.parametrize("channel", [{}, {"recordingConfigurationArn": f"{RECORDING}2"}])
def test_delete_keeps_a_recording_that_others_configured(
    channel: dict[str, str], stubs: StubbedAws, clock: FakeClock
) -> None:
    """The function does not change a channel that has another recording configuration now."""
    stubs.expect([_get(**channel)])

    response = _ask("Delete", clock)

    assert response.reason == f"recording of {IVS_CHANNEL} stays as it is"


def test_delete_without_a_recording_configuration_changes_nothing(
    stubs: StubbedAws, clock: FakeClock
) -> None:
    """It is unknown who configured the recording of the channel."""
    stubs.expect([_get(recordingConfigurationArn=f"{RECORDING}2")])

    response = respond(
        request(
            "Delete",
            "Custom::IvsChannelRecording",
            {"ChannelArn": IVS_CHANNEL},
            physical_resource_id=f"{IVS_CHANNEL}/recording-configuration",
        ),
        clock,
    )

    assert response.reason == (
        f"recording of {IVS_CHANNEL} stays as it is, because it is not known what was asked for"
    )
    stubs.assert_all_called()


def test_delete_succeeds_when_the_channel_is_deleted_meanwhile(
    stubs: StubbedAws, clock: FakeClock
) -> None:
    """The owner may be deleted before the second call."""
    stubs.expect(
        [
            _get(recordingConfigurationArn=RECORDING),
            *_update("").refuse("ResourceNotFoundException", 404),
        ]
    )

    response = _ask("Delete", clock)

    assert response.reason == (f"{IVS_CHANNEL} does not exist, so it has no recording to disable")
