"""Run all rules on all stacks of an app."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from slr_constructs.guard import rules
from slr_constructs.guard.rule import Severity

if TYPE_CHECKING:
    from types import ModuleType

    from slr_constructs.guard.rule import Finding, Rule
    from slr_constructs.templates.app import App


def rule_modules() -> list[ModuleType]:
    """Return the modules of all rules, in the order of the ids."""
    return [import_module(f"{rules.__name__}.{each}") for each in rules.module_names()]


#: all rules, in the order of their ids.
RULES: tuple[Rule, ...] = tuple(each.RULE for each in rule_modules())


def check(app: App) -> list[Finding]:
    """Return the findings, sorted by severity, by stack in the order of deployment, and by rule.

    The result includes acknowledged findings. `acknowledged.split` separates them.
    """
    severities, stacks = list(Severity), list(app.stacks)
    return sorted(
        (finding for each in rule_modules() for finding in each.findings(app)),
        key=lambda each: (severities.index(each.severity), stacks.index(each.stack)),
    )
