"""An owner is given as an L1, as a construct whose default child is that L1, or as a text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import Resource, aws_chime, aws_ivs, aws_mediapackage, aws_s3
from aws_cdk.aws_ivs_alpha import Channel
from constructs import Construct

from slr_constructs import (
    AppInstanceStreaming,
    IvsRecordingConfiguration,
    MediaPackageAccessLogging,
    MediaTailorAsRunLogging,
    MediaTailorSessionLogging,
    MessagingStream,
    UsageError,
    VoiceConnectorStreaming,
)
from slr_constructs.testing import template_of
from tests.features.every_feature import linear_channel, playback_configuration
from tests.features.graph import id_of, ids_of, properties_of, statements_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_cdk import Stack

CONNECTOR = "abcdef1ghij2klmno3pqr4"
STREAMING = "Custom::VoiceConnectorStreaming"


def _record(stack: Stack, owner: Any, id: str = "Feature") -> object:  # noqa: ANN401 - of any type
    scope = Construct(stack, f"{id}Scope")
    bucket = aws_s3.Bucket.from_bucket_name(scope, "Bucket", "recordings")
    return IvsRecordingConfiguration(stack, id, bucket=bucket).record(owner)


#: For each prop with an owner: how an L1 is defined, and how a feature is given the owner.
OWNERS: dict[str, tuple[Callable[[Construct, str], Any], Callable[..., object]]] = {
    "voice_connector": (
        lambda scope, child: aws_chime.CfnVoiceConnector(
            scope, child, name="lines", require_encryption=True
        ),
        lambda stack, owner, feature="Feature": VoiceConnectorStreaming(
            stack, feature, voice_connector=owner
        ),
    ),
    "app_instance": (
        lambda scope, child: aws_chime.CfnAppInstance(scope, child, name="chat"),
        lambda stack, owner, feature="Feature": AppInstanceStreaming(
            stack, feature, app_instance=owner, channels=MessagingStream(stack, f"{feature}Stream")
        ),
    ),
    "channel, of IVS": (aws_ivs.CfnChannel, _record),
    "playback_configuration": (
        lambda scope, _: playback_configuration(scope),
        lambda stack, owner, feature="Feature": MediaTailorSessionLogging(
            stack, feature, playback_configuration=owner
        ),
    ),
    "channel, of MediaTailor": (
        lambda scope, _: linear_channel(scope),
        lambda stack, owner, feature="Feature": MediaTailorAsRunLogging(
            stack, feature, channel=owner
        ),
    ),
    "channel, of MediaPackage": (
        lambda scope, child: aws_mediapackage.CfnChannel(scope, child, id="live"),
        lambda stack, owner, feature="Feature": MediaPackageAccessLogging(
            stack, feature, channel=owner
        ),
    ),
    "packaging_group": (
        lambda scope, child: aws_mediapackage.CfnPackagingGroup(scope, child, id="vod"),
        lambda stack, owner, feature="Feature": MediaPackageAccessLogging(
            stack, feature, packaging_group=owner
        ),
    ),
}


class Wrapped(Construct):
    """A construct whose default child has any id."""

    def __init__(self, scope: Construct, define: Callable[[Construct, str], Any]) -> None:
        super().__init__(scope, "Wrapped")
        self.node.default_child = define(self, "Resource")


class L2(Resource):
    """An L2 as aws-cdk.aws-ivs-alpha has them."""

    def __init__(self, scope: Construct, define: Callable[[Construct, str], Any]) -> None:
        super().__init__(scope, "Wrapped")
        self.node.default_child = define(self, "Resource")


@pytest.mark.parametrize("kind", [Wrapped, L2])
@pytest.mark.parametrize("name", OWNERS)
def test_the_default_child_of_a_construct_is_the_owner(
    stack: Stack, name: str, kind: type[Wrapped | L2]
) -> None:
    """The resources are the same as for the L1 itself."""
    define, configure = OWNERS[name]
    owner = kind(stack, define)

    configure(stack, owner)

    l1 = owner.node.default_child
    with pytest.raises(UsageError, match="FeatureSetTwice"):
        configure(stack, l1, "Again")


@pytest.mark.parametrize("name", OWNERS)
def test_fails_when_the_default_child_is_another_resource(stack: Stack, name: str) -> None:
    """The message names the construct."""
    _, configure = OWNERS[name]

    with pytest.raises(UsageError) as refused:
        configure(stack, Wrapped(stack, aws_s3.CfnBucket))

    assert str(refused.value).startswith(f"Stack/Feature: {name.partition(',')[0]} must be a")
    assert str(refused.value).endswith(", got Stack/Wrapped [PropKind]")


def test_an_l2_channel_is_recorded(stack: Stack) -> None:
    """The L1 in the L2 gets the recording configuration."""
    _record(stack, Channel(stack, "Studio"))

    template = template_of(stack)
    recording = id_of(template, "AWS::IVS::RecordingConfiguration")
    assert properties_of(template, "AWS::IVS::Channel")["RecordingConfigurationArn"] == {
        "Fn::GetAtt": [recording, "Arn"]
    }


def test_an_imported_l2_channel_is_an_existing_one(stack: Stack) -> None:
    """It has no default child, but an ARN."""
    arn = "arn:aws:ivs:us-east-1:111122223333:channel/AbCdEf1G2hij"

    _record(stack, Channel.from_channel_arn(stack, "Studio", arn))

    recording = properties_of(template_of(stack), "Custom::IvsChannelRecording")
    assert recording["ChannelArn"] == arn


def test_an_imported_packaging_group_is_named_by_its_id(stack: Stack) -> None:
    """The ARN of a packaging group ends with its id."""
    MediaPackageAccessLogging(stack, "Logs", packaging_group="films")

    template = template_of(stack)
    type_name = "Custom::MediaPackagePackagingGroupLogging"
    assert properties_of(template, type_name)["PackagingGroupId"] == "films"
    (statement, *_) = statements_of(template, id_of(template, type_name))
    assert statement["Resource"] == {
        "Fn::Sub": (
            "arn:${AWS::Partition}:mediapackage-vod:${AWS::Region}:${AWS::AccountId}"
            ":packaging-groups/films"
        )
    }


@pytest.mark.parametrize("prop", ["channels", "channel_messages"])
def test_one_stream_is_enough(stack: Stack, prop: str) -> None:
    """The other kind of event is not streamed."""
    app_instance = aws_chime.CfnAppInstance(stack, "Chat", name="chat")
    streams: dict[str, Any] = {prop: MessagingStream(stack, "Stream")}

    AppInstanceStreaming(stack, "Streaming", app_instance=app_instance, **streams)

    properties = properties_of(template_of(stack), "Custom::AppInstanceStreaming")
    assert len([each for each in properties if each.endswith("StreamArn")]) == 1


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_media_insights_configuration_may_be_an_l1(
    stack: Stack,
    wrapped: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """The streaming refers to it, and the function has permissions for it."""

    def define(scope: Construct, id: str) -> aws_chime.CfnMediaInsightsPipelineConfiguration:
        return aws_chime.CfnMediaInsightsPipelineConfiguration(
            scope,
            id,
            media_insights_pipeline_configuration_name="calls",
            resource_access_role_arn="arn",
            elements=[],
        )

    insights = Wrapped(stack, define) if wrapped else define(stack, "Insights")
    VoiceConnectorStreaming(
        stack,
        "Streaming",
        voice_connector=aws_chime.CfnVoiceConnector(
            stack, "Lines", name="lines", require_encryption=True
        ),
        media_insights_configuration=insights,
    )

    template = template_of(stack)
    (configuration,) = ids_of(template, "AWS::Chime::MediaInsightsPipelineConfiguration")
    arn = {"Fn::GetAtt": [configuration, "MediaInsightsPipelineConfigurationArn"]}
    assert properties_of(template, STREAMING)["MediaInsightsConfigurationArn"] == arn
    statements = statements_of(template, id_of(template, STREAMING))
    assert arn in [each["Resource"] for each in statements]
