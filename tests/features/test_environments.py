"""The account and region of everything that a feature names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import (
    App,
    Fn,
    NestedStack,
    Stack,
    aws_chime,
    aws_ivs,
    aws_kinesis,
    aws_kms,
    aws_logs,
    aws_mediapackage,
    aws_s3,
    aws_sns,
    aws_sqs,
)

from slr_constructs import (
    AppInstanceStreaming,
    IvsRecordingConfiguration,
    MediaPackageAccessLogging,
    MediaTailorAsRunLogging,
    MediaTailorSessionLogging,
    MessagingStream,
    ServiceLinkedRole,
    UsageError,
    VoiceConnectorStreaming,
)
from tests.features.every_feature import RECIPES, linear_channel, playback_configuration

if TYPE_CHECKING:
    from collections.abc import Callable

    from slr_constructs.catalogue import RoleDefinition

ACCOUNT, OTHER_ACCOUNT = "111122223333", "444455556666"
REGION, OTHER_REGION = "us-east-1", "eu-central-1"
HERE = {"account": ACCOUNT, "region": REGION}
#: the environments that a service may or may not reach.
ELSEWHERE = {
    "account": {"account": OTHER_ACCOUNT, "region": REGION},
    "region": {"account": ACCOUNT, "region": OTHER_REGION},
}
NOTIFICATIONS = "ChimeVoiceConnector-Streaming-calls"


class Place:
    """A stack, and what it names: objects of that stack, or imports with that environment."""

    def __init__(self, stack: Stack, *, imported: bool, env: dict[str, str] | None = None) -> None:
        self.stack = stack
        self.imported = imported
        self.env = {"account": stack.account, "region": stack.region} if env is None else env

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource in this environment."""
        return f"arn:aws:{service}:{self.env['region']}:{self.env['account']}:{resource}"

    def connector(self) -> aws_chime.CfnVoiceConnector:
        """Define a Voice Connector."""
        return aws_chime.CfnVoiceConnector(
            self.stack, "Connector", name="lines", require_encryption=True
        )

    def app_instance(self) -> aws_chime.CfnAppInstance | str:
        """Name an app instance."""
        if self.imported:
            return self.arn("chime", "app-instance/chat")
        return aws_chime.CfnAppInstance(self.stack, "Chat", name="chat")

    def channel(self) -> aws_ivs.CfnChannel | str:
        """Name an IVS channel."""
        if self.imported:
            return self.arn("ivs", "channel/studio")
        return aws_ivs.CfnChannel(self.stack, "Studio")

    def packaging_group(self) -> aws_mediapackage.CfnPackagingGroup | str:
        """Name a packaging group."""
        if self.imported:
            return self.arn("mediapackage-vod", "packaging-groups/films")
        return aws_mediapackage.CfnPackagingGroup(self.stack, "Films", id="films")

    def insights(self) -> aws_chime.CfnMediaInsightsPipelineConfiguration | str:
        """Name a media insights pipeline configuration."""
        if self.imported:
            return self.arn("chime", "media-insights-pipeline-configuration/calls")
        return aws_chime.CfnMediaInsightsPipelineConfiguration(
            self.stack,
            "Insights",
            media_insights_pipeline_configuration_name="calls",
            resource_access_role_arn="arn",
            elements=[],
        )

    def stream(self) -> aws_kinesis.IStream:
        """Name a stream that Chime SDK messaging can write to."""
        if self.imported:
            arn = self.arn("kinesis", "stream/chime-messaging-chat")
            return aws_kinesis.Stream.from_stream_arn(self.stack, "Messages", arn)
        return MessagingStream(self.stack, "Messages")

    def key(self) -> aws_kms.IKey:
        """Name a key."""
        if self.imported:
            return aws_kms.Key.from_key_arn(self.stack, "Key", self.arn("kms", "key/calls"))
        return aws_kms.Key(self.stack, "Key")

    def bucket(self) -> aws_s3.IBucket:
        """Name a bucket."""
        if self.imported:
            return aws_s3.Bucket.from_bucket_attributes(
                self.stack,
                "Bucket",
                bucket_name="recordings",
                account=self.env["account"],
                region=self.env["region"],
            )
        return aws_s3.Bucket(self.stack, "Bucket", bucket_name="recordings")

    def topic(self) -> aws_sns.ITopic:
        """Name a topic."""
        if self.imported:
            return aws_sns.Topic.from_topic_arn(self.stack, "Topic", self.arn("sns", NOTIFICATIONS))
        return aws_sns.Topic(self.stack, "Topic", topic_name=NOTIFICATIONS)

    def queue(self) -> aws_sqs.IQueue:
        """Name a queue."""
        if self.imported:
            return aws_sqs.Queue.from_queue_arn(self.stack, "Queue", self.arn("sqs", NOTIFICATIONS))
        return aws_sqs.Queue(self.stack, "Queue", queue_name=NOTIFICATIONS)

    def log_group(self) -> aws_logs.ILogGroup:
        """Name a log group."""
        name = "/aws/MediaPackage/viewers"
        if self.imported:
            arn = self.arn("logs", f"log-group:{name}")
            return aws_logs.LogGroup.from_log_group_arn(self.stack, "Log", arn)
        return aws_logs.LogGroup(self.stack, "Log", log_group_name=name)

    def role(self, definition: RoleDefinition) -> ServiceLinkedRole:
        """Name a role, which belongs to the stack that declares or imports it."""
        if self.imported:
            return ServiceLinkedRole.from_existing(self.stack, "Role", definition)
        return ServiceLinkedRole(self.stack, "Role", definition=definition)


