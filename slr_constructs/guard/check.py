"""All rules over all stacks of an app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs.guard import (
    acknowledged,
    custom_calls,
    lifecycle,
    limits,
    rights,
    roles,
    unread,
)
from slr_constructs.guard.rule import Severity

if TYPE_CHECKING:
    from collections.abc import Collection

    from slr_constructs.guard.rule import Finding, Rule
    from slr_constructs.templates.app import App

#: all rules, in the order of their ids.
RULES: tuple[Rule, ...] = tuple(
    sorted(
        (
            *acknowledged.RULES,
            *custom_calls.RULES,
            *lifecycle.RULES,
            *limits.RULES,
            *rights.RULES,
            *roles.RULES,
            *unread.RULES,
        ),
        key=lambda each: each.id,
    )
)


def check(app: App, *, imported: Collection[tuple[str, str]] = ()) -> list[Finding]:
    """Return what the guard finds, the worst first, and then in the order of deployment.

    What is acknowledged is among it: `acknowledged.split` sorts it out.

    Args:
        app: The stacks.

        imported: The roles that stacks use without declaring them, as stack and role name.
            Default: none.
    """
    order = list(Severity)
    findings = [
        *custom_calls.findings(app),
        *lifecycle.findings(app, imported),
        *limits.findings(app),
        *rights.findings(app),
        *roles.findings(app),
        *unread.findings(app),
        *acknowledged.findings(app, {each.id for each in RULES}),
    ]
    return sorted(findings, key=lambda each: order.index(each.rule.severity))
