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
from ..operation import Operation, do_nothing_until_delete

if TYPE_CHECKING:
    from ..context import Context


def configure_session_logging(wanted: MediaTailorSessionLogging, context: Context) -> str:
    """Set the percentage and the event types of the session logs."""
    logs: dict[str, Any] = {}
    for key, opted_in, excluded in (
        (
            "AdsInteractionLog",
            wanted.ads_interaction_publish_opt_in_event_types,
            wanted.ads_interaction_exclude_event_types,
        ),
        (
            "ManifestServiceInteractionLog",
            wanted.manifest_service_publish_opt_in_event_types,
            wanted.manifest_service_exclude_event_types,
        ),
    ):
        filters = {"PublishOptInEventTypes": opted_in, "ExcludeEventTypes": excluded}
        chosen = {name: list(types) for name, types in filters.items() if types is not None}
        if chosen:
            logs[key] = chosen
    logs["PercentEnabled"] = wanted.percent_enabled
    # the service-linked role is used for this strategy only, not for vended logs
    logs["EnabledLoggingStrategies"] = ["LEGACY_CLOUDWATCH"]
    put_session_logs(wanted.playback_configuration_name, logs, context)
    return (
        f"{wanted.percent_enabled} percent of the sessions of"
        f" {wanted.playback_configuration_name} are logged"
    )


def put_session_logs(name: str, logs: dict[str, Any], context: Context) -> None:
    """Configure the session logs of a playback configuration in the form of the API."""
    context.api("mediatailor").call(
        "configure_logs_for_playback_configuration",
        retry_if=is_not_found,
        PlaybackConfigurationName=name,
        **logs,
    )


def remove_session_logging(wanted: MediaTailorSessionLoggingCleanUp, context: Context) -> str:
    """Set the percentage to 0: a log configuration cannot be deleted."""
    name = wanted.playback_configuration_name
    try:
        response = context.api("mediatailor").call(
            "configure_logs_for_playback_configuration",
            PlaybackConfigurationName=name,
            PercentEnabled=0,
        )
    except ClientError as error:
        if not is_not_found(error):
            raise
        return f"playback configuration {name} does not exist, so it has no logs to disable"
    if response["PercentEnabled"] != 0:
        message = (
            f"session logging of {name} was set to 0 percent, but MediaTailor still reports"
            f" {response['PercentEnabled']} percent. Try again"
        )
        raise OperationError(message)
    return f"session logging of {name} is disabled"


def configure_as_run_logging(wanted: MediaTailorAsRunLogging, context: Context) -> str:
    """Enable the as-run log of a channel."""
    put_log_types(wanted.channel_name, ["AS_RUN"], context)
    return f"the as-run log of channel {wanted.channel_name} is enabled"


def put_log_types(name: str, log_types: list[str], context: Context) -> None:
    """Set the log types of a channel."""
    context.api("mediatailor").call(
        "configure_logs_for_channel",
        retry_if=is_not_found if log_types else None,
        ChannelName=name,
        LogTypes=log_types,
    )


def remove_as_run_logging(wanted: MediaTailorAsRunLoggingCleanUp, context: Context) -> str:
    """Remove all log types from a channel."""
    try:
        put_log_types(wanted.channel_name, [], context)
    except ClientError as error:
        if not is_not_found(error):
            raise
        return f"channel {wanted.channel_name} does not exist, so it has no logs to disable"
    return f"the as-run log of channel {wanted.channel_name} is disabled"


OPERATIONS = (
    Operation(MediaTailorSessionLogging, configure_session_logging, remove_session_logging),
    Operation(MediaTailorSessionLoggingCleanUp, do_nothing_until_delete, remove_session_logging),
    Operation(MediaTailorAsRunLogging, configure_as_run_logging, remove_as_run_logging),
    Operation(MediaTailorAsRunLoggingCleanUp, do_nothing_until_delete, remove_as_run_logging),
)
