"""Findings about topics and queues to which the Voice Connector role cannot publish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slr_constructs.guard.rules.notification_lost import RULE, findings
from tests.templates.apps import plain

if TYPE_CHECKING:
    from slr_constructs.guard.rule import Finding

NOTIFIED = "named ChimeVoiceConnector-Streaming…"
CONNECTOR = {"VoiceConnectorId": "abcdef1ghij2klmno3pqr4", "DataRetentionInHours": 0}


def notified(targets: list[str], depends_on: list[str], **others: Any) -> list[Finding]:  # noqa: ANN401
    """Return the findings about streaming that depends on topics and queues."""
    streaming = {
        "Type": "Custom::VoiceConnectorStreaming",
        "Properties": {**CONNECTOR, "NotificationTargets": targets},
        "DependsOn": depends_on,
    }
    return list(findings(plain(Streaming=streaming, **others)))


TOPIC = {"Type": "AWS::SNS::Topic"}
NAMED = {**TOPIC, "Properties": {"TopicName": "ChimeVoiceConnector-StreamingNews"}}


def test_a_topic_or_queue_that_the_role_cannot_reach_is_found() -> None:
    """The streaming depends on it."""
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "calls"}}
    found = notified(["SNS", "SQS"], ["Topic", "Queue"], Topic=TOPIC, Queue=queue)

    assert {each.rule for each in found} == {RULE}
    assert [each.text for each in found] == [
        f"`Topic`: TopicName must be {NOTIFIED}, got None [NotificationName]",
        f"`Queue`: QueueName must be {NOTIFIED}, got 'calls' [NotificationName]",
    ]


def test_a_topic_with_another_purpose_has_no_findings() -> None:
    """Another topic has an allowed name, no topic is notified, or there is no dependency."""
    assert notified(["SNS"], ["Topic", "News"], Topic=TOPIC, News=NAMED) == []
    assert notified(["EventBridge", "SQS"], ["Topic"], Topic=TOPIC) == []
    assert notified(["SNS"], [], Topic=TOPIC) == []


def test_a_topic_of_two_streaming_resources_is_reported_once() -> None:
    """Both depend on it. Invalid targets are ignored."""
    streaming = {
        "Type": "Custom::VoiceConnectorStreaming",
        "Properties": {**CONNECTOR, "NotificationTargets": ["SNS", "?", ["SNS"]]},
        "DependsOn": "Topic",
    }
    (finding,) = notified(["SNS"], ["Topic"], Topic=TOPIC, Other=streaming)

    assert finding.resource == "Topic"
    assert notified("SNS", ["Topic"], Topic=TOPIC) == []  # type: ignore[arg-type]
