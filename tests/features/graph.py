"""Helpers that read the resources of a template and their dependencies."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from slr_constructs.templates.order import creation_steps, deletion_steps, dependencies

if TYPE_CHECKING:
    from collections.abc import Mapping

Template = dict[str, Any]

ROLE = "Custom::ServiceLinkedRole"
EVENTS = "AWS::Lambda::EventInvokeConfig"
NATIVE_ROLE = "AWS::IAM::ServiceLinkedRole"
FUNCTION = "AWS::Lambda::Function"
ONLY_OWN_TAGS = {"ForAllValues:StringLike": {"aws:TagKeys": "slr-constructs:*"}}


def ids_of(template: Template, kind: str) -> list[str]:
    """Return the logical ids of all resources of a type."""
    return [name for name, each in template["Resources"].items() if each["Type"] == kind]


def id_of(template: Template, kind: str) -> str:
    """Return the logical id of the only resource of a type."""
    (name,) = ids_of(template, kind)
    return name


def properties_of(template: Template, kind: str) -> dict[str, Any]:
    """Return the properties of the only resource of a type."""
    properties: dict[str, Any] = template["Resources"][id_of(template, kind)].get("Properties", {})
    return properties


def custom_ids(template: Template) -> list[str]:
    """Return the logical ids of all custom resources."""
    resources: Mapping[str, Any] = template["Resources"]
    return [name for name, each in resources.items() if each["Type"].startswith("Custom::")]


class _Order(NamedTuple):
    """The order of the resources of a template."""

    direct: dict[str, set[str]]
    creation: list[list[str]]
    deletion: list[list[str]]


@functools.lru_cache(maxsize=8)
def _order_in(text: str) -> _Order:
    template = json.loads(text)
    return _Order(dependencies(template), creation_steps(template), deletion_steps(template))


def _order_of(template: Template) -> _Order:
    """Return the order of a template, which is computed only once per template."""
    return _order_in(json.dumps(template))


def needs(template: Template, logical_id: str) -> set[str]:
    """Return all resources that a resource depends on, directly or indirectly."""
    direct = _order_of(template).direct
    found: set[str] = set()
    left = [logical_id]
    while left:
        new = direct[left.pop()] - found
        found |= new
        left.extend(new)
    return found


def is_first(template: Template, earlier: str, later: str) -> bool:
    """Return whether one resource is created before, and deleted after, another one."""
    _, up, down = _order_of(template)
    depends = earlier in needs(template, later)
    if depends:
        # a reviewer reads the steps, so they must have the same order
        assert _step(up, earlier) < _step(up, later)
        assert _step(down, later) < _step(down, earlier)
    return depends


def is_type_first(template: Template, earlier: str, later: str) -> bool:
    """Return the same for the only resources of two types."""
    return is_first(template, id_of(template, earlier), id_of(template, later))


def policy_of(template: Template, logical_id: str) -> str:
    """Return the logical id of the policy that a custom resource depends on."""
    first: list[str] = template["Resources"][logical_id]["DependsOn"]
    (policy,) = (each for each in first if each in ids_of(template, "AWS::IAM::RolePolicy"))
    return policy


def statements_of(template: Template, logical_id: str) -> list[dict[str, Any]]:
    """Return the statements of the policy that a custom resource depends on."""
    policy = template["Resources"][policy_of(template, logical_id)]["Properties"]
    statements: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return statements


def actions_of(template: Template, logical_id: str) -> set[str]:
    """Return the actions that the policy of a custom resource allows."""
    return {
        action for each in statements_of(template, logical_id) for action in listed(each["Action"])
    }


def function_policies(template: Template) -> dict[str, dict[str, Any]]:
    """Return the documents of all policies of a stack's function by their names, as text."""
    own = properties_of(template, "AWS::IAM::Role")["Policies"]
    others = (template["Resources"][each] for each in ids_of(template, "AWS::IAM::RolePolicy"))
    policies = [*own, *(each["Properties"] for each in others)]
    found = {str(each["PolicyName"]): each["PolicyDocument"] for each in policies}
    # IAM would replace a policy by another one with its name
    assert len(found) == len(policies)
    return found


def function_statements(template: Template) -> list[dict[str, Any]]:
    """Return all statements for a stack's function."""
    return [
        each for document in function_policies(template).values() for each in document["Statement"]
    ]


def listed(value: Any) -> list[Any]:  # noqa: ANN401 - a value or a list of values
    """Return an element of a policy as a list; it may be a value or a list of values."""
    return value if isinstance(value, list) else [value]


def _step(steps: list[list[str]], logical_id: str) -> int:
    (number,) = (index for index, step in enumerate(steps) if logical_id in step)
    return number
