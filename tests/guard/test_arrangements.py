"""An owner and its feature in different stacks: the output of this library has no findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from aws_cdk import (
    App,
    Aspects,
    Environment,
    Mixins,
    NestedStack,
    RemovalPolicies,
    RemovalPolicy,
    Stack,
    Stage,
    aws_chime,
    aws_ivs,
    aws_mediapackage,
    aws_s3,
)

from sample_app.app import build
from slr_constructs import (
    AppInstanceStreaming,
    EnsureServiceLinkedRoles,
    IvsRecordingConfiguration,
    MediaPackageAccessLogging,
    MediaTailorAsRunLogging,
    MediaTailorSessionLogging,
    VoiceConnectorStreaming,
)
from slr_constructs.guard.check import check
from tests.features.every_feature import _stream, linear_channel, playback_configuration
from tests.interoperation.guarded import guarded
from tests.templates.apps import read_back

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_cdk import CfnResource
    from constructs import Construct

Define = tuple["Callable[[Construct], CfnResource]", "Callable[[Construct, Any], object]"]


def _record(scope: Construct, channel: aws_ivs.CfnChannel) -> None:
    bucket = aws_s3.Bucket.from_bucket_name(scope, "Bucket", "recordings")
    IvsRecordingConfiguration(scope, "Feature", bucket=bucket).record(channel)


#: how to define an owner, and how to configure its feature.
FEATURES: dict[str, Define] = {
    "voice": (
        lambda scope: aws_chime.CfnVoiceConnector(
            scope, "Owner", name="lines", require_encryption=True
        ),
        lambda scope, owner: VoiceConnectorStreaming(scope, "Feature", voice_connector=owner),
    ),
    "chat": (
        lambda scope: aws_chime.CfnAppInstance(scope, "Owner", name="chat"),
        lambda scope, owner: AppInstanceStreaming(
            scope,
            "Feature",
            app_instance=owner,
            channels=_stream(scope),
            channel_messages=None,
        ),
    ),
    "recording": (lambda scope: aws_ivs.CfnChannel(scope, "Owner"), _record),
    "sessions": (
        playback_configuration,
        lambda scope, owner: MediaTailorSessionLogging(
            scope, "Feature", playback_configuration=owner
        ),
    ),
    "as-run": (
        linear_channel,
        lambda scope, owner: MediaTailorAsRunLogging(scope, "Feature", channel=owner),
    ),
    "live": (
        lambda scope: aws_mediapackage.CfnChannel(scope, "Owner", id="live"),
        lambda scope, owner: MediaPackageAccessLogging(scope, "Feature", channel=owner),
    ),
    "vod": (
        lambda scope: aws_mediapackage.CfnPackagingGroup(scope, "Owner", id="vod"),
        lambda scope, owner: MediaPackageAccessLogging(scope, "Feature", packaging_group=owner),
    ),
}


def _two_stacks(scope: Construct, define: Define) -> None:
    owner, feature = define
    feature(Stack(scope, "Feature"), owner(Stack(scope, "Owner")))


def _feature_nested(scope: Construct, define: Define) -> None:
    owner, feature = define
    parent = Stack(scope, "Parent")
    feature(NestedStack(parent, "Inner"), owner(parent))


def _owner_nested(scope: Construct, define: Define) -> None:
    owner, feature = define
    parent = Stack(scope, "Parent")
    feature(parent, owner(NestedStack(parent, "Inner")))


def _two_nested(scope: Construct, define: Define) -> None:
    owner, feature = define
    parent = Stack(scope, "Parent")
    feature(NestedStack(parent, "Feature"), owner(NestedStack(parent, "Owner")))


def _nested_in_two_stacks(scope: Construct, define: Define) -> None:
    owner, feature = define
    inner = NestedStack(NestedStack(Stack(scope, "Owner"), "Middle"), "Inner")
    feature(NestedStack(Stack(scope, "Feature"), "Inner"), owner(inner))


def _two_stages(scope: Construct, define: Define) -> None:
    for name, region in (("Beta", "us-east-1"), ("Prod", "eu-central-1")):
        env = Environment(account="111122223333", region=region)
        _two_stacks(Stage(scope, name, env=env), define)


ARRANGEMENTS = {
    each.__name__.removeprefix("_"): each
    for each in (
        _two_stacks,
        _feature_nested,
        _owner_nested,
        _two_nested,
        _nested_in_two_stacks,
        _two_stages,
    )
}


@pytest.mark.parametrize("arrange", ARRANGEMENTS.values(), ids=ARRANGEMENTS)
@pytest.mark.parametrize("define", FEATURES.values(), ids=FEATURES)
def test_the_owner_and_its_feature_may_be_in_different_stacks(
    define: Define, arrange: Callable[[Construct, Define], None]
) -> None:
    """The clean-up resource refers to the owner through exports, parameters and outputs."""
    found = check(read_back(lambda app: arrange(app, define)))

    assert [f"{each.stack}: {each.text}" for each in found] == []


def test_an_output_of_another_stack_refers_to_its_owner_too() -> None:
    """CDK writes `Fn::GetStackOutput` for weak references."""

    def define(app: App) -> None:
        app.node.set_context("@aws-cdk/core:defaultCrossStackReferences", "weak")
        _two_stacks(app, FEATURES["live"])

    app = read_back(define)

    assert "Fn::GetStackOutput" in str(app.stacks["Feature"].template)
    assert check(app) == []


@pytest.mark.parametrize("stages", [False, True])
def test_the_sample_app_has_no_findings_in_one_stage_or_two(*, stages: bool) -> None:
    """The stages are of two regions."""

    def define(app: App) -> None:
        build(app)
        for region in ("us-east-1", "eu-central-1") if stages else ():
            env = Environment(account="111122223333", region=region)
            build(cast("App", Stage(app, region, env=env)))

    assert check(read_back(define)) == []


RETAINED = {
    "the construct": lambda scope, owner: MediaPackageAccessLogging(scope, "Logs", channel=owner),
    "the mixin": lambda scope, _: Mixins.of(scope).apply(EnsureServiceLinkedRoles()),
    "the aspect": lambda scope, _: Aspects.of(scope).add(EnsureServiceLinkedRoles()),
}
POLICIES = {
    "the resource": lambda _, owner: owner.apply_removal_policy(RemovalPolicy.RETAIN),
    "all resources of the type": lambda scope, _: RemovalPolicies.of(scope).retain(
        apply_to_resource_types=["AWS::MediaPackage::Channel"]
    ),
    "all resources": lambda scope, _: RemovalPolicies.of(scope).retain(),
}


@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
@pytest.mark.parametrize("retain", POLICIES.values(), ids=POLICIES)
@pytest.mark.parametrize("add", RETAINED.values(), ids=RETAINED)
def test_a_retained_owner_has_no_finding_whatever_retains_it_and_when(
    add: Callable[[Any, Any], object], retain: Callable[[Any, Any], object], *, first: bool
) -> None:
    """A clean-up resource disables its logs, or it keeps its logs and the role."""

    def define(app: App) -> None:
        stack = Stack(app, "Show")
        l1 = aws_mediapackage.CfnChannel
        logs = None if add is RETAINED["the construct"] else l1.LogConfigurationProperty()
        owner = l1(stack, "Live", id="live", egress_access_logs=logs)
        for each in (retain, add) if first else (add, retain):
            each(stack, owner)

    assert guarded(define) == []
