"""What a construct defines and in which order, as tests of stacks read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, NestedStack, aws_chime, aws_mediatailor, aws_sqs

from slr_constructs import (
    MediaTailorSessionLogging,
    ServiceLinkedRole,
    VoiceConnectorStreaming,
    catalogue,
)
from slr_constructs.testing import order_lines, resources_of, template_of

if TYPE_CHECKING:
    from aws_cdk import Stack


def test_resources_are_named_by_their_path_below_the_construct(stack: Stack) -> None:
    """A construct's snapshot has no logical ids in it, and nothing of its neighbours."""
    streaming = VoiceConnectorStreaming(
        stack, "Streaming", voice_connector="abcdef1ghij2klmno3pqr4"
    )

    resources = resources_of(streaming)

    assert list(resources) == ["Resource", "ResourceRights"]
    assert resources["Resource"]["Properties"]["ServiceToken"] == {
        "Fn::GetAtt": ["ServiceLinkedRoleFunction/Resource", "Arn"]
    }
    assert resources["ResourceRights"]["Properties"]["RoleName"] == {
        "Ref": "ServiceLinkedRoleFunction/Role"
    }
    assert resources["Resource"]["DependsOn"] == [
        "AWSServiceRoleForAmazonChimeVoiceConnector/Resource",
        "Streaming/ResourceRights",
    ]


def test_an_l1_is_its_own_resource(stack: Stack) -> None:
    """A construct that is a resource itself is shown under one name."""
    instance = aws_chime.CfnAppInstance(stack, "Chat", name="chat")

    assert resources_of(instance) == {
        "Resource": {"Type": "AWS::Chime::AppInstance", "Properties": {"Name": "chat"}}
    }


def test_order_lines_show_creation_and_teardown(stack: Stack) -> None:
    """Role before feature on the way up; release before owner before role on the way down."""
    role = ServiceLinkedRole(stack, "Role", definition=catalogue.MEDIATAILOR, native=True)
    owner = aws_mediatailor.CfnPlaybackConfiguration(
        stack,
        "Ads",
        name="ads",
        ad_decision_server_url="https://ads.example.com",
        video_content_source_url="https://video.example.com",
    )
    MediaTailorSessionLogging(stack, "Logging", playback_configuration=owner, role=role)

    lines = [line for line in order_lines(stack) if "Function" not in line]

    assert lines == [
        "create 1  Role/Resource  (AWS::IAM::ServiceLinkedRole)",
        "create 2  Ads  (AWS::MediaTailor::PlaybackConfiguration)",
        "create 3  Logging/ReleaseRights  (AWS::IAM::RolePolicy)",
        "create 4  Logging/Release  (Custom::MediaTailorSessionLoggingRelease)",
        "delete 1  Logging/Release  (Custom::MediaTailorSessionLoggingRelease)",
        "delete 2  Logging/ReleaseRights  (AWS::IAM::RolePolicy)",
        "delete 3  Ads  (AWS::MediaTailor::PlaybackConfiguration)",
        "delete 4  Role/Resource  (AWS::IAM::ServiceLinkedRole)",
    ]


def test_a_nested_stack_has_its_own_resources(stack: Stack) -> None:
    """Lines and templates are those of one stack; what is nested in it is one resource."""
    nested = NestedStack(stack, "Nested")
    queue = aws_sqs.CfnQueue(nested, "Queue")
    CfnOutput(stack, "Name", value=queue.attr_queue_name)

    assert [line.partition("(")[2] for line in order_lines(stack)] == [
        "AWS::CloudFormation::Stack)",
        "AWS::CloudFormation::Stack)",
    ]
    assert [line.partition("  ")[2] for line in order_lines(nested)] == [
        "Nested/Queue  (AWS::SQS::Queue)",
        "Nested/Queue  (AWS::SQS::Queue)",
    ]


def test_a_template_is_what_is_deployed(stack: Stack) -> None:
    """The same text as `cdk synth` writes, as Python data."""
    aws_sqs.CfnQueue(stack, "Queue")

    assert template_of(stack)["Resources"] == {"Queue": {"Type": "AWS::SQS::Queue"}}
