"""The guard applies its rules to every resource type of the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs import catalogue
from slr_constructs.guard.check import check
from tests.resource_types import EXAMPLES, each_native_type
from tests.templates.apps import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slr_constructs.catalogue import ResourceType
    from slr_constructs.catalogue.resource_type import Limit

ROLE_TYPE = "AWS::IAM::ServiceLinkedRole"
LIMITS = [(each, limit) for each in catalogue.RESOURCE_TYPES for limit in each.limits]


def rules(known: ResourceType, properties: Mapping[str, Any]) -> set[str]:
    """Return the ids of the rules that a resource of a type breaks."""
    return {each.rule.id for each in check(plain(A={"Type": known.type, "Properties": properties}))}


@each_native_type
def test_a_resource_that_uses_a_role_needs_it_and_a_clean_up_resource(target: ResourceType) -> None:
    """If it uses the role through another resource, that one needs the role."""
    assert rules(target, EXAMPLES[target.type].properties) == {
        *(() if target.uses_through else ("RoleNotDeclared",)),
        *(("CleanUpMissing",) if target.needs_clean_up else ()),
    }


@each_native_type
def test_a_resource_that_uses_a_role_must_depend_on_it(target: ResourceType) -> None:
    """CloudFormation may create the role later and delete it earlier otherwise."""
    role = {"Type": ROLE_TYPE, "Properties": {"AWSServiceName": target.role.service_principal}}
    usage = {"Type": target.type, "Properties": EXAMPLES[target.type].properties}

    loose, ordered = plain(Role=role, A=usage), plain(Role=role, A=usage | {"DependsOn": "Role"})

    assert "RoleOrder" in {each.rule.id for each in check(loose)}
    assert "RoleOrder" not in {each.rule.id for each in check(ordered)}


@pytest.mark.parametrize(
    ("known", "limit"),
    LIMITS,
    ids=[f"{each.type}-{'.'.join(limit.path)}" for each, limit in LIMITS],
)
def test_every_limit_is_checked(known: ResourceType, limit: Limit) -> None:
    """No limit allows this value."""
    value: Any = "?!"
    for part in reversed(limit.path):
        value = {part: value}

    assert "InvalidPropertyValue" in rules(known, {**EXAMPLES[known.type].properties, **value})
