"""MediaPackage's access logs: what is native, what is released, in which order, what is refused."""

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
LIVE_RELEASE = "Custom::MediaPackageChannelLoggingRelease"
VOD = "Custom::MediaPackagePackagingGroupLogging"
VOD_RELEASE = "Custom::MediaPackagePackagingGroupLoggingRelease"
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


def asked(stack: Stack, kind: str) -> dict[str, Any]:
    """Return what the function is asked for."""
    properties = properties_of(template_of(stack), kind)
    return {
        name: each
        for name, each in properties.items()
        if name not in ("ServiceToken", "ServiceTimeout")
    }


def test_a_channel_in_the_app_logs_to_the_services_groups_by_default(stack: Stack) -> None:
    """An empty object is how CloudFormation says that."""
    MediaPackageAccessLogging(stack, "Logs", channel=channel(stack))

    properties = properties_of(template_of(stack), CHANNEL)
    assert properties["IngressAccessLogs"] == properties["EgressAccessLogs"] == {}


def test_a_channel_in_the_app_logs_to_groups_of_the_users(stack: Stack) -> None:
    """The native property refers to the group, which is so created first."""
    group = log_group(stack, "LogGroup", "/aws/MediaPackage/live")

    MediaPackageAccessLogging(stack, "Logs", channel=channel(stack), ingress=group, egress=group)

    properties = properties_of(template_of(stack), CHANNEL)
    reference = {"LogGroupName": stack.resolve(group.log_group_name)}
    assert properties["IngressAccessLogs"] == properties["EgressAccessLogs"] == reference


@pytest.mark.parametrize("off", ["ingress", "egress"])
def test_one_log_of_a_channel_may_be_off(stack: Stack, off: str) -> None:
    """A property that is left out is how CloudFormation says that."""
    choice: dict[str, Any] = {off: AccessLogs.OFF}

    MediaPackageAccessLogging(stack, "Logs", channel=channel(stack), **choice)

    properties = properties_of(template_of(stack), CHANNEL)
    assert ("IngressAccessLogs" in properties) is (off == "egress")
    assert ("EgressAccessLogs" in properties) is (off == "ingress")


def test_the_release_of_a_channel_knows_its_id_alone(stack: Stack) -> None:
    """It does nothing before it is deleted, and then needs an id."""
    logging = MediaPackageAccessLogging(stack, "Logs", channel=channel(stack))

    owner = id_of(template_of(stack), CHANNEL)
    assert asked(stack, LIVE_RELEASE) == {"ChannelId": {"Ref": owner}}
    assert logging.release.cfn_resource_type == LIVE_RELEASE


def test_the_function_may_configure_this_channel_alone(stack: Stack) -> None:
    """CloudFormation knows the ARN, which cannot be told from the id."""
    MediaPackageAccessLogging(stack, "Logs", channel=channel(stack))

    template = template_of(stack)
    assert statements_of(template, id_of(template, LIVE_RELEASE)) == [
        {
            "Effect": "Allow",
            "Action": "mediapackage:ConfigureLogs",
            "Resource": {"Fn::GetAtt": [id_of(template, CHANNEL), "Arn"]},
        }
    ]


def test_the_rights_are_replaced_with_the_channel(stack: Stack) -> None:
    """Another channel has another policy, so the old one lasts until its logs are off."""
    MediaPackageAccessLogging(stack, "Logs", channel=channel(stack))

    template = template_of(stack)
    policy = template["Resources"][policy_of(template, id_of(template, LIVE_RELEASE))]
    assert str({"Ref": id_of(template, CHANNEL)}) in str(policy["Properties"]["PolicyName"])


def test_a_packaging_group_in_the_app_logs_to_the_services_group_by_default(stack: Stack) -> None:
    """It has egress alone."""
    logging = MediaPackageAccessLogging(stack, "Logs", channel=packaging_group(stack))

    properties = properties_of(template_of(stack), GROUP)
    assert properties["EgressAccessLogs"] == {}
    assert "IngressAccessLogs" not in properties
    assert logging.release.cfn_resource_type == VOD_RELEASE


def test_a_packaging_group_takes_names_that_a_channel_does_not(stack: Stack) -> None:
    """The two types' schemas have different patterns."""
    group = log_group(stack, "LogGroup", "/aws/MediaPackage/vod/films.2026")

    MediaPackageAccessLogging(stack, "Logs", channel=packaging_group(stack), egress=group)

    assert properties_of(template_of(stack), GROUP)["EgressAccessLogs"] == {
        "LogGroupName": stack.resolve(group.log_group_name)
    }


