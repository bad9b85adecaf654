"""Session logs and as-run logs of MediaTailor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ..aws import is_not_found
from ..context import OperationError
from ..contract import (
    MediaTailorAsRunLogging,
    MediaTailorAsRunLoggingCleanUp,
    MediaTailorSessionLogging,
    MediaTailorSessionLoggingCleanUp,
)
from ..marks import MarkedFeature, Owner, TagApi
from ..operation import Operation, do_nothing_until_delete

if TYPE_CHECKING:
    from ..aws import RetryIf
    from ..context import Context
    from ..marks import Settings


def put_session_logs(
    name: str,
    logs: dict[str, Any],
    context: Context,
    retry_if: RetryIf = is_not_found,
) -> None:
    """Configure the session logs of a playback configuration in the form of the API.

    Raises:
        OperationError: MediaTailor returns another percentage.
    """
    response = context.api("mediatailor").call(
        "configure_logs_for_playback_configuration",
        retry_if=retry_if,
        PlaybackConfigurationName=name,
        **logs,
    )
    if response["PercentEnabled"] != logs["PercentEnabled"]:
        message = (
            f"session logging of {name} was set to {logs['PercentEnabled']} percent, but"
            f" MediaTailor still reports {response['PercentEnabled']} percent. Try again"
        )
        raise OperationError(message)


def remove_session_logging(wanted: MediaTailorSessionLoggingCleanUp, context: Context) -> str:
    """Set the percentage to 0: a log configuration cannot be deleted."""
    name = wanted.playback_configuration_name
    try:
        put_session_logs(name, {"PercentEnabled": 0}, context, None)
    except ClientError as error:
        if not is_not_found(error):
            raise
        return f"playback configuration {name} does not exist, so it has no logs to disable"
    return f"session logging of {name} is disabled"


def put_log_types(
    name: str,
    log_types: list[str],
    context: Context,
    retry_if: RetryIf = is_not_found,
) -> None:
    """Set the log types of a channel."""
    context.api("mediatailor").call(
        "configure_logs_for_channel",
        retry_if=retry_if,
        ChannelName=name,
        LogTypes=log_types,
    )


def remove_as_run_logging(wanted: MediaTailorAsRunLoggingCleanUp, context: Context) -> str:
    """Remove all log types from a channel."""
    try:
        put_log_types(wanted.channel_name, [], context, retry_if=None)
    except ClientError as error:
        if not is_not_found(error):
            raise
        return f"channel {wanted.channel_name} does not exist, so it has no logs to disable"
    return f"the as-run log of channel {wanted.channel_name} is disabled"


_TAGS = TagApi("mediatailor")
_PERCENT = "PercentEnabled"
_STRATEGIES = ("LEGACY_CLOUDWATCH", "VENDED_LOGS")
#: the lists of event types: the member of the log configuration, the list in it, and the property.
_EVENT_TYPES = (
    ("AdsInteractionLog", "PublishOptInEventTypes", "ads_interaction_publish_opt_in_event_types"),
    ("AdsInteractionLog", "ExcludeEventTypes", "ads_interaction_exclude_event_types"),
    (
        "ManifestServiceInteractionLog",
        "PublishOptInEventTypes",
        "manifest_service_publish_opt_in_event_types",
    ),
    (
        "ManifestServiceInteractionLog",
        "ExcludeEventTypes",
        "manifest_service_exclude_event_types",
    ),
)


class _SessionLogging(MarkedFeature[MediaTailorSessionLogging]):
    """Session logs. Each strategy is a setting, because vended logs may belong to others."""

    noun = "session logging"

    def read(self, name: str, context: Context, retry_if: RetryIf) -> Owner:
        """Read the log configuration; an owner may have none."""
        found = context.api("mediatailor").call(
            "get_playback_configuration", retry_if=retry_if, Name=name
        )
        logs = found.get("LogConfiguration", {})
        settings = {_PERCENT: logs[_PERCENT]} if logs else {}
        settings |= dict.fromkeys(logs.get("EnabledLoggingStrategies", ()), True)
        for log, types, _ in _EVENT_TYPES:
            if log in logs and types in logs[log]:
                settings[f"{log}.{types}"] = sorted(logs[log][types])
        return Owner(found["PlaybackConfigurationArn"], found.get("Tags", {}), settings)

    def asked(self, wanted: MediaTailorSessionLogging) -> Settings:
        """Return the percentage, the strategies and the lists of event types."""
        asked: Settings = {_PERCENT: wanted.percent_enabled}
        asked |= dict.fromkeys(wanted.enabled_logging_strategies or (), True)
        for log, types, prop in _EVENT_TYPES:
            chosen = getattr(wanted, prop)
            if chosen is not None:
                asked[f"{log}.{types}"] = sorted(chosen)
        return asked

    def with_default(self, asked: Settings, before: Settings) -> Settings:
        """Add the strategy `LEGACY_CLOUDWATCH` for an owner that has none."""
        has_one = _strategies_in(asked) or _strategies_in(before)
        return asked if has_one else asked | {"LEGACY_CLOUDWATCH": True}

    def with_needed(self, settings: Settings, current: Settings) -> Settings:
        """Keep the percentage for a strategy of others, because all strategies share it."""
        if _PERCENT in settings or not _strategies_in(settings):
            return settings
        return settings | {_PERCENT: current[_PERCENT]}

    def write(self, name: str, settings: Settings, context: Context, retry_if: RetryIf) -> None:
        """Replace the log configuration."""
        strategies = _strategies_in(settings)
        logs: dict[str, Any] = {"EnabledLoggingStrategies": strategies} if strategies else {}
        for log, types, _ in _EVENT_TYPES:
            if f"{log}.{types}" in settings:
                logs.setdefault(log, {})[types] = settings[f"{log}.{types}"]
        logs[_PERCENT] = settings.get(_PERCENT, 0)
        put_session_logs(name, logs, context, retry_if)

    def outcome(self, wanted: MediaTailorSessionLogging) -> str:
        """Return what is logged."""
        name = wanted.playback_configuration_name
        return f"{wanted.percent_enabled} percent of the sessions of {name} are logged"


def _strategies_in(settings: Settings) -> list[str]:
    return [each for each in _STRATEGIES if each in settings]


class _AsRunLogging(MarkedFeature[MediaTailorAsRunLogging]):
    """The as-run log. Each type of log is a setting."""

    noun = "as-run logging"

    def read(self, name: str, context: Context, retry_if: RetryIf) -> Owner:
        """Read the log configuration; an owner may have none."""
        found = context.api("mediatailor").call(
            "describe_channel", retry_if=retry_if, ChannelName=name
        )
        log_types = found.get("LogConfiguration", {}).get("LogTypes", ())
        return Owner(found["Arn"], found.get("Tags", {}), dict.fromkeys(log_types, True))

    def asked(self, wanted: MediaTailorAsRunLogging) -> Settings:  # noqa: ARG002 - it has no settings
        """Return the only type of log."""
        return {"AS_RUN": True}

    def write(self, name: str, settings: Settings, context: Context, retry_if: RetryIf) -> None:
        """Replace the log configuration."""
        put_log_types(name, [*settings], context, retry_if)

    def outcome(self, wanted: MediaTailorAsRunLogging) -> str:
        """Return what is logged."""
        return f"the as-run log of channel {wanted.channel_name} is enabled"


SESSION_LOGGING = _SessionLogging(MediaTailorSessionLogging, _TAGS, remove=remove_session_logging)
AS_RUN_LOGGING = _AsRunLogging(MediaTailorAsRunLogging, _TAGS, remove=remove_as_run_logging)

FEATURES = (SESSION_LOGGING, AS_RUN_LOGGING)
OPERATIONS = (
    SESSION_LOGGING.operation,
    Operation(MediaTailorSessionLoggingCleanUp, do_nothing_until_delete, remove_session_logging),
    AS_RUN_LOGGING.operation,
    Operation(MediaTailorAsRunLoggingCleanUp, do_nothing_until_delete, remove_as_run_logging),
)
