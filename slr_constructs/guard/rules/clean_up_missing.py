"""A feature must be disabled before its owner is deleted, but no resource does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs.catalogue import RESOURCE_TYPES
from slr_constructs.guard.additions import clean_up
from slr_constructs.guard.rule import Finding, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.templates.app import App

RULE = Rule(
    "CleanUpMissing",
    Severity.ERROR,
    "no clean-up resource disables a feature before its owner is deleted",
    "The AWS documentation asks you to disable the feature first. If the owner is deleted while"
    " its logging is enabled, the role may stay in use permanently.",
    "the clean-up sections of the pages in `slr-constructs catalogue ROLE`",
    "Use the construct for the feature, which defines a clean-up resource, or use"
    " `EnsureServiceLinkedRoles`.",
    "Add a custom resource that refers to the owner and makes the call when it is deleted.",
)

_TARGETS = {each.type: each for each in RESOURCE_TYPES}


def findings(app: App) -> Iterator[Finding]:
    """Yield a finding for each usage that needs a clean-up resource and has none."""
    for stack in app.stacks.values():
        for usage in stack.usages.values():
            if usage.needs_clean_up and not usage.retained and not app.is_disabled(stack, usage):
                name = stack.show(usage.logical_id)
                target = _TARGETS[stack.type_of(usage.logical_id)]
                yield Finding(
                    RULE,
                    stack.name,
                    usage.logical_id,
                    f"no clean-up resource disables {usage.feature} before `{name}` is deleted: no"
                    f" custom resource calls `{target.calls.remove}`",
                    addition=clean_up(stack, usage.logical_id, target),
                )
