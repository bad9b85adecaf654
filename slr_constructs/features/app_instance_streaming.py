"""App instance streaming: the channels and messages of Chime SDK messaging, to Kinesis.

CloudFormation has a resource type for the app instance, but none for its streaming. So the stack's
function configures the streaming, and removes it before the app instance and its streams are
deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aws_cdk import Duration, Names, RemovalPolicy, aws_chime, aws_kinesis, aws_kms

from slr_constructs._arn import last_part
from slr_constructs._environment import check_environment
from slr_constructs._errors import amount_of, check, check_kind, check_name
from slr_constructs._feature import FeatureWithCleanUp, owner_of
from slr_constructs._ordering import define_configuration
from slr_constructs._permissions import Permission
from slr_constructs._registry import parts_of
from slr_constructs._service_linked_role import ServiceLinkedRole, role_for
from slr_constructs._usage_error import UsageError
from slr_constructs.catalogue.app_instance_streaming import (
    APP_INSTANCE,
    CHIME_MESSAGING,
    CHIME_MESSAGING_LEGACY,
)
from slr_constructs.handler.slr_handler import contract, rules

if TYPE_CHECKING:
    from constructs import Construct, IConstruct

_PREFIX = "chime-messaging-"
_NAME_CHARACTERS = 128


class MessagingStream(aws_kinesis.Stream):
    """A Kinesis stream that Chime SDK messaging can write to.

    It has what the service requires: a name that starts with `chime-messaging-`, at least two
    shards, and encryption. The stream is deleted with the stack, because it holds its records only
    temporarily. To keep the stream, apply another removal policy.

    Args:
        stream_name: The name of the stream, which starts with `chime-messaging-`. Default: the
            prefix and a name that CDK generates from the construct's path.

        shard_count: The number of shards, 2 or more. Default: the stream is on-demand and starts
            with four shards.

        encryption_key: The key that encrypts the stream. Default: the AWS managed key of the
            account for Kinesis, `alias/aws/kinesis`.

        retention_period: How long the stream keeps records, 24 hours to 365 days. Default: 24
            hours.

    Raises:
        UsageError: The name lacks the prefix (`MessagingStreamName`), the stream has only one shard
            (`MessagingStreamShards`), the retention is too short or too long
            (`MessagingStreamRetention`) or a token in another unit than hours (`DurationUnit`), or
            the key is in another region (`OtherEnvironment`).
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        stream_name: str | None = None,
        shard_count: int | None = None,
        encryption_key: aws_kms.IKey | None = None,
        retention_period: Duration | None = None,
    ) -> None:
        check_kind("MessagingStream", "scope", scope, "a construct in a stack", "node")
        # CDK's own error for a scope outside of a stack has another form
        parts_of(scope)
        path = f"{scope.node.path}/{id}"
        check(rules.MESSAGING_STREAM_NAME, stream_name, at=path, prop="stream_name")
        shards = rules.MESSAGING_STREAM_SHARDS
        check_kind(path, "shard_count", shard_count, shards.allowed, int, float, optional=True)
        check(shards, shard_count, at=path, prop="shard_count")
        check_kind(path, "encryption_key", encryption_key, "an IKey", "key_arn", optional=True)
        hours = amount_of(path, "retention_period", retention_period, "hours")
        check(rules.MESSAGING_STREAM_RETENTION, hours, at=path, prop="retention_period")
        super().__init__(
            scope,
            id,
            stream_name=stream_name,
            stream_mode=(
                aws_kinesis.StreamMode.ON_DEMAND
                if shard_count is None
                else aws_kinesis.StreamMode.PROVISIONED
            ),
            shard_count=shard_count,
            encryption=(
                aws_kinesis.StreamEncryption.MANAGED
                if encryption_key is None
                else aws_kinesis.StreamEncryption.KMS
            ),
            encryption_key=encryption_key,
            retention_period=retention_period,
            removal_policy=RemovalPolicy.DESTROY,
        )
        if encryption_key is not None:
            # KMS Developer Guide: a key can be used only in its region, but by other accounts
            check_environment(self, "encryption_key", encryption_key, "region")
        if stream_name is None:
            name = Names.unique_resource_name(
                self, max_length=_NAME_CHARACTERS - len(_PREFIX), separator="-"
            )
            cast("aws_kinesis.CfnStream", self.node.default_child).name = _PREFIX + name


