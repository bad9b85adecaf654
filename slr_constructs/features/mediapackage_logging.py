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
from slr_constructs._errors import UsageError, check, check_kind, check_name
from slr_constructs._feature import FeatureWithCleanUp, already_configured, check_region
from slr_constructs._ordering import define_clean_up, define_configuration
from slr_constructs._service_linked_role import ServiceLinkedRole, role_for
from slr_constructs.catalogue.mediapackage_logging import CHANNEL, MEDIAPACKAGE, PACKAGING_GROUP
from slr_constructs.handler.slr_handler import contract, rules

if TYPE_CHECKING:
    from aws_cdk import CfnResource
    from constructs import Construct

    from slr_constructs.handler.slr_handler.rules import Rule


#: Distinguishes the ARN of a packaging group from the id of a live channel, even with tokens.
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
        channel: The live channel or the packaging group (VOD) in this app, the id of an existing
            channel, or the ARN of an existing packaging group. A string that does not contain
            `:packaging-groups/`, for example a token, is used as the id of a channel.

        ingress: The destination of the log of requests that send content to the channel: a log
            group whose name starts with `/aws/MediaPackage/`, or a value of `AccessLogs`. A
            packaging group has no ingress logs. Default: the service's log group.

        egress: The destination of the log of requests that fetch content, in the same way. Default:
            the service's log group.

        role: The role `AWSServiceRoleForMediaPackage`. Default: the role of the stack, declared on
            first use.

    Raises:
        UsageError: The id or ARN is invalid (`MediaPackageId`), the owner is in another region than
            the stack (`OwnerRegion`), a log group has an invalid name (`ChannelLogGroupName`,
            `PackagingGroupLogGroupName`), a packaging group is given a log group for ingress
            (`PackagingGroupIngress`), no log is enabled (`NothingLogged`), the role belongs to
            another service (`RoleOfAnotherService`), or the owner already has access logs
            (`FeatureSetTwice`).
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        channel: aws_mediapackage.CfnChannel | aws_mediapackage.CfnPackagingGroup | str,
        ingress: aws_logs.ILogGroup | AccessLogs = AccessLogs.DEFAULT_GROUP,
        egress: aws_logs.ILogGroup | AccessLogs = AccessLogs.DEFAULT_GROUP,
        role: ServiceLinkedRole | None = None,
    ) -> None:
        super().__init__(scope, id)
        check_kind(
            self,
            "channel",
            channel,
            "a CfnChannel, a CfnPackagingGroup, or the id or ARN of one",
            aws_mediapackage.CfnChannel,
            aws_mediapackage.CfnPackagingGroup,
            str,
        )
        check_region(self, "channel", channel)
        for prop, logs in (("ingress", ingress), ("egress", egress)):
            check_kind(
                self,
                prop,
                logs,
                "an ILogGroup or an AccessLogs value",
                AccessLogs,
                "log_group_name",
            )
        self._role = role_for(self, role, MEDIAPACKAGE, owner=channel)
        if isinstance(channel, aws_mediapackage.CfnPackagingGroup) or (
            isinstance(channel, str) and _PACKAGING_GROUPS in channel
        ):
            self._clean_up = self._log_packaging_group(channel, ingress, egress)
        else:
            self._clean_up = self._log_channel(channel, ingress, egress)

    def _log_channel(
        self,
        channel: aws_mediapackage.CfnChannel | str,
        ingress: aws_logs.ILogGroup | AccessLogs,
        egress: aws_logs.ILogGroup | AccessLogs,
    ) -> CfnResource:
        logs_in = self._log("ingress", ingress, rules.CHANNEL_LOG_GROUP_NAME)
        logs_out = self._log("egress", egress, rules.CHANNEL_LOG_GROUP_NAME)
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
        logs_out = self._log("egress", egress, rules.PACKAGING_GROUP_LOG_GROUP_NAME)
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
                arn=group,
                props={"packaging_group_id": "channel"},
            )
        if group.egress_access_logs is not None:
            raise already_configured(self, group, "access logs")
        group.egress_access_logs = aws_mediapackage.CfnPackagingGroup.LogConfigurationProperty(
            log_group_name=_group_name(logs_out)
        )
        return define_clean_up(self, PACKAGING_GROUP, owner=group, name=group.ref, role=self._role)

    def _log(self, prop: str, logs: aws_logs.ILogGroup | AccessLogs, rule: Rule) -> str:
        """Return the value of one log in the contract, and check the name of a log group."""
        if isinstance(logs, AccessLogs):
            return logs.value
        resource = logs.node.default_child
        if isinstance(resource, aws_logs.CfnLogGroup):
            check_name(rule, resource.log_group_name, at=self, prop=prop)
        else:
            check(rule, logs.log_group_name, at=self, prop=prop)
        return logs.log_group_name

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
