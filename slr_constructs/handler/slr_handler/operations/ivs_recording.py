"""The recording configuration of an IVS channel that is not in the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ..aws import code, gone
from ..run import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..contract import IvsChannelRecording
    from ..run import Run


def put(wanted: IvsChannelRecording, run: Run) -> str:
    """Point the channel at the recording configuration."""
    _update(wanted, run, wanted.recording_configuration_arn, settling=gone)
    return f"{wanted.channel_arn} is recorded by {wanted.recording_configuration_arn}"


def remove(wanted: IvsChannelRecording, run: Run) -> str:
    """Take the recording configuration from the channel, if it is still ours."""
    try:
        channel = run.api("ivs").call("get_channel", arn=wanted.channel_arn)["channel"]
        if channel.get("recordingConfigurationArn") != wanted.recording_configuration_arn:
            return f"{wanted.channel_arn} is no longer recorded by what this stack made"
        _update(wanted, run, "")
    except ClientError as error:
        if not gone(error):
            raise
        return f"{wanted.channel_arn} is gone, and its recording with it"
    return f"{wanted.channel_arn} is no longer recorded"


def _update(
    wanted: IvsChannelRecording,
    run: Run,
    configuration: str,
    settling: Callable[[ClientError], bool] | None = None,
) -> None:
    for _ in run.tries(longest=30):
        try:
            run.api("ivs").call(
                "update_channel",
                settling=settling,
                arn=wanted.channel_arn,
                recordingConfigurationArn=configuration,
            )
        except ClientError as error:
            if code(error) != "ConflictException":
                raise
        else:
            return
    message = (
        f"{wanted.channel_arn} is live, and IVS does not change the recording of a live channel;"
        " stop its stream and try again"
    )
    raise RefusedError(message)
