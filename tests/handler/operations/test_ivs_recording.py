"""IVS recording: a live channel, and a channel that others have pointed elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slr_constructs.handler.slr_handler.entrypoint import answer_to
from tests.handler.clocks import FakeClock
from tests.handler.events import request
from tests.handler.lifecycles import IVS_CHANNEL, RECORDING
from tests.handler.stubbed import Call

if TYPE_CHECKING:
    from slr_constructs.handler.slr_handler.lifecycle import Answer
    from tests.handler.stubbed import StubbedAws

LIVE_REASON = (
    f"{IVS_CHANNEL} is live, and IVS does not change the recording of a live channel; stop its"
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
        answer={"channel": {"arn": IVS_CHANNEL, **channel}},
    )


def _ask(kind: str, clock: FakeClock) -> Answer:
    wanted = {"ChannelArn": IVS_CHANNEL, "RecordingConfigurationArn": RECORDING}
    return answer_to(request(kind, "Custom::IvsChannelRecording", wanted, physical_id="id"), clock)


def test_puts_each_field(stubs: StubbedAws, clock: FakeClock) -> None:
    """The channel is pointed at the recording configuration."""
    stubs.expect([_update(RECORDING)])

    answer = _ask("Create", clock)

    assert answer.reason == f"{IVS_CHANNEL} is recorded by {RECORDING}"
    stubs.assert_all_called()


def test_waits_for_what_was_made_just_now(stubs: StubbedAws, clock: FakeClock) -> None:
    """A recording configuration of the same stack may not be visible yet."""
    stubs.expect(
        [*_update(RECORDING).refuse("ResourceNotFoundException", 404, 4), _update(RECORDING)]
    )

    answer = _ask("Create", clock)

    assert not answer.failed, answer.reason
    assert clock.elapsed == 15


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_waits_for_a_live_channel(kind: str, stubs: StubbedAws, clock: FakeClock) -> None:
    """A stream may end within the function's time."""
    wanted = "" if kind == "Delete" else RECORDING
    if kind == "Delete":
        stubs.expect([_get(recordingConfigurationArn=RECORDING)])
    stubs.expect([*_update(wanted).refuse("ConflictException", 409, times=20), _update(wanted)])

    answer = _ask(kind, clock)

    assert not answer.failed, answer.reason
    assert clock.elapsed > 300
    stubs.assert_all_called()


@pytest.mark.parametrize("kind", ["Create", "Delete"])
def test_fails_when_the_channel_stays_live(kind: str, stubs: StubbedAws) -> None:
    """It says so before its time is up, and what to do."""
    clock = FakeClock(100)
    wanted = "" if kind == "Delete" else RECORDING
    if kind == "Delete":
        stubs.expect([_get(recordingConfigurationArn=RECORDING)])
    stubs.expect(_update(wanted).refuse("ConflictException", 409, times=9))

    answer = _ask(kind, clock)

    assert answer.failed
    assert answer.reason == LIVE_REASON
    stubs.assert_all_called()


@pytest.mark.parametrize("channel", [{}, {"recordingConfigurationArn": f"{RECORDING}2"}])
def test_delete_leaves_what_others_put(
    channel: dict[str, str], stubs: StubbedAws, clock: FakeClock
) -> None:
    """A channel that somebody has pointed elsewhere since is no longer ours to change."""
    stubs.expect([_get(**channel)])

    answer = _ask("Delete", clock)

    assert answer.reason == f"{IVS_CHANNEL} is no longer recorded by what this stack made"


def test_delete_of_a_channel_that_goes_meanwhile_succeeds(
    stubs: StubbedAws, clock: FakeClock
) -> None:
    """The owner may be gone by the second call as well as by the first."""
    stubs.expect(
        [
            _get(recordingConfigurationArn=RECORDING),
            *_update("").refuse("ResourceNotFoundException", 404),
        ]
    )

    answer = _ask("Delete", clock)

    assert answer.reason == f"{IVS_CHANNEL} is gone, and its recording with it"
