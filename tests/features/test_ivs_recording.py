"""IVS recording: what is native, what the function does, in which order, and what is refused."""

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
    statements_of,
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
    """What is not said is left out, so that the service's defaults hold."""
    IvsRecordingConfiguration(stack, "Recording", bucket=bucket)

    assert recording_properties(stack) == {
        "DestinationConfiguration": {"S3": {"BucketName": "recordings"}}
    }


def test_the_name_arrives(stack: Stack, bucket: aws_s3.IBucket) -> None:
    """A name with every kind of character that is allowed."""
    IvsRecordingConfiguration(stack, "Recording", bucket=bucket, name="Live_show-1")

    assert recording_properties(stack)["Name"] == "Live_show-1"


def test_the_reconnect_window_arrives_in_seconds(stack: Stack, bucket: aws_s3.IBucket) -> None:
    """Up to five minutes."""
    IvsRecordingConfiguration(
        stack, "Recording", bucket=bucket, reconnect_window=Duration.minutes(5)
    )

    assert recording_properties(stack)["RecordingReconnectWindowSeconds"] == 300


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
def test_the_renditions_arrive(
    stack: Stack, bucket: aws_s3.IBucket, renditions: Renditions, expected: dict[str, Any]
) -> None:
    """Each choice is written as the type's schema has it."""
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
def test_the_thumbnails_arrive(
    stack: Stack, bucket: aws_s3.IBucket, thumbnails: Thumbnails, expected: dict[str, Any]
) -> None:
    """Each choice is written as the type's schema has it."""
    IvsRecordingConfiguration(stack, "Recording", bucket=bucket, thumbnails=thumbnails)

    assert recording_properties(stack)["ThumbnailConfiguration"] == expected


def test_a_bucket_policy_that_is_there_comes_first(stack: Stack) -> None:
    """IVS adds to the policy, and CloudFormation would put its own over it later."""
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


def test_the_bucket_comes_first(stack: Stack) -> None:
    """A bucket without a policy is there first because it is referred to."""
    IvsRecordingConfiguration(stack, "Recording", bucket=aws_s3.Bucket(stack, "Bucket"))

    assert is_type_first(template_of(stack), "AWS::S3::Bucket", CONFIGURATION)


def test_a_channel_of_the_app_gets_its_native_property(
    stack: Stack, bucket: aws_s3.IBucket
) -> None:
    """CloudFormation has the reference; what ends the recording is the channel itself."""
    channel = aws_ivs.CfnChannel(stack, "Channel")
    recording = IvsRecordingConfiguration(stack, "Recording", bucket=bucket)

    ends = recording.record(channel)

    template = template_of(stack)
    assert ends is channel
    assert properties_of(template, CHANNEL)["RecordingConfigurationArn"] == {
        "Fn::GetAtt": [id_of(template, CONFIGURATION), "Arn"]
    }
    assert ids_of(template, EXISTING) == []


def test_the_channel_goes_before_its_recording_configuration(
    stack: Stack, bucket: aws_s3.IBucket
) -> None:
    """IVS deletes no recording configuration that a channel has."""
    recording = IvsRecordingConfiguration(stack, "Recording", bucket=bucket)

    recording.record(aws_ivs.CfnChannel(stack, "Channel"))

    assert is_type_first(template_of(stack), CONFIGURATION, CHANNEL)


def test_a_channel_that_was_told_to_record_nothing_is_recorded(
    stack: Stack, bucket: aws_s3.IBucket
) -> None:
    """An empty ARN is how CloudFormation says that there is none."""
    channel = aws_ivs.CfnChannel(stack, "Channel", recording_configuration_arn="")

    IvsRecordingConfiguration(stack, "Recording", bucket=bucket).record(channel)

    assert properties_of(template_of(stack), CHANNEL)["RecordingConfigurationArn"] != ""


def test_a_channel_of_another_stack_makes_that_stack_wait() -> None:
    """The reference between the stacks is the order."""
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
    """What CloudFormation can do needs no function."""
    ServiceLinkedRole(stack, "Role", definition=catalogue.IVS_RECORD_TO_S3, native=True)

    IvsRecordingConfiguration(stack, "Recording", bucket=bucket).record(
        aws_ivs.CfnChannel(stack, "Channel")
    )

    template = template_of(stack)
    assert ids_of(template, FUNCTION) == custom_ids(template) == []


def test_no_function_with_channels_of_the_app_and_an_imported_role(
    stack: Stack, bucket: aws_s3.IBucket
) -> None:
    """Nor does what somebody else looks after."""
    role = ServiceLinkedRole.from_existing(stack, "Role", catalogue.IVS_RECORD_TO_S3)

    IvsRecordingConfiguration(stack, "Recording", bucket=bucket, role=role)

    template = template_of(stack)
    assert ids_of(template, FUNCTION) == custom_ids(template) == []


def test_an_existing_channel_is_changed_by_the_function(
    stack: Stack, bucket: aws_s3.IBucket
) -> None:
    """A custom resource points the channel here, and takes that back on delete."""
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


def test_the_function_may_change_this_channel_alone(stack: Stack, bucket: aws_s3.IBucket) -> None:
    """Get and update, on the one ARN."""
    IvsRecordingConfiguration(stack, "Recording", bucket=bucket).record(CHANNEL_ARN)

    template = template_of(stack)
    assert statements_of(template, id_of(template, EXISTING)) == [
        {
            "Effect": "Allow",
            "Action": ["ivs:GetChannel", "ivs:UpdateChannel"],
            "Resource": CHANNEL_ARN,
        }
    ]


