"""MediaTailor logs: the sessions of a playback configuration, and the as-run log of a channel.

Both are native properties of their owners, so CloudFormation configures them if the owner is in the
app. But CloudFormation cannot disable them before it deletes the owner, as MediaTailor's
documentation requires. A clean-up resource does: a custom resource that acts only on delete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import aws_logs, aws_mediatailor
from constructs import Construct

from slr_constructs import catalogue, permissions
from slr_constructs.errors import UsageError, check_contract, check_kind
from slr_constructs.handler.slr_handler import contract
from slr_constructs.ordering import define_clean_up, define_configuration
from slr_constructs.provider import Provider, arn
from slr_constructs.service_linked_role import ServiceLinkedRole, role_for
from slr_constructs.stack_parts import Feature, already_configured, parts_of

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

    Sets the owner's `LogConfiguration`, and defines a clean-up resource, `<id>/CleanUp`. For an
    existing owner outside of the app, one custom resource, `<id>/Resource`, does both. The role is
    created before the logs are configured. On delete, the percentage is set to 0 before the owner
    is deleted.

    Args:
        playback_configuration: The playback configuration in this app, or the name of an existing
            one.

        percent_enabled: The percentage of sessions that are logged, 0 to 100. Default: all sessions
            are logged.

        ads_interaction_publish_opt_in_event_types: Events of the ad decision server that are logged
            only on request, such as `RAW_ADS_REQUEST`. Default: none of them are logged.

        ads_interaction_exclude_event_types: Events of the ad decision server that are not logged.
            Default: no events are excluded.

        manifest_service_publish_opt_in_event_types: Events of the manifest service that are logged
            only on request. CloudFormation has no property for them, so the owner must be an
            existing one. Default: none of them are logged.

        manifest_service_exclude_event_types: Events of the manifest service that are not logged.
            Default: no events are excluded.

        log_retention: How long the log groups keep events. The account shares the log groups, and
            their names are fixed. So the function creates missing log groups on create, and does
            not change the log groups on delete. Default: MediaTailor creates the log groups, and
            they keep events indefinitely.

        role: The role `AWSServiceRoleForMediaTailor`. Default: the role of the stack, declared on
            first use.

    Raises:
        UsageError: A prop breaks its rule (`PlaybackConfigurationName`, `PercentEnabled`,
            `EventTypes`), the retention is infinite (`LogRetentionInfinite`) or differs from that
            of another construct in the stack (`LogRetentionConflict`), CloudFormation lacks the
            property (`ManifestServiceOptIn`), the role belongs to another service
            (`RoleOfAnotherService`), or the owner already has a log configuration
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
            self._clean_up = define_configuration(
                self,
                wanted,
                owner=owner,
                owner_type="playback configuration",
                feature_name="session logging",
                target=self._name,
                role=self._role,
                definition=catalogue.MEDIATAILOR,
                permissions=[permissions.log_sessions(_playback_configuration_arn(owner))],
                props=props,
            )
        else:
            _refuse_second(self, owner)
            owner.log_configuration = self._log_configuration(wanted)
            self._clean_up = clean_up_sessions(self, owner, self._name, self._role)

    @property
    def playback_configuration_name(self) -> str:
        """The playback configuration's name."""
        return self._name

    @property
    def role(self) -> ServiceLinkedRole:
        """The role that writes the logs."""
        return self._role

    @property
    def clean_up(self) -> CfnResource:
        """The resource that disables the logs on delete, after all resources that depend on it."""
        return self._clean_up

    def _types(self, prop: str, types: Sequence[str] | None) -> tuple[str, ...] | None:
        check_kind(types, list, tuple, at=self, prop=prop, allowed="a list or None", optional=True)
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
            # only this strategy uses the service-linked role; vended logs do not
            enabled_logging_strategies=["LEGACY_CLOUDWATCH"],
            ads_interaction_log=None if opted_in is None and excluded is None else ads,
            manifest_service_interaction_log=None if unlogged is None else manifests,
        )