@pytest.mark.parametrize("ingress", list(AccessLogs))
def test_a_packaging_group_has_no_ingress_that_could_be_on(
    stack: Stack, ingress: AccessLogs
) -> None:
    """The default, and saying that it is off, mean the same."""
    MediaPackageAccessLogging(stack, "Logs", channel=packaging_group(stack), ingress=ingress)

    assert properties_of(template_of(stack), GROUP)["EgressAccessLogs"] == {}


def test_the_release_of_a_packaging_group_knows_its_id_alone(stack: Stack) -> None:
    """It does nothing before it is deleted, and then needs an id."""
    MediaPackageAccessLogging(stack, "Logs", channel=packaging_group(stack))

    owner = id_of(template_of(stack), GROUP)
    assert asked(stack, VOD_RELEASE) == {"PackagingGroupId": {"Ref": owner}}


def test_the_function_may_configure_this_packaging_group_alone(stack: Stack) -> None:
    """The action is that of another service than a live channel's."""
    MediaPackageAccessLogging(stack, "Logs", channel=packaging_group(stack))

    template = template_of(stack)
    assert statements_of(template, id_of(template, VOD_RELEASE)) == [
        {
            "Effect": "Allow",
            "Action": "mediapackage-vod:ConfigureLogs",
            "Resource": {"Fn::GetAtt": [id_of(template, GROUP), "Arn"]},
        }
    ]


def test_an_existing_channel_logs_to_the_services_groups_by_default(stack: Stack) -> None:
    """The function is asked for what the native properties say otherwise."""
    logging = MediaPackageAccessLogging(stack, "Logs", channel="live-show")

    assert asked(stack, LIVE) == {
        "ChannelId": "live-show",
        "Ingress": "DEFAULT_GROUP",
        "Egress": "DEFAULT_GROUP",
    }
    assert logging.release.cfn_resource_type == LIVE


def test_every_choice_for_an_existing_channel_reaches_the_function(stack: Stack) -> None:
    """A group, or nothing."""
    group = log_group(stack, "LogGroup", "/aws/MediaPackage/live")

    MediaPackageAccessLogging(
        stack, "Logs", channel="live-show", ingress=AccessLogs.OFF, egress=group
    )

    assert asked(stack, LIVE) == {
        "ChannelId": "live-show",
        "Ingress": "OFF",
        "Egress": stack.resolve(group.log_group_name),
    }


def test_an_imported_log_group_will_do(stack: Stack) -> None:
    """Its name is all that is needed."""
    group = LogGroup.from_log_group_name(stack, "LogGroup", "/aws/MediaPackage/live")

    MediaPackageAccessLogging(stack, "Logs", channel="live-show", egress=group)

    assert asked(stack, LIVE)["Egress"] == "/aws/MediaPackage/live"


def test_the_function_may_configure_any_channel_for_an_existing_one(stack: Stack) -> None:
    """The one right that names no single thing: an ARN cannot be told from an id."""
    MediaPackageAccessLogging(stack, "Logs", channel="live-show")

    template = template_of(stack)
    assert statements_of(template, id_of(template, LIVE)) == [
        {
            "Effect": "Allow",
            "Action": "mediapackage:ConfigureLogs",
            "Resource": {
                "Fn::Sub": "arn:${AWS::Partition}:mediapackage:${AWS::Region}:${AWS::AccountId}"
                ":channels/*"
            },
        }
    ]


def test_an_existing_packaging_group_is_named_by_its_arn(stack: Stack) -> None:
    """Its ARN says that it is none of the live channels; the function wants the id."""
    group = log_group(stack, "LogGroup", "/aws/MediaPackage/vod")

    logging = MediaPackageAccessLogging(stack, "Logs", channel=GROUP_ARN, egress=group)

    template = template_of(stack)
    assert asked(stack, VOD) == {
        "PackagingGroupId": "films",
        "Egress": stack.resolve(group.log_group_name),
    }
    assert statements_of(template, id_of(template, VOD))[0]["Resource"] == GROUP_ARN
    assert logging.release.cfn_resource_type == VOD


def test_a_feature_may_be_in_another_stack_than_its_owner() -> None:
    """The owner waits for a role of its own stack, and the stacks do not wait for each other."""
    app = App()
    owners, features = Stack(app, "Owners"), Stack(app, "Features")

    live = MediaPackageAccessLogging(features, "Live", channel=channel(owners))
    MediaPackageAccessLogging(features, "Vod", channel=packaging_group(owners))

    template = template_of(owners)
    assert live.role.node.scope is owners
    assert is_type_first(template, ROLE, CHANNEL)
    assert is_type_first(template, ROLE, GROUP)
    assert ids_of(template_of(features), ROLE) == []
    assert features.dependencies == [owners]


