"""Access logs of MediaPackage, live and VOD.

ConfigureLogs replaces the configuration: it disables a log that the call does not name, and `{}`
selects the default log group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ..aws import is_not_found

if TYPE_CHECKING:
    from ..contract import (
        MediaPackageChannelLogging,
        MediaPackageChannelLoggingCleanUp,
        MediaPackagePackagingGroupLogging,
        MediaPackagePackagingGroupLoggingCleanUp,
    )
    from ..run import Run


def configure_channel_logging(wanted: MediaPackageChannelLogging, run: Run) -> str:
    """Configure both access logs of a live channel."""
    run.api("mediapackage").call(
        "configure_logs",
        retry_if=is_not_found,
        Id=wanted.channel_id,
        **_logs(IngressAccessLogs=wanted.ingress, EgressAccessLogs=wanted.egress),
    )
    logs = f"ingress {wanted.ingress}, egress {wanted.egress}"
    return f"access logs of channel {wanted.channel_id}: {logs}"


def remove_channel_logging(wanted: MediaPackageChannelLoggingCleanUp, run: Run) -> str:
    """Disable both access logs of a live channel."""
    return _disable(run, "mediapackage", wanted.channel_id)


def configure_packaging_group_logging(wanted: MediaPackagePackagingGroupLogging, run: Run) -> str:
    """Configure the access log of a packaging group."""
    run.api("mediapackage-vod").call(
        "configure_logs",
        retry_if=is_not_found,
        Id=wanted.packaging_group_id,
        **_logs(EgressAccessLogs=wanted.egress),
    )
    return f"access log of packaging group {wanted.packaging_group_id}: egress {wanted.egress}"


def remove_packaging_group_logging(
    wanted: MediaPackagePackagingGroupLoggingCleanUp, run: Run
) -> str:
    """Disable the access log of a packaging group."""
    return _disable(run, "mediapackage-vod", wanted.packaging_group_id)


def _disable(run: Run, service: str, owner_id: str) -> str:
    try:
        run.api(service).call("configure_logs", Id=owner_id)
    except ClientError as error:
        if not is_not_found(error):
            raise
        return f"{owner_id} does not exist, so it has no access logs to disable"
    return f"access logs of {owner_id} are disabled"


def _logs(**wanted: str) -> dict[str, dict[str, str]]:
    return {
        name: {} if log == "DEFAULT_GROUP" else {"LogGroupName": log}
        for name, log in wanted.items()
        if log != "OFF"
    }
