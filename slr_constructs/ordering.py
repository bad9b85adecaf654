"""Role before feature, release before owner; and the order that a template declares.

CloudFormation creates a resource once everything it depends on is there, and deletes it once
nothing that depends on it is left. A dependency is a `DependsOn`, a `Ref`, an `Fn::GetAtt` or a
name within an `Fn::Sub`.
"""

from __future__ import annotations

import re
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aws_cdk import CfnResource

    from slr_constructs.service_linked_role import ServiceLinkedRole

_NAMES = re.compile(r"\$\{(?!!)([^}.]+)")


def role_before(role: ServiceLinkedRole, resource: CfnResource) -> None:
    """Let CloudFormation make the role before a resource that needs it, and delete it after.

    Across stacks this becomes a dependency between the stacks. An imported role is not waited for.
    """
    if role.resource is not None:
        resource.add_resource_dependency(role.resource)


def release_before_role(role: ServiceLinkedRole, release: CfnResource) -> None:
    """Let CloudFormation delete a release before the role, by itself and not through the owner.

    When a feature is removed and its owner stays, release and role go in one update.
    """
    role_before(role, release)


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
