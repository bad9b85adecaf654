"""Roles, role usages, owners and clean-up resources in any template.

A template declares a role. A feature uses the role. The feature is configured on an owner, often as
a property of the owner. A clean-up resource disables the feature before the owner is deleted. This
module knows the custom resources of this library, the native types of `catalogue` with the
properties that configure a feature, and other custom resources that make the calls in
`custom_calls`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Any

from slr_constructs import catalogue
from slr_constructs.handler.slr_handler import contract
from slr_constructs.templates import custom_calls
from slr_constructs.templates.literals import NO_VALUE
from slr_constructs.templates.words import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from networkx import MultiDiGraph

ROLE_TYPE = contract.ServiceLinkedRole.RESOURCE_TYPE
NATIVE_ROLE_TYPE = "AWS::IAM::ServiceLinkedRole"

_ABSENT = (None, "", NO_VALUE)


class Mark(Enum):
    """The relation of a resource to a service-linked role."""

    ROLE = "role"
    FEATURE = "feature"
    CLEAN_UP = "clean-up"
    OWNER = "owner"


class Removal(IntEnum):
    """What happens to a role when its stack is deleted, from the least to the most destructive."""

    KEPT = 0
    """The role is kept."""

    WHEN_UNUSED = 1
    """The role is deleted if no other stack or resource needs it."""

    DELETED = 2
    """The role is deleted, or the deletion of the stack fails."""


@dataclass(frozen=True, slots=True)
class Role:
    """A role that a template declares."""

    logical_id: str
    #: from the template or the catalogue; otherwise a text with the service principal.
    name: str
    #: a text or an intrinsic function.
    principal: Any
    removal: Removal


@dataclass(frozen=True, slots=True)
class RoleUsage:
    """A resource that uses a role, or configures another resource to use it, until deletion."""

    logical_id: str
    #: the feature that needs the role, such as "recording".
    feature: str
    #: whether it is a clean-up resource, which disables a feature of another resource.
    is_clean_up: bool
    #: the resources that the feature is configured on; a native type may be its own owner.
    owners: tuple[str, ...]
    #: the service principals of the roles that it may use.
    principals: tuple[str, ...]
    #: whether CloudFormation retains it, so that the feature stays enabled.
    retained: bool
    #: whether a clean-up resource must disable the feature before the owner is deleted.
    needs_clean_up: bool


@dataclass(frozen=True, slots=True)
class _Custom:
    """A custom resource of this library that uses a role."""

    feature: str
    owner: str
    #: the property that names the owner, and the name property of the owner; None if AWS
    #: generates its name.
    names: tuple[str, str] | None = None
    is_clean_up: bool = False


@dataclass(frozen=True, slots=True)
class _Native:
    """A native type that uses a role if one of its properties is set."""

    feature: str
    properties: tuple[str, ...]
    is_owner: bool = True
    #: whether the AWS documentation asks for more than deleting the owner.
    needs_clean_up: bool = True
    #: whether a value of the property disables the feature.
    is_disabled: Callable[[Any], bool] = lambda value: value in _ABSENT


def _logs_no_session(log_configuration: Any) -> bool:  # noqa: ANN401 - any part of a template
    """Return whether a playback configuration does not log, or logs without a role."""
    if log_configuration in _ABSENT:
        return True
    if not isinstance(log_configuration, dict):
        return False
    # the role is for direct writes; no AWS page says that vended logs need it too
    vended = log_configuration.get("EnabledLoggingStrategies") == ["VENDED_LOGS"]
    return vended or log_configuration.get("PercentEnabled") in (0, "0")


def _logs_no_run(log_configuration: Any) -> bool:  # noqa: ANN401 - any part of a template
    """Return whether a channel does not log."""
    if log_configuration in _ABSENT:
        return True
    if not isinstance(log_configuration, dict):
        return False
    return log_configuration.get("LogTypes") == []


_STREAMING, _RECORDING = custom_calls.MEDIA_STREAMING, custom_calls.RECORDING
_SESSIONS, _AS_RUN = custom_calls.SESSION_LOGGING, custom_calls.AS_RUN_LOGGING
_ACCESS = custom_calls.ACCESS_LOGGING

_PLAYBACK_CONFIGURATION = "AWS::MediaTailor::PlaybackConfiguration"
_CHANNEL = "AWS::MediaTailor::Channel"
_LIVE, _VOD = "AWS::MediaPackage::Channel", "AWS::MediaPackage::PackagingGroup"

_CUSTOM: dict[type[contract.Contract], _Custom] = {
    contract.VoiceConnectorStreaming: _Custom(_STREAMING, "AWS::Chime::VoiceConnector"),
    contract.AppInstanceStreaming: _Custom(
        custom_calls.MESSAGE_STREAMING, "AWS::Chime::AppInstance"
    ),
    contract.IvsChannelRecording: _Custom(_RECORDING, "AWS::IVS::Channel"),
    contract.MediaTailorSessionLogging: _Custom(
        _SESSIONS, _PLAYBACK_CONFIGURATION, ("PlaybackConfigurationName", "Name")
    ),
    contract.MediaTailorSessionLoggingCleanUp: _Custom(
        _SESSIONS, _PLAYBACK_CONFIGURATION, ("PlaybackConfigurationName", "Name"), is_clean_up=True
    ),
    contract.MediaTailorAsRunLogging: _Custom(_AS_RUN, _CHANNEL, ("ChannelName", "ChannelName")),
    contract.MediaTailorAsRunLoggingCleanUp: _Custom(
        _AS_RUN, _CHANNEL, ("ChannelName", "ChannelName"), is_clean_up=True
    ),
    contract.MediaPackageChannelLogging: _Custom(_ACCESS, _LIVE, ("ChannelId", "Id")),
    contract.MediaPackageChannelLoggingCleanUp: _Custom(
        _ACCESS, _LIVE, ("ChannelId", "Id"), is_clean_up=True
    ),
    contract.MediaPackagePackagingGroupLogging: _Custom(_ACCESS, _VOD, ("PackagingGroupId", "Id")),
    contract.MediaPackagePackagingGroupLoggingCleanUp: _Custom(
        _ACCESS, _VOD, ("PackagingGroupId", "Id"), is_clean_up=True
    ),
}
_CUSTOM_TYPES = {each.RESOURCE_TYPE: custom for each, custom in _CUSTOM.items()}
#: the other types of the catalogue do not have a property that configures a feature.
_NATIVE_TYPES = {
    "AWS::IVS::RecordingConfiguration": _Native(
        _RECORDING, ("DestinationConfiguration",), is_owner=False, needs_clean_up=False
    ),
    "AWS::IVS::Channel": _Native(_RECORDING, ("RecordingConfigurationArn",), needs_clean_up=False),
    _PLAYBACK_CONFIGURATION: _Native(
        _SESSIONS, ("LogConfiguration",), is_disabled=_logs_no_session
    ),
    _CHANNEL: _Native(_AS_RUN, ("LogConfiguration",), is_disabled=_logs_no_run),
    _LIVE: _Native(_ACCESS, ("IngressAccessLogs", "EgressAccessLogs")),
    _VOD: _Native(_ACCESS, ("EgressAccessLogs",)),
}
_WITH_TARGET: tuple[type[contract.Contract], ...] = (contract.ServiceLinkedRole, *_CUSTOM)
#: the property that names the target of each custom resource of this library; if it changes,
#: CloudFormation replaces the resource.
IDENTITY = {
    each.RESOURCE_TYPE: contract.property_name(fields(each)[0].name) for each in _WITH_TARGET
}


def roles_in(resources: Mapping[str, Any]) -> dict[str, Role]:
    """Return the service-linked roles that resources declare, by logical id."""
    return {
        logical_id: Role(
            logical_id,
            name=_role_name(body),
            principal=_principal(body),
            removal=_removal(body),
        )
        for logical_id, body in resources.items()
        if body["Type"] in (ROLE_TYPE, NATIVE_ROLE_TYPE)
    }


def role_usages_in(
    resources: Mapping[str, Any], graph: MultiDiGraph, calls: Iterable[custom_calls.Call]
) -> dict[str, RoleUsage]:
    """Return the usages of service-linked roles, by logical id.

    Args:
        resources: The resources of one template, by logical id.

        graph: The result of `order.graph_of` for the template.

        calls: The result of `custom_calls.calls_in` for the template.
    """
    by_name = _by_name(resources)
    configures = {each.logical_id: each for each in calls if each.configures}
    usages = {}
    for logical_id, body in resources.items():
        custom_type = _CUSTOM_TYPES.get(body["Type"])
        native_type = _NATIVE_TYPES.get(body["Type"])
        if custom_type is not None:
            owners = {
                each
                for each in graph.successors(logical_id)
                if resources[each]["Type"] == custom_type.owner
            }
            if custom_type.names is not None:
                name = properties_of(body).get(custom_type.names[0])
                if isinstance(name, str):
                    owners.update(by_name.get((custom_type.owner, custom_type.names[1], name), ()))
            usages[logical_id] = RoleUsage(
                logical_id,
                custom_type.feature,
                is_clean_up=custom_type.is_clean_up,
                owners=tuple(sorted(owners)),
                principals=_principals(custom_type.owner),
                retained=_is_retained(body),
                needs_clean_up=False,
            )
        elif native_type is not None and not all(
            native_type.is_disabled(properties_of(body).get(each))
            for each in native_type.properties
        ):
            usages[logical_id] = RoleUsage(
                logical_id,
                native_type.feature,
                is_clean_up=False,
                owners=(logical_id,) if native_type.is_owner else (),
                principals=_principals(body["Type"]),
                retained=_is_retained(body),
                needs_clean_up=native_type.needs_clean_up,
            )
        elif logical_id in configures:
            call = configures[logical_id]
            usages[logical_id] = RoleUsage(
                logical_id,
                call.feature,
                is_clean_up=False,
                owners=call.owners,
                principals=call.principals,
                retained=_is_retained(body),
                needs_clean_up=False,
            )
    return usages


def marks_of(
    roles: Mapping[str, Role], usages: Mapping[str, RoleUsage]
) -> dict[str, tuple[Mark, ...]]:
    """Return the marks of the resources that are related to a role, in the order of `Mark`."""
    marks: dict[str, set[Mark]] = {each: {Mark.ROLE} for each in roles}
    for usage in usages.values():
        mark = Mark.CLEAN_UP if usage.is_clean_up else Mark.FEATURE
        marks.setdefault(usage.logical_id, set()).add(mark)
        for owner in usage.owners:
            marks.setdefault(owner, set()).add(Mark.OWNER)
    return {
        logical_id: tuple(each for each in Mark if each in found)
        for logical_id, found in marks.items()
    }


def acts_on(body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a string or an intrinsic
    """Return the target of a custom resource of this library; None for any other resource."""
    return properties_of(body).get(IDENTITY.get(body["Type"], ""))


def properties_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the properties of a resource; empty if they are an intrinsic function."""
    properties = body.get("Properties")
    return properties if isinstance(properties, dict) else {}


