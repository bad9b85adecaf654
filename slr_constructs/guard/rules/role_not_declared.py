"""A resource uses a role that neither its stack nor a stack it depends on declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs import catalogue
from slr_constructs.guard.rule import Finding, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.templates.app import App
    from slr_constructs.templates.role_usage import RoleUsage

RULE = Rule(
    "RoleNotDeclared",
    Severity.ERROR,
    "a feature is configured, but its service-linked role is not declared",
    "If the role does not exist, the service creates it with the permissions of the deploying"
    " principal, or the feature fails. The role is not deleted together with the stack.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html",
    "Declare the role before the feature, or import it with `ServiceLinkedRole.from_existing`."
    " If the service may create the role, acknowledge the finding.",
)

#: a resource of these types uses the role through another resource, which needs the role first.
_FOLLOWERS = {each.type for each in catalogue.RESOURCE_TYPES if each.uses_through is not None}


def findings(app: App) -> Iterator[Finding]:
    """Yield a finding for each usage of a role that is neither declared nor imported."""
    for stack in app.stacks.values():
        for usage in stack.usages.values():
            if not (
                usage.is_clean_up
                or stack.type_of(usage.logical_id) in _FOLLOWERS
                or app.has_role(stack, usage)
            ):
                name, role = stack.show(usage.logical_id), _role_name(usage)
                missing = "but neither this stack nor a stack it depends on declares"
                text = (
                    f"`{name}` configures {usage.feature}, {missing} the role `{role}`"
                    if usage.is_certain
                    else f"`{name}` may use the role `{role}` for {usage.feature}, {missing} it"
                )
                yield Finding(RULE, stack.name, usage.logical_id, text)


def _role_name(usage: RoleUsage) -> str:
    """Return the name of the role that the usage may use; of several roles, the current one."""
    roles = [each for each in catalogue.ALL if each.service_principal in usage.principals]
    return min(roles, key=lambda each: each.superseded_by is not None).role_name
