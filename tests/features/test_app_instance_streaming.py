"""App instance streaming: the streams it takes, what is put, in which order, what is refused."""

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
    policy_of,
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


def streaming_to(stack: Stack, stream: aws_kinesis.IStream) -> AppInstanceStreaming:
    """Stream the channels of an existing app instance."""
    return AppInstanceStreaming(
        stack, "Streaming", app_instance=INSTANCE_ARN, channels=stream, channel_messages=None
    )


def streaming_properties(stack: Stack) -> dict[str, Any]:
    """Return what the function is asked for."""
    return properties_of(template_of(stack), STREAMING)


def statement_allowing(stack: Stack, action: str) -> dict[str, Any]:
    """Return the one statement of the streaming's rights that has an action."""
    template = template_of(stack)
    statements = statements_of(template, id_of(template, STREAMING))
    (found,) = (each for each in statements if action in each["Action"])
    return found


def test_only_channels_are_streamed(stack: Stack) -> None:
    """What is not streamed is left out."""
    streaming_to(stack, imported(stack))

    properties = streaming_properties(stack)
    del properties["ServiceToken"], properties["ServiceTimeout"]
    assert properties == {"AppInstanceArn": INSTANCE_ARN, "ChannelsStreamArn": STREAM_ARN}


def test_only_messages_are_streamed(stack: Stack) -> None:
    """Each of the two kinds of data may be streamed without the other."""
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


def test_one_stream_may_take_both(stack: Stack) -> None:
    """The function then writes to one stream."""
    stream = imported(stack)

    AppInstanceStreaming(
        stack, "Streaming", app_instance=INSTANCE_ARN, channels=stream, channel_messages=stream
    )

    properties = streaming_properties(stack)
    assert properties["ChannelsStreamArn"] == properties["ChannelMessagesStreamArn"] == STREAM_ARN
    assert statement_allowing(stack, "kinesis:PutRecord")["Resource"] == STREAM_ARN


def test_an_app_instance_of_the_app_is_named_by_its_arn(stack: Stack) -> None:
    """The feature exposes what it was given."""
    owner = aws_chime.CfnAppInstance(stack, "Chat", name="chat")

    streaming = AppInstanceStreaming(
        stack, "Streaming", app_instance=owner, channels=imported(stack), channel_messages=None
    )

    assert streaming.app_instance_arn == owner.attr_app_instance_arn
    assert streaming_properties(stack)["AppInstanceArn"] == {
        "Fn::GetAtt": [stack.get_logical_id(owner), "AppInstanceArn"]
    }


def test_the_streams_and_their_keys_outlive_the_streaming(stack: Stack) -> None:
    """What is written to is there first and goes last."""
    key = aws_kms.Key(stack, "Key")

    streaming_to(stack, MessagingStream(stack, "Stream", encryption_key=key))

    template = template_of(stack)
    assert is_type_first(template, STREAM, STREAMING)
    assert is_type_first(template, "AWS::KMS::Key", STREAMING)


def test_the_function_may_call_for_this_app_instance_alone(stack: Stack) -> None:
    """Put, get and delete, on the one ARN."""
    streaming_to(stack, imported(stack))

    assert statement_allowing(stack, "chime:PutMessagingStreamingConfigurations") == {
        "Effect": "Allow",
        "Action": [
            "chime:DeleteMessagingStreamingConfigurations",
            "chime:GetMessagingStreamingConfigurations",
            "chime:PutMessagingStreamingConfigurations",
        ],
        "Resource": INSTANCE_ARN,
    }


def test_the_function_may_write_to_the_streams(stack: Stack) -> None:
    """The service asks its caller for the rights that its role has."""
    AppInstanceStreaming(
        stack,
        "Streaming",
        app_instance=INSTANCE_ARN,
        channels=imported(stack),
        channel_messages=MessagingStream(stack, "Messages"),
    )

    own = id_of(template_of(stack), STREAM)
    assert statement_allowing(stack, "kinesis:PutRecord") == {
        "Effect": "Allow",
        "Action": ["kinesis:DescribeStream", "kinesis:PutRecord", "kinesis:PutRecords"],
        "Resource": [STREAM_ARN, {"Fn::GetAtt": [own, "Arn"]}],
    }


