"""Recording of an IVS channel that is not in the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ..aws import code, is_not_found
from ..run import OperationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..contract import IvsChannelRecording
    from ..run import Run


def configure(wanted: IvsChannelRecording, run: Run) -> str:
    """Set the recording configuration of the channel."""
    _update(wanted, run, wanted.recording_configuration_arn, retry_if=is_not_found)
    return f"{wanted.channel_arn} is recorded with {wanted.recording_configuration_arn}"


def remove(wanted: IvsChannelRecording, run: Run) -> str:
    """Remove the recording configuration from the channel, unless it was changed since."""
    try:
        channel = run.api("ivs").call("get_channel", arn=wanted.channel_arn)["channel"]
        if channel.get("recordingConfigurationArn") != wanted.recording_configuration_arn:
            return (
                f"{wanted.channel_arn} no longer uses {wanted.recording_configuration_arn}, so its"
                " recording stays as it is"
            )
        _update(wanted, run, "")
    except ClientError as error:
        if not is_not_found(error):
            raise
        return f"{wanted.channel_arn} does not exist, so it has no recording to disable"
    return f"recording of {wanted.channel_arn} is disabled"


def _update(
    wanted: IvsChannelRecording,
    run: Run,
    configuration: str,
    retry_if: Callable[[ClientError], bool] | None = None,
) -> None:
    for _ in run.attempts(longest=30):
        try:
            run.api("ivs").call(
                "update_channel",
                retry_if=retry_if,
                arn=wanted.channel_arn,
                recordingConfigurationArn=configuration,
            )
        except ClientError as error:
            if code(error) != "ConflictException":
                raise
        else:
            return
    message = (
        f"{wanted.channel_arn} is live, and IVS does not change the recording of a live channel."
        " Stop its stream and try again"
    )
    raise OperationError(message)
