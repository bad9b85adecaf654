"""A feature is retained when its stack is deleted, but its role is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs.guard.rule import Finding, Rule, Severity
from slr_constructs.templates.role_usage import Removal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.templates.app import App

RULE = Rule(
    "FeatureOutlivesRole",
    Severity.ERROR,
    "a feature is retained, but the role that it uses is not",
    "The feature still uses the role when the stack is deleted, so IAM refuses to delete the role.",
    "https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteServiceLinkedRole.html",
    "Retain the role too (`RoleRemoval.KEEP` or a `DeletionPolicy`), or do not retain the feature.",
)


def findings(app: App) -> Iterator[Finding]:
    """Yield a finding for each usage that is retained without its role."""
    for stack in app.stacks.values():
        for usage in stack.usages.values():
            if not usage.retained or usage.is_clean_up:
                continue
            near = app.roles_near(stack, usage)
            removed = [role for _, role in near if role.removal is not Removal.KEPT]
            if removed:
                yield Finding(
                    RULE,
                    stack.name,
                    usage.logical_id,
                    f"`{stack.show(usage.logical_id)}` is retained with {usage.feature} enabled,"
                    f" but the role `{removed[0].name}` is not retained",
                    location="DeletionPolicy",
                )
