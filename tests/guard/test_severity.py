"""How severe a missing role is, and what the permissions of a function show."""

from __future__ import annotations

import json
from typing import Any

import pytest

from slr_constructs.guard.check import check
from tests.templates.apps import plain

BASIC = {
    "Fn::Join": [
        "",
        [
            "arn:",
            {"Ref": "AWS::Partition"},
            ":iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
        ],
    ]
}
CODE = """
import boto3
def handler(event, context):
    boto3.client("chime-sdk-voice").put_voice_connector_streaming_configuration(
        VoiceConnectorId="a", StreamingConfiguration={"DataRetentionInHours": 1, "Disabled": False})
"""
PUT = {"Effect": "Allow", "Action": "chime:Put*", "Resource": "*"}


def allow(action: Any) -> dict[str, Any]:  # noqa: ANN401 - any part of a template
    """Return a policy of a role that allows an action."""
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return {"PolicyDocument": {"Statement": [PUT, statement]}}


def missing(role: Any, **more: Any) -> str:  # noqa: ANN401 - properties of a role
    """Return severity and text of the missing role of a custom resource with a function."""
    app = plain(
        Streaming={
            "Type": "Custom::Streaming",
            "Properties": {"ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}},
        },
        Function={
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "python3.13",
                "Role": {"Fn::GetAtt": "Role.Arn"},
                "Code": {"ZipFile": CODE},
                **more.pop("function", {}),
            },
        },
        Role={"Type": "AWS::IAM::Role", "Properties": role},
        **more,
    )
    (found,) = [each for each in check(app) if each.rule.id == "RoleNotDeclared"]
    return f"{found.severity.value}: {found.text.rpartition(', ')[2]}"


LACKS = "error: and its function lacks `iam:CreateServiceLinkedRole`"
UNKNOWN = (
    "warning: but neither this stack nor a stack it depends on declares the role"
    " `AWSServiceRoleForAmazonChimeVoiceConnector`"
)


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ({}, LACKS),
        ({"ManagedPolicyArns": [BASIC]}, LACKS),
        ({"Policies": [allow("iam:GetRole")]}, LACKS),
        ({"Policies": [allow("iam:CreateServiceLinkedRole")]}, UNKNOWN),
        ({"Policies": [allow(["a:B", "iam:Create*"])]}, UNKNOWN),
        ({"Policies": [allow({"Ref": "Action"})]}, UNKNOWN),
        ({"Policies": [{"PolicyDocument": {"Statement": {"Fn::Transform": 1}}}]}, UNKNOWN),
        ({"Policies": [{"PolicyDocument": {"Statement": "text"}}]}, UNKNOWN),
        ({"Policies": [{"PolicyDocument": {"Statement": {**PUT, "NotAction": "s3:*"}}}]}, UNKNOWN),
        ({"Policies": [{"PolicyDocument": {"Statement": {**PUT, "Effect": "Deny"}}}]}, LACKS),
        ({"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]}, UNKNOWN),
        ({"ManagedPolicyArns": [{"Ref": "Parameter"}]}, UNKNOWN),
        ({"ManagedPolicyArns": {"Ref": "Parameter"}}, UNKNOWN),
    ],
    ids=lambda each: json.dumps(each)[-70:],
)
def test_a_function_without_the_permission_is_an_error(role: Any, expected: str) -> None:  # noqa: ANN401
    """The service creates the role with the permissions of its caller."""
    assert missing(role) == expected


@pytest.mark.parametrize("kind", ["Policy", "RolePolicy", "ManagedPolicy"])
@pytest.mark.parametrize("action", ["iam:CreateServiceLinkedRole", "iam:GetRole"])
def test_policies_beside_the_role_count(kind: str, action: str) -> None:
    """They name the role."""
    policy = {
        "Type": f"AWS::IAM::{kind}",
        "Properties": {"Roles": [{"Ref": "Role"}], **allow(action)},
    }

    assert missing({}, Policy=policy) == (LACKS if action == "iam:GetRole" else UNKNOWN)


@pytest.mark.parametrize(
    "function",
    [
        {"Role": "arn:aws:iam::111122223333:role/deploy"},
        {"Role": {"Ref": "Parameter"}},
        {"Environment": {"Variables": {"USER_ON_EVENT_FUNCTION_ARN": "arn"}}},
    ],
    ids=str,
)
def test_a_role_that_is_not_in_the_template_may_have_the_permission(function: Any) -> None:  # noqa: ANN401
    """Another stack defines it, or another function makes the call."""
    assert missing({}, function=function) == UNKNOWN


def native(principal: str) -> dict[str, Any]:
    """Return a native role."""
    return {"Type": "AWS::IAM::ServiceLinkedRole", "Properties": {"AWSServiceName": principal}}


@pytest.mark.parametrize(
    ("principal", "severity"),
    [
        ("voiceconnector.chime.amazonaws.com", "error"),
        ("ecs.amazonaws.com", "warning"),
        ("ivs.amazonaws.com", "warning"),
    ],
)
def test_only_another_role_of_the_service_is_an_error(principal: str, severity: str) -> None:
    """A role of another service shows nothing about this one."""
    call = {
        "service": "ChimeSDKMessaging",
        "action": "putMessagingStreamingConfigurations",
        "parameters": {"AppInstanceArn": "arn", "StreamingConfigurations": [{"ResourceArn": "a"}]},
    }
    app = plain(
        Role=native(principal),
        Chat={"Type": "Custom::AWS", "Properties": {"Create": json.dumps(call)}},
    )

    (found,) = [each for each in check(app) if each.rule.id == "RoleNotDeclared"]

    assert found.severity.value == severity
    if severity == "error":
        assert found.text.endswith(
            "only `AWSServiceRoleForAmazonChimeVoiceConnector`, which it does not use"
        )


def test_a_role_of_the_service_that_another_feature_uses_is_not_wrong() -> None:
    """The template may rely on the service for the second role."""
    call = {
        "service": "ChimeSDKMessaging",
        "action": "putMessagingStreamingConfigurations",
        "parameters": {"AppInstanceArn": "arn", "StreamingConfigurations": [{"ResourceArn": "a"}]},
    }
    app = plain(
        Role=native("voiceconnector.chime.amazonaws.com"),
        Chat={"Type": "Custom::AWS", "Properties": {"Create": json.dumps(call)}},
        Phone={"Type": "AWS::Chime::SipMediaApplication", "DependsOn": "Role"},
    )

    (found,) = [each for each in check(app) if each.rule.id == "RoleNotDeclared"]

    assert (found.resource, found.severity.value) == ("Chat", "warning")
