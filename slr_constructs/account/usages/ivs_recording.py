"""IVS recording configurations, and the channels that use them.

A recording configuration uses the role while it exists. It cannot be deleted while a channel uses
it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from slr_constructs.account.usages.kind import (
    Kind,
    Listing,
    Settings,
    TargetResource,
    call_or_empty,
    last_part,
    stack_from_tags,
)
from slr_constructs.handler.slr_handler import contract
from slr_constructs.handler.slr_handler.aws import code, is_not_found
from slr_constructs.handler.slr_handler.operations import ivs_recording
from slr_constructs.handler.slr_handler.run import OperationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slr_constructs.account.access import Region
    from slr_constructs.handler.slr_handler.run import Run

_POINTER = "recordingConfigurationArn"
#: the parameters of CreateRecordingConfiguration.
_SETTINGS = (
    "name",
    "destinationConfiguration",
    "thumbnailConfiguration",
    "recordingReconnectWindowSeconds",
    "renditionConfiguration",
    "tags",
)
#: the prefix of tags that only AWS can set.
_RESERVED = "aws:"


class IvsChannel(Kind):
    """A channel that is recorded."""

    name = "IVS channel"
    service = "ivs"
    resource_types = ("AWS::IVS::Channel", contract.IvsChannelRecording.RESOURCE_TYPE)
    consequence = "its streams are not recorded"
    listing = Listing(
        "ivs",
        "list_channels",
        "channels",
        page_size=100,
        limit_parameter="maxResults",
        next_member="nextToken",
    )

    def parse_item(self, region: str, item: Mapping[str, Any]) -> TargetResource | None:
        """Return the channel if it uses a recording configuration."""
        if not item.get(_POINTER):
            return None
        name = item.get("name") or last_part(item["arn"])
        settings = {_POINTER: item[_POINTER]}
        return TargetResource(
            self, region, item["arn"], item["arn"], name, settings, stack_from_tags(item, "tags")
        )

    def read_settings(self, region: Region, target: TargetResource) -> Settings | None:
        """Read the ARN of its recording configuration."""
        channel = call_or_empty(region.api("ivs"), "get_channel", arn=target.arn).get("channel")
        return {_POINTER: channel[_POINTER]} if channel and channel.get(_POINTER) else None

    def describe_settings(self, settings: Settings) -> str:
        """Return the name of the recording configuration."""
        return f"recorded by {last_part(settings[_POINTER])}"

    def disable(self, run: Run, target: TargetResource) -> str:
        """Remove the recording configuration. IVS refuses this while the channel is live."""
        return ivs_recording.remove(_contract(target), run)

    def configure(self, region: Region, target: TargetResource, settings: Settings) -> str:
        """Set the recording configuration of the channel."""
        region.api("ivs").call("update_channel", arn=target.arn, **settings)
        return target.arn

    def custom_resource_ids(self, target: TargetResource) -> Sequence[str]:
        """Return the physical id of our custom resource."""
        return (_contract(target).physical_id,)


def _contract(target: TargetResource) -> contract.IvsChannelRecording:
    configuration = (target.settings or {}).get(_POINTER, "")
    return contract.IvsChannelRecording(
        channel_arn=target.arn, recording_configuration_arn=configuration
    )


class RecordingConfiguration(Kind):
    """A recording configuration, used by a channel or not."""

    name = "IVS recording configuration"
    service = "ivs"
    resource_types = ("AWS::IVS::RecordingConfiguration",)
    consequence = "it is deleted; restore creates it again with another ARN"
    disabled_by_deletion = True
    listing = Listing(
        "ivs",
        "list_recording_configurations",
        "recordingConfigurations",
        page_size=100,
        limit_parameter="maxResults",
        next_member="nextToken",
    )

    def parse_item(self, region: str, item: Mapping[str, Any]) -> TargetResource:
        """Return the recording configuration."""
        name = item.get("name") or last_part(item["arn"])
        settings = {key: item[key] for key in _SETTINGS if key in item}
        return TargetResource(
            self, region, item["arn"], item["arn"], name, settings, stack_from_tags(item, "tags")
        )

    def read_settings(self, region: Region, target: TargetResource) -> Settings | None:
        """Read everything that is needed to create it again. The list has only a part."""
        response = call_or_empty(region.api("ivs"), "get_recording_configuration", arn=target.arn)
        found = response.get("recordingConfiguration")
        if found is None:
            return None
        settings = {key: found[key] for key in _SETTINGS if found.get(key)}
        tags = settings.pop("tags", {})
        own_tags = {key: value for key, value in tags.items() if not key.startswith(_RESERVED)}
        return settings | ({"tags": own_tags} if own_tags else {})

    def describe_settings(self, settings: Settings) -> str:
        """Return the bucket of the recordings."""
        bucket = settings.get("destinationConfiguration", {}).get("s3", {}).get("bucketName", "?")
        return f"records to {bucket}"

    def disable(self, run: Run, target: TargetResource) -> str:
        """Delete it. IVS refuses this while a channel uses it."""
        try:
            run.api("ivs").call("delete_recording_configuration", arn=target.arn)
        except ClientError as error:
            if is_not_found(error):
                return f"{target.arn} does not exist"
            if code(error) != "ConflictException":
                raise
            raise OperationError(f"a channel still uses {target.arn}") from error
        return f"{target.arn} was deleted"

    def configure(self, region: Region, target: TargetResource, settings: Settings) -> str:  # noqa: ARG002 - the new one has another ARN
        """Create it again."""
        response = region.api("ivs").call("create_recording_configuration", **settings)
        arn: str = response["recordingConfiguration"]["arn"]
        return arn