def test_an_existing_channel_keeps_its_place_whatever_is_recorded_beside_it(
    stack: Stack, bucket: aws_s3.IBucket
) -> None:
    """Construct ids follow the channel, so that a change of order changes nothing."""
    other = Stack(stack, "Other")
    first = IvsRecordingConfiguration(stack, "Recording", bucket=bucket)
    second = IvsRecordingConfiguration(other, "Recording", bucket=bucket)

    one = [first.record(arn).node.path for arn in (CHANNEL_ARN, OTHER_ARN)]
    two = [second.record(arn).node.path for arn in (OTHER_ARN, CHANNEL_ARN)]

    assert [path.removeprefix("Stack/Other/") for path in reversed(two)] == [
        path.removeprefix("Stack/") for path in one
    ]


def test_the_rights_are_replaced_with_the_existing_channel(
    stack: Stack, bucket: aws_s3.IBucket
) -> None:
    """Another channel has another policy, so the old one lasts until it is released."""
    channel = CfnParameter(stack, "Channel").value_as_string

    IvsRecordingConfiguration(stack, "Recording", bucket=bucket).record(channel)

    template = template_of(stack)
    policy = template["Resources"][policy_of(template, id_of(template, EXISTING))]
    assert "{'Ref': 'Channel'}" in str(policy["Properties"]["PolicyName"])


def test_the_recording_configuration_is_exposed(stack: Stack, bucket: aws_s3.IBucket) -> None:
    """A stack needs its ARN, and the resource to order others by."""
    recording = IvsRecordingConfiguration(stack, "Recording", bucket=bucket)

    assert recording.resource is recording.node.default_child
    assert recording.recording_configuration_arn == recording.resource.attr_arn


def test_tokens_pass_untouched(stack: Stack, bucket: aws_s3.IBucket) -> None:
    """What is known at deployment alone is checked by CloudFormation, and by the function."""
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
    """The type's schema has a pattern for names."""
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
    """Five minutes at most, in whole seconds."""
    with pytest.raises(UsageError) as refused:
        IvsRecordingConfiguration(stack, "Recording", bucket=bucket, reconnect_window=window)

    assert str(refused.value) == (
        "Stack/Recording: reconnect_window must be a whole number of seconds from 0 to 300,"
        f" got {got} [IvsReconnectWindow]"
    )


@pytest.mark.parametrize("seconds", [0, 61])
def test_fails_when_thumbnails_are_too_often_or_too_rare(
    stack: Stack, bucket: aws_s3.IBucket, seconds: int
) -> None:
    """Once a second to once a minute."""
    thumbnails = Thumbnails.interval(Duration.seconds(seconds))

    with pytest.raises(UsageError) as refused:
        IvsRecordingConfiguration(stack, "Recording", bucket=bucket, thumbnails=thumbnails)

    assert str(refused.value) == (
        "Stack/Recording: thumbnails must be a whole number of seconds from 1 to 60,"
        f" got {seconds} [IvsThumbnailInterval]"
    )


def test_fails_when_custom_renditions_are_none(stack: Stack, bucket: aws_s3.IBucket) -> None:
    """None is another choice, with a name of its own."""
    with pytest.raises(UsageError) as refused:
        IvsRecordingConfiguration(stack, "Recording", bucket=bucket, renditions=Renditions.custom())

    assert str(refused.value) == (
        "Stack/Recording: renditions must be one resolution or more if custom,"
        " got () [IvsRenditions]"
    )


def test_fails_when_the_arn_is_not_that_of_a_channel(stack: Stack, bucket: aws_s3.IBucket) -> None:
    """A name is not enough."""
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
    """A channel has one recording configuration."""
    channel = aws_ivs.CfnChannel(stack, "Channel")
    IvsRecordingConfiguration(stack, "First", bucket=bucket).record(channel)
    second = IvsRecordingConfiguration(stack, "Second", bucket=bucket)

    with pytest.raises(UsageError) as refused:
        second.record(channel)

    assert str(refused.value) == (
        "Stack/Second: channel must be recorded by one recording configuration,"
        " got 'Stack/Channel' [FeatureSetTwice]"
    )


def test_fails_when_an_existing_channel_is_recorded_twice(
    stack: Stack, bucket: aws_s3.IBucket
) -> None:
    """By the same recording configuration, too."""
    recording = IvsRecordingConfiguration(stack, "Recording", bucket=bucket)
    recording.record(CHANNEL_ARN)

    with pytest.raises(UsageError) as refused:
        recording.record(CHANNEL_ARN)

    assert str(refused.value) == (
        "Stack/Recording: channel must be set once for one owner (Stack/Recording sets it), got"
        " 'arn:aws:ivs:us-east-1:111122223333:channel/abcdABCDefgh' [FeatureSetTwice]"
    )


def test_resources_of_the_smallest_call(
    stack: Stack, bucket: aws_s3.IBucket, template_snapshot: SnapshotAssertion
) -> None:
    """What one line of a stack adds to its template."""
    recording = IvsRecordingConfiguration(stack, "Recording", bucket=bucket)

    assert resources_of(recording) == template_snapshot


def test_resources_with_everything_set(
    stack: Stack, bucket: aws_s3.IBucket, template_snapshot: SnapshotAssertion
) -> None:
    """What every prop and an existing channel add to it."""
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