class MediaTailorAsRunLogging(Feature):
    """Log the programs and ad breaks that a MediaTailor channel has run to CloudWatch Logs.

    Sets the owner's `LogConfiguration`, and defines a clean-up resource, `<id>/CleanUp`. For an
    existing owner outside of the app, one custom resource, `<id>/Resource`, does both. The role is
    created before the log is configured. On delete, the log types are removed before the owner is
    deleted.

    Args:
        channel: The channel in this app, or the name of an existing one.

        log_retention: How long the log group keeps events. The account shares the log group, and
            its name is fixed. So the function creates a missing log group on create, and does not
            change the log group on delete. Default: MediaTailor creates the log group, and it keeps
            events indefinitely.

        role: The role `AWSServiceRoleForMediaTailor`. Default: the role of the stack, declared on
            first use.

    Raises:
        UsageError: The name is invalid (`MediaTailorChannelName`), the retention is infinite
            (`LogRetentionInfinite`) or differs from that of another construct in the stack
            (`LogRetentionConflict`), the role belongs to another service (`RoleOfAnotherService`),
            or the owner already has a log configuration (`FeatureSetTwice`).
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
            self._clean_up = define_configuration(
                self,
                contract.MediaTailorAsRunLogging(channel_name=channel),
                owner=channel,
                owner_type="channel",
                feature_name="as-run logging",
                target=channel,
                role=self._role,
                definition=catalogue.MEDIATAILOR,
                permissions=[permissions.log_as_run(_channel_arn(channel))],
                props={"channel_name": "channel"},
            )
        else:
            _refuse_second(self, channel)
            channel.log_configuration = (
                aws_mediatailor.CfnChannel.LogConfigurationForChannelProperty(log_types=["AS_RUN"])
            )
            self._clean_up = clean_up_as_run(self, channel, self._name, self._role)

    @property
    def channel_name(self) -> str:
        """The channel's name."""
        return self._name

    @property
    def role(self) -> ServiceLinkedRole:
        """The role that writes the log."""
        return self._role

    @property
    def clean_up(self) -> CfnResource:
        """The resource that disables the log on delete, after all resources that depend on it."""
        return self._clean_up


def clean_up_sessions(
    feature: Construct, owner: CfnResource, name: str, role: ServiceLinkedRole, id: str = "CleanUp"
) -> CfnResource:
    """Define the clean-up resource of a playback configuration that has a log configuration."""
    return define_clean_up(
        feature,
        contract.MediaTailorSessionLoggingCleanUp(playback_configuration_name=name),
        owner=owner,
        target=name,
        role=role,
        permissions=[permissions.log_sessions(_playback_configuration_arn(name))],
        id=id,
    )


def clean_up_as_run(
    feature: Construct, owner: CfnResource, name: str, role: ServiceLinkedRole, id: str = "CleanUp"
) -> CfnResource:
    """Define the clean-up resource of a channel that has a log configuration."""
    return define_clean_up(
        feature,
        contract.MediaTailorAsRunLoggingCleanUp(channel_name=name),
        owner=owner,
        target=name,
        role=role,
        permissions=[permissions.log_as_run(_channel_arn(name))],
        id=id,
    )


def _playback_configuration_arn(name: str) -> dict[str, Any]:
    return arn("mediatailor", "playbackConfiguration/", name)


def _channel_arn(name: str) -> dict[str, Any]:
    return arn("mediatailor", "channel/", name)


def _refuse_second(
    feature: Construct,
    owner: aws_mediatailor.CfnPlaybackConfiguration | aws_mediatailor.CfnChannel,
) -> None:
    if owner.log_configuration is not None:
        raise already_configured(feature, owner, "a log configuration")


class _Retentions(dict[tuple[str, ...], tuple[aws_logs.RetentionDays, str]]):
    """The retention of MediaTailor's log groups in a stack, and the construct that set it."""


def _keep_events(
    feature: Construct, log_groups: tuple[str, ...], retention: aws_logs.RetentionDays
) -> None:
    """Define the custom resource that sets the retention of log groups, once for a stack."""
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
            allowed="a number of days (log groups keep events indefinitely by default)",
            got=retention,
        )
    parts = parts_of(feature)
    chosen = parts.one(_Retentions, lambda _: _Retentions())
    if log_groups in chosen:
        other_retention, other = chosen[log_groups]
        if other_retention is not retention:
            raise UsageError.relation(
                "LogRetentionConflict",
                at=feature,
                text=(
                    f"{other} already sets the retention of the same log groups to"
                    f" {other_retention.value}, which conflicts with {retention.value}. Use the"
                    " same log_retention for both."
                ),
            )
        return
    chosen[log_groups] = (retention, feature.node.path)
    name = "MediaTailor" + ("AsRun" if log_groups == _AS_RUN_LOG_GROUPS else "Session") + "Logs"
    provider = Provider.of(feature)
    groups = [arn("logs", "log-group:", f"{log_group}:log-stream:") for log_group in log_groups]
    provider.define(
        # below the function, to avoid conflicts with the ids of other constructs
        Construct(provider, name),
        "Resource",
        contract.MediaTailorLogRetention(
            log_group_names=log_groups,
            # the number of a jsii enum value is known only in the jsii kernel
            retention_in_days=parts.stack.resolve(retention),
        ),
        target=name,
        permissions=[permissions.set_log_retention(*groups)],
    )


def _list(event_types: tuple[str, ...] | None) -> list[str] | None:
    """Return a list, because jsii does not accept tuples."""
    return None if event_types is None else list(event_types)
