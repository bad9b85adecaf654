"""Voice Connector streaming: the audio of calls, to Kinesis Video Streams.

CloudFormation has the Voice Connector and no type for its streaming, so the stack's function puts
it and, before the connector goes, deletes it again.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from aws_cdk import Duration, aws_chime, aws_sns, aws_sqs

from slr_constructs import catalogue, rights
from slr_constructs.errors import check, check_kind, check_name
from slr_constructs.handler.slr_handler import contract, rules
from slr_constructs.ordering import define_put
from slr_constructs.provider import arn
from slr_constructs.service_linked_role import ServiceLinkedRole, role_for
from slr_constructs.stack_parts import Feature

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import CfnResource
    from constructs import Construct


class NotificationTarget(Enum):
    """Where Chime announces that a stream has started, ended or failed."""

    EVENT_BRIDGE = "EventBridge"

    #: A topic that is named `ChimeVoiceConnector-Streaming…`: the role publishes to no other.
    SNS = "SNS"

    #: A queue that is named `ChimeVoiceConnector-Streaming…`: the role sends to no other.
    SQS = "SQS"


class VoiceConnectorStreaming(Feature):
    """Stream the audio of a Voice Connector's calls to Kinesis Video Streams.

    Defines one custom resource, `<id>/Resource`, and the rights of the stack's function for it. It
    is created after the role, and deleted before the role and before the connector.

    Args:
        voice_connector: The connector in this app, or the id of an existing one.

        data_retention: How long Kinesis keeps the audio; whole hours. Default: nothing is kept
            once it has been delivered.

        enabled: Whether calls are streamed; False keeps the configuration and streams nothing.
            Default: they are.

        notification_targets: Who is told that a stream has started, ended or failed; a topic or
            queue of the app stands for SNS or SQS, has its name checked and is created first.
            Default: EventBridge.

        media_insights_configuration_arn: The media insights pipeline configuration that analyses
            the calls. Default: calls are not analysed.

        role: The role `AWSServiceRoleForAmazonChimeVoiceConnector`. Default: that of the stack,
            declared on first use.

    Raises:
        UsageError: A prop breaks its rule (`VoiceConnectorId`, `DataRetentionWholeHours`,
            `NotificationTargets`, `NotificationName`, `MediaInsightsConfigurationArn`), the role
            is another one (`RoleOfAnotherService`), or another construct streams this connector
            (`FeatureSetTwice`).
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        voice_connector: aws_chime.CfnVoiceConnector | str,
        data_retention: Duration | None = None,
        enabled: bool = True,
        notification_targets: Sequence[NotificationTarget | aws_sns.ITopic | aws_sqs.IQueue] = (
            NotificationTarget.EVENT_BRIDGE,
        ),
        media_insights_configuration_arn: str | None = None,
        role: ServiceLinkedRole | None = None,
    ) -> None:
        super().__init__(scope, id)
        check_kind(
            voice_connector,
            aws_chime.CfnVoiceConnector,
            str,
            at=self,
            prop="voice_connector",
            allowed="a CfnVoiceConnector or the id of one",
        )
        check_kind(enabled, bool, at=self, prop="enabled", allowed="True or False")
        check_kind(
            notification_targets,
            list,
            tuple,
            at=self,
            prop="notification_targets",
            allowed="a list of NotificationTarget, topics and queues",
        )
        self._voice_connector_id = (
            voice_connector
            if isinstance(voice_connector, str)
            else voice_connector.attr_voice_connector_id
        )
        wanted = contract.VoiceConnectorStreaming(
            voice_connector_id=self._voice_connector_id,
            data_retention_in_hours=self._hours(data_retention),
            enabled=enabled,
            notification_targets=tuple(map(self._target, notification_targets)),
            media_insights_configuration_arn=media_insights_configuration_arn,
        )
        connector = arn("chime", "vc/", self._voice_connector_id)
        insights = [media_insights_configuration_arn] if media_insights_configuration_arn else []
        self._role = role_for(self, role, catalogue.CHIME_VOICE_CONNECTOR)
        self._resource = define_put(
            self,
            wanted,
            owner=voice_connector,
            prop="voice_connector",
            thing=self._voice_connector_id,
            role=self._role,
            definition=catalogue.CHIME_VOICE_CONNECTOR,
            props={
                "voice_connector_id": "voice_connector",
                "data_retention_in_hours": "data_retention",
            },
            rights=[rights.stream_voice_connector(connector, *insights)],
        )
        for target in notification_targets:
            if not isinstance(target, NotificationTarget):
                self._resource.node.add_dependency(target)

    @property
    def voice_connector_id(self) -> str:
        """The Voice Connector's id."""
        return self._voice_connector_id

    @property
    def role(self) -> ServiceLinkedRole:
        """The role that writes the streams."""
        return self._role

    @property
    def release(self) -> CfnResource:
        """What switches streaming off when it is deleted; whatever depends on it goes before."""
        return self._resource

    def _hours(self, retention: Duration | None) -> int:
        check_kind(
            retention, Duration, at=self, prop="data_retention", allowed="a Duration", optional=True
        )
        if retention is None:
            return 0
        hours: float = retention.to_hours(integral=False)
        check(rules.DATA_RETENTION, hours, at=self, prop="data_retention")
        # a number token is far below zero and stays as it is
        return int(hours) if hours >= 0 else hours  # type: ignore[return-value]

    def _target(self, target: NotificationTarget | aws_sns.ITopic | aws_sqs.IQueue) -> str:
        if isinstance(target, NotificationTarget):
            return target.value
        check_kind(
            target,
            "topic_name",
            "queue_name",
            at=self,
            prop="notification_targets",
            allowed="a list of NotificationTarget, topics and queues",
        )
        resource = target.node.default_child
        if isinstance(resource, aws_sns.CfnTopic):
            kind, name = NotificationTarget.SNS, resource.topic_name
        elif isinstance(resource, aws_sqs.CfnQueue):
            kind, name = NotificationTarget.SQS, resource.queue_name
        elif hasattr(target, "topic_name"):
            kind, name = NotificationTarget.SNS, target.topic_name
        else:
            kind, name = NotificationTarget.SQS, target.queue_name
        check_name(rules.NOTIFICATION_NAME, name, at=self, prop="notification_targets")
        return kind.value
