"""All rules over all stacks of an app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs.guard import lifecycle, roles
from slr_constructs.guard.rule import Severity

if TYPE_CHECKING:
    from collections.abc import Collection

    from slr_constructs.guard.rule import Finding, Rule
    from slr_constructs.templates.app import App

#: all rules, in the order of their ids.
RULES: tuple[Rule, ...] = tuple(sorted((*lifecycle.RULES, *roles.RULES), key=lambda each: each.id))


def check(app: App, *, imported: Collection[tuple[str, str]] = ()) -> list[Finding]:
    """Return what the guard finds, the worst first, and then in the order of deployment.

    Args:
        app: The stacks.

        imported: The roles that stacks use without declaring them, as stack and role name.
            Default: none.
    """
    order = list(Severity)
    findings = [*lifecycle.findings(app, imported), *roles.findings(app)]
    return sorted(findings, key=lambda each: order.index(each.rule.severity))
