"""Findings about features that custom resources enable through SDK calls."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import RemovalPolicy, Stack, aws_chime
from aws_cdk.custom_resources import (
    AwsCustomResource,
    AwsCustomResourcePolicy,
    AwsSdkCall,
    PhysicalResourceId,
)

from slr_constructs import ServiceLinkedRole, catalogue
from slr_constructs.guard.check import check
from slr_constructs.templates.comparison import compare
from tests.templates.apps import plain, stack_of

if TYPE_CHECKING:
    from constructs import Construct

    from slr_constructs.templates.app import App

PUT = "putVoiceConnectorStreamingConfiguration"
DELETE = "deleteVoiceConnectorStreamingConfiguration"


def rules(app: App) -> list[tuple[str, str | None]]:
    """Return the broken rules with their resources."""
    return [(each.rule.id, each.resource) for each in check(app)]


def connector(scope: Construct, construct_id: str = "Connector") -> str:
    """Define a Voice Connector, and return its id."""
    voice_connector = aws_chime.CfnVoiceConnector(
        scope, construct_id, name="a", require_encryption=True
    )
    return voice_connector.attr_voice_connector_id


def call(action: str, voice_connector: str, service: str = "ChimeSDKVoice") -> AwsSdkCall:
    """Return a call for a Voice Connector."""
    streaming = {"StreamingConfiguration": {"DataRetentionInHours": 1, "Disabled": False}}
    return AwsSdkCall(
        service=service,
        action=action,
        parameters={"VoiceConnectorId": voice_connector, **(streaming if action == PUT else {})},
        physical_resource_id=PhysicalResourceId.of("streaming"),
    )


def custom(
    scope: Construct,
    construct_id: str,
    on_create: AwsSdkCall | None = None,
    on_delete: AwsSdkCall | None = None,
    *,
    removal_policy: RemovalPolicy | None = None,
) -> AwsCustomResource:
    """Define a custom resource that makes calls."""
    policy = AwsCustomResourcePolicy.from_sdk_calls(resources=AwsCustomResourcePolicy.ANY_RESOURCE)
    return AwsCustomResource(
        scope,
        construct_id,
        policy=policy,
        on_create=on_create,
        on_delete=on_delete,
        removal_policy=removal_policy,
    )


def role(scope: Construct) -> ServiceLinkedRole:
    """Declare the role of media streaming."""
    return ServiceLinkedRole(scope, "Role", definition=catalogue.CHIME_VOICE_CONNECTOR)


def found(app: App) -> list[str]:
    """Return the ids of the broken rules."""
    return [each for each, _ in rules(app)]


def test_streaming_with_delete_call_and_role_has_no_findings() -> None:
    """The custom resource depends on the role."""

    def define(stack: Stack) -> None:
        voice = connector(stack)
        streaming = custom(stack, "Streaming", call(PUT, voice), call(DELETE, voice))
        streaming.node.add_dependency(role(stack))

    assert check(stack_of(define)) == []


def test_streaming_without_role_and_delete_call_has_two_findings() -> None:
    """Most public stacks are written like this."""

    def define(stack: Stack) -> None:
        custom(stack, "Streaming", call(PUT, connector(stack)))

    findings = check(stack_of(define))

    assert [(each.rule.id, each.stack) for each in findings] == [
        ("DeleteCallMissing", "Show"),
        ("RoleNotDeclared", "Show"),
    ]
    assert findings[0].text == (
        "`Streaming/Resource/Default` enables media streaming, and no custom resource disables it"
        " on deletion: none calls"
        " `chime-sdk-voice:DeleteVoiceConnectorStreamingConfiguration`"
    )


def test_a_custom_resource_must_depend_on_the_role() -> None:
    """The same rule applies as for other features."""

    def define(stack: Stack, *, ordered: bool) -> None:
        voice = connector(stack)
        streaming = custom(stack, "Streaming", call(PUT, voice), call(DELETE, voice))
        declared = role(stack)
        if ordered:
            streaming.node.add_dependency(declared)

    ordered = stack_of(lambda stack: define(stack, ordered=True))
    loose = stack_of(lambda stack: define(stack, ordered=False))

    assert found(loose) == ["RoleOrder"]
    assert "RoleOrderLost" in [each.code for each in compare(ordered, loose).changes]


def test_a_custom_resource_that_is_retained_outlives_its_role() -> None:
    """Only one rule reports it."""

    def define(stack: Stack) -> None:
        streaming = custom(
            stack,
            "Streaming",
            call(PUT, connector(stack)),
            removal_policy=RemovalPolicy.RETAIN,
        )
        streaming.node.add_dependency(role(stack))

    assert found(stack_of(define)) == ["FeatureOutlivesRole"]


@pytest.mark.parametrize(
    ("other", "expected"), [(False, []), (True, ["DeleteCallMissing"])], ids=["same", "other"]
)
def test_another_custom_resource_may_disable_the_feature(
    *, other: bool, expected: list[str]
) -> None:
    """It must act on the same connector."""

    def define(stack: Stack) -> None:
        declared = role(stack)
        voice = connector(stack)
        streaming = custom(stack, "Streaming", call(PUT, voice))
        streaming.node.add_dependency(declared)
        disabled = connector(stack, "Other") if other else voice
        custom(stack, "End", on_delete=call(DELETE, disabled)).node.add_dependency(declared)

    assert found(stack_of(define)) == expected


def test_calls_without_a_known_connector_are_assumed_to_have_the_same_one() -> None:
    """The guard reports only certain findings."""

    def define(stack: Stack) -> None:
        declared = role(stack)
        custom(stack, "Streaming", call(PUT, "abc")).node.add_dependency(declared)
        custom(stack, "End", on_delete=call(DELETE, "abc")).node.add_dependency(declared)

    assert found(stack_of(define)) == []


@pytest.mark.parametrize(
    ("name", "policy", "expected"),
    [
        ("ads", "Delete", []),
        ("other", "Delete", ["DeleteCallMissing"]),
        ("ads", "Retain", ["DeleteCallMissing"]),
    ],
)
def test_a_clean_up_resource_disables_the_feature_of_a_custom_resource(
    name: str, policy: str, expected: list[str]
) -> None:
    """It must have the same owner and must not be retained."""
    logs = {
        "service": "MediaTailor",
        "action": "configureLogsForPlaybackConfiguration",
        "parameters": {"PlaybackConfigurationName": "ads", "PercentEnabled": 5},
    }
    owners = {
        each: {"Type": "AWS::MediaTailor::PlaybackConfiguration", "Properties": {"Name": each}}
        for each in ("ads", "other")
    }
    app = plain(
        Logs={"Type": "Custom::AWS", "Properties": {"Create": json.dumps(logs)}},
        CleanUp={
            "Type": "Custom::MediaTailorSessionLoggingCleanUp",
            "Properties": {"PlaybackConfigurationName": name},
            "DeletionPolicy": policy,
        },
        **owners,
    )

    assert [each for each in found(app) if each == "DeleteCallMissing"] == expected


@pytest.mark.parametrize("phase", ["on_create", "on_delete"])
def test_a_call_of_the_former_api_is_reported(phase: str) -> None:
    """Both the enabling and the disabling call are checked."""

    def define(stack: Stack) -> None:
        voice = connector(stack)
        calls: dict[str, Any] = {"on_create": call(PUT, voice), "on_delete": call(DELETE, voice)}
        action = PUT if phase == "on_create" else DELETE
        calls[phase] = call(action, voice, service="Chime")
        custom(stack, "Streaming", **calls).node.add_dependency(role(stack))

    (finding,) = check(stack_of(define))
    name = PUT if phase == "on_create" else DELETE
    operation = f"{name[0].upper()}{name[1:]}"

    assert finding.rule.id == "ObsoleteCall"
    assert finding.text == (
        f"`Streaming/Resource/Default` calls `chime:{operation}`, which no longer exists; use"
        f" `chime-sdk-voice:{operation}`"
    )


def test_other_calls_have_no_findings() -> None:
    """A permission to make a relevant call is not a finding either."""

    def define(stack: Stack) -> None:
        connector(stack)
        custom(stack, "Get", call("getVoiceConnectorStreamingConfiguration", "abc", "Chime"))

    assert check(stack_of(define)) == []
