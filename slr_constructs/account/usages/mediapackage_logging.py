"""MediaPackage channels and packaging groups with access logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs.account.usages.kind import Kind, Settings, TargetResource
from slr_constructs.catalogue import mediapackage_logging as catalogue
from slr_constructs.handler.slr_handler.operations import mediapackage_logging

if TYPE_CHECKING:
    from slr_constructs.handler.slr_handler.context import Context

_DEFAULT = "the default log group"


class _AccessLogs(Kind):
    """A kind of resource with access logs.

    A log that is present is enabled. Without a name, it uses the default log group. The list
    contains passwords, which are not kept.
    """

    consequence = "its requests are not logged"

    def describe_settings(self, settings: Settings) -> str:
        """Return each log and its log group."""
        return "; ".join(
            f"{name.removesuffix('AccessLogs').lower()} to {log.get('LogGroupName', _DEFAULT)}"
            for name, log in settings.items()
        )

    def configure(self, context: Context, target: TargetResource, settings: Settings) -> str:
        """Configure the logs. A log that is not in the call is disabled."""
        mediapackage_logging.put(self.service, target.id, settings, context)
        return target.arn


class LiveChannel(_AccessLogs):
    """A live channel with an access log."""

    resource_type = catalogue.CHANNEL
    restorable = ("IngressAccessLogs", "EgressAccessLogs")


class PackagingGroup(_AccessLogs):
    """A VOD packaging group with an access log."""

    resource_type = catalogue.PACKAGING_GROUP
    restorable = ("EgressAccessLogs",)


KINDS = (LiveChannel(), PackagingGroup())
