"""L1s of aws-cdk-lib, in plain, nested and protected stacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, NestedStack, Stack, aws_ivs, aws_mediapackage, aws_mediatailor, aws_s3

from slr_constructs import (
    IvsRecordingConfiguration,
    MediaPackageAccessLogging,
    MediaTailorAsRunLogging,
    MediaTailorSessionLogging,
    ServiceLinkedRole,
    catalogue,
)
from tests.interoperation.guarded import guarded, reported_in_stack, rules_and_paths

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_cdk import CfnResource
    from constructs import Construct


def recording(scope: Construct) -> CfnResource:
    """Define a plain recording configuration."""
    l1 = aws_ivs.CfnRecordingConfiguration
    return l1(
        scope,
        "Recording",
        destination_configuration=l1.DestinationConfigurationProperty(
            s3=l1.S3DestinationConfigurationProperty(bucket_name="recordings")
        ),
    )


def playback(scope: Construct, **options: Any) -> aws_mediatailor.CfnPlaybackConfiguration:  # noqa: ANN401 - any props
    """Define a plain playback configuration."""
    return aws_mediatailor.CfnPlaybackConfiguration(
        scope,
        "Ads",
        name="ads",
        ad_decision_server_url="https://ads.example.com",
        video_content_source_url="https://video.example.com",
        **options,
    )


def linear(scope: Construct, **options: Any) -> aws_mediatailor.CfnChannel:  # noqa: ANN401 - any props
    """Define a plain MediaTailor channel."""
    output = aws_mediatailor.CfnChannel.RequestOutputItemProperty(
        manifest_name="index", source_group="hls"
    )
    return aws_mediatailor.CfnChannel(
        scope, "Linear", channel_name="linear", outputs=[output], playback_mode="LOOP", **options
    )


def sessions(scope: Construct) -> CfnResource:
    """Define a plain playback configuration with logs."""
    logs = aws_mediatailor.CfnPlaybackConfiguration.LogConfigurationProperty(percent_enabled=10)
    return playback(scope, log_configuration=logs)


def as_run(scope: Construct) -> CfnResource:
    """Define a plain MediaTailor channel with logs."""
    logs = aws_mediatailor.CfnChannel.LogConfigurationForChannelProperty(log_types=["AS_RUN"])
    return linear(scope, log_configuration=logs)


def live(scope: Construct) -> CfnResource:
    """Define a plain MediaPackage channel with logs."""
    logs = aws_mediapackage.CfnChannel.LogConfigurationProperty(
        log_group_name="/aws/MediaPackage/Live"
    )
    return aws_mediapackage.CfnChannel(scope, "Live", id="live", egress_access_logs=logs)


def shows(scope: Construct) -> CfnResource:
    """Define a plain packaging group with logs."""
    logs = aws_mediapackage.CfnPackagingGroup.LogConfigurationProperty(
        log_group_name="/aws/MediaPackage/Shows"
    )
    return aws_mediapackage.CfnPackagingGroup(scope, "Shows", id="shows", egress_access_logs=logs)


@pytest.mark.parametrize(
    ("define", "name"),
    [
        (sessions, "Ads"),
        (as_run, "Linear"),
        (live, "Live"),
        (shows, "Shows"),
    ],
    ids=["sessions", "as-run", "live", "vod"],
)
def test_a_plain_resource_with_logs_has_no_role_and_no_clean_up(
    define: Callable[[Construct], CfnResource], name: str
) -> None:
    """Both findings are for the resource itself."""
    assert reported_in_stack(define) == [
        ("CleanUpMissing", f"Show/{name}"),
        ("RoleNotDeclared", f"Show/{name}"),
    ]


def test_a_plain_recording_has_no_role() -> None:
    """It needs no clean-up resource, because IVS deletes it."""
    assert reported_in_stack(recording) == [("RoleNotDeclared", "Show/Recording")]


def test_a_plain_recording_can_depend_on_an_added_role() -> None:
    """It needs only the role and a dependency."""

    def define(stack: Stack, *, ordered: bool) -> None:
        role = ServiceLinkedRole(stack, "Role", definition=catalogue.IVS_RECORD_TO_S3)
        plain = recording(stack)
        if ordered:
            plain.node.add_dependency(role)

    assert reported_in_stack(lambda stack: define(stack, ordered=False)) == [
        ("RoleOrder", "Show/Recording")
    ]
    assert reported_in_stack(lambda stack: define(stack, ordered=True)) == []


def everything_right(scope: Construct) -> None:
    """Define each feature on a plain owner, with the construct of the feature."""
    bucket = aws_s3.Bucket(scope, "Recordings")
    configuration = IvsRecordingConfiguration(scope, "Recording", bucket=bucket)
    configuration.record(aws_ivs.CfnChannel(scope, "Studio"))
    MediaTailorSessionLogging(scope, "Sessions", playback_configuration=playback(scope))
    MediaTailorAsRunLogging(scope, "AsRun", channel=linear(scope))
    channel = aws_mediapackage.CfnChannel(scope, "Live", id="live")
    MediaPackageAccessLogging(scope, "Audience", channel=channel)


def test_a_plain_resource_with_a_construct_has_no_finding() -> None:
    """The owners are the same L1s."""
    assert reported_in_stack(everything_right) == []


def test_a_finding_in_a_nested_stack_names_that_stack() -> None:
    """It has the template and the construct path, at any depth."""

    def define(app: App) -> None:
        outer = NestedStack(Stack(app, "Show"), "Outer")
        recording(outer)
        recording(NestedStack(outer, "Inner"))

    violations = guarded(define)

    assert rules_and_paths(violations) == [
        ("RoleNotDeclared", "Show/Outer/Recording"),
        ("RoleNotDeclared", "Show/Outer/Inner/Recording"),
    ]
    assert [each["violatingConstructs"][0]["cloudFormationResource"] for each in violations] == [
        {"logicalId": "Recording", "templatePath": "ShowOuter742280B1.nested.template.json"},
        {"logicalId": "Recording", "templatePath": "ShowOuterInner88011749.nested.template.json"},
    ]


def test_a_nested_stack_with_our_constructs_has_no_finding() -> None:
    """The role may be in the nested stack, or in the parent if the nested stack depends on it."""

    def define(stack: Stack, *, ordered: bool) -> None:
        everything_right(NestedStack(stack, "Inner"))
        role = ServiceLinkedRole(stack, "Role", definition=catalogue.IVS_RECORD_TO_S3)
        other = NestedStack(stack, "Other")
        recording(other)
        if ordered:
            other.node.add_dependency(role)

    assert reported_in_stack(lambda stack: define(stack, ordered=False)) == [
        ("RoleOrder", "Show/Other/Recording")
    ]
    assert reported_in_stack(lambda stack: define(stack, ordered=True)) == []


def test_a_protected_stack_is_checked_like_any_other() -> None:
    """It can be rolled back, and deleted later."""
    protected: dict[str, Any] = {"termination_protection": True}

    wrong = guarded(lambda app: recording(Stack(app, "Show", **protected)))
    right = guarded(lambda app: everything_right(Stack(app, "Show", **protected)))

    assert rules_and_paths(wrong) == [("RoleNotDeclared", "Show/Recording")]
    assert rules_and_paths(right) == []
