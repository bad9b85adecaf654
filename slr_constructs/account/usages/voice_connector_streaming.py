"""Voice Connectors with a streaming configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slr_constructs.account.usages.kind import (
    Kind,
    Listing,
    Settings,
    TargetResource,
    call_or_empty,
)
from slr_constructs.handler.slr_handler import contract
from slr_constructs.handler.slr_handler.operations import voice_connector_streaming

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slr_constructs.account.access import Region
    from slr_constructs.handler.slr_handler.run import Run


class VoiceConnector(Kind):
    """A Voice Connector. Its streaming configuration takes a second call.

    A configuration with `Disabled` uses the role too: the AWS documentation deletes the
    configuration before the role.
    """

    name = "Voice Connector"
    service = "chime-sdk-voice"
    resource_types = (
        "AWS::Chime::VoiceConnector",
        contract.VoiceConnectorStreaming.RESOURCE_TYPE,
    )
    consequence = (
        "its calls are not streamed to Kinesis Video Streams, and no notifications are sent"
    )
    listing = Listing("chime-sdk-voice", "list_voice_connectors", "VoiceConnectors", page_size=100)

    def parse_item(self, region: str, item: Mapping[str, Any]) -> TargetResource:
        """Return the Voice Connector, without settings."""
        # each has its own region. It is not documented whether other regions list it too
        return TargetResource(
            self,
            item.get("AwsRegion") or region,
            item["VoiceConnectorId"],
            item["VoiceConnectorArn"],
            item.get("Name", ""),
        )

    def read_settings(self, region: Region, target: TargetResource) -> Settings | None:
        """Read the streaming configuration."""
        response = call_or_empty(
            region.api(self.service),
            "get_voice_connector_streaming_configuration",
            VoiceConnectorId=target.id,
        )
        settings: Settings | None = response.get("StreamingConfiguration")
        # an empty configuration is none. It is not documented whether Chime returns one
        return settings or None

    def describe_settings(self, settings: Settings) -> str:
        """Return whether it streams, and the retention period."""
        state = "configured, disabled" if settings.get("Disabled") else "streaming"
        return f"{state}, retention {settings.get('DataRetentionInHours', '?')} h"

    def disable(self, run: Run, target: TargetResource) -> str:
        """Delete the streaming configuration."""
        return voice_connector_streaming.remove(_contract(target), run)

    def configure(self, region: Region, target: TargetResource, settings: Settings) -> str:
        """Configure streaming again."""
        region.api(self.service).call(
            "put_voice_connector_streaming_configuration",
            VoiceConnectorId=target.id,
            StreamingConfiguration=settings,
        )
        return target.arn

    def physical_ids(self, target: TargetResource) -> Sequence[str]:
        """Return the ARN, which CloudFormation uses as physical id, and our own."""
        return (target.arn, *self.custom_resource_ids(target))

    def custom_resource_ids(self, target: TargetResource) -> Sequence[str]:
        """Return the physical id of our custom resource."""
        return (_contract(target).physical_id,)


def _contract(target: TargetResource) -> contract.VoiceConnectorStreaming:
    # the removal does not read the settings of streaming
    return contract.VoiceConnectorStreaming(
        voice_connector_id=target.id, data_retention_in_hours=0, notification_targets=()
    )
