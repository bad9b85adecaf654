"""A stack deletes a role while another stack of the app uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs.guard.additions import retained
from slr_constructs.guard.declarations import declarations_in
from slr_constructs.guard.rule import Finding, Rule, Severity
from slr_constructs.templates.role_usage import Removal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.guard.declarations import Declaration
    from slr_constructs.templates.app import App

RULE = Rule(
    "RoleRemovedUnderOthers",
    Severity.ERROR,
    "a stack deletes a service-linked role that another stack of the app uses",
    "No dependency makes sure that the other stack is deleted first. Deleting the role fails while"
    " it is in use, or removes a role that the other stack needs.",
    "https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteServiceLinkedRole.html",
    "Add a dependency from the other stack to this one, or use `ServiceLinkedRole` in both stacks:"
    " the role is then deleted only with the last stack that holds a lease on it.",
    "Retain the role with a `DeletionPolicy`, or delete the other stack first.",
)


def findings(app: App) -> Iterator[Finding]:
    """Yield a finding for each stack that uses a role after another one has deleted it."""
    for each in declarations_in(app):
        if each.role.removal is Removal.DELETED:
            yield from _used_elsewhere(app, each)


def _used_elsewhere(app: App, declaration: Declaration) -> Iterator[Finding]:
    place, role = declaration.place, declaration.role
    home = app.outermost(place.stack)
    for stack in app.stacks.values():
        other = app.outermost(stack.name)
        if other == home or app.stack_is_before(home, other) or not app.share_account(home, other):
            continue
        usages = [each for each in stack.usages.values() if role.name in each.role_names]
        if usages:
            yield Finding(
                RULE,
                *place,
                f"deleting the stack `{home}` deletes `{role.name}`, but"
                f" `{stack.show(usages[0].logical_id)}` in the stack `{stack.name}` uses it",
                addition=retained(place.logical_id),
            )
