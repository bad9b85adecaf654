"""Voice Connectors with a streaming configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slr_constructs.account.usages.kind import Kind, Settings, TargetResource
from slr_constructs.catalogue import voice_connector_streaming as catalogue
from slr_constructs.handler.slr_handler.operations import voice_connector_streaming

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slr_constructs.handler.slr_handler.context import Context


class VoiceConnector(Kind):
    """A Voice Connector. Its streaming configuration takes a second call.

    A configuration with `Disabled` uses the role too: the AWS documentation deletes the
    configuration before the role.
    """

    resource_type = catalogue.VOICE_CONNECTOR
    arn_member = "VoiceConnectorArn"
    consequence = (
        "its calls are not streamed to Kinesis Video Streams, and no notifications are sent"
    )

    def parse_item(self, region: str, item: Mapping[str, Any]) -> TargetResource | None:
        """Return the Voice Connector in its own region."""
        # it is not documented whether other regions list it too
        return super().parse_item(item.get("AwsRegion") or region, item)

    def settings_in(self, item: Mapping[str, Any]) -> Settings:
        """Return the streaming configuration."""
        # it is not documented whether Chime returns an empty one
        return item.get("StreamingConfiguration") or {}

    def describe_settings(self, settings: Settings) -> str:
        """Return whether it streams, and the retention period."""
        state = "configured, disabled" if settings.get("Disabled") else "streaming"
        return f"{state}, retention {settings.get('DataRetentionInHours', '?')} h"

    def configure(self, context: Context, target: TargetResource, settings: Settings) -> str:
        """Configure streaming again."""
        voice_connector_streaming.put(target.id, settings, context)
        return target.arn

    def physical_ids(self, target: TargetResource) -> Sequence[str]:
        """Return the ARN, which CloudFormation uses as physical id, and our own."""
        return (target.arn, *self.custom_resource_ids(target))


KINDS = (VoiceConnector(),)