def test_the_function_may_use_the_keys_of_the_streams(stack: Stack) -> None:
    """Who writes to an encrypted stream uses its key; two streams may have one."""
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


def test_a_stream_without_a_key_of_its_own_needs_no_right_to_one(stack: Stack) -> None:
    """The key that AWS manages needs no rights."""
    streaming_to(stack, MessagingStream(stack, "Stream"))

    template = template_of(stack)
    assert "kms:GenerateDataKey" not in actions_of(template, id_of(template, STREAMING))


def test_the_rights_are_replaced_with_the_app_instance(stack: Stack) -> None:
    """Another app instance has another policy, so the old one lasts until it is released."""
    owner = aws_chime.CfnAppInstance(stack, "Chat", name="chat")

    AppInstanceStreaming(
        stack, "Streaming", app_instance=owner, channels=imported(stack), channel_messages=None
    )

    template = template_of(stack)
    policy = template["Resources"][policy_of(template, id_of(template, STREAMING))]
    attribute = {"Fn::GetAtt": [stack.get_logical_id(owner), "AppInstanceArn"]}
    assert str(attribute) in str(policy["Properties"]["PolicyName"])


def test_the_older_role_will_do_where_the_account_has_it(stack: Stack) -> None:
    """The role that today's took the place of is adopted, and never made."""
    role = ServiceLinkedRole(stack, "Role", definition=catalogue.CHIME_MESSAGING_LEGACY)

    streaming = streaming_to(stack, imported(stack))

    template = template_of(stack)
    assert streaming.role is role
    assert properties_of(template, ROLE)["Creation"] == "NEVER"
    assert "iam:CreateServiceLinkedRole" not in actions_of(template, id_of(template, ROLE))


def test_the_function_may_make_todays_role_even_beside_the_older_one(stack: Stack) -> None:
    """The service makes its own role with the rights of whoever puts the configuration."""
    ServiceLinkedRole(stack, "Role", definition=catalogue.CHIME_MESSAGING_LEGACY)

    streaming_to(stack, imported(stack))

    statement = statement_allowing(stack, "iam:CreateServiceLinkedRole")
    assert statement["Condition"] == {
        "StringEquals": {"iam:AWSServiceName": "messaging.chime.amazonaws.com"}
    }
    assert str(statement["Resource"]["Fn::Sub"]).endswith("/AWSServiceRoleForChimeSDKMessaging")


def test_the_release_is_what_switches_streaming_off(stack: Stack) -> None:
    """What must go before streaming does depends on it."""
    streaming = streaming_to(stack, imported(stack))

    assert streaming.release.cfn_resource_type == STREAMING
    assert streaming.release is streaming.node.default_child


def test_a_stream_of_cdk_will_do_if_it_is_as_the_service_asks(stack: Stack) -> None:
    """Prefix, two shards and encryption are all it takes."""
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


def test_a_messaging_stream_of_another_stack_of_the_same_environment_will_do() -> None:
    """Account and region are what counts."""
    app = App()
    env = {"account": "111122223333", "region": "us-east-1"}
    streams, features = Stack(app, "Streams", env=env), Stack(app, "Features", env=env)

    streaming_to(features, MessagingStream(streams, "Stream"))

    assert "Fn::ImportValue" in streaming_properties(features)["ChannelsStreamArn"]
    assert features.dependencies == [streams]


def test_tokens_pass_untouched(stack: Stack) -> None:
    """What is known at deployment alone is checked by the function."""
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
    """The key costs nothing, and is there in every account."""
    MessagingStream(stack, "Stream")

    assert properties_of(template_of(stack), STREAM)["StreamEncryption"] == {
        "EncryptionType": "KMS",
        "KeyId": "alias/aws/kinesis",
    }


def test_a_messaging_stream_takes_a_key(stack: Stack) -> None:
    """A key of the user's own takes the place of the managed one."""
    key = aws_kms.Key(stack, "Key")

    MessagingStream(stack, "Stream", encryption_key=key)

    assert properties_of(template_of(stack), STREAM)["StreamEncryption"] == {
        "EncryptionType": "KMS",
        "KeyId": {"Fn::GetAtt": [id_of(template_of(stack), "AWS::KMS::Key"), "Arn"]},
    }


