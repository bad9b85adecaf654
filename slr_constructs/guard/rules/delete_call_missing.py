"""A custom resource enables a feature with an SDK call, and no resource disables it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs.catalogue import RESOURCE_TYPES
from slr_constructs.guard.rule import Finding, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.templates.app import App

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
    "Make the call on deletion: in the property `Delete` of the custom resource, or in its function"
    " for the request type `Delete`.",
)


def findings(app: App) -> Iterator[Finding]:
    """Yield a finding for each custom resource whose feature stays enabled."""
    for stack in app.stacks.values():
        for call in stack.calls.features:
            if (
                call.configures
                and not call.deletes
                and not call.enables_on_delete
                # `FeatureOutlivesRole` reports that
                and not stack.usages[call.logical_id].retained
                and not app.is_disabled(stack, call)
            ):
                calls = " or ".join(
                    dict.fromkeys(
                        f"`{each.calls.remove}`"
                        for each in RESOURCE_TYPES
                        if each.feature == call.feature
                    )
                )
                yield Finding(
                    RULE,
                    stack.name,
                    call.logical_id,
                    f"`{stack.show(call.logical_id)}` enables {call.feature}, and no custom"
                    f" resource disables it on deletion: none calls {calls}",
                )