def test_tokens_pass_untouched(stack: Stack) -> None:
    """What is known at deployment alone is checked by the function."""
    text = CfnParameter(stack, "Text").value_as_string
    named = log_group(stack, "LogGroup", text)
    imported = LogGroup.from_log_group_name(stack, "Imported", text)

    MediaPackageAccessLogging(stack, "Logs", channel=text, ingress=named, egress=imported)

    assert asked(stack, LIVE) == {
        "ChannelId": {"Ref": "Text"},
        "Ingress": stack.resolve(named.log_group_name),
        "Egress": {"Ref": "Text"},
    }


def test_the_rights_for_the_id_of_a_parameter_are_named_after_the_whole_id(stack: Stack) -> None:
    """An id has no slash that it could be split at."""
    MediaPackageAccessLogging(stack, "Logs", channel=CfnParameter(stack, "Text").value_as_string)

    template = template_of(stack)
    policy = template["Resources"][policy_of(template, id_of(template, LIVE))]
    name = str(policy["Properties"]["PolicyName"])
    assert "{'Ref': 'Text'}" in name
    assert "Fn::Split" not in name


def test_the_arn_of_a_packaging_group_may_have_tokens_in_it(stack: Stack) -> None:
    """Account and region are often those of the stack."""
    arn = f"arn:aws:mediapackage-vod:{Aws.REGION}:{Aws.ACCOUNT_ID}:packaging-groups/films"

    MediaPackageAccessLogging(stack, "Logs", channel=arn)

    assert asked(stack, VOD)["PackagingGroupId"] == "films"


def test_the_id_of_a_packaging_group_may_be_a_token(stack: Stack) -> None:
    """What stands behind `:packaging-groups/` is the id, known or not."""
    name = CfnParameter(stack, "Text").value_as_string

    MediaPackageAccessLogging(
        stack, "Logs", channel=f"arn:aws:mediapackage-vod:us-east-1:1:packaging-groups/{name}"
    )

    assert asked(stack, VOD)["PackagingGroupId"] == {"Ref": "Text"}


def test_fails_when_the_id_is_none(stack: Stack) -> None:
    """The ARN of a live channel is not its id, nor is it made of it."""
    with pytest.raises(UsageError) as refused:
        MediaPackageAccessLogging(stack, "Logs", channel="channels/live-show")

    assert str(refused.value) == (
        "Stack/Logs: channel must be 1 to 256 letters, digits, - and _,"
        " got 'channels/live-show' [MediaPackageId]"
    )


def test_fails_when_the_arn_of_a_packaging_group_has_no_id(stack: Stack) -> None:
    """What stands behind the last slash is the id."""
    with pytest.raises(UsageError) as refused:
        MediaPackageAccessLogging(
            stack,
            "Logs",
            channel="arn:aws:mediapackage-vod:us-east-1:111122223333:packaging-groups/",
        )

    assert str(refused.value) == (
        "Stack/Logs: channel must be 1 to 256 letters, digits, - and _, got '' [MediaPackageId]"
    )


@pytest.mark.parametrize("prop", ["ingress", "egress"])
def test_fails_when_a_log_group_of_a_channel_has_another_name(stack: Stack, prop: str) -> None:
    """The role writes to groups by their prefix, and the type's schema takes no slash after it."""
    choice: dict[str, Any] = {prop: log_group(stack, "LogGroup", "/aws/MediaPackage/live/show")}

    with pytest.raises(UsageError) as refused:
        MediaPackageAccessLogging(stack, "Logs", channel=channel(stack), **choice)

    assert str(refused.value) == (
        f"Stack/Logs: {prop} must be a log group named /aws/MediaPackage/ and letters, digits, -"
        " and _, 256 characters in all, got '/aws/MediaPackage/live/show' [ChannelLogGroupName]"
    )


def test_fails_when_a_log_group_has_no_name(stack: Stack) -> None:
    """CloudFormation would make a name up, and start it with the stack's."""
    with pytest.raises(UsageError) as refused:
        MediaPackageAccessLogging(
            stack, "Logs", channel="live-show", egress=LogGroup(stack, "LogGroup")
        )

    assert str(refused.value) == (
        "Stack/Logs: egress must be a log group named /aws/MediaPackage/ and letters, digits, -"
        " and _, 256 characters in all, got None [ChannelLogGroupName]"
    )


def test_fails_when_an_imported_log_group_has_another_name(stack: Stack) -> None:
    """Of an imported log group the name is known too."""
    group = LogGroup.from_log_group_name(stack, "LogGroup", "live")

    with pytest.raises(UsageError) as refused:
        MediaPackageAccessLogging(stack, "Logs", channel="live-show", egress=group)

    assert str(refused.value) == (
        "Stack/Logs: egress must be a log group named /aws/MediaPackage/ and letters, digits, -"
        " and _, 256 characters in all, got 'live' [ChannelLogGroupName]"
    )


