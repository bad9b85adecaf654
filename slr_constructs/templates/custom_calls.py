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
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from slr_constructs.catalogue import ALL, RESOURCE_TYPES, resource_types_of
from slr_constructs.templates.literals import branches, mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from networkx import MultiDiGraph

    from slr_constructs.catalogue import ResourceType


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
    #: the names of the roles that it may use, the current one first.
    role_names: tuple[str, ...]
    #: whether it enables the feature when it is created or updated.
    configures: bool
    #: whether it disables the feature when it is deleted, or may do so.
    deletes: bool
    obsolete: Obsolete | None


#: the operations that create an owner whose name AWS generates, and the type of the owner.
_CREATES = {
    each.calls.create: each.type for each in RESOURCE_TYPES if each.calls.create is not None
}
#: the types that other types use the role through, each with the other type.
_USED_THROUGH = {each.uses_through[1]: each.type for each in RESOURCE_TYPES if each.uses_through}
_NAME_PROPERTIES = {each.type: each.identifier.property or "" for each in RESOURCE_TYPES}
#: the former client of the operations that are now in the clients chime-sdk-* [botocore].
_FORMER_CLIENT = "chime"
#: current operation name: name in the former client, where they differ.
_FORMER_NAMES = {
    "PutMessagingStreamingConfigurations": "PutAppInstanceStreamingConfigurations",
    "DeleteMessagingStreamingConfigurations": "DeleteAppInstanceStreamingConfigurations",
}

#: the resource of cdk-amazon-chime-resources that configures the streaming of an app instance.
_STREAMING_CONFIG = "StreamingConfig"
#: the `resourceType` of each resource of cdk-amazon-chime-resources that is recognized.
CHIME_RESOURCES = (
    *(each.chime_resource for each in RESOURCE_TYPES if each.chime_resource is not None),
    _STREAMING_CONFIG,
)

#: the start of the types of custom resources.
_CUSTOM = ("AWS::CloudFormation::CustomResource", "Custom::")
#: parts of which code that calls an operation to enable a feature contains one; empty: any code.
_MEMBERS = {
    each.operation: each.members or each.settings
    for each in (target.calls.configure for target in RESOURCE_TYPES)
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
        if body["Type"].startswith(_CUSTOM)
    }
    creators = {
        (logical_id, _CREATES[each.operation])
        for logical_id, calls in calls_by_id.items()
        for each in calls
        if each.operation in _CREATES
    }
    by_name = owners_by_name(resources)
    found = []
    for logical_id, calls in calls_by_id.items():
        near = {logical_id, *graph.successors(logical_id)}
        for feature in dict.fromkeys(target.feature for target in RESOURCE_TYPES):
            relevant = [
                (target, each)
                for target in RESOURCE_TYPES
                if target.feature == feature
                for each in calls
                if each.operation in (target.calls.configure.operation, target.calls.remove)
            ]
            configures = any(
                each.phase != "Delete" and _is_enabled(target, each) for target, each in relevant
            )
            deletes = any(
                each.phase == "Delete" and _is_disabled(target, each) for target, each in relevant
            )
            if not configures and not deletes:
                continue
            types = {owner_type_of(target) for target, _ in relevant}
            owners = {
                each
                for each in near
                if resources[each]["Type"] in types
                or any((each, owner_type) in creators for owner_type in types)
            }
            for target, each in relevant:
                name = mapping(each.parameters).get(target.identifier.parameter)
                if isinstance(name, str):
                    owners.update(by_name.get((target.type, name), ()))
            found.append(
                Call(
                    logical_id,
                    feature,
                    owners=tuple(sorted(owners)),
                    role_names=role_names_of(*(target for target, _ in relevant)),
                    configures=configures,
                    deletes=deletes,
                    obsolete=next((each.obsolete for _, each in relevant if each.obsolete), None),
                )
            )
    return found


# effects of calls


def _is_enabled(target: ResourceType, call: _SdkCall) -> bool:
    """Return whether a call enables the feature, or may do so."""
    configure = target.calls.configure
    if call.operation != configure.operation:
        return False
    if call.parameters is None or not configure.settings:
        return True
    return any(_settings(call.parameters.get(each)) for each in configure.settings)


def _is_disabled(target: ResourceType, call: _SdkCall) -> bool:
    """Return whether a call disables the feature, or may do so."""
    configure = target.calls.configure
    if call.operation != configure.operation:
        return True
    if call.parameters is None:
        return call.operation == target.calls.remove
    is_given = configure.absent_is_disabled or any(
        each in call.parameters for each in configure.settings
    )
    return is_given and not _is_enabled(target, call)


def _settings(value: Any) -> bool:  # noqa: ANN401 - any part of a template
    if isinstance(value, dict):
        return str(value.get("Disabled")).lower() != "true"
    return value not in (None, "", "0", 0, [])


def owner_type_of(target: ResourceType) -> str:
    """Return the type that the feature is configured on, which may be another one."""
    return _USED_THROUGH.get(target.type, target.type)


@cache
def role_names_of(*targets: ResourceType) -> tuple[str, ...]:
    """Return the names of the roles that resources of these types may use, the current one first.

    The other ones are older: they cannot be created any more, but may exist in an account.
    """
    roles = [each for each in ALL if not {*targets}.isdisjoint(resource_types_of(each))]
    roles.sort(key=lambda each: each.superseded_by is not None)
    return tuple(each.role_name for each in roles)


def owners_by_name(resources: Mapping[str, Any]) -> dict[tuple[str, str], list[str]]:
    """Return the owners that have a literal name, by type and name."""
    owners: dict[tuple[str, str], list[str]] = {}
    for logical_id, body in resources.items():
        name = mapping(body.get("Properties")).get(_NAME_PROPERTIES.get(body["Type"], ""))
        if isinstance(name, str):
            owners.setdefault((body["Type"], name), []).append(logical_id)
    return owners


