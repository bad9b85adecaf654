"""Roles and what uses them: declared, in order, and released.

A feature whose stack declares no role may have it from a stack that is waited for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs import catalogue
from slr_constructs.guard.rule import Finding, Rule, Severity
from slr_constructs.templates.app import Place
from slr_constructs.templates.lifecycle import Removal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from slr_constructs.templates.app import App, Stack
    from slr_constructs.templates.lifecycle import User

ROLE_NOT_DECLARED = Rule(
    "RoleNotDeclared",
    Severity.ERROR,
    "a feature is switched on, and its service-linked role is not declared",
    "Without the role the service makes it with the rights of whoever deploys, or the"
    " feature fails; and nothing lets go of the role when the stack is deleted.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html",
    "Declare the role before the feature, import it"
    " (`ServiceLinkedRole.from_existing`), or acknowledge that it is left to the service.",
)
ROLE_ORDER = Rule(
    "RoleOrder",
    Severity.ERROR,
    "a feature does not wait for the service-linked role that its stack declares",
    "CloudFormation may create the feature before the role, and delete the role while the"
    " feature uses it, which IAM refuses.",
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-dependson.html",
    "Let the feature's resource depend on the role's.",
)
FEATURE_OUTLIVES_ROLE = Rule(
    "FeatureOutlivesRole",
    Severity.ERROR,
    "a feature is retained, and the role that it uses is not",
    "The feature goes on using the role after the stack is deleted, so IAM refuses to"
    " delete the role.",
    "https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteServiceLinkedRole.html",
    "Retain the role too (`RoleRemoval.KEEP`, or a `DeletionPolicy`), or delete the feature.",
)
RELEASE_MISSING = Rule(
    "ReleaseMissing",
    Severity.ERROR,
    "nothing switches a feature off before its owner is deleted",
    "The services' documents ask to switch the feature off first; what is deleted while it"
    " logs may hold the role for good.",
    "the clean-up sections of the pages in `slr-constructs catalogue ROLE`",
    "Use the feature's construct, which defines a release, or `EnsureServiceLinkedRoles`.",
)

#: what records with a configuration, which is another resource and needs the role first.
_FOLLOWERS = ("AWS::IVS::Channel",)

RULES = (ROLE_NOT_DECLARED, ROLE_ORDER, FEATURE_OUTLIVES_ROLE, RELEASE_MISSING)


def findings(app: App, imported: Collection[tuple[str, str]]) -> Iterator[Finding]:
    """Yield what is wrong with roles and their users.

    Args:
        app: The stacks.

        imported: The roles that stacks use without declaring them: stack and role name.
    """
    for stack in app.stacks.values():
        released = {
            (owner, user.feature)
            for user in stack.users.values()
            if user.is_release and not user.retained
            for owner in user.owners
        }
        for user in stack.users.values():
            yield from _of_user(app, stack, user, imported)
            if (
                not user.is_release
                and user.needs_release
                and not user.retained
                and (user.logical_id, user.feature) not in released
            ):
                name = stack.show(user.logical_id)
                yield Finding(
                    RELEASE_MISSING,
                    stack.name,
                    user.logical_id,
                    f"nothing switches {user.feature} off before `{name}` is deleted",
                )


def _of_user(
    app: App, stack: Stack, user: User, imported: Collection[tuple[str, str]]
) -> Iterator[Finding]:
    name = stack.show(user.logical_id)
    near = app.roles_near(stack, user)
    names = _role_names(user)
    if not near:
        if (
            not user.is_release
            and stack.type_of(user.logical_id) not in _FOLLOWERS
            and not any((stack.name, each) in imported for each in names)
        ):
            yield Finding(
                ROLE_NOT_DECLARED,
                stack.name,
                user.logical_id,
                f"`{name}` switches {user.feature} on, and no stack that it waits for declares"
                f" `{names[0]}`",
            )
        return
    place = Place(stack.name, user.logical_id)
    ordered = any(app.is_before(each, place) for each, _ in near)
    if not ordered and not _follows_another(stack, user):
        roles = " or ".join(sorted({f"`{role.name}`" for _, role in near}))
        yield Finding(
            ROLE_ORDER, stack.name, user.logical_id, f"`{name}` does not wait for {roles}"
        )
    if user.retained and not user.is_release:
        removed = [role for _, role in near if role.removal is not Removal.KEPT]
        if removed:
            yield Finding(
                FEATURE_OUTLIVES_ROLE,
                stack.name,
                user.logical_id,
                f"`{name}` is retained with {user.feature} on, and `{removed[0].name}` is not",
                location="DeletionPolicy",
            )


def _follows_another(stack: Stack, user: User) -> bool:
    """Tell whether something waits for another user of its role, whose order is then its own."""
    return any(
        each in stack.users and stack.users[each].principals == user.principals
        for each in stack.graph.successors(user.logical_id)
    )


def _role_names(user: User) -> list[str]:
    """Return the roles that would do, the current one first."""
    roles = [each for each in catalogue.ALL if each.service_principal in user.principals]
    return [
        each.role_name for each in sorted(roles, key=lambda each: each.superseded_by is not None)
    ]
