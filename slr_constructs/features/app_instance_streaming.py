"""App instance streaming: the channels and messages of Chime SDK messaging, to Kinesis.

CloudFormation has the app instance and no type for its streaming, so the stack's function puts it
and, before the app instance and its streams go, deletes it again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aws_cdk import Duration, Names, RemovalPolicy, Stack, Token, aws_chime, aws_kinesis, aws_kms

from slr_constructs import catalogue, rights
from slr_constructs.errors import UsageError, check, check_kind, check_name
from slr_constructs.handler.slr_handler import contract, rules
from slr_constructs.ordering import define_put
from slr_constructs.provider import last_part
from slr_constructs.service_linked_role import ServiceLinkedRole, role_for
from slr_constructs.stack_parts import Feature, parts_of

if TYPE_CHECKING:
    from aws_cdk import CfnResource
    from constructs import Construct

_PREFIX = "chime-messaging-"
_NAME_CHARACTERS = 128


class MessagingStream(aws_kinesis.Stream):
    """A Kinesis stream that Chime SDK messaging can write to.

    It has what the service asks for: a name that starts with `chime-messaging-`, two shards or
    more, and encryption. It goes with the stack, for what it holds is on its way elsewhere; apply
    another removal policy to keep it.

    Args:
        stream_name: Its name, starting with `chime-messaging-`. Default: the prefix, and a name
            made from the construct's path.

        shard_count: How many shards it has, 2 or more. Default: on-demand, which starts with four.

        encryption_key: The key that encrypts it. Default: the key of the account that AWS manages
            for Kinesis, `alias/aws/kinesis`.

        retention_period: How long it keeps records, 24 hours to 365 days. Default: 24 hours.

    Raises:
        UsageError: The name lacks the prefix (`MessagingStreamName`) or there is one shard alone
            (`MessagingStreamShards`).
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
        path = f"{scope.node.path}/{id}"
        check(rules.MESSAGING_STREAM_NAME, stream_name, at=path, prop="stream_name")
        check(rules.MESSAGING_STREAM_SHARDS, shard_count, at=path, prop="shard_count")
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
        if stream_name is None:
            name = Names.unique_resource_name(
                self, max_length=_NAME_CHARACTERS - len(_PREFIX), separator="-"
            )
            cast("aws_kinesis.CfnStream", self.node.default_child).name = _PREFIX + name


