"""What a template says about its resources, and about which of them waits for which."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from slr_constructs.templates.order import creation_waves, deletion_waves, dependencies

if TYPE_CHECKING:
    from collections.abc import Mapping

Template = dict[str, Any]

ROLE = "Custom::ServiceLinkedRole"
NATIVE_ROLE = "AWS::IAM::ServiceLinkedRole"
FUNCTION = "AWS::Lambda::Function"


def ids_of(template: Template, kind: str) -> list[str]:
    """Return the logical ids of all resources of a type."""
    return [name for name, each in template["Resources"].items() if each["Type"] == kind]


def id_of(template: Template, kind: str) -> str:
    """Return the logical id of the one resource of a type."""
    (name,) = ids_of(template, kind)
    return name


def properties_of(template: Template, kind: str) -> dict[str, Any]:
    """Return the properties of the one resource of a type."""
    properties: dict[str, Any] = template["Resources"][id_of(template, kind)].get("Properties", {})
    return properties


def custom_ids(template: Template) -> list[str]:
    """Return the logical ids of all custom resources."""
    resources: Mapping[str, Any] = template["Resources"]
    return [name for name, each in resources.items() if each["Type"].startswith("Custom::")]


class _Order(NamedTuple):
    """What a template says about its order."""

    direct: dict[str, set[str]]
    creation: list[list[str]]
    deletion: list[list[str]]


@functools.lru_cache(maxsize=8)
def _order_in(text: str) -> _Order:
    template = json.loads(text)
    return _Order(dependencies(template), creation_waves(template), deletion_waves(template))


def _order_of(template: Template) -> _Order:
    """Return the order of a template, which is read once for all questions about it."""
    return _order_in(json.dumps(template))


def needs(template: Template, logical_id: str) -> set[str]:
    """Return all that a resource waits for, directly or through others."""
    direct = _order_of(template).direct
    found: set[str] = set()
    left = [logical_id]
    while left:
        new = direct[left.pop()] - found
        found |= new
        left.extend(new)
    return found


def is_first(template: Template, earlier: str, later: str) -> bool:
    """Tell whether one resource is created before, and deleted after, another."""
    _, up, down = _order_of(template)
    waits = earlier in needs(template, later)
    if waits:
        # the waves are what a reviewer reads, so they have to say the same
        assert _wave(up, earlier) < _wave(up, later)
        assert _wave(down, later) < _wave(down, earlier)
    return waits


def is_type_first(template: Template, earlier: str, later: str) -> bool:
    """Tell the same of the one resource of a type and the one of another."""
    return is_first(template, id_of(template, earlier), id_of(template, later))


def policy_of(template: Template, logical_id: str) -> str:
    """Return the logical id of the rights that a custom resource waits for by name."""
    first: list[str] = template["Resources"][logical_id]["DependsOn"]
    (policy,) = (each for each in first if each in ids_of(template, "AWS::IAM::RolePolicy"))
    return policy


def statements_of(template: Template, logical_id: str) -> list[dict[str, Any]]:
    """Return the statements of the rights that a custom resource waits for."""
    policy = template["Resources"][policy_of(template, logical_id)]["Properties"]
    statements: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return statements


def actions_of(template: Template, logical_id: str) -> set[str]:
    """Return the actions that a custom resource's rights allow."""
    return {
        action for each in statements_of(template, logical_id) for action in listed(each["Action"])
    }


def listed(value: Any) -> list[Any]:  # noqa: ANN401 - one of anything, or many
    """Return what a policy says in one of its two ways as a list."""
    return value if isinstance(value, list) else [value]


def _wave(waves: list[list[str]], logical_id: str) -> int:
    (number,) = (index for index, wave in enumerate(waves) if logical_id in wave)
    return number
