"""MediaTailor playback configurations and channels with logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slr_constructs.account.usages.kind import Kind, Settings, TargetResource
from slr_constructs.catalogue import mediatailor_logging as catalogue
from slr_constructs.handler.slr_handler.operations import mediatailor_logging

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slr_constructs.handler.slr_handler.context import Context


class _Logs(Kind):
    """A kind of resource with a log configuration."""

    def settings_in(self, item: Mapping[str, Any]) -> Settings:
        """Return the log configuration."""
        return item.get("LogConfiguration") or {}


class PlaybackConfiguration(_Logs):
    """A playback configuration that logs some of its sessions, with any strategy.

    The AWS documentation sets 0 percent on every playback configuration before it deletes the role.
    """

    resource_type = catalogue.PLAYBACK_CONFIGURATION
    arn_member = "PlaybackConfigurationArn"
    restorable = (
        "PercentEnabled",
        "EnabledLoggingStrategies",
        "AdsInteractionLog",
        "ManifestServiceInteractionLog",
    )
    consequence = "its sessions are not logged"

    def describe_settings(self, settings: Settings) -> str:
        """Return the percentage, and the strategy if it is only that of vended logs."""
        strategies = settings.get("EnabledLoggingStrategies") or []
        by = ", vended logs only" if strategies == ["VENDED_LOGS"] else ""
        return f"{settings['PercentEnabled']} % of sessions{by}"

    def configure(self, context: Context, target: TargetResource, settings: Settings) -> str:
        """Configure the logs again."""
        mediatailor_logging.put_session_logs(target.id, settings, context)
        return target.arn


class LinearChannel(_Logs):
    """A channel that writes an as-run log."""

    resource_type = catalogue.CHANNEL
    restorable = ("LogTypes",)
    consequence = "it does not write an as-run log"

    def describe_settings(self, settings: Settings) -> str:
        """Return the logs that it writes."""
        return f"logs {', '.join(settings['LogTypes'])}"

    def configure(self, context: Context, target: TargetResource, settings: Settings) -> str:
        """Set the log types."""
        mediatailor_logging.put_log_types(target.id, settings["LogTypes"], context)
        return target.arn


KINDS = (PlaybackConfiguration(), LinearChannel())
