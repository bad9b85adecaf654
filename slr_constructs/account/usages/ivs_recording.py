"""IVS recording configurations, and the channels that use them.

A recording configuration uses the role while it exists. It cannot be deleted while a channel uses
it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from slr_constructs.account.usages.kind import (
    RESERVED_TAGS,
    Kind,
    Settings,
    TargetResource,
    last_part,
)
from slr_constructs.catalogue import ivs_recording as catalogue
from slr_constructs.handler.slr_handler.aws import code, is_not_found
from slr_constructs.handler.slr_handler.context import OperationError
from slr_constructs.handler.slr_handler.contract import IvsChannelRecording
from slr_constructs.handler.slr_handler.operations import ivs_recording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slr_constructs.handler.slr_handler.context import Context

_POINTER = "recordingConfigurationArn"
#: the parameters of CreateRecordingConfiguration, besides the tags.
_SETTINGS = (
    "name",
    "destinationConfiguration",
    "thumbnailConfiguration",
    "recordingReconnectWindowSeconds",
    "renditionConfiguration",
)


class IvsChannel(Kind):
    """A channel that is recorded."""

    resource_type = catalogue.CHANNEL
    arn_member = "arn"
    wrapper = "channel"
    restorable = (_POINTER,)
    consequence = "its streams are not recorded"

    def describe_settings(self, settings: Settings) -> str:
        """Return the name of the recording configuration."""
        return f"recorded by {last_part(settings[_POINTER])}"

    def disable(self, context: Context, target: TargetResource) -> str:
        """Remove the recording configuration, unless the channel uses another one now.

        IVS refuses this while the channel is live.
        """
        wanted = IvsChannelRecording(
            channel_arn=target.id,
            recording_configuration_arn=(target.settings or {}).get(_POINTER, ""),
        )
        return ivs_recording.remove(wanted, context)

    def configure(self, context: Context, target: TargetResource, settings: Settings) -> str:
        """Set the recording configuration of the channel."""
        ivs_recording.update(target.id, settings[_POINTER], context)
        return target.arn


class RecordingConfiguration(Kind):
    """A recording configuration, used by a channel or not. The list has only a part of it."""

    resource_type = catalogue.RECORDING_CONFIGURATION
    arn_member = "arn"
    wrapper = "recordingConfiguration"
    restorable = (*_SETTINGS, "tags")
    consequence = "it is deleted; restore creates it again with another ARN"

    def settings_in(self, item: Mapping[str, Any]) -> Settings:
        """Return everything that is needed to create it again."""
        settings = {name: item[name] for name in _SETTINGS if item.get(name)}
        tags = {
            key: value
            for key, value in item.get("tags", {}).items()
            if not key.startswith(RESERVED_TAGS)
        }
        return settings | ({"tags": tags} if tags else {})

    def describe_settings(self, settings: Settings) -> str:
        """Return the bucket of the recordings."""
        bucket = settings.get("destinationConfiguration", {}).get("s3", {}).get("bucketName", "?")
        return f"records to {bucket}"

    def disable(self, context: Context, target: TargetResource) -> str:
        """Delete it. IVS refuses this while a channel uses it."""
        try:
            context.api("ivs").call("delete_recording_configuration", arn=target.arn)
        except ClientError as error:
            if is_not_found(error):
                return f"{target.arn} does not exist"
            if code(error) != "ConflictException":
                raise
            raise OperationError(f"a channel still uses {target.arn}") from error
        return f"{target.arn} was deleted"

    def configure(self, context: Context, target: TargetResource, settings: Settings) -> str:  # noqa: ARG002 - the new one has another ARN
        """Create it again."""
        response = context.api("ivs").call("create_recording_configuration", **settings)
        arn: str = response["recordingConfiguration"]["arn"]
        return arn


KINDS = (IvsChannel(), RecordingConfiguration())
