"""Find the resources that a stack update replaces.

CloudFormation replaces a resource (it creates a new one and deletes the old one) when a create-only
property changes. The schemas of the types come from cfn-lint. A custom resource decides itself
about its replacement; those of this library are replaced when their target changes. A resource
that refers to a replaced resource in a create-only property is replaced too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slr_constructs.templates.role_usage import IDENTITY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.templates.app import Stack

#: the region with most types; schemas hardly differ between regions.
_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Replacement:
    """The reason why a resource is replaced."""

    #: the create-only properties that changed.
    properties: tuple[str, ...]
    #: whether only the tags of the resource can be updated.
    never_updated: bool
    #: the replaced resource that the first property refers to; None if its own value changed.
    because_of: str | None


def replacements(old: Stack, new: Stack) -> dict[str, Replacement]:
    """Return the resources that an update of a stack replaces, by logical id.

    A resource whose type changes is not included, because CloudFormation refuses that update.
    """
    found: dict[str, Replacement] = {}
    # in the order of creation: referenced resources first
    for logical_id in (each for step in new.creation for each in step):
        body, former = new.resources[logical_id], old.resources.get(logical_id)
        if former is None or former["Type"] != body["Type"]:
            continue
        # the properties that refer to a replaced resource
        refers_to = {
            edge["source_paths"][1]: each
            for each in sorted(new.graph.successors(logical_id))
            if each in found
            for edge in new.graph[logical_id][each].values()
            if edge["source_paths"][:1] == ["Properties"]
        }
        before, after = former.get("Properties"), body.get("Properties")
        if not refers_to and before == after:
            continue
        fixed, never_updated = _fixed(body["Type"])
        changed = {
            pointer[0]
            for pointer in fixed
            if [*_values(before, pointer)] != [*_values(after, pointer)]
        }
        referring = sorted({pointer[0] for pointer in fixed} & refers_to.keys())
        if changed:
            found[logical_id] = Replacement(tuple(sorted(changed)), never_updated, None)
        elif referring:
            because_of = refers_to[referring[0]]
            found[logical_id] = Replacement(tuple(referring), never_updated, because_of)
    return found


def _fixed(kind: str) -> tuple[list[list[str]], bool]:
    """Return the create-only properties, and whether the type has no others except tags."""
    if kind in IDENTITY:
        return [[IDENTITY[kind]]], False
    # imported here because it takes seconds
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError  # noqa: PLC0415

    if kind.startswith("Custom::"):
        return [], False
    try:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(_REGION, kind).schema
    except ResourceNotFoundError:
        return [], False
    pointers = [each.split("/")[2:] for each in schema.get("createOnlyProperties", ())]
    read_only = {each.split("/")[2] for each in schema.get("readOnlyProperties", ())}
    others = set(schema.get("properties", ())) - read_only - {each[0] for each in pointers}
    return pointers, not others - {"Tags"}


def _values(value: Any, pointer: list[str]) -> Iterator[Any]:  # noqa: ANN401 - any part of a template
    """Yield the values at a JSON pointer; `*` stands for each member of a list."""
    if not pointer:
        yield value
    elif pointer[0] == "*" and isinstance(value, list):
        for each in value:
            yield from _values(each, pointer[1:])
    elif isinstance(value, dict) and pointer[0] in value:
        yield from _values(value[pointer[0]], pointer[1:])
