"""Voice Connectors with a streaming configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slr_constructs.account.uses.kind import Kind, Listing, Settings, Thing, asked
from slr_constructs.handler.slr_handler import contract
from slr_constructs.handler.slr_handler.operations import voice_connector_streaming

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slr_constructs.account.access import Region
    from slr_constructs.handler.slr_handler.run import Run


class VoiceConnector(Kind):
    """A Voice Connector; one call more for each tells whether it streams.

    A configuration that is disabled counts too: the documents let go of the role by deleting it.
    """

    name = "Voice Connector"
    service = "chime-sdk-voice"
    resource_types = (
        "AWS::Chime::VoiceConnector",
        contract.VoiceConnectorStreaming.RESOURCE_TYPE,
    )
    loss = "its calls are not streamed to Kinesis Video Streams, and nobody is notified of them"
    listing = Listing("chime-sdk-voice", "list_voice_connectors", "VoiceConnectors", of_a_page=100)

    def listed(self, region: str, item: Mapping[str, Any]) -> Thing:
        """Return a Voice Connector, whatever it does."""
        # each has a region of its own; whether a list of another region has it too, nobody says
        return Thing(
            self,
            item.get("AwsRegion") or region,
            item["VoiceConnectorId"],
            item["VoiceConnectorArn"],
            item.get("Name", ""),
        )

    def look(self, region: Region, thing: Thing) -> Settings | None:
        """Read the streaming configuration."""
        answer = asked(
            region.api(self.service),
            "get_voice_connector_streaming_configuration",
            VoiceConnectorId=thing.id,
        )
        settings: Settings | None = answer.get("StreamingConfiguration")
        # an empty one is none: nobody documents whether Chime answers it
        return settings or None

    def says(self, settings: Settings) -> str:
        """Say whether it streams, and how long that is kept."""
        state = "configured, disabled" if settings.get("Disabled") else "streaming"
        return f"{state}, kept {settings.get('DataRetentionInHours', '?')} h"

    def off(self, run: Run, thing: Thing) -> str:
        """Delete the streaming configuration."""
        return voice_connector_streaming.remove(_contract(thing), run)

    def on(self, region: Region, thing: Thing, settings: Settings) -> str:
        """Put the streaming configuration."""
        region.api(self.service).call(
            "put_voice_connector_streaming_configuration",
            VoiceConnectorId=thing.id,
            StreamingConfiguration=settings,
        )
        return thing.arn

    def physical_ids(self, thing: Thing) -> Sequence[str]:
        """Return the ARN, by which CloudFormation calls it, and our own."""
        return (thing.arn, *self.switched_by(thing))

    def switched_by(self, thing: Thing) -> Sequence[str]:
        """Return that of our streaming configuration."""
        return (_contract(thing).physical_id,)


def _contract(thing: Thing) -> contract.VoiceConnectorStreaming:
    # what it says of the streaming itself, a removal does not read
    return contract.VoiceConnectorStreaming(
        voice_connector_id=thing.id, data_retention_in_hours=0, notification_targets=()
    )
