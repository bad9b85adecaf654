"""Policy statements for the commands `audit`, `leases`, `release` and `restore`.

List actions do not support resource ARNs, so their resource is `*`. The resource of stack actions
is also `*`, because stacks are looked up by their resources. All other statements name the resource
type in the given partition, region and account, or the exact ARN of a role.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs import _permissions as permissions
from slr_constructs.catalogue import (
    ALL,
    RoleCreation,
    by_role_name,
    resource_types_of,
    with_superseded_roles,
)
from slr_constructs.catalogue.resource_type import OnRelease
from slr_constructs.policies.function import creation_statements
from slr_constructs.policies.place import Place, Statements, sid_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from slr_constructs.catalogue import ResourceType, RoleDefinition

#: the calls to read a role.
_READING = ("iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies")


def audit_statements(definitions: Sequence[RoleDefinition], place: Place) -> Statements:
    """Return the statements to read the usages and leases of roles."""
    # an audit of a role includes the older role that it replaced
    roles = with_superseded_roles(definitions)
    targets = _targets(roles)
    statements: Statements = {}
    for each in roles:
        statements |= _find(each, place)
    if not targets:
        # no resources are read, only the stacks with leases
        return statements | {
            "FindStacks": permissions.call(["cloudformation:DescribeStacks"], "*"),
        }
    statements |= {
        "FindRegions": permissions.call(["account:ListRegions"], "*"),
        "FindStacks": permissions.call(
            ["cloudformation:DescribeStackResources", "cloudformation:DescribeStacks"], "*"
        ),
        "ListRoleUsages": permissions.call([each.calls.list.operation for each in targets], "*"),
    }
    for target in targets:
        if not target.calls.list.has_settings:
            # the list has no tags either, which have the marks of stacks
            tags = [each for each in target.calls.tags if each.endswith(":ListTagsForResource")]
            statements[f"Describe{target.sid}"] = permissions.call(
                [target.calls.describe, *tags], place.resources(target)
            )
    return statements


def _targets(definitions: Iterable[RoleDefinition]) -> list[ResourceType]:
    return [*dict.fromkeys(each for role in definitions for each in resource_types_of(role))]


def _find(definition: RoleDefinition, place: Place) -> Statements:
    permission = permissions.call(
        _READING, place.role(definition), place.role_without_path(definition)
    )
    return {f"Find{sid_of(definition)}": permission}


def leases_statements(definitions: Sequence[RoleDefinition], place: Place) -> Statements:
    """Return the statements to audit roles, and to drop leases and marks."""
    statements = audit_statements(definitions, place)
    roles = with_superseded_roles(definitions)
    for each in roles:
        statements[f"Release{sid_of(each)}"] = permissions.call(["iam:UntagRole"], place.role(each))
    return statements | _unmark(roles, place)


def _unmark(definitions: Iterable[RoleDefinition], place: Place) -> Statements:
    return {
        f"Unmark{target.sid}": permissions.call([target.calls.tags[-1]], place.resources(target))
        for target in _targets(definitions)
        if target.calls.tags
    }


def audit_of_all_roles(place: Place) -> Statements:
    """Return the statements to audit the catalogue's roles, and the others of slr-constructs."""
    return audit_statements(ALL, place) | {
        # it does not support resource-level permissions
        "ListRoles": permissions.call(["iam:ListRoles"], "*"),
        "FindOtherRoles": permissions.call(_READING, _all_roles(place)),
    }


def leases_of_all_roles(place: Place) -> Statements:
    """Return the statements to audit all roles, and to drop leases and marks."""
    return {
        **audit_of_all_roles(place),
        "ReleaseRoles": permissions.untag_role(_all_roles(place)),
        **_unmark(ALL, place),
    }


def _all_roles(place: Place) -> str:
    return f"arn:{place.partition}:iam::{place.account}:role/aws-service-role/*"


def release_statements(definitions: Sequence[RoleDefinition], place: Place) -> Statements:
    """Return the statements to audit roles, to disable their features and to delete them."""
    statements = audit_statements(definitions, place)
    for each in definitions:
        sid, role = sid_of(each), place.role(each)
        if each.superseded_by is not None:
            # the features use the current role, if it exists
            statements |= _find(by_role_name(each.superseded_by), place)
        for target in resource_types_of(each):
            if target.on_release is OnRelease.KEEPS:
                continue
            operations = [target.calls.remove]
            if target.calls.list.has_settings:
                # the current settings are recorded first; otherwise the audit reads them
                operations.insert(0, target.calls.describe)
            statements[f"Remove{target.sid}"] = permissions.call(
                operations, place.resources(target)
            )
        statements |= {
            f"Release{sid}": permissions.tag_role(role),
            f"Delete{sid}": permissions.allow_delete(role),
        }
    return statements


def restore_statements(definitions: Sequence[RoleDefinition], place: Place) -> Statements:
    """Return the statements to create roles again and to configure their features."""
    statements: Statements = {
        "DescribeStacks": permissions.call(["cloudformation:DescribeStacks"], "*")
    }
    for each in definitions:
        sid, role = sid_of(each), place.role(each)
        statements |= {
            f"Read{sid}": permissions.call(["iam:GetRole"], role, place.role_without_path(each)),
            f"Restore{sid}": permissions.call(["iam:TagRole"], role),
        }
        if each.creation is RoleCreation.SERVICE:
            # the service sets the description of the role
            statements[f"Edit{sid}"] = permissions.allow_edit(role)
        if each.creation is not RoleCreation.NEVER:
            create, attach_policies = permissions.allow_create(each, role)
            statements |= {f"Create{sid}": create, f"AttachPoliciesTo{sid}": attach_policies}
    for target in _targets(definitions):
        if target.on_release is OnRelease.KEEPS:
            continue
        if target.role not in definitions:
            # the services use the current role, even if the older one is restored
            statements |= creation_statements(target.role, place)
        operations = [target.calls.describe, target.calls.configure.operation]
        statements[f"Configure{target.sid}"] = permissions.call(operations, place.resources(target))
        if target.on_release is OnRelease.DELETES:
            # to find resources that an interrupted restore created
            statements["ListRoleUsages"] = permissions.call([target.calls.list.operation], "*")
        statements |= place.required(target)
    return statements
