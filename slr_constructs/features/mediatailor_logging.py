"""MediaTailor logs: the sessions of a playback configuration, and the as-run log of a channel.

Both are native properties of their owners, so CloudFormation configures them if the owner is in the
app. But CloudFormation cannot disable them before it deletes the owner, as MediaTailor's
documentation requires. A clean-up resource does: a custom resource that acts only on delete.

The account shares the log groups, and their names are fixed, so a feature does not manage them. To
set their retention, use `aws_logs.LogRetention` in one stack of the account and region.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from aws_cdk import aws_mediatailor

from slr_constructs._errors import check_contract, check_kind, check_list, is_unresolved
from slr_constructs._feature import FeatureWithCleanUp, already_configured, owner_of
from slr_constructs._ordering import define_clean_up, define_configuration
from slr_constructs._service_linked_role import ServiceLinkedRole, role_for
from slr_constructs._usage_error import UsageError
from slr_constructs.catalogue.mediatailor_logging import (
    CHANNEL,
    EVENT_TYPES,
    MEDIATAILOR,
    PLAYBACK_CONFIGURATION,
)
from slr_constructs.handler.slr_handler import contract, rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct, IConstruct


class LoggingStrategy(Enum):
    """How MediaTailor delivers the logs of sessions."""

    #: MediaTailor writes to CloudWatch Logs, with the service-linked role.
    LEGACY_CLOUDWATCH = "LEGACY_CLOUDWATCH"

    #: CloudWatch delivers the logs to a log group, a bucket or a Firehose stream. The delivery
    #: source and destination are not part of this construct: use `aws_logs.CfnDeliverySource`,
    #: `CfnDeliveryDestination` and `CfnDelivery`. AWS does not document whether these logs use the
    #: role, so the role is declared all the same.
    VENDED_LOGS = "VENDED_LOGS"


class MediaTailorSessionLogging(FeatureWithCleanUp):
    """Log the sessions of a playback configuration.

    Sets the owner's `LogConfiguration`, and defines a clean-up resource, `<id>/CleanUp`. The role
    is created before the logs are configured. On delete, the percentage is set to 0 before the
    owner is deleted.

    For an existing owner outside of the app, one custom resource, `<id>/Resource`, does both. It
    marks the owner with tags, and fails if another stack has marked it. On delete, the owner gets
    the settings that it had before. Strategies and event types that are not given stay as they are.

    Args:
        playback_configuration: The playback configuration in this app, or the name of an existing
            one.

        percent_enabled: The percentage of sessions that are logged, 0 to 100. Default: all sessions
            are logged.

        enabled_logging_strategies: How the logs are delivered: one or both strategies. Default:
            `LEGACY_CLOUDWATCH`; an existing owner that has a strategy keeps it.

        ads_interaction_publish_opt_in_event_types: Events of the ad decision server that are logged
            only on request, such as `RAW_ADS_REQUEST`. Default: none of them are logged.

        ads_interaction_exclude_event_types: Events of the ad decision server that are not logged.
            Default: no events are excluded.

        manifest_service_publish_opt_in_event_types: Events of the manifest service that are logged
            only on request. CloudFormation has no property for them, so the owner must be an
            existing one. Default: none of them are logged.

        manifest_service_exclude_event_types: Events of the manifest service that are not logged.
            Default: no events are excluded.

        role: The role `AWSServiceRoleForMediaTailor`. Default: the role of the stack, declared on
            first use.

    Raises:
        UsageError: A prop breaks its rule (`PlaybackConfigurationName`, `PercentEnabled`,
            `LoggingStrategies`, `EventTypes`), CloudFormation lacks the property
            (`ManifestServiceOptIn`), the owner or the role is in another account, or the owner in
            another region, than the stack (`OtherEnvironment`), the role belongs to another service
            (`RoleOfAnotherService`), or the owner already has a log configuration
            (`FeatureSetTwice`).
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        playback_configuration: aws_mediatailor.CfnPlaybackConfiguration | IConstruct | str,
        percent_enabled: int = 100,
        enabled_logging_strategies: Sequence[LoggingStrategy] | None = None,
        ads_interaction_publish_opt_in_event_types: Sequence[str] | None = None,
        ads_interaction_exclude_event_types: Sequence[str] | None = None,
        manifest_service_publish_opt_in_event_types: Sequence[str] | None = None,
        manifest_service_exclude_event_types: Sequence[str] | None = None,
        role: ServiceLinkedRole | None = None,
    ) -> None:
        super().__init__(scope, id)
        owner = owner_of(
            self,
            "playback_configuration",
            playback_configuration,
            "a CfnPlaybackConfiguration or the name of one",
            aws_mediatailor.CfnPlaybackConfiguration,
        )
        allowed = rules.PERCENT_ENABLED.allowed
        check_kind(self, "percent_enabled", percent_enabled, allowed, int, float)
        strategies = None
        if enabled_logging_strategies is not None:
            kinds = "a list of LoggingStrategy values"
            strategies = check_list(
                self,
                "enabled_logging_strategies",
                enabled_logging_strategies,
                kinds,
                LoggingStrategy,
            )
        self._name = owner if isinstance(owner, str) else owner.ref
        wanted = contract.MediaTailorSessionLogging(
            playback_configuration_name=self._name,
            percent_enabled=percent_enabled,
            enabled_logging_strategies=strategies,
            ads_interaction_publish_opt_in_event_types=self._types(
                "ads_interaction_publish_opt_in_event_types",
                ads_interaction_publish_opt_in_event_types,
            ),
            ads_interaction_exclude_event_types=self._types(
                "ads_interaction_exclude_event_types", ads_interaction_exclude_event_types
            ),
            manifest_service_publish_opt_in_event_types=self._types(
                "manifest_service_publish_opt_in_event_types",
                manifest_service_publish_opt_in_event_types,
            ),
            manifest_service_exclude_event_types=self._types(
                "manifest_service_exclude_event_types", manifest_service_exclude_event_types
            ),
        )
        props = {"playback_configuration_name": "playback_configuration"}
        check_contract(wanted, at=self, props=props)
        self._role = role_for(self, role, MEDIATAILOR, owner=owner)
        if isinstance(owner, str):
            self._clean_up = define_configuration(
                self,
                PLAYBACK_CONFIGURATION,
                wanted,
                owner=owner,
                name=owner,
                props=props,
            )
        else:
            if owner.log_configuration is not None:
                raise already_configured(self, owner, "a log configuration")
            owner.log_configuration = self._log_configuration(wanted)
            self._clean_up = define_clean_up(
                self, PLAYBACK_CONFIGURATION, owner=owner, name=self._name, role=self._role
            )

    @property
    def playback_configuration_name(self) -> str:
        """The playback configuration's name."""
        return self._name

    def _types(self, prop: str, types: Sequence[str] | None) -> tuple[str, ...] | None:
        check_kind(self, prop, types, "a list or None", list, tuple, optional=True)
        for each in types or ():
            if each not in EVENT_TYPES[prop] and not is_unresolved(each):
                raise UsageError(
                    "EventTypes",
                    at=self,
                    prop=prop,
                    allowed="event types that MediaTailor has for it, such as"
                    f" {min(EVENT_TYPES[prop])}",
                    got=each,
                )
        return None if types is None else tuple(types)

    def _log_configuration(
        self, wanted: contract.MediaTailorSessionLogging
    ) -> aws_mediatailor.CfnPlaybackConfiguration.LogConfigurationProperty:
        if wanted.manifest_service_publish_opt_in_event_types is not None:
            raise UsageError(
                "ManifestServiceOptIn",
                at=self,
                prop="manifest_service_publish_opt_in_event_types",
                allowed="omitted for a playback configuration in the app (CloudFormation has no"
                " property for it)",
                got=wanted.manifest_service_publish_opt_in_event_types,
            )
        l1 = aws_mediatailor.CfnPlaybackConfiguration
        opted_in = _list(wanted.ads_interaction_publish_opt_in_event_types)
        excluded = _list(wanted.ads_interaction_exclude_event_types)
        unlogged = _list(wanted.manifest_service_exclude_event_types)
        ads = l1.AdsInteractionLogProperty(
            publish_opt_in_event_types=opted_in, exclude_event_types=excluded
        )
        manifests = l1.ManifestServiceInteractionLogProperty(exclude_event_types=unlogged)
        return l1.LogConfigurationProperty(
            percent_enabled=wanted.percent_enabled,
            enabled_logging_strategies=_list(wanted.enabled_logging_strategies)
            or [LoggingStrategy.LEGACY_CLOUDWATCH.value],
            ads_interaction_log=None if opted_in is None and excluded is None else ads,
            manifest_service_interaction_log=None if unlogged is None else manifests,
        )


