"""The limits of the rules are the same as those that AWS publishes."""

from __future__ import annotations

import re
from functools import reduce
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from slr_constructs.handler.slr_handler import rules
from tests.published import schema_of, service_model

if TYPE_CHECKING:
    from slr_constructs.handler.slr_handler.rules import Rule

RECORDING = "AWS::IVS::RecordingConfiguration"
PLAYBACK = "AWS::MediaTailor::PlaybackConfiguration"
CHANNEL = "AWS::MediaPackage::Channel"
GROUP = "AWS::MediaPackage::PackagingGroup"

#: The rule, the resource type, and the path of the limit in its schema.
NUMBERS = [
    (rules.PERCENT_ENABLED, PLAYBACK, "definitions/LogConfiguration/properties/PercentEnabled"),
    (rules.IVS_RECONNECT_WINDOW, RECORDING, "properties/RecordingReconnectWindowSeconds"),
    (
        rules.IVS_THUMBNAIL_INTERVAL,
        RECORDING,
        "definitions/ThumbnailConfiguration/properties/TargetIntervalSeconds",
    ),
]
STRINGS = [
    (rules.IVS_RECORDING_NAME, RECORDING, "properties/Name"),
    (rules.IVS_CHANNEL_ARN, "AWS::IVS::Channel", "properties/Arn"),
    (rules.PLAYBACK_CONFIGURATION_NAME, PLAYBACK, "properties/Name"),
    (rules.MEDIAPACKAGE_ID, CHANNEL, "properties/Id"),
    (rules.MEDIAPACKAGE_ID, GROUP, "properties/Id"),
    (
        rules.CHANNEL_LOG_GROUP_NAME,
        CHANNEL,
        "definitions/LogConfiguration/properties/LogGroupName",
    ),
    (
        rules.PACKAGING_GROUP_LOG_GROUP_NAME,
        GROUP,
        "definitions/LogConfiguration/properties/LogGroupName",
    ),
]
#: The rule, the client, the operation, and the path of the member.
MEMBERS = [
    (rules.ROLE_NAME, "iam", "GetRole", "RoleName"),
    (rules.SERVICE_PRINCIPAL, "iam", "CreateServiceLinkedRole", "AWSServiceName"),
    (
        rules.VOICE_CONNECTOR_ID,
        "chime-sdk-voice",
        "PutVoiceConnectorStreamingConfiguration",
        "VoiceConnectorId",
    ),
    (
        rules.MEDIA_INSIGHTS_ARN,
        "chime-sdk-voice",
        "PutVoiceConnectorStreamingConfiguration",
        "StreamingConfiguration/MediaInsightsConfiguration/ConfigurationArn",
    ),
    (
        rules.IVS_RECORDING_CONFIGURATION_ARN,
        "ivs",
        "GetRecordingConfiguration",
        "arn",
    ),
]
PREFIXES = [
    "",
    "arn:aws:ivs:us-east-1:111122223333:channel/",
    "arn:aws:ivs:us-east-1:111122223333:recording-configuration/",
    "arn:aws:chime:us-east-1:111122223333:",
    "/aws/MediaPackage/",
    "abcdefghij0123456789",
]
PROBES = st.builds(
    lambda prefix, rest, times: prefix + rest * times,
    st.sampled_from(PREFIXES),
    st.text(alphabet="aZ09-_./#:=+,@ \n$é", max_size=4),
    st.sampled_from([1, 1, 1, 31, 32, 64, 128, 129]),
)


def _part(resource_type: str, path: str) -> dict[str, Any]:
    return dict(reduce(lambda part, key: part[key], path.split("/"), schema_of(resource_type)))


def _member(client: str, operation: str, path: str) -> dict[str, Any]:
    shape = service_model(client).operation_model(operation).input_shape
    for key in path.split("/"):
        shape = shape.members[key]
    # botocore has patterns in its files, but not in its shapes
    return dict(_raw(client)["shapes"][shape.name])


def _raw(client: str) -> dict[str, Any]:
    import botocore.session  # noqa: PLC0415 - only for this file

    loader = botocore.session.get_session().get_component("data_loader")
    return dict(loader.load_service_model(client, "service-2"))


def _published(limit: dict[str, Any]) -> tuple[re.Pattern[str], int, int]:
    low = limit.get("minLength", limit.get("min", 0))
    high = limit.get("maxLength", limit.get("max", 10_000))
    return re.compile(limit["pattern"], re.ASCII), low, high


