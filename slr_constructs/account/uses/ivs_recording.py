"""IVS recording configurations, and the channels that point at them.

A recording configuration uses the role for as long as it exists, and it cannot be deleted while a
channel points at it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from slr_constructs.account.uses.kind import (
    Kind,
    Listing,
    Settings,
    Thing,
    asked,
    last_part,
    stack_of,
)
from slr_constructs.handler.slr_handler import contract
from slr_constructs.handler.slr_handler.aws import code, gone
from slr_constructs.handler.slr_handler.operations import ivs_recording
from slr_constructs.handler.slr_handler.run import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slr_constructs.account.access import Region
    from slr_constructs.handler.slr_handler.run import Run

_POINTER = "recordingConfigurationArn"
#: what CreateRecordingConfiguration takes.
_SETTINGS = (
    "name",
    "destinationConfiguration",
    "thumbnailConfiguration",
    "recordingReconnectWindowSeconds",
    "renditionConfiguration",
    "tags",
)
#: of tags that only AWS may give.
_RESERVED = "aws:"


class IvsChannel(Kind):
    """A channel that is recorded."""

    name = "IVS channel"
    service = "ivs"
    resource_types = ("AWS::IVS::Channel", contract.IvsChannelRecording.RESOURCE_TYPE)
    loss = "its streams are not recorded"
    listing = Listing(
        "ivs", "list_channels", "channels", of_a_page=100, most="maxResults", next="nextToken"
    )

    def listed(self, region: str, item: Mapping[str, Any]) -> Thing | None:
        """Return a channel that points at a recording configuration."""
        if not item.get(_POINTER):
            return None
        name = item.get("name") or last_part(item["arn"])
        settings = {_POINTER: item[_POINTER]}
        return Thing(self, region, item["arn"], item["arn"], name, settings, stack_of(item, "tags"))

    def look(self, region: Region, thing: Thing) -> Settings | None:
        """Read which recording configuration it points at."""
        channel = asked(region.api("ivs"), "get_channel", arn=thing.arn).get("channel")
        return {_POINTER: channel[_POINTER]} if channel and channel.get(_POINTER) else None

    def says(self, settings: Settings) -> str:
        """Say what records it."""
        return f"recorded by {last_part(settings[_POINTER])}"

    def off(self, run: Run, thing: Thing) -> str:
        """Take the recording configuration from the channel; not while it is live."""
        return ivs_recording.remove(_contract(thing), run)

    def on(self, region: Region, thing: Thing, settings: Settings) -> str:
        """Point the channel at the recording configuration."""
        region.api("ivs").call("update_channel", arn=thing.arn, **settings)
        return thing.arn

    def switched_by(self, thing: Thing) -> Sequence[str]:
        """Return that of our recording of a channel."""
        return (_contract(thing).physical_id,)


def _contract(thing: Thing) -> contract.IvsChannelRecording:
    configuration = (thing.settings or {}).get(_POINTER, "")
    return contract.IvsChannelRecording(
        channel_arn=thing.arn, recording_configuration_arn=configuration
    )


class RecordingConfiguration(Kind):
    """A recording configuration, whether a channel points at it or not."""

    name = "IVS recording configuration"
    service = "ivs"
    resource_types = ("AWS::IVS::RecordingConfiguration",)
    loss = "it is deleted; what puts it back gives it another ARN"
    deleted = True
    listing = Listing(
        "ivs",
        "list_recording_configurations",
        "recordingConfigurations",
        of_a_page=100,
        most="maxResults",
        next="nextToken",
    )

    def listed(self, region: str, item: Mapping[str, Any]) -> Thing:
        """Return a recording configuration."""
        name = item.get("name") or last_part(item["arn"])
        settings = {key: item[key] for key in _SETTINGS if key in item}
        return Thing(self, region, item["arn"], item["arn"], name, settings, stack_of(item, "tags"))

    def look(self, region: Region, thing: Thing) -> Settings | None:
        """Read all that it takes to make it again: a list says less."""
        answer = asked(region.api("ivs"), "get_recording_configuration", arn=thing.arn)
        found = answer.get("recordingConfiguration")
        if found is None:
            return None
        settings = {key: found[key] for key in _SETTINGS if found.get(key)}
        tags = settings.pop("tags", {})
        own = {key: value for key, value in tags.items() if not key.startswith(_RESERVED)}
        return settings | ({"tags": own} if own else {})

    def says(self, settings: Settings) -> str:
        """Say where the recordings go."""
        bucket = settings.get("destinationConfiguration", {}).get("s3", {}).get("bucketName", "?")
        return f"records to {bucket}"

    def off(self, run: Run, thing: Thing) -> str:
        """Delete it; not while a channel points at it."""
        try:
            run.api("ivs").call("delete_recording_configuration", arn=thing.arn)
        except ClientError as error:
            if gone(error):
                return f"{thing.arn} is gone"
            if code(error) != "ConflictException":
                raise
            raise RefusedError(f"a channel still points at {thing.arn}") from error
        return f"{thing.arn} is deleted"

    def on(self, region: Region, thing: Thing, settings: Settings) -> str:  # noqa: ARG002 - it is another one
        """Make it again."""
        answer = region.api("ivs").call("create_recording_configuration", **settings)
        arn: str = answer["recordingConfiguration"]["arn"]
        return arn
