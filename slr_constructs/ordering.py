"""Role before feature, release before owner; and the order that a template declares.

CloudFormation creates a resource once everything it depends on is there, and deletes it once
nothing that depends on it is left. A dependency is a `DependsOn`, a `Ref`, an `Fn::GetAtt` or a
name within an `Fn::Sub`.
"""

from __future__ import annotations

import re
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

from slr_constructs.provider import Provider
from slr_constructs.service_linked_role import rights_to_switch_on
from slr_constructs.stack_parts import claim

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aws_cdk import CfnResource
    from constructs import Construct

    from slr_constructs.catalogue import RoleDefinition
    from slr_constructs.handler.slr_handler.contract import Contract
    from slr_constructs.provider import Right
    from slr_constructs.service_linked_role import ServiceLinkedRole

_NAMES = re.compile(r"\$\{(?!!)([^}.]+)")


def role_before(role: ServiceLinkedRole, resource: CfnResource) -> None:
    """Let CloudFormation make the role before a resource that needs it, and delete it after.

    Across stacks this becomes a dependency between the stacks. An imported role is not waited for.
    """
    if role.resource is not None:
        resource.add_resource_dependency(role.resource)


def define_put(
    feature: Construct,
    wanted: Contract,
    *,
    owner: CfnResource | str,
    prop: str,
    thing: Any,  # noqa: ANN401 - a string or an intrinsic
    role: ServiceLinkedRole,
    definition: RoleDefinition,
    rights: Sequence[Right],
    props: dict[str, str],
) -> CfnResource:
    """Let the function put a feature after the role, and remove it before role and owner.

    Args:
        feature: The feature, whose `Resource` this is.

        wanted: What is put. It refers to its owner, so it is deleted before an owner of the app.

        owner: The owner, as the feature was given it.

        prop: The prop that it was given as.

        thing: What names the owner, and changes when it is replaced.

        role: The role that the feature uses.

        definition: The role that the service makes when the feature is put.

        rights: What the function may do.

        props: The prop that a contract's field comes from, where the names differ.

    Raises:
        UsageError: The owner has the feature already, or the contract breaks a rule.
    """
    claim(feature, wanted, prop, owner)
    resource = Provider.of(feature).define(
        feature,
        "Resource",
        wanted,
        thing=thing,
        props=props,
        rights=[*rights, *rights_to_switch_on(feature, definition)],
    )
    role_before(role, resource)
    return resource


def define_release(
    feature: Construct,
    wanted: Contract,
    *,
    owner: CfnResource,
    thing: str,
    role: ServiceLinkedRole,
    rights: Sequence[Right],
) -> CfnResource:
    """Let CloudFormation set a feature on its owner after the role, and switch it off before both.

    The release refers to the owner, and so it is deleted before it. It is deleted before the role
    by itself too: when a feature is removed and its owner stays, release and role go in one update.

    Args:
        feature: The feature, whose `Release` this is.

        wanted: What is released.

        owner: The owner, which has the native property.

        thing: What names the owner, and changes when it is replaced.

        role: The role that the feature uses.

        rights: What the function may do.
    """
    role_before(role, owner)
    release = Provider.of(feature).define(feature, "Release", wanted, thing=thing, rights=rights)
    role_before(role, release)
    return release


def creation_waves(template: Mapping[str, Any]) -> list[list[str]]:
    """Return the logical ids in the order of creation; those of one wave do not wait for another.

    Raises:
        graphlib.CycleError: The template's dependencies form a circle.
    """
    return _waves(dependencies(template))


def deletion_waves(template: Mapping[str, Any]) -> list[list[str]]:
    """Return the logical ids in the order of deletion, as `creation_waves` does for creation."""
    dependents: dict[str, set[str]] = {}
    for logical_id, needed in dependencies(template).items():
        dependents.setdefault(logical_id, set())
        for each in needed:
            dependents.setdefault(each, set()).add(logical_id)
    return _waves(dependents)


def dependencies(template: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return what each resource of a template waits for."""
    resources: Mapping[str, Any] = template.get("Resources", {})
    return {
        logical_id: {
            name
            for name in (*_listed(resource.get("DependsOn", [])), *_names(resource))
            if name in resources and name != logical_id
        }
        for logical_id, resource in resources.items()
    }


def _waves(needs: Mapping[str, set[str]]) -> list[list[str]]:
    sorter = TopologicalSorter(needs)
    sorter.prepare()
    waves = []
    while sorter.is_active():
        wave = sorted(sorter.get_ready())
        sorter.done(*wave)
        waves.append(wave)
    return waves


def _listed(names: str | list[str]) -> list[str]:
    return [names] if isinstance(names, str) else names


def _names(value: Any) -> Iterator[str]:  # noqa: ANN401 - any part of a template
    if isinstance(value, list):
        for each in value:
            yield from _names(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key == "Ref" and isinstance(each, str):
                yield each
            elif key == "Fn::GetAtt":
                yield each.partition(".")[0] if isinstance(each, str) else each[0]
            elif key == "Fn::Sub":
                text, values = (each, {}) if isinstance(each, str) else each
                # a name that the map gives a value is no resource's
                yield from (name for name in _NAMES.findall(text) if name not in values)
                yield from _names(values)
            else:
                yield from _names(each)
