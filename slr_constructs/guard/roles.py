"""Declarations of roles, against one another: a role is the account's, and so is its name."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from slr_constructs import catalogue
from slr_constructs.guard.rule import Finding, Rule, Severity
from slr_constructs.templates.lifecycle import NATIVE_ROLE_TYPE, Removal, properties_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.templates.app import App, Place
    from slr_constructs.templates.lifecycle import Role

_EXISTS = "https://github.com/aws/aws-cdk/issues/21183"

NATIVE_ROLE = Rule(
    "NativeRole",
    Severity.WARNING,
    "a service-linked role is declared as AWS::IAM::ServiceLinkedRole",
    "It fails to deploy in an account that has the role already, and the services make these roles"
    " by themselves; and its deletion fails while anything in the account uses the role.",
    _EXISTS,
    "Declare it with `ServiceLinkedRole`, which adopts a role that is there and lets go of it with"
    " the last stack that holds it.",
)
ROLE_DECLARED_TWICE = Rule(
    "RoleDeclaredTwice",
    Severity.ERROR,
    "one service-linked role is declared several times, and once of them natively",
    "There is one role of a name in an account: whichever AWS::IAM::ServiceLinkedRole comes second"
    " fails.",
    _EXISTS,
    "Declare it once and let the other stacks wait for that one, or use `ServiceLinkedRole`"
    " everywhere, of which every stack may have one.",
)
ROLE_DESCRIPTION = Rule(
    "RoleDescription",
    Severity.WARNING,
    "one service-linked role is declared with several descriptions",
    "The role has one description: a native role whose description differs from the existing one"
    " fails, and otherwise the stack that is deployed last wins.",
    _EXISTS,
    "Give the description once, or leave it out everywhere.",
)
ROLE_REMOVED_UNDER_OTHERS = Rule(
    "RoleRemovedUnderOthers",
    Severity.ERROR,
    "a stack deletes a service-linked role that another stack of the app uses",
    "Nothing says that the other stack goes first: the deletion of the role fails while it is used,"
    " or takes the role from the other stack.",
    "https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteServiceLinkedRole.html",
    "Let the other stack wait for this one, or use `ServiceLinkedRole` in both, which deletes the"
    " role with the last stack that holds it.",
)

RULES = (NATIVE_ROLE, ROLE_DECLARED_TWICE, ROLE_DESCRIPTION, ROLE_REMOVED_UNDER_OTHERS)

_PRINCIPALS = {each.service_principal for each in catalogue.ALL}


def findings(app: App) -> Iterator[Finding]:
    """Yield what is wrong with declarations of the roles of the catalogue."""
    declared = [each for each in app.roles if each[1].principal in tuple(_PRINCIPALS)]
    for place, role in declared:
        # a condition is how a template leaves out a role that is there
        if _is_native(app, place) and not _is_conditional(app, place):
            yield _finding(
                NATIVE_ROLE,
                place,
                f"`{_name(app, place)}` fails where the account has `{role.name}` already",
            )
    for (first, one), (second, other) in combinations(declared, 2):
        if one.principal == other.principal and app.share_account(first.stack, second.stack):
            yield from _of_two(app, (first, one), (second, other))
    for place, role in declared:
        if role.removal is Removal.DELETED:
            yield from _used_elsewhere(app, place, role)


def _of_two(app: App, one: tuple[Place, Role], other: tuple[Place, Role]) -> Iterator[Finding]:
    (first, role), (second, _) = one, other
    # what is adopted may follow a native role, and no native role may follow anything
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
            f"`{role.name}` has another description in {_full_name(app, second, first, second)}",
        )


def _used_elsewhere(app: App, place: Place, role: Role) -> Iterator[Finding]:
    home = app.outermost(place.stack)
    for stack in app.stacks.values():
        other = app.outermost(stack.name)
        if other == home or app.stack_is_before(home, other) or not app.share_account(home, other):
            continue
        users = [each for each in stack.users.values() if role.principal in each.principals]
        if users:
            yield _finding(
                ROLE_REMOVED_UNDER_OTHERS,
                place,
                f"destroying `{home}` deletes `{role.name}`, which"
                f" `{stack.show(users[0].logical_id)}` of `{stack.name}` uses",
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
    """Return the name of one of two places, with its stack."""
    place = other if one == but else one
    return f"`{_name(app, place)}` of `{place.stack}`"


def _finding(rule: Rule, place: Place, text: str) -> Finding:
    return Finding(rule, place.stack, place.logical_id, text)
