"""Voice Connector streaming, which has no CloudFormation type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ..aws import gone
from ..run import RefusedError

if TYPE_CHECKING:
    from ..aws import Api
    from ..contract import VoiceConnectorStreaming
    from ..run import Run

_VERIFY_SECONDS = 60


def put(wanted: VoiceConnectorStreaming, run: Run) -> str:
    """Put the streaming configuration, which replaces the one before."""
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
    run.api("chime-sdk-voice").call(
        "put_voice_connector_streaming_configuration",
        # a connector made just now answers 404 for a while outside us-east-1
        # (hashicorp/terraform-provider-aws#34218)
        settling=gone,
        VoiceConnectorId=wanted.voice_connector_id,
        StreamingConfiguration=configuration,
    )
    state = "on" if wanted.enabled else "configured, but not enabled"
    return f"streaming of Voice Connector {wanted.voice_connector_id} is {state}"


def remove(wanted: VoiceConnectorStreaming, run: Run) -> str:
    """Delete the streaming configuration and make sure that it is gone."""
    api = run.api("chime-sdk-voice")
    connector: dict[str, Any] = {"VoiceConnectorId": wanted.voice_connector_id}
    for _ in run.tries(within=_VERIFY_SECONDS):
        try:
            api.call("delete_voice_connector_streaming_configuration", **connector)
        except ClientError as error:
            if not gone(error):
                raise
            return f"Voice Connector {wanted.voice_connector_id} has no streaming any more"
        if not _streams(api, connector):
            return f"streaming of Voice Connector {wanted.voice_connector_id} is off"
    message = (
        f"streaming of Voice Connector {wanted.voice_connector_id} was deleted, but Chime still"
        " shows it as on; wait a few minutes and delete again"
    )
    raise RefusedError(message)


def _streams(api: Api, connector: dict[str, Any]) -> bool:
    try:
        answer = api.call("get_voice_connector_streaming_configuration", **connector)
    except ClientError as error:
        if not gone(error):
            raise
        return False
    # whether Chime answers 404 or an empty configuration is documented nowhere
    configuration = answer.get("StreamingConfiguration")
    return configuration is not None and not configuration["Disabled"]
