"""Session logs and as-run logs of MediaTailor, and the log groups for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ..aws import code, is_not_found
from ..run import OperationError

if TYPE_CHECKING:
    from ..contract import (
        MediaTailorAsRunLogging,
        MediaTailorAsRunLoggingCleanUp,
        MediaTailorLogRetention,
        MediaTailorSessionLogging,
        MediaTailorSessionLoggingCleanUp,
    )
    from ..run import Run


def configure_session_logging(wanted: MediaTailorSessionLogging, run: Run) -> str:
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
    run.api("mediatailor").call(
        "configure_logs_for_playback_configuration",
        retry_if=is_not_found,
        PlaybackConfigurationName=wanted.playback_configuration_name,
        PercentEnabled=wanted.percent_enabled,
        # the service-linked role is used for this strategy only, not for vended logs
        EnabledLoggingStrategies=["LEGACY_CLOUDWATCH"],
        **logs,
    )
    return (
        f"{wanted.percent_enabled} percent of the sessions of"
        f" {wanted.playback_configuration_name} are logged"
    )


def remove_session_logging(wanted: MediaTailorSessionLoggingCleanUp, run: Run) -> str:
    """Set the percentage to 0: a log configuration cannot be deleted."""
    name = wanted.playback_configuration_name
    try:
        response = run.api("mediatailor").call(
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


def configure_as_run_logging(wanted: MediaTailorAsRunLogging, run: Run) -> str:
    """Enable the as-run log of a channel."""
    run.api("mediatailor").call(
        "configure_logs_for_channel",
        retry_if=is_not_found,
        ChannelName=wanted.channel_name,
        LogTypes=["AS_RUN"],
    )
    return f"the as-run log of channel {wanted.channel_name} is enabled"


def remove_as_run_logging(wanted: MediaTailorAsRunLoggingCleanUp, run: Run) -> str:
    """Remove all log types from a channel."""
    try:
        run.api("mediatailor").call(
            "configure_logs_for_channel", ChannelName=wanted.channel_name, LogTypes=[]
        )
    except ClientError as error:
        if not is_not_found(error):
            raise
        return f"channel {wanted.channel_name} does not exist, so it has no logs to disable"
    return f"the as-run log of channel {wanted.channel_name} is disabled"


def configure_log_retention(wanted: MediaTailorLogRetention, run: Run) -> str:
    """Create the log groups if they do not exist, and set their retention."""
    api = run.api("logs")
    for name in wanted.log_group_names:
        try:
            api.call("create_log_group", retry_if=_is_being_changed, logGroupName=name)
        except ClientError as error:
            if code(error) != "ResourceAlreadyExistsException":
                raise
        api.call(
            "put_retention_policy",
            retry_if=_is_being_changed,
            logGroupName=name,
            retentionInDays=wanted.retention_in_days,
        )
    names = ", ".join(wanted.log_group_names)
    return f"events are retained for {wanted.retention_in_days} days in {names}"


def remove_log_retention(wanted: MediaTailorLogRetention, _run: Run) -> str:
    """Change nothing: other resources of the account write to the same groups."""
    return f"not changed, because the account shares them: {', '.join(wanted.log_group_names)}"


def _is_being_changed(error: ClientError) -> bool:
    return code(error) == "OperationAbortedException" or is_not_found(error)
