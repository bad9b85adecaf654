"""A custom resource enables a feature with an SDK call, and no resource disables it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs.guard.rule import Finding, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.templates.app import App, Stack
    from slr_constructs.templates.custom_calls import Call

RULE = Rule(
    "DeleteCallMissing",
    Severity.ERROR,
    "a custom resource enables a feature, and no custom resource disables it on deletion",
    "The feature stays enabled after the stack is deleted, or its owner is deleted while the"
    " feature is enabled. The AWS documentation asks you to disable it first; otherwise the role"
    " may stay in use.",
    "the clean-up sections of the pages in `slr-constructs catalogue ROLE`",
    "Make the opposite call when the custom resource is deleted (`on_delete` of"
    " `AwsCustomResource`), or use the construct for the feature.",
)


def findings(app: App) -> Iterator[Finding]:
    """Yield a finding for each custom resource whose feature stays enabled."""
    for stack in app.stacks.values():
        for call in stack.calls:
            if call.configures and not call.deletes and not _is_cleaned_up(stack, call):
                yield Finding(
                    RULE,
                    stack.name,
                    call.logical_id,
                    f"`{stack.show(call.logical_id)}` enables {call.feature}, and no custom"
                    " resource disables it on deletion",
                )


def _is_cleaned_up(stack: Stack, call: Call) -> bool:
    """Return whether another resource disables the feature, or this one is retained.

    If one of the two does not name its owner, both are assumed to have the same owner.
    """
    if stack.usages[call.logical_id].retained:
        # `FeatureOutlivesRole` reports that
        return True
    others = [
        each.owners
        for each in stack.calls
        if each.deletes and not each.configures and each.feature == call.feature
    ]
    others += [
        usage.owners
        for usage in stack.usages.values()
        if usage.is_clean_up and usage.feature == call.feature and not usage.retained
    ]
    return any(
        not owners or not call.owners or not set(owners).isdisjoint(call.owners)
        for owners in others
    )
