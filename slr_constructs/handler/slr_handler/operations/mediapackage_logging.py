"""MediaPackage's access logs, live and VOD.

ConfigureLogs replaces: a log that is not named is disabled, and `{}` means the default group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ..aws import gone

if TYPE_CHECKING:
    from ..contract import (
        MediaPackageChannelLogging,
        MediaPackageChannelLoggingRelease,
        MediaPackagePackagingGroupLogging,
        MediaPackagePackagingGroupLoggingRelease,
    )
    from ..run import Run


def put_channel_logging(wanted: MediaPackageChannelLogging, run: Run) -> str:
    """Configure both access logs of a live channel."""
    run.api("mediapackage").call(
        "configure_logs",
        settling=gone,
        Id=wanted.channel_id,
        **_logs(IngressAccessLogs=wanted.ingress, EgressAccessLogs=wanted.egress),
    )
    return f"access logs of channel {wanted.channel_id}: in {wanted.ingress}, out {wanted.egress}"


def remove_channel_logging(wanted: MediaPackageChannelLoggingRelease, run: Run) -> str:
    """Disable both access logs of a live channel."""
    return _disable(run, "mediapackage", wanted.channel_id)


def put_packaging_group_logging(wanted: MediaPackagePackagingGroupLogging, run: Run) -> str:
    """Configure the access log of a packaging group."""
    run.api("mediapackage-vod").call(
        "configure_logs",
        settling=gone,
        Id=wanted.packaging_group_id,
        **_logs(EgressAccessLogs=wanted.egress),
    )
    return f"access log of packaging group {wanted.packaging_group_id}: {wanted.egress}"


def remove_packaging_group_logging(
    wanted: MediaPackagePackagingGroupLoggingRelease, run: Run
) -> str:
    """Disable the access log of a packaging group."""
    return _disable(run, "mediapackage-vod", wanted.packaging_group_id)


def _disable(run: Run, service: str, owner_id: str) -> str:
    try:
        run.api(service).call("configure_logs", Id=owner_id)
    except ClientError as error:
        if not gone(error):
            raise
        return f"{owner_id} is gone, and its access logs with it"
    return f"access logs of {owner_id} are off"


def _logs(**wanted: str) -> dict[str, dict[str, str]]:
    return {
        name: {} if log == "DEFAULT_GROUP" else {"LogGroupName": log}
        for name, log in wanted.items()
        if log != "OFF"
    }
