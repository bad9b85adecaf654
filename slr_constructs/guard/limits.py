"""Values that a service refuses, names that a role cannot reach, and regions without the service.

The limits are the handler's, each with its own code: what a construct refuses at synth and the
function at run time, is found here in any template. Only what the template says outright is looked
at, and only in resources that have to do with a feature, or that a feature refers to.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING, Any

from slr_constructs import catalogue
from slr_constructs.guard.rule import Finding, Rule, Severity
from slr_constructs.handler.slr_handler import contract, rules
from slr_constructs.templates.lifecycle import NATIVE_ROLE_TYPE, properties_of
from slr_constructs.templates.literals import is_absent, literals_at, values_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.handler.slr_handler.rules import Rule as Limit
    from slr_constructs.templates.app import App, Stack
    from slr_constructs.templates.lifecycle import User

LIMIT_BROKEN = Rule(
    "LimitBroken",
    Severity.ERROR,
    "a value is outside of what a service takes",
    "The service refuses it, so the deployment fails; or the function of the stack does, in the"
    " same words.",
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-template-resource-type-ref.html",
    "Give a value that is allowed; the code at the end of the sentence is that of the construct"
    " and of the function.",
)
NOTIFICATION_LOST = Rule(
    "NotificationLost",
    Severity.WARNING,
    "a topic or queue for notifications has a name that the role of the Voice Connector cannot"
    " reach",
    "The role's policy publishes to names that start with `ChimeVoiceConnector-Streaming` alone,"
    " so notifications about streams are lost without a word.",
    "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonChimeVoiceConnectorServiceLinkedRolePolicy.html",
    "Give the topic or queue such a name, or do not let the streaming wait for it if it is for"
    " something else.",
)
REGION_NOT_OFFERED = Rule(
    "RegionNotOffered",
    Severity.WARNING,
    "a feature is switched on in a region where its service is not offered",
    "Where the service has no endpoint, the deployment fails; the list is botocore's, and services"
    " come to new regions.",
    "the regions in `slr-constructs catalogue ROLE`",
    "Deploy the stack in one of the regions that are named, or acknowledge that the service has"
    " come to this one.",
)

RULES = (LIMIT_BROKEN, NOTIFICATION_LOST, REGION_NOT_OFFERED)

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
    """A property that is the name of a resource, which has to have one."""

    prop: str
    limit: Limit
    #: how a stack may be called whose resources get allowed names from CloudFormation.
    prefix: str | None = None
    rule: Rule = LIMIT_BROKEN


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
#: without these, it is somebody else's custom resource of the same name.
_REQUIRED = {
    each.RESOURCE_TYPE: {
        contract.property_name(one.name) for one in fields(each) if one.default is MISSING
    }
    for each in _CONTRACTS
}
#: the properties with a limit, by resource type.
LIMITED = {**_NATIVE, **_CUSTOM}
#: where a log group is named; a custom resource says so in a property of its own.
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
#: what a construct asks of the stream's properties, under the same code.
_ENCRYPTION = rules.Rule("MessagingStreamEncryption", "given", lambda value: value is not None)
#: what is told about a Voice Connector's streams.
_NOTIFIED = {
    "SNS": ("AWS::SNS::Topic", _notification_name("TopicName")),
    "SQS": ("AWS::SQS::Queue", _notification_name("QueueName")),
}


def findings(app: App) -> Iterator[Finding]:
    """Yield what breaks a limit."""
    for stack in app.stacks.values():
        # what has no limit of its own may still name what has
        concerned = [
            each
            for each in stack.resources
            if each in stack.users or each in stack.roles or stack.type_of(each) in _CUSTOM
        ]
        for logical_id in concerned:
            yield from _values(stack, logical_id)
        # several features may refer to one
        yield from dict.fromkeys(
            each for logical_id in concerned for each in _referred_to(stack, logical_id)
        )
        for user in stack.users.values():
            yield from _region(stack, user)


def _values(stack: Stack, logical_id: str) -> Iterator[Finding]:
    body = stack.resources[logical_id]
    properties = properties_of(body)
    if not _REQUIRED.get(body["Type"], set()) <= properties.keys():
        return
    for each in LIMITED.get(body["Type"], ()):
        for value in literals_at(properties, *each.path):
            yield from _held(stack, logical_id, each, value)


def _held(stack: Stack, logical_id: str, limited: Limited, value: Any) -> Iterator[Finding]:  # noqa: ANN401 - a literal
    if not limited.limit.holds(_as(limited.kind, value)):
        yield _broken(stack, logical_id, limited.path, limited.limit, value)


def _referred_to(stack: Stack, logical_id: str) -> Iterator[Finding]:
    """Yield what is wrong with the resources that a feature refers to."""
    body = stack.resources[logical_id]
    properties = properties_of(body)
    for named in _LOG_GROUPS.get(body["Type"], ()):
        for value in values_at(properties, *named.path):
            group = _referred(stack, value, "Ref", "AWS::Logs::LogGroup")
            if group is not None:
                # a name that CloudFormation makes up has no slash
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
    """Yield what messaging needs of a stream and the stream has not."""
    properties = properties_of(stack.resources[logical_id])
    yield from _name(stack, logical_id, _STREAM_NAME)
    modes = [*values_at(properties, "StreamModeDetails", "StreamMode")]
    if all(each == "PROVISIONED" for each in modes):
        for count in literals_at(properties, "ShardCount"):
            limited = Limited(("ShardCount",), rules.MESSAGING_STREAM_SHARDS, _NUMBER)
            yield from _held(stack, logical_id, limited, count)
    if is_absent(properties.get("StreamEncryption")):
        yield _broken(stack, logical_id, ("StreamEncryption",), _ENCRYPTION, None)


def _notified(stack: Stack, logical_id: str, target: Any) -> Iterator[Finding]:  # noqa: ANN401 - a literal
    """Yield what is told about streams and has another name.

    The topic or queue is found by its name and by nothing in the template, so it is taken to be
    the one that the streaming waits for, unless another one that it waits for would do.
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
    """Yield what is wrong with a resource's name."""
    properties = properties_of(stack.resources[logical_id])
    for value in literals_at(properties, name.prop):
        if not name.limit.holds(_as(_TEXT, value)):
            yield _broken(stack, logical_id, (name.prop,), name.limit, value, rule=name.rule)
    # what CloudFormation makes up starts with the stack's name
    made_up = name.prefix is not None and stack.name.rpartition("/")[2].startswith(name.prefix)
    if is_absent(properties.get(name.prop)) and not made_up:
        yield _broken(stack, logical_id, (name.prop,), name.limit, None, rule=name.rule)


