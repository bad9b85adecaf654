"""Rules for roles and role usages: declaration, order and clean-up.

A feature may use a role that is declared in a stack on which its own stack depends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs import catalogue
from slr_constructs.guard.rule import Finding, Rule, Severity
from slr_constructs.templates.app import Place
from slr_constructs.templates.role_usage import Removal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from slr_constructs.templates.app import App, Stack
    from slr_constructs.templates.role_usage import RoleUsage

ROLE_NOT_DECLARED = Rule(
    "RoleNotDeclared",
    Severity.ERROR,
    "a feature is configured, but its service-linked role is not declared",
    "If the role does not exist, the service creates it with the permissions of the deploying"
    " principal, or the feature fails. The role is not deleted together with the stack.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html",
    "Declare the role before the feature, or import it with `ServiceLinkedRole.from_existing`."
    " If the service may create the role, acknowledge the finding.",
)
ROLE_ORDER = Rule(
    "RoleOrder",
    Severity.ERROR,
    "a feature does not depend on the service-linked role that its stack declares",
    "CloudFormation may create the feature before the role. It may also try to delete the role"
    " while the feature uses it, which IAM refuses.",
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-dependson.html",
    "Add a dependency from the resource of the feature to the resource of the role.",
)
FEATURE_OUTLIVES_ROLE = Rule(
    "FeatureOutlivesRole",
    Severity.ERROR,
    "a feature is retained, but the role that it uses is not",
    "The feature still uses the role when the stack is deleted, so IAM refuses to delete the role.",
    "https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteServiceLinkedRole.html",
    "Retain the role too (`RoleRemoval.KEEP` or a `DeletionPolicy`), or do not retain the feature.",
)
CLEAN_UP_MISSING = Rule(
    "CleanUpMissing",
    Severity.ERROR,
    "no clean-up resource disables a feature before its owner is deleted",
    "The AWS documentation asks you to disable the feature first. If the owner is deleted while"
    " its logging is enabled, the role may stay in use permanently.",
    "the clean-up sections of the pages in `slr-constructs catalogue ROLE`",
    "Use the construct for the feature, which defines a clean-up resource, or use"
    " `EnsureServiceLinkedRoles`.",
)

#: types that refer to a recording configuration; the configuration itself needs the role first.
_FOLLOWERS = ("AWS::IVS::Channel",)

RULES = (ROLE_NOT_DECLARED, ROLE_ORDER, FEATURE_OUTLIVES_ROLE, CLEAN_UP_MISSING)


def findings(app: App, imported: Collection[tuple[str, str]]) -> Iterator[Finding]:
    """Yield the findings about roles and role usages.

    Args:
        app: The stacks.

        imported: Pairs of stack name and role name: the roles that a stack uses without
            declaring them.
    """
    for stack in app.stacks.values():
        cleaned_up = {
            (owner, usage.feature)
            for usage in stack.usages.values()
            if usage.is_clean_up and not usage.retained
            for owner in usage.owners
        }
        for usage in stack.usages.values():
            yield from _of_usage(app, stack, usage, imported)
            if (
                not usage.is_clean_up
                and usage.needs_clean_up
                and not usage.retained
                and (usage.logical_id, usage.feature) not in cleaned_up
            ):
                name = stack.show(usage.logical_id)
                yield Finding(
                    CLEAN_UP_MISSING,
                    stack.name,
                    usage.logical_id,
                    f"no clean-up resource disables {usage.feature} before `{name}` is deleted",
                )


def _of_usage(
    app: App, stack: Stack, usage: RoleUsage, imported: Collection[tuple[str, str]]
) -> Iterator[Finding]:
    name = stack.show(usage.logical_id)
    near = app.roles_near(stack, usage)
    names = _role_names(usage)
    if not near:
        if (
            not usage.is_clean_up
            and stack.type_of(usage.logical_id) not in _FOLLOWERS
            and not any((stack.name, each) in imported for each in names)
        ):
            yield Finding(
                ROLE_NOT_DECLARED,
                stack.name,
                usage.logical_id,
                f"`{name}` configures {usage.feature}, but neither this stack nor a stack it"
                f" depends on declares the role `{names[0]}`",
            )
        return
    place = Place(stack.name, usage.logical_id)
    ordered = any(app.is_before(each, place) for each, _ in near)
    if not ordered and not _follows_another(stack, usage):
        roles = " or ".join(sorted({f"`{role.name}`" for _, role in near}))
        yield Finding(
            ROLE_ORDER, stack.name, usage.logical_id, f"`{name}` does not depend on {roles}"
        )
    if usage.retained and not usage.is_clean_up:
        removed = [role for _, role in near if role.removal is not Removal.KEPT]
        if removed:
            yield Finding(
                FEATURE_OUTLIVES_ROLE,
                stack.name,
                usage.logical_id,
                f"`{name}` is retained with {usage.feature} enabled, but the role"
                f" `{removed[0].name}` is not retained",
                location="DeletionPolicy",
            )


def _follows_another(stack: Stack, usage: RoleUsage) -> bool:
    """Return whether a resource depends on another usage of its role and so shares its order."""
    return any(
        each in stack.usages and stack.usages[each].principals == usage.principals
        for each in stack.graph.successors(usage.logical_id)
    )


def _role_names(usage: RoleUsage) -> list[str]:
    """Return the names of the roles that the usage may use, the current one first."""
    roles = [each for each in catalogue.ALL if each.service_principal in usage.principals]
    return [
        each.role_name for each in sorted(roles, key=lambda each: each.superseded_by is not None)
    ]
