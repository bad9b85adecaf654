"""Voice Connector streaming: what is put, in which order, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsii
import pytest
from aws_cdk import (
    App,
    CfnParameter,
    Duration,
    IStableNumberProducer,
    Lazy,
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
    policy_of,
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


@jsii.implements(IStableNumberProducer)
class Later:
    """A number that is known once the template is written."""

    def produce(self) -> int:
        """Return the number."""
        return 36


def connector(stack: Stack) -> aws_chime.CfnVoiceConnector:
    """Define a Voice Connector."""
    return aws_chime.CfnVoiceConnector(stack, "Lines", name="lines", require_encryption=True)


def streaming_properties(stack: Stack) -> dict[str, Any]:
    """Return what the function is asked for."""
    return properties_of(template_of(stack), STREAMING)


def test_keeps_no_audio_and_tells_event_bridge_by_default(stack: Stack) -> None:
    """The smallest call gets the defaults that the docstring promises."""
    VoiceConnectorStreaming(stack, "Streaming", voice_connector=CONNECTOR_ID)

    properties = streaming_properties(stack)
    del properties["ServiceToken"], properties["ServiceTimeout"]
    assert properties == {
        "VoiceConnectorId": CONNECTOR_ID,
        "DataRetentionInHours": 0,
        "Enabled": True,
        "NotificationTargets": ["EventBridge"],
    }


def test_a_connector_of_the_app_is_named_by_its_id(stack: Stack) -> None:
    """The service wants the id, while `Ref` of a connector is its ARN."""
    owner = connector(stack)

    streaming = VoiceConnectorStreaming(stack, "Streaming", voice_connector=owner)

    assert streaming.voice_connector_id == owner.attr_voice_connector_id
    assert streaming_properties(stack)["VoiceConnectorId"] == {
        "Fn::GetAtt": [stack.get_logical_id(owner), "VoiceConnectorId"]
    }


def test_data_retention_arrives_in_hours(stack: Stack) -> None:
    """A duration of whole hours is a whole number, whatever unit it was given in."""
    VoiceConnectorStreaming(
        stack, "Streaming", voice_connector=CONNECTOR_ID, data_retention=Duration.days(2)
    )

    hours = streaming_properties(stack)["DataRetentionInHours"]
    assert hours == 48
    assert isinstance(hours, int)


def test_streaming_may_be_configured_and_not_enabled(stack: Stack) -> None:
    """`enabled=False` arrives as a boolean."""
    VoiceConnectorStreaming(stack, "Streaming", voice_connector=CONNECTOR_ID, enabled=False)

    assert streaming_properties(stack)["Enabled"] is False


def test_all_notification_targets_arrive(stack: Stack) -> None:
    """A target is written as the service's API does."""
    VoiceConnectorStreaming(
        stack,
        "Streaming",
        voice_connector=CONNECTOR_ID,
        notification_targets=list(NotificationTarget),
    )

    assert streaming_properties(stack)["NotificationTargets"] == ["EventBridge", "SNS", "SQS"]


def test_calls_are_analysed_by_a_media_insights_configuration(stack: Stack) -> None:
    """The configuration's ARN arrives, and the function may use it."""
    VoiceConnectorStreaming(
        stack,
        "Streaming",
        voice_connector=CONNECTOR_ID,
        media_insights_configuration_arn=INSIGHTS_ARN,
    )

    template = template_of(stack)
    assert properties_of(template, STREAMING)["MediaInsightsConfigurationArn"] == INSIGHTS_ARN
    assert INSIGHTS_ARN in statements_of(template, id_of(template, STREAMING))[0]["Resource"]


def test_a_topic_and_a_queue_stand_for_sns_and_sqs(stack: Stack) -> None:
    """A topic or a queue of the app says which kind of target it is."""
    VoiceConnectorStreaming(
        stack,
        "Streaming",
        voice_connector=CONNECTOR_ID,
        notification_targets=[
            aws_sns.Topic(stack, "Topic", topic_name="ChimeVoiceConnector-Streaming-calls"),
            aws_sqs.Queue(stack, "Queue", queue_name="ChimeVoiceConnector-Streaming-calls"),
        ],
    )

    assert streaming_properties(stack)["NotificationTargets"] == ["SNS", "SQS"]


