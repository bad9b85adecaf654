"""MediaTailor's playback configurations and channels that write logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slr_constructs.account.uses.kind import Kind, Listing, Settings, Thing, asked, stack_of
from slr_constructs.handler.slr_handler import contract
from slr_constructs.handler.slr_handler.operations import mediatailor_logging

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slr_constructs.account.access import Region
    from slr_constructs.handler.slr_handler.run import Run

_MEMBER = "LogConfiguration"


class PlaybackConfiguration(Kind):
    """A playback configuration that logs some of its sessions, by whatever strategy.

    The documents let go of the role with 0 percent on every one.
    """

    name = "playback configuration"
    service = "mediatailor"
    resource_types = (
        "AWS::MediaTailor::PlaybackConfiguration",
        contract.MediaTailorSessionLogging.RESOURCE_TYPE,
        contract.MediaTailorSessionLoggingRelease.RESOURCE_TYPE,
    )
    loss = "its sessions are not logged"
    listing = Listing("mediatailor", "list_playback_configurations", "Items", of_a_page=100)

    def listed(self, region: str, item: Mapping[str, Any]) -> Thing | None:
        """Return a playback configuration with a percentage above 0."""
        settings = _percentage(item.get(_MEMBER))
        if settings is None:
            return None
        name = item["Name"]
        arn = item.get("PlaybackConfigurationArn", name)
        return Thing(self, region, name, arn, name, settings, stack_of(item))

    def look(self, region: Region, thing: Thing) -> Settings | None:
        """Read the log configuration."""
        api = region.api("mediatailor")
        return _percentage(asked(api, "get_playback_configuration", Name=thing.id).get(_MEMBER))

    def says(self, settings: Settings) -> str:
        """Say how many sessions are logged, and how, if it is not the role that writes."""
        strategies = settings.get("EnabledLoggingStrategies") or []
        by = ", vended logs alone" if strategies == ["VENDED_LOGS"] else ""
        return f"{settings['PercentEnabled']} % of sessions{by}"

    def off(self, run: Run, thing: Thing) -> str:
        """Set the percentage to 0: a log configuration cannot be deleted."""
        return mediatailor_logging.remove_session_logging(_sessions(thing), run)

    def on(self, region: Region, thing: Thing, settings: Settings) -> str:
        """Put the log configuration."""
        region.api("mediatailor").call(
            "configure_logs_for_playback_configuration",
            PlaybackConfigurationName=thing.id,
            **settings,
        )
        return thing.arn

    def switched_by(self, thing: Thing) -> Sequence[str]:
        """Return that of our session logging."""
        return (_sessions(thing).physical_id,)


def _percentage(settings: Settings | None) -> Settings | None:
    return settings if settings and settings.get("PercentEnabled") else None


def _sessions(thing: Thing) -> contract.MediaTailorSessionLoggingRelease:
    return contract.MediaTailorSessionLoggingRelease(playback_configuration_name=thing.id)


class LinearChannel(Kind):
    """A channel that writes its as-run log."""

    name = "MediaTailor channel"
    service = "mediatailor"
    resource_types = (
        "AWS::MediaTailor::Channel",
        contract.MediaTailorAsRunLogging.RESOURCE_TYPE,
        contract.MediaTailorAsRunLoggingRelease.RESOURCE_TYPE,
    )
    loss = "it writes no as-run log"
    listing = Listing("mediatailor", "list_channels", "Items", of_a_page=100)

    def listed(self, region: str, item: Mapping[str, Any]) -> Thing | None:
        """Return a channel with a log type."""
        settings = _types(item.get(_MEMBER))
        if settings is None:
            return None
        name = item["ChannelName"]
        return Thing(self, region, name, item["Arn"], name, settings, stack_of(item))

    def look(self, region: Region, thing: Thing) -> Settings | None:
        """Read the log types."""
        api = region.api("mediatailor")
        return _types(asked(api, "describe_channel", ChannelName=thing.id).get(_MEMBER))

    def says(self, settings: Settings) -> str:
        """Say which logs it writes."""
        return f"logs {', '.join(settings['LogTypes'])}"

    def off(self, run: Run, thing: Thing) -> str:
        """Take all log types from it."""
        return mediatailor_logging.remove_as_run_logging(_as_run(thing), run)

    def on(self, region: Region, thing: Thing, settings: Settings) -> str:
        """Put the log types."""
        region.api("mediatailor").call(
            "configure_logs_for_channel", ChannelName=thing.id, **settings
        )
        return thing.arn

    def switched_by(self, thing: Thing) -> Sequence[str]:
        """Return that of our as-run logging."""
        return (_as_run(thing).physical_id,)


def _types(settings: Settings | None) -> Settings | None:
    return settings if settings and settings.get("LogTypes") else None


def _as_run(thing: Thing) -> contract.MediaTailorAsRunLoggingRelease:
    return contract.MediaTailorAsRunLoggingRelease(channel_name=thing.id)
