"""Roles, role usages, owners and clean-up resources in any template.

A template declares a role. A feature uses the role. The feature is configured on an owner, often as
a property of the owner. A clean-up resource disables the feature before the owner is deleted. This
module knows the custom resources of this library, the native types of `catalogue` with the
properties that configure a feature, and other custom resources that make the calls in
`custom_calls`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Any

from slr_constructs import catalogue
from slr_constructs.catalogue import Usage
from slr_constructs.catalogue.role_definition import CUSTOM_SUFFIX_SERVICES
from slr_constructs.handler.slr_handler.contract import ServiceLinkedRole, identity_of
from slr_constructs.templates.custom_calls import owner_type_of, owners_by_name, role_names_of
from slr_constructs.templates.literals import mapping
from slr_constructs.templates.words import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from networkx import MultiDiGraph

    from slr_constructs.templates.custom_calls import Call, CustomCalls

ROLE_TYPE = ServiceLinkedRole.RESOURCE_TYPE
NATIVE_ROLE_TYPE = "AWS::IAM::ServiceLinkedRole"


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

    @property
    def shown(self) -> str:
        """The role for a message: its name, or a phrase, which has blanks, if it is unknown."""
        return self.name if " " in self.name else f"`{self.name}`"


@dataclass(frozen=True, slots=True)
class RoleUsage:
    """A resource that uses a role, or configures another resource to use it, until deletion."""

    logical_id: str
    #: the feature that needs the role, such as "recording".
    feature: str
    #: the resources that the feature is configured on; a native type may be its own owner.
    owners: tuple[str, ...]
    #: the names of the roles that it may use, the current one first.
    role_names: tuple[str, ...]
    #: whether CloudFormation retains it, so that the feature stays enabled.
    retained: bool
    #: whether it is a clean-up resource, which disables a feature of another resource.
    is_clean_up: bool = False
    #: whether its deletion disables the feature of its owners, or may do so.
    disables: bool = False
    #: whether it uses the role for certain; otherwise it may use it.
    is_certain: bool = True
    #: whether a clean-up resource must disable the feature before the owner is deleted.
    needs_clean_up: bool = False


#: this library's custom resources, each with the type that it configures.
_CONTRACTS = [
    (contract, target) for target in catalogue.RESOURCE_TYPES for contract in target.contracts.all
]
_TARGETS = {contract.RESOURCE_TYPE: target for contract, target in _CONTRACTS}
_CLEAN_UPS = {
    contract.RESOURCE_TYPE
    for contract, target in _CONTRACTS
    if contract is target.contracts.clean_up
}
_NATIVE_TYPES = {each.type: each for each in catalogue.RESOURCE_TYPES}
#: the property that names the target of each custom resource of this library; if it changes,
#: CloudFormation replaces the resource.
IDENTITY = {ROLE_TYPE: identity_of(ServiceLinkedRole)} | {
    contract.RESOURCE_TYPE: identity_of(contract) for contract, _ in _CONTRACTS
}


def roles_in(resources: Mapping[str, Any], calls: CustomCalls) -> list[Role]:
    """Return the service-linked roles that resources declare.

    Args:
        resources: The resources of one template, by logical id.

        calls: The result of `custom_calls.calls_in` for the template.
    """
    roles = [
        Role(logical_id, _role_name(body), _principal(body), _removal(body))
        for logical_id, body in resources.items()
        if body["Type"] in (ROLE_TYPE, NATIVE_ROLE_TYPE)
    ]
    for each in calls.roles:
        is_kept = _is_retained(resources[each.logical_id]) or not each.deletes
        name = each.role_name or _name_for(each.principal)
        removal = Removal.KEPT if is_kept else Removal.DELETED
        roles.append(Role(each.logical_id, printable(name), each.principal, removal))
    return roles


def role_usages_in(
    resources: Mapping[str, Any], graph: MultiDiGraph, calls: CustomCalls
) -> dict[str, RoleUsage]:
    """Return the usages of service-linked roles, by logical id.

    Args:
        resources: The resources of one template, by logical id.

        graph: The result of `order.graph_of` for the template.

        calls: The result of `custom_calls.calls_in` for the template.
    """
    by_name = owners_by_name(resources)
    # a custom resource is a feature if it enables any
    by_call = {
        each.logical_id: each
        for each in sorted(calls.features, key=lambda each: each.configures)
        if each.configures or each.deletes
    }
    usages = {}
    for logical_id, body in resources.items():
        found = _by_custom_resource(logical_id, resources, graph, by_name) or _by_property(
            logical_id, body
        )
        if found is None and logical_id in by_call:
            found = _of_call(body, by_call[logical_id])
        if found is not None:
            usages[logical_id] = found
    return usages


def disabling_in(
    resources: Mapping[str, Any], usages: Mapping[str, RoleUsage], calls: CustomCalls
) -> list[RoleUsage]:
    """Return the usages whose deletion disables a feature; a custom resource may disable several.

    Args:
        resources: The resources of one template, by logical id.

        usages: The result of `role_usages_in` for the template.

        calls: The result of `custom_calls.calls_in` for the template.
    """
    others = [
        _of_call(resources[each.logical_id], each)
        for each in calls.features
        if each.deletes and usages[each.logical_id].feature != each.feature
    ]
    return [each for each in (*usages.values(), *others) if each.disables]


def _by_custom_resource(
    logical_id: str,
    resources: Mapping[str, Any],
    graph: MultiDiGraph,
    by_name: Mapping[tuple[str, str], list[str]],
) -> RoleUsage | None:
    """Return the usage of a custom resource of this library."""
    body = resources[logical_id]
    target = _TARGETS.get(body["Type"])
    if target is None:
        return None
    owners = {
        each for each in graph.successors(logical_id) if resources[each]["Type"] == target.type
    }
    name = acts_on(body)
    owners |= {*by_name.get((target.type, name), ())} if isinstance(name, str) else set()
    return RoleUsage(
        logical_id,
        target.feature,
        owners=tuple(sorted(owners)),
        role_names=role_names_of(target),
        retained=_is_retained(body),
        is_clean_up=body["Type"] in _CLEAN_UPS,
        disables=True,
    )


def _by_property(logical_id: str, body: Mapping[str, Any]) -> RoleUsage | None:
    """Return the usage of a resource that enables a feature with a property."""
    native = _NATIVE_TYPES.get(body["Type"])
    if native is None or native.usage is None:
        return None
    usage = native.usage(properties_of(body))
    if usage is Usage.DOES_NOT_USE:
        return None
    return RoleUsage(
        logical_id,
        native.feature,
        owners=(logical_id,) if owner_type_of(native) == native.type else (),
        role_names=role_names_of(native),
        retained=_is_retained(body),
        is_certain=usage is Usage.USES,
        needs_clean_up=native.needs_clean_up,
    )


def _of_call(body: Mapping[str, Any], call: Call) -> RoleUsage:
    """Return the usage of another custom resource, which configures or disables a feature."""
    return RoleUsage(
        call.logical_id,
        call.feature,
        owners=call.owners,
        role_names=call.role_names,
        retained=_is_retained(body),
        is_clean_up=not call.configures,
        disables=call.deletes,
        is_certain=call.is_certain or not call.configures,
    )


def marks_of(roles: Iterable[Role], usages: Mapping[str, RoleUsage]) -> dict[str, tuple[Mark, ...]]:
    """Return the marks of the resources that are related to a role, in the order of `Mark`."""
    marks: dict[str, set[Mark]] = {each.logical_id: {Mark.ROLE} for each in roles}
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


def name_of(body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a string or an intrinsic
    """Return the name that a template gives to a native owner; None for any other resource."""
    native = _NATIVE_TYPES.get(body["Type"])
    return None if native is None else properties_of(body).get(native.identifier.property or "")


def owner_kind(body: Mapping[str, Any]) -> str:
    """Return the native type of the owner that a resource configures, which may be itself."""
    target = _TARGETS.get(body["Type"])
    return body["Type"] if target is None else target.type


def properties_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the properties of a resource; empty if they are an intrinsic function."""
    return mapping(body.get("Properties"))