# calls of a custom resource


def _client(name: str) -> str:
    """Normalize the name of a client: chime-sdk-voice, ChimeSDKVoice, @aws-sdk/client-..."""
    return re.sub(r"[^a-z0-9]", "", _PACKAGE.sub("", name.lower()))


def _operations() -> Iterator[tuple[tuple[str, str], tuple[str, Obsolete | None]]]:
    """Yield each relevant client and operation, with the current operation."""
    calls = [(each.calls.configure.operation, each.calls.remove) for each in RESOURCE_TYPES]
    for operation in dict.fromkeys(chain(*calls, _CREATES)):
        client, name = operation.split(":")
        yield (_client(client), name), (operation, None)
        if client.startswith(f"{_FORMER_CLIENT}-"):
            former = _FORMER_NAMES.get(name, name)
            obsolete = Obsolete(f"{_FORMER_CLIENT}:{former}", operation)
            yield (_FORMER_CLIENT, former), (operation, obsolete)


_OPERATIONS = dict(_operations())


def _calls_of(body: Mapping[str, Any], resources: Mapping[str, Any]) -> Iterator[_SdkCall]:
    properties = mapping(body.get("Properties"))
    yield from _of_sdk_calls(properties)
    yield from _of_chime_resources(properties)
    for function in _functions(properties.get("ServiceToken"), resources):
        variables = mapping(mapping(function.get("Environment")).get("Variables"))
        provided = (_functions(variables.get(each), resources) for each in _PROVIDED)
        for each in (function, *chain.from_iterable(provided)):
            for code in _codes(each):
                yield from _of_code(code, each.get("Runtime"), properties)


def _of_sdk_calls(properties: Mapping[str, Any]) -> Iterator[_SdkCall]:
    """Yield the calls in the properties of an `AwsCustomResource`."""
    for phase in ("Create", "Update", "Delete"):
        for value in branches(properties.get(phase)):
            call = value if "action" in mapping(value) else _parsed(_text(value))
            service, action = call.get("service"), call.get("action")
            if isinstance(service, str) and isinstance(action, str):
                name = f"{action[:1].upper()}{action[1:]}".removesuffix("Command")
                known = _OPERATIONS.get((_client(service), name))
                if known is not None:
                    yield _SdkCall(phase, known[0], mapping(call.get("parameters")), known[1])


def _of_chime_resources(properties: Mapping[str, Any]) -> Iterator[_SdkCall]:
    """Yield the calls that the resources of cdk-amazon-chime-resources make.

    None of its versions deletes a streaming configuration, and all versions configure it with
    `Disabled: false`, regardless of `enabled` (`src/resources/pstn/voiceConnector.ts`,
    `src/resources/messaging/streamingConfig.ts`).
    """
    kind, settings = properties.get("resourceType"), mapping(properties.get("properties"))
    if "uid" not in properties:
        return
    for target in RESOURCE_TYPES:
        if target.chime_resource == kind and target.calls.create is not None:
            yield _SdkCall("Create", target.calls.create, None)
            # it deletes what it created (`src/resources/pstn/sipMediaApp.ts`)
            if target.calls.create == target.calls.configure.operation:
                yield _SdkCall("Delete", target.calls.remove, None)
            if mapping(settings.get("streaming")):
                yield _SdkCall("Create", target.calls.configure.operation, None)
    if kind == _STREAMING_CONFIG and settings.get("streamingConfigs"):
        # the property was renamed with the API, in version 3 ("Version 3 Upgrade" in its README.md)
        if "appInstanceDataType" in str(settings["streamingConfigs"]):
            called = (_FORMER_CLIENT, "PutAppInstanceStreamingConfigurations")
        else:
            called = ("chimesdkmessaging", "PutMessagingStreamingConfigurations")
        operation, obsolete = _OPERATIONS[called]
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
    for (client, name), (operation, obsolete) in _OPERATIONS.items():
        is_renamed = obsolete is not None and not obsolete.called.endswith(
            operation.partition(":")[2]
        )
        if (
            client in clients
            and _calling(name).search(bare)
            and any(each in named for each in _MEMBERS.get(operation) or ("",))
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


def _functions(reference: Any, resources: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401 - any part of a template
    """Yield the properties of the functions in the template that a reference names."""
    for logical_id in _referred(reference):
        yield mapping(mapping(resources.get(logical_id)).get("Properties"))


def _codes(function: Mapping[str, Any]) -> Iterator[str]:
    """Yield the code of a function that is in the template; SAM has its own property for it."""
    for value in (mapping(function.get("Code")).get("ZipFile"), function.get("InlineCode")):
        yield from map(_text, branches(value))


def _text(value: Any) -> str:  # noqa: ANN401 - any part of a template
    """Return a text with placeholders for the parts that CloudFormation fills in."""
    match value:
        case str():
            return value
        case {"Fn::Join": [str(delimiter), [*pieces]]}:
            return delimiter.join(map(_text, pieces))
        case {"Fn::Sub": str(text) | [str(text), *_]}:
            return _SUBSTITUTED.sub(_REFERENCE, text).replace("${!", "${")
    return _REFERENCE


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        return mapping(json.loads(text))
    except (ValueError, RecursionError):
        return {}


def _referred(value: Any) -> Iterator[str]:  # noqa: ANN401 - any part of a template
    """Yield the logical ids that a reference names."""
    for branch in branches(value):
        match branch:
            case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
                yield name
            case {"Fn::GetAtt": str(name)}:
                yield name.partition(".")[0]
            case {"Fn::Sub": str(text) | [str(text), *_]}:
                yield from _REFERRED.findall(text)
