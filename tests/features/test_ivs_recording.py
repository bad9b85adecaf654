"""IVS recording: native properties, custom resources, order and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, CfnParameter, Duration, Stack, aws_iam, aws_ivs, aws_s3

from slr_constructs import (
    IvsRecordingConfiguration,
    Renditions,
    Resolution,
    ServiceLinkedRole,
    Thumbnails,
    ThumbnailStorage,
    UsageError,
    catalogue,
)
from slr_constructs.testing import resources_of, template_of
from tests.features.graph import (
    FUNCTION,
    custom_ids,
    id_of,
    ids_of,
    is_type_first,
    policy_of,
    properties_of,
)

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

CONFIGURATION = "AWS::IVS::RecordingConfiguration"
CHANNEL = "AWS::IVS::Channel"
EXISTING = "Custom::IvsChannelRecording"
CHANNEL_ARN = "arn:aws:ivs:us-east-1:111122223333:channel/abcdABCDefgh"
OTHER_ARN = "arn:aws:ivs:us-east-1:111122223333:channel/ijklIJKLmnop"


@pytest.fixture
def bucket(stack: Stack) -> aws_s3.IBucket:
    """Return a bucket for recordings."""
    return aws_s3.Bucket.from_bucket_name(stack, "Bucket", "recordings")


def recording_properties(stack: Stack) -> dict[str, Any]:
    """Return the properties of the recording configuration."""
    return properties_of(template_of(stack), CONFIGURATION)


def test_the_smallest_call_leaves_the_rest_to_ivs(stack: Stack, bucket: aws_s3.IBucket) -> None:
    """Omitted props are not in the template, so the service uses its defaults."""
    IvsRecordingConfiguration(stack, "Recording", bucket=bucket)

    assert recording_properties(stack) == {
        "DestinationConfiguration": {"S3": {"BucketName": "recordings"}}
    }


@pytest.mark.parametrize(
    ("renditions", "expected"),
    [
        pytest.param(Renditions.all(), {"RenditionSelection": "ALL"}, id="all"),
        pytest.param(Renditions.none(), {"RenditionSelection": "NONE"}, id="none"),
        pytest.param(
            Renditions.custom(*Resolution),
            {
                "RenditionSelection": "CUSTOM",
                "Renditions": ["FULL_HD", "HD", "SD", "LOWEST_RESOLUTION"],
            },
            id="custom",
        ),
    ],
)
def test_the_renditions_are_in_the_template(
    stack: Stack, bucket: aws_s3.IBucket, renditions: Renditions, expected: dict[str, Any]
) -> None:
    """The template has each choice as in the schema of the resource type."""
    IvsRecordingConfiguration(stack, "Recording", bucket=bucket, renditions=renditions)

    assert recording_properties(stack)["RenditionConfiguration"] == expected


@pytest.mark.parametrize(
    ("thumbnails", "expected"),
    [
        pytest.param(Thumbnails.disabled(), {"RecordingMode": "DISABLED"}, id="disabled"),
        pytest.param(Thumbnails.interval(), {"RecordingMode": "INTERVAL"}, id="interval"),
        pytest.param(
            Thumbnails.interval(
                Duration.minutes(1), resolution=Resolution.SD, storage=list(ThumbnailStorage)
            ),
            {
                "RecordingMode": "INTERVAL",
                "TargetIntervalSeconds": 60,
                "Resolution": "SD",
                "Storage": ["SEQUENTIAL", "LATEST"],
            },
            id="everything",
        ),
    ],
)
def test_the_thumbnails_are_in_the_template(
    stack: Stack, bucket: aws_s3.IBucket, thumbnails: Thumbnails, expected: dict[str, Any]
) -> None:
    """The template has each choice as in the schema of the resource type."""
    IvsRecordingConfiguration(stack, "Recording", bucket=bucket, thumbnails=thumbnails)

    assert recording_properties(stack)["ThumbnailConfiguration"] == expected


def test_an_existing_bucket_policy_is_created_first(stack: Stack) -> None:
    """IVS adds a statement to the policy; a later policy of CloudFormation would overwrite it."""
    bucket = aws_s3.Bucket(stack, "Bucket")
    bucket.add_to_resource_policy(
        aws_iam.PolicyStatement(
            actions=["s3:GetObject"],
            resources=[bucket.arn_for_objects("*")],
            principals=[aws_iam.AccountRootPrincipal()],
        )
    )

    IvsRecordingConfiguration(stack, "Recording", bucket=bucket)

    assert is_type_first(template_of(stack), "AWS::S3::BucketPolicy", CONFIGURATION)


def test_the_bucket_is_created_first(stack: Stack) -> None:
    """The recording configuration refers to a bucket without a policy."""
    IvsRecordingConfiguration(stack, "Recording", bucket=aws_s3.Bucket(stack, "Bucket"))

    assert is_type_first(template_of(stack), "AWS::S3::Bucket", CONFIGURATION)


def test_a_channel_of_the_app_gets_its_native_property(
    stack: Stack, bucket: aws_s3.IBucket
) -> None:
    """CloudFormation has the reference, so the deletion of the channel ends the recording."""
    channel = aws_ivs.CfnChannel(stack, "Channel")
    recording = IvsRecordingConfiguration(stack, "Recording", bucket=bucket)

    ends = recording.record(channel)

    template = template_of(stack)
    assert ends is channel
    assert properties_of(template, CHANNEL)["RecordingConfigurationArn"] == {
        "Fn::GetAtt": [id_of(template, CONFIGURATION), "Arn"]
    }
    assert ids_of(template, EXISTING) == []


def test_the_channel_is_deleted_before_its_recording_configuration(
    stack: Stack, bucket: aws_s3.IBucket
) -> None:
    """IVS does not delete a recording configuration that a channel uses."""
    recording = IvsRecordingConfiguration(stack, "Recording", bucket=bucket)

    recording.record(aws_ivs.CfnChannel(stack, "Channel"))

    assert is_type_first(template_of(stack), CONFIGURATION, CHANNEL)


def test_a_channel_with_an_empty_recording_configuration_is_recorded(
    stack: Stack, bucket: aws_s3.IBucket
) -> None:
    """In CloudFormation, an empty ARN means no recording configuration."""
    channel = aws_ivs.CfnChannel(stack, "Channel", recording_configuration_arn="")

    IvsRecordingConfiguration(stack, "Recording", bucket=bucket).record(channel)

    assert properties_of(template_of(stack), CHANNEL)["RecordingConfigurationArn"] != ""


def test_the_stack_of_a_channel_depends_on_the_stack_of_the_recording() -> None:
    """The reference between the stacks determines the order."""
    app = App()
    recordings, channels = Stack(app, "Recordings"), Stack(app, "Channels")
    bucket = aws_s3.Bucket.from_bucket_name(recordings, "Bucket", "recordings")

    IvsRecordingConfiguration(recordings, "Recording", bucket=bucket).record(
        aws_ivs.CfnChannel(channels, "Channel")
    )

    properties = properties_of(template_of(channels), CHANNEL)
    assert "Fn::ImportValue" in properties["RecordingConfigurationArn"]
    assert channels.dependencies == [recordings]


def test_no_function_with_channels_of_the_app_and_a_native_role(
    stack: Stack, bucket: aws_s3.IBucket
) -> None:
    """Resources that CloudFormation supports need no function."""
    ServiceLinkedRole(stack, "Role", definition=catalogue.IVS_RECORD_TO_S3, native=True)

    IvsRecordingConfiguration(stack, "Recording", bucket=bucket).record(
        aws_ivs.CfnChannel(stack, "Channel")
    )

    template = template_of(stack)
    assert ids_of(template, FUNCTION) == custom_ids(template) == []


def test_an_existing_channel_is_changed_by_the_function(
    stack: Stack, bucket: aws_s3.IBucket
) -> None:
    """A custom resource sets the channel's recording configuration, and removes it on delete."""
    recording = IvsRecordingConfiguration(stack, "Recording", bucket=bucket)

    ends = recording.record(CHANNEL_ARN)

    template = template_of(stack)
    properties = properties_of(template, EXISTING)
    del properties["ServiceToken"], properties["ServiceTimeout"]
    assert ends.cfn_resource_type == EXISTING
    assert properties == {
        "ChannelArn": CHANNEL_ARN,
        "RecordingConfigurationArn": {"Fn::GetAtt": [id_of(template, CONFIGURATION), "Arn"]},
    }