def test_a_topic_and_a_queue_are_there_before_the_first_call_is_streamed(stack: Stack) -> None:
    """They are created first, and deleted last, though nothing refers to them."""
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


def test_an_imported_topic_and_queue_have_their_names_checked_alone(stack: Stack) -> None:
    """What is imported is waited for by nobody."""
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


def test_the_function_may_call_for_this_connector_alone(stack: Stack) -> None:
    """Put, get and delete, on the one ARN."""
    VoiceConnectorStreaming(stack, "Streaming", voice_connector=CONNECTOR_ID)

    template = template_of(stack)
    assert statements_of(template, id_of(template, STREAMING)) == [
        {
            "Effect": "Allow",
            "Action": [
                "chime:DeleteVoiceConnectorStreamingConfiguration",
                "chime:GetVoiceConnectorStreamingConfiguration",
                "chime:PutVoiceConnectorStreamingConfiguration",
            ],
            "Resource": {
                "Fn::Sub": "arn:${AWS::Partition}:chime:${AWS::Region}:${AWS::AccountId}:vc/"
                + CONNECTOR_ID
            },
        }
    ]


def test_the_rights_are_replaced_with_the_connector(stack: Stack) -> None:
    """Another connector has another policy, so the old one lasts until streaming is off there."""
    owner = connector(stack)

    VoiceConnectorStreaming(stack, "Streaming", voice_connector=owner)

    template = template_of(stack)
    policy = template["Resources"][policy_of(template, id_of(template, STREAMING))]
    attribute = {"Fn::GetAtt": [stack.get_logical_id(owner), "VoiceConnectorId"]}
    assert str(attribute) in str(policy["Properties"]["PolicyName"])


def test_a_connector_of_another_stack_is_deleted_after_streaming() -> None:
    """The reference between the stacks is the order."""
    app = App()
    owners, features = Stack(app, "Owners"), Stack(app, "Features")

    VoiceConnectorStreaming(features, "Streaming", voice_connector=connector(owners))

    assert "Fn::ImportValue" in streaming_properties(features)["VoiceConnectorId"]
    assert features.dependencies == [owners]


def test_the_release_is_what_switches_streaming_off(stack: Stack) -> None:
    """What must go before streaming does depends on it."""
    streaming = VoiceConnectorStreaming(stack, "Streaming", voice_connector=CONNECTOR_ID)

    assert streaming.release.cfn_resource_type == STREAMING
    assert streaming.release is streaming.node.default_child


def test_tokens_pass_untouched(stack: Stack) -> None:
    """What is known at deployment alone is checked by the function."""
    text = CfnParameter(stack, "Text").value_as_string
    number = CfnParameter(stack, "Number", type="Number").value_as_number

    VoiceConnectorStreaming(
        stack,
        "Streaming",
        voice_connector=text,
        data_retention=Duration.hours(number),
        media_insights_configuration_arn=text,
        notification_targets=[
            aws_sns.Topic(stack, "Topic", topic_name=text),
            aws_sqs.Queue(stack, "Queue", queue_name=text),
        ],
    )

    properties = streaming_properties(stack)
    assert properties["VoiceConnectorId"] == {"Ref": "Text"}
    assert properties["DataRetentionInHours"] == {"Ref": "Number"}
    assert properties["MediaInsightsConfigurationArn"] == {"Ref": "Text"}


def test_a_number_that_is_made_late_passes_untouched(stack: Stack) -> None:
    """A lazy number is a token like any other."""
    VoiceConnectorStreaming(
        stack,
        "Streaming",
        voice_connector=CONNECTOR_ID,
        data_retention=Duration.hours(Lazy.number(Later())),
    )

    assert streaming_properties(stack)["DataRetentionInHours"] == 36


def test_fails_when_the_id_is_not_that_of_a_connector(stack: Stack) -> None:
    """An ARN is what people give first."""
    with pytest.raises(UsageError) as refused:
        VoiceConnectorStreaming(stack, "Streaming", voice_connector="arn:aws:chime:vc/lines")

    assert str(refused.value) == (
        "Stack/Streaming: voice_connector must be a Voice Connector id,"
        " got 'arn:aws:chime:vc/lines' [VoiceConnectorId]"
    )


