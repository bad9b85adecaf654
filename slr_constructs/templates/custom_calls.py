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

Only calls count, not the permissions to make them, because policies allow whole services. Python
code is followed for each custom resource that uses the function, in `python_code`; JavaScript is
searched, in `javascript_code`. What is not known about a relevant call is listed in `not_analyzed`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from slr_constructs.catalogue import ALL, RESOURCE_TYPES, resource_types_of
from slr_constructs.catalogue.resource_type import is_intrinsic
from slr_constructs.templates.javascript_code import calls_in_text, without_comments
from slr_constructs.templates.literals import (
    UNKNOWN,
    branches,
    delivered,
    is_reference,
    mapping,
    text_of,
)
from slr_constructs.templates.python_code import PHASES, UnreadableCodeError, calls_in_python
from slr_constructs.templates.words import letters_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

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
    #: whether it enables the feature when it is created or updated, or may do so.
    configures: bool
    #: whether it does so for certain.
    is_certain: bool
    #: whether it disables the feature when it is deleted, or may do so.
    deletes: bool
    #: whether it enables the feature when it is deleted.
    enables_on_delete: bool
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

CREATE_ROLE, _DELETE_ROLE = "iam:CreateServiceLinkedRole", "iam:DeleteServiceLinkedRole"
#: the custom resources of other libraries that create a service-linked role, with the letters of
#: the property that names its service: `Custom::CreateServiceLinkedRole` with `serviceName`
#: (github.com/awslabs/landing-zone-accelerator-on-aws, `service-linked-role.ts`),
#: `Custom::UpsertServiceLinkedRole` with `awsServiceName` (github.com/tmokmss/upsert-slr), and
#: others with such names.
_ROLE_CREATOR = re.compile(r"Custom::(?!Delete)\w+ServiceLinkedRole")
_PRINCIPAL_PROPERTIES = ("servicename", "awsservicename")
_PRINCIPAL = re.compile(r"[\w-]+(?:\.[\w-]+)*\.amazonaws\.com")
#: the start of the types of custom resources.
_CUSTOM = ("AWS::CloudFormation::CustomResource", "Custom::")
#: the variables with the functions that CDK's `Provider` calls.
PROVIDED_ON_EVENT = "USER_ON_EVENT_FUNCTION_ARN"
_PROVIDED = (PROVIDED_ON_EVENT, "USER_IS_COMPLETE_FUNCTION_ARN")
_REFERRED = re.compile(r"\$\{([^!.{}]+)(?:\.[^{}]*)?\}")
_DEFINITION = re.compile(r"^[ \t]*(?:async )?def \w+\(", re.MULTILINE)
#: `client("ivs")`, `from "@aws-sdk/client-ivs"`, `new AWS.IVS(`, `new IvsClient(`
_CLIENT = re.compile(r"['\"]([@\w/-]+)['\"]|\bnew\s+(?:\w+\.)?(\w+?)(?:Client)?\s*\(")
_PACKAGE = re.compile(r"^(@aws-sdk/client-|aws-sdk/clients/)")


class RoleCall(NamedTuple):
    """A custom resource that creates a service-linked role, or may do so."""

    logical_id: str
    #: the service principal.
    principal: str
    #: the name of the role, if the template contains it.
    role_name: str | None
    #: whether it deletes the role when it is deleted.
    deletes: bool


class CustomCalls(NamedTuple):
    """What the custom resources of a template do with features and roles."""

    #: once for each custom resource and feature.
    features: list[Call]
    roles: list[RoleCall]
    #: the parts that could not be analyzed: logical id and phrase.
    not_analyzed: list[tuple[str, str]]


class _SdkCall(NamedTuple):
    """An SDK call that a custom resource makes."""

    #: Create, Update or Delete; None if it is not known when the call is made.
    phase: str | None
    #: the current name of the operation.
    operation: str
    #: with `UNKNOWN` for the values that are not in the template; None if no parameter is known.
    parameters: Mapping[Any, Any] | None
    obsolete: Obsolete | None = None
    #: whether it is made on every path through the code.
    is_certain: bool = True
    #: the function whose code makes it; None if the properties contain it, or if the code cannot
    #: be parsed, which is reported once.
    function: str | None = None
    #: if code makes it, everything that may contain its parameters.
    context: str = ""


