"""Wrong input ends in a `UsageError` at synthesis, and never in an error of Python or jsii.

The table has inputs that earlier versions passed to jsii, or accepted although they cannot work.
What Python says about a missing or unknown keyword argument stays.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import (
    App,
    Duration,
    Fn,
    Stack,
    Token,
    aws_chime,
    aws_iam,
    aws_ivs,
    aws_kms,
    aws_logs,
    aws_mediapackage,
    aws_s3,
    aws_sns,
    aws_sqs,
)
from constructs import Construct

from slr_constructs import (
    AppInstanceStreaming,
    IvsRecordingConfiguration,
    MediaPackageAccessLogging,
    MediaTailorSessionLogging,
    MessagingStream,
    Renditions,
    Resolution,
    ServiceLinkedRole,
    Thumbnails,
    ThumbnailStorage,
    UsageError,
    VoiceConnectorStreaming,
    catalogue,
)
from slr_constructs.catalogue import RoleDefinition
from slr_constructs.testing import template_of
from tests.features.every_feature import RECIPES

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECTOR = "abcdef1ghij2klmno3pqr4"
CHIME = "arn:aws:chime:us-east-1:111122223333"


def _number() -> Any:  # noqa: ANN401 - of any number type
    return Token.as_number(Fn.import_value("number"))


def _ambiguous(stack: Stack) -> Construct:
    """Define a construct of which CDK does not know the default child."""
    construct = Construct(stack, "Ambiguous")
    Construct(construct, "Resource")
    Construct(construct, "Default")
    return construct


def _voice(stack: Stack, **props: Any) -> object:  # noqa: ANN401 - of any type
    return VoiceConnectorStreaming(stack, "It", **{"voice_connector": CONNECTOR, **props})


def _chat(stack: Stack, **props: Any) -> object:  # noqa: ANN401 - of any type
    owner = aws_chime.CfnAppInstance(stack, "Chat", name="chat")
    return AppInstanceStreaming(stack, "It", **{"app_instance": owner, **props})


def _stream(stack: Stack, **props: Any) -> object:  # noqa: ANN401 - of any type
    return MessagingStream(stack, "It", **props)


def _recording(stack: Stack, **props: Any) -> IvsRecordingConfiguration:  # noqa: ANN401
    bucket = aws_s3.Bucket.from_bucket_name(stack, "Bucket", "recordings")
    return IvsRecordingConfiguration(stack, "It", **{"bucket": bucket, **props})


def _sessions(stack: Stack, **props: Any) -> object:  # noqa: ANN401 - of any type
    return MediaTailorSessionLogging(stack, "It", **{"playback_configuration": "ads", **props})


def _logs(stack: Stack, **props: Any) -> object:  # noqa: ANN401 - of any type
    return MediaPackageAccessLogging(stack, "It", **props)


def _role(stack: Stack, *names: Any) -> object:  # noqa: ANN401 - of any type
    return ServiceLinkedRole(stack, "It", definition=RoleDefinition(*names))


def _role_named(name: Any, stack: Stack) -> object:  # noqa: ANN401 - of any type
    return _role(stack, name, "x.amazonaws.com")


def _grant(method: str, grantee: object, stack: Stack) -> object:
    role = ServiceLinkedRole(stack, "It", definition=catalogue.MEDIATAILOR)
    return getattr(role, method)(grantee)


#: The input, and the code of the error.
WRONG: dict[str, tuple[Callable[[Stack], object], str]] = {
    # a token in a unit that CDK cannot convert
    "retention in days, a token": (
        lambda stack: _voice(stack, data_retention=Duration.days(_number())),
        "DurationUnit",
    ),
    "stream retention in days, a token": (
        lambda stack: _stream(stack, retention_period=Duration.days(_number())),
        "DurationUnit",
    ),
    "reconnect window in minutes, a token": (
        lambda stack: _recording(stack, reconnect_window=Duration.minutes(_number())),
        "DurationUnit",
    ),
    "thumbnails in minutes, a token": (
        lambda stack: _recording(
            stack, thumbnails=Thumbnails.interval(Duration.minutes(_number()))
        ),
        "DurationUnit",
    ),
    # ARNs of other resources
    "insights of an app instance": (
        lambda stack: _voice(stack, media_insights_configuration=f"{CHIME}:app-instance/x"),
        "MediaInsightsConfigurationArn",
    ),
    "insights, an L1 of another type": (
        lambda stack: _voice(
            stack,
            media_insights_configuration=aws_chime.CfnAppInstance(stack, "Chat", name="chat"),
        ),
        "PropKind",
    ),
    "an ambiguous owner": (
        lambda stack: _voice(stack, voice_connector=_ambiguous(stack)),
        "PropKind",
    ),
    "a class as owner": (
        lambda stack: _voice(stack, voice_connector=aws_chime.CfnVoiceConnector),
        "PropKind",
    ),
    "no stream": (_chat, "NothingStreamed"),
    # MessagingStream
    "encryption key, a text": (lambda stack: _stream(stack, encryption_key="key"), "PropKind"),
    "encryption key, an alias": (
        lambda stack: _stream(stack, encryption_key="alias/calls"),
        "PropKind",
    ),
    "encryption key, a bucket": (
        lambda stack: _stream(stack, encryption_key=aws_s3.Bucket(stack, "Bucket")),
        "PropKind",
    ),
    "encryption key, an L1": (
        lambda stack: _stream(stack, encryption_key=aws_kms.CfnKey(stack, "Key")),
        "PropKind",
    ),
    **{
        f"stream retention, {name}": (
            functools.partial(_stream, retention_period=value),
            code,
        )
        for name, value, code in (
            ("an integer", 24, "PropKind"),
            ("a text", "24", "PropKind"),
            ("one hour", Duration.hours(1), "MessagingStreamRetention"),
            ("366 days", Duration.days(366), "MessagingStreamRetention"),
            ("no whole hours", Duration.minutes(1410), "MessagingStreamRetention"),
        )
    },
    "shards, a text token": (
        lambda stack: _stream(stack, shard_count=Fn.import_value("shards")),
        "PropKind",
    ),
    "stream name, a number": (lambda stack: _stream(stack, stream_name=3), "MessagingStreamName"),
    # IVS
    "a bucket with another name": (
        lambda stack: _recording(
            stack, bucket=aws_s3.Bucket.from_bucket_name(stack, "Old", "My_Bucket")
        ),
        "IvsBucketName",
    ),
    "a bucket L1 with another name": (
        lambda stack: _recording(
            stack, bucket=aws_s3.CfnBucket(stack, "Old", bucket_name="My_Bucket")
        ),
        "IvsBucketName",
    ),
    "renditions twice": (
        lambda stack: _recording(stack, renditions=Renditions.custom(Resolution.HD, Resolution.HD)),
        "IvsRenditions",
    ),
    "renditions of another kind": (
        lambda stack: _recording(stack, renditions=Renditions("JUNK")),
        "IvsRenditions",
    ),
    "all renditions and some": (
        lambda stack: _recording(stack, renditions=Renditions("ALL", (Resolution.HD,))),
        "IvsRenditions",
    ),
    "renditions without a list": (
        lambda stack: _recording(stack, renditions=Renditions("CUSTOM", Resolution.HD)),  # type: ignore[arg-type]
        "PropKind",
    ),
    "thumbnails, resolution a text": (
        lambda stack: _recording(stack, thumbnails=Thumbnails.interval(resolution="HD")),  # type: ignore[arg-type]
        "PropKind",
    ),
    "thumbnails, storage a text": (
        lambda stack: _recording(stack, thumbnails=Thumbnails.interval(storage="LATEST")),  # type: ignore[arg-type]
        "PropKind",
    ),
    "thumbnails, storage a list of texts": (
        lambda stack: _recording(stack, thumbnails=Thumbnails.interval(storage=["LATEST"])),  # type: ignore[list-item]
        "PropKind",
    ),
    "thumbnails, storage without a list": (
        lambda stack: _recording(
            stack,
            thumbnails=Thumbnails.interval(storage=ThumbnailStorage.LATEST),  # type: ignore[arg-type]
        ),
        "PropKind",
    ),
    "thumbnails, storage twice": (
        lambda stack: _recording(
            stack, thumbnails=Thumbnails.interval(storage=[ThumbnailStorage.LATEST] * 2)
        ),
        "IvsThumbnails",
    ),
    "thumbnails of another kind": (
        lambda stack: _recording(stack, thumbnails=Thumbnails("JUNK")),
        "IvsThumbnails",
    ),
    "neither renditions nor thumbnails": (
        lambda stack: _recording(
            stack, renditions=Renditions.none(), thumbnails=Thumbnails.disabled()
        ),
        "NothingRecorded",
    ),
    "an L2 without a channel": (
        lambda stack: _recording(stack).record(aws_s3.Bucket(stack, "Other")),
        "PropKind",
    ),
    # MediaTailor
    "no percentage": (lambda stack: _sessions(stack, percent_enabled=None), "PropKind"),
    "percentage, a text token": (
        lambda stack: _sessions(stack, percent_enabled=Fn.import_value("percent")),
        "PropKind",
    ),
    "percentage, true": (lambda stack: _sessions(stack, percent_enabled=True), "PercentEnabled"),
    # MediaPackage
    "no owner": (_logs, "PropKind"),
    "a packaging group as channel": (
        lambda stack: _logs(
            stack, channel=aws_mediapackage.CfnPackagingGroup(stack, "Vod", id="vod")
        ),
        "PropKind",
    ),
    "a log group L1 without a name": (
        lambda stack: _logs(stack, channel="live", egress=aws_logs.CfnLogGroup(stack, "Log")),
        "ChannelLogGroupName",
    ),
    # roles
    "role, swapped arguments": (
        lambda stack: _role(stack, "transcribe.amazonaws.com", "AWSServiceRoleForTranscribe"),
        "ServicePrincipal",
    ),
    "role, not a service": (lambda stack: _role(stack, "foo", "bar"), "ServicePrincipal"),
    **{
        f"role named {name!r}": (
            functools.partial(_role_named, name),
            "RoleName",
        )
        for name in ("", None, 1, "AWS Service", Token.as_string({"Ref": "Name"}))
    },
    "a known role of another service": (
        lambda stack: _role(stack, "AWSServiceRoleForMediaTailor", "mediapackage.amazonaws.com"),
        "RolePrincipal",
    ),
    **{
        f"{name} with {given!r}": (
            functools.partial(method, given),
            "PropKind",
        )
        for given in ("AWSServiceRoleForX", None, RoleDefinition)
        for name, method in {
            "of": lambda given, stack: ServiceLinkedRole.of(stack, given),
            "from_existing": lambda given, stack: ServiceLinkedRole.from_existing(
                stack, "It", given
            ),
        }.items()
    },
    "from_existing with another service": (
        lambda stack: ServiceLinkedRole.from_existing(
            stack, "It", RoleDefinition("AWSServiceRoleForMediaTailor", "x.amazonaws.com")
        ),
        "RolePrincipal",
    ),
    "of without a scope": (
        lambda _: ServiceLinkedRole.of(None, catalogue.MEDIATAILOR),  # type: ignore[arg-type]
        "PropKind",
    ),
    "from_existing without a scope": (
        lambda _: ServiceLinkedRole.from_existing("Stack", "It", catalogue.MEDIATAILOR),  # type: ignore[arg-type]
        "PropKind",
    ),
    "a stream without a scope": (
        lambda _: MessagingStream(None, "It"),  # type: ignore[arg-type]
        "PropKind",
    ),
    **{
        f"{method} with {type(grantee).__name__}": (
            functools.partial(_grant, method, grantee),
            "PropKind",
        )
        for method in ("grant_create", "grant_edit", "grant_delete")
        for grantee in (None, "someone", 3)
    },
    "a grant to the role itself": (
        lambda stack: (
            role := ServiceLinkedRole(stack, "It", definition=catalogue.MEDIATAILOR)
        ).grant_create(role),  # type: ignore[arg-type]
        "PropKind",
    ),
    # outside of a stack
    "a role in an app": (
        lambda _: ServiceLinkedRole(App(), "It", definition=catalogue.MEDIATAILOR),
        "OutsideOfStack",
    ),
    "of in an app": (
        lambda _: ServiceLinkedRole.of(App(), catalogue.MEDIATAILOR),
        "OutsideOfStack",
    ),
    "from_existing in an app": (
        lambda _: ServiceLinkedRole.from_existing(App(), "It", catalogue.MEDIATAILOR),
        "OutsideOfStack",
    ),
    "a stream in an app": (lambda _: MessagingStream(App(), "It"), "OutsideOfStack"),
    "a feature in an app": (
        lambda _: VoiceConnectorStreaming(App(), "It", voice_connector=CONNECTOR),
        "OutsideOfStack",
    ),
}


@pytest.mark.parametrize(("define", "code"), WRONG.values(), ids=[*map(str, range(len(WRONG)))])
def test_wrong_input_ends_in_a_usage_error(
    stack: Stack, define: Callable[[Stack], object], code: str
) -> None:
    """Each error has the stable code, and names the construct and the prop."""
    with pytest.raises(UsageError) as refused:
        define(stack)

    assert refused.value.code == code
    assert str(refused.value).endswith(f"[{code}]")


#: Input that looks wrong, and works.
RIGHT: dict[str, Callable[[Stack], object]] = {
    "only the prefix, which the role's policy allows": lambda stack: _stream(
        stack, stream_name="chime-messaging-"
    ),
    "shards, a whole float": lambda stack: _stream(stack, shard_count=2.0),
    "shards, a token": lambda stack: _stream(stack, shard_count=_number()),
    "stream retention in hours, a token": lambda stack: _stream(
        stack, retention_period=Duration.hours(_number())
    ),
    "stream retention": lambda stack: _stream(stack, retention_period=Duration.days(365)),
    "a key of the app": lambda stack: _stream(stack, encryption_key=aws_kms.Key(stack, "Key")),
    "an alias of the app": lambda stack: _stream(
        stack, encryption_key=aws_kms.Alias.from_alias_name(stack, "Alias", "alias/calls")
    ),
    "retention in hours, a token": lambda stack: _voice(
        stack, data_retention=Duration.hours(_number())
    ),
    "an L1 topic and queue": lambda stack: _voice(
        stack,
        notification_targets=[
            aws_sns.CfnTopic(stack, "Topic", topic_name="ChimeVoiceConnector-Streaming-a"),
            aws_sqs.CfnQueue(stack, "Queue", queue_name="ChimeVoiceConnector-Streaming-a"),
        ],
    ),
    "a percentage, a whole float": lambda stack: _sessions(stack, percent_enabled=100.0),
    "a percentage, a token": lambda stack: _sessions(stack, percent_enabled=_number()),
    "event types, tokens": lambda stack: _sessions(
        stack, ads_interaction_exclude_event_types=[Fn.import_value("type")]
    ),
    "no event types": lambda stack: _sessions(stack, ads_interaction_exclude_event_types=[]),
    "thumbnails without storage": lambda stack: _recording(
        stack, thumbnails=Thumbnails.interval(storage=[])
    ),
    "an L1 log group": lambda stack: _logs(
        stack,
        channel="live",
        egress=aws_logs.CfnLogGroup(stack, "Log", log_group_name="/aws/MediaPackage/x"),
    ),
    "a role of another partition": lambda stack: _role(
        stack, "AWSServiceRoleForX", "x.amazonaws.com.cn"
    ),
    "a grant to a user": lambda stack: ServiceLinkedRole(
        stack, "It", definition=catalogue.MEDIATAILOR
    ).grant_create(aws_iam.User(stack, "User")),
}


@pytest.mark.parametrize("name", RIGHT)
def test_unusual_input_works(stack: Stack, name: str) -> None:
    """It also synthesizes."""
    RIGHT[name](stack)

    assert template_of(stack)["Resources"]


def test_an_l1_bucket_is_created_first(stack: Stack) -> None:
    """The recording configuration refers to it."""
    recording = _recording(stack, bucket=aws_s3.CfnBucket(stack, "Own"))

    destination = stack.resolve(recording.resource.destination_configuration)
    assert destination["s3"]["bucketName"] == {"Ref": "Own"}


def test_an_l1_log_group_is_created_first(stack: Stack) -> None:
    """The owner refers to it, also if its name is known."""
    log = aws_logs.CfnLogGroup(stack, "Log", log_group_name="/aws/MediaPackage/x")
    channel = aws_mediapackage.CfnChannel(stack, "Live", id="live")

    _logs(stack, channel=channel, ingress=log)

    properties = template_of(stack)["Resources"]["Live"]["Properties"]
    assert properties["IngressAccessLogs"] == {"LogGroupName": {"Ref": "Log"}}


@pytest.mark.parametrize("name", [each for each in RECIPES if "recording" not in each])
def test_a_dynamic_reference_is_checked_by_the_function(stack: Stack, name: str) -> None:
    """CloudFormation replaces it with the value before the function gets it."""
    text = "{{resolve:ssm:/owners/one}}"
    by_type: dict[str, Callable[[], object]] = {
        "voice": lambda: _voice(stack, voice_connector=text),
        "chat": lambda: AppInstanceStreaming(
            stack, "It", app_instance=text, channels=MessagingStream(stack, "Stream")
        ),
        "sessions": lambda: _sessions(stack, playback_configuration=text),
        "as-run": lambda: RECIPES["existing-as-run"].define(stack, text, None),
        "live": lambda: _logs(stack, channel=text),
        "vod": lambda: _logs(stack, packaging_group=text),
    }

    by_type[name.removeprefix("existing-")]()

    assert text in str(template_of(stack)["Resources"])


def test_the_policy_of_a_dynamic_reference_is_named_after_all_of_it(stack: Stack) -> None:
    """Two parameters whose names end alike are two channels."""
    recording = _recording(stack)

    for each in ("a", "b"):
        recording.record(f"{{{{resolve:ssm:/{each}/channel}}}}")

    names = {
        resource["Properties"]["PolicyName"].rpartition("-")[2]
        for resource in template_of(stack)["Resources"].values()
        if resource["Type"] == "AWS::IAM::RolePolicy" and "IvsChannel" in str(resource)
    }
    assert len(names) == 2


def test_fails_when_a_duration_is_a_token_in_another_unit(stack: Stack) -> None:
    """CDK cannot convert the value of a token."""
    with pytest.raises(UsageError) as refused:
        _voice(stack, data_retention=Duration.days(_number()))

    assert str(refused.value) == (
        "Stack/It: data_retention must be created with Duration.hours if its value is a token,"
        " got 'days' [DurationUnit]"
    )


def test_fails_when_the_retention_of_a_stream_is_too_short(stack: Stack) -> None:
    """The message is the same as that of the other props."""
    with pytest.raises(UsageError) as refused:
        _stream(stack, retention_period=Duration.hours(1))

    assert str(refused.value) == (
        "Stack/It: retention_period must be 24 to 8760 whole hours,"
        " got 1 [MessagingStreamRetention]"
    )


def test_fails_when_the_name_of_the_bucket_is_not_accepted(stack: Stack) -> None:
    """S3 has older buckets with such names."""
    with pytest.raises(UsageError) as refused:
        _recording(stack, bucket=aws_s3.CfnBucket(stack, "Old", bucket_name="My_Bucket"))

    assert str(refused.value) == (
        "Stack/It: bucket must be a bucket whose name has 3 to 63 characters: lower-case letters,"
        " digits, . and -, got 'My_Bucket' [IvsBucketName]"
    )


def test_fails_when_thumbnails_are_stored_twice_in_the_same_way(stack: Stack) -> None:
    """The schema of the resource accepts each value once."""
    with pytest.raises(UsageError) as refused:
        _recording(stack, thumbnails=Thumbnails.interval(storage=[ThumbnailStorage.LATEST] * 2))

    assert str(refused.value) == (
        "Stack/It: thumbnails must be Thumbnails.disabled(), or Thumbnails.interval with storage"
        " values, each once, got ('INTERVAL', ThumbnailStorage.LATEST, ThumbnailStorage.LATEST)"
        " [IvsThumbnails]"
    )


def test_fails_when_nothing_is_recorded(stack: Stack) -> None:
    """Without renditions, a recording has only thumbnails."""
    with pytest.raises(UsageError) as refused:
        _recording(stack, renditions=Renditions.none(), thumbnails=Thumbnails.disabled())

    assert str(refused.value) == (
        "Stack/It: thumbnails must be a Thumbnails.interval if no renditions are recorded,"
        " got 'DISABLED' [NothingRecorded]"
    )


def test_fails_when_both_a_channel_and_a_packaging_group_are_given(stack: Stack) -> None:
    """A construct logs one owner."""
    with pytest.raises(UsageError) as refused:
        _logs(stack, channel="live", packaging_group="vod")

    assert str(refused.value) == (
        "Stack/It: channel must be omitted if packaging_group is given (use one construct for each"
        " owner), got 'live' [ChannelOrPackagingGroup]"
    )


def test_fails_when_a_known_role_has_another_principal(stack: Stack) -> None:
    """IAM creates another role for that principal."""
    with pytest.raises(UsageError) as refused:
        _role(stack, "AWSServiceRoleForMediaTailor", "mediapackage.amazonaws.com")

    assert str(refused.value) == (
        "Stack/It: definition must be a role of mediatailor.amazonaws.com if its name is"
        " AWSServiceRoleForMediaTailor, got 'mediapackage.amazonaws.com' [RolePrincipal]"
    )


def test_fails_when_the_arguments_of_a_definition_are_swapped() -> None:
    """A service principal has a dot and no capitals."""
    with pytest.raises(UsageError) as refused:
        RoleDefinition("transcribe.amazonaws.com", "AWSServiceRoleForTranscribe")

    assert str(refused.value) == (
        "RoleDefinition: service_principal must be the name of a service such as x.amazonaws.com,"
        " got 'AWSServiceRoleForTranscribe' [ServicePrincipal]"
    )


def test_fails_when_a_construct_is_outside_of_a_stack() -> None:
    """A stage is not a stack either."""
    app = App()
    Construct(app, "Part")

    with pytest.raises(UsageError) as refused:
        VoiceConnectorStreaming(app.node.find_child("Part"), "It", voice_connector=CONNECTOR)  # type: ignore[arg-type]

    assert str(refused.value) == (
        "Part: The construct must be in a stack. Use a stack, or a construct in one, as scope."
        " [OutsideOfStack]"
    )


def test_fails_when_the_channel_is_a_class(stack: Stack) -> None:
    """The message shows the class, not an error about its attributes."""
    with pytest.raises(UsageError) as refused:
        _recording(stack).record(aws_ivs.CfnChannel)  # type: ignore[arg-type]

    assert str(refused.value) == (
        "Stack/It: channel must be a CfnChannel or the ARN of one, got CfnChannel [PropKind]"
    )
