"""Features that custom resources of other libraries configure through SDK calls.

Three kinds of custom resources are recognized:

- SDK calls in the properties, as `AwsCustomResource` of aws-cdk-lib writes them: `Create`, `Update`
  and `Delete` are JSON texts that may contain references; in CDK v1, they are mappings;
- a function whose code is in the template and calls the SDK for Python or JavaScript, such as
  `lca-chimevc-stack/cloudformation-templates/chime-vc-siprec.yaml` and its neighbors in
  github.com/aws-samples/amazon-transcribe-live-call-analytics. CDK's `Provider` adds a function of
  its own between the custom resource and this function;
- resources of github.com/cdklabs/cdk-amazon-chime-resources, with `resourceType`, `uid` and
  `properties` (`src/pstn/pstnCustomResources.ts`, `src/messaging/messagingCustomResources.ts`).

Only calls count, not the permissions to make them, because policies allow whole services. The data
flow in the code is not analyzed: if a function makes a call, each custom resource that uses the
function is assumed to make it.
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
    """A call of a removed operation, and its replacement; both as `client:Operation`."""

    called: str
    replacement: str


@dataclass(frozen=True, slots=True)
class Call:
    """A custom resource that enables or disables a feature, or both."""

    logical_id: str
    #: as in `role_usage.RoleUsage`.
    feature: str
    #: the owners of the feature that the template names: resources, or custom resources that
    #: create the owner, which may be this one.
    owners: tuple[str, ...]
    #: the service principals of the roles that it may use.
    principals: tuple[str, ...]
    #: whether it enables the feature when it is created or updated.
    configures: bool
    #: whether it disables the feature when it is deleted, or may do so.
    deletes: bool
    obsolete: Obsolete | None


@dataclass(frozen=True, slots=True)
class _Configure:
    """An operation that enables or disables a feature, depending on its parameters."""

    operation: str
    feature: str
    owner_type: str
    #: any of these parameters enables the feature; empty, 0 or `Disabled`, it disables it.
    settings: tuple[str, ...]
    #: code that enables the feature contains one of these; if empty, one of `settings`.
    members: tuple[str, ...] = ()
    #: the parameter that names the owner, and the name property of the owner, if it has one.
    names: tuple[str, str] | None = None
    #: whether an omitted parameter disables the feature; otherwise, it does not change it.
    absent_is_disabled: bool = False


#: the operations in `created_by` and `clean_up` of the catalogue that configure one feature of one
#: owner, with their parameters [botocore]. `PutPlaybackConfiguration` has no parameter for logs.
_CONFIGURES = (
    _Configure(
        "chime-sdk-voice:PutVoiceConnectorStreamingConfiguration",
        MEDIA_STREAMING,
        "AWS::Chime::VoiceConnector",
        settings=("StreamingConfiguration",),
        # required; code without it writes back what it read, as `chime-vc-call-analytics.yaml` does
        members=("DataRetentionInHours",),
    ),
    _Configure(
        "chime-sdk-messaging:PutMessagingStreamingConfigurations",
        MESSAGE_STREAMING,
        "AWS::Chime::AppInstance",
        # the second one belongs to the former API
        settings=("StreamingConfigurations", "AppInstanceStreamingConfigurations"),
    ),
    _Configure(
        "ivs:CreateRecordingConfiguration",
        RECORDING,
        "AWS::IVS::Channel",
        settings=("destinationConfiguration",),
    ),
    _Configure(
        "ivs:UpdateChannel",
        RECORDING,
        "AWS::IVS::Channel",
        settings=("recordingConfigurationArn",),
    ),
    _Configure(
        "mediatailor:ConfigureLogsForPlaybackConfiguration",
        SESSION_LOGGING,
        "AWS::MediaTailor::PlaybackConfiguration",
        settings=("PercentEnabled",),
        names=("PlaybackConfigurationName", "Name"),
    ),
    _Configure(
        "mediatailor:ConfigureLogsForChannel",
        AS_RUN_LOGGING,
        "AWS::MediaTailor::Channel",
        settings=("LogTypes",),
        names=("ChannelName", "ChannelName"),
    ),
    _Configure(
        "mediapackage:ConfigureLogs",
        ACCESS_LOGGING,
        "AWS::MediaPackage::Channel",
        settings=("IngressAccessLogs", "EgressAccessLogs"),
        names=("Id", "Id"),
        absent_is_disabled=True,
    ),
    _Configure(
        "mediapackage-vod:ConfigureLogs",
        ACCESS_LOGGING,
        "AWS::MediaPackage::PackagingGroup",
        settings=("EgressAccessLogs",),
        names=("Id", "Id"),
        absent_is_disabled=True,
    ),
)
#: the operations that create an owner whose id AWS generates.
_CREATES = {
    "chime-sdk-voice:CreateVoiceConnector": "AWS::Chime::VoiceConnector",
    "chime-sdk-identity:CreateAppInstance": "AWS::Chime::AppInstance",
}
#: the former client of the operations that are now in the clients chime-sdk-* [botocore].
_FORMER_CLIENT = "chime"
#: current operation name: name in the former client, where they differ.
_FORMER_NAMES = {
    "PutMessagingStreamingConfigurations": "PutAppInstanceStreamingConfigurations",
    "DeleteMessagingStreamingConfigurations": "DeleteAppInstanceStreamingConfigurations",
}

#: the variables with the functions that CDK's `Provider` calls.
_PROVIDED = ("USER_ON_EVENT_FUNCTION_ARN", "USER_IS_COMPLETE_FUNCTION_ARN")
#: placeholder for a reference in a text: valid JSON with and without quotes.
_REFERENCE = "90715824630918273645"
_SUBSTITUTED = re.compile(r"\$\{[^!{}][^{}]*\}")
_REFERRED = re.compile(r"\$\{([^!.{}]+)(?:\.[^{}]*)?\}")
# an unclosed comment or text extends to the end, so that matching takes linear time
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


class _SdkCall(NamedTuple):
    """An SDK call that a custom resource makes."""

    #: Create, Update or Delete.
    phase: str
    #: the current name of the operation.
    operation: str
    #: None if they are not known.
    parameters: Mapping[str, Any] | None
    obsolete: Obsolete | None = None


def calls_in(resources: Mapping[str, Any], graph: MultiDiGraph) -> list[Call]:
    """Return the custom resources that enable or disable features, once for each feature.

    Args:
        resources: The resources of one template, by logical id.

        graph: The result of `order.graph_of` for the template.
    """
    calls_by_id = {
        logical_id: list(_calls_of(body, resources))
        for logical_id, body in resources.items()
        if _is_custom(body)
    }
    creators = {
        (logical_id, _CREATES[each.operation])
        for logical_id, calls in calls_by_id.items()
        for each in calls
        if each.operation in _CREATES
    }
    found = []
    for logical_id, calls in calls_by_id.items():
        near = {logical_id, *graph.successors(logical_id)}
        for feature in dict.fromkeys(configure.feature for configure in _CONFIGURES):
            relevant = [
                (configure, each)
                for configure in _CONFIGURES
                if configure.feature == feature
                for each in calls
                if each.operation == configure.operation or each.operation in _REMOVALS[configure]
            ]
            configures = any(
                each.phase != "Delete" and _is_enabled(configure, each)
                for configure, each in relevant
            )
            deletes = any(
                each.phase == "Delete" and _is_disabled(configure, each)
                for configure, each in relevant
            )
            if not configures and not deletes:
                continue
            types = {configure.owner_type for configure, _ in relevant}
            owners = {
                each
                for each in near
                if resources[each]["Type"] in types
                or any((each, owner_type) in creators for owner_type in types)
            }
            for configure, each in relevant:
                owners.update(_named(resources, configure, each))
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
                    configures=configures,
                    deletes=deletes,
                    obsolete=next((each.obsolete for _, each in relevant if each.obsolete), None),
                )
            )
    return found


def _is_custom(body: Mapping[str, Any]) -> bool:
    """Return whether a resource is a custom resource."""
    resource_type: str = body["Type"]
    return resource_type == "AWS::CloudFormation::CustomResource" or resource_type.startswith(
        "Custom::"
    )


# effects of calls


def _is_enabled(configure: _Configure, call: _SdkCall) -> bool:
    """Return whether a call enables the feature, or may do so."""
    if call.operation != configure.operation:
        return False
    if call.parameters is None:
        return True
    return any(_settings(call.parameters.get(each)) for each in configure.settings)


def _is_disabled(configure: _Configure, call: _SdkCall) -> bool:
    """Return whether a call disables the feature, or may do so."""
    if call.operation != configure.operation:
        return True
    if call.parameters is None:
        return _cleans_up(configure)
    is_given = configure.absent_is_disabled or any(
        each in call.parameters for each in configure.settings
    )
    return is_given and not _is_enabled(configure, call)


def _settings(value: Any) -> bool:  # noqa: ANN401 - any part of a template
    if isinstance(value, dict):
        return str(value.get("Disabled")).lower() != "true"
    return value not in (None, "", "0", 0, [])


def _cleans_up(configure: _Configure) -> bool:
    """Return whether the same operation can disable the feature."""
    return any(configure.operation in each.clean_up for each in catalogue.ALL)


def _removals(configure: _Configure) -> frozenset[str]:
    """Return the operations that always disable the feature."""
    configures = {each.operation for each in _CONFIGURES}
    return frozenset(
        operation
        for role in catalogue.ALL
        if configure.owner_type in role.resource_types
        for operation in role.clean_up
        if operation not in configures
    )


_REMOVALS = {configure: _removals(configure) for configure in _CONFIGURES}


def _named(resources: Mapping[str, Any], configure: _Configure, call: _SdkCall) -> Iterator[str]:
    """Yield the owners that a call names with a literal text."""
    if configure.names is None or call.parameters is None:
        return
    parameter, own_property = configure.names
    name = call.parameters.get(parameter)
    for logical_id, body in resources.items():
        if (
            isinstance(name, str)
            and body["Type"] == configure.owner_type
            and _mapping(body.get("Properties")).get(own_property) == name
        ):
            yield logical_id


# calls of a custom resource


def _client(name: str) -> str:
    """Normalize the name of a client: chime-sdk-voice, ChimeSDKVoice, @aws-sdk/client-..."""
    return re.sub(r"[^a-z0-9]", "", _PACKAGE.sub("", name.lower()))


def _operations() -> Iterator[tuple[tuple[str, str], tuple[str, Obsolete | None]]]:
    """Yield each relevant client and operation, with the current operation."""
    settings = (configure.operation for configure in _CONFIGURES)
    for operation in chain(settings, *_REMOVALS.values(), _CREATES):
        client, name = operation.split(":")
        yield (_client(client), name), (operation, None)
        if client.startswith(f"{_FORMER_CLIENT}-"):
            former = _FORMER_NAMES.get(name, name)
            obsolete = Obsolete(f"{_FORMER_CLIENT}:{former}", operation)
            yield (_FORMER_CLIENT, former), (operation, obsolete)


_OPERATIONS = dict(_operations())


def _calls_of(body: Mapping[str, Any], resources: Mapping[str, Any]) -> Iterator[_SdkCall]:
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


def _of_sdk_calls(properties: Mapping[str, Any]) -> Iterator[_SdkCall]:
    """Yield the calls in the properties of an `AwsCustomResource`."""
    for phase in ("Create", "Update", "Delete"):
        for value in branches(properties.get(phase)):
            call = value if "action" in _mapping(value) else _parsed(_text(value))
            service, action = call.get("service"), call.get("action")
            if isinstance(service, str) and isinstance(action, str):
                name = f"{action[:1].upper()}{action[1:]}".removesuffix("Command")
                known = _OPERATIONS.get((_client(service), name))
                if known is not None:
                    yield _SdkCall(phase, known[0], _mapping(call.get("parameters")), known[1])


def _of_chime_resources(properties: Mapping[str, Any]) -> Iterator[_SdkCall]:
    """Yield the calls that the resources of cdk-amazon-chime-resources make.

    None of its versions deletes a streaming configuration, and all versions configure it with
    `Disabled: false`, regardless of `enabled` (`src/resources/pstn/voiceConnector.ts`,
    `src/resources/messaging/streamingConfig.ts`).
    """
    kind, settings = properties.get("resourceType"), _mapping(properties.get("properties"))
    if "uid" not in properties:
        return
    if kind == "VoiceConnector":
        yield _SdkCall("Create", "chime-sdk-voice:CreateVoiceConnector", None)
        if _mapping(settings.get("streaming")):
            yield _SdkCall(
                "Create", "chime-sdk-voice:PutVoiceConnectorStreamingConfiguration", None
            )
    elif kind == "AppInstance":
        yield _SdkCall("Create", "chime-sdk-identity:CreateAppInstance", None)
    elif kind == "StreamingConfig" and settings.get("streamingConfigs"):
        # the property was renamed with the API, in version 3 ("Version 3 Upgrade" in its README.md)
        is_former = "appInstanceDataType" in str(settings["streamingConfigs"])
        client = "chime" if is_former else "chimesdkmessaging"
        former = _FORMER_NAMES["PutMessagingStreamingConfigurations"]
        name = former if is_former else "PutMessagingStreamingConfigurations"
        operation, obsolete = _OPERATIONS[client, name]
        yield _SdkCall("Create", operation, None, obsolete)


def _of_code(code: str, runtime: object, properties: Mapping[str, Any]) -> Iterator[_SdkCall]:
    """Yield the calls in the code of a function for a custom resource with these properties."""
    is_python = (
        runtime.startswith("python") if isinstance(runtime, str) else _DEFINITION.search(code)
    )
    pattern = _PYTHON if is_python else _JAVASCRIPT
    code = pattern.sub(lambda found: " " if found["comment"] else found[0], code)
    clients = {_client(quoted or created) for quoted, created in _CLIENT.findall(code)}
    bare = pattern.sub('""', code)
    named = code + str(properties)
    members = {
        configure.operation: configure.members or configure.settings for configure in _CONFIGURES
    }
    for (client, name), (operation, obsolete) in _OPERATIONS.items():
        is_renamed = obsolete is not None and not obsolete.called.endswith(
            operation.partition(":")[2]
        )
        if (
            client in clients
            and _calling(name).search(bare)
            and any(each in named for each in members.get(operation, ("",)))
            # if the code uses both clients, the call is for the one that has the operation
            and (obsolete is None or is_renamed or _client(operation.split(":")[0]) not in clients)
        ):
            yield _SdkCall("Create", operation, None, obsolete)
            if "delete" in code.lower():
                yield _SdkCall("Delete", operation, None, obsolete)


def _calling(name: str) -> re.Pattern[str]:
    """Return the pattern of a call: boto3, JavaScript method, JavaScript command."""
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    camel = f"{name[0].lower()}{name[1:]}"
    return re.compile(rf"\.\s*(?:{snake}|{camel})\s*\(|\bnew\s+(?:\w+\.)?{name}Command\s*\(")


# parts of a template


def _functions(
    variables: Mapping[str, Any], resources: Mapping[str, Any]
) -> Iterator[Mapping[str, Any]]:
    """Yield the properties of the functions that CDK's `Provider` calls."""
    for variable in _PROVIDED:
        for logical_id in _referred(variables.get(variable)):
            yield _mapping(_mapping(resources.get(logical_id)).get("Properties"))


def _codes(function: Mapping[str, Any]) -> Iterator[str]:
    """Yield the code of a function that is in the template; SAM has its own property for it."""
    for value in (_mapping(function.get("Code")).get("ZipFile"), function.get("InlineCode")):
        yield from map(_text, branches(value))


def _mapping(value: Any) -> Mapping[str, Any]:  # noqa: ANN401 - any part of a template
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:  # noqa: ANN401 - any part of a template
    """Return a text with placeholders for the parts that CloudFormation fills in."""
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
