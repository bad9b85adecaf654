"""What the resources of a template are to a service-linked role, whoever wrote them.

A role is declared; a feature uses it; a feature has an owner, of which it often is a property; a
release switches the feature off before the owner is deleted. Known are this library's custom
resources, the native types of `catalogue` with the properties that switch a feature on, and the
custom resources of others that make the calls in `custom_calls`.
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
    """What a resource is to a service-linked role."""

    ROLE = "role"
    FEATURE = "feature"
    RELEASE = "release"
    OWNER = "owner"


class Removal(IntEnum):
    """What becomes of a role when its stack is destroyed; the more, the more destructive."""

    KEPT = 0
    """It stays."""

    WHEN_UNUSED = 1
    """It is deleted if nobody else needs it."""

    DELETED = 2
    """It is deleted, or the stack's deletion fails."""


@dataclass(frozen=True, slots=True)
class Role:
    """A role that a template declares."""

    logical_id: str
    #: as far as the template or the catalogue tells, or else who may assume it.
    name: str
    #: a text, or an intrinsic.
    principal: Any
    removal: Removal


@dataclass(frozen=True, slots=True)
class User:
    """A resource that uses a role, or stands for one that does, until it is deleted."""

    logical_id: str
    #: what it uses the role for, as in "recording is on".
    feature: str
    #: it is deleted to switch the feature off, which is another resource's property.
    is_release: bool
    #: what the feature is switched on for; a native type whose property it is owns it itself.
    owners: tuple[str, ...]
    #: those of the roles that would do.
    principals: tuple[str, ...]
    #: its deletion does not reach AWS, so the feature stays on.
    retained: bool
    #: it takes another resource to switch the feature off before the owner is deleted.
    needs_release: bool


@dataclass(frozen=True, slots=True)
class _Custom:
    """A custom resource of this library that uses a role."""

    feature: str
    owner: str
    #: the property that names the owner, and the owner's own; None if its name is made by AWS.
    names: tuple[str, str] | None = None
    is_release: bool = False


@dataclass(frozen=True, slots=True)
class _Native:
    """A native type that uses a role if one of its properties is given."""

    feature: str
    properties: tuple[str, ...]
    is_owner: bool = True
    #: deleting the owner is not enough, by the services' documents.
    needs_release: bool = True
    #: whether a property that is given switches off all the same.
    is_off: Callable[[Any], bool] = lambda value: value in _ABSENT


def _logs_no_session(log_configuration: Any) -> bool:  # noqa: ANN401 - any part of a template
    """Tell whether a playback configuration logs nothing, or in a way that needs no role."""
    if log_configuration in _ABSENT:
        return True
    if not isinstance(log_configuration, dict):
        return False
    # the role's policy is for direct writes; that vended logs need it too, nobody says
    vended = log_configuration.get("EnabledLoggingStrategies") == ["VENDED_LOGS"]
    return vended or log_configuration.get("PercentEnabled") in (0, "0")


