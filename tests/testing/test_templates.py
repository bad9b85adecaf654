"""The resources of a construct and their order, as tests of stacks see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, NestedStack, aws_chime, aws_sqs

from slr_constructs import (
    MediaTailorSessionLogging,
    ServiceLinkedRole,
    VoiceConnectorStreaming,
    catalogue,
)
from slr_constructs._handler_function import HandlerFunction
from slr_constructs.testing import order_lines, resources_of, template_of
from tests.features.every_feature import playback_configuration

if TYPE_CHECKING:
    from aws_cdk import Stack


def test_resources_are_named_by_their_path_below_the_construct(stack: Stack) -> None:
    """The snapshot of a construct has no logical ids and no other resources."""
    streaming = VoiceConnectorStreaming(
        stack, "Streaming", voice_connector="abcdef1ghij2klmno3pqr4"
    )

    resources = resources_of(streaming)

    assert list(resources) == ["Resource", "ResourcePolicy"]
    assert resources["Resource"]["Properties"]["ServiceToken"] == {
        "Fn::GetAtt": ["ServiceLinkedRoleFunction/Resource", "Arn"]
    }
    assert resources["ResourcePolicy"]["Properties"]["RoleName"] == {
        "Ref": "ServiceLinkedRoleFunction/Role"
    }
    assert resources["Resource"]["DependsOn"] == [
        "AWSServiceRoleForAmazonChimeVoiceConnector/Resource",
        "ServiceLinkedRoleFunction/Events",
        "Streaming/ResourcePolicy",
    ]


def test_variables_of_a_substitution_are_named_by_their_path(stack: Stack) -> None:
    """Other variables, such as pseudo parameters, do not change."""
    HandlerFunction.of(stack)

    (policy,) = resources_of(stack)["ServiceLinkedRoleFunction/Role"]["Properties"]["Policies"]
    assert policy["PolicyDocument"]["Statement"][0]["Resource"][:2] == [
        {
            "Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}"
            ":log-group:${ServiceLinkedRoleFunction/Logs}"
        },
        {"Fn::Sub": "${ServiceLinkedRoleFunction/Logs.Arn}"},
    ]


def test_an_l1_is_its_own_resource(stack: Stack) -> None:
    """The resource gets the name `Resource`."""
    instance = aws_chime.CfnAppInstance(stack, "Chat", name="chat")

    assert resources_of(instance) == {
        "Resource": {"Type": "AWS::Chime::AppInstance", "Properties": {"Name": "chat"}}
    }


def test_order_lines_show_creation_and_deletion(stack: Stack) -> None:
    """The deletion runs clean-up resource, owner and role, in this order."""
    role = ServiceLinkedRole(stack, "Role", definition=catalogue.MEDIATAILOR, native=True)
    owner = playback_configuration(stack)
    MediaTailorSessionLogging(stack, "Logging", playback_configuration=owner, role=role)

    lines = [line for line in order_lines(stack) if "Function" not in line]

    assert lines == [
        "create 1  Role/Resource  (AWS::IAM::ServiceLinkedRole)",
        "create 2  Owner  (AWS::MediaTailor::PlaybackConfiguration)",
        "create 3  Logging/CleanUpPolicy  (AWS::IAM::RolePolicy)",
        "create 5  Logging/CleanUp  (Custom::MediaTailorSessionLoggingCleanUp)",
        "delete 1  Logging/CleanUp  (Custom::MediaTailorSessionLoggingCleanUp)",
        "delete 2  Logging/CleanUpPolicy  (AWS::IAM::RolePolicy)",
        "delete 3  Owner  (AWS::MediaTailor::PlaybackConfiguration)",
        "delete 4  Role/Resource  (AWS::IAM::ServiceLinkedRole)",
    ]


def test_a_nested_stack_has_its_own_resources(stack: Stack) -> None:
    """A nested stack is one resource of its parent."""
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
    """The result is the template of `cdk synth` as Python data."""
    aws_sqs.CfnQueue(stack, "Queue")

    assert template_of(stack)["Resources"] == {"Queue": {"Type": "AWS::SQS::Queue"}}
