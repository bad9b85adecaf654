"""A topic or queue has a name to which the Voice Connector role cannot publish notifications.

The streaming resource does not refer to the topic or queue, because Chime finds it by its name. The
rule assumes that it is the one that the streaming resource depends on, unless another dependency of
the same type has an allowed name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs.catalogue.resource_type import Limit
from slr_constructs.guard.limits import has_prefix, invalid_values
from slr_constructs.guard.rule import Finding, Rule, Severity
from slr_constructs.handler.slr_handler import rules
from slr_constructs.handler.slr_handler.contract import VoiceConnectorStreaming
from slr_constructs.templates.literals import literals_at
from slr_constructs.templates.role_usage import properties_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.templates.app import App, Stack

RULE = Rule(
    "NotificationLost",
    Severity.WARNING,
    "a topic or queue for notifications has a name that the Voice Connector role cannot publish to",
    "The policy of the role allows only names that start with `ChimeVoiceConnector-Streaming`, so"
    " notifications about streams are lost without an error.",
    "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonChimeVoiceConnectorServiceLinkedRolePolicy.html",
    "Give the topic or queue such a name. If it has another purpose, remove the dependency from the"
    " streaming resource to it.",
    "Set `TopicName` or `QueueName` to a name that starts with `ChimeVoiceConnector-Streaming`.",
)

#: the type and the name of the resource that each target stands for.
_TARGETS = {
    "SNS": ("AWS::SNS::Topic", Limit(("TopicName",), rules.NOTIFICATION_NAME)),
    "SQS": ("AWS::SQS::Queue", Limit(("QueueName",), rules.NOTIFICATION_NAME)),
}


def findings(app: App) -> Iterator[Finding]:
    """Yield a finding for each topic and queue that gets no notifications."""
    for stack in app.stacks.values():
        # several resources may depend on the same topic
        yield from dict.fromkeys(
            finding
            for logical_id, body in stack.resources.items()
            if body["Type"] == VoiceConnectorStreaming.RESOURCE_TYPE
            for targets in literals_at(properties_of(body), "NotificationTargets")
            for target in (targets if isinstance(targets, list) else ())
            for finding in _of_target(stack, logical_id, str(target))
        )


def _of_target(stack: Stack, logical_id: str, target: str) -> Iterator[Finding]:
    if target not in _TARGETS:
        return
    kind, name = _TARGETS[target]
    named = not has_prefix(stack, "ChimeVoiceConnector-Streaming")
    found = [
        [*invalid_values(RULE, stack, each, name, required=named)]
        for each in sorted(stack.graph.successors(logical_id))
        if stack.resources[each]["Type"] == kind
    ]
    if all(found):
        yield from (each for several in found for each in several)
