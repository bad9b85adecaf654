"""MediaPackage access logs: native properties, clean-up resources, order and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Aws, CfnParameter, Stack
from aws_cdk.aws_logs import LogGroup
from aws_cdk.aws_mediapackage import CfnChannel, CfnPackagingGroup

from slr_constructs import AccessLogs, MediaPackageAccessLogging, ServiceLinkedRole, UsageError
from slr_constructs import catalogue as roles
from slr_constructs.testing import resources_of, template_of
from tests.features.graph import (
    ROLE,
    id_of,
    ids_of,
    is_type_first,
    policy_of,
    properties_of,
    statements_of,
)

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

CHANNEL = "AWS::MediaPackage::Channel"
GROUP = "AWS::MediaPackage::PackagingGroup"
LIVE = "Custom::MediaPackageChannelLogging"
LIVE_CLEAN_UP = "Custom::MediaPackageChannelLoggingCleanUp"
VOD = "Custom::MediaPackagePackagingGroupLogging"
VOD_CLEAN_UP = "Custom::MediaPackagePackagingGroupLoggingCleanUp"
GROUP_ARN = "arn:aws:mediapackage-vod:us-east-1:111122223333:packaging-groups/films"


def channel(stack: Stack) -> CfnChannel:
    """Define a live channel."""
    return CfnChannel(stack, "Channel", id="live-show")


def packaging_group(stack: Stack) -> CfnPackagingGroup:
    """Define a packaging group."""
    return CfnPackagingGroup(stack, "Group", id="films")


def log_group(stack: Stack, id: str, name: str) -> LogGroup:
    """Define a log group."""
    return LogGroup(stack, id, log_group_name=name)


def received(stack: Stack, kind: str) -> dict[str, Any]:
    """Return the properties that the function receives."""
    properties = properties_of(template_of(stack), kind)
    return {
        name: each
        for name, each in properties.items()
        if name not in ("ServiceToken", "ServiceTimeout")
    }


def test_a_channel_in_the_app_uses_the_default_log_groups_by_default(stack: Stack) -> None:
    """In CloudFormation, an empty object means the default log group."""
    MediaPackageAccessLogging(stack, "Logs", channel=channel(stack))

    properties = properties_of(template_of(stack), CHANNEL)
    assert properties["IngressAccessLogs"] == properties["EgressAccessLogs"] == {}


@pytest.mark.parametrize("off", ["ingress", "egress"])
def test_one_log_of_a_channel_can_be_disabled(stack: Stack, off: str) -> None:
    """In CloudFormation, an omitted property means that the log is disabled."""
    choice: dict[str, Any] = {off: AccessLogs.OFF}

    MediaPackageAccessLogging(stack, "Logs", channel=channel(stack), **choice)

    properties = properties_of(template_of(stack), CHANNEL)
    assert ("IngressAccessLogs" in properties) is (off == "egress")
    assert ("EgressAccessLogs" in properties) is (off == "ingress")


def test_a_packaging_group_in_the_app_uses_the_default_log_group_by_default(stack: Stack) -> None:
    """It has only egress logs."""
    logging = MediaPackageAccessLogging(stack, "Logs", packaging_group=packaging_group(stack))

    properties = properties_of(template_of(stack), GROUP)
    assert properties["EgressAccessLogs"] == {}
    assert "IngressAccessLogs" not in properties
    assert logging.clean_up.cfn_resource_type == VOD_CLEAN_UP


def test_a_packaging_group_accepts_names_that_a_channel_does_not(stack: Stack) -> None:
    """The schemas of the two resource types have different patterns."""
    group = log_group(stack, "LogGroup", "/aws/MediaPackage/vod/films.2026")

    MediaPackageAccessLogging(stack, "Logs", packaging_group=packaging_group(stack), egress=group)

    assert properties_of(template_of(stack), GROUP)["EgressAccessLogs"] == {
        "LogGroupName": stack.resolve(group.log_group_name)
    }


@pytest.mark.parametrize("ingress", list(AccessLogs))
def test_a_packaging_group_accepts_every_value_of_access_logs_for_ingress(
    stack: Stack, ingress: AccessLogs
) -> None:
    """A packaging group has no ingress logs, so all values have the same effect."""
    MediaPackageAccessLogging(
        stack, "Logs", packaging_group=packaging_group(stack), ingress=ingress
    )

    assert properties_of(template_of(stack), GROUP)["EgressAccessLogs"] == {}


def test_an_existing_channel_uses_the_default_log_groups_by_default(stack: Stack) -> None:
    """The function configures what is otherwise a native property."""
    logging = MediaPackageAccessLogging(stack, "Logs", channel="live-show")

    assert received(stack, LIVE) == {
        "ChannelId": "live-show",
        "Ingress": "DEFAULT_GROUP",
        "Egress": "DEFAULT_GROUP",
    }
    assert logging.clean_up.cfn_resource_type == LIVE


def test_the_function_receives_every_choice_for_an_existing_channel(stack: Stack) -> None:
    """The choices are a log group or no log."""
    group = log_group(stack, "LogGroup", "/aws/MediaPackage/live")

    MediaPackageAccessLogging(
        stack, "Logs", channel="live-show", ingress=AccessLogs.OFF, egress=group
    )

    assert received(stack, LIVE) == {
        "ChannelId": "live-show",
        "Ingress": "OFF",
        "Egress": stack.resolve(group.log_group_name),
    }


def test_an_imported_log_group_is_accepted(stack: Stack) -> None:
    """Only its name is needed."""
    group = LogGroup.from_log_group_name(stack, "LogGroup", "/aws/MediaPackage/live")

    MediaPackageAccessLogging(stack, "Logs", channel="live-show", egress=group)

    assert received(stack, LIVE)["Egress"] == "/aws/MediaPackage/live"


def test_an_existing_packaging_group_is_named_by_its_arn(stack: Stack) -> None:
    """The ARN distinguishes it from a live channel; the function needs the id."""
    group = log_group(stack, "LogGroup", "/aws/MediaPackage/vod")

    logging = MediaPackageAccessLogging(stack, "Logs", packaging_group=GROUP_ARN, egress=group)

    template = template_of(stack)
    assert received(stack, VOD) == {
        "PackagingGroupId": "films",
        "Egress": stack.resolve(group.log_group_name),
    }
    assert statements_of(template, id_of(template, VOD))[0]["Resource"] == GROUP_ARN
    assert logging.clean_up.cfn_resource_type == VOD


def test_a_feature_may_be_in_another_stack_than_its_owner() -> None:
    """The owner depends on a role of its own stack, so the stacks have no circular dependency."""
    app = App()
    owners, features = Stack(app, "Owners"), Stack(app, "Features")

    live = MediaPackageAccessLogging(features, "Live", channel=channel(owners))
    MediaPackageAccessLogging(features, "Vod", packaging_group=packaging_group(owners))

    template = template_of(owners)
    assert live.role.node.scope is owners
    assert is_type_first(template, ROLE, CHANNEL)
    assert is_type_first(template, ROLE, GROUP)
    assert ids_of(template_of(features), ROLE) == []
    assert features.dependencies == [owners]


def test_tokens_are_accepted_unchanged(stack: Stack) -> None:
    """The function checks values that are known only at deployment."""
    text = CfnParameter(stack, "Text").value_as_string
    named = log_group(stack, "LogGroup", text)
    imported = LogGroup.from_log_group_name(stack, "Imported", text)

    MediaPackageAccessLogging(stack, "Logs", channel=text, ingress=named, egress=imported)

    assert received(stack, LIVE) == {
        "ChannelId": {"Ref": "Text"},
        "Ingress": stack.resolve(named.log_group_name),
        "Egress": {"Ref": "Text"},
    }


def test_the_policy_for_the_id_of_a_parameter_is_named_after_the_whole_id(stack: Stack) -> None:
    """An id has no slash to split it at."""
    MediaPackageAccessLogging(stack, "Logs", channel=CfnParameter(stack, "Text").value_as_string)

    template = template_of(stack)
    policy = template["Resources"][policy_of(template, id_of(template, LIVE))]
    name = str(policy["Properties"]["PolicyName"])
    assert "{'Ref': 'Text'}" in name
    assert "Fn::Split" not in name


def test_the_arn_of_a_packaging_group_may_contain_tokens(stack: Stack) -> None:
    """Account and region are often those of the stack."""
    arn = f"arn:aws:mediapackage-vod:{Aws.REGION}:{Aws.ACCOUNT_ID}:packaging-groups/films"

    MediaPackageAccessLogging(stack, "Logs", packaging_group=arn)

    assert received(stack, VOD)["PackagingGroupId"] == "films"


def test_the_id_of_a_packaging_group_may_be_a_token(stack: Stack) -> None:
    """The id is the part after `:packaging-groups/`, which may be a token."""
    name = CfnParameter(stack, "Text").value_as_string

    MediaPackageAccessLogging(
        stack,
        "Logs",
        packaging_group=f"arn:aws:mediapackage-vod:us-east-1:1:packaging-groups/{name}",
    )

    assert received(stack, VOD)["PackagingGroupId"] == {"Ref": "Text"}


def test_fails_when_the_id_is_invalid(stack: Stack) -> None:
    """The ARN of a live channel does not contain its id."""
    with pytest.raises(UsageError) as refused:
        MediaPackageAccessLogging(stack, "Logs", channel="channels/live-show")

    assert str(refused.value) == (
        "Stack/Logs: channel must be 1 to 256 letters, digits, - and _,"
        " got 'channels/live-show' [MediaPackageId]"
    )


def test_fails_when_the_arn_of_a_packaging_group_has_no_id(stack: Stack) -> None:
    """The id is the part after the last slash."""
    with pytest.raises(UsageError) as refused:
        MediaPackageAccessLogging(
            stack,
            "Logs",
            packaging_group="arn:aws:mediapackage-vod:us-east-1:111122223333:packaging-groups/",
        )

    assert str(refused.value) == (
        "Stack/Logs: packaging_group must be 1 to 256 letters, digits, - and _,"
        " got '' [MediaPackageId]"
    )


@pytest.mark.parametrize("prop", ["ingress", "egress"])
def test_fails_when_a_log_group_of_a_channel_has_an_invalid_name(stack: Stack, prop: str) -> None:
    """The policy of the role requires the prefix, and the schema accepts no slash after it."""
    choice: dict[str, Any] = {prop: log_group(stack, "LogGroup", "/aws/MediaPackage/live/show")}

    with pytest.raises(UsageError) as refused:
        MediaPackageAccessLogging(stack, "Logs", channel=channel(stack), **choice)

    assert str(refused.value) == (
        f"Stack/Logs: {prop} must be a log group named /aws/MediaPackage/ and letters, digits, -"
        " and _, 256 characters in all, got '/aws/MediaPackage/live/show' [ChannelLogGroupName]"
    )


def test_fails_when_a_log_group_has_no_name(stack: Stack) -> None:
    """CloudFormation would generate a name that starts with the name of the stack."""
    with pytest.raises(UsageError) as refused:
        MediaPackageAccessLogging(
            stack, "Logs", channel="live-show", egress=LogGroup(stack, "LogGroup")
        )

    assert str(refused.value) == (
        "Stack/Logs: egress must be a log group named /aws/MediaPackage/ and letters, digits, -"
        " and _, 256 characters in all, got None [ChannelLogGroupName]"
    )


def test_fails_when_an_imported_log_group_has_an_invalid_name(stack: Stack) -> None:
    """The name of an imported log group is known too."""
    group = LogGroup.from_log_group_name(stack, "LogGroup", "live")

    with pytest.raises(UsageError) as refused:
        MediaPackageAccessLogging(stack, "Logs", channel="live-show", egress=group)

    assert str(refused.value) == (
        "Stack/Logs: egress must be a log group named /aws/MediaPackage/ and letters, digits, -"
        " and _, 256 characters in all, got 'live' [ChannelLogGroupName]"
    )


def test_fails_when_the_log_group_of_a_packaging_group_has_an_invalid_name(stack: Stack) -> None:
    """The prefix is the same as for a channel."""
    with pytest.raises(UsageError) as refused:
        MediaPackageAccessLogging(
            stack, "Logs", packaging_group=GROUP_ARN, egress=log_group(stack, "LogGroup", "films")
        )

    assert str(refused.value) == (
        "Stack/Logs: egress must be a log group named /aws/MediaPackage/ and letters, digits, -, _,"
        " /, . and #, 512 in all, got 'films' [PackagingGroupLogGroupName]"
    )


def test_fails_when_a_packaging_group_has_a_log_group_for_ingress(stack: Stack) -> None:
    """A packaging group receives no requests with content."""
    group = log_group(stack, "LogGroup", "/aws/MediaPackage/vod")

    with pytest.raises(UsageError) as refused:
        MediaPackageAccessLogging(
            stack, "Logs", packaging_group=packaging_group(stack), ingress=group
        )

    assert str(refused.value) == (
        "Stack/Logs: ingress must be omitted for a packaging group, which has only egress logs,"
        " got Stack/LogGroup [PackagingGroupIngress]"
    )


def test_fails_when_both_logs_of_a_channel_are_disabled(stack: Stack) -> None:
    """Without logs, the feature has no effect."""
    with pytest.raises(UsageError) as refused:
        MediaPackageAccessLogging(
            stack,
            "Logs",
            channel=channel(stack),
            ingress=AccessLogs.OFF,
            egress=AccessLogs.OFF,
        )

    assert str(refused.value) == (
        "Stack/Logs: egress must be an ILogGroup or AccessLogs.DEFAULT_GROUP if no other log is"
        " enabled, got AccessLogs.OFF [NothingLogged]"
    )


def test_fails_when_the_only_log_of_a_packaging_group_is_disabled(stack: Stack) -> None:
    """It has no other logs."""
    with pytest.raises(UsageError) as refused:
        MediaPackageAccessLogging(stack, "Logs", packaging_group=GROUP_ARN, egress=AccessLogs.OFF)

    assert str(refused.value) == (
        "Stack/Logs: egress must be an ILogGroup or AccessLogs.DEFAULT_GROUP if no other log is"
        " enabled, got AccessLogs.OFF [NothingLogged]"
    )


@pytest.mark.parametrize("first", ["ingress", "egress"])
def test_fails_when_the_channel_already_has_logs(stack: Stack, first: str) -> None:
    """Another construct or the user may have set them."""
    owner = channel(stack)
    setattr(owner, f"{first}_access_logs", CfnChannel.LogConfigurationProperty())

    with pytest.raises(UsageError) as refused:
        MediaPackageAccessLogging(stack, "Logs", channel=owner)

    assert str(refused.value) == (
        "Stack/Logs: Stack/Channel already has access logs, from its own properties or from another"
        " construct. Remove one of them. [FeatureSetTwice]"
    )


def test_fails_when_the_packaging_group_already_has_logs(stack: Stack) -> None:
    """Another construct or the user may have set them."""
    owner = packaging_group(stack)
    MediaPackageAccessLogging(stack, "First", packaging_group=owner)

    with pytest.raises(UsageError) as refused:
        MediaPackageAccessLogging(stack, "Second", packaging_group=owner)

    assert str(refused.value) == (
        "Stack/Second: Stack/Group already has access logs, from its own properties or from another"
        " construct. Remove one of them. [FeatureSetTwice]"
    )


def test_resources_of_the_smallest_call(stack: Stack, template_snapshot: SnapshotAssertion) -> None:
    """These are the resources that one line adds, without the owner's properties."""
    logging = MediaPackageAccessLogging(stack, "Logs", channel=channel(stack))

    assert resources_of(logging) == template_snapshot