def test_the_construct_id_of_an_existing_channel_does_not_depend_on_the_order(
    stack: Stack, bucket: aws_s3.IBucket
) -> None:
    """The id is derived from the channel, so a change of the order changes no resource."""
    later = Stack(App(), "Stack")
    later_bucket = aws_s3.Bucket.from_bucket_name(later, "Bucket", "recordings")
    first = IvsRecordingConfiguration(stack, "Recording", bucket=bucket)
    second = IvsRecordingConfiguration(later, "Recording", bucket=later_bucket)

    one = [first.record(arn).node.path for arn in (CHANNEL_ARN, OTHER_ARN)]
    two = [second.record(arn).node.path for arn in (OTHER_ARN, CHANNEL_ARN)]

    assert [*reversed(two)] == one


def test_the_policy_is_replaced_with_the_existing_channel(
    stack: Stack, bucket: aws_s3.IBucket
) -> None:
    """A new channel gets a new policy, so the old policy exists until the clean-up is done."""
    channel = CfnParameter(stack, "Channel").value_as_string

    IvsRecordingConfiguration(stack, "Recording", bucket=bucket).record(channel)

    template = template_of(stack)
    policy = template["Resources"][policy_of(template, id_of(template, EXISTING))]
    (text, variables) = policy["Properties"]["PolicyName"]["Fn::Sub"]
    assert text.endswith("-${Name}")
    assert variables == {
        "Name": {"Fn::Select": [1, {"Fn::Split": ["/", {"Ref": "Channel"}]}]},
    }


