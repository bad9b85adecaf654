"""MediaPackage's access logs: a live channel's requests in and out, a packaging group's out.

CloudFormation has them as properties of their owners, and sets them natively where the owner is in
the app. What it cannot do is switch them off before the owner goes, which MediaPackage's documents
ask for; a release does, a custom resource that waits for its own deletion. MediaPackage v2 uses
another way (vended logs) and no service-linked role.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from aws_cdk import Token, aws_logs, aws_mediapackage

from slr_constructs import catalogue, rights
from slr_constructs.errors import UsageError, check, check_kind, check_name
from slr_constructs.handler.slr_handler import contract, rules
from slr_constructs.ordering import define_put, define_release
from slr_constructs.provider import arn
from slr_constructs.service_linked_role import ServiceLinkedRole, role_for
from slr_constructs.stack_parts import Feature, set_twice

if TYPE_CHECKING:
    from aws_cdk import CfnResource
    from constructs import Construct

    from slr_constructs.handler.slr_handler.contract import Contract
    from slr_constructs.handler.slr_handler.rules import Rule


#: tells the ARN of a packaging group from the id of a live channel, whatever tokens it has.
_PACKAGING_GROUPS = ":packaging-groups/"
_NO_LOGS = "without access logs of its own or of another construct"


class AccessLogs(Enum):
    """Where access logs go, if not to a log group of your own."""

    #: The service's own group, which is shared by the account: `/aws/MediaPackage/…AccessLogs`.
    DEFAULT_GROUP = "DEFAULT_GROUP"

    #: Nowhere.
    OFF = "OFF"


class MediaPackageAccessLogging(Feature):
    """Log who sends to and who fetches from a MediaPackage channel or packaging group.

    Sets the owner's `IngressAccessLogs` and `EgressAccessLogs` and defines a release,
    `<id>/Release`; for an owner that is not in the app, one custom resource, `<id>/Resource`, does
    both. The role is created before the owner is given the properties; on delete the logs are
    disabled before the owner goes.

    Args:
        channel: The live channel or the packaging group (VOD) in this app, the id of an existing
            channel, or the ARN of an existing packaging group. A token without
            `:packaging-groups/` beside it is taken for the id of a channel.

        ingress: Where requests that send to the channel are logged: a log group whose name starts
            with `/aws/MediaPackage/`, the service's own, or nowhere. A packaging group has none.
            Default: the service's own.

        egress: Where requests that fetch are logged, in the same way. Default: the service's own.

        role: The role `AWSServiceRoleForMediaPackage`. Default: that of the stack, declared on
            first use.

    Raises:
        UsageError: The id or ARN is none (`MediaPackageId`), a log group has another name
            (`ChannelLogGroupName`, `PackagingGroupLogGroupName`), a packaging group is given a
            group for ingress (`PackagingGroupIngress`), everything is off (`NothingLogged`), the
            role is another one (`RoleOfAnotherService`), or the owner has access logs already
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
            channel,
            aws_mediapackage.CfnChannel,
            aws_mediapackage.CfnPackagingGroup,
            str,
            at=self,
            prop="channel",
            allowed="a CfnChannel, a CfnPackagingGroup, or the id or ARN of one",
        )
        for prop, logs in (("ingress", ingress), ("egress", egress)):
            check_kind(
                logs,
                AccessLogs,
                "log_group_name",
                at=self,
                prop=prop,
                allowed="a log group or one of AccessLogs",
            )
        self._role = role_for(self, role, catalogue.MEDIAPACKAGE, owner=channel)
        if isinstance(channel, aws_mediapackage.CfnPackagingGroup) or (
            isinstance(channel, str) and _PACKAGING_GROUPS in channel
        ):
            self._release = self._log_packaging_group(channel, ingress, egress)
        else:
            self._release = self._log_channel(channel, ingress, egress)

    @property
    def role(self) -> ServiceLinkedRole:
        """The role that writes the logs."""
        return self._role

    @property
    def release(self) -> CfnResource:
        """What disables the logs when it is deleted; whatever depends on it goes before."""
        return self._release

    def _log_channel(
        self,
        channel: aws_mediapackage.CfnChannel | str,
        ingress: aws_logs.ILogGroup | AccessLogs,
        egress: aws_logs.ILogGroup | AccessLogs,
    ) -> CfnResource:
        logs_in = self._log("ingress", ingress, rules.CHANNEL_LOG_GROUP_NAME)
        logs_out = self._log("egress", egress, rules.CHANNEL_LOG_GROUP_NAME)
        self._refuse_off(logs_in, logs_out)
        if isinstance(channel, str):
            return self._put(
                contract.MediaPackageChannelLogging(
                    channel_id=channel, ingress=logs_in, egress=logs_out
                ),
                channel,
                channel,
                # a live channel's ARN ends in another id than the one it was given (AWS CLI,
                # mediapackage describe-channel), so it cannot be known from the id
                rights.log_live_channel(arn("mediapackage", "channels/", "*")),
            )
        if channel.ingress_access_logs is not None or channel.egress_access_logs is not None:
            raise set_twice(self, "channel", channel, _NO_LOGS)
        l1 = aws_mediapackage.CfnChannel
        if logs_in != "OFF":
            channel.ingress_access_logs = l1.LogConfigurationProperty(
                log_group_name=_group_name(logs_in)
            )
        if logs_out != "OFF":
            channel.egress_access_logs = l1.LogConfigurationProperty(
                log_group_name=_group_name(logs_out)
            )
        return release_channel(self, channel, channel.ref, self._role)

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
                allowed="left out for a packaging group, which has egress alone",
                got=ingress.node.path,
            )
        logs_out = self._log("egress", egress, rules.PACKAGING_GROUP_LOG_GROUP_NAME)
        self._refuse_off(logs_out)
        if isinstance(group, str):
            group_id = group.rpartition(_PACKAGING_GROUPS)[2]
            return self._put(
                contract.MediaPackagePackagingGroupLogging(
                    packaging_group_id=group_id, egress=logs_out
                ),
                group,
                group_id,
                rights.log_packaging_group(group),
            )
        if group.egress_access_logs is not None:
            raise set_twice(self, "channel", group, _NO_LOGS)
        group.egress_access_logs = aws_mediapackage.CfnPackagingGroup.LogConfigurationProperty(
            log_group_name=_group_name(logs_out)
        )
        return release_packaging_group(self, group, group.ref, self._role)

    def _put(
        self,
        wanted: Contract,
        owner: str,
        thing: Any,  # noqa: ANN401 - a string or an intrinsic
        right: rights.Right,
    ) -> CfnResource:
        return define_put(
            self,
            wanted,
            owner=owner,
            prop="channel",
            thing=thing,
            role=self._role,
            definition=catalogue.MEDIAPACKAGE,
            rights=[right],
            props={"channel_id": "channel", "packaging_group_id": "channel"},
        )

    def _log(self, prop: str, logs: aws_logs.ILogGroup | AccessLogs, rule: Rule) -> str:
        """Return what a contract says for one log, with the name of a log group checked."""
        if isinstance(logs, AccessLogs):
            return logs.value
        resource = logs.node.default_child
        if isinstance(resource, aws_logs.CfnLogGroup):
            check_name(rule, resource.log_group_name, at=self, prop=prop)
        else:
            check(rule, logs.log_group_name, at=self, prop=prop)
        return logs.log_group_name

    def _refuse_off(self, *logs: str) -> None:
        if set(logs) == {"OFF"}:
            raise UsageError(
                "NothingLogged",
                at=self,
                prop="egress",
                allowed="a log group or AccessLogs.DEFAULT_GROUP, if nothing else is logged",
                got="OFF",
            )


