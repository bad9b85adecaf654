"""A custom resource of another library creates a role, and does not delete it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs.guard.rule import Finding, Rule, Severity
from slr_constructs.templates.role_usage import Removal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.templates.app import App

RULE = Rule(
    "RoleNeverDeleted",
    Severity.NOTE,
    "a custom resource creates a service-linked role, and nothing deletes it",
    "The role stays in the account after the stack is deleted.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html",
    "Declare the role with `ServiceLinkedRole`, which deletes it with the last stack that holds a"
    " lease on it. If the role may stay, acknowledge the finding.",
    "Call `iam:DeleteServiceLinkedRole` when the custom resource is deleted, unless another stack"
    " or resource of the account needs the role. If the role may stay, acknowledge the finding.",
)


def findings(app: App) -> Iterator[Finding]:
    """Yield a finding for each role that a custom resource only creates."""
    for stack in app.stacks.values():
        creators = {each.logical_id for each in stack.calls.roles}
        for role in stack.roles:
            if role.logical_id in creators and role.removal is Removal.KEPT:
                text = (
                    f"`{stack.show(role.logical_id)}` creates {role.shown}, and nothing deletes it"
                )
                yield Finding(RULE, stack.name, role.logical_id, text)
