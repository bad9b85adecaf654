"""Rules for invalid property values, names outside a role's policy, and unsupported regions.

The handler defines the limits and their codes. The constructs enforce them at synthesis and the
function at run time; these rules enforce them in any template. They check only literal values, and
only in resources that configure a feature or that a feature refers to.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING, Any

from slr_constructs import catalogue
from slr_constructs.guard.rule import Finding, Rule, Severity
from slr_constructs.handler.slr_handler import contract, rules
from slr_constructs.templates.literals import is_absent, literals_at, values_at
from slr_constructs.templates.role_usage import NATIVE_ROLE_TYPE, properties_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.handler.slr_handler.rules import Rule as Limit
    from slr_constructs.templates.app import App, Stack
    from slr_constructs.templates.role_usage import RoleUsage

INVALID_PROPERTY_VALUE = Rule(
    "InvalidPropertyValue",
    Severity.ERROR,
    "a property has a value that the service does not accept",
    "The deployment fails because the service refuses the value, or because the function of the"
    " stack refuses it with the same message.",
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-template-resource-type-ref.html",
    "Use an allowed value. The constructs and the function use the same error code, which is at the"
    " end of the message.",
)
NOTIFICATION_LOST = Rule(
    "NotificationLost",
    Severity.WARNING,
    "a topic or queue for notifications has a name that the Voice Connector role cannot publish to",
    "The policy of the role allows only names that start with `ChimeVoiceConnector-Streaming`, so"
    " notifications about streams are lost without an error.",
    "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonChimeVoiceConnectorServiceLinkedRolePolicy.html",
    "Give the topic or queue such a name. If it has another purpose, remove the dependency from the"
    " streaming resource to it.",
)
REGION_NOT_OFFERED = Rule(
    "RegionNotOffered",
    Severity.WARNING,
    "a feature is configured in a region where its service is not offered",
    "The deployment fails if the service has no endpoint in the region. The list of regions comes"
    " from botocore, and services add regions over time.",
    "the regions in `slr-constructs catalogue ROLE`",
    "Deploy the stack in one of the listed regions. If the service is offered in this region by"
    " now, acknowledge the finding.",
)

RULES = (INVALID_PROPERTY_VALUE, NOTIFICATION_LOST, REGION_NOT_OFFERED)

_NUMBER, _TEXT, _TEXTS = "int", "str", "tuple[str, ...]"
_WHOLE_NUMBER = re.compile(r"[+-]?\d{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Limited:
    """A property with a limit."""

    path: tuple[str, ...]
    limit: Limit
    kind: str = _TEXT


@dataclass(frozen=True, slots=True)
class _Name:
    """A property that contains the name of a resource, and is required."""

    prop: str
    limit: Limit
    #: if the stack name starts with this, the names that CloudFormation generates are allowed.
    prefix: str | None = None
    rule: Rule = INVALID_PROPERTY_VALUE


def _notification_name(prop: str) -> _Name:
    prefix = "ChimeVoiceConnector-Streaming"
    return _Name(prop, rules.NOTIFICATION_NAME, prefix, NOTIFICATION_LOST)


_NATIVE = {
    "AWS::IVS::RecordingConfiguration": (
        Limited(("Name",), rules.IVS_RECORDING_NAME),
        Limited(("RecordingReconnectWindowSeconds",), rules.IVS_RECONNECT_WINDOW, _NUMBER),
        Limited(
            ("ThumbnailConfiguration", "TargetIntervalSeconds"),
            rules.IVS_THUMBNAIL_INTERVAL,
            _NUMBER,
        ),
    ),
    "AWS::IVS::Channel": (
        Limited(("RecordingConfigurationArn",), rules.IVS_RECORDING_CONFIGURATION_ARN),
    ),
    "AWS::MediaTailor::PlaybackConfiguration": (
        Limited(("Name",), rules.PLAYBACK_CONFIGURATION_NAME),
        Limited(("LogConfiguration", "PercentEnabled"), rules.PERCENT_ENABLED, _NUMBER),
    ),
    "AWS::MediaPackage::Channel": (
        Limited(("Id",), rules.MEDIAPACKAGE_ID),
        Limited(("IngressAccessLogs", "LogGroupName"), rules.CHANNEL_LOG_GROUP_NAME),
        Limited(("EgressAccessLogs", "LogGroupName"), rules.CHANNEL_LOG_GROUP_NAME),
    ),
    "AWS::MediaPackage::PackagingGroup": (
        Limited(("Id",), rules.MEDIAPACKAGE_ID),
        Limited(("EgressAccessLogs", "LogGroupName"), rules.PACKAGING_GROUP_LOG_GROUP_NAME),
    ),
    NATIVE_ROLE_TYPE: (
        Limited(("AWSServiceName",), rules.SERVICE_PRINCIPAL),
        Limited(("Description",), rules.ROLE_DESCRIPTION),
    ),
}
_CONTRACTS = [
    each
    for each in vars(contract).values()
    if isinstance(each, type)
    and issubclass(each, contract.Contract)
    and each is not contract.Contract
]
_CUSTOM = {
    each.RESOURCE_TYPE: tuple(
        Limited(
            (contract.property_name(one.name),),
            one.metadata["rule"],
            str(one.type).removesuffix(" | None"),
        )
        for one in fields(each)
        if "rule" in one.metadata
    )
    for each in _CONTRACTS
}
#: without these properties, the custom resource belongs to another library.
_REQUIRED = {
    each.RESOURCE_TYPE: {
        contract.property_name(one.name) for one in fields(each) if one.default is MISSING
    }
    for each in _CONTRACTS
}
#: the properties with a limit, by resource type.
LIMITED = {**_NATIVE, **_CUSTOM}
#: the properties that name a log group, by resource type.
_LOG_GROUPS = {
    "AWS::MediaPackage::Channel": (
        Limited(("IngressAccessLogs", "LogGroupName"), rules.CHANNEL_LOG_GROUP_NAME),
        Limited(("EgressAccessLogs", "LogGroupName"), rules.CHANNEL_LOG_GROUP_NAME),
    ),
    "AWS::MediaPackage::PackagingGroup": (
        Limited(("EgressAccessLogs", "LogGroupName"), rules.PACKAGING_GROUP_LOG_GROUP_NAME),
    ),
    contract.MediaPackageChannelLogging.RESOURCE_TYPE: (
        Limited(("Ingress",), rules.CHANNEL_LOG_GROUP_NAME),
        Limited(("Egress",), rules.CHANNEL_LOG_GROUP_NAME),
    ),
    contract.MediaPackagePackagingGroupLogging.RESOURCE_TYPE: (
        Limited(("Egress",), rules.PACKAGING_GROUP_LOG_GROUP_NAME),
    ),
}
_STREAMS = {
    contract.AppInstanceStreaming.RESOURCE_TYPE: ("ChannelsStreamArn", "ChannelMessagesStreamArn")
}
_TARGETS = {contract.VoiceConnectorStreaming.RESOURCE_TYPE: ("NotificationTargets",)}
_STREAM_NAME = _Name("Name", rules.MESSAGING_STREAM_NAME, "chime-messaging-")
#: the construct requires encryption too, with the same code.
_ENCRYPTION = rules.Rule("MessagingStreamEncryption", "given", lambda value: value is not None)
#: the resources that receive notifications about the streams of a Voice Connector.
_NOTIFIED = {
    "SNS": ("AWS::SNS::Topic", _notification_name("TopicName")),
    "SQS": ("AWS::SQS::Queue", _notification_name("QueueName")),
}


def findings(app: App) -> Iterator[Finding]:
    """Yield a finding for each value that breaks a limit."""
    for stack in app.stacks.values():
        # a resource without limits may still refer to one that has limits
        concerned = [
            each
            for each in stack.resources
            if each in stack.usages or each in stack.roles or stack.type_of(each) in _CUSTOM
        ]
        for logical_id in concerned:
            yield from _values(stack, logical_id)
        # several features may refer to the same resource
        yield from dict.fromkeys(
            each for logical_id in concerned for each in _referred_to(stack, logical_id)
        )
        for usage in stack.usages.values():
            yield from _region(stack, usage)


def _values(stack: Stack, logical_id: str) -> Iterator[Finding]:
    body = stack.resources[logical_id]
    properties = properties_of(body)
    if not _REQUIRED.get(body["Type"], set()) <= properties.keys():
        return
    for each in LIMITED.get(body["Type"], ()):
        for value in literals_at(properties, *each.path):
            yield from _checked(stack, logical_id, each, value)


def _checked(stack: Stack, logical_id: str, limited: Limited, value: Any) -> Iterator[Finding]:  # noqa: ANN401 - a literal
    if not limited.limit.holds(_as(limited.kind, value)):
        yield _invalid(stack, logical_id, limited.path, limited.limit, value)


def _referred_to(stack: Stack, logical_id: str) -> Iterator[Finding]:
    """Yield the findings about the resources that a feature refers to."""
    body = stack.resources[logical_id]
    properties = properties_of(body)
    for named in _LOG_GROUPS.get(body["Type"], ()):
        for value in values_at(properties, *named.path):
            group = _referred(stack, value, "Ref", "AWS::Logs::LogGroup")
            if group is not None:
                # a name that CloudFormation generates does not contain a slash
                yield from _name(stack, group, _Name("LogGroupName", named.limit))
    for prop in _STREAMS.get(body["Type"], ()):
        for value in values_at(properties, prop):
            stream = _referred(stack, value, "Fn::GetAtt", "AWS::Kinesis::Stream")
            if stream is not None:
                yield from _stream(stack, stream)
    for prop in _TARGETS.get(body["Type"], ()):
        for targets in literals_at(properties, prop):
            for target in targets if isinstance(targets, list) else ():
                yield from _notified(stack, logical_id, target)


def _stream(stack: Stack, logical_id: str) -> Iterator[Finding]:
    """Yield the findings about a stream that messaging cannot use."""
    properties = properties_of(stack.resources[logical_id])
    yield from _name(stack, logical_id, _STREAM_NAME)
    modes = [*values_at(properties, "StreamModeDetails", "StreamMode")]
    if all(each == "PROVISIONED" for each in modes):
        for count in literals_at(properties, "ShardCount"):
            limited = Limited(("ShardCount",), rules.MESSAGING_STREAM_SHARDS, _NUMBER)
            yield from _checked(stack, logical_id, limited, count)
    if is_absent(properties.get("StreamEncryption")):
        yield _invalid(stack, logical_id, ("StreamEncryption",), _ENCRYPTION, None)


def _notified(stack: Stack, logical_id: str, target: Any) -> Iterator[Finding]:  # noqa: ANN401 - a literal
    """Yield the findings about topics and queues for notifications with a wrong name.

    The streaming resource does not refer to the topic or queue, because Chime finds it by its name.
    The check assumes that it is the one that the streaming resource depends on, unless another
    dependency of the same type has an allowed name.
    """
    kind, name = _NOTIFIED.get(str(target), ("", _Name("", rules.NOTIFICATION_NAME)))
    found = [
        [*_name(stack, each, name)]
        for each in sorted(stack.graph.successors(logical_id))
        if stack.resources[each]["Type"] == kind
    ]
    if all(found):
        yield from (each for several in found for each in several)


def _name(stack: Stack, logical_id: str, name: _Name) -> Iterator[Finding]:
    """Yield the findings about the name of a resource."""
    properties = properties_of(stack.resources[logical_id])
    for value in literals_at(properties, name.prop):
        if not name.limit.holds(_as(_TEXT, value)):
            yield _invalid(stack, logical_id, (name.prop,), name.limit, value, rule=name.rule)
    # a name that CloudFormation generates starts with the name of the stack
    generated = name.prefix is not None and stack.name.rpartition("/")[2].startswith(name.prefix)
    if is_absent(properties.get(name.prop)) and not generated:
        yield _invalid(stack, logical_id, (name.prop,), name.limit, None, rule=name.rule)


def _region(stack: Stack, usage: RoleUsage) -> Iterator[Finding]:
    definitions = [
        each
        for each in catalogue.ALL
        if each.service_principal in usage.principals and each.regions is not None
    ]
    offered = sorted({region for each in definitions for region in each.regions or ()})
    if usage.is_clean_up or stack.region is None or not offered or stack.region in offered:
        return
    yield Finding(
        REGION_NOT_OFFERED,
        stack.name,
        usage.logical_id,
        f"`{stack.show(usage.logical_id)}` configures {usage.feature}, but according to botocore"
        f" {definitions[0].service_principal} is not offered in {stack.region}; it is offered in"
        f" {', '.join(offered)}",
    )


def _referred(stack: Stack, value: Any, function: str, kind: str) -> str | None:  # noqa: ANN401 - any part of a template
    """Return the resource of a type that an intrinsic refers to; None if there is none."""
    target = value.get(function) if isinstance(value, dict) else None
    if isinstance(target, list) and target:
        target = target[0]
    if not isinstance(target, str):
        return None
    logical_id = target.partition(".")[0]
    body = stack.resources.get(logical_id)
    return logical_id if body is not None and body["Type"] == kind else None


def _as(kind: str, value: Any) -> Any:  # noqa: ANN401 - a literal
    """Return a literal with the type that CloudFormation delivers."""
    if kind == _NUMBER:
        return int(value) if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value) else value
    if kind == _TEXTS:
        return tuple(_as(_TEXT, each) for each in value) if isinstance(value, list) else value
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _invalid(
    stack: Stack,
    logical_id: str,
    path: tuple[str, ...],
    limit: Limit,
    got: Any,  # noqa: ANN401 - a literal
    *,
    rule: Rule = INVALID_PROPERTY_VALUE,
) -> Finding:
    where = f"`{stack.show(logical_id)}`"
    text = rules.refusal(where, ".".join(path), limit.allowed, got, limit.code)
    return Finding(rule, stack.name, logical_id, text, location="/".join(("Properties", *path)))