def _principal(body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a string or an intrinsic
    properties = properties_of(body)
    return properties.get("ServicePrincipal", properties.get("AWSServiceName"))


def _role_name(body: Mapping[str, Any]) -> str:
    properties = properties_of(body)
    name = properties.get("RoleName")
    if not isinstance(name, str):
        name = _name_for(_principal(body), properties.get("CustomSuffix"))
    return printable(name)


def _name_for(principal: Any, suffix: Any = None) -> str:  # noqa: ANN401 - a string or an intrinsic
    """Return the name of the role that IAM creates for a principal, or a phrase."""
    for each in catalogue.ALL:
        if each.service_principal == principal:
            return each.created_instead or each.role_name
    for service, own_name in CUSTOM_SUFFIX_SERVICES.items():
        if service == principal and (suffix is None or isinstance(suffix, str)):
            return f"{own_name}_{suffix}" if suffix else own_name
    return f"the role of {principal}"


def _removal(body: Mapping[str, Any]) -> Removal:
    if _is_retained(body) or properties_of(body).get("Removal") == "KEEP":
        return Removal.KEPT
    if body["Type"] == NATIVE_ROLE_TYPE or properties_of(body).get("Removal") == "REQUIRE":
        return Removal.DELETED
    return Removal.WHEN_UNUSED


def _is_retained(body: Mapping[str, Any]) -> bool:
    return str(body.get("DeletionPolicy")).startswith("Retain")
