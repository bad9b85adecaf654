"""Recording of an IVS channel that is not in the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ..aws import code, is_not_found
from ..context import OperationError
from ..contract import IvsChannelRecording
from ..marks import MarkedFeature, Owner, TagApi

if TYPE_CHECKING:
    from ..aws import RetryIf
    from ..context import Context
    from ..marks import Settings


def remove(wanted: IvsChannelRecording, context: Context) -> str:
    """Remove the recording configuration from the channel, unless it was changed since."""
    try:
        channel = context.api("ivs").call("get_channel", arn=wanted.channel_arn)["channel"]
        if channel.get("recordingConfigurationArn") != wanted.recording_configuration_arn:
            expected = wanted.recording_configuration_arn or "the configuration of this resource"
            return (
                f"{wanted.channel_arn} no longer uses {expected}, so its recording stays as it is"
            )
        update(wanted.channel_arn, "", context, None)
    except ClientError as error:
        if not is_not_found(error):
            raise
        return f"{wanted.channel_arn} does not exist, so it has no recording to disable"
    return f"recording of {wanted.channel_arn} is disabled"


def update(
    channel_arn: str,
    recording_configuration_arn: str,
    context: Context,
    retry_if: RetryIf = is_not_found,
) -> None:
    """Set the recording configuration of a channel; an empty text removes it.

    Raises:
        OperationError: The channel is live.
    """
    for _ in context.attempts(longest=30):
        try:
            context.api("ivs").call(
                "update_channel",
                # a new channel may not be visible yet
                retry_if=retry_if,
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


_POINTER = "recordingConfigurationArn"


class _Recording(MarkedFeature[IvsChannelRecording]):
    """Recording, which is one setting."""

    noun = "recording"

    def read(self, name: str, context: Context, retry_if: RetryIf) -> Owner:
        """Read the recording configuration of the channel; it may have none."""
        found = context.api("ivs").call("get_channel", retry_if=retry_if, arn=name)["channel"]
        settings = {_POINTER: found[_POINTER]} if found.get(_POINTER) else {}
        return Owner(name, found.get("tags", {}), settings)

    def asked(self, wanted: IvsChannelRecording) -> Settings:
        """Return the asked recording configuration."""
        return {_POINTER: wanted.recording_configuration_arn}

    def write(self, name: str, settings: Settings, context: Context, retry_if: RetryIf) -> None:
        """Set the recording configuration of the channel."""
        update(name, settings.get(_POINTER, ""), context, retry_if)

    def outcome(self, wanted: IvsChannelRecording) -> str:
        """Return the recording configuration."""
        return f"{wanted.channel_arn} is recorded with {wanted.recording_configuration_arn}"


RECORDING = _Recording(
    IvsChannelRecording, TagApi("ivs", "resourceArn", "tags", "tagKeys"), remove=remove
)

FEATURES = (RECORDING,)
OPERATIONS = (RECORDING.operation,)
