"""Voice Connector streaming: the audio of calls, to Kinesis Video Streams.

CloudFormation has a resource type for the Voice Connector, but none for its streaming. So the
stack's function configures the streaming, and removes it before the connector is deleted.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from aws_cdk import Duration, aws_chime, aws_sns, aws_sqs

from slr_constructs import catalogue, permissions
from slr_constructs.errors import check, check_kind, check_name
from slr_constructs.handler.slr_handler import contract, rules
from slr_constructs.ordering import define_configuration
from slr_constructs.provider import arn
from slr_constructs.service_linked_role import ServiceLinkedRole, role_for
from slr_constructs.stack_parts import Feature

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import CfnResource
    from constructs import Construct

_TARGETS = "a list of NotificationTarget, ITopic or IQueue values"


class NotificationTarget(Enum):
    """The service that receives an event when a stream has started, ended or failed."""

    EVENT_BRIDGE = "EventBridge"

    #: A topic named `ChimeVoiceConnector-Streaming…`; the role cannot publish to other topics.
    SNS = "SNS"

    #: A queue named `ChimeVoiceConnector-Streaming…`; the role cannot send to other queues.
    SQS = "SQS"


class VoiceConnectorStreaming(Feature):
    """Stream the audio of a Voice Connector's calls to Kinesis Video Streams.

    Defines one custom resource, `<id>/Resource`, and the permissions of the stack's function for
    it. The custom resource is created after the role, and deleted before the role and before the
    connector.

    Args:
        voice_connector: The connector in this app, or the id of an existing one.

        data_retention: How long Kinesis keeps the audio, in whole hours. Default: no audio is
            retained.

        enabled: Whether calls are streamed. False keeps the configuration, but streams no calls.
            Default: calls are streamed.

        notification_targets: The services that receive an event when a stream has started, ended or
            failed. A topic or queue can be given instead of SNS or SQS: then its name is checked,
            and a topic or queue of the app is created first. Default: EventBridge.

        media_insights_configuration_arn: The media insights pipeline configuration that analyzes
            the calls. Default: calls are not analyzed.

        role: The role `AWSServiceRoleForAmazonChimeVoiceConnector`. Default: the role of the stack,
            declared on first use.

    Raises:
        UsageError: A prop breaks its rule (`VoiceConnectorId`, `DataRetentionWholeHours`,
            `NotificationTargets`, `NotificationName`, `MediaInsightsConfigurationArn`), the role
            belongs to another service (`RoleOfAnotherService`), or another construct streams this
            connector (`FeatureSetTwice`).
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
            allowed=_TARGETS,
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
        self._resource = define_configuration(
            self,
            wanted,
            owner=voice_connector,
            owner_type="Voice Connector",
            feature_name="streaming",
            target=self._voice_connector_id,
            role=self._role,
            definition=catalogue.CHIME_VOICE_CONNECTOR,
            props={
                "voice_connector_id": "voice_connector",
                "data_retention_in_hours": "data_retention",
            },
            permissions=[permissions.stream_voice_connector(connector, *insights)],
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
    def clean_up(self) -> CfnResource:
        """The resource that disables streaming on delete, after all resources that depend on it."""
        return self._resource

    def _hours(self, retention: Duration | None) -> int:
        check_kind(
            retention, Duration, at=self, prop="data_retention", allowed="a Duration", optional=True
        )
        if retention is None:
            return 0
        hours: float = retention.to_hours(integral=False)
        check(rules.DATA_RETENTION, hours, at=self, prop="data_retention")
        # a number token is a large negative number and must not change
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
            allowed=_TARGETS,
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