def _agree(rule: Rule, limit: dict[str, Any], *, narrower: bool = False) -> None:
    """Check that the rule and the published limit accept the same texts."""
    pattern, low, high = _published(limit)

    @settings(max_examples=3 * settings().max_examples, database=None, derandomize=True)
    @given(PROBES)
    @example("a")
    @example("a\n")
    def probe(text: str) -> None:
        accepted = low <= len(text) <= high and pattern.fullmatch(text) is not None
        if narrower:
            assert accepted or not rule.holds(text), text
        else:
            assert rule.holds(text) == accepted, text

    probe()


@pytest.mark.parametrize(
    ("rule", "resource_type", "path"), NUMBERS, ids=lambda each: str(each)[:40]
)
def test_a_number_has_the_limits_of_its_schema(rule: Rule, resource_type: str, path: str) -> None:
    """The rule accepts the lowest and the highest number, but not the next ones."""
    limit = _part(resource_type, path)

    assert rule.holds(limit["minimum"])
    assert rule.holds(limit["maximum"])
    assert not rule.holds(limit["minimum"] - 1)
    assert not rule.holds(limit["maximum"] + 1)


@pytest.mark.hypothesis
@pytest.mark.parametrize(
    ("rule", "resource_type", "path"),
    STRINGS,
    ids=[f"{rule.code}-{kind.rpartition(':')[2]}" for rule, kind, _ in STRINGS],
)
def test_a_string_has_the_pattern_of_its_schema(rule: Rule, resource_type: str, path: str) -> None:
    """The rule and the schema accept the same texts."""
    limit = _part(resource_type, path)
    # the schema of a channel ARN accepts an empty ARN, because its minLength is 0
    _agree(rule, limit)


@pytest.mark.hypothesis
@pytest.mark.parametrize(
    ("rule", "client", "operation", "path"), MEMBERS, ids=[rule.code for rule, *_ in MEMBERS]
)
def test_a_string_has_the_pattern_of_its_operation(
    rule: Rule, client: str, operation: str, path: str
) -> None:
    """The rule and the operation accept the same texts."""
    _agree(rule, _member(client, operation, path))


@pytest.mark.hypothesis
def test_an_app_instance_arn_is_a_chime_arn() -> None:
    """The rule accepts only the ARN of an app instance; the model accepts any ARN."""
    limit = _member("chime-sdk-messaging", "PutMessagingStreamingConfigurations", "AppInstanceArn")

    _agree(rules.APP_INSTANCE_ARN, limit, narrower=True)


def test_notification_targets_are_those_of_the_service() -> None:
    """The service has three targets, and accepts one to three of them."""
    shape = service_model("chime-sdk-voice").shape_for("StreamingNotificationTargetList")
    (target,) = shape.member.members.values()

    assert rules.NOTIFICATION_TARGETS.holds(tuple(target.enum))
    assert len(target.enum) == shape.metadata["max"] == 3
    assert not rules.NOTIFICATION_TARGETS.holds(())
    assert shape.metadata["min"] == 1


def test_the_notification_prefix_is_that_of_the_roles_policy() -> None:
    """The managed policy allows the role to publish only to these names."""
    from slr_constructs import catalogue  # noqa: PLC0415 - only these tests start jsii

    names = {
        resource.rpartition(":")[2].rstrip("*")
        for statement in catalogue.CHIME_VOICE_CONNECTOR.statements
        for resource in statement.resources
        if ":sns:" in resource or ":sqs:" in resource
    }

    assert all(rules.NOTIFICATION_NAME.holds(name) for name in names)
    assert names == {"ChimeVoiceConnector-Streaming"}


def test_the_stream_prefix_is_that_of_the_roles_policy() -> None:
    """The managed policy allows the role to write only to these streams."""
    from slr_constructs import catalogue  # noqa: PLC0415 - as above

    streams = {
        resource.partition("stream/")[2].rstrip("*")
        for statement in catalogue.CHIME_MESSAGING.statements
        for resource in statement.resources
        if ":kinesis:" in resource
    }

    assert streams == {"chime-messaging-"}
    assert rules.MESSAGING_STREAM_NAME.holds("chime-messaging-")
    assert not rules.MESSAGING_STREAM_NAME.holds("chime-messagin")


@pytest.mark.hypothesis
def test_a_streams_name_has_the_pattern_of_kinesis() -> None:
    """The rule is the pattern of the schema with the prefix."""
    limit = schema_of("AWS::Kinesis::Stream")["properties"]["Name"]

    _agree(rules.MESSAGING_STREAM_NAME, limit, narrower=True)


def test_every_retention_of_cloudwatch_logs_is_accepted() -> None:
    """The rule accepts every number of days of the schema of a log group."""
    days = schema_of("AWS::Logs::LogGroup")["properties"]["RetentionInDays"]["enum"]

    assert all(map(rules.RETENTION_DAYS.holds, days))
