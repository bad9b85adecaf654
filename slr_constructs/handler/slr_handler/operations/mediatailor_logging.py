"""MediaTailor's session and as-run logs, and the log groups that it writes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ..aws import code, gone
from ..run import RefusedError

if TYPE_CHECKING:
    from ..contract import (
        MediaTailorAsRunLogging,
        MediaTailorAsRunLoggingRelease,
        MediaTailorLogRetention,
        MediaTailorSessionLogging,
        MediaTailorSessionLoggingRelease,
    )
    from ..run import Run


def put_session_logging(wanted: MediaTailorSessionLogging, run: Run) -> str:
    """Put the percentage and the event types of a playback configuration's logs."""
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
        settling=gone,
        PlaybackConfigurationName=wanted.playback_configuration_name,
        PercentEnabled=wanted.percent_enabled,
        # the service-linked role writes for this strategy; vended logs have their own way
        EnabledLoggingStrategies=["LEGACY_CLOUDWATCH"],
        **logs,
    )
    return (
        f"{wanted.percent_enabled} percent of the sessions of"
        f" {wanted.playback_configuration_name} are logged"
    )


def remove_session_logging(wanted: MediaTailorSessionLoggingRelease, run: Run) -> str:
    """Set the percentage to 0: a log configuration cannot be deleted."""
    name = wanted.playback_configuration_name
    try:
        answer = run.api("mediatailor").call(
            "configure_logs_for_playback_configuration",
            PlaybackConfigurationName=name,
            PercentEnabled=0,
        )
    except ClientError as error:
        if not gone(error):
            raise
        return f"playback configuration {name} is gone, and its logs with it"
    if answer["PercentEnabled"] != 0:
        message = (
            f"MediaTailor was asked to log 0 percent of the sessions of {name} and answered"
            f" {answer['PercentEnabled']}"
        )
        raise RefusedError(message)
    return f"the sessions of {name} are not logged any more"


def put_as_run_logging(wanted: MediaTailorAsRunLogging, run: Run) -> str:
    """Write the as-run log of a channel."""
    run.api("mediatailor").call(
        "configure_logs_for_channel",
        settling=gone,
        ChannelName=wanted.channel_name,
        LogTypes=["AS_RUN"],
    )
    return f"channel {wanted.channel_name} writes its as-run log"


def remove_as_run_logging(wanted: MediaTailorAsRunLoggingRelease, run: Run) -> str:
    """Take all log types from a channel."""
    try:
        run.api("mediatailor").call(
            "configure_logs_for_channel", ChannelName=wanted.channel_name, LogTypes=[]
        )
    except ClientError as error:
        if not gone(error):
            raise
        return f"channel {wanted.channel_name} is gone, and its logs with it"
    return f"channel {wanted.channel_name} writes no as-run log any more"


def put_log_retention(wanted: MediaTailorLogRetention, run: Run) -> str:
    """Make the log groups if they are absent, and set how long they keep events."""
    api = run.api("logs")
    for name in wanted.log_group_names:
        try:
            api.call("create_log_group", settling=_being_changed, logGroupName=name)
        except ClientError as error:
            if code(error) != "ResourceAlreadyExistsException":
                raise
        api.call(
            "put_retention_policy",
            settling=_being_changed,
            logGroupName=name,
            retentionInDays=wanted.retention_in_days,
        )
    names = ", ".join(wanted.log_group_names)
    return f"events are kept for {wanted.retention_in_days} days in {names}"


def remove_log_retention(wanted: MediaTailorLogRetention, _run: Run) -> str:
    """Leave the groups as they are: the rest of the account writes to them too."""
    return f"left as it is: {', '.join(wanted.log_group_names)}"


def _being_changed(error: ClientError) -> bool:
    return code(error) == "OperationAbortedException" or gone(error)