def test_fails_when_the_log_group_of_a_packaging_group_has_another_name(stack: Stack) -> None:
    """The prefix is the same as that of a channel's."""
    with pytest.raises(UsageError) as refused:
        MediaPackageAccessLogging(
            stack, "Logs", channel=GROUP_ARN, egress=log_group(stack, "LogGroup", "films")
        )

    assert str(refused.value) == (
        "Stack/Logs: egress must be a log group named /aws/MediaPackage/ and letters, digits, -, _,"
        " /, . and #, 512 in all, got 'films' [PackagingGroupLogGroupName]"
    )


def test_fails_when_a_packaging_group_is_given_a_group_for_ingress(stack: Stack) -> None:
    """Nobody sends to a packaging group."""
    group = log_group(stack, "LogGroup", "/aws/MediaPackage/vod")

    with pytest.raises(UsageError) as refused:
        MediaPackageAccessLogging(stack, "Logs", channel=packaging_group(stack), ingress=group)

    assert str(refused.value) == (
        "Stack/Logs: ingress must be left out for a packaging group, which has egress alone,"
        " got 'Stack/LogGroup' [PackagingGroupIngress]"
    )


def test_fails_when_both_logs_of_a_channel_are_off(stack: Stack) -> None:
    """Who wants no logs wants no feature."""
    with pytest.raises(UsageError) as refused:
        MediaPackageAccessLogging(
            stack,
            "Logs",
            channel=channel(stack),
            ingress=AccessLogs.OFF,
            egress=AccessLogs.OFF,
        )

    assert str(refused.value) == (
        "Stack/Logs: egress must be a log group or AccessLogs.DEFAULT_GROUP, if nothing else is"
        " logged, got 'OFF' [NothingLogged]"
    )


def test_fails_when_the_one_log_of_a_packaging_group_is_off(stack: Stack) -> None:
    """It has no other."""
    with pytest.raises(UsageError) as refused:
        MediaPackageAccessLogging(stack, "Logs", channel=GROUP_ARN, egress=AccessLogs.OFF)

    assert str(refused.value) == (
        "Stack/Logs: egress must be a log group or AccessLogs.DEFAULT_GROUP, if nothing else is"
        " logged, got 'OFF' [NothingLogged]"
    )


@pytest.mark.parametrize("first", ["ingress", "egress"])
def test_fails_when_the_channel_has_logs_already(stack: Stack, first: str) -> None:
    """Whoever set them: another construct, or the user."""
    owner = channel(stack)
    setattr(owner, f"{first}_access_logs", CfnChannel.LogConfigurationProperty())

    with pytest.raises(UsageError) as refused:
        MediaPackageAccessLogging(stack, "Logs", channel=owner)

    assert str(refused.value) == (
        "Stack/Logs: channel must be without access logs of its own or of another construct,"
        " got 'Stack/Channel' [FeatureSetTwice]"
    )


def test_fails_when_the_packaging_group_has_logs_already(stack: Stack) -> None:
    """Whoever set them: another construct, or the user."""
    owner = packaging_group(stack)
    MediaPackageAccessLogging(stack, "First", channel=owner)

    with pytest.raises(UsageError) as refused:
        MediaPackageAccessLogging(stack, "Second", channel=owner)

    assert str(refused.value) == (
        "Stack/Second: channel must be without access logs of its own or of another construct,"
        " got 'Stack/Group' [FeatureSetTwice]"
    )


def test_resources_of_the_smallest_call(stack: Stack, template_snapshot: SnapshotAssertion) -> None:
    """What one line of a stack adds to its template, beside the owner's properties."""
    logging = MediaPackageAccessLogging(stack, "Logs", channel=channel(stack))

    assert resources_of(logging) == template_snapshot


def test_resources_with_everything_set(stack: Stack, template_snapshot: SnapshotAssertion) -> None:
    """What every prop adds to it, for an existing owner and a role that the stack does not hold."""
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
    """What a feature sets on its owner, and lets it wait for."""
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
    """What one line of a stack adds to its template, beside the owner's property."""
    logging = MediaPackageAccessLogging(stack, "Logs", channel=packaging_group(stack))

    assert resources_of(logging) == template_snapshot


def test_resources_with_everything_set_for_a_packaging_group(
    stack: Stack, template_snapshot: SnapshotAssertion
) -> None:
    """What every prop adds to it, for an existing owner and a role that the stack does not hold."""
    logging = MediaPackageAccessLogging(
        stack,
        "Logs",
        channel=GROUP_ARN,
        egress=log_group(stack, "Egress", "/aws/MediaPackage/vod/films"),
        role=ServiceLinkedRole.from_existing(stack, "Role", roles.MEDIAPACKAGE),
    )

    assert resources_of(logging) == template_snapshot
