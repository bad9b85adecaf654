"""App instance streaming: accepted streams, configuration, order and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from aws_cdk import (
    App,
    Aws,
    CfnParameter,
    Duration,
    RemovalPolicy,
    Stack,
    aws_chime,
    aws_kinesis,
    aws_kms,
)

from slr_constructs import (
    AppInstanceStreaming,
    MessagingStream,
    ServiceLinkedRole,
    UsageError,
    catalogue,
)
from slr_constructs.testing import resources_of, template_of
from tests.features.graph import (
    ROLE,
    actions_of,
    id_of,
    ids_of,
    is_type_first,
    properties_of,
    statements_of,
)

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

STREAMING = "Custom::AppInstanceStreaming"
STREAM = "AWS::Kinesis::Stream"
INSTANCE_ARN = "arn:aws:chime:us-east-1:111122223333:app-instance/11111111-2222-3333"
STREAM_ARN = "arn:aws:kinesis:us-east-1:111122223333:stream/chime-messaging-chat"


def imported(stack: Stack, arn: str = STREAM_ARN) -> aws_kinesis.IStream:
    """Import a stream."""
    return aws_kinesis.Stream.from_stream_arn(stack, "Imported", arn)


def streaming_to(
    stack: Stack, stream: aws_kinesis.IStream, app_instance: str = INSTANCE_ARN
) -> AppInstanceStreaming:
    """Stream the channels of an existing app instance."""
    return AppInstanceStreaming(
        stack, "Streaming", app_instance=app_instance, channels=stream, channel_messages=None
    )


def streaming_properties(stack: Stack) -> dict[str, Any]:
    """Return the properties that the function receives."""
    return properties_of(template_of(stack), STREAMING)


def statement_allowing(stack: Stack, action: str) -> dict[str, Any]:
    """Return the only statement of the policy that allows an action."""
    template = template_of(stack)
    statements = statements_of(template, id_of(template, STREAMING))
    (found,) = (each for each in statements if action in each["Action"])
    return found


def test_only_channels_are_streamed(stack: Stack) -> None:
    """The properties contain only the stream that is used."""
    streaming_to(stack, imported(stack))

    properties = streaming_properties(stack)
    del properties["ServiceToken"], properties["ServiceTimeout"]
    assert properties == {
        "AppInstanceArn": INSTANCE_ARN,
        "ChannelsStreamArn": STREAM_ARN,
        "OutsideOfStack": True,
    }


def test_only_messages_are_streamed(stack: Stack) -> None:
    """Each type of data can be streamed without the other."""
    AppInstanceStreaming(
        stack,
        "Streaming",
        app_instance=INSTANCE_ARN,
        channels=None,
        channel_messages=imported(stack),
    )

    properties = streaming_properties(stack)
    assert properties["ChannelMessagesStreamArn"] == STREAM_ARN
    assert "ChannelsStreamArn" not in properties


def test_one_stream_may_receive_both(stack: Stack) -> None:
    """The policy then names the stream only once."""
    stream = imported(stack)

    owner = aws_chime.CfnAppInstance(stack, "Chat", name="chat")
    AppInstanceStreaming(
        stack, "Streaming", app_instance=owner, channels=stream, channel_messages=stream
    )

    properties = streaming_properties(stack)
    assert properties["ChannelsStreamArn"] == properties["ChannelMessagesStreamArn"] == STREAM_ARN
    assert statement_allowing(stack, "kinesis:PutRecord")["Resource"] == STREAM_ARN


def test_an_app_instance_of_the_app_is_named_by_its_arn(stack: Stack) -> None:
    """The feature exposes the ARN of its app instance."""
    owner = aws_chime.CfnAppInstance(stack, "Chat", name="chat")

    streaming = AppInstanceStreaming(
        stack, "Streaming", app_instance=owner, channels=imported(stack), channel_messages=None
    )

    assert streaming.app_instance_arn == owner.attr_app_instance_arn
    assert streaming_properties(stack)["AppInstanceArn"] == {
        "Fn::GetAtt": [stack.get_logical_id(owner), "AppInstanceArn"]
    }
    # it needs no mark
    assert "OutsideOfStack" not in streaming_properties(stack)


def test_the_streams_and_their_keys_outlive_the_streaming(stack: Stack) -> None:
    """The streams are created before the streaming and deleted after it."""
    key = aws_kms.Key(stack, "Key")

    streaming_to(stack, MessagingStream(stack, "Stream", encryption_key=key))

    template = template_of(stack)
    assert is_type_first(template, STREAM, STREAMING)
    assert is_type_first(template, "AWS::KMS::Key", STREAMING)


def test_the_function_may_write_to_the_streams(stack: Stack) -> None:
    """The service requires that its caller has the permissions of its role."""
    AppInstanceStreaming(
        stack,
        "Streaming",
        app_instance=aws_chime.CfnAppInstance(stack, "Chat", name="chat"),
        channels=imported(stack),
        channel_messages=MessagingStream(stack, "Messages"),
    )

    own = id_of(template_of(stack), STREAM)
    assert statement_allowing(stack, "kinesis:PutRecord") == {
        "Effect": "Allow",
        "Action": ["kinesis:DescribeStream", "kinesis:PutRecord", "kinesis:PutRecords"],
        "Resource": [STREAM_ARN, {"Fn::GetAtt": [own, "Arn"]}],
    }


def test_an_existing_app_instance_may_have_any_stream(stack: Stack) -> None:
    """The function writes it back, because it cannot remove a single data type."""
    streaming_to(stack, imported(stack))

    assert statement_allowing(stack, "kinesis:PutRecord")["Resource"] == {
        "Fn::Sub": "arn:${AWS::Partition}:kinesis:${AWS::Region}:${AWS::AccountId}"
        ":stream/chime-messaging-*"
    }


def test_the_function_may_use_the_keys_of_the_streams(stack: Stack) -> None:
    """Writing to an encrypted stream needs its key; two streams may have the same key."""
    key = aws_kms.Key(stack, "Key")

    AppInstanceStreaming(
        stack,
        "Streaming",
        app_instance=INSTANCE_ARN,
        channels=MessagingStream(stack, "Channels", encryption_key=key),
        channel_messages=MessagingStream(stack, "Messages", encryption_key=key),
    )

    assert statement_allowing(stack, "kms:GenerateDataKey") == {
        "Effect": "Allow",
        "Action": "kms:GenerateDataKey",
        "Resource": {"Fn::GetAtt": [id_of(template_of(stack), "AWS::KMS::Key"), "Arn"]},
    }


def test_a_stream_with_the_managed_key_needs_no_permission_for_it(stack: Stack) -> None:
    """The AWS managed key needs no permissions."""
    streaming_to(stack, MessagingStream(stack, "Stream"))

    template = template_of(stack)
    assert "kms:GenerateDataKey" not in actions_of(template, id_of(template, STREAMING))


def test_the_older_role_is_accepted(stack: Stack) -> None:
    """The role that the current one replaced can be adopted, but never created."""
    role = ServiceLinkedRole(stack, "Role", definition=catalogue.CHIME_MESSAGING_LEGACY)

    streaming = streaming_to(stack, imported(stack))

    template = template_of(stack)
    assert streaming.role is role
    assert properties_of(template, ROLE)["Creation"] == "NEVER"
    assert "iam:CreateServiceLinkedRole" not in actions_of(template, id_of(template, ROLE))


def test_the_function_may_create_the_current_role_with_the_older_one(stack: Stack) -> None:
    """The service creates its role with the permissions of the caller."""
    ServiceLinkedRole(stack, "Role", definition=catalogue.CHIME_MESSAGING_LEGACY)

    streaming_to(stack, imported(stack))

    statement = statement_allowing(stack, "iam:CreateServiceLinkedRole")
    assert statement["Condition"] == {
        "StringEquals": {"iam:AWSServiceName": "messaging.chime.amazonaws.com"}
    }
    assert str(statement["Resource"]["Fn::Sub"]).endswith("/AWSServiceRoleForChimeSDKMessaging")


def test_a_stream_of_cdk_is_accepted_if_the_service_accepts_it(stack: Stack) -> None:
    """It needs the prefix, two shards and encryption."""
    stream = aws_kinesis.Stream(stack, "Stream", stream_name="chime-messaging-chat", shard_count=2)

    streaming_to(stack, stream)

    assert is_type_first(template_of(stack), STREAM, STREAMING)


def test_a_stream_of_cdk_may_be_on_demand(stack: Stack) -> None:
    """On-demand starts with four shards."""
    stream = aws_kinesis.Stream(
        stack,
        "Stream",
        stream_name="chime-messaging-chat",
        stream_mode=aws_kinesis.StreamMode.ON_DEMAND,
    )

    streaming_to(stack, stream)

    assert is_type_first(template_of(stack), STREAM, STREAMING)


def test_a_messaging_stream_of_another_stack_in_the_same_environment_is_accepted() -> None:
    """Only account and region must be the same."""
    app = App()
    env = {"account": "111122223333", "region": "us-east-1"}
    streams, features = Stack(app, "Streams", env=env), Stack(app, "Features", env=env)

    streaming_to(features, MessagingStream(streams, "Stream"))

    assert "Fn::ImportValue" in streaming_properties(features)["ChannelsStreamArn"]
    assert features.dependencies == [streams]


def test_tokens_are_accepted_unchanged(stack: Stack) -> None:
    """The function checks values that are known only at deployment."""
    text = CfnParameter(stack, "Text").value_as_string
    number = CfnParameter(stack, "Number", type="Number").value_as_number
    named = aws_kinesis.Stream(stack, "Named", stream_name=text, shard_count=number)

    AppInstanceStreaming(
        stack,
        "Streaming",
        app_instance=text,
        channels=aws_kinesis.Stream.from_stream_arn(stack, "Imported", text),
        channel_messages=named,
    )

    properties = streaming_properties(stack)
    assert properties["AppInstanceArn"] == {"Ref": "Text"}
    assert properties["ChannelsStreamArn"] == {"Ref": "Text"}
    assert properties_of(template_of(stack), STREAM)["ShardCount"] == {"Ref": "Number"}


def test_a_messaging_stream_is_encrypted_with_the_managed_key_by_default(stack: Stack) -> None:
    """The key is free and exists in every account."""
    MessagingStream(stack, "Stream")

    assert properties_of(template_of(stack), STREAM)["StreamEncryption"] == {
        "EncryptionType": "KMS",
        "KeyId": "alias/aws/kinesis",
    }


def test_a_messaging_stream_is_on_demand_by_default(stack: Stack) -> None:
    """Without a number of shards, Kinesis scales the stream."""
    MessagingStream(stack, "Stream")

    properties = properties_of(template_of(stack), STREAM)
    assert properties["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    assert "ShardCount" not in properties


def test_a_messaging_stream_keeps_records_for_a_day_by_default(stack: Stack) -> None:
    """Kinesis has the same default."""
    MessagingStream(stack, "Stream")

    assert properties_of(template_of(stack), STREAM)["RetentionPeriodHours"] == 24


def test_a_messaging_stream_derives_its_name_from_its_path(stack: Stack) -> None:
    """The name has the prefix, and two streams of a stack have different names."""
    MessagingStream(stack, "One")
    MessagingStream(stack, "Two")

    template = template_of(stack)
    names = [template["Resources"][each]["Properties"]["Name"] for each in ids_of(template, STREAM)]
    assert len(set(names)) == 2
    assert all(name.startswith("chime-messaging-Stack-") for name in names)


def test_the_name_of_a_messaging_stream_with_a_long_path_is_short_enough(stack: Stack) -> None:
    """A long path is shortened, because a name has at most 128 characters."""
    scope = stack
    for number in range(8):
        scope = Stack(scope, f"AStackWithQuiteALongName{number}")

    MessagingStream(scope, "Stream")

    assert len(properties_of(template_of(scope), STREAM)["Name"]) <= 128


def test_a_messaging_stream_is_deleted_with_its_stack(stack: Stack) -> None:
    """Unlike other streams, it holds its records only temporarily."""
    MessagingStream(stack, "Stream")

    template = template_of(stack)
    assert template["Resources"][id_of(template, STREAM)]["DeletionPolicy"] == "Delete"


def test_a_messaging_stream_can_be_retained(stack: Stack) -> None:
    """You can apply another removal policy."""
    MessagingStream(stack, "Stream").apply_removal_policy(RemovalPolicy.RETAIN)

    template = template_of(stack)
    assert template["Resources"][id_of(template, STREAM)]["DeletionPolicy"] == "Retain"


def test_a_messaging_stream_accepts_tokens_unchanged(stack: Stack) -> None:
    """The name and the number of shards may be parameters."""
    MessagingStream(
        stack,
        "Stream",
        stream_name=CfnParameter(stack, "Text").value_as_string,
        shard_count=cast("int", CfnParameter(stack, "Number", type="Number").value_as_number),
    )

    properties = properties_of(template_of(stack), STREAM)
    assert properties["Name"] == {"Ref": "Text"}
    assert properties["ShardCount"] == {"Ref": "Number"}


def test_fails_when_the_name_of_a_messaging_stream_lacks_the_prefix(stack: Stack) -> None:
    """The policy of the role allows only streams with the prefix."""
    with pytest.raises(UsageError) as refused:
        MessagingStream(stack, "Stream", stream_name="chat")

    assert str(refused.value) == (
        "Stack/Stream: stream_name must be a stream name of at most 128 characters that starts with"
        " chime-messaging-, got 'chat' [MessagingStreamName]"
    )


def test_fails_when_a_messaging_stream_has_one_shard(stack: Stack) -> None:
    """The service requires at least two shards."""
    with pytest.raises(UsageError) as refused:
        MessagingStream(stack, "Stream", shard_count=1)

    assert str(refused.value) == (
        "Stack/Stream: shard_count must be 2 shards or more, or on-demand, got 1"
        " [MessagingStreamShards]"
    )


def test_fails_when_nothing_is_streamed(stack: Stack) -> None:
    """Both props are required, so that None is a deliberate choice."""
    with pytest.raises(UsageError) as refused:
        AppInstanceStreaming(
            stack, "Streaming", app_instance=INSTANCE_ARN, channels=None, channel_messages=None
        )

    assert str(refused.value) == (
        "Stack/Streaming: channels must be an IStream if channel_messages is None,"
        " got None [NothingStreamed]"
    )


def test_fails_when_the_arn_is_not_that_of_an_app_instance(stack: Stack) -> None:
    """The ARN of an app instance user has the same prefix."""
    with pytest.raises(UsageError) as refused:
        AppInstanceStreaming(
            stack,
            "Streaming",
            app_instance=f"{INSTANCE_ARN}/user/me",
            channels=imported(stack),
            channel_messages=None,
        )

    assert str(refused.value) == (
        "Stack/Streaming: app_instance must be the ARN of an app instance, got"
        " 'arn:aws:chime:us-east-1:111122223333:app-instance/11111111-2222-3333/user/me'"
        " [AppInstanceArn]"
    )


def test_fails_when_a_stream_has_no_name(stack: Stack) -> None:
    """CloudFormation would generate a name that starts with the name of the stack."""
    with pytest.raises(UsageError) as refused:
        streaming_to(stack, aws_kinesis.Stream(stack, "Stream", shard_count=2))

    assert str(refused.value) == (
        "Stack/Streaming: channels must be a stream name of at most 128 characters that starts with"
        " chime-messaging-, got None [MessagingStreamName]"
    )


def test_fails_when_an_imported_stream_has_another_name(stack: Stack) -> None:
    """Only the name of an imported stream is known."""
    with pytest.raises(UsageError) as refused:
        streaming_to(stack, imported(stack, "arn:aws:kinesis:us-east-1:111122223333:stream/chat"))

    assert str(refused.value) == (
        "Stack/Streaming: channels must be a stream name of at most 128 characters that starts with"
        " chime-messaging-, got 'chat' [MessagingStreamName]"
    )


def test_fails_when_the_arn_of_an_imported_stream_is_invalid(stack: Stack) -> None:
    """An account id has twelve digits."""
    with pytest.raises(UsageError) as refused:
        streaming_to(
            stack, imported(stack, "arn:aws:kinesis:us-east-1:1111:stream/chime-messaging-chat")
        )

    assert str(refused.value) == (
        "Stack/Streaming: channels must be the ARN of a Kinesis stream whose name starts with"
        " chime-messaging-, got 'arn:aws:kinesis:us-east-1:1111:stream/chime-messaging-chat'"
        " [MessagingStreamArn]"
    )


def test_fails_when_a_stream_has_one_shard(stack: Stack) -> None:
    """One shard is the default of CDK."""
    stream = aws_kinesis.Stream(stack, "Stream", stream_name="chime-messaging-chat")

    with pytest.raises(UsageError) as refused:
        AppInstanceStreaming(
            stack, "Streaming", app_instance=INSTANCE_ARN, channels=None, channel_messages=stream
        )

    assert str(refused.value) == (
        "Stack/Streaming: channel_messages must be 2 shards or more, or on-demand,"
        " got 1 [MessagingStreamShards]"
    )


def test_fails_when_a_stream_is_not_encrypted(stack: Stack) -> None:
    """The service writes only to encrypted streams."""
    stream = aws_kinesis.Stream(
        stack,
        "Stream",
        stream_name="chime-messaging-chat",
        shard_count=2,
        encryption=aws_kinesis.StreamEncryption.UNENCRYPTED,
    )

    with pytest.raises(UsageError) as refused:
        streaming_to(stack, stream)

    assert str(refused.value) == (
        "Stack/Streaming: channels must be encrypted, got Stack/Stream [MessagingStreamEncryption]"
    )


def test_fails_when_a_stream_is_in_another_region() -> None:
    """The service writes only to streams of its own region."""
    stack = Stack(App(), "Stack", env={"region": "eu-central-1"})
    app_instance = INSTANCE_ARN.replace("us-east-1", "eu-central-1")

    with pytest.raises(UsageError) as refused:
        streaming_to(stack, imported(stack), app_instance)

    assert str(refused.value) == (
        "Stack/Streaming: channels must be in the region of the app instance, eu-central-1,"
        " got 'us-east-1' [OtherEnvironment]"
    )


def test_fails_when_a_messaging_stream_is_in_another_account() -> None:
    """The service writes only to streams of its own account."""
    app = App()
    streams = Stack(app, "Streams", env={"account": "444455556666", "region": "us-east-1"})
    stack = Stack(app, "Stack", env={"account": "111122223333", "region": "us-east-1"})

    with pytest.raises(UsageError) as refused:
        streaming_to(stack, MessagingStream(streams, "Stream"))

    assert str(refused.value) == (
        "Stack/Streaming: channels must be in the account of the app instance, 111122223333,"
        " got '444455556666' [OtherEnvironment]"
    )


def test_fails_when_the_app_instance_is_streamed_twice(stack: Stack) -> None:
    """An app instance has only one list of streaming configurations, and each put replaces it."""
    owner = aws_chime.CfnAppInstance(stack, "Chat", name="chat")
    stream = imported(stack)
    AppInstanceStreaming(stack, "First", app_instance=owner, channels=stream, channel_messages=None)

    with pytest.raises(UsageError) as refused:
        AppInstanceStreaming(
            stack, "Second", app_instance=owner, channels=None, channel_messages=stream
        )

    assert str(refused.value) == (
        "Stack/Second: Stack/First already configures message streaming for app instance"
        " Stack/Chat. Remove one of them. [FeatureSetTwice]"
    )


def test_resources_of_the_smallest_call(stack: Stack, template_snapshot: SnapshotAssertion) -> None:
    """These are the resources that one line adds to the template."""
    streaming = streaming_to(stack, imported(stack))

    assert resources_of(streaming) == template_snapshot


def test_resources_with_everything_set(stack: Stack, template_snapshot: SnapshotAssertion) -> None:
    """All props are set, with keys and an imported role."""
    streaming = AppInstanceStreaming(
        stack,
        "Streaming",
        app_instance=aws_chime.CfnAppInstance(stack, "Chat", name="chat"),
        channels=MessagingStream(stack, "Channels", encryption_key=aws_kms.Key(stack, "Key")),
        channel_messages=MessagingStream(stack, "Messages"),
        role=ServiceLinkedRole.from_existing(stack, "Role", catalogue.CHIME_MESSAGING),
    )

    assert resources_of(streaming) == template_snapshot


def test_resources_of_the_smallest_messaging_stream(
    stack: Stack, template_snapshot: SnapshotAssertion
) -> None:
    """One line defines a stream that the service accepts."""
    assert resources_of(MessagingStream(stack, "Stream")) == template_snapshot


def test_resources_of_a_messaging_stream_with_everything_set(
    stack: Stack, template_snapshot: SnapshotAssertion
) -> None:
    """All props are set."""
    stream = MessagingStream(
        stack,
        "Stream",
        stream_name="chime-messaging-chat",
        shard_count=3,
        encryption_key=aws_kms.Key.from_key_arn(
            stack, "Key", f"arn:aws:kms:us-east-1:{Aws.ACCOUNT_ID}:key/chat"
        ),
        retention_period=Duration.days(3),
    )

    assert resources_of(stream) == template_snapshot
