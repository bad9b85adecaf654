"""MediaPackage channels and packaging groups with access logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from slr_constructs.account.usages.kind import (
    Kind,
    Listing,
    Settings,
    TargetResource,
    call_or_empty,
)
from slr_constructs.handler.slr_handler import contract
from slr_constructs.handler.slr_handler.operations import mediapackage_logging

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slr_constructs.account.access import Region
    from slr_constructs.handler.slr_handler.run import Run

_DEFAULT = "the default log group"


class _AccessLogs(Kind):
    """A kind of resource with access logs."""

    #: the names of the logs.
    logs: ClassVar[tuple[str, ...]]
    #: the method that reads one resource.
    reader: ClassVar[str]

    def parse_item(self, region: str, item: Mapping[str, Any]) -> TargetResource | None:
        """Return the resource if it has an access log. Passwords in the list are not kept."""
        settings = self._enabled_logs(item)
        if settings is None:
            return None
        # CloudFormation does not set system tags on it
        return TargetResource(self, region, item["Id"], item["Arn"], item["Id"], settings)

    def read_settings(self, region: Region, target: TargetResource) -> Settings | None:
        """Read the enabled logs."""
        return self._enabled_logs(
            call_or_empty(region.api(self.service), self.reader, Id=target.id)
        )

    def describe_settings(self, settings: Settings) -> str:
        """Return each log and its log group."""
        return "; ".join(
            f"{name.removesuffix('AccessLogs').lower()} to {log.get('LogGroupName', _DEFAULT)}"
            for name, log in settings.items()
        )

    def configure(self, region: Region, target: TargetResource, settings: Settings) -> str:
        """Configure the logs. A log that is not in the call is disabled."""
        region.api(self.service).call("configure_logs", Id=target.id, **settings)
        return target.arn

    def _enabled_logs(self, item: Mapping[str, Any]) -> Settings | None:
        # a log that is present is enabled. Without a name it uses the default log group
        found = {name: item[name] for name in self.logs if item.get(name) is not None}
        return found or None


class LiveChannel(_AccessLogs):
    """A live channel with an access log."""

    name = "MediaPackage channel"
    service = "mediapackage"
    resource_types = (
        "AWS::MediaPackage::Channel",
        contract.MediaPackageChannelLogging.RESOURCE_TYPE,
        contract.MediaPackageChannelLoggingCleanUp.RESOURCE_TYPE,
    )
    consequence = "its requests are not logged"
    listing = Listing("mediapackage", "list_channels", "Channels", page_size=1000)
    logs = ("IngressAccessLogs", "EgressAccessLogs")
    reader = "describe_channel"

    def disable(self, run: Run, target: TargetResource) -> str:
        """Disable both access logs."""
        return mediapackage_logging.remove_channel_logging(_channel(target), run)

    def custom_resource_ids(self, target: TargetResource) -> Sequence[str]:
        """Return the physical id of our custom resource."""
        return (_channel(target).physical_id,)


def _channel(target: TargetResource) -> contract.MediaPackageChannelLoggingCleanUp:
    return contract.MediaPackageChannelLoggingCleanUp(channel_id=target.id)


class PackagingGroup(_AccessLogs):
    """A VOD packaging group with an access log."""

    name = "packaging group"
    service = "mediapackage-vod"
    resource_types = (
        "AWS::MediaPackage::PackagingGroup",
        contract.MediaPackagePackagingGroupLogging.RESOURCE_TYPE,
        contract.MediaPackagePackagingGroupLoggingCleanUp.RESOURCE_TYPE,
    )
    consequence = "its requests are not logged"
    listing = Listing(
        "mediapackage-vod", "list_packaging_groups", "PackagingGroups", page_size=1000
    )
    logs = ("EgressAccessLogs",)
    reader = "describe_packaging_group"

    def disable(self, run: Run, target: TargetResource) -> str:
        """Disable the access log."""
        return mediapackage_logging.remove_packaging_group_logging(_group(target), run)

    def custom_resource_ids(self, target: TargetResource) -> Sequence[str]:
        """Return the physical id of our custom resource."""
        return (_group(target).physical_id,)


def _group(target: TargetResource) -> contract.MediaPackagePackagingGroupLoggingCleanUp:
    return contract.MediaPackagePackagingGroupLoggingCleanUp(packaging_group_id=target.id)
