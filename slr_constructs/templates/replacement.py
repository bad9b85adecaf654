"""Which resources an update of a stack replaces: makes anew, and deletes as they were.

CloudFormation replaces a resource when a property changes that the schema of its type calls
create-only, and those schemas are cfn-lint's. A custom resource decides by itself; those of this
library are replaced when they act on another thing. What refers to a replaced resource in such a
property is replaced with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slr_constructs.templates.lifecycle import IDENTITY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.templates.app import Stack

#: where most types are; a schema hardly differs from region to region.
_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Replacement:
    """Why a resource is replaced."""

    #: the properties that cannot be updated and have changed.
    properties: tuple[str, ...]
    #: nothing of the resource can be updated but its tags.
    never_updated: bool
    #: the replaced resource that the first property refers to; None if its own text changed.
    because_of: str | None


def replacements(old: Stack, new: Stack) -> dict[str, Replacement]:
    """Return what is replaced when a stack is updated, by logical id.

    A resource whose type changes is not among them: CloudFormation refuses that.
    """
    found: dict[str, Replacement] = {}
    # what a resource refers to is looked at before it
    for logical_id in (each for wave in new.creation for each in wave):
        body, former = new.resources[logical_id], old.resources.get(logical_id)
        if former is None or former["Type"] != body["Type"]:
            continue
        refers_to = {
            path[1]: each
            for each in sorted(new.graph.successors(logical_id))
            if each in found
            for path in _paths(new, logical_id, each)
        }
        if not refers_to and former.get("Properties") == body.get("Properties"):
            continue
        fixed, never_updated = _fixed(body["Type"])
        changed = sorted(
            {
                pointer[0]
                for pointer in fixed
                if [*_values(former.get("Properties"), pointer)]
                != [*_values(body.get("Properties"), pointer)]
            }
        )
        referring = sorted({pointer[0] for pointer in fixed} & refers_to.keys())
        if changed:
            found[logical_id] = Replacement(tuple(changed), never_updated, None)
        elif referring:
            because_of = refers_to[referring[0]]
            found[logical_id] = Replacement(tuple(referring), never_updated, because_of)
    return found


def _paths(stack: Stack, dependent: str, dependency: str) -> Iterator[list[str]]:
    """Yield where the properties of a resource refer to another."""
    for edge in stack.graph[dependent][dependency].values():
        if edge["source_paths"][:1] == ["Properties"]:
            yield edge["source_paths"]


def _fixed(kind: str) -> tuple[list[list[str]], bool]:
    """Return the properties that cannot be updated, and whether there are no others but tags."""
    if kind in IDENTITY:
        return [[IDENTITY[kind]]], False
    # here, for it takes seconds
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
    """Yield what stands at a pointer, whose `*` is for each member of a list."""
    if not pointer:
        yield value
    elif pointer[0] == "*" and isinstance(value, list):
        for each in value:
            yield from _values(each, pointer[1:])
    elif isinstance(value, dict) and pointer[0] in value:
        yield from _values(value[pointer[0]], pointer[1:])
