"""The limits of the rules are the same as those that AWS publishes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from slr_constructs.catalogue import CHIME_MESSAGING, CHIME_VOICE_CONNECTOR, RESOURCE_TYPES
from slr_constructs.catalogue.ivs_recording import RECORDING_CONFIGURATION
from slr_constructs.catalogue.mediatailor_logging import EVENT_TYPES
from slr_constructs.catalogue.voice_connector_streaming import VOICE_CONNECTOR
from slr_constructs.handler.slr_handler import rules
from tests.published import schema_of, service_model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slr_constructs.catalogue import ResourceType
    from slr_constructs.catalogue.resource_type import Limit
    from slr_constructs.handler.slr_handler.rules import Rule

LIMITS = [(target, limit) for target in RESOURCE_TYPES for limit in target.limits]
#: The rule, the client, the operation, and the path of the member.
MEMBERS = [
    (rules.ROLE_NAME, "iam", "GetRole", "RoleName"),
    (rules.CUSTOM_SUFFIX, "iam", "CreateServiceLinkedRole", "CustomSuffix"),
    (
        rules.VOICE_CONNECTOR_ID,
        "chime-sdk-voice",
        "PutVoiceConnectorStreamingConfiguration",
        "VoiceConnectorId",
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


def _part(target: ResourceType, path: Sequence[str]) -> dict[str, Any]:
    """Return the schema of a property, which may be a reference to a definition."""
    schema = part = schema_of(target.type)
    for name in path:
        part = part["properties"][name]
        if "$ref" in part:
            part = schema["definitions"][part["$ref"].rpartition("/")[2]]
    return dict(part)


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


@pytest.mark.hypothesis
@pytest.mark.parametrize(
    ("target", "limit"),
    LIMITS,
    ids=[f"{target.type}-{limit.rule.code}-{limit.path[0]}" for target, limit in LIMITS],
)
def test_a_property_has_the_limits_of_its_schema(target: ResourceType, limit: Limit) -> None:
    """The rule and the schema accept the same values."""
    rule, published = limit.rule, _part(target, limit.path)
    if not limit.is_number:
        # an empty text is not a value: it removes the property
        _agree(rule, published, narrower=re.match(published["pattern"], "") is not None)
        return
    lowest, highest = published["minimum"], published["maximum"]
    assert rule.holds(lowest)
    assert rule.holds(highest)
    assert not rule.holds(lowest - 1)
    assert not rule.holds(highest + 1)


@pytest.mark.hypothesis
def test_a_channel_arn_has_the_pattern_of_its_schema() -> None:
    """The contract of an existing channel has the ARN, which is an attribute in templates."""
    (channel,) = (each for each in RESOURCE_TYPES if each.type == "AWS::IVS::Channel")

    _agree(rules.IVS_CHANNEL_ARN, _part(channel, ["Arn"]))


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
def test_a_service_principal_is_one_that_iam_accepts() -> None:
    """The rule accepts only names of services; the model accepts any name."""
    _agree(
        rules.SERVICE_PRINCIPAL,
        _member("iam", "CreateServiceLinkedRole", "AWSServiceName"),
        narrower=True,
    )


@pytest.mark.hypothesis
def test_an_app_instance_arn_is_a_chime_arn() -> None:
    """The rule accepts only the ARN of an app instance; the model accepts any ARN."""
    limit = _member("chime-sdk-messaging", "PutMessagingStreamingConfigurations", "AppInstanceArn")

    _agree(rules.APP_INSTANCE_ARN, limit, narrower=True)


@pytest.mark.hypothesis
def test_a_media_insights_arn_is_that_of_a_configuration() -> None:
    """The rule accepts only the ARN that the function has permissions for."""
    limit = _member(
        "chime-sdk-voice",
        "PutVoiceConnectorStreamingConfiguration",
        "StreamingConfiguration/MediaInsightsConfiguration/ConfigurationArn",
    )
    (analyze,) = VOICE_CONNECTOR.requirements
    arn = analyze.resource.format(partition="aws", region="us-east-1", account="111122223333")

    _agree(rules.MEDIA_INSIGHTS_ARN, limit, narrower=True)
    assert rules.MEDIA_INSIGHTS_ARN.holds(arn.replace("*", "Calls"))
    assert not rules.MEDIA_INSIGHTS_ARN.holds("arn:aws:chime:us-east-1:111122223333:app-instance/x")


@pytest.mark.hypothesis
def test_a_bucket_for_recordings_has_the_pattern_of_its_schema() -> None:
    """S3 has older buckets with other names, which IVS does not accept."""
    s3 = _part(RECORDING_CONFIGURATION, ["DestinationConfiguration", "S3"])

    _agree(rules.IVS_BUCKET_NAME, s3["properties"]["BucketName"])


def test_the_retention_of_a_stream_is_that_of_kinesis() -> None:
    """The minimum of the schema is that of another operation."""
    schema = schema_of("AWS::Kinesis::Stream")["properties"]["RetentionPeriodHours"]
    decrease = service_model("kinesis").operation_model("DecreaseStreamRetentionPeriod")
    holds = rules.MESSAGING_STREAM_RETENTION.holds

    assert "The minimum value of a stream's retention period is 24 hours" in decrease.documentation
    assert schema["maximum"] == 8760
    assert [*map(holds, (23, 24, 8760, 8761))] == [False, True, True, False]


def test_notification_targets_are_those_of_the_service() -> None:
    """The service has three targets, and accepts one to three of them."""
    shape = service_model("chime-sdk-voice").shape_for("StreamingNotificationTargetList")
    (target,) = shape.member.members.values()

    assert rules.NOTIFICATION_TARGETS.holds(tuple(target.enum))
    assert len(target.enum) == shape.metadata["max"] == 3
    assert not rules.NOTIFICATION_TARGETS.holds(())
    assert shape.metadata["min"] == 1


def test_event_types_are_those_of_the_service() -> None:
    """Each of the four lists has its own event types."""
    logs = service_model("mediatailor").operation_model("ConfigureLogsForPlaybackConfiguration")
    ads, manifests = (
        logs.input_shape.members[name].members
        for name in ("AdsInteractionLog", "ManifestServiceInteractionLog")
    )

    assert {
        "ads_interaction_publish_opt_in_event_types": {*ads["PublishOptInEventTypes"].member.enum},
        "ads_interaction_exclude_event_types": {*ads["ExcludeEventTypes"].member.enum},
        "manifest_service_publish_opt_in_event_types": {
            *manifests["PublishOptInEventTypes"].member.enum
        },
        "manifest_service_exclude_event_types": {*manifests["ExcludeEventTypes"].member.enum},
    } == {prop: {*types} for prop, types in EVENT_TYPES.items()}


def test_the_notification_prefix_is_that_of_the_roles_policy() -> None:
    """The managed policy allows the role to publish only to these names."""
    names = {
        resource.rpartition(":")[2].rstrip("*")
        for statement in CHIME_VOICE_CONNECTOR.statements
        for resource in statement.resources
        if ":sns:" in resource or ":sqs:" in resource
    }

    assert all(rules.NOTIFICATION_NAME.holds(name) for name in names)
    assert names == {"ChimeVoiceConnector-Streaming"}


def test_the_stream_prefix_is_that_of_the_roles_policy() -> None:
    """The managed policy allows the role to write only to these streams."""
    streams = {
        resource.partition("stream/")[2].rstrip("*")
        for statement in CHIME_MESSAGING.statements
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
