"""Access logs of MediaPackage, live and VOD.

ConfigureLogs replaces the configuration: it disables a log that the call does not name, and `{}`
selects the default log group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from ..aws import is_not_found
from ..contract import (
    MediaPackageChannelLogging,
    MediaPackageChannelLoggingCleanUp,
    MediaPackagePackagingGroupLogging,
    MediaPackagePackagingGroupLoggingCleanUp,
)
from ..marks import MarkedFeature, Owner, TagApi
from ..operation import Operation, do_nothing_until_delete

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..aws import RetryIf
    from ..context import Context
    from ..marks import Settings


def remove_channel_logging(wanted: MediaPackageChannelLoggingCleanUp, context: Context) -> str:
    """Disable both access logs of a live channel."""
    return _disable(context, "mediapackage", wanted.channel_id)


def remove_packaging_group_logging(
    wanted: MediaPackagePackagingGroupLoggingCleanUp, context: Context
) -> str:
    """Disable the access log of a packaging group."""
    return _disable(context, "mediapackage-vod", wanted.packaging_group_id)


def put(
    service: str,
    owner_id: str,
    logs: dict[str, Any],
    context: Context,
    retry_if: RetryIf = is_not_found,
) -> None:
    """Configure the access logs of a channel or a packaging group in the form of the API."""
    context.api(service).call("configure_logs", retry_if=retry_if, Id=owner_id, **logs)


def _disable(context: Context, service: str, owner_id: str) -> str:
    try:
        context.api(service).call("configure_logs", Id=owner_id)
    except ClientError as error:
        if not is_not_found(error):
            raise
        return f"{owner_id} does not exist, so it has no access logs to disable"
    return f"access logs of {owner_id} are disabled"


_Logging = TypeVar("_Logging", bound=MediaPackageChannelLogging | MediaPackagePackagingGroupLogging)

#: the log groups that `{}` selects. For a packaging group, AWS documents both of the last two.
_DEFAULT_GROUPS = (
    "/aws/MediaPackage/IngressAccessLogs",
    "/aws/MediaPackage/EgressAccessLogs",
    "/aws/MediaPackage/VodEgressAccessLogs",
)


def _logs(**wanted: str) -> dict[str, dict[str, str]]:
    return {
        name: {} if log == "DEFAULT_GROUP" else {"LogGroupName": log}
        for name, log in wanted.items()
        if log != "OFF"
    }


class _AccessLogging(MarkedFeature[_Logging]):
    """Access logs. Each of the logs is a setting, by its name in the API."""

    noun = "access logging"

    def __init__(
        self,
        contract: type[_Logging],
        service: str,
        describe: str,
        logs: dict[str, str],
        *,
        remove: Callable[[_Logging, Context], str],
    ) -> None:
        super().__init__(contract, TagApi(service), remove=remove)
        self._service = service
        self._describe = describe
        #: the fields of the contract.
        self._logs = logs

    def read(self, name: str, context: Context, retry_if: RetryIf) -> Owner:
        """Read the access logs."""
        found = context.api(self._service).call(self._describe, retry_if=retry_if, Id=name)
        settings = {log: found[log] for log in self._logs if log in found}
        return Owner(found["Arn"], found.get("Tags", {}), settings)

    def asked(self, wanted: _Logging) -> Settings:
        """Return the group of each log."""
        wanted_logs = _logs(**{log: getattr(wanted, field) for log, field in self._logs.items()})
        return {log: wanted_logs.get(log) for log in self._logs}

    def is_still(self, asked: object, current: object) -> bool:
        """Return whether a log is as asked. AWS does not document how a default group is shown."""
        default = asked == {} and current in [{"LogGroupName": each} for each in _DEFAULT_GROUPS]
        return default or asked == current

    def write(self, name: str, settings: Settings, context: Context, retry_if: RetryIf) -> None:
        """Replace the access logs."""
        put(self._service, name, settings, context, retry_if)

    def outcome(self, wanted: _Logging) -> str:
        """Return the destination of each log."""
        logs = ", ".join(f"{field} {getattr(wanted, field)}" for field in self._logs.values())
        return f"access logs of {wanted.target}: {logs}"


CHANNEL_LOGGING = _AccessLogging(
    MediaPackageChannelLogging,
    "mediapackage",
    "describe_channel",
    {"IngressAccessLogs": "ingress", "EgressAccessLogs": "egress"},
    remove=remove_channel_logging,
)
PACKAGING_GROUP_LOGGING = _AccessLogging(
    MediaPackagePackagingGroupLogging,
    "mediapackage-vod",
    "describe_packaging_group",
    {"EgressAccessLogs": "egress"},
    remove=remove_packaging_group_logging,
)

FEATURES = (CHANNEL_LOGGING, PACKAGING_GROUP_LOGGING)
OPERATIONS = (
    CHANNEL_LOGGING.operation,
    Operation(MediaPackageChannelLoggingCleanUp, do_nothing_until_delete, remove_channel_logging),
    PACKAGING_GROUP_LOGGING.operation,
    Operation(
        MediaPackagePackagingGroupLoggingCleanUp,
        do_nothing_until_delete,
        remove_packaging_group_logging,
    ),
)
