"""A custom resource enables a feature when it is deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs.guard.rule import Finding, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.templates.app import App

RULE = Rule(
    "EnabledOnDelete",
    Severity.ERROR,
    "a custom resource enables a feature when it is deleted",
    "The feature stays enabled after the stack is deleted, and the role stays in use. Often the"
    " code makes the same call for each type of request.",
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requesttypes.html",
    "Make the call only if the `RequestType` is `Create` or `Update`. If it is `Delete`, make the"
    " opposite call. Or use the construct for the feature.",
    "Make the call only if the `RequestType` is `Create` or `Update`. If it is `Delete`, make the"
    " opposite call.",
)


def findings(app: App) -> Iterator[Finding]:
    """Yield a finding for each such custom resource."""
    for stack in app.stacks.values():
        for call in stack.calls.features:
            if call.enables_on_delete:
                text = f"`{stack.show(call.logical_id)}` enables {call.feature} when it is deleted"
                yield Finding(RULE, stack.name, call.logical_id, text)
