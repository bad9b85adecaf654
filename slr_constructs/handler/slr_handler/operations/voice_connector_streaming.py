"""Voice Connector streaming, which has no CloudFormation resource type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ..aws import error_text, is_denied, is_not_found
from ..context import OperationError
from ..contract import VoiceConnectorStreaming
from ..marks import MarkedFeature, Owner, TagApi

if TYPE_CHECKING:
    from ..aws import Api, RetryIf
    from ..context import Context
    from ..marks import Settings

_VERIFY_SECONDS = 60


def configure(wanted: VoiceConnectorStreaming, context: Context) -> str:
    """Replace the streaming configuration."""
    put(wanted.voice_connector_id, _configuration(wanted), context)
    return _outcome(wanted)


def _configuration(wanted: VoiceConnectorStreaming) -> dict[str, Any]:
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
    return configuration


def _outcome(wanted: VoiceConnectorStreaming) -> str:
    state = "enabled" if wanted.enabled else "configured, but not enabled"
    return f"streaming of Voice Connector {wanted.voice_connector_id} is {state}"


def put(
    voice_connector_id: str,
    configuration: dict[str, Any],
    context: Context,
    retry_if: RetryIf = is_not_found,
) -> None:
    """Replace the streaming configuration by one in the form of the API."""
    context.api("chime-sdk-voice").call(
        "put_voice_connector_streaming_configuration",
        # outside us-east-1, Chime returns 404 for a new connector for a while
        # (hashicorp/terraform-provider-aws#34218)
        retry_if=retry_if,
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
    configuration = _read(api, connector)
    return bool(configuration) and not configuration["Disabled"]


def _read(api: Api, connector: dict[str, Any]) -> dict[str, Any]:
    """Return the streaming configuration; empty if there is none."""
    try:
        response = api.call("get_voice_connector_streaming_configuration", **connector)
    except ClientError as error:
        if not is_not_found(error):
            raise
        return {}
    # no documentation says whether Chime returns 404 or an empty configuration
    configuration: dict[str, Any] = response.get("StreamingConfiguration", {})
    return configuration


#: these settings exist as long as the streaming configuration.
_BASE = ("DataRetentionInHours", "Disabled")
_INSIGHTS = "MediaInsightsConfiguration"
_TARGETS = "StreamingNotificationTargets"


class _Streaming(MarkedFeature[VoiceConnectorStreaming]):
    """Streaming. Each notification target is a setting, because it may belong to others."""

    noun = "streaming"

    def read(self, name: str, context: Context, retry_if: RetryIf) -> Owner:
        """Read the streaming configuration; a connector may have none."""
        arn = context.arn_here("chime", f"vc/{name}")
        # it fails if the connector does not exist; the next call fails without streaming, too
        tags = self.tags.read(context, arn, retry_if)
        found = _read(context.api("chime-sdk-voice"), {"VoiceConnectorId": name})
        settings = {each: found[each] for each in (*_BASE, _INSIGHTS) if each in found}
        settings |= {each["NotificationTarget"]: True for each in found.get(_TARGETS, ())}
        return Owner(arn, tags, settings)

    def asked(self, wanted: VoiceConnectorStreaming) -> Settings:
        """Return the asked settings. Without media insights, those of the owner stay."""
        asked = _configuration(wanted)
        targets = asked.pop(_TARGETS)
        return asked | {each["NotificationTarget"]: True for each in targets}

    def with_needed(self, settings: Settings, current: Settings) -> Settings:
        """Keep what every streaming configuration has for the settings of others."""
        needed = {each: current[each] for each in _BASE if each in current}
        return needed | settings if settings else settings

    def write(self, name: str, settings: Settings, context: Context, retry_if: RetryIf) -> None:
        """Replace the streaming configuration, or delete it if nothing is left of it."""
        if not settings:
            remove(VoiceConnectorStreaming.of_target(name), context)
            return
        named = (*_BASE, _INSIGHTS)
        configuration: dict[str, Any] = {each: settings[each] for each in named if each in settings}
        targets = [{"NotificationTarget": each} for each in sorted(settings) if each not in named]
        if targets:
            # the service does not accept an empty list
            configuration[_TARGETS] = targets
        put(name, configuration, context, retry_if)

    def outcome(self, wanted: VoiceConnectorStreaming) -> str:
        """Return whether calls are streamed."""
        return _outcome(wanted)


STREAMING = _Streaming(
    VoiceConnectorStreaming,
    TagApi("chime-sdk-voice", "ResourceARN", is_list=True),
    configure=configure,
    remove=remove,
)

FEATURES = (STREAMING,)
OPERATIONS = (STREAMING.operation,)