def _logs_no_run(log_configuration: Any) -> bool:  # noqa: ANN401 - any part of a template
    """Tell whether a channel logs nothing."""
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
    contract.MediaTailorSessionLoggingRelease: _Custom(
        _SESSIONS, _PLAYBACK_CONFIGURATION, ("PlaybackConfigurationName", "Name"), is_release=True
    ),
    contract.MediaTailorAsRunLogging: _Custom(_AS_RUN, _CHANNEL, ("ChannelName", "ChannelName")),
    contract.MediaTailorAsRunLoggingRelease: _Custom(
        _AS_RUN, _CHANNEL, ("ChannelName", "ChannelName"), is_release=True
    ),
    contract.MediaPackageChannelLogging: _Custom(_ACCESS, _LIVE, ("ChannelId", "Id")),
    contract.MediaPackageChannelLoggingRelease: _Custom(
        _ACCESS, _LIVE, ("ChannelId", "Id"), is_release=True
    ),
    contract.MediaPackagePackagingGroupLogging: _Custom(_ACCESS, _VOD, ("PackagingGroupId", "Id")),
    contract.MediaPackagePackagingGroupLoggingRelease: _Custom(
        _ACCESS, _VOD, ("PackagingGroupId", "Id"), is_release=True
    ),
}
_CUSTOM_TYPES = {each.RESOURCE_TYPE: custom for each, custom in _CUSTOM.items()}
#: the other types of the catalogue have no property that switches a feature on.
_NATIVE_TYPES = {
    "AWS::IVS::RecordingConfiguration": _Native(
        _RECORDING, ("DestinationConfiguration",), is_owner=False, needs_release=False
    ),
    "AWS::IVS::Channel": _Native(_RECORDING, ("RecordingConfigurationArn",), needs_release=False),
    _PLAYBACK_CONFIGURATION: _Native(_SESSIONS, ("LogConfiguration",), is_off=_logs_no_session),
    _CHANNEL: _Native(_AS_RUN, ("LogConfiguration",), is_off=_logs_no_run),
    _LIVE: _Native(_ACCESS, ("IngressAccessLogs", "EgressAccessLogs")),
    _VOD: _Native(_ACCESS, ("EgressAccessLogs",)),
}
_HELD: tuple[type[contract.Contract], ...] = (contract.ServiceLinkedRole, *_CUSTOM)
#: the property in which each custom resource of this library names the thing that it acts on; under
#: another name it is another resource, and CloudFormation replaces it.
IDENTITY = {each.RESOURCE_TYPE: contract.property_name(fields(each)[0].name) for each in _HELD}


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


def users_in(
    resources: Mapping[str, Any], graph: MultiDiGraph, calls: Iterable[custom_calls.Call]
) -> dict[str, User]:
    """Return what uses a service-linked role, by logical id.

    Args:
        resources: The resources of one template, by logical id.

        graph: What `order.graph_of` returned for it.

        calls: What `custom_calls.calls_in` returned for it.
    """
    by_name = _by_name(resources)
    puts = {each.logical_id: each for each in calls if each.puts}
    users = {}
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
            users[logical_id] = User(
                logical_id,
                custom_type.feature,
                is_release=custom_type.is_release,
                owners=tuple(sorted(owners)),
                principals=_principals(custom_type.owner),
                retained=_is_retained(body),
                needs_release=False,
            )
        elif native_type is not None and not all(
            native_type.is_off(properties_of(body).get(each)) for each in native_type.properties
        ):
            users[logical_id] = User(
                logical_id,
                native_type.feature,
                is_release=False,
                owners=(logical_id,) if native_type.is_owner else (),
                principals=_principals(body["Type"]),
                retained=_is_retained(body),
                needs_release=native_type.needs_release,
            )
        elif logical_id in puts:
            call = puts[logical_id]
            users[logical_id] = User(
                logical_id,
                call.feature,
                is_release=False,
                owners=call.owners,
                principals=call.principals,
                retained=_is_retained(body),
                needs_release=False,
            )
    return users


def marks_of(roles: Mapping[str, Role], users: Mapping[str, User]) -> dict[str, tuple[Mark, ...]]:
    """Return what each resource is that has to do with a role, in the order of `Mark`."""
    marks: dict[str, set[Mark]] = {each: {Mark.ROLE} for each in roles}
    for user in users.values():
        mark = Mark.RELEASE if user.is_release else Mark.FEATURE
        marks.setdefault(user.logical_id, set()).add(mark)
        for owner in user.owners:
            marks.setdefault(owner, set()).add(Mark.OWNER)
    return {
        logical_id: tuple(each for each in Mark if each in found)
        for logical_id, found in marks.items()
    }


def acts_on(body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a string or an intrinsic
    """Return what a custom resource of this library acts on; None for any other resource."""
    return properties_of(body).get(IDENTITY.get(body["Type"], ""))


def properties_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a resource's properties; none, if what stands there is an intrinsic."""
    properties = body.get("Properties")
    return properties if isinstance(properties, dict) else {}


def _by_name(resources: Mapping[str, Any]) -> dict[tuple[str, str, str], list[str]]:
    """Return the owners that have a name, by their type, the property of the name, and the name."""
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
