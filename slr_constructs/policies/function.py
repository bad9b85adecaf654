"""Policy statements of the function: all permissions that the constructs can grant to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs import _permissions as permissions
from slr_constructs.catalogue import resource_types_of, usage_lists_of
from slr_constructs.policies.place import Place, Statements, sid_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slr_constructs.catalogue import RoleDefinition

#: matches the names of the function, its role and its log group.
FUNCTION_NAMES = "*-ServiceLinkedRole*"


def function_statements(definitions: Iterable[RoleDefinition], place: Place) -> Statements:
    """Return the statements to manage roles and to configure their features."""
    statements: Statements = {}
    roles = []
    for definition in definitions:
        statements |= creation_statements(definition, place)
        roles += [place.role(definition), place.role_without_path(definition)]
        # in one statement, so that the policy of all functions fits into a managed policy
        statements["ManageRoles"] = permissions.acquire_role(*roles)
        if lists := usage_lists_of(definition):
            statements["ListRoleUsages"] = permissions.call(lists, "*")
        targets = [each for each in resource_types_of(definition) if each.contracts.all]
        for target in targets:
            # the current role, even for a stack that adopted the older one
            statements |= creation_statements(target.role, place)
            statements |= place.required(target)
        for role in dict.fromkeys(each.role for each in targets):
            # in one statement, for the same reason
            statements[f"ConfigureWith{sid_of(role)}"] = permissions.in_one_statement(
                *(
                    permissions.configure_feature(each, place.resources(each), marks_owner=True)
                    for each in targets
                    if each.role == role
                )
            )
    log = place.arn("logs", f"log-group:{FUNCTION_NAMES}")
    stack = place.arn("cloudformation", "stack/*")
    return statements | {
        "WriteFunctionLog": permissions.write_own_log(log, f"{log}:*"),
        "ReadFunctionStack": permissions.read_own_stack(stack),
    }


def creation_statements(definition: RoleDefinition, place: Place) -> Statements:
    """Return the statement to create a role; none if IAM cannot create it."""
    created = permissions.create_role(definition, place.role(definition))
    return {f"Create{sid_of(definition)}": permission for permission in created}
