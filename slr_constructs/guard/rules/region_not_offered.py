"""A feature is configured in a region where its service has no endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs import catalogue
from slr_constructs.guard.rule import Finding, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.templates.app import App, Stack
    from slr_constructs.templates.role_usage import RoleUsage

RULE = Rule(
    "RegionNotOffered",
    Severity.WARNING,
    "a feature is configured in a region where its service is not offered",
    "The deployment fails if the service has no endpoint in the region. The list of regions comes"
    " from botocore, and services add regions over time.",
    "the regions in `slr-constructs catalogue ROLE`",
    "Deploy the stack in one of the listed regions. If the service is offered in this region by"
    " now, acknowledge the finding.",
    "Deploy the template in one of the listed regions.",
)


def findings(app: App) -> Iterator[Finding]:
    """Yield a finding for each resource that configures a feature in such a region."""
    for stack in app.stacks.values():
        for usage in stack.usages.values():
            if not usage.is_clean_up:
                yield from _of_usage(stack, usage)


def _of_usage(stack: Stack, usage: RoleUsage) -> Iterator[Finding]:
    definitions = [
        each
        for each in catalogue.ALL
        if each.role_name in usage.role_names and each.regions is not None
    ]
    offered = sorted({region for each in definitions for region in each.regions or ()})
    if stack.region is not None and offered and stack.region not in offered:
        yield Finding(
            RULE,
            stack.name,
            usage.logical_id,
            f"`{stack.show(usage.logical_id)}` configures {usage.feature}, but according to"
            f" botocore {definitions[0].service_principal} is not offered in {stack.region}; it is"
            f" offered in {', '.join(offered)}",
        )
