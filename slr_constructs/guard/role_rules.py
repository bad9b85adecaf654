"""Rules for declarations of roles, which can conflict because a role belongs to the account."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from slr_constructs import catalogue
from slr_constructs.guard.rule import Finding, Rule, Severity
from slr_constructs.templates.role_usage import NATIVE_ROLE_TYPE, Removal, properties_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.templates.app import App, Place
    from slr_constructs.templates.role_usage import Role

_EXISTS = "https://github.com/aws/aws-cdk/issues/21183"

NATIVE_ROLE = Rule(
    "NativeRole",
    Severity.WARNING,
    "a service-linked role is declared as AWS::IAM::ServiceLinkedRole",
    "The deployment fails if the account already has the role, and services create these roles on"
    " their own. The deletion fails while a resource in the account uses the role.",
    _EXISTS,
    "Declare the role with `ServiceLinkedRole`. It adopts an existing role, and the role is deleted"
    " only with the last stack that holds a lease on it.",
)
ROLE_DECLARED_TWICE = Rule(
    "RoleDeclaredTwice",
    Severity.ERROR,
    "a service-linked role is declared more than once, and once as AWS::IAM::ServiceLinkedRole",
    "An account can have only one role with this name, so an AWS::IAM::ServiceLinkedRole that is"
    " created second fails.",
    _EXISTS,
    "Declare the role once and let the other stacks depend on that stack, or use"
    " `ServiceLinkedRole` in every stack.",
)
ROLE_DESCRIPTION = Rule(
    "RoleDescription",
    Severity.WARNING,
    "a service-linked role is declared with different descriptions",
    "A role has only one description. An AWS::IAM::ServiceLinkedRole fails if its description"
    " differs from the existing one; otherwise the stack that is deployed last sets it.",
    _EXISTS,
    "Use the same description everywhere, or omit it everywhere.",
)
ROLE_REMOVED_UNDER_OTHERS = Rule(
    "RoleRemovedUnderOthers",
    Severity.ERROR,
    "a stack deletes a service-linked role that another stack of the app uses",
    "No dependency makes sure that the other stack is deleted first. Deleting the role fails while"
    " it is in use, or removes a role that the other stack needs.",
    "https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteServiceLinkedRole.html",
    "Add a dependency from the other stack to this one, or use `ServiceLinkedRole` in both stacks:"
    " the role is then deleted only with the last stack that holds a lease on it.",
)

RULES = (NATIVE_ROLE, ROLE_DECLARED_TWICE, ROLE_DESCRIPTION, ROLE_REMOVED_UNDER_OTHERS)

_PRINCIPALS = {each.service_principal for each in catalogue.ALL}


def findings(app: App) -> Iterator[Finding]:
    """Yield the findings about declarations of the roles in the catalogue."""
    declared = [each for each in app.roles if each[1].principal in tuple(_PRINCIPALS)]
    for place, role in declared:
        # with a condition, a template can omit a role that already exists
        if _is_native(app, place) and not _is_conditional(app, place):
            yield _finding(
                NATIVE_ROLE,
                place,
                f"`{_name(app, place)}` fails to deploy if the account already has `{role.name}`",
            )
    for (first, one), (second, other) in combinations(declared, 2):
        if one.principal == other.principal and app.share_account(first.stack, second.stack):
            yield from _of_two(app, (first, one), (second, other))
    for place, role in declared:
        if role.removal is Removal.DELETED:
            yield from _used_elsewhere(app, place, role)


def _of_two(app: App, one: tuple[Place, Role], other: tuple[Place, Role]) -> Iterator[Finding]:
    (first, role), (second, _) = one, other
    # a custom resource can adopt a native role; a native role fails if the role exists
    adopted = [each for each in (first, second) if not _is_native(app, each)]
    native = [each for each in (first, second) if _is_native(app, each)]
    if native and not (adopted and app.is_before(native[0], adopted[0])):
        yield _finding(
            ROLE_DECLARED_TWICE,
            native[-1],
            f"`{role.name}` is also declared by {_full_name(app, second, first, native[-1])}",
        )
    texts = [_description(app, each) for each in (first, second)]
    if None not in texts and texts[0] != texts[1]:
        yield _finding(
            ROLE_DESCRIPTION,
            second,
            f"{_full_name(app, second, first, second)} gives `{role.name}` a different description",
        )


def _used_elsewhere(app: App, place: Place, role: Role) -> Iterator[Finding]:
    home = app.outermost(place.stack)
    for stack in app.stacks.values():
        other = app.outermost(stack.name)
        if other == home or app.stack_is_before(home, other) or not app.share_account(home, other):
            continue
        usages = [each for each in stack.usages.values() if role.principal in each.principals]
        if usages:
            yield _finding(
                ROLE_REMOVED_UNDER_OTHERS,
                place,
                f"deleting the stack `{home}` deletes `{role.name}`, but"
                f" `{stack.show(usages[0].logical_id)}` in the stack `{stack.name}` uses it",
            )


def _is_native(app: App, place: Place) -> bool:
    return app.stacks[place.stack].type_of(place.logical_id) == NATIVE_ROLE_TYPE


def _is_conditional(app: App, place: Place) -> bool:
    return "Condition" in app.stacks[place.stack].resources[place.logical_id]


def _description(app: App, place: Place) -> str | None:
    text = properties_of(app.stacks[place.stack].resources[place.logical_id]).get("Description")
    return text if isinstance(text, str) else None


def _name(app: App, place: Place) -> str:
    return app.stacks[place.stack].show(place.logical_id)


def _full_name(app: App, one: Place, other: Place, but: Place) -> str:
    """Return the name and the stack of the place that is not `but`."""
    place = other if one == but else one
    return f"`{_name(app, place)}` in the stack `{place.stack}`"


def _finding(rule: Rule, place: Place, text: str) -> Finding:
    return Finding(rule, place.stack, place.logical_id, text)
