"""Access logs of MediaPackage, live and VOD.

ConfigureLogs replaces the configuration: it disables a log that the call does not name, and `{}`
selects the default log group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ..aws import is_not_found
from ..contract import (
    MediaPackageChannelLogging,
    MediaPackageChannelLoggingCleanUp,
    MediaPackagePackagingGroupLogging,
    MediaPackagePackagingGroupLoggingCleanUp,
)
from ..operation import Operation, do_nothing_until_delete

if TYPE_CHECKING:
    from ..context import Context


def configure_channel_logging(wanted: MediaPackageChannelLogging, context: Context) -> str:
    """Configure both access logs of a live channel."""
    settings = _logs(IngressAccessLogs=wanted.ingress, EgressAccessLogs=wanted.egress)
    put("mediapackage", wanted.channel_id, settings, context)
    logs = f"ingress {wanted.ingress}, egress {wanted.egress}"
    return f"access logs of channel {wanted.channel_id}: {logs}"


def remove_channel_logging(wanted: MediaPackageChannelLoggingCleanUp, context: Context) -> str:
    """Disable both access logs of a live channel."""
    return _disable(context, "mediapackage", wanted.channel_id)


def configure_packaging_group_logging(
    wanted: MediaPackagePackagingGroupLogging, context: Context
) -> str:
    """Configure the access log of a packaging group."""
    settings = _logs(EgressAccessLogs=wanted.egress)
    put("mediapackage-vod", wanted.packaging_group_id, settings, context)
    return f"access log of packaging group {wanted.packaging_group_id}: egress {wanted.egress}"


def remove_packaging_group_logging(
    wanted: MediaPackagePackagingGroupLoggingCleanUp, context: Context
) -> str:
    """Disable the access log of a packaging group."""
    return _disable(context, "mediapackage-vod", wanted.packaging_group_id)


def put(service: str, owner_id: str, logs: dict[str, Any], context: Context) -> None:
    """Configure the access logs of a channel or a packaging group in the form of the API."""
    context.api(service).call("configure_logs", retry_if=is_not_found, Id=owner_id, **logs)


def _disable(context: Context, service: str, owner_id: str) -> str:
    try:
        context.api(service).call("configure_logs", Id=owner_id)
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


OPERATIONS = (
    Operation(MediaPackageChannelLogging, configure_channel_logging, remove_channel_logging),
    Operation(MediaPackageChannelLoggingCleanUp, do_nothing_until_delete, remove_channel_logging),
    Operation(
        MediaPackagePackagingGroupLogging,
        configure_packaging_group_logging,
        remove_packaging_group_logging,
    ),
    Operation(
        MediaPackagePackagingGroupLoggingCleanUp,
        do_nothing_until_delete,
        remove_packaging_group_logging,
    ),
)
