"""MediaPackage's live channels and packaging groups that write access logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from slr_constructs.account.uses.kind import Kind, Listing, Settings, Thing, asked
from slr_constructs.handler.slr_handler import contract
from slr_constructs.handler.slr_handler.operations import mediapackage_logging

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slr_constructs.account.access import Region
    from slr_constructs.handler.slr_handler.run import Run


class _AccessLogs(Kind):
    """What has access logs, of this kind or that."""

    #: the logs.
    logs: ClassVar[tuple[str, ...]]
    #: reads one.
    reader: ClassVar[str]

    def listed(self, region: str, item: Mapping[str, Any]) -> Thing | None:
        """Return what has an access log, and keep nothing else: a list has passwords too."""
        settings = self._on(item)
        if settings is None:
            return None
        # CloudFormation gives it no tags of its own
        return Thing(self, region, item["Id"], item["Arn"], item["Id"], settings)

    def look(self, region: Region, thing: Thing) -> Settings | None:
        """Read which logs are on."""
        return self._on(asked(region.api(self.service), self.reader, Id=thing.id))

    def says(self, settings: Settings) -> str:
        """Say which logs go where."""
        return "; ".join(
            f"{name.removesuffix('AccessLogs').lower()} to {log.get('LogGroupName', 'its default')}"
            for name, log in settings.items()
        )

    def on(self, region: Region, thing: Thing, settings: Settings) -> str:
        """Put the logs; a log that is not named is off."""
        region.api(self.service).call("configure_logs", Id=thing.id, **settings)
        return thing.arn

    def _on(self, item: Mapping[str, Any]) -> Settings | None:
        # present means on, be it without a name: the default group
        found = {name: item[name] for name in self.logs if item.get(name) is not None}
        return found or None


class LiveChannel(_AccessLogs):
    """A live channel with an access log."""

    name = "MediaPackage channel"
    service = "mediapackage"
    resource_types = (
        "AWS::MediaPackage::Channel",
        contract.MediaPackageChannelLogging.RESOURCE_TYPE,
        contract.MediaPackageChannelLoggingRelease.RESOURCE_TYPE,
    )
    loss = "its requests are not logged"
    listing = Listing("mediapackage", "list_channels", "Channels", of_a_page=1000)
    logs = ("IngressAccessLogs", "EgressAccessLogs")
    reader = "describe_channel"

    def off(self, run: Run, thing: Thing) -> str:
        """Disable both access logs."""
        return mediapackage_logging.remove_channel_logging(_channel(thing), run)

    def switched_by(self, thing: Thing) -> Sequence[str]:
        """Return that of our access logging."""
        return (_channel(thing).physical_id,)


def _channel(thing: Thing) -> contract.MediaPackageChannelLoggingRelease:
    return contract.MediaPackageChannelLoggingRelease(channel_id=thing.id)


class PackagingGroup(_AccessLogs):
    """A VOD packaging group with an access log."""

    name = "packaging group"
    service = "mediapackage-vod"
    resource_types = (
        "AWS::MediaPackage::PackagingGroup",
        contract.MediaPackagePackagingGroupLogging.RESOURCE_TYPE,
        contract.MediaPackagePackagingGroupLoggingRelease.RESOURCE_TYPE,
    )
    loss = "its requests are not logged"
    listing = Listing(
        "mediapackage-vod", "list_packaging_groups", "PackagingGroups", of_a_page=1000
    )
    logs = ("EgressAccessLogs",)
    reader = "describe_packaging_group"

    def off(self, run: Run, thing: Thing) -> str:
        """Disable the access log."""
        return mediapackage_logging.remove_packaging_group_logging(_group(thing), run)

    def switched_by(self, thing: Thing) -> Sequence[str]:
        """Return that of our access logging."""
        return (_group(thing).physical_id,)


def _group(thing: Thing) -> contract.MediaPackagePackagingGroupLoggingRelease:
    return contract.MediaPackagePackagingGroupLoggingRelease(packaging_group_id=thing.id)