def test_the_recording_configuration_is_exposed(stack: Stack, bucket: aws_s3.IBucket) -> None:
    """A stack can use its ARN, and can add dependencies on the resource."""
    recording = IvsRecordingConfiguration(stack, "Recording", bucket=bucket)

    assert recording.resource is recording.node.default_child
    assert recording.recording_configuration_arn == recording.resource.attr_arn


def test_tokens_are_accepted_unchanged(stack: Stack, bucket: aws_s3.IBucket) -> None:
    """CloudFormation and the function check values that are known only at deployment."""
    text = CfnParameter(stack, "Text").value_as_string
    seconds = Duration.seconds(CfnParameter(stack, "Number", type="Number").value_as_number)

    IvsRecordingConfiguration(
        stack,
        "Recording",
        bucket=bucket,
        name=text,
        reconnect_window=seconds,
        thumbnails=Thumbnails.interval(seconds),
    ).record(text)

    template = template_of(stack)
    properties = properties_of(template, CONFIGURATION)
    assert properties["Name"] == {"Ref": "Text"}
    assert properties["RecordingReconnectWindowSeconds"] == {"Ref": "Number"}
    assert properties["ThumbnailConfiguration"]["TargetIntervalSeconds"] == {"Ref": "Number"}
    assert properties_of(template, EXISTING)["ChannelArn"] == {"Ref": "Text"}


def test_fails_when_the_name_has_a_space(stack: Stack, bucket: aws_s3.IBucket) -> None:
    """The schema of the resource type has a pattern for names."""
    with pytest.raises(UsageError) as refused:
        IvsRecordingConfiguration(stack, "Recording", bucket=bucket, name="live show")

    assert str(refused.value) == (
        "Stack/Recording: name must be at most 128 letters, digits, - and _,"
        " got 'live show' [IvsRecordingName]"
    )


@pytest.mark.parametrize(
    ("window", "got"),
    [
        pytest.param(Duration.seconds(301), "301", id="long"),
        pytest.param(Duration.millis(1500), "1.5", id="parts"),
    ],
)
def test_fails_when_the_reconnect_window_is_too_long_or_not_whole(
    stack: Stack, bucket: aws_s3.IBucket, window: Duration, got: str
) -> None:
    """The maximum is five minutes, in whole seconds."""
    with pytest.raises(UsageError) as refused:
        IvsRecordingConfiguration(stack, "Recording", bucket=bucket, reconnect_window=window)

    assert str(refused.value) == (
        "Stack/Recording: reconnect_window must be a whole number of seconds from 0 to 300,"
        f" got {got} [IvsReconnectWindow]"
    )