def test_fails_when_the_retention_is_not_whole_hours(stack: Stack) -> None:
    """Kinesis keeps audio for hours, and nothing is rounded unasked."""
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
def test_fails_when_notification_targets_are_none_or_twice_the_same(
    stack: Stack, targets: list[NotificationTarget], got: str
) -> None:
    """The service takes one to three, and two topics are one target."""
    with pytest.raises(UsageError) as refused:
        VoiceConnectorStreaming(
            stack, "Streaming", voice_connector=CONNECTOR_ID, notification_targets=targets
        )

    assert str(refused.value) == (
        "Stack/Streaming: notification_targets must be one to three of EventBridge, SNS and SQS,"
        f" each once, got {got} [NotificationTargets]"
    )


def test_fails_when_a_topic_has_a_name_the_role_cannot_publish_to(stack: Stack) -> None:
    """The role's policy names topics by their prefix."""
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


def test_fails_when_a_queue_has_a_name_made_up_by_cloudformation(stack: Stack) -> None:
    """A name that is made up starts with that of the stack."""
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
    """Of an imported queue the name is known too."""
    queue = aws_sqs.Queue.from_queue_arn(stack, "Queue", "arn:aws:sqs:us-east-1:111122223333:calls")

    with pytest.raises(UsageError) as refused:
        VoiceConnectorStreaming(
            stack, "Streaming", voice_connector=CONNECTOR_ID, notification_targets=[queue]
        )

    assert str(refused.value) == (
        "Stack/Streaming: notification_targets must be named ChimeVoiceConnector-Streaming…,"
        " got 'calls' [NotificationName]"
    )


def test_fails_when_the_media_insights_configuration_is_no_arn(stack: Stack) -> None:
    """A name is not enough."""
    with pytest.raises(UsageError) as refused:
        VoiceConnectorStreaming(
            stack,
            "Streaming",
            voice_connector=CONNECTOR_ID,
            media_insights_configuration_arn="sentiment",
        )

    assert str(refused.value) == (
        "Stack/Streaming: media_insights_configuration_arn must be the ARN of a media insights"
        " pipeline configuration, got 'sentiment' [MediaInsightsConfigurationArn]"
    )


def test_fails_when_a_connector_of_the_app_is_streamed_twice(stack: Stack) -> None:
    """A connector has one streaming configuration."""
    owner = connector(stack)
    VoiceConnectorStreaming(stack, "First", voice_connector=owner)

    with pytest.raises(UsageError) as refused:
        VoiceConnectorStreaming(stack, "Second", voice_connector=owner)

    assert str(refused.value) == (
        "Stack/Second: voice_connector must be set once for one owner (Stack/First sets it),"
        " got 'Stack/Lines' [FeatureSetTwice]"
    )


def test_fails_when_another_stack_streams_the_connector() -> None:
    """Whichever stack a feature is in, the owner is one."""
    app = App()
    owner = connector(Stack(app, "Owners"))
    VoiceConnectorStreaming(Stack(app, "One"), "Streaming", voice_connector=owner)

    with pytest.raises(UsageError) as refused:
        VoiceConnectorStreaming(Stack(app, "Two"), "Streaming", voice_connector=owner)

    assert str(refused.value) == (
        "Two/Streaming: voice_connector must be set once for one owner (One/Streaming sets it),"
        " got 'Owners/Lines' [FeatureSetTwice]"
    )


def test_resources_of_the_smallest_call(stack: Stack, template_snapshot: SnapshotAssertion) -> None:
    """What one line of a stack adds to its template."""
    streaming = VoiceConnectorStreaming(stack, "Streaming", voice_connector=connector(stack))

    assert resources_of(streaming) == template_snapshot


def test_resources_with_everything_set(stack: Stack, template_snapshot: SnapshotAssertion) -> None:
    """What every prop adds to it."""
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
        media_insights_configuration_arn=INSIGHTS_ARN,
    )

    assert resources_of(streaming) == template_snapshot
