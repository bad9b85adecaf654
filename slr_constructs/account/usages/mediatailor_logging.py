"""MediaTailor playback configurations and channels with logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slr_constructs.account.usages.kind import (
    Kind,
    Listing,
    Settings,
    TargetResource,
    call_or_empty,
    stack_from_tags,
)
from slr_constructs.handler.slr_handler import contract
from slr_constructs.handler.slr_handler.operations import mediatailor_logging

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slr_constructs.account.access import Region
    from slr_constructs.handler.slr_handler.run import Run

_MEMBER = "LogConfiguration"


class PlaybackConfiguration(Kind):
    """A playback configuration that logs some of its sessions, with any strategy.

    The AWS documentation sets 0 percent on every playback configuration before it deletes the role.
    """

    name = "playback configuration"
    service = "mediatailor"
    resource_types = (
        "AWS::MediaTailor::PlaybackConfiguration",
        contract.MediaTailorSessionLogging.RESOURCE_TYPE,
        contract.MediaTailorSessionLoggingCleanUp.RESOURCE_TYPE,
    )
    consequence = "its sessions are not logged"
    listing = Listing("mediatailor", "list_playback_configurations", "Items", page_size=100)

    def parse_item(self, region: str, item: Mapping[str, Any]) -> TargetResource | None:
        """Return the playback configuration if its percentage is above 0."""
        settings = _percentage(item.get(_MEMBER))
        if settings is None:
            return None
        name = item["Name"]
        arn = item.get("PlaybackConfigurationArn", name)
        return TargetResource(self, region, name, arn, name, settings, stack_from_tags(item))

    def read_settings(self, region: Region, target: TargetResource) -> Settings | None:
        """Read the log configuration."""
        api = region.api("mediatailor")
        return _percentage(
            call_or_empty(api, "get_playback_configuration", Name=target.id).get(_MEMBER)
        )

    def describe_settings(self, settings: Settings) -> str:
        """Return the percentage, and the strategy if it does not use the role."""
        strategies = settings.get("EnabledLoggingStrategies") or []
        by = ", vended logs only" if strategies == ["VENDED_LOGS"] else ""
        return f"{settings['PercentEnabled']} % of sessions{by}"

    def disable(self, run: Run, target: TargetResource) -> str:
        """Set the percentage to 0. A log configuration cannot be deleted."""
        return mediatailor_logging.remove_session_logging(_sessions(target), run)

    def configure(self, region: Region, target: TargetResource, settings: Settings) -> str:
        """Configure the logs again."""
        region.api("mediatailor").call(
            "configure_logs_for_playback_configuration",
            PlaybackConfigurationName=target.id,
            **settings,
        )
        return target.arn

    def custom_resource_ids(self, target: TargetResource) -> Sequence[str]:
        """Return the physical id of our custom resource."""
        return (_sessions(target).physical_id,)


def _percentage(settings: Settings | None) -> Settings | None:
    return settings if settings and settings.get("PercentEnabled") else None


def _sessions(target: TargetResource) -> contract.MediaTailorSessionLoggingCleanUp:
    return contract.MediaTailorSessionLoggingCleanUp(playback_configuration_name=target.id)


class LinearChannel(Kind):
    """A channel that writes an as-run log."""

    name = "MediaTailor channel"
    service = "mediatailor"
    resource_types = (
        "AWS::MediaTailor::Channel",
        contract.MediaTailorAsRunLogging.RESOURCE_TYPE,
        contract.MediaTailorAsRunLoggingCleanUp.RESOURCE_TYPE,
    )
    consequence = "it does not write an as-run log"
    listing = Listing("mediatailor", "list_channels", "Items", page_size=100)

    def parse_item(self, region: str, item: Mapping[str, Any]) -> TargetResource | None:
        """Return the channel if it has a log type."""
        settings = _types(item.get(_MEMBER))
        if settings is None:
            return None
        name = item["ChannelName"]
        return TargetResource(
            self, region, name, item["Arn"], name, settings, stack_from_tags(item)
        )

    def read_settings(self, region: Region, target: TargetResource) -> Settings | None:
        """Read the log types."""
        api = region.api("mediatailor")
        return _types(call_or_empty(api, "describe_channel", ChannelName=target.id).get(_MEMBER))

    def describe_settings(self, settings: Settings) -> str:
        """Return the logs that it writes."""
        return f"logs {', '.join(settings['LogTypes'])}"

    def disable(self, run: Run, target: TargetResource) -> str:
        """Remove all log types."""
        return mediatailor_logging.remove_as_run_logging(_as_run(target), run)

    def configure(self, region: Region, target: TargetResource, settings: Settings) -> str:
        """Set the log types."""
        region.api("mediatailor").call(
            "configure_logs_for_channel", ChannelName=target.id, **settings
        )
        return target.arn

    def custom_resource_ids(self, target: TargetResource) -> Sequence[str]:
        """Return the physical id of our custom resource."""
        return (_as_run(target).physical_id,)


def _types(settings: Settings | None) -> Settings | None:
    return settings if settings and settings.get("LogTypes") else None


def _as_run(target: TargetResource) -> contract.MediaTailorAsRunLoggingCleanUp:
    return contract.MediaTailorAsRunLoggingCleanUp(channel_name=target.id)