def test_a_messaging_stream_is_on_demand_by_default(stack: Stack) -> None:
    """Without a number of shards there are as many as it takes."""
    MessagingStream(stack, "Stream")

    properties = properties_of(template_of(stack), STREAM)
    assert properties["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    assert "ShardCount" not in properties


def test_a_messaging_stream_takes_a_number_of_shards(stack: Stack) -> None:
    """Two shards are the fewest that the service takes."""
    MessagingStream(stack, "Stream", shard_count=2)

    assert properties_of(template_of(stack), STREAM)["ShardCount"] == 2


def test_a_messaging_stream_keeps_records_for_a_day_by_default(stack: Stack) -> None:
    """That is what Kinesis does, too."""
    MessagingStream(stack, "Stream")

    assert properties_of(template_of(stack), STREAM)["RetentionPeriodHours"] == 24


def test_a_messaging_stream_keeps_records_for_as_long_as_it_is_told(stack: Stack) -> None:
    """The retention period arrives in hours."""
    MessagingStream(stack, "Stream", retention_period=Duration.days(7))

    assert properties_of(template_of(stack), STREAM)["RetentionPeriodHours"] == 168


def test_a_messaging_stream_makes_its_name_from_its_path(stack: Stack) -> None:
    """The prefix is there, and two streams of a stack do not share a name."""
    MessagingStream(stack, "One")
    MessagingStream(stack, "Two")

    template = template_of(stack)
    names = [template["Resources"][each]["Properties"]["Name"] for each in ids_of(template, STREAM)]
    assert len(set(names)) == 2
    assert all(name.startswith("chime-messaging-Stack-") for name in names)


def test_the_name_of_a_messaging_stream_is_short_enough_wherever_it_is(stack: Stack) -> None:
    """A long path is shortened, for a name has 128 characters at most."""
    scope = stack
    for number in range(8):
        scope = Stack(scope, f"AStackWithQuiteALongName{number}")

    MessagingStream(scope, "Stream")

    assert len(properties_of(template_of(scope), STREAM)["Name"]) <= 128


def test_a_messaging_stream_takes_a_name(stack: Stack) -> None:
    """A name with the prefix is used as it is."""
    MessagingStream(stack, "Stream", stream_name="chime-messaging-chat")

    assert properties_of(template_of(stack), STREAM)["Name"] == "chime-messaging-chat"


def test_a_messaging_stream_goes_with_its_stack(stack: Stack) -> None:
    """Unlike other streams: what it holds is on its way elsewhere."""
    MessagingStream(stack, "Stream")

    template = template_of(stack)
    assert template["Resources"][id_of(template, STREAM)]["DeletionPolicy"] == "Delete"


def test_a_messaging_stream_may_be_kept(stack: Stack) -> None:
    """Another removal policy can be applied."""
    MessagingStream(stack, "Stream").apply_removal_policy(RemovalPolicy.RETAIN)

    template = template_of(stack)
    assert template["Resources"][id_of(template, STREAM)]["DeletionPolicy"] == "Retain"


def test_tokens_pass_a_messaging_stream_untouched(stack: Stack) -> None:
    """A name and a number may be parameters."""
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
    """The role writes to streams by their prefix."""
    with pytest.raises(UsageError) as refused:
        MessagingStream(stack, "Stream", stream_name="chat")

    assert str(refused.value) == (
        "Stack/Stream: stream_name must be a stream name of at most 128 characters that starts with"
        " chime-messaging-, got 'chat' [MessagingStreamName]"
    )


def test_fails_when_a_messaging_stream_has_one_shard(stack: Stack) -> None:
    """The service asks for two."""
    with pytest.raises(UsageError) as refused:
        MessagingStream(stack, "Stream", shard_count=1)

    assert str(refused.value) == (
        "Stack/Stream: shard_count must be 2 shards or more, or on-demand, got 1"
        " [MessagingStreamShards]"
    )


def test_fails_when_nothing_is_streamed(stack: Stack) -> None:
    """Both streams are asked for, so that leaving one out is meant."""
    with pytest.raises(UsageError) as refused:
        AppInstanceStreaming(
            stack, "Streaming", app_instance=INSTANCE_ARN, channels=None, channel_messages=None
        )

    assert str(refused.value) == (
        "Stack/Streaming: channels must be a stream, if channel_messages is none,"
        " got None [NothingStreamed]"
    )


def test_fails_when_the_arn_is_not_that_of_an_app_instance(stack: Stack) -> None:
    """A user of an app instance has an ARN that starts in the same way."""
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
    """CloudFormation would make a name up, and start it with the stack's."""
    with pytest.raises(UsageError) as refused:
        streaming_to(stack, aws_kinesis.Stream(stack, "Stream", shard_count=2))

    assert str(refused.value) == (
        "Stack/Streaming: channels must be a stream name of at most 128 characters that starts with"
        " chime-messaging-, got None [MessagingStreamName]"
    )


def test_fails_when_an_imported_stream_has_another_name(stack: Stack) -> None:
    """Of an imported stream the name is all that is known."""
    with pytest.raises(UsageError) as refused:
        streaming_to(stack, imported(stack, "arn:aws:kinesis:us-east-1:111122223333:stream/chat"))

    assert str(refused.value) == (
        "Stack/Streaming: channels must be a stream name of at most 128 characters that starts with"
        " chime-messaging-, got 'chat' [MessagingStreamName]"
    )


def test_fails_when_the_arn_of_an_imported_stream_is_none(stack: Stack) -> None:
    """An account has twelve digits."""
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
    """That is what CDK gives a stream unasked."""
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
    """The service writes to encrypted streams alone."""
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
        "Stack/Streaming: channels must be encrypted,"
        " got 'Stack/Stream' [MessagingStreamEncryption]"
    )