@pytest.mark.parametrize("seconds", [0, 61])
def test_fails_when_the_thumbnail_interval_is_too_short_or_too_long(
    stack: Stack, bucket: aws_s3.IBucket, seconds: int
) -> None:
    """The interval is between a second and a minute."""
    thumbnails = Thumbnails.interval(Duration.seconds(seconds))

    with pytest.raises(UsageError) as refused:
        IvsRecordingConfiguration(stack, "Recording", bucket=bucket, thumbnails=thumbnails)

    assert str(refused.value) == (
        "Stack/Recording: thumbnails must be a whole number of seconds from 1 to 60,"
        f" got {seconds} [IvsThumbnailInterval]"
    )


def test_fails_when_custom_renditions_are_empty(stack: Stack, bucket: aws_s3.IBucket) -> None:
    """To record no renditions, use `Renditions.none()`."""
    with pytest.raises(UsageError) as refused:
        IvsRecordingConfiguration(stack, "Recording", bucket=bucket, renditions=Renditions.custom())

    assert str(refused.value) == (
        "Stack/Recording: renditions must be Renditions.all(), Renditions.none(), or"
        " Renditions.custom with one or more Resolution values, each once,"
        " got ('CUSTOM',) [IvsRenditions]"
    )


def test_fails_when_the_arn_is_not_that_of_a_channel(stack: Stack, bucket: aws_s3.IBucket) -> None:
    """A name is not accepted."""
    recording = IvsRecordingConfiguration(stack, "Recording", bucket=bucket)

    with pytest.raises(UsageError) as refused:
        recording.record("live-show")

    assert str(refused.value) == (
        "Stack/Recording: channel must be the ARN of an IVS channel,"
        " got 'live-show' [IvsChannelArn]"
    )
    assert len(recording.node.children) == 1


def test_fails_when_a_channel_of_the_app_is_recorded_twice(
    stack: Stack, bucket: aws_s3.IBucket
) -> None:
    """A channel has only one recording configuration."""
    channel = aws_ivs.CfnChannel(stack, "Channel")
    IvsRecordingConfiguration(stack, "First", bucket=bucket).record(channel)
    second = IvsRecordingConfiguration(stack, "Second", bucket=bucket)

    with pytest.raises(UsageError) as refused:
        second.record(channel)

    assert str(refused.value) == (
        "Stack/Second: Stack/Channel already has a recording configuration, from its own properties"
        " or from another construct. Remove one of them. [FeatureSetTwice]"
    )


def test_fails_when_an_existing_channel_is_recorded_twice(
    stack: Stack, bucket: aws_s3.IBucket
) -> None:
    """The same recording configuration cannot record a channel twice either."""
    recording = IvsRecordingConfiguration(stack, "Recording", bucket=bucket)
    recording.record(CHANNEL_ARN)

    with pytest.raises(UsageError) as refused:
        recording.record(CHANNEL_ARN)

    assert str(refused.value) == (
        "Stack/Recording: Stack/Recording already configures recording for IVS channel"
        " 'arn:aws:ivs:us-east-1:111122223333:channel/abcdABCDefgh'. Remove one of them."
        " [FeatureSetTwice]"
    )


def test_resources_of_the_smallest_call(
    stack: Stack, bucket: aws_s3.IBucket, template_snapshot: SnapshotAssertion
) -> None:
    """These are the resources that one line adds to the template."""
    recording = IvsRecordingConfiguration(stack, "Recording", bucket=bucket)

    assert resources_of(recording) == template_snapshot


def test_resources_with_everything_set(
    stack: Stack, bucket: aws_s3.IBucket, template_snapshot: SnapshotAssertion
) -> None:
    """All props are set, and an existing channel is recorded."""
    recording = IvsRecordingConfiguration(
        stack,
        "Recording",
        bucket=bucket,
        name="live-show",
        reconnect_window=Duration.seconds(60),
        renditions=Renditions.custom(Resolution.FULL_HD, Resolution.SD),
        thumbnails=Thumbnails.interval(
            Duration.seconds(30), resolution=Resolution.SD, storage=[ThumbnailStorage.LATEST]
        ),
    )
    recording.record(CHANNEL_ARN)

    assert resources_of(recording) == template_snapshot