def test_resources_with_everything_set(stack: Stack, template_snapshot: SnapshotAssertion) -> None:
    """All props are set, for an existing owner and an imported role."""
    logging = MediaPackageAccessLogging(
        stack,
        "Logs",
        channel="live-show",
        ingress=log_group(stack, "Ingress", "/aws/MediaPackage/in"),
        egress=log_group(stack, "Egress", "/aws/MediaPackage/out"),
        role=ServiceLinkedRole.from_existing(stack, "Role", roles.MEDIAPACKAGE),
    )

    assert resources_of(logging) == template_snapshot


def test_owner_with_everything_set(stack: Stack, template_snapshot: SnapshotAssertion) -> None:
    """A feature adds properties and dependencies to its owner."""
    owner = channel(stack)
    MediaPackageAccessLogging(
        stack,
        "Logs",
        channel=owner,
        ingress=log_group(stack, "Ingress", "/aws/MediaPackage/in"),
        egress=log_group(stack, "Egress", "/aws/MediaPackage/out"),
    )

    assert resources_of(owner) == template_snapshot


def test_resources_of_the_smallest_call_for_a_packaging_group(
    stack: Stack, template_snapshot: SnapshotAssertion
) -> None:
    """These are the resources that one line adds, without the owner's property."""
    logging = MediaPackageAccessLogging(stack, "Logs", packaging_group=packaging_group(stack))

    assert resources_of(logging) == template_snapshot


def test_resources_with_everything_set_for_a_packaging_group(
    stack: Stack, template_snapshot: SnapshotAssertion
) -> None:
    """All props are set, for an existing owner and an imported role."""
    logging = MediaPackageAccessLogging(
        stack,
        "Logs",
        packaging_group=GROUP_ARN,
        egress=log_group(stack, "Egress", "/aws/MediaPackage/vod/films"),
        role=ServiceLinkedRole.from_existing(stack, "Role", roles.MEDIAPACKAGE),
    )

    assert resources_of(logging) == template_snapshot