def _define_recording(stack: Stack, bucket: Any) -> IvsRecordingConfiguration:  # noqa: ANN401
    return IvsRecordingConfiguration(stack, "Feature", bucket=bucket)


def _record(stack: Stack, channel: aws_ivs.CfnChannel | str) -> object:
    bucket = aws_s3.Bucket.from_bucket_name(stack, "Recordings", "recordings")
    return _define_recording(stack, bucket).record(channel)


def _chat(stack: Stack) -> aws_chime.CfnAppInstance:
    return aws_chime.CfnAppInstance(stack, "OwnChat", name="chat")


def _lines(stack: Stack) -> aws_chime.CfnVoiceConnector:
    return aws_chime.CfnVoiceConnector(stack, "OwnLines", name="lines", require_encryption=True)


def _live(stack: Stack) -> aws_mediapackage.CfnChannel:
    return aws_mediapackage.CfnChannel(stack, "OwnLive", id="live")


#: What a feature names: how the first stack names a resource of the place; the parts that must be
#: the same; what the error compares it with; and whether it can be named from outside of the app.
NAMED: dict[str, tuple[Callable[[Stack, Place], object], set[str], str, bool]] = {
    "voice_connector": (
        lambda stack, place: VoiceConnectorStreaming(
            stack, "Feature", voice_connector=place.connector()
        ),
        {"account", "region"},
        "the stack",
        False,
    ),
    "notification_targets, a topic": (
        lambda stack, place: VoiceConnectorStreaming(
            stack, "Feature", voice_connector=_lines(stack), notification_targets=[place.topic()]
        ),
        {"account"},
        "the Voice Connector",
        True,
    ),
    "notification_targets, a queue": (
        lambda stack, place: VoiceConnectorStreaming(
            stack, "Feature", voice_connector=_lines(stack), notification_targets=[place.queue()]
        ),
        {"account"},
        "the Voice Connector",
        True,
    ),
    "media_insights_configuration": (
        lambda stack, place: VoiceConnectorStreaming(
            stack,
            "Feature",
            voice_connector=_lines(stack),
            media_insights_configuration=place.insights(),
        ),
        {"account"},
        "the Voice Connector",
        True,
    ),
    "app_instance": (
        lambda stack, place: AppInstanceStreaming(
            stack,
            "Feature",
            app_instance=place.app_instance(),
            channels=MessagingStream(stack, "M"),
        ),
        {"account", "region"},
        "the stack",
        True,
    ),
    "channels": (
        lambda stack, place: AppInstanceStreaming(
            stack, "Feature", app_instance=_chat(stack), channels=place.stream()
        ),
        {"account", "region"},
        "the app instance",
        True,
    ),
    "channel_messages": (
        lambda stack, place: AppInstanceStreaming(
            stack, "Feature", app_instance=_chat(stack), channel_messages=place.stream()
        ),
        {"account", "region"},
        "the app instance",
        True,
    ),
    "encryption_key": (
        lambda stack, place: MessagingStream(stack, "Feature", encryption_key=place.key()),
        {"region"},
        "the stack",
        True,
    ),
    "bucket": (
        lambda stack, place: _define_recording(stack, place.bucket()),
        {"account", "region"},
        "the stack",
        True,
    ),
    "channel, of IVS": (
        lambda stack, place: _record(stack, place.channel()),
        {"account", "region"},
        "the stack",
        True,
    ),
    "playback_configuration": (
        lambda stack, place: MediaTailorSessionLogging(
            stack, "Feature", playback_configuration=playback_configuration(place.stack)
        ),
        {"account", "region"},
        "the stack",
        False,
    ),
    "channel, of MediaTailor": (
        lambda stack, place: MediaTailorAsRunLogging(
            stack, "Feature", channel=linear_channel(place.stack)
        ),
        {"account", "region"},
        "the stack",
        False,
    ),
    "channel, of MediaPackage": (
        lambda stack, place: MediaPackageAccessLogging(
            stack, "Feature", channel=_live(place.stack)
        ),
        {"account", "region"},
        "the stack",
        False,
    ),
    "packaging_group": (
        lambda stack, place: MediaPackageAccessLogging(
            stack, "Feature", packaging_group=place.packaging_group()
        ),
        {"account", "region"},
        "the stack",
        True,
    ),
    "ingress": (
        lambda stack, place: MediaPackageAccessLogging(
            stack, "Feature", channel=_live(stack), ingress=place.log_group()
        ),
        {"account", "region"},
        "the MediaPackage channel",
        True,
    ),
    "egress": (
        lambda stack, place: MediaPackageAccessLogging(
            stack, "Feature", channel=_live(stack), egress=place.log_group()
        ),
        {"account", "region"},
        "the MediaPackage channel",
        True,
    ),
}
IMPORTED = [name for name, (*_, imported) in NAMED.items() if imported]
CASES = [
    *((name, part, False) for name in NAMED for part in ELSEWHERE),
    *((name, part, True) for name in IMPORTED for part in ELSEWHERE),
]


