"""Voice Connector streaming, which has no CloudFormation resource type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ..aws import error_text, is_denied, is_not_found
from ..context import OperationError
from ..contract import VoiceConnectorStreaming
from ..operation import Operation

if TYPE_CHECKING:
    from ..aws import Api
    from ..context import Context

_VERIFY_SECONDS = 60


def configure(wanted: VoiceConnectorStreaming, context: Context) -> str:
    """Replace the streaming configuration."""
    configuration: dict[str, Any] = {
        "DataRetentionInHours": wanted.data_retention_in_hours,
        "Disabled": not wanted.enabled,
        "StreamingNotificationTargets": [
            {"NotificationTarget": target} for target in wanted.notification_targets
        ],
    }
    if wanted.media_insights_configuration_arn is not None:
        configuration["MediaInsightsConfiguration"] = {
            "Disabled": False,
            "ConfigurationArn": wanted.media_insights_configuration_arn,
        }
    put(wanted.voice_connector_id, configuration, context)
    state = "enabled" if wanted.enabled else "configured, but not enabled"
    return f"streaming of Voice Connector {wanted.voice_connector_id} is {state}"


def put(voice_connector_id: str, configuration: dict[str, Any], context: Context) -> None:
    """Replace the streaming configuration by one in the form of the API."""
    context.api("chime-sdk-voice").call(
        "put_voice_connector_streaming_configuration",
        # outside us-east-1, Chime returns 404 for a new connector for a while
        # (hashicorp/terraform-provider-aws#34218)
        retry_if=is_not_found,
        VoiceConnectorId=voice_connector_id,
        StreamingConfiguration=configuration,
    )


def remove(wanted: VoiceConnectorStreaming, context: Context) -> str:
    """Delete the streaming configuration and verify the deletion."""
    api = context.api("chime-sdk-voice")
    connector: dict[str, Any] = {"VoiceConnectorId": wanted.voice_connector_id}
    for _ in context.attempts(within=_VERIFY_SECONDS):
        try:
            api.call("delete_voice_connector_streaming_configuration", **connector)
        except ClientError as error:
            if not is_not_found(error):
                raise
            return f"Voice Connector {wanted.voice_connector_id} has no streaming configuration"
        try:
            if not _is_enabled(api, connector):
                return f"streaming of Voice Connector {wanted.voice_connector_id} is disabled"
        except ClientError as error:
            if not is_denied(error):
                raise
            # the deletion needs no permission to verify it
            return (
                f"streaming of Voice Connector {wanted.voice_connector_id} was deleted, but not"
                f" verified{error_text(error)}"
            )
    message = (
        f"streaming of Voice Connector {wanted.voice_connector_id} was deleted, but Chime still"
        " reports it as enabled. Wait a few minutes and try again"
    )
    raise OperationError(message)


def _is_enabled(api: Api, connector: dict[str, Any]) -> bool:
    try:
        response = api.call("get_voice_connector_streaming_configuration", **connector)
    except ClientError as error:
        if not is_not_found(error):
            raise
        return False
    # no documentation says whether Chime returns 404 or an empty configuration
    configuration = response.get("StreamingConfiguration")
    return configuration is not None and not configuration["Disabled"]


OPERATIONS = (Operation(VoiceConnectorStreaming, configure, remove),)
