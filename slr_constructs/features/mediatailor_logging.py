"""MediaTailor's logs: the sessions of a playback configuration, and what a channel has run.

CloudFormation has both as properties of their owners, and sets them natively where the owner is in
the app. What it cannot do is switch them off before the owner goes, which MediaTailor's documents
ask for; a release does, a custom resource that waits for its own deletion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import aws_logs, aws_mediatailor
from constructs import Construct

from slr_constructs import catalogue, rights
from slr_constructs.errors import UsageError, check_contract, check_kind
from slr_constructs.handler.slr_handler import contract
from slr_constructs.ordering import define_put, define_release
from slr_constructs.provider import Provider, arn
from slr_constructs.service_linked_role import ServiceLinkedRole, role_for
from slr_constructs.stack_parts import Feature, parts_of, set_twice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import CfnResource

_AS_RUN_LOG_GROUPS = tuple(
    name for name in catalogue.MEDIATAILOR.log_groups if name.startswith("MediaTailor/Channel/")
)
_SESSION_LOG_GROUPS = tuple(
    name for name in catalogue.MEDIATAILOR.log_groups if name not in _AS_RUN_LOG_GROUPS
)


class MediaTailorSessionLogging(Feature):
    """Log the sessions of a playback configuration to CloudWatch Logs.

    Sets the owner's `LogConfiguration` and defines a release, `<id>/Release`; for an owner that is
    not in the app, one custom resource, `<id>/Resource`, does both. The role is created before the
    owner is given the property; on delete the percentage is set to 0 before the owner goes.

    Args:
        playback_configuration: The playback configuration in this app, or the name of an existing
            one.

        percent_enabled: How many sessions are logged, 0 to 100 percent. Default: all.

        ads_interaction_publish_opt_in_event_types: Events of the ad decision server that are only
            logged when asked for, such as `RAW_ADS_REQUEST`. Default: none of them.

        ads_interaction_exclude_event_types: Events of the ad decision server that are left out.
            Default: none.

        manifest_service_publish_opt_in_event_types: Events of the manifest service that are only
            logged when asked for; CloudFormation has no property for them, so the owner must be
            an existing one. Default: none of them.

        manifest_service_exclude_event_types: Events of the manifest service that are left out.
            Default: none.

        log_retention: How long the log groups keep events. Their names are fixed and shared by the
            account, so they are made if absent, and left as they are on delete. Default:
            MediaTailor makes them, and they keep events for ever.

        role: The role `AWSServiceRoleForMediaTailor`. Default: that of the stack, declared on
            first use.

    Raises:
        UsageError: A prop breaks its rule (`PlaybackConfigurationName`, `PercentEnabled`,
            `EventTypes`), the log groups are to be kept for ever (`LogRetentionInfinite`) or, by
            two constructs of a stack, for different times (`LogRetentionConflict`), CloudFormation
            lacks the property (`ManifestServiceOptIn`), the role is another one
            (`RoleOfAnotherService`), or the owner has a log configuration already
            (`FeatureSetTwice`).
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        playback_configuration: aws_mediatailor.CfnPlaybackConfiguration | str,
        percent_enabled: int = 100,
        ads_interaction_publish_opt_in_event_types: Sequence[str] | None = None,
        ads_interaction_exclude_event_types: Sequence[str] | None = None,
        manifest_service_publish_opt_in_event_types: Sequence[str] | None = None,
        manifest_service_exclude_event_types: Sequence[str] | None = None,
        log_retention: aws_logs.RetentionDays | None = None,
        role: ServiceLinkedRole | None = None,
    ) -> None:
        super().__init__(scope, id)
        owner = playback_configuration
        check_kind(
            owner,
            aws_mediatailor.CfnPlaybackConfiguration,
            str,
            at=self,
            prop="playback_configuration",
            allowed="a CfnPlaybackConfiguration or the name of one",
        )
        self._name = owner if isinstance(owner, str) else owner.ref
        wanted = contract.MediaTailorSessionLogging(
            playback_configuration_name=self._name,
            percent_enabled=percent_enabled,
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
        if log_retention is not None:
            _keep_events(self, _SESSION_LOG_GROUPS, log_retention)
        self._role = role_for(self, role, catalogue.MEDIATAILOR, owner=owner)
        if isinstance(owner, str):
            self._release = define_put(
                self,
                wanted,
                owner=owner,
                prop="playback_configuration",
                thing=self._name,
                role=self._role,
                definition=catalogue.MEDIATAILOR,
                rights=[rights.log_sessions(_playback_configuration_arn(owner))],
                props=props,
            )
        else:
            _refuse_second(self, "playback_configuration", owner)
            owner.log_configuration = self._log_configuration(wanted)
            self._release = release_sessions(self, owner, self._name, self._role)

    @property
    def playback_configuration_name(self) -> str:
        """The playback configuration's name."""
        return self._name

    @property
    def role(self) -> ServiceLinkedRole:
        """The role that writes the logs."""
        return self._role

    @property
    def release(self) -> CfnResource:
        """What sets the percentage to 0 when it is deleted; whatever depends on it goes before."""
        return self._release

    def _types(self, prop: str, types: Sequence[str] | None) -> tuple[str, ...] | None:
        check_kind(types, list, tuple, at=self, prop=prop, allowed="a list", optional=True)
        return None if types is None else tuple(types)

    def _log_configuration(
        self, wanted: contract.MediaTailorSessionLogging
    ) -> aws_mediatailor.CfnPlaybackConfiguration.LogConfigurationProperty:
        if wanted.manifest_service_publish_opt_in_event_types is not None:
            raise UsageError(
                "ManifestServiceOptIn",
                at=self,
                prop="manifest_service_publish_opt_in_event_types",
                allowed="left out for a playback configuration of the app (CloudFormation has no"
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
            # the service-linked role writes for this strategy; vended logs have their own way
            enabled_logging_strategies=["LEGACY_CLOUDWATCH"],
            ads_interaction_log=None if opted_in is None and excluded is None else ads,
            manifest_service_interaction_log=None if unlogged is None else manifests,
        )


class MediaTailorAsRunLogging(Feature):
    """Log what a MediaTailor channel has run, as programs and ad breaks, to CloudWatch Logs.

    Sets the owner's `LogConfiguration` and defines a release, `<id>/Release`; for an owner that is
    not in the app, one custom resource, `<id>/Resource`, does both. The role is created before the
    owner is given the property; on delete the log types are taken away before the owner goes.

    Args:
        channel: The channel in this app, or the name of an existing one.

        log_retention: How long the log group keeps events. Its name is fixed and shared by the
            account, so it is made if absent, and left as it is on delete. Default: MediaTailor
            makes it, and it keeps events for ever.

        role: The role `AWSServiceRoleForMediaTailor`. Default: that of the stack, declared on
            first use.

    Raises:
        UsageError: The name is none (`MediaTailorChannelName`), the log group is to be kept for
            ever (`LogRetentionInfinite`) or, by two constructs of a stack, for different times
            (`LogRetentionConflict`), the role is another one (`RoleOfAnotherService`), or the owner
            has a log configuration already (`FeatureSetTwice`).
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        channel: aws_mediatailor.CfnChannel | str,
        log_retention: aws_logs.RetentionDays | None = None,
        role: ServiceLinkedRole | None = None,
    ) -> None:
        super().__init__(scope, id)
        check_kind(
            channel,
            aws_mediatailor.CfnChannel,
            str,
            at=self,
            prop="channel",
            allowed="a CfnChannel or the name of one",
        )
        self._name = channel if isinstance(channel, str) else channel.ref
        if log_retention is not None:
            _keep_events(self, _AS_RUN_LOG_GROUPS, log_retention)
        self._role = role_for(self, role, catalogue.MEDIATAILOR, owner=channel)
        if isinstance(channel, str):
            self._release = define_put(
                self,
                contract.MediaTailorAsRunLogging(channel_name=channel),
                owner=channel,
                prop="channel",
                thing=channel,
                role=self._role,
                definition=catalogue.MEDIATAILOR,
                rights=[rights.log_as_run(_channel_arn(channel))],
                props={"channel_name": "channel"},
            )
        else:
            _refuse_second(self, "channel", channel)
            channel.log_configuration = (
                aws_mediatailor.CfnChannel.LogConfigurationForChannelProperty(log_types=["AS_RUN"])
            )
            self._release = release_as_run(self, channel, self._name, self._role)

    @property
    def channel_name(self) -> str:
        """The channel's name."""
        return self._name

    @property
    def role(self) -> ServiceLinkedRole:
        """The role that writes the log."""
        return self._role

    @property
    def release(self) -> CfnResource:
        """What takes the log types away when it is deleted; whatever depends on it goes before."""
        return self._release


def release_sessions(
    feature: Construct, owner: CfnResource, name: str, role: ServiceLinkedRole, id: str = "Release"
) -> CfnResource:
    """Order role, playback configuration and release, whoever has set the log configuration."""
    return define_release(
        feature,
        contract.MediaTailorSessionLoggingRelease(playback_configuration_name=name),
        owner=owner,
        thing=name,
        role=role,
        rights=[rights.log_sessions(_playback_configuration_arn(name))],
        id=id,
    )


def release_as_run(
    feature: Construct, owner: CfnResource, name: str, role: ServiceLinkedRole, id: str = "Release"
) -> CfnResource:
    """Order role, channel and release, whoever has set the log configuration."""
    return define_release(
        feature,
        contract.MediaTailorAsRunLoggingRelease(channel_name=name),
        owner=owner,
        thing=name,
        role=role,
        rights=[rights.log_as_run(_channel_arn(name))],
        id=id,
    )


def _playback_configuration_arn(name: str) -> dict[str, Any]:
    return arn("mediatailor", "playbackConfiguration/", name)


def _channel_arn(name: str) -> dict[str, Any]:
    return arn("mediatailor", "channel/", name)


def _refuse_second(
    feature: Construct,
    prop: str,
    owner: aws_mediatailor.CfnPlaybackConfiguration | aws_mediatailor.CfnChannel,
) -> None:
    if owner.log_configuration is not None:
        allowed = "without a log configuration of its own or of another construct"
        raise set_twice(feature, prop, owner, allowed)


class _Retentions(dict[tuple[str, ...], aws_logs.RetentionDays]):
    """How long a stack wants MediaTailor's log groups to keep events."""


def _keep_events(
    feature: Construct, log_groups: tuple[str, ...], retention: aws_logs.RetentionDays
) -> None:
    """Let the function set the groups' retention: once a stack, for the names are the account's."""
    check_kind(
        retention,
        aws_logs.RetentionDays,
        at=feature,
        prop="log_retention",
        allowed="a RetentionDays",
    )
    if retention is aws_logs.RetentionDays.INFINITE:
        raise UsageError(
            "LogRetentionInfinite",
            at=feature,
            prop="log_retention",
            allowed="a number of days (for ever is what log groups do unasked)",
            got="INFINITE",
        )
    parts = parts_of(feature)
    chosen = parts.one(_Retentions, lambda _: _Retentions())
    first = chosen.get(log_groups)
    if first is retention:
        return
    if first is not None:
        raise UsageError(
            "LogRetentionConflict",
            at=feature,
            prop="log_retention",
            allowed=f"{first.value}, which the stack has set for the same log groups",
            got=retention.value,
        )
    chosen[log_groups] = retention
    name = "MediaTailor" + ("AsRun" if log_groups == _AS_RUN_LOG_GROUPS else "Session") + "Logs"
    provider = Provider.of(feature)
    groups = [arn("logs", "log-group:", f"{log_group}:log-stream:") for log_group in log_groups]
    provider.define(
        # below the function, where no construct of the user's has the same name
        Construct(provider, name),
        "Resource",
        contract.MediaTailorLogRetention(
            log_group_names=log_groups,
            # jsii enums know their number only on the other side
            retention_in_days=parts.stack.resolve(retention),
        ),
        thing=name,
        rights=[rights.keep_events(*groups)],
    )


def _list(event_types: tuple[str, ...] | None) -> list[str] | None:
    """Return what jsii takes: it knows lists, and no tuples."""
    return None if event_types is None else list(event_types)