def calls_in(resources: Mapping[str, Any], graph: MultiDiGraph) -> CustomCalls:
    """Return what the custom resources of other libraries do with features and roles.

    Args:
        resources: The resources of one template, by logical id.

        graph: The result of `order.graph_of` for the template.
    """
    found = CustomCalls([], [], [])
    calls_by_id = {
        logical_id: list(_calls_of(logical_id, resources, found.not_analyzed))
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
    for logical_id, calls in calls_by_id.items():
        found.roles.extend(_roles_of(logical_id, resources[logical_id], calls, found.not_analyzed))
        near = {logical_id, *graph.successors(logical_id)}
        for feature in dict.fromkeys(target.feature for target in RESOURCE_TYPES):
            relevant = [
                (target, each, effects)
                for target in RESOURCE_TYPES
                if target.feature == feature
                for each in calls
                if each.operation in (target.calls.configure.operation, target.calls.remove)
                for effects in (_effects(target, each),)
                if effects
            ]
            configures = [effects for _, each, effects in relevant if each.phase != "Delete"]
            deletes = any(False in effects for _, each, effects in relevant if _is_in_delete(each))
            enables_on_delete = _enables_on_delete((each, effects) for _, each, effects in relevant)
            is_configured = any(True in each for each in configures)
            for _, each, effects in relevant:
                found.not_analyzed.extend(_doubts(each, effects))
            if not is_configured and not deletes and not enables_on_delete:
                continue
            types = {owner_type_of(target) for target, *_ in relevant}
            owners = {
                each
                for each in near
                if resources[each]["Type"] in types
                or any((each, owner_type) in creators for owner_type in types)
            }
            for target, each, _ in relevant:
                name = mapping(each.parameters).get(target.identifier.parameter)
                if isinstance(name, str):
                    owners.update(by_name.get((target.type, name), ()))
            found.features.append(
                Call(
                    logical_id,
                    feature,
                    owners=tuple(sorted(owners)),
                    role_names=role_names_of(*(target for target, *_ in relevant)),
                    configures=is_configured,
                    is_certain={True} in configures,
                    deletes=deletes,
                    enables_on_delete=enables_on_delete,
                    obsolete=next(
                        (each.obsolete for _, each, _ in relevant if each.obsolete), None
                    ),
                )
            )
    return found


# effects of calls


def _effects(target: ResourceType, call: _SdkCall) -> set[bool]:
    """Return the possible effects of a call: True enables the feature, False disables it."""
    configure = target.calls.configure
    if call.operation != configure.operation:
        return {False}
    if not configure.settings:
        return {True}
    parameters = {UNKNOWN: UNKNOWN} if call.parameters is None else call.parameters
    known = {_is_on(parameters[each]) for each in configure.settings if each in parameters}
    if True in known:
        return {True}
    if None not in known and UNKNOWN not in parameters:
        return {False} if known or configure.absent_is_disabled else set()
    # code that writes back what it has read does not contain any of the parameters
    if call.context and not any(
        each in call.context for each in configure.members or configure.settings
    ):
        return set()
    can_disable = call.operation == target.calls.remove or "Disabled" in call.context
    return {True, False} if can_disable else {True}


def _is_on(value: Any) -> bool | None:  # noqa: ANN401 - any value
    """Return whether the value of a parameter enables the feature; None if it is unknown."""
    if isinstance(value, dict):
        value = value.get("Disabled", value.get(UNKNOWN))
        return None if value is UNKNOWN else str(value).lower() != "true"
    return None if value is UNKNOWN else value not in (None, "", "0", 0, [])


def _is_in_delete(call: _SdkCall) -> bool:
    """Return whether a call is made when the custom resource is deleted, or may be."""
    return call.phase == "Delete" or (call.phase is None and "delete" in call.context.lower())


def _enables_on_delete(calls: Iterable[tuple[_SdkCall, set[bool]]]) -> bool:
    """Return whether the feature is certainly enabled after a custom resource was deleted."""
    enabled = False
    for call, effects in calls:
        if False in effects and call.phase in ("Delete", None):
            enabled = False
        elif call.phase == "Delete" and call.is_certain:
            enabled = True
    return enabled


def _doubts(call: _SdkCall, effects: set[bool]) -> Iterator[tuple[str, str]]:
    """Yield what is not known about a call in code."""
    if call.function is not None:
        if call.phase is None:
            text = f"for which requests the code of {call.function} calls `{call.operation}`"
            yield call.function, text
        elif len(effects) > 1:
            text = f"with which parameters the code of {call.function} calls `{call.operation}`"
            yield call.function, text


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
    for operation in dict.fromkeys(chain(*calls, _CREATES, (CREATE_ROLE, _DELETE_ROLE))):
        client, name = operation.split(":")
        yield (_client(client), letters_of(name)), (operation, None)
        if client.startswith(f"{_FORMER_CLIENT}-"):
            former = _FORMER_NAMES.get(name, name)
            obsolete = Obsolete(f"{_FORMER_CLIENT}:{former}", operation)
            yield (_FORMER_CLIENT, letters_of(former)), (operation, obsolete)


_OPERATIONS = dict(_operations())
#: each operation once, without its client.
_NAMES = frozenset(name for _, name in _OPERATIONS)
_MENTIONED = re.compile("|".join(sorted(_NAMES)))


def _calls_of(
    logical_id: str, resources: Mapping[str, Any], not_analyzed: list[tuple[str, str]]
) -> Iterator[_SdkCall]:
    properties = mapping(resources[logical_id].get("Properties"))
    found = [*_of_sdk_calls(properties), *_of_chime_resources(properties)]
    yield from found
    hidden = [logical_id]
    for function in _functions(properties.get("ServiceToken"), resources):
        variables = mapping(mapping(resources[function].get("Properties")).get("Environment"))
        variables = mapping(variables.get("Variables"))
        provided = (_functions(variables.get(each), resources) for each in _PROVIDED)
        for each in dict.fromkeys((function, *chain.from_iterable(provided))):
            codes = [*_codes(mapping(resources[each].get("Properties")))]
            hidden += [] if codes else [each]
            for code in codes:
                hidden = []
                yield from _of_code(each, code, resources, properties, not_analyzed)
    if not found:
        for each in hidden:
            text = str(resources[each].get("Properties"))
            if _MENTIONED.search(letters_of(text)):
                not_analyzed.append((each, f"the code of {each}, which is not in the template"))


def _of_sdk_calls(properties: Mapping[str, Any]) -> Iterator[_SdkCall]:
    """Yield the calls in the properties of an `AwsCustomResource`."""
    for phase in PHASES:
        for value in branches(properties.get(phase)):
            call = value if "action" in mapping(value) else _parsed(text_of(value))
            service, action = call.get("service"), call.get("action")
            if isinstance(service, str) and isinstance(action, str):
                name = letters_of(action).removesuffix("command")
                known = _OPERATIONS.get((_client(service), name))
                if known is not None:
                    parameters = _with_unknown(mapping(call.get("parameters")))
                    yield _SdkCall(phase, known[0], parameters, known[1])


def _with_unknown(value: Any) -> Any:  # noqa: ANN401 - any part of a template
    """Return a value with `UNKNOWN` for the references in it."""
    if is_reference(value) or is_intrinsic(value):
        return UNKNOWN
    if isinstance(value, dict):
        return {key: _with_unknown(each) for key, each in value.items()}
    return [*map(_with_unknown, value)] if isinstance(value, list) else value


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
            yield _SdkCall("Create", target.calls.create, {})
            # it deletes what it created (`src/resources/pstn/sipMediaApp.ts`)
            if target.calls.create == target.calls.configure.operation:
                yield _SdkCall("Delete", target.calls.remove, {})
            if mapping(settings.get("streaming")):
                configure = target.calls.configure
                yield _SdkCall(
                    "Create", configure.operation, dict.fromkeys(configure.settings, True)
                )
    if kind == _STREAMING_CONFIG and settings.get("streamingConfigs"):
        # the property was renamed with the API, in version 3 ("Version 3 Upgrade" in its README.md)
        if "appInstanceDataType" in str(settings["streamingConfigs"]):
            called = (_FORMER_CLIENT, "putappinstancestreamingconfigurations")
        else:
            called = ("chimesdkmessaging", "putmessagingstreamingconfigurations")
        operation, obsolete = _OPERATIONS[called]
        parameters = {"StreamingConfigurations": settings["streamingConfigs"]}
        yield _SdkCall("Create", operation, parameters, obsolete)


def _of_code(
    function: str,
    code: str,
    resources: Mapping[str, Any],
    properties: Mapping[str, Any],
    not_analyzed: list[tuple[str, str]],
) -> Iterator[_SdkCall]:
    """Yield the calls in the code of a function for a custom resource with these properties."""
    settings = mapping(resources[function].get("Properties"))
    variables = settings.get("Environment")
    context = f"{code} {properties} {variables}"
    # parsing takes time, and most code makes other calls
    if not _MENTIONED.search(letters_of(context)):
        return
    runtime = settings.get("Runtime")
    is_python = (
        runtime.startswith("python")
        if isinstance(runtime, str)
        else _DEFINITION.search(code) is not None
    )
    known = _delivered({"Variables": {}} if variables is None else variables).get("Variables")
    environment = known if isinstance(known, dict) else {UNKNOWN: UNKNOWN}
    delivered_properties = _delivered(properties)
    calls, is_readable = None, True
    if is_python:
        try:
            calls = calls_in_python(
                code,
                handler=settings.get("Handler"),
                event={"ResourceProperties": delivered_properties, UNKNOWN: UNKNOWN},
                variables=environment,
                operations=_NAMES,
            )
        except UnreadableCodeError as error:
            not_analyzed.append((function, f"the code of {function}, because {error}"))
            is_readable = False
    if calls is None:
        calls = calls_in_text(
            code,
            is_python=is_python,
            properties=delivered_properties,
            variables=environment,
            operations=_NAMES,
        )
    uncommented = without_comments(code, is_python=is_python)
    clients = {_client(quoted or created) for quoted, created in _CLIENT.findall(uncommented)}
    for each in calls:
        named = clients if each.client is None else {_client(each.client)}
        operation = _operation(each.operation, named)
        if operation is not None:
            yield _SdkCall(
                each.phase,
                operation[0],
                each.parameters,
                operation[1],
                is_certain=each.is_certain,
                function=function if is_readable else None,
                context=f"{uncommented} {properties} {variables}",
            )


def _operation(name: str, clients: Iterable[str]) -> tuple[str, Obsolete | None] | None:
    """Return the operation that one of the clients has; the current one if several have it."""
    found = [_OPERATIONS[each, name] for each in clients if (each, name) in _OPERATIONS]
    return min(found, key=lambda each: each[1] is not None, default=None)


def _delivered(value: Mapping[str, Any]) -> dict[Any, Any]:
    """Return a mapping as a function receives it; it may have any keys if it is unknown."""
    known = delivered(value)
    return known if isinstance(known, dict) else {UNKNOWN: UNKNOWN}


# roles of a custom resource


def _roles_of(
    logical_id: str,
    body: Mapping[str, Any],
    calls: Iterable[_SdkCall],
    not_analyzed: list[tuple[str, str]],
) -> Iterator[RoleCall]:
    properties = mapping(body.get("Properties"))
    names = {letters_of(str(key)): value for key, value in properties.items()}
    role_name = names.get("rolename")
    principals: list[Any] = []
    if _ROLE_CREATOR.match(body["Type"]):
        principals = [names.get(each) for each in _PRINCIPAL_PROPERTIES]
    else:
        for each in calls:
            if each.operation == CREATE_ROLE and each.phase != "Delete":
                principal = mapping(each.parameters).get("AWSServiceName")
                found = [principal] if isinstance(principal, str) else _principals_in(properties)
                principals += found
                if each.function is not None and not found:
                    text = f"which service-linked role the code of {each.function} creates"
                    not_analyzed.append((each.function, text))
                else:
                    not_analyzed.extend(_doubts(each, set()))
    deletes = any(each.operation == _DELETE_ROLE and _is_in_delete(each) for each in calls)
    for principal in dict.fromkeys(each for each in principals if isinstance(each, str)):
        named = role_name if isinstance(role_name, str) else None
        yield RoleCall(logical_id, principal, named, deletes)


def _principals_in(value: Any) -> list[str]:  # noqa: ANN401 - any part of a template
    """Return the service principals within a value."""
    if isinstance(value, dict | list):
        members = value.values() if isinstance(value, dict) else value
        return [principal for each in members for principal in _principals_in(each)]
    return [value] if isinstance(value, str) and _PRINCIPAL.fullmatch(value) else []


# parts of a template


def _functions(reference: Any, resources: Mapping[str, Any]) -> Iterator[str]:  # noqa: ANN401 - any part of a template
    """Yield the functions in the template that a reference names."""
    return (each for each in _referred(reference) if each in resources)


def _codes(function: Mapping[str, Any]) -> Iterator[str]:
    """Yield the code of a function that is in the template; SAM has its own property for it."""
    values = (mapping(function.get("Code")).get("ZipFile"), function.get("InlineCode"))
    for value in (each for each in values if each is not None):
        yield from map(text_of, branches(value))


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