def release_channel(
    feature: Construct, owner: CfnResource, name: str, role: ServiceLinkedRole, id: str = "Release"
) -> CfnResource:
    """Order role, live channel and release, whoever has set the access logs."""
    return define_release(
        feature,
        contract.MediaPackageChannelLoggingRelease(channel_id=name),
        owner=owner,
        thing=name,
        role=role,
        rights=[rights.log_live_channel(_arn_of(owner))],
        id=id,
    )


def release_packaging_group(
    feature: Construct, owner: CfnResource, name: str, role: ServiceLinkedRole, id: str = "Release"
) -> CfnResource:
    """Order role, packaging group and release, whoever has set the access log."""
    return define_release(
        feature,
        contract.MediaPackagePackagingGroupLoggingRelease(packaging_group_id=name),
        owner=owner,
        thing=name,
        role=role,
        rights=[rights.log_packaging_group(_arn_of(owner))],
        id=id,
    )


def _arn_of(owner: CfnResource) -> str:
    if isinstance(owner, aws_mediapackage.CfnChannel | aws_mediapackage.CfnPackagingGroup):
        return owner.attr_arn
    # a resource of no class of its own, whose attributes have no names in Python
    return Token.as_string(owner.get_att("Arn"))


def _group_name(log: str) -> str | None:
    return None if log == AccessLogs.DEFAULT_GROUP.value else log