def test_fails_when_a_stream_is_in_another_region() -> None:
    """The service writes to streams of its own region."""
    stack = Stack(App(), "Stack", env={"region": "eu-central-1"})

    with pytest.raises(UsageError) as refused:
        streaming_to(stack, imported(stack))

    assert str(refused.value) == (
        "Stack/Streaming: channels must be in the region of the app instance, eu-central-1,"
        " got 'us-east-1' [MessagingStreamEnvironment]"
    )


def test_fails_when_a_messaging_stream_is_in_another_account() -> None:
    """The service writes to streams of its own account."""
    app = App()
    streams = Stack(app, "Streams", env={"account": "444455556666", "region": "us-east-1"})
    stack = Stack(app, "Stack", env={"account": "111122223333", "region": "us-east-1"})

    with pytest.raises(UsageError) as refused:
        streaming_to(stack, MessagingStream(streams, "Stream"))

    assert str(refused.value) == (
        "Stack/Streaming: channels must be in the account of the app instance, 111122223333,"
        " got '444455556666' [MessagingStreamEnvironment]"
    )


def test_fails_when_the_app_instance_is_streamed_twice(stack: Stack) -> None:
    """An app instance has one list of streaming configurations, whose put replaces it."""
    owner = aws_chime.CfnAppInstance(stack, "Chat", name="chat")
    stream = imported(stack)
    AppInstanceStreaming(stack, "First", app_instance=owner, channels=stream, channel_messages=None)

    with pytest.raises(UsageError) as refused:
        AppInstanceStreaming(
            stack, "Second", app_instance=owner, channels=None, channel_messages=stream
        )

    assert str(refused.value) == (
        "Stack/Second: app_instance must be set once for one owner (Stack/First sets it),"
        " got 'Stack/Chat' [FeatureSetTwice]"
    )


def test_resources_of_the_smallest_call(stack: Stack, template_snapshot: SnapshotAssertion) -> None:
    """What one line of a stack adds to its template."""
    streaming = streaming_to(stack, imported(stack))

    assert resources_of(streaming) == template_snapshot


def test_resources_with_everything_set(stack: Stack, template_snapshot: SnapshotAssertion) -> None:
    """What every prop adds to it, with keys and a role that the stack does not hold."""
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
    """A stream that cannot be wrong, in one line."""
    assert resources_of(MessagingStream(stack, "Stream")) == template_snapshot


def test_resources_of_a_messaging_stream_with_everything_set(
    stack: Stack, template_snapshot: SnapshotAssertion
) -> None:
    """What every prop adds to it."""
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
