"""A resource uses a role that neither its stack nor a stack it depends on declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slr_constructs import catalogue
from slr_constructs.guard.additions import role_before
from slr_constructs.guard.callers import lacks_permission
from slr_constructs.guard.rule import Finding, Rule, Severity
from slr_constructs.templates.custom_calls import CREATE_ROLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from slr_constructs.templates.app import App, Stack
    from slr_constructs.templates.role_usage import RoleUsage

RULE = Rule(
    "RoleNotDeclared",
    Severity.WARNING,
    "a feature is configured, but its service-linked role is not declared",
    "If the role does not exist, the service creates it with the permissions of the caller, or the"
    " feature fails. The role is not deleted together with the stack. It is an error if the"
    " template shows that the service cannot create the role: the function that makes the call"
    " lacks `iam:CreateServiceLinkedRole`, or the template declares another role of the service.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html",
    "Declare the role before the feature, or import it with `ServiceLinkedRole.from_existing`."
    " If the service may create the role, acknowledge the finding.",
    "Declare the role, and let the resource of the feature depend on it. If the service may create"
    " the role, acknowledge the finding.",
)

#: a resource of these types uses the role through another resource, which needs the role first.
_FOLLOWERS = {each.type for each in catalogue.RESOURCE_TYPES if each.uses_through is not None}


def findings(app: App) -> Iterator[Finding]:
    """Yield a finding for each usage of a role that is neither declared nor imported."""
    for stack in app.stacks.values():
        missing = [each for each in stack.usages.values() if _lacks_role(app, stack, each)]
        additions = _additions(stack, missing)
        for usage in missing:
            role = catalogue.by_role_name(usage.role_names[0])
            name = stack.show(usage.logical_id)
            where = "but neither this stack nor a stack it depends on declares"
            text = (
                f"`{name}` configures {usage.feature}, {where} the role `{role.role_name}`"
                if usage.is_certain
                else f"`{name}` may use the role `{role.role_name}` for {usage.feature}, {where} it"
            )
            reason = _why_it_fails(app, stack, usage)
            yield Finding(
                RULE,
                stack.name,
                usage.logical_id,
                f"{text}, {reason}" if reason else text,
                addition=additions[usage.role_names],
                own_severity=Severity.ERROR if reason else None,
            )


def _additions(stack: Stack, missing: Iterable[RoleUsage]) -> dict[tuple[str, ...], dict[str, Any]]:
    """Return the roles to add, by the names of the roles that a usage may use.

    A role is for all resources that use it, and is deleted after all clean-up resources.
    """
    dependents: dict[tuple[str, ...], list[str]] = {}
    for each in missing:
        dependents.setdefault(each.role_names, []).append(each.logical_id)
    for each in stack.usages.values():
        if each.is_clean_up and each.role_names in dependents:
            dependents[each.role_names].append(each.logical_id)
    return {
        names: role_before(stack, logical_ids, catalogue.by_role_name(names[0]))
        for names, logical_ids in dependents.items()
    }


def _lacks_role(app: App, stack: Stack, usage: RoleUsage) -> bool:
    return not (
        usage.is_clean_up
        or stack.type_of(usage.logical_id) in _FOLLOWERS
        or app.has_role(stack, usage)
    )


def _why_it_fails(app: App, stack: Stack, usage: RoleUsage) -> str | None:
    """Return why the service cannot create the role; None if it may be able to."""
    if lacks_permission(stack, usage.logical_id):
        return f"and its function lacks `{CREATE_ROLE}`"
    principals = (catalogue.by_role_name(each).service_principal for each in usage.role_names)
    services = {_service(each) for each in principals}
    of_service = [
        role
        for _, role in app.roles_before(stack)
        if isinstance(role.principal, str) and _service(role.principal) in services
    ]
    used = {
        each
        for other in (app.stacks.values() if of_service else ())
        for one in other.usages.values()
        for each in one.role_names
    }
    wrong = [role.shown for role in of_service if role.name not in used]
    return f"only {wrong[0]}, which it does not use" if wrong else None


def _service(principal: str) -> str:
    """Return the service of a principal: `chime` for `voiceconnector.chime.amazonaws.com`."""
    return principal.removesuffix(".amazonaws.com").rpartition(".")[2]