def _by_name(resources: Mapping[str, Any]) -> dict[tuple[str, str, str], list[str]]:
    """Return the owners with a literal name, by type, name property and name."""
    by_name: dict[tuple[str, str, str], list[str]] = {}
    for logical_id, body in resources.items():
        for custom in _CUSTOM.values():
            if custom.names is not None and custom.owner == body["Type"]:
                name = properties_of(body).get(custom.names[1])
                if isinstance(name, str):
                    ids = by_name.setdefault((custom.owner, custom.names[1], name), [])
                    ids += [] if logical_id in ids else [logical_id]
    return by_name


def _principals(owner: str) -> tuple[str, ...]:
    return tuple(each.service_principal for each in catalogue.ALL if owner in each.resource_types)


def _principal(body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a string or an intrinsic
    properties = properties_of(body)
    return properties.get("ServicePrincipal", properties.get("AWSServiceName"))


def _role_name(body: Mapping[str, Any]) -> str:
    name, principal = properties_of(body).get("RoleName"), _principal(body)
    known = [each.role_name for each in catalogue.ALL if each.service_principal == principal]
    return printable(
        name if isinstance(name, str) else known[0] if known else f"the role of {principal}"
    )


def _removal(body: Mapping[str, Any]) -> Removal:
    if _is_retained(body) or properties_of(body).get("Removal") == "KEEP":
        return Removal.KEPT
    if body["Type"] == NATIVE_ROLE_TYPE or properties_of(body).get("Removal") == "REQUIRE":
        return Removal.DELETED
    return Removal.WHEN_UNUSED


def _is_retained(body: Mapping[str, Any]) -> bool:
    return str(body.get("DeletionPolicy")).startswith("Retain")
