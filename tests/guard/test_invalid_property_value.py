"""Findings about values and names that a service refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import aws_kinesis, aws_sns

from slr_constructs import (
    AppInstanceStreaming,
    MessagingStream,
    NotificationTarget,
    VoiceConnectorStreaming,
)
from slr_constructs.guard.check import check
from slr_constructs.guard.rules.invalid_property_value import RULE, findings
from slr_constructs.handler.slr_handler import rules
from slr_constructs.templates.app import App
from slr_constructs.templates.reading import StackTemplate
from tests.templates.apps import plain, stack_of

if TYPE_CHECKING:
    from aws_cdk import Stack


RECORDING = "AWS::IVS::RecordingConfiguration"
PLAYBACK = "AWS::MediaTailor::PlaybackConfiguration"
LIVE = "AWS::MediaPackage::Channel"
VOD = "AWS::MediaPackage::PackagingGroup"
SLR = "AWS::IAM::ServiceLinkedRole"
SHARDS = "2 shards or more, or on-demand"
STREAM_NAME = (
    "must be a stream name of at most 128 characters that starts with chime-messaging-, got"
)
ENCRYPTED = {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}
ON_DEMAND = {"StreamModeDetails": {"StreamMode": "ON_DEMAND"}}
ARN = "arn:aws:chime:us-east-1:111122223333:app-instance/abc"
CONNECTOR = {"VoiceConnectorId": "abcdef1ghij2klmno3pqr4", "DataRetentionInHours": 0}
DESTINATION = {"DestinationConfiguration": {"S3": {"BucketName": "b"}}}


def texts(app: App) -> list[str]:
    """Return the texts of the findings."""
    return [each.text for each in findings(app)]


def of(kind: str, **properties: Any) -> list[str]:  # noqa: ANN401 - any property
    """Return the texts of the findings about one resource."""
    return texts(plain(A={"Type": kind, "Properties": properties}))


@pytest.mark.parametrize(
    ("kind", "properties", "prop", "limit"),
    [
        (
            RECORDING,
            {"ThumbnailConfiguration": {"TargetIntervalSeconds": "0"}},
            "ThumbnailConfiguration.TargetIntervalSeconds",
            rules.IVS_THUMBNAIL_INTERVAL,
        ),
        (
            PLAYBACK,
            {"LogConfiguration": {"PercentEnabled": 12.5}},
            "LogConfiguration.PercentEnabled",
            rules.PERCENT_ENABLED,
        ),
        (
            PLAYBACK,
            {"Name": "a/b", "LogConfiguration": {"PercentEnabled": 1}},
            "Name",
            rules.PLAYBACK_CONFIGURATION_NAME,
        ),
        (
            VOD,
            {"EgressAccessLogs": {"LogGroupName": "/aws/MediaPackage/a b"}, "Id": True},
            "EgressAccessLogs.LogGroupName",
            rules.PACKAGING_GROUP_LOG_GROUP_NAME,
        ),
        (SLR, {"Description": "\N{SNOWMAN}"}, "Description", rules.ROLE_DESCRIPTION),
        (
            "Custom::VoiceConnectorStreaming",
            {"NotificationTargets": ["SNS", "SNS"], **CONNECTOR},
            "NotificationTargets",
            rules.NOTIFICATION_TARGETS,
        ),
        (
            "Custom::MediaTailorSessionLogging",
            {
                "PlaybackConfigurationName": "ads",
                "PercentEnabled": "7",
                "AdsInteractionExcludeEventTypes": "AD_MARKER_FOUND",
            },
            "AdsInteractionExcludeEventTypes",
            rules.EVENT_TYPES,
        ),
        (
            "Custom::AppInstanceStreaming",
            {"ChannelsStreamArn": "arn:aws:kinesis:a:b:stream/c", "AppInstanceArn": ARN},
            "ChannelsStreamArn",
            rules.MESSAGING_STREAM_ARN,
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_an_invalid_value_is_found(
    kind: str, properties: dict[str, Any], prop: str, limit: rules.Rule
) -> None:
    """The message and the code are those of the constructs and of the function."""
    got: Any = {**DESTINATION, **properties} if kind == RECORDING else properties
    found = of(kind, **got)
    for part in prop.split("."):
        got = got[part]

    assert found == [f"`A`: {prop} must be {limit.allowed}, got {_shown(got)} [{limit.code}]"]


def _shown(value: object) -> str:
    return str(value) if isinstance(value, int | float) else repr(value)


def test_every_branch_of_a_condition_is_checked() -> None:
    """Nested conditions and very long numbers are checked too."""
    inner = {"Fn::If": ["B", {"Ref": "Percent"}, 101]}
    logs = {"PercentEnabled": {"Fn::If": ["A", "9" * 5000, inner]}}
    allowed = "`A`: LogConfiguration.PercentEnabled must be a whole number from 0 to 100, got"

    assert of(PLAYBACK, LogConfiguration=logs) == [
        f"{allowed} '{'9' * 120}…' [PercentEnabled]",
        f"{allowed} 101 [PercentEnabled]",
    ]


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        (RECORDING, {**DESTINATION, "Name": "show", "RecordingReconnectWindowSeconds": "300"}),
        (RECORDING, {**DESTINATION, "Name": {"Ref": "Name"}}),
        (RECORDING, {**DESTINATION, "Name": "{{resolve:ssm:name of the show}}"}),
        (RECORDING, {**DESTINATION, "Name": {"Fn::If": ["C", {"Ref": "N"}, "a"]}}),
        (RECORDING, {**DESTINATION, "ThumbnailConfiguration": {"Ref": "AWS::NoValue"}}),
        (RECORDING, {**DESTINATION, "ThumbnailConfiguration": {"Fn::If": "?"}}),
        # CloudFormation converts a number to text
        (RECORDING, {**DESTINATION, "Name": 2024}),
        # without logging, the resource is not checked
        (PLAYBACK, {"Name": "a/b"}),
        (LIVE, {"Id": "a b"}),
        ("AWS::Logs::LogGroup", {"LogGroupName": "/var/log"}),
        ("AWS::Kinesis::Stream", {"ShardCount": 1}),
        ("AWS::SNS::Topic", {"TopicName": "news"}),
        (LIVE, {"EgressAccessLogs": {}}),
        (LIVE, {"EgressAccessLogs": {"LogGroupName": {"Fn::Sub": "${Logs}"}}}),
        (LIVE, {"EgressAccessLogs": {"LogGroupName": {"Ref": "Parameter"}}}),
        (LIVE, {"EgressAccessLogs": {"LogGroupName": {"Ref": []}}}),
        # a list with an intrinsic function is not a literal
        (
            "Custom::VoiceConnectorStreaming",
            {**CONNECTOR, "NotificationTargets": ["SNS", {"Ref": "B"}, "SNS"]},
        ),
        # a custom resource of another library with the same type
        ("Custom::ServiceLinkedRole", {"RoleName": "AWSServiceRoleForIVS", "Removal": "never"}),
    ],
    ids=str,
)
def test_valid_and_unknown_values_have_no_findings(kind: str, properties: dict[str, Any]) -> None:
    """Resources that are not related to a feature are not checked."""
    assert of(kind, **properties) == []


def test_the_finding_has_the_location() -> None:
    """The location is a path in the resource."""
    (finding,) = findings(
        plain(A={"Type": PLAYBACK, "Properties": {"LogConfiguration": {"PercentEnabled": 101}}})
    )

    assert finding.rule is RULE
    assert finding.location == "Properties/LogConfiguration/PercentEnabled"


def streamed(stream: object, *props: str) -> list[str]:
    """Return the findings about an app instance that is streamed to a stream."""
    arns = [{"Fn::GetAtt": ["Stream", "Arn"]}, {"Fn::GetAtt": "Stream.Arn"}]
    properties = {"AppInstanceArn": ARN, **dict(zip(props, arns, strict=False))}
    return texts(
        plain(
            Streaming={"Type": "Custom::AppInstanceStreaming", "Properties": properties},
            Stream={"Type": "AWS::Kinesis::Stream", "Properties": stream},
        )
    )


@pytest.mark.parametrize("prop", ["ChannelsStreamArn", "ChannelMessagesStreamArn"])
def test_a_stream_that_messaging_cannot_use_is_found(prop: str) -> None:
    """The name, the number of shards and the encryption are checked."""
    assert streamed({"Name": "chat", "ShardCount": 1}, prop) == [
        f"`Stream`: Name {STREAM_NAME} 'chat' [MessagingStreamName]",
        f"`Stream`: ShardCount must be {SHARDS}, got 1 [MessagingStreamShards]",
        "`Stream`: StreamEncryption must be given, got None [MessagingStreamEncryption]",
    ]


def test_a_shared_stream_is_reported_once() -> None:
    """Channels and messages may use the same stream."""
    stream = {"ShardCount": 4, "StreamEncryption": ENCRYPTED}

    (sentence,) = streamed(stream, "ChannelsStreamArn", "ChannelMessagesStreamArn")
    assert sentence == f"`Stream`: Name {STREAM_NAME} None [MessagingStreamName]"


@pytest.mark.parametrize(
    "properties",
    [
        {"Name": "chime-messaging-a", "ShardCount": 2, "StreamEncryption": ENCRYPTED},
        {"Name": "chime-messaging-a", "StreamEncryption": ENCRYPTED, **ON_DEMAND},
        # on-demand streams may keep an old shard count
        {"Name": "chime-messaging-a", "ShardCount": 1, "StreamEncryption": ENCRYPTED, **ON_DEMAND},
        {
            "Name": {"Ref": "Name"},
            "ShardCount": {"Ref": "Count"},
            "StreamEncryption": {"Fn::If": ["C", {"Ref": "AWS::NoValue"}, ENCRYPTED]},
        },
        {
            "Name": "chime-messaging-a",
            "ShardCount": 1,
            "StreamModeDetails": {"StreamMode": {"Ref": "Mode"}},
            "StreamEncryption": ENCRYPTED,
        },
    ],
    ids=str,
)
def test_a_suitable_stream_has_no_findings(properties: dict[str, Any]) -> None:
    """Unknown values have no findings either."""
    assert streamed(properties, "ChannelsStreamArn") == []


def test_a_generated_name_starts_with_the_name_of_the_stack() -> None:
    """If the stack name has the prefix, its streams do not need a name."""
    resources = {
        "Streaming": {
            "Type": "Custom::AppInstanceStreaming",
            "Properties": {
                "AppInstanceArn": ARN,
                "ChannelsStreamArn": {"Fn::GetAtt": ["Stream", "Arn"]},
            },
        },
        "Stream": {
            "Type": "AWS::Kinesis::Stream",
            "Properties": {"StreamEncryption": ENCRYPTED, **ON_DEMAND},
        },
    }

    for name in ("chime-messaging-chat", "Stage/chime-messaging-chat"):
        assert texts(App([StackTemplate(name, {"Resources": resources})])) == []


def test_a_reference_to_another_type_is_not_checked() -> None:
    """Only log groups are checked as log groups."""
    logs = {"EgressAccessLogs": {"LogGroupName": {"Ref": "Topic"}}}

    topic = {"Type": "AWS::SNS::Topic"}
    assert texts(plain(A={"Type": LIVE, "Properties": logs}, Topic=topic)) == []


@pytest.mark.parametrize(
    ("kind", "properties", "code"),
    [
        (
            LIVE,
            {"IngressAccessLogs": {"LogGroupName": {"Ref": "Group"}}},
            "ChannelLogGroupName",
        ),
        (
            "Custom::MediaPackageChannelLogging",
            {"ChannelId": "a", "Ingress": "OFF", "Egress": {"Ref": "Group"}},
            "ChannelLogGroupName",
        ),
        (
            "Custom::MediaPackagePackagingGroupLogging",
            {"PackagingGroupId": "a", "Egress": {"Ref": "Group"}},
            "PackagingGroupLogGroupName",
        ),
    ],
)
def test_the_name_of_a_log_group_of_the_template_is_found(
    kind: str, properties: dict[str, Any], code: str
) -> None:
    """A name that CloudFormation generates does not contain a slash."""
    for group, broken in (
        ({}, True),
        ({"LogGroupName": "/var/log"}, True),
        ({"LogGroupName": "/aws/MediaPackage/a"}, False),
        ({"LogGroupName": {"Ref": "Name"}}, False),
    ):
        app = plain(
            A={"Type": kind, "Properties": properties},
            Group={"Type": "AWS::Logs::LogGroup", "Properties": group},
        )
        found = list(findings(app))

        assert [each.resource for each in found] == (["Group"] if broken else [])
        assert all(each.text.endswith(f"[{code}]") for each in found)


def test_the_topics_and_streams_of_the_constructs_have_no_findings() -> None:
    """They are in the app, so their names are checked, by this rule and by `NotificationLost`."""

    def define(stack: Stack) -> None:
        topic = aws_sns.Topic(stack, "Topic", topic_name="ChimeVoiceConnector-StreamingNews")
        VoiceConnectorStreaming(
            stack,
            "Streaming",
            voice_connector="abcdef1ghij2klmno3pqr4",
            notification_targets=[topic, NotificationTarget.EVENT_BRIDGE],
        )
        AppInstanceStreaming(
            stack,
            "Chat",
            app_instance=ARN,
            channels=aws_kinesis.Stream(
                stack, "Own", stream_name="chime-messaging-own", shard_count=2
            ),
            channel_messages=MessagingStream(stack, "Stream"),
        )

    assert check(stack_of(define)) == []
