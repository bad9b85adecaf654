"""A feature is retained when its stack is deleted, but what it uses is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slr_constructs.guard.additions import retained
from slr_constructs.guard.rule import Finding, Rule, Severity
from slr_constructs.templates.role_usage import Removal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.templates.app import App, Stack
    from slr_constructs.templates.role_usage import RoleUsage

RULE = Rule(
    "FeatureOutlivesRole",
    Severity.ERROR,
    "a feature is retained, but the role that it uses is not",
    "The feature still uses the role when the stack is deleted, so IAM refuses to delete the role."
    " A role that is deleted only if nothing uses it stays in the account, which is a warning.",
    "https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteServiceLinkedRole.html",
    "Retain the role too (`RoleRemoval.KEEP`, or `apply_removal_policy` of an"
    " AWS::IAM::ServiceLinkedRole), or do not retain the feature.",
    "Retain the role too with a `DeletionPolicy`, or do not retain the feature.",
)


def findings(app: App) -> Iterator[Finding]:
    """Yield a finding for each usage that is retained without its role."""
    for stack in app.stacks.values():
        for usage in stack.usages.values():
            if usage.retained and not usage.is_clean_up and not app.is_disabled(stack, usage):
                yield from _of_retained(app, stack, usage)


def _of_retained(app: App, stack: Stack, usage: RoleUsage) -> Iterator[Finding]:
    name = stack.show(usage.logical_id)
    near = app.roles_near(stack, usage)
    deleted = [each for each in near if each[1].removal is Removal.DELETED]
    if_unused = [each for each in near if each[1].removal is Removal.WHEN_UNUSED]
    used = [
        each
        for each in sorted(stack.graph.successors(usage.logical_id))
        if each in stack.usages
        and stack.usages[each].role_names == usage.role_names
        and not stack.usages[each].retained
    ]
    severity = Severity.ERROR
    addition: dict[str, Any] = {}
    if deleted:
        place, role = deleted[0]
        fate = f"but the role `{role.name}` is not retained"
        # a role of another stack is in another template
        addition = retained(place.logical_id) if place.stack == stack.name else {}
    elif used:
        # IVS refuses to delete a recording configuration that a channel uses [botocore]
        fate = f"but `{stack.show(used[0])}`, which it uses, is not retained"
        addition = retained(used[0])
    elif if_unused and usage.logical_id not in usage.owners:
        fate = f"so the role `{if_unused[0][1].name}` stays in the account too"
        severity = Severity.WARNING
    else:
        # a retained owner keeps its feature and the role, which is what its policy asks for
        return
    yield Finding(
        RULE,
        stack.name,
        usage.logical_id,
        f"`{name}` is retained with {usage.feature} enabled, {fate}",
        location="DeletionPolicy",
        addition=addition,
        own_severity=severity,
    )
