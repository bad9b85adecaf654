"""Voice Connector streaming: the audio of calls, to Kinesis Video Streams.

CloudFormation has a resource type for the Voice Connector, but none for its streaming. So the
stack's function configures the streaming, and removes it before the connector is deleted.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

import aws_cdk
from aws_cdk import Duration, aws_chime

from slr_constructs._environment import check_environment
from slr_constructs._errors import amount_of, check, check_kind, check_name
from slr_constructs._feature import FeatureWithCleanUp, named_by, owner_of
from slr_constructs._l1 import l1_of
from slr_constructs._ordering import define_configuration
from slr_constructs._permissions import Permission
from slr_constructs._service_linked_role import ServiceLinkedRole, role_for
from slr_constructs.catalogue.voice_connector_streaming import (
    CHIME_VOICE_CONNECTOR,
    VOICE_CONNECTOR,
)
from slr_constructs.handler.slr_handler import contract, rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    # `aws_cdk` imports them on first use
    from aws_cdk import aws_sns, aws_sqs
    from constructs import Construct, IConstruct

    from slr_constructs._permissions import Arn

_TARGETS = "a list of NotificationTarget, ITopic or IQueue values"


class NotificationTarget(Enum):
    """The service that receives an event when a stream has started, ended or failed."""

    EVENT_BRIDGE = "EventBridge"

    #: A topic named `ChimeVoiceConnector-Streaming…`; the role cannot publish to other topics.
    SNS = "SNS"

    #: A queue named `ChimeVoiceConnector-Streaming…`; the role cannot send to other queues.
    SQS = "SQS"


class VoiceConnectorStreaming(FeatureWithCleanUp):
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
            and a topic or queue of the app is created first. It is in the account of the
            connector. Default: EventBridge.

        media_insights_configuration: The media insights pipeline configuration that analyzes the
            calls, or its ARN. It is in the account of the connector. Default: calls are not
            analyzed.

        role: The role `AWSServiceRoleForAmazonChimeVoiceConnector`. Default: the role of the stack,
            declared on first use.

    Raises:
        UsageError: A prop breaks its rule (`VoiceConnectorId`, `DataRetentionWholeHours`,
            `NotificationTargets`, `NotificationName`, `MediaInsightsConfigurationArn`), the
            retention is a token in another unit than hours (`DurationUnit`), the connector or
            another resource is in another account or region (`OtherEnvironment`), the role belongs
            to another service (`RoleOfAnotherService`), or another construct streams this connector
            (`FeatureSetTwice`).
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        voice_connector: aws_chime.CfnVoiceConnector | IConstruct | str,
        data_retention: Duration | None = None,
        enabled: bool = True,
        notification_targets: Sequence[NotificationTarget | aws_sns.ITopic | aws_sqs.IQueue] = (
            NotificationTarget.EVENT_BRIDGE,
        ),
        media_insights_configuration: (
            aws_chime.CfnMediaInsightsPipelineConfiguration | IConstruct | str | None
        ) = None,
        role: ServiceLinkedRole | None = None,
    ) -> None:
        super().__init__(scope, id)
        owner = owner_of(
            self,
            "voice_connector",
            voice_connector,
            "a CfnVoiceConnector or the id of one",
            aws_chime.CfnVoiceConnector,
        )
        check_kind(self, "enabled", enabled, "True or False", bool)
        check_kind(self, "notification_targets", notification_targets, _TARGETS, list, tuple)
        self._voice_connector_id = (
            owner if isinstance(owner, str) else owner.attr_voice_connector_id
        )
        insights = self._insights(media_insights_configuration, owner)
        wanted = contract.VoiceConnectorStreaming(
            voice_connector_id=self._voice_connector_id,
            data_retention_in_hours=self._hours(data_retention),
            enabled=enabled,
            notification_targets=tuple(self._target(each, owner) for each in notification_targets),
            media_insights_configuration_arn=insights,
            outside_of_stack=isinstance(owner, str) or None,
        )
        self._role = role_for(self, role, CHIME_VOICE_CONNECTOR)
        self._clean_up = define_configuration(
            self,
            VOICE_CONNECTOR,
            wanted,
            owner=owner,
            name=self._voice_connector_id,
            props={
                "voice_connector_id": "voice_connector",
                "data_retention_in_hours": "data_retention",
                "media_insights_configuration_arn": "media_insights_configuration",
            },
            permissions=self._permissions(insights, wanted),
        )
        for target in notification_targets:
            if not isinstance(target, NotificationTarget):
                self._clean_up.node.add_dependency(target)

    @property
    def voice_connector_id(self) -> str:
        """The Voice Connector's id."""
        return self._voice_connector_id

    def _permissions(
        self, given: str | None, wanted: contract.VoiceConnectorStreaming
    ) -> list[Permission]:
        (analyze,) = VOICE_CONNECTOR.requirements
        # an existing connector may have any configuration, which stays or is given back
        arns: list[Arn] = [{"Fn::Sub": analyze.resource_here}] if wanted.marks_owner else []
        # AWS does not document that the configuration must be in the region of the connector
        arns += [] if given is None else [given]
        return [Permission(analyze.actions, arns)] if arns else []

    def _insights(self, given: object, owner: aws_chime.CfnVoiceConnector | str) -> str | None:
        if given is None:
            return None
        configuration = named_by(
            self,
            "media_insights_configuration",
            given,
            "a CfnMediaInsightsPipelineConfiguration or the ARN of one",
            aws_chime.CfnMediaInsightsPipelineConfiguration,
        )
        # Chime has no policies on resources that could allow its role another account [inferred]
        check_environment(
            self,
            "media_insights_configuration",
            configuration,
            "account",
            of=owner,
            place="the Voice Connector",
        )
        if isinstance(configuration, str):
            return configuration
        return configuration.attr_media_insights_pipeline_configuration_arn

    def _hours(self, retention: Duration | None) -> int:
        hours = amount_of(self, "data_retention", retention, "hours")
        if hours is None:
            return 0
        check(rules.DATA_RETENTION, hours, at=self, prop="data_retention")
        # a number token is a large negative number and must not change
        return int(hours) if hours >= 0 else hours  # type: ignore[return-value]

    def _target(
        self,
        target: NotificationTarget | aws_sns.ITopic | aws_sqs.IQueue,
        owner: aws_chime.CfnVoiceConnector | str,
    ) -> str:
        if isinstance(target, NotificationTarget):
            return target.value
        check_kind(self, "notification_targets", target, _TARGETS, "topic_name", "queue_name")
        prop = "notification_targets"
        # the request has only the kind of the target, so Chime cannot know another account
        # ([botocore], StreamingNotificationTarget); the region of the target is not documented
        check_environment(self, prop, target, "account", of=owner, place="the Voice Connector")
        if topic := l1_of(target, aws_cdk.aws_sns.CfnTopic):
            kind, name = NotificationTarget.SNS, topic.topic_name
        elif queue := l1_of(target, aws_cdk.aws_sqs.CfnQueue):
            kind, name = NotificationTarget.SQS, queue.queue_name
        elif hasattr(target, "topic_name"):
            kind, name = NotificationTarget.SNS, target.topic_name
        else:
            kind, name = NotificationTarget.SQS, target.queue_name
        check_name(rules.NOTIFICATION_NAME, name, at=self, prop=prop)
        return kind.value