def _region(stack: Stack, user: User) -> Iterator[Finding]:
    definitions = [
        each
        for each in catalogue.ALL
        if each.service_principal in user.principals and each.regions is not None
    ]
    offered = sorted({region for each in definitions for region in each.regions or ()})
    if user.is_release or stack.region is None or not offered or stack.region in offered:
        return
    yield Finding(
        REGION_NOT_OFFERED,
        stack.name,
        user.logical_id,
        f"`{stack.show(user.logical_id)}` switches {user.feature} on, and"
        f" {definitions[0].service_principal} is not offered in {stack.region}, as far as botocore"
        f" knows; it is in {', '.join(offered)}",
    )


def _referred(stack: Stack, value: Any, function: str, kind: str) -> str | None:  # noqa: ANN401 - any part of a template
    """Return the resource of a type that an intrinsic refers to; None if it refers to no such."""
    target = value.get(function) if isinstance(value, dict) else None
    if isinstance(target, list) and target:
        target = target[0]
    if not isinstance(target, str):
        return None
    logical_id = target.partition(".")[0]
    body = stack.resources.get(logical_id)
    return logical_id if body is not None and body["Type"] == kind else None


def _as(kind: str, value: Any) -> Any:  # noqa: ANN401 - a literal
    """Return a literal as CloudFormation would deliver it."""
    if kind == _NUMBER:
        return int(value) if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value) else value
    if kind == _TEXTS:
        return tuple(_as(_TEXT, each) for each in value) if isinstance(value, list) else value
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _broken(
    stack: Stack,
    logical_id: str,
    path: tuple[str, ...],
    limit: Limit,
    got: Any,  # noqa: ANN401 - a literal
    *,
    rule: Rule = LIMIT_BROKEN,
) -> Finding:
    where = f"`{stack.show(logical_id)}`"
    text = rules.refusal(where, ".".join(path), limit.allowed, got, limit.code)
    return Finding(rule, stack.name, logical_id, text, location="/".join(("Properties", *path)))
