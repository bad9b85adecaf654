"""A custom resource calls an API operation that no longer exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs.guard.rule import Finding, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.templates.app import App

RULE = Rule(
    "ObsoleteCall",
    Severity.ERROR,
    "a custom resource calls an API operation that no longer exists",
    "AWS no longer supports the operation, and the SDK in a current runtime does not have it, so"
    " the deployment or the deletion fails.",
    "https://docs.aws.amazon.com/chime-sdk/latest/dg/migrate-from-chm-namespace.html",
    "Call the operation that replaces it, with the SDK client of that operation.",
    "Call the operation that replaces it, with the SDK client of that operation.",
)


def findings(app: App) -> Iterator[Finding]:
    """Yield a finding for each call of such an operation."""
    for stack in app.stacks.values():
        for call in stack.calls.features:
            if call.obsolete is not None:
                yield Finding(
                    RULE,
                    stack.name,
                    call.logical_id,
                    f"`{stack.show(call.logical_id)}` calls `{call.obsolete.called}`, which no"
                    f" longer exists; use `{call.obsolete.replacement}`",
                )
