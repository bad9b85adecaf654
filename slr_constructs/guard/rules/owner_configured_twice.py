"""Two stacks configure the same feature of the same owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs.guard.rule import Finding, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.templates.app import App

RULE = Rule(
    "OwnerConfiguredTwice",
    Severity.ERROR,
    "two stacks configure the same feature of the same resource",
    "The stack that is deployed last replaces the settings of the other stack, or its deployment"
    " fails. Deleting one of the stacks disables the feature for both.",
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-custom-resources.html",
    "Configure the feature in only one of the stacks.",
    "Remove the custom resource from one of the templates.",
)


def findings(app: App) -> Iterator[Finding]:
    """Yield a finding for each resource whose owner another stack configures."""
    for one, other in app.same_owner():
        first, second = app.stacks[one.stack], app.stacks[other.stack]
        feature = second.usages[other.logical_id].feature
        yield Finding(
            RULE,
            *other,
            f"`{second.show(other.logical_id)}` configures {feature} for the same resource as"
            f" `{first.show(one.logical_id)}` in the stack `{first.name}`; deleting one of the"
            " stacks disables it for both",
        )
