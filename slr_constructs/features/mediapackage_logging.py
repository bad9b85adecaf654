"""MediaPackage access logs: ingress and egress of a live channel, egress of a packaging group.

The logs are native properties of their owners, so CloudFormation configures them if the owner is in
the app. But CloudFormation cannot disable them before it deletes the owner, as MediaPackage's
documentation requires. A clean-up resource does: a custom resource that acts only on delete.
MediaPackage v2 uses vended logs instead, which need no service-linked role.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from aws_cdk import aws_logs, aws_mediapackage

from slr_constructs._arn import arn_of
from slr_constructs._environment import check_environment
from slr_constructs._errors import check, check_kind, check_name
from slr_constructs._feature import FeatureWithCleanUp, already_configured, owner_of
from slr_constructs._l1 import l1_of
from slr_constructs._ordering import define_clean_up, define_configuration
from slr_constructs._service_linked_role import ServiceLinkedRole, role_for
from slr_constructs._usage_error import UsageError
from slr_constructs.catalogue.mediapackage_logging import CHANNEL, MEDIAPACKAGE, PACKAGING_GROUP
from slr_constructs.handler.slr_handler import contract, rules

if TYPE_CHECKING:
    from aws_cdk import CfnResource
    from constructs import Construct, IConstruct

    from slr_constructs.catalogue import ResourceType
    from slr_constructs.handler.slr_handler.rules import Rule


#: Separates the id from the rest of the ARN of a packaging group, even with tokens.
_PACKAGING_GROUPS = ":packaging-groups/"


class AccessLogs(Enum):
    """The destination of access logs, other than your own log group."""

    #: The service's log group, which the account shares: `/aws/MediaPackage/…AccessLogs`.
    DEFAULT_GROUP = "DEFAULT_GROUP"

    #: No access logs.
    OFF = "OFF"


class MediaPackageAccessLogging(FeatureWithCleanUp):
    """Log the requests to a MediaPackage channel or packaging group.

    Sets the owner's `IngressAccessLogs` and `EgressAccessLogs`, and defines a clean-up resource,
    `<id>/CleanUp`. For an existing owner outside of the app, one custom resource, `<id>/Resource`,
    does both. The role is created before the logs are configured. On delete, the logs are disabled
    before the owner is deleted.

    Args:
        channel: The live channel in this app, or the id of an existing one. Default: the owner is a
            packaging group.

        packaging_group: The packaging group (VOD) in this app, or the id or ARN of an existing one.
            Exactly one of the two owners is required. Default: the owner is a channel.

        ingress: The destination of the log of requests that send content to the channel: a log
            group whose name starts with `/aws/MediaPackage/`, or a value of `AccessLogs`. A
            packaging group has no ingress logs. The group is in the account and region of the
            owner. Default: the service's log group.

        egress: The destination of the log of requests that fetch content, in the same way. Default:
            the service's log group.

        role: The role `AWSServiceRoleForMediaPackage`. Default: the role of the stack, declared on
            first use.

    Raises:
        UsageError: Both owners are given (`ChannelOrPackagingGroup`), the id or ARN is invalid
            (`MediaPackageId`), the owner, a log group or the role is in another account or region
            than the stack (`OtherEnvironment`), a log group has an invalid name
            (`ChannelLogGroupName`, `PackagingGroupLogGroupName`), a packaging group is given a log
            group for ingress (`PackagingGroupIngress`), no log is enabled (`NothingLogged`), the
            role belongs to another service (`RoleOfAnotherService`), or the owner already has
            access logs (`FeatureSetTwice`).
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        channel: aws_mediapackage.CfnChannel | IConstruct | str | None = None,
        packaging_group: aws_mediapackage.CfnPackagingGroup | IConstruct | str | None = None,
        ingress: aws_logs.ILogGroup | AccessLogs = AccessLogs.DEFAULT_GROUP,
        egress: aws_logs.ILogGroup | AccessLogs = AccessLogs.DEFAULT_GROUP,
        role: ServiceLinkedRole | None = None,
    ) -> None:
        super().__init__(scope, id)
        for prop, logs in (("ingress", ingress), ("egress", egress)):
            check_kind(
                self,
                prop,
                logs,
                "an ILogGroup or an AccessLogs value",
                AccessLogs,
                "log_group_name",
            )
        if packaging_group is None:
            live = owner_of(
                self,
                "channel",
                channel,
                "a CfnChannel or the id of one, or omitted for a packaging_group",
                aws_mediapackage.CfnChannel,
            )
            self._role = role_for(self, role, MEDIAPACKAGE, owner=live)
            self._clean_up = self._log_channel(live, ingress, egress)
            return
        vod = owner_of(
            self,
            "packaging_group",
            packaging_group,
            "a CfnPackagingGroup, or the id or ARN of one",
            aws_mediapackage.CfnPackagingGroup,
        )
        if channel is not None:
            raise UsageError(
                "ChannelOrPackagingGroup",
                at=self,
                prop="channel",
                allowed="omitted if packaging_group is given (use one construct for each owner)",
                got=channel,
            )
        self._role = role_for(self, role, MEDIAPACKAGE, owner=vod)
        self._clean_up = self._log_packaging_group(vod, ingress, egress)

    def _log_channel(
        self,
        channel: aws_mediapackage.CfnChannel | str,
        ingress: aws_logs.ILogGroup | AccessLogs,
        egress: aws_logs.ILogGroup | AccessLogs,
    ) -> CfnResource:
        rule = rules.CHANNEL_LOG_GROUP_NAME
        logs_in = self._log("ingress", ingress, rule, CHANNEL, channel)
        logs_out = self._log("egress", egress, rule, CHANNEL, channel)
        self._refuse_disabled(logs_in, logs_out)
        if isinstance(channel, str):
            wanted = contract.MediaPackageChannelLogging(
                channel_id=channel, ingress=logs_in, egress=logs_out
            )
            return define_configuration(
                self,
                CHANNEL,
                wanted,
                owner=channel,
                name=channel,
                # it cannot be derived from the id
                arn=arn_of(CHANNEL, "*"),
                props={"channel_id": "channel"},
            )
        if channel.ingress_access_logs is not None or channel.egress_access_logs is not None:
            raise already_configured(self, channel, "access logs")
        l1 = aws_mediapackage.CfnChannel
        if logs_in != "OFF":
            channel.ingress_access_logs = l1.LogConfigurationProperty(
                log_group_name=_group_name(logs_in)
            )
        if logs_out != "OFF":
            channel.egress_access_logs = l1.LogConfigurationProperty(
                log_group_name=_group_name(logs_out)
            )
        return define_clean_up(self, CHANNEL, owner=channel, name=channel.ref, role=self._role)

    def _log_packaging_group(
        self,
        group: aws_mediapackage.CfnPackagingGroup | str,
        ingress: aws_logs.ILogGroup | AccessLogs,
        egress: aws_logs.ILogGroup | AccessLogs,
    ) -> CfnResource:
        if not isinstance(ingress, AccessLogs):
            raise UsageError(
                "PackagingGroupIngress",
                at=self,
                prop="ingress",
                allowed="omitted for a packaging group, which has only egress logs",
                got=ingress,
            )
        rule = rules.PACKAGING_GROUP_LOG_GROUP_NAME
        logs_out = self._log("egress", egress, rule, PACKAGING_GROUP, group)
        self._refuse_disabled(logs_out)
        if isinstance(group, str):
            group_id = group.rpartition(_PACKAGING_GROUPS)[2]
            wanted = contract.MediaPackagePackagingGroupLogging(
                packaging_group_id=group_id, egress=logs_out
            )
            return define_configuration(
                self,
                PACKAGING_GROUP,
                wanted,
                owner=group,
                name=group_id,
                # a packaging group's ARN ends with its id
                arn=group if _PACKAGING_GROUPS in group else None,
                props={"packaging_group_id": "packaging_group"},
            )
        if group.egress_access_logs is not None:
            raise already_configured(self, group, "access logs")
        group.egress_access_logs = aws_mediapackage.CfnPackagingGroup.LogConfigurationProperty(
            log_group_name=_group_name(logs_out)
        )
        return define_clean_up(self, PACKAGING_GROUP, owner=group, name=group.ref, role=self._role)

    def _log(
        self,
        prop: str,
        logs: aws_logs.ILogGroup | AccessLogs,
        rule: Rule,
        target: ResourceType,
        owner: CfnResource | str,
    ) -> str:
        """Return the value of one log in the contract, and check the log group."""
        if isinstance(logs, AccessLogs):
            return logs.value
        # MediaPackage gets only the name ([botocore], ConfigureLogs), so it writes to the log group
        # with this name in its own account and region
        check_environment(
            self, prop, logs, "account", "region", of=owner, place=f"the {target.name}"
        )
        resource = l1_of(logs, aws_logs.CfnLogGroup)
        if resource is None:
            check(rule, logs.log_group_name, at=self, prop=prop)
            return logs.log_group_name
        check_name(rule, resource.log_group_name, at=self, prop=prop)
        return resource.ref

    def _refuse_disabled(self, *logs: str) -> None:
        if set(logs) == {"OFF"}:
            raise UsageError(
                "NothingLogged",
                at=self,
                prop="egress",
                allowed="an ILogGroup or AccessLogs.DEFAULT_GROUP if no other log is enabled",
                got=AccessLogs.OFF,
            )


def _group_name(log: str) -> str | None:
    return None if log == AccessLogs.DEFAULT_GROUP.value else log
