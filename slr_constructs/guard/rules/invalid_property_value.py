"""A property has a value that its service refuses.

The handler defines the limits and their codes. The constructs enforce them at synthesis and the
function at run time; this rule enforces them in any template. It checks only literal values, and
only in resources that configure a feature or that a feature refers to.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any

from slr_constructs import catalogue
from slr_constructs.catalogue.resource_type import Limit
from slr_constructs.guard.limits import has_prefix, invalid_values
from slr_constructs.guard.rule import Finding, Rule, Severity
from slr_constructs.handler.slr_handler import contract, rules
from slr_constructs.templates.literals import values_at
from slr_constructs.templates.role_usage import NATIVE_ROLE_TYPE, properties_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.templates.app import App, Stack

RULE = Rule(
    "InvalidPropertyValue",
    Severity.ERROR,
    "a property has a value that the service does not accept",
    "The deployment fails because the service refuses the value, or because the function of the"
    " stack refuses it with the same message.",
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-template-resource-type-ref.html",
    "Use an allowed value. The constructs and the function use the same error code, which is at the"
    " end of the message.",
    "Use an allowed value: the message says which values are allowed.",
)

_CONTRACTS: tuple[type[contract.Contract], ...] = (
    contract.ServiceLinkedRole,
    *(each for known in catalogue.RESOURCE_TYPES for each in known.contracts.all),
)
#: the properties with a limit, by resource type.
LIMITS = {
    NATIVE_ROLE_TYPE: (
        Limit(("AWSServiceName",), rules.SERVICE_PRINCIPAL),
        Limit(("Description",), rules.ROLE_DESCRIPTION),
    ),
    **{each.type: each.limits for each in catalogue.RESOURCE_TYPES if each.limits},
    **{
        each.RESOURCE_TYPE: tuple(
            Limit(
                (contract.property_name(one.name),),
                one.metadata["rule"],
                is_number=str(one.type).startswith("int"),
            )
            for one in fields(each)
            if "rule" in one.metadata
        )
        for each in _CONTRACTS
    },
}
#: without these properties, the custom resource belongs to another library.
_REQUIRED = {
    each.RESOURCE_TYPE: {
        contract.property_name(one.name) for one in fields(each) if one.default is MISSING
    }
    for each in _CONTRACTS
}
#: the limit of the name of a log group, by the limit of the property that refers to the log group.
_LOG_GROUP_NAMES = {
    rules.CHANNEL_LOG_GROUP_NAME: rules.CHANNEL_LOG_GROUP_NAME,
    rules.CHANNEL_ACCESS_LOG: rules.CHANNEL_LOG_GROUP_NAME,
    rules.PACKAGING_GROUP_LOG_GROUP_NAME: rules.PACKAGING_GROUP_LOG_GROUP_NAME,
    rules.PACKAGING_GROUP_ACCESS_LOG: rules.PACKAGING_GROUP_LOG_GROUP_NAME,
}
_STREAMS = {
    contract.AppInstanceStreaming.RESOURCE_TYPE: ("ChannelsStreamArn", "ChannelMessagesStreamArn")
}
_STREAM_NAME = Limit(("Name",), rules.MESSAGING_STREAM_NAME)
_STREAM_SHARDS = Limit(("ShardCount",), rules.MESSAGING_STREAM_SHARDS, is_number=True)
#: the construct requires encryption too, with the same code.
_STREAM_ENCRYPTION = Limit(
    ("StreamEncryption",),
    rules.Rule("MessagingStreamEncryption", "given", lambda value: value is not None),
)


def findings(app: App) -> Iterator[Finding]:
    """Yield a finding for each value that breaks a limit."""
    for stack in app.stacks.values():
        # several features may refer to the same resource
        yield from dict.fromkeys(
            finding
            for logical_id, body in stack.resources.items()
            # a resource without limits may still refer to one that has limits
            if logical_id in stack.usages
            or logical_id in {each.logical_id for each in stack.roles}
            or body["Type"] in _REQUIRED
            for finding in (*_of_values(stack, logical_id), *_of_references(stack, logical_id))
        )


def _of_values(stack: Stack, logical_id: str) -> Iterator[Finding]:
    body = stack.resources[logical_id]
    if _REQUIRED.get(body["Type"], set()) <= properties_of(body).keys():
        for each in LIMITS.get(body["Type"], ()):
            yield from invalid_values(RULE, stack, logical_id, each)


def _of_references(stack: Stack, logical_id: str) -> Iterator[Finding]:
    """Yield the findings about the resources that a feature refers to."""
    body = stack.resources[logical_id]
    properties = properties_of(body)
    for limit in LIMITS.get(body["Type"], ()):
        if limit.rule in _LOG_GROUP_NAMES:
            name = Limit(("LogGroupName",), _LOG_GROUP_NAMES[limit.rule])
            for value in values_at(properties, *limit.path):
                for group in _referred(stack, value, "Ref", "AWS::Logs::LogGroup"):
                    # a name that CloudFormation generates does not contain a slash
                    yield from invalid_values(RULE, stack, group, name, required=True)
    for prop in _STREAMS.get(body["Type"], ()):
        for value in values_at(properties, prop):
            for stream in _referred(stack, value, "Fn::GetAtt", "AWS::Kinesis::Stream"):
                yield from _of_stream(stack, stream)


def _of_stream(stack: Stack, logical_id: str) -> Iterator[Finding]:
    """Yield the findings about a stream that messaging cannot use."""
    named = not has_prefix(stack, "chime-messaging-")
    yield from invalid_values(RULE, stack, logical_id, _STREAM_NAME, required=named)
    properties = properties_of(stack.resources[logical_id])
    modes = values_at(properties, "StreamModeDetails", "StreamMode")
    if all(each == "PROVISIONED" for each in modes):
        yield from invalid_values(RULE, stack, logical_id, _STREAM_SHARDS)
    yield from invalid_values(RULE, stack, logical_id, _STREAM_ENCRYPTION, required=True)


def _referred(stack: Stack, value: Any, function: str, kind: str) -> Iterator[str]:  # noqa: ANN401 - any part of a template
    """Yield the resource of a type that an intrinsic function refers to, if there is one."""
    target = value.get(function) if isinstance(value, dict) else None
    name = target[0] if isinstance(target, list) and target else target
    if isinstance(name, str):
        logical_id = name.partition(".")[0]
        if logical_id in stack.resources and stack.resources[logical_id]["Type"] == kind:
            yield logical_id
