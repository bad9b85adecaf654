"""Run all rules on all stacks of an app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs.guard import (
    acknowledged,
    custom_call_rules,
    limits,
    not_analyzed,
    order_rules,
    policy_rules,
    role_rules,
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
            *custom_call_rules.RULES,
            *order_rules.RULES,
            *limits.RULES,
            *policy_rules.RULES,
            *role_rules.RULES,
            *not_analyzed.RULES,
        ),
        key=lambda each: each.id,
    )
)


def check(app: App, *, imported: Collection[tuple[str, str]] = ()) -> list[Finding]:
    """Return the findings, sorted by severity and then in the order of deployment.

    The result includes acknowledged findings. `acknowledged.split` separates them.

    Args:
        app: The stacks.

        imported: Pairs of stack name and role name: the roles that a stack uses without declaring
            them. Default: every role must be declared.
    """
    order = list(Severity)
    findings = [
        *custom_call_rules.findings(app),
        *order_rules.findings(app, imported),
        *limits.findings(app),
        *policy_rules.findings(app),
        *role_rules.findings(app),
        *not_analyzed.findings(app),
        *acknowledged.findings(app, {each.id for each in RULES}),
    ]
    return sorted(findings, key=lambda each: order.index(each.rule.severity))
