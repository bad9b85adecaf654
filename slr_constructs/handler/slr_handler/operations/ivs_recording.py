"""Recording of an IVS channel that is not in the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ..aws import code, is_not_found
from ..context import OperationError
from ..contract import IvsChannelRecording
from ..operation import Operation

if TYPE_CHECKING:
    from ..context import Context


def configure(wanted: IvsChannelRecording, context: Context) -> str:
    """Set the recording configuration of the channel."""
    update(wanted.channel_arn, wanted.recording_configuration_arn, context)
    return f"{wanted.channel_arn} is recorded with {wanted.recording_configuration_arn}"


def remove(wanted: IvsChannelRecording, context: Context) -> str:
    """Remove the recording configuration from the channel, unless it was changed since."""
    try:
        channel = context.api("ivs").call("get_channel", arn=wanted.channel_arn)["channel"]
        if channel.get("recordingConfigurationArn") != wanted.recording_configuration_arn:
            expected = wanted.recording_configuration_arn or "the configuration of this resource"
            return (
                f"{wanted.channel_arn} no longer uses {expected}, so its recording stays as it is"
            )
        update(wanted.channel_arn, "", context)
    except ClientError as error:
        if not is_not_found(error):
            raise
        return f"{wanted.channel_arn} does not exist, so it has no recording to disable"
    return f"recording of {wanted.channel_arn} is disabled"


def update(channel_arn: str, recording_configuration_arn: str, context: Context) -> None:
    """Set the recording configuration of a channel; an empty text removes it.

    Raises:
        OperationError: The channel is live.
    """
    for _ in context.attempts(longest=30):
        try:
            context.api("ivs").call(
                "update_channel",
                # a new channel may not be visible yet
                retry_if=is_not_found if recording_configuration_arn else None,
                arn=channel_arn,
                recordingConfigurationArn=recording_configuration_arn,
            )
        except ClientError as error:
            if code(error) != "ConflictException":
                raise
        else:
            return
    message = (
        f"{channel_arn} is live, and IVS does not change the recording of a live channel."
        " Stop its stream and try again"
    )
    raise OperationError(message)


OPERATIONS = (Operation(IvsChannelRecording, configure, remove),)
