"""Find the resources that a stack update replaces.

CloudFormation replaces a resource (it creates a new one and deletes the old one) when a create-only
property changes. The schemas of the types come from cfn-lint. A custom resource decides itself
about its replacement; those of this library are replaced when their target changes. A resource
that refers to a replaced resource in a create-only property is replaced too.

The new resource exists together with the old one, so the replacement fails if the template gives
the resource a name, its primary identifier, and the name stays the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from slr_constructs.catalogue.resource_type import is_absent
from slr_constructs.templates.role_usage import IDENTITY, properties_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

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
    #: the properties with the name, if the name stays the same; then CloudFormation cannot deploy
    #: the replacement. Empty: the new resource gets another name.
    keeps: tuple[str, ...] = ()


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
            # one that keeps its name is not replaced: the update fails
            if each in found and not found[each].keeps
            for edge in new.graph[logical_id][each].values()
            if edge["source_paths"][:1] == ["Properties"]
        }
        before, after = former.get("Properties"), body.get("Properties")
        if not refers_to and before == after:
            continue
        rules = _rules_of(body["Type"])
        changed = {
            pointer[0]
            for pointer in rules.create_only
            if [*_values(before, pointer)] != [*_values(after, pointer)]
        }
        referring = {pointer[0] for pointer in rules.create_only} & refers_to.keys()
        if changed or referring:
            properties = sorted(changed or referring)
            found[logical_id] = Replacement(
                tuple(properties),
                rules.never_updated,
                None if changed else refers_to[properties[0]],
                () if (changed | referring) & {*rules.name} else given_name(body),
            )
    return found


def given_name(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the properties with the name of a resource; empty if AWS generates the name."""
    name, given = _rules_of(body["Type"]).name, properties_of(body)
    return () if any(is_absent(given.get(each)) for each in name) else name


class _Rules(NamedTuple):
    """What the schema of a type says about replacements."""

    #: pointers to the properties that cannot be updated.
    create_only: tuple[tuple[str, ...], ...] = ()
    #: whether only the tags of a resource can be updated.
    never_updated: bool = False
    #: the properties with the name; empty if AWS generates all names.
    name: tuple[str, ...] = ()


def _rules_of(kind: str) -> _Rules:
    if kind in IDENTITY:
        return _Rules(((IDENTITY[kind],),))
    # imported here because it takes seconds
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError  # noqa: PLC0415

    if kind.startswith("Custom::"):
        return _Rules()
    try:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(_REGION, kind).schema
    except ResourceNotFoundError:
        return _Rules()
    pointers = tuple(tuple(each.split("/")[2:]) for each in schema.get("createOnlyProperties", ()))
    create_only = {each[0] for each in pointers}
    read_only = {each.split("/")[2] for each in schema.get("readOnlyProperties", ())}
    others = set(schema.get("properties", ())) - read_only - create_only
    name = tuple(each.split("/")[2] for each in schema.get("primaryIdentifier", ()))
    return _Rules(pointers, not others - {"Tags"}, name if create_only.issuperset(name) else ())


def _values(value: Any, pointer: Sequence[str]) -> Iterator[Any]:  # noqa: ANN401 - any part of a template
    """Yield the values at a JSON pointer; `*` stands for each member of a list."""
    if not pointer:
        yield value
    elif pointer[0] == "*" and isinstance(value, list):
        for each in value:
            yield from _values(each, pointer[1:])
    elif isinstance(value, dict) and pointer[0] in value:
        yield from _values(value[pointer[0]], pointer[1:])
