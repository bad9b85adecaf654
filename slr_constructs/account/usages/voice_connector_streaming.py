"""Voice Connectors with a streaming configuration, and SIP media applications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slr_constructs.account.usages.kind import Kind, Settings, TargetResource
from slr_constructs.catalogue import voice_connector_streaming as catalogue
from slr_constructs.handler.slr_handler.operations import voice_connector_streaming

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slr_constructs.handler.slr_handler.context import Context


class _OfChime(Kind):
    """A kind of resource that has its own region and whose physical id is its ARN."""

    def parse_item(self, region: str, item: Mapping[str, Any]) -> TargetResource | None:
        """Return the resource in its own region."""
        # it is not documented whether other regions list it too
        return super().parse_item(item.get("AwsRegion") or region, item)

    def physical_ids(self, target: TargetResource) -> Sequence[str]:
        """Return the ARN, which CloudFormation uses as physical id, and our own."""
        return (target.arn, *self.custom_resource_ids(target))


class VoiceConnector(_OfChime):
    """A Voice Connector. Its streaming configuration takes a second call.

    A configuration with `Disabled` uses the role too: the AWS documentation deletes the
    configuration before the role.
    """

    resource_type = catalogue.VOICE_CONNECTOR
    arn_member = "VoiceConnectorArn"
    settings_parameter = "StreamingConfiguration"
    restorable = (
        "DataRetentionInHours",
        "Disabled",
        "StreamingNotificationTargets",
        "MediaInsightsConfiguration",
    )
    consequence = (
        "its calls are not streamed to Kinesis Video Streams, and no notifications are sent"
    )

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


class SipMediaApplication(_OfChime):
    """A SIP media application, whose Lambda function may let the role synthesize speech."""

    resource_type = catalogue.SIP_MEDIA_APPLICATION
    arn_member = "SipMediaApplicationArn"
    wrapper = "SipMediaApplication"
    consequence = "its actions Speak and SpeakAndGetDigits fail"

    def settings_in(self, item: Mapping[str, Any]) -> Settings:
        """Return the Lambda function."""
        return {"Endpoints": item.get("Endpoints", [])}

    def describe_settings(self, settings: Settings) -> str:
        """Return the name of the Lambda function."""
        functions = [
            each.get("LambdaArn", "?").rpartition(":")[2] for each in settings["Endpoints"]
        ]
        return f"calls {', '.join(functions) or '?'}"


KINDS = (VoiceConnector(), SipMediaApplication())
