"""Voice Connector streaming: configuration, order and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import (
    App,
    Aws,
    CfnParameter,
    Duration,
    Stack,
    aws_chime,
    aws_sns,
    aws_sqs,
)

from slr_constructs import NotificationTarget, UsageError, VoiceConnectorStreaming
from slr_constructs.testing import resources_of, template_of
from tests.features.graph import (
    id_of,
    is_type_first,
    properties_of,
    statements_of,
)

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

STREAMING = "Custom::VoiceConnectorStreaming"
CONNECTOR_ID = "abcdef1ghij2klmno3pqr4"
INSIGHTS_ARN = (
    "arn:aws:chime:us-east-1:111122223333:media-insights-pipeline-configuration/sentiment"
)


def connector(stack: Stack) -> aws_chime.CfnVoiceConnector:
    """Define a Voice Connector."""
    return aws_chime.CfnVoiceConnector(stack, "Lines", name="lines", require_encryption=True)


def streaming_properties(stack: Stack) -> dict[str, Any]:
    """Return the properties that the function receives."""
    return properties_of(template_of(stack), STREAMING)


def test_retains_no_audio_and_notifies_event_bridge_by_default(stack: Stack) -> None:
    """The defaults are those that the docstring documents."""
    VoiceConnectorStreaming(stack, "Streaming", voice_connector=CONNECTOR_ID)

    properties = streaming_properties(stack)
    del properties["ServiceToken"], properties["ServiceTimeout"]
    assert properties == {
        "VoiceConnectorId": CONNECTOR_ID,
        "DataRetentionInHours": 0,
        "Enabled": True,
        "NotificationTargets": ["EventBridge"],
        "OutsideOfStack": True,
    }


def test_a_connector_of_the_app_is_named_by_its_id(stack: Stack) -> None:
    """The service requires the id, but `Ref` of a connector returns its ARN."""
    owner = connector(stack)

    streaming = VoiceConnectorStreaming(stack, "Streaming", voice_connector=owner)

    assert streaming.voice_connector_id == owner.attr_voice_connector_id
    assert streaming_properties(stack)["VoiceConnectorId"] == {
        "Fn::GetAtt": [stack.get_logical_id(owner), "VoiceConnectorId"]
    }
    # it needs no mark
    assert "OutsideOfStack" not in streaming_properties(stack)


def test_data_retention_is_in_hours(stack: Stack) -> None:
    """A duration of whole hours in any unit is a whole number."""
    VoiceConnectorStreaming(
        stack, "Streaming", voice_connector=CONNECTOR_ID, data_retention=Duration.days(2)
    )

    hours = streaming_properties(stack)["DataRetentionInHours"]
    assert hours == 48
    assert isinstance(hours, int)


def test_calls_are_analyzed_with_a_media_insights_configuration(stack: Stack) -> None:
    """The template has the ARN of the configuration, and the function has permissions for it."""
    VoiceConnectorStreaming(
        stack,
        "Streaming",
        voice_connector=connector(stack),
        media_insights_configuration=INSIGHTS_ARN,
    )

    template = template_of(stack)
    assert properties_of(template, STREAMING)["MediaInsightsConfigurationArn"] == INSIGHTS_ARN
    assert {
        "Effect": "Allow",
        "Action": "chime:PutVoiceConnectorStreamingConfiguration",
        "Resource": INSIGHTS_ARN,
    } in statements_of(template, id_of(template, STREAMING))


def test_an_existing_connector_may_have_any_media_insights_configuration(stack: Stack) -> None:
    """The function writes it back, because the service replaces all settings together."""
    VoiceConnectorStreaming(stack, "Streaming", voice_connector=CONNECTOR_ID)

    template = template_of(stack)
    assert {
        "Effect": "Allow",
        "Action": "chime:PutVoiceConnectorStreamingConfiguration",
        "Resource": {
            "Fn::Sub": "arn:${AWS::Partition}:chime:${AWS::Region}:${AWS::AccountId}"
            ":media-insights-pipeline-configuration/*"
        },
    } in statements_of(template, id_of(template, STREAMING))


def test_a_topic_and_a_queue_are_created_before_the_streaming(stack: Stack) -> None:
    """They are created first and deleted last, although no resource refers to them."""
    VoiceConnectorStreaming(
        stack,
        "Streaming",
        voice_connector=CONNECTOR_ID,
        notification_targets=[
            aws_sns.Topic(stack, "Topic", topic_name="ChimeVoiceConnector-Streaming"),
            aws_sqs.Queue(stack, "Queue", queue_name="ChimeVoiceConnector-Streaming"),
        ],
    )

    template = template_of(stack)
    assert is_type_first(template, "AWS::SNS::Topic", STREAMING)
    assert is_type_first(template, "AWS::SQS::Queue", STREAMING)


def test_only_the_names_of_an_imported_topic_and_queue_are_checked(stack: Stack) -> None:
    """No resource depends on an imported topic or queue."""
    VoiceConnectorStreaming(
        stack,
        "Streaming",
        voice_connector=CONNECTOR_ID,
        notification_targets=[
            aws_sns.Topic.from_topic_arn(
                stack, "Topic", "arn:aws:sns:us-east-1:111122223333:ChimeVoiceConnector-Streaming"
            ),
            aws_sqs.Queue.from_queue_arn(
                stack, "Queue", "arn:aws:sqs:us-east-1:111122223333:ChimeVoiceConnector-Streaming"
            ),
        ],
    )

    assert streaming_properties(stack)["NotificationTargets"] == ["SNS", "SQS"]


def test_a_connector_of_another_stack_is_deleted_after_streaming() -> None:
    """The reference between the stacks determines the order."""
    app = App()
    owners, features = Stack(app, "Owners"), Stack(app, "Features")

    VoiceConnectorStreaming(features, "Streaming", voice_connector=connector(owners))

    assert "Fn::ImportValue" in streaming_properties(features)["VoiceConnectorId"]
    assert features.dependencies == [owners]


def test_tokens_are_accepted_unchanged(stack: Stack) -> None:
    """The function checks values that are known only at deployment."""
    text = CfnParameter(stack, "Text").value_as_string
    number = CfnParameter(stack, "Number", type="Number").value_as_number

    VoiceConnectorStreaming(
        stack,
        "Streaming",
        voice_connector=text,
        data_retention=Duration.hours(number),
        media_insights_configuration=text,
        notification_targets=[
            aws_sns.Topic(stack, "Topic", topic_name=text),
            aws_sqs.Queue(stack, "Queue", queue_name=text),
        ],
    )

    properties = streaming_properties(stack)
    assert properties["VoiceConnectorId"] == {"Ref": "Text"}
    assert properties["DataRetentionInHours"] == {"Ref": "Number"}
    assert properties["MediaInsightsConfigurationArn"] == {"Ref": "Text"}


def test_fails_when_the_id_is_not_that_of_a_connector(stack: Stack) -> None:
    """The ARN of a connector is not accepted."""
    with pytest.raises(UsageError) as refused:
        VoiceConnectorStreaming(stack, "Streaming", voice_connector="arn:aws:chime:vc/lines")

    assert str(refused.value) == (
        "Stack/Streaming: voice_connector must be a Voice Connector id,"
        " got 'arn:aws:chime:vc/lines' [VoiceConnectorId]"
    )


def test_fails_when_the_retention_is_not_whole_hours(stack: Stack) -> None:
    """Kinesis keeps audio for whole hours, and the construct does not round."""
    with pytest.raises(UsageError) as refused:
        VoiceConnectorStreaming(
            stack, "Streaming", voice_connector=CONNECTOR_ID, data_retention=Duration.minutes(90)
        )

    assert str(refused.value) == (
        "Stack/Streaming: data_retention must be a whole number of hours, 0 or more,"
        " got 1.5 [DataRetentionWholeHours]"
    )


@pytest.mark.parametrize(
    ("targets", "got"),
    [
        pytest.param([], "()", id="none"),
        pytest.param([NotificationTarget.SNS] * 2, "('SNS', 'SNS')", id="twice"),
    ],
)
def test_fails_when_notification_targets_are_empty_or_repeated(
    stack: Stack, targets: list[NotificationTarget], got: str
) -> None:
    """The service accepts one to three targets, and two topics are the same target."""
    with pytest.raises(UsageError) as refused:
        VoiceConnectorStreaming(
            stack, "Streaming", voice_connector=CONNECTOR_ID, notification_targets=targets
        )

    assert str(refused.value) == (
        "Stack/Streaming: notification_targets must be one to three of EventBridge, SNS and SQS,"
        f" each once, got {got} [NotificationTargets]"
    )


def test_fails_when_a_topic_has_a_name_the_role_cannot_publish_to(stack: Stack) -> None:
    """The policy of the role allows only topics with the prefix."""
    with pytest.raises(UsageError) as refused:
        VoiceConnectorStreaming(
            stack,
            "Streaming",
            voice_connector=CONNECTOR_ID,
            notification_targets=[aws_sns.Topic(stack, "Topic", topic_name="calls")],
        )

    assert str(refused.value) == (
        "Stack/Streaming: notification_targets must be named ChimeVoiceConnector-Streaming…,"
        " got 'calls' [NotificationName]"
    )


def test_fails_when_cloudformation_would_generate_the_name_of_a_queue(stack: Stack) -> None:
    """A generated name starts with the name of the stack."""
    with pytest.raises(UsageError) as refused:
        VoiceConnectorStreaming(
            stack,
            "Streaming",
            voice_connector=CONNECTOR_ID,
            notification_targets=[aws_sqs.Queue(stack, "Queue")],
        )

    assert str(refused.value) == (
        "Stack/Streaming: notification_targets must be named ChimeVoiceConnector-Streaming…,"
        " got None [NotificationName]"
    )


def test_fails_when_an_imported_queue_has_another_name(stack: Stack) -> None:
    """The name of an imported queue is known too."""
    queue = aws_sqs.Queue.from_queue_arn(stack, "Queue", "arn:aws:sqs:us-east-1:111122223333:calls")

    with pytest.raises(UsageError) as refused:
        VoiceConnectorStreaming(
            stack, "Streaming", voice_connector=CONNECTOR_ID, notification_targets=[queue]
        )

    assert str(refused.value) == (
        "Stack/Streaming: notification_targets must be named ChimeVoiceConnector-Streaming…,"
        " got 'calls' [NotificationName]"
    )


def test_fails_when_the_media_insights_configuration_is_not_an_arn(stack: Stack) -> None:
    """A name is not accepted."""
    with pytest.raises(UsageError) as refused:
        VoiceConnectorStreaming(
            stack,
            "Streaming",
            voice_connector=CONNECTOR_ID,
            media_insights_configuration="sentiment",
        )

    assert str(refused.value) == (
        "Stack/Streaming: media_insights_configuration must be the ARN of a media insights"
        " pipeline configuration, got 'sentiment' [MediaInsightsConfigurationArn]"
    )


def test_fails_when_a_connector_of_the_app_is_streamed_twice(stack: Stack) -> None:
    """A connector has only one streaming configuration."""
    owner = connector(stack)
    VoiceConnectorStreaming(stack, "First", voice_connector=owner)

    with pytest.raises(UsageError) as refused:
        VoiceConnectorStreaming(stack, "Second", voice_connector=owner)

    assert str(refused.value) == (
        "Stack/Second: Stack/First already configures media streaming for Voice Connector"
        " Stack/Lines. Remove one of them. [FeatureSetTwice]"
    )


def test_fails_when_another_stack_streams_the_connector() -> None:
    """An owner of the app can have a feature only once, in any stack."""
    app = App()
    owner = connector(Stack(app, "Owners"))
    VoiceConnectorStreaming(Stack(app, "One"), "Streaming", voice_connector=owner)

    with pytest.raises(UsageError) as refused:
        VoiceConnectorStreaming(Stack(app, "Two"), "Streaming", voice_connector=owner)

    assert str(refused.value) == (
        "Two/Streaming: One/Streaming already configures media streaming for Voice Connector"
        " Owners/Lines. Remove one of them. [FeatureSetTwice]"
    )


def test_fails_when_the_connector_is_in_another_region() -> None:
    """The function would look for the connector in the region of the stack."""
    stack = Stack(App(), "Stack", env={"region": "us-east-1"})
    owner = connector(stack)
    owner.aws_region = "eu-west-1"

    with pytest.raises(UsageError) as refused:
        VoiceConnectorStreaming(stack, "Streaming", voice_connector=owner)

    assert str(refused.value) == (
        "Stack/Streaming: voice_connector must be in the region of the stack, us-east-1,"
        " got 'eu-west-1' [OtherEnvironment]"
    )


@pytest.mark.parametrize(
    ("region", "aws_region"),
    [
        pytest.param("us-east-1", "us-east-1", id="the same"),
        pytest.param("us-east-1", None, id="omitted"),
        pytest.param("us-east-1", Aws.REGION, id="a token"),
        pytest.param(None, "eu-west-1", id="a stack for any region"),
    ],
)
def test_a_connector_is_accepted_if_its_region_may_be_that_of_the_stack(
    region: str | None, aws_region: str | None
) -> None:
    """A region that is known only at deployment is not checked."""
    stack = Stack(App(), "Stack", env={"region": region})
    owner = connector(stack)
    owner.aws_region = aws_region

    VoiceConnectorStreaming(stack, "Streaming", voice_connector=owner)

    assert streaming_properties(stack)["VoiceConnectorId"] == {
        "Fn::GetAtt": ["Lines", "VoiceConnectorId"]
    }


def test_the_region_of_a_connector_may_differ_from_that_of_its_own_stack() -> None:
    """The connector must be in the region of the function that configures it."""
    app = App(context={"@aws-cdk/core:crossRegionReferences": True})
    owners = Stack(app, "Owners", env={"region": "eu-west-1"})
    features = Stack(app, "Features", env={"region": "us-east-1"})
    owner = connector(owners)
    owner.aws_region = "us-east-1"

    streaming = VoiceConnectorStreaming(features, "Streaming", voice_connector=owner)

    assert streaming.voice_connector_id == owner.attr_voice_connector_id


def test_resources_of_the_smallest_call(stack: Stack, template_snapshot: SnapshotAssertion) -> None:
    """These are the resources that one line adds to the template."""
    streaming = VoiceConnectorStreaming(stack, "Streaming", voice_connector=connector(stack))

    assert resources_of(streaming) == template_snapshot


def test_resources_with_everything_set(stack: Stack, template_snapshot: SnapshotAssertion) -> None:
    """All props are set."""
    streaming = VoiceConnectorStreaming(
        stack,
        "Streaming",
        voice_connector=CONNECTOR_ID,
        data_retention=Duration.days(7),
        enabled=False,
        notification_targets=[
            NotificationTarget.EVENT_BRIDGE,
            aws_sns.Topic(stack, "Topic", topic_name="ChimeVoiceConnector-Streaming-calls"),
            aws_sqs.Queue(stack, "Queue", queue_name="ChimeVoiceConnector-Streaming-calls"),
        ],
        media_insights_configuration=INSIGHTS_ARN,
    )

    assert resources_of(streaming) == template_snapshot