class AppInstanceStreaming(FeatureWithCleanUp):
    """Stream an app instance's channels, messages or both to Kinesis.

    Defines one custom resource, `<id>/Resource`, and the permissions of the stack's function for
    it. The custom resource is created after the role and the streams, and deleted before them and
    before the app instance.

    Args:
        app_instance: The app instance in this app, or the ARN of an existing one.

        channels: The stream for the events of channels. Default: channels are not streamed.

        channel_messages: The stream for the events of messages, which may be the same stream. At
            least one of the two is required. Default: messages are not streamed.

        role: The role `AWSServiceRoleForChimeSDKMessaging`, or the role that it replaced. Default:
            the role of the stack, declared on first use.

    Raises:
        UsageError: The ARN is not the ARN of an app instance (`AppInstanceArn`); the app instance
            is in another account or region than the stack, or a stream in another one than the app
            instance (`OtherEnvironment`); a stream has an invalid name or ARN, only one shard, or
            no encryption (`MessagingStreamName`, `MessagingStreamArn`, `MessagingStreamShards`,
            `MessagingStreamEncryption`); both streams are None (`NothingStreamed`); the role
            belongs to another service (`RoleOfAnotherService`); or another construct streams this
            app instance (`FeatureSetTwice`).
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        app_instance: aws_chime.CfnAppInstance | IConstruct | str,
        channels: aws_kinesis.IStream | None = None,
        channel_messages: aws_kinesis.IStream | None = None,
        role: ServiceLinkedRole | None = None,
    ) -> None:
        super().__init__(scope, id)
        owner = owner_of(
            self,
            "app_instance",
            app_instance,
            "a CfnAppInstance or the ARN of one",
            aws_chime.CfnAppInstance,
        )
        for prop, stream in (("channels", channels), ("channel_messages", channel_messages)):
            check_kind(self, prop, stream, "an IStream or None", "stream_arn", optional=True)
        streams = {"channels": channels, "channel_messages": channel_messages}
        given = {prop: stream for prop, stream in streams.items() if stream is not None}
        if not given:
            raise UsageError(
                "NothingStreamed",
                at=self,
                prop="channels",
                allowed="an IStream if channel_messages is None",
                got=None,
            )
        for prop, stream in given.items():
            self._check_stream(prop, stream, owner)
        self._app_instance_arn = owner if isinstance(owner, str) else owner.attr_app_instance_arn
        # both props may have the same stream
        arn_of = {stream: stream.stream_arn for stream in dict.fromkeys(given.values())}
        arns = {prop: arn_of[stream] for prop, stream in given.items()}
        wanted = contract.AppInstanceStreaming(
            app_instance_arn=self._app_instance_arn,
            channels_stream_arn=arns.get("channels"),
            channel_messages_stream_arn=arns.get("channel_messages"),
            outside_of_stack=isinstance(owner, str) or None,
        )
        self._role = role_for(self, role, CHIME_MESSAGING, CHIME_MESSAGING_LEGACY)
        self._clean_up = define_configuration(
            self,
            APP_INSTANCE,
            wanted,
            owner=owner,
            name=last_part(self._app_instance_arn),
            arn=self._app_instance_arn,
            props={
                "app_instance_arn": "app_instance",
                "channels_stream_arn": "channels",
                "channel_messages_stream_arn": "channel_messages",
            },
            permissions=self._permissions(arn_of, wanted),
        )

    @property
    def app_instance_arn(self) -> str:
        """The app instance's ARN."""
        return self._app_instance_arn

    def _permissions(
        self, streams: dict[aws_kinesis.IStream, str], wanted: contract.AppInstanceStreaming
    ) -> list[Permission]:
        to_write, to_encrypt = APP_INSTANCE.requirements
        # an existing app instance may have streams, which stay or are given back
        arns = [{"Fn::Sub": to_write.resource_here}] if wanted.marks_owner else [*streams.values()]
        needed = [Permission(to_write.actions, arns)]
        keys = [stream.encryption_key for stream in streams]
        key_arns = dict.fromkeys(key.key_arn for key in keys if key is not None)
        if key_arns:
            needed.append(Permission(to_encrypt.actions, [*key_arns]))
        return needed

    def _check_stream(
        self, prop: str, stream: aws_kinesis.IStream, owner: aws_chime.CfnAppInstance | str
    ) -> None:
        # Chime SDK Developer Guide, "Streaming messaging data": the stream must be in the account
        # and region of the app instance
        check_environment(
            self, prop, stream, "account", "region", of=owner, place=f"the {APP_INSTANCE.name}"
        )
        if isinstance(stream, MessagingStream):
            return
        resource = stream.node.default_child
        if not isinstance(resource, aws_kinesis.CfnStream):
            # imported: only its name is known
            check(rules.MESSAGING_STREAM_NAME, stream.stream_name, at=self, prop=prop)
            return
        check_name(rules.MESSAGING_STREAM_NAME, resource.name, at=self, prop=prop)
        check(rules.MESSAGING_STREAM_SHARDS, resource.shard_count, at=self, prop=prop)
        # not `stream_encryption`: jsii cannot read it if CDK makes it depend on a condition
        if resource._cfn_properties.get("streamEncryption") is None:  # noqa: SLF001
            raise UsageError(
                "MessagingStreamEncryption",
                at=self,
                prop=prop,
                allowed="encrypted",
                got=stream,
            )