class AppInstanceStreaming(Feature):
    """Stream an app instance's channels, messages or both to Kinesis.

    Defines one custom resource, `<id>/Resource`, and the rights of the stack's function for it. It
    is created after the role and the streams, and deleted before them and before the app instance.

    Args:
        app_instance: The app instance in this app, or the ARN of an existing one.

        channels: The stream for what happens to channels. None: channels are not streamed.

        channel_messages: The stream for what happens to messages; it may be the same. None:
            messages are not streamed.

        role: The role `AWSServiceRoleForChimeSDKMessaging`, or the one it replaced. Default: that
            of the stack, declared on first use.

    Raises:
        UsageError: The ARN is not that of an app instance (`AppInstanceArn`); a stream has the
            wrong name or ARN, one shard, no encryption, or another account or region
            (`MessagingStreamName`, `MessagingStreamArn`, `MessagingStreamShards`,
            `MessagingStreamEncryption`, `MessagingStreamEnvironment`); there is no stream at all
            (`NothingStreamed`); the role is another one (`RoleOfAnotherService`); or another
            construct streams this app instance (`FeatureSetTwice`).
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        app_instance: aws_chime.CfnAppInstance | str,
        channels: aws_kinesis.IStream | None,
        channel_messages: aws_kinesis.IStream | None,
        role: ServiceLinkedRole | None = None,
    ) -> None:
        super().__init__(scope, id)
        check_kind(
            app_instance,
            aws_chime.CfnAppInstance,
            str,
            at=self,
            prop="app_instance",
            allowed="a CfnAppInstance or the ARN of one",
        )
        for prop, stream in (("channels", channels), ("channel_messages", channel_messages)):
            check_kind(stream, "stream_arn", at=self, prop=prop, allowed="a stream", optional=True)
        streams = {"channels": channels, "channel_messages": channel_messages}
        given = {prop: stream for prop, stream in streams.items() if stream is not None}
        if not given:
            raise UsageError(
                "NothingStreamed",
                at=self,
                prop="channels",
                allowed="a stream, if channel_messages is none",
                got=None,
            )
        for prop, stream in given.items():
            self._check_stream(prop, stream)
        self._app_instance_arn = (
            app_instance if isinstance(app_instance, str) else app_instance.attr_app_instance_arn
        )
        # one stream may be both
        arn_of = {stream: stream.stream_arn for stream in dict.fromkeys(given.values())}
        arns = {prop: arn_of[stream] for prop, stream in given.items()}
        wanted = contract.AppInstanceStreaming(
            app_instance_arn=self._app_instance_arn,
            channels_stream_arn=arns.get("channels"),
            channel_messages_stream_arn=arns.get("channel_messages"),
        )
        self._role = role_for(
            self, role, catalogue.CHIME_MESSAGING, catalogue.CHIME_MESSAGING_LEGACY
        )
        self._resource = define_put(
            self,
            wanted,
            owner=app_instance,
            prop="app_instance",
            thing=last_part(self._app_instance_arn),
            role=self._role,
            # today's role, even for a stack that has adopted the older one
            definition=catalogue.CHIME_MESSAGING,
            props={
                "app_instance_arn": "app_instance",
                "channels_stream_arn": "channels",
                "channel_messages_stream_arn": "channel_messages",
            },
            rights=self._rights(arn_of),
        )

    @property
    def app_instance_arn(self) -> str:
        """The app instance's ARN."""
        return self._app_instance_arn

    @property
    def role(self) -> ServiceLinkedRole:
        """The role that writes to the streams."""
        return self._role

    @property
    def release(self) -> CfnResource:
        """What switches streaming off when it is deleted; whatever depends on it goes before."""
        return self._resource

    def _rights(self, streams: dict[aws_kinesis.IStream, str]) -> list[rights.Right]:
        needed = [
            rights.stream_app_instance(self._app_instance_arn),
            rights.write_to_streams(*streams.values()),
        ]
        keys = [stream.encryption_key for stream in streams]
        key_arns = dict.fromkeys(key.key_arn for key in keys if key is not None)
        if key_arns:
            needed.append(rights.encrypt_for_streams(*key_arns))
        return needed

    def _check_stream(self, prop: str, stream: aws_kinesis.IStream) -> None:
        if isinstance(stream, MessagingStream):
            if parts_of(stream) is not parts_of(self):
                self._check_environment(prop, stream)
            return
        self._check_environment(prop, stream)
        resource = stream.node.default_child
        if not isinstance(resource, aws_kinesis.CfnStream):
            # imported: its name is all that is known
            check(rules.MESSAGING_STREAM_NAME, stream.stream_name, at=self, prop=prop)
            return
        check_name(rules.MESSAGING_STREAM_NAME, resource.name, at=self, prop=prop)
        check(rules.MESSAGING_STREAM_SHARDS, resource.shard_count, at=self, prop=prop)
        # not `stream_encryption`, which jsii cannot read where CDK leaves it to a condition
        if resource._cfn_properties.get("streamEncryption") is None:  # noqa: SLF001
            raise UsageError(
                "MessagingStreamEncryption",
                at=self,
                prop=prop,
                allowed="encrypted",
                got=stream.node.path,
            )

    def _check_environment(self, prop: str, stream: aws_kinesis.IStream) -> None:
        stack, there = Stack.of(self), stream.env
        for what, ours, theirs in (
            ("region", stack.region, there.region),
            ("account", stack.account, there.account),
        ):
            known = not Token.is_unresolved(ours) and not Token.is_unresolved(theirs)
            if known and ours != theirs:
                raise UsageError(
                    "MessagingStreamEnvironment",
                    at=self,
                    prop=prop,
                    allowed=f"in the {what} of the app instance, {ours}",
                    got=theirs,
                )