class MediaTailorAsRunLogging(FeatureWithCleanUp):
    """Log the programs and ad breaks that a MediaTailor channel has run to CloudWatch Logs.

    Sets the owner's `LogConfiguration`, and defines a clean-up resource, `<id>/CleanUp`. For an
    existing owner outside of the app, one custom resource, `<id>/Resource`, does both. The role is
    created before the log is configured. On delete, the log types are removed before the owner is
    deleted.

    Args:
        channel: The channel in this app, or the name of an existing one.

        role: The role `AWSServiceRoleForMediaTailor`. Default: the role of the stack, declared on
            first use.

    Raises:
        UsageError: The name is invalid (`MediaTailorChannelName`), the channel or the role is in
            another account, or the channel in another region, than the stack (`OtherEnvironment`),
            the role belongs to another service (`RoleOfAnotherService`), or the owner already has a
            log configuration (`FeatureSetTwice`).
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        channel: aws_mediatailor.CfnChannel | IConstruct | str,
        role: ServiceLinkedRole | None = None,
    ) -> None:
        super().__init__(scope, id)
        owner = owner_of(
            self,
            "channel",
            channel,
            "a CfnChannel or the name of one",
            aws_mediatailor.CfnChannel,
        )
        self._name = owner if isinstance(owner, str) else owner.ref
        self._role = role_for(self, role, MEDIATAILOR, owner=owner)
        if isinstance(owner, str):
            self._clean_up = define_configuration(
                self,
                CHANNEL,
                contract.MediaTailorAsRunLogging(channel_name=owner),
                owner=owner,
                name=owner,
                props={"channel_name": "channel"},
            )
        else:
            if owner.log_configuration is not None:
                raise already_configured(self, owner, "a log configuration")
            owner.log_configuration = aws_mediatailor.CfnChannel.LogConfigurationForChannelProperty(
                log_types=["AS_RUN"]
            )
            self._clean_up = define_clean_up(
                self, CHANNEL, owner=owner, name=self._name, role=self._role
            )

    @property
    def channel_name(self) -> str:
        """The channel's name."""
        return self._name


def _list(texts: tuple[str, ...] | None) -> list[str] | None:
    """Return a list, because jsii does not accept tuples."""
    return None if texts is None else list(texts)