@pytest.mark.parametrize(("name", "part", "imported"), CASES)
def test_fails_when_the_service_cannot_reach_another_environment(
    name: str,
    part: str,
    imported: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """What the service can reach is accepted, also in another account or region."""
    app = App()
    here, there = Stack(app, "Here", env=HERE), Stack(app, "There", env=ELSEWHERE[part])
    place = Place(here, imported=True, env=ELSEWHERE[part]) if imported else None
    define, same, compared_with, _ = NAMED[name]
    place = place or Place(there, imported=False)

    if part not in same:
        define(here, place)
        return
    with pytest.raises(UsageError) as refused:
        define(here, place)

    assert str(refused.value) == (
        f"Here/Feature: {name.partition(',')[0]} must be in the {part} of {compared_with},"
        f" {HERE[part]}, got '{ELSEWHERE[part][part]}' [OtherEnvironment]"
    )


@pytest.mark.parametrize(("name", "part", "imported"), CASES)
def test_an_environment_is_not_compared_if_one_side_is_unknown(
    name: str,
    part: str,
    imported: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """A stack without an environment may be deployed to any."""
    app = App()
    define, *_ = NAMED[name]
    anywhere, there = Stack(app, "Anywhere"), Stack(app, "There", env=ELSEWHERE[part])
    place = Place(anywhere, imported=True, env=ELSEWHERE[part]) if imported else None

    define(anywhere, place or Place(there, imported=False))
    define(Stack(app, "Here", env=HERE), Place(Stack(app, "Unknown"), imported=False))


@pytest.mark.parametrize("name", NAMED)
def test_a_nested_stack_has_the_environment_of_its_parent(name: str) -> None:
    """It is deployed together with its parent."""
    app = App()
    define, same, *_ = NAMED[name]
    nested = NestedStack(Stack(app, "Here", env=HERE), "Nested")
    part = min(same)

    with pytest.raises(UsageError, match="OtherEnvironment"):
        define(nested, Place(Stack(app, "There", env=ELSEWHERE[part]), imported=False))


@pytest.mark.parametrize("name", [each for each in RECIPES if not each.startswith("existing")])
@pytest.mark.parametrize("imported", [False, True])
def test_fails_when_the_role_is_in_another_account(name: str, imported: bool) -> None:  # noqa: FBT001
    """An account without the role cannot have the feature. All regions share the role."""
    app, recipe = App(), RECIPES[name]
    here = Stack(app, "Here", env=HERE)
    other_region = Stack(app, "Region", env=ELSEWHERE["region"])
    other_account = Stack(app, "Account", env=ELSEWHERE["account"])

    with pytest.raises(UsageError) as refused:
        recipe.define(here, "a", Place(other_account, imported=imported).role(recipe.definition))

    assert str(refused.value) == (
        f"Here/Feature: role must be in the account of the stack, {ACCOUNT},"
        f" got '{OTHER_ACCOUNT}' [OtherEnvironment]"
    )
    role = Place(other_region, imported=imported).role(recipe.definition)
    assert recipe.define(Stack(app, "Again", env=HERE), "a", role).role is role


@pytest.mark.parametrize("part", ELSEWHERE)
def test_fails_when_a_reference_is_to_an_owner_in_another_environment(part: str) -> None:
    """The text is a token, but the owner is known."""
    app = App()
    here = Stack(app, "Here", env=HERE, cross_region_references=True)
    there = Stack(app, "There", env=ELSEWHERE[part], cross_region_references=True)
    channel = aws_ivs.CfnChannel(there, "Studio")

    with pytest.raises(UsageError, match=f"channel must be in the {part} of the stack"):
        _record(here, channel.attr_arn)


def test_a_stream_is_compared_with_the_app_instance() -> None:
    """The stack has no environment, but both ARNs have one."""
    stack = Stack(App(), "Anywhere")
    app_instance = Place(stack, imported=True, env=HERE).app_instance()
    stream = Place(stack, imported=True, env=ELSEWHERE["region"]).stream()

    with pytest.raises(UsageError, match="in the region of the app instance, us-east-1"):
        AppInstanceStreaming(stack, "Feature", app_instance=app_instance, channels=stream)


@pytest.mark.parametrize(
    "channel",
    [
        f"arn:aws-cn:ivs:{REGION}:{ACCOUNT}:channel/studio",
        f"arn:aws-us-gov:ivs:{REGION}:{ACCOUNT}:channel/studio",
    ],
)
def test_fails_when_the_partition_is_not_that_of_the_region(channel: str) -> None:
    """An ARN of another partition has the region of one, and is in none of them."""
    with pytest.raises(UsageError, match="in the partition of the stack, aws, got 'aws-"):
        _record(Stack(App(), "Here", env=HERE), channel)


@pytest.mark.parametrize(
    "arn",
    [
        "{{resolve:ssm:/live/channel}}",
        f"arn:aws:ivs:{{{{resolve:ssm:/live/region}}}}:{ACCOUNT}:channel/studio",
        f"arn:aws:ivs:{REGION}:{{{{resolve:ssm:account:1}}}}:channel/studio",
        f"arn:{{{{resolve:ssm:{OTHER_REGION}:{OTHER_ACCOUNT}:x}}}}:ivs:{REGION}:{ACCOUNT}:channel/a",
    ],
)
def test_a_dynamic_reference_is_unknown(arn: str) -> None:
    """CloudFormation replaces it at deployment; it is neither an account nor a region."""
    _record(Stack(App(), "Here", env=HERE), arn)


def test_a_key_whose_region_is_a_dynamic_reference_is_unknown() -> None:
    """CDK splits the ARN at the colons of the dynamic reference."""
    stack = Stack(App(), "Here", env=HERE)
    arn = f"arn:aws:kms:{{{{resolve:ssm:region}}}}:{ACCOUNT}:key/calls"

    MessagingStream(stack, "Stream", encryption_key=aws_kms.Key.from_key_arn(stack, "Key", arn))
    imported = aws_kms.Key.from_key_arn(stack, "Imported", Fn.import_value("KeyArn"))
    MessagingStream(stack, "Other", encryption_key=imported)
