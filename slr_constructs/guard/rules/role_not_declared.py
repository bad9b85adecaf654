"""A resource uses a role that neither its stack nor a stack it depends on declares."""

from __future__ import annotations

from dataclasses import replace
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
                name, role = stack.show(usage.logical_id), usage.role_names[0]
                missing = "but neither this stack nor a stack it depends on declares"
                text = (
                    f"`{name}` configures {usage.feature}, {missing} the role `{role}`"
                    if usage.is_certain
                    else f"`{name}` may use the role `{role}` for {usage.feature}, {missing} it"
                )
                text += "".join(
                    f"; `{app.stacks[place.stack].show(place.logical_id)}` declares `{role.name}`,"
                    f" which cannot be used for {usage.feature}"
                    for place, role in app.roles_near(stack, _of_wrong_roles(usage))
                )
                yield Finding(RULE, stack.name, usage.logical_id, text)


def _of_wrong_roles(usage: RoleUsage) -> RoleUsage:
    """Return the usage with the roles that IAM creates instead of the roles that it may use."""
    wrong = (each.created_instead for each in catalogue.ALL if each.role_name in usage.role_names)
    return replace(usage, role_names=tuple(filter(None, wrong)))
