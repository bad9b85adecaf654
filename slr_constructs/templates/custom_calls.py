"""Features that custom resources switch on, in templates which were written without this library.

Three kinds can be read:

- a call of the SDK in the properties, as `AwsCustomResource` of aws-cdk-lib writes it: texts of
  JSON, `Create`, `Update` and `Delete`, with references between their pieces; in CDK v1, mappings;
- a function whose code is in the template, and calls the SDK of Python or JavaScript: in
  github.com/aws-samples/amazon-transcribe-live-call-analytics,
  `lca-chimevc-stack/cloudformation-templates/chime-vc-siprec.yaml` and its neighbours. CDK's
  `Provider` puts a function of its own between the two;
- what github.com/cdklabs/cdk-amazon-chime-resources renders: `resourceType`, `uid` and
  `properties` (`src/pstn/pstnCustomResources.ts`, `src/messaging/messagingCustomResources.ts`).

A call counts, and not the right to make it: policies allow whole services. What code passes on is
not followed, so a function that calls is taken to call for each custom resource that it serves.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from slr_constructs import catalogue
from slr_constructs.templates.literals import branches

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from networkx import MultiDiGraph

MEDIA_STREAMING, MESSAGE_STREAMING = "media streaming", "message streaming"
RECORDING = "recording"
SESSION_LOGGING, AS_RUN_LOGGING = "session logging", "as-run logging"
ACCESS_LOGGING = "access logging"


class Obsolete(NamedTuple):
    """A call of an operation that its API no longer has; both are written `client:Operation`."""

    called: str
    replacement: str


@dataclass(frozen=True, slots=True)
class Call:
    """A custom resource that switches a feature on, or off, or both."""

    logical_id: str
    #: in the words of `lifecycle.User`.
    feature: str
    #: what the feature is on for, as far as the template tells: a resource, or a custom resource
    #: that makes one, which may be this one.
    owners: tuple[str, ...]
    #: those of the roles that would do.
    principals: tuple[str, ...]
    #: it switches the feature on when it is created or updated.
    puts: bool
    #: it switches the feature off when it is deleted; or may do so, where code cannot be followed.
    deletes: bool
    obsolete: Obsolete | None


@dataclass(frozen=True, slots=True)
class _Put:
    """An operation that switches a feature on, by its parameters."""

    operation: str
    feature: str
    owner_type: str
    #: any of these parameters switches on; empty, 0 or `Disabled`, it switches off.
    switches: tuple[str, ...]
    #: code that switches on by itself names one of these; by default, a switch.
    members: tuple[str, ...] = ()
    #: the parameter that names the owner, and the owner's own property, where names are given.
    names: tuple[str, str] | None = None
    #: what is not given is switched off; with any other operation it stays as it is.
    absent_is_off: bool = False


#: those of the catalogue's `created_by` and `clean_up` that switch one feature of one owner, with
#: their parameters [botocore]. `PutPlaybackConfiguration` is none: it has no parameter for logs.
_PUTS = (
    _Put(
        "chime-sdk-voice:PutVoiceConnectorStreamingConfiguration",
        MEDIA_STREAMING,
        "AWS::Chime::VoiceConnector",
        switches=("StreamingConfiguration",),
        # required, so code without it puts back what it got, as in `chime-vc-call-analytics.yaml`
        members=("DataRetentionInHours",),
    ),
    _Put(
        "chime-sdk-messaging:PutMessagingStreamingConfigurations",
        MESSAGE_STREAMING,
        "AWS::Chime::AppInstance",
        # the second is of the former API
        switches=("StreamingConfigurations", "AppInstanceStreamingConfigurations"),
    ),
    _Put(
        "ivs:CreateRecordingConfiguration",
        RECORDING,
        "AWS::IVS::Channel",
        switches=("destinationConfiguration",),
    ),
    _Put(
        "ivs:UpdateChannel",
        RECORDING,
        "AWS::IVS::Channel",
        switches=("recordingConfigurationArn",),
    ),
    _Put(
        "mediatailor:ConfigureLogsForPlaybackConfiguration",
        SESSION_LOGGING,
        "AWS::MediaTailor::PlaybackConfiguration",
        switches=("PercentEnabled",),
        names=("PlaybackConfigurationName", "Name"),
    ),
    _Put(
        "mediatailor:ConfigureLogsForChannel",
        AS_RUN_LOGGING,
        "AWS::MediaTailor::Channel",
        switches=("LogTypes",),
        names=("ChannelName", "ChannelName"),
    ),
    _Put(
        "mediapackage:ConfigureLogs",
        ACCESS_LOGGING,
        "AWS::MediaPackage::Channel",
        switches=("IngressAccessLogs", "EgressAccessLogs"),
        names=("Id", "Id"),
        absent_is_off=True,
    ),
    _Put(
        "mediapackage-vod:ConfigureLogs",
        ACCESS_LOGGING,
        "AWS::MediaPackage::PackagingGroup",
        switches=("EgressAccessLogs",),
        names=("Id", "Id"),
        absent_is_off=True,
    ),
)
#: what makes an owner whose name AWS makes.
_CREATES = {
    "chime-sdk-voice:CreateVoiceConnector": "AWS::Chime::VoiceConnector",
    "chime-sdk-identity:CreateAppInstance": "AWS::Chime::AppInstance",
}
#: the client that had what the clients chime-sdk-* have, and has none of it now [botocore].
_FORMER_CLIENT = "chime"
#: by today's name, what was called otherwise there.
_FORMER_NAMES = {
    "PutMessagingStreamingConfigurations": "PutAppInstanceStreamingConfigurations",
    "DeleteMessagingStreamingConfigurations": "DeleteAppInstanceStreamingConfigurations",
}

#: the functions of its user that CDK's `Provider` calls.
_PROVIDED = ("USER_ON_EVENT_FUNCTION_ARN", "USER_IS_COMPLETE_FUNCTION_ARN")
#: stands for a reference within a text; a number is JSON whether it is between quotes or not.
_REFERENCE = "90715824630918273645"
_SUBSTITUTED = re.compile(r"\$\{[^!{}][^{}]*\}")
_REFERRED = re.compile(r"\$\{([^!.{}]+)(?:\.[^{}]*)?\}")
# what is not closed goes on to the end, so that no code takes long to read
_PYTHON = re.compile(
    r"(?P<comment>\#[^\n]*)"
    r"|'''(?:\\?.)*?(?:'''|\Z)|\"\"\"(?:\\?.)*?(?:\"\"\"|\Z)"
    r"|'(?:\\.|[^'\\\n])*'?|\"(?:\\.|[^\"\\\n])*\"?",
    re.DOTALL,
)
_JAVASCRIPT = re.compile(
    r"(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))"
    r"|'(?:\\.|[^'\\\n])*'?|\"(?:\\.|[^\"\\\n])*\"?|`(?:\\.|[^`\\])*`?",
    re.DOTALL,
)
_DEFINITION = re.compile(r"^[ \t]*(?:async )?def \w+\(", re.MULTILINE)
#: `client("ivs")`, `from "@aws-sdk/client-ivs"`, `new AWS.IVS(`, `new IvsClient(`
_CLIENT = re.compile(r"['\"]([@\w/-]+)['\"]|\bnew\s+(?:\w+\.)?(\w+?)(?:Client)?\s*\(")
_PACKAGE = re.compile(r"^(@aws-sdk/client-|aws-sdk/clients/)")


class _Made(NamedTuple):
    """A call, as a custom resource makes it."""

    #: Create, Update or Delete.
    phase: str
    #: by today's name.
    operation: str
    #: None if they cannot be read.
    parameters: Mapping[str, Any] | None
    obsolete: Obsolete | None = None


def calls_in(resources: Mapping[str, Any], graph: MultiDiGraph) -> list[Call]:
    """Return the custom resources that switch features on or off, once for each feature.

    Args:
        resources: The resources of one template, by logical id.

        graph: What `order.graph_of` returned for it.
    """
    made = {
        logical_id: list(_made_by(body, resources))
        for logical_id, body in resources.items()
        if _is_custom(body)
    }
    creators = {
        (logical_id, _CREATES[each.operation])
        for logical_id, calls in made.items()
        for each in calls
        if each.operation in _CREATES
    }
    found = []
    for logical_id, calls in made.items():
        near = {logical_id, *graph.successors(logical_id)}
        for feature in dict.fromkeys(put.feature for put in _PUTS):
            concerned = [
                (put, each)
                for put in _PUTS
                if put.feature == feature
                for each in calls
                if each.operation == put.operation or each.operation in _REMOVALS[put]
            ]
            puts = any(each.phase != "Delete" and _is_on(put, each) for put, each in concerned)
            deletes = any(each.phase == "Delete" and _is_off(put, each) for put, each in concerned)
            if not puts and not deletes:
                continue
            types = {put.owner_type for put, _ in concerned}
            owners = {
                each
                for each in near
                if resources[each]["Type"] in types
                or any((each, owner_type) in creators for owner_type in types)
            }
            for put, each in concerned:
                owners.update(_named(resources, put, each))
            found.append(
                Call(
                    logical_id,
                    feature,
                    owners=tuple(sorted(owners)),
                    principals=tuple(
                        role.service_principal
                        for role in catalogue.ALL
                        if not types.isdisjoint(role.resource_types)
                    ),
                    puts=puts,
                    deletes=deletes,
                    obsolete=next((each.obsolete for _, each in concerned if each.obsolete), None),
                )
            )
    return found


def _is_custom(body: Mapping[str, Any]) -> bool:
    """Tell whether a resource is a custom resource."""
    resource_type: str = body["Type"]
    return resource_type == "AWS::CloudFormation::CustomResource" or resource_type.startswith(
        "Custom::"
    )


# what a call does


def _is_on(put: _Put, call: _Made) -> bool:
    """Tell whether a call switches on, as far as that can be read."""
    if call.operation != put.operation:
        return False
    if call.parameters is None:
        return True
    return any(_switches(call.parameters.get(each)) for each in put.switches)


def _is_off(put: _Put, call: _Made) -> bool:
    """Tell whether a call switches off, or may do so."""
    if call.operation != put.operation:
        return True
    if call.parameters is None:
        return _cleans_up(put)
    is_given = put.absent_is_off or any(each in call.parameters for each in put.switches)
    return is_given and not _is_on(put, call)


def _switches(value: Any) -> bool:  # noqa: ANN401 - any part of a template
    if isinstance(value, dict):
        return str(value.get("Disabled")).lower() != "true"
    return value not in (None, "", "0", 0, [])


def _cleans_up(put: _Put) -> bool:
    """Tell whether an operation is its own opposite."""
    return any(put.operation in each.clean_up for each in catalogue.ALL)


def _removals(put: _Put) -> frozenset[str]:
    """Return the operations that switch off, whatever their parameters."""
    puts = {each.operation for each in _PUTS}
    return frozenset(
        operation
        for role in catalogue.ALL
        if put.owner_type in role.resource_types
        for operation in role.clean_up
        if operation not in puts
    )


_REMOVALS = {put: _removals(put) for put in _PUTS}


def _named(resources: Mapping[str, Any], put: _Put, call: _Made) -> Iterator[str]:
    """Yield the owners that have the name which a call gives, with no reference to them."""
    if put.names is None or call.parameters is None:
        return
    parameter, own_property = put.names
    name = call.parameters.get(parameter)
    for logical_id, body in resources.items():
        if (
            isinstance(name, str)
            and body["Type"] == put.owner_type
            and _mapping(body.get("Properties")).get(own_property) == name
        ):
            yield logical_id


# which calls a custom resource makes


def _client(name: str) -> str:
    """Return one spelling for all: chime-sdk-voice, ChimeSDKVoice, @aws-sdk/client-..."""
    return re.sub(r"[^a-z0-9]", "", _PACKAGE.sub("", name.lower()))


def _operations() -> Iterator[tuple[tuple[str, str], tuple[str, Obsolete | None]]]:
    """Yield each client and operation that counts, and what it is today."""
    switches = (put.operation for put in _PUTS)
    for operation in chain(switches, *_REMOVALS.values(), _CREATES):
        client, name = operation.split(":")
        yield (_client(client), name), (operation, None)
        if client.startswith(f"{_FORMER_CLIENT}-"):
            former = _FORMER_NAMES.get(name, name)
            obsolete = Obsolete(f"{_FORMER_CLIENT}:{former}", operation)
            yield (_FORMER_CLIENT, former), (operation, obsolete)


_OPERATIONS = dict(_operations())


def _made_by(body: Mapping[str, Any], resources: Mapping[str, Any]) -> Iterator[_Made]:
    properties = _mapping(body.get("Properties"))
    yield from _of_sdk_calls(properties)
    yield from _of_chime_resources(properties)
    functions = list(_referred(properties.get("ServiceToken")))
    for logical_id in functions:
        function = _mapping(_mapping(resources.get(logical_id)).get("Properties"))
        variables = _mapping(_mapping(function.get("Environment")).get("Variables"))
        for each in (function, *_functions(variables, resources)):
            for code in _codes(each):
                yield from _of_code(code, each.get("Runtime"), properties)


def _of_sdk_calls(properties: Mapping[str, Any]) -> Iterator[_Made]:
    """Yield the calls in the properties of an `AwsCustomResource`."""
    for phase in ("Create", "Update", "Delete"):
        for value in branches(properties.get(phase)):
            call = value if "action" in _mapping(value) else _parsed(_text(value))
            service, action = call.get("service"), call.get("action")
            if isinstance(service, str) and isinstance(action, str):
                name = f"{action[:1].upper()}{action[1:]}".removesuffix("Command")
                known = _OPERATIONS.get((_client(service), name))
                if known is not None:
                    yield _Made(phase, known[0], _mapping(call.get("parameters")), known[1])


def _of_chime_resources(properties: Mapping[str, Any]) -> Iterator[_Made]:
    """Yield the calls behind the properties that cdk-amazon-chime-resources renders.

    None of its versions deletes a streaming configuration, and all put it `Disabled: false`,
    whatever `enabled` says (`src/resources/pstn/voiceConnector.ts`,
    `src/resources/messaging/streamingConfig.ts`).
    """
    kind, settings = properties.get("resourceType"), _mapping(properties.get("properties"))
    if "uid" not in properties:
        return
    if kind == "VoiceConnector":
        yield _Made("Create", "chime-sdk-voice:CreateVoiceConnector", None)
        if _mapping(settings.get("streaming")):
            yield _Made("Create", "chime-sdk-voice:PutVoiceConnectorStreamingConfiguration", None)
    elif kind == "AppInstance":
        yield _Made("Create", "chime-sdk-identity:CreateAppInstance", None)
    elif kind == "StreamingConfig" and settings.get("streamingConfigs"):
        # the property was renamed with the API, in version 3 ("Version 3 Upgrade" in its README.md)
        is_former = "appInstanceDataType" in str(settings["streamingConfigs"])
        client = "chime" if is_former else "chimesdkmessaging"
        former = _FORMER_NAMES["PutMessagingStreamingConfigurations"]
        name = former if is_former else "PutMessagingStreamingConfigurations"
        operation, obsolete = _OPERATIONS[client, name]
        yield _Made("Create", operation, None, obsolete)


def _of_code(code: str, runtime: object, properties: Mapping[str, Any]) -> Iterator[_Made]:
    """Yield the calls that code makes, on what the custom resource's properties say."""
    is_python = (
        runtime.startswith("python") if isinstance(runtime, str) else _DEFINITION.search(code)
    )
    pattern = _PYTHON if is_python else _JAVASCRIPT
    code = pattern.sub(lambda found: " " if found["comment"] else found[0], code)
    clients = {_client(quoted or made) for quoted, made in _CLIENT.findall(code)}
    bare = pattern.sub('""', code)
    named = code + str(properties)
    members = {put.operation: put.members or put.switches for put in _PUTS}
    for (client, name), (operation, obsolete) in _OPERATIONS.items():
        is_renamed = obsolete is not None and not obsolete.called.endswith(
            operation.partition(":")[2]
        )
        if (
            client in clients
            and _calling(name).search(bare)
            and any(each in named for each in members.get(operation, ("",)))
            # with both clients in one code, it is the one that has the operation
            and (obsolete is None or is_renamed or _client(operation.split(":")[0]) not in clients)
        ):
            yield _Made("Create", operation, None, obsolete)
            if "delete" in code.lower():
                yield _Made("Delete", operation, None, obsolete)


def _calling(name: str) -> re.Pattern[str]:
    """Return what a call looks like: boto3, JavaScript's method, JavaScript's command."""
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    camel = f"{name[0].lower()}{name[1:]}"
    return re.compile(rf"\.\s*(?:{snake}|{camel})\s*\(|\bnew\s+(?:\w+\.)?{name}Command\s*\(")


# what stands in a template


def _functions(
    variables: Mapping[str, Any], resources: Mapping[str, Any]
) -> Iterator[Mapping[str, Any]]:
    """Yield the properties of the functions that CDK's `Provider` calls."""
    for variable in _PROVIDED:
        for logical_id in _referred(variables.get(variable)):
            yield _mapping(_mapping(resources.get(logical_id)).get("Properties"))


def _codes(function: Mapping[str, Any]) -> Iterator[str]:
    """Yield the code of a function that stands in the template; SAM has a property for it."""
    for value in (_mapping(function.get("Code")).get("ZipFile"), function.get("InlineCode")):
        yield from map(_text, branches(value))


def _mapping(value: Any) -> Mapping[str, Any]:  # noqa: ANN401 - any part of a template
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:  # noqa: ANN401 - any part of a template
    """Return a text, put together as far as it can be without CloudFormation."""
    if isinstance(value, str):
        return value
    joined, substituted = _mapping(value).get("Fn::Join"), _mapping(value).get("Fn::Sub")
    match joined:
        case [str(delimiter), [*pieces]]:
            return delimiter.join(map(_text, pieces))
    match substituted:
        case str(text) | [str(text), *_]:
            return _SUBSTITUTED.sub(_REFERENCE, text).replace("${!", "${")
    return _REFERENCE


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        return _mapping(json.loads(text))
    except (ValueError, RecursionError):
        return {}


def _referred(value: Any) -> Iterator[str]:  # noqa: ANN401 - any part of a template
    """Yield the logical ids that a reference names."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            yield name
        case {"Fn::GetAtt": str(name)}:
            yield name.partition(".")[0]
        case {"Fn::Sub": str(text) | [str(text), *_]}:
            yield from _REFERRED.findall(text)
        case {"Fn::If": [_, *choices]}:
            for each in choices:
                yield from _referred(each)
