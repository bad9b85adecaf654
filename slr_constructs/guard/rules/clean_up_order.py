"""A clean-up resource does not run before the owner is deleted."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from slr_constructs import catalogue
from slr_constructs.guard.additions import depends_on
from slr_constructs.guard.rule import Finding, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.templates.app import App, Stack
    from slr_constructs.templates.role_usage import RoleUsage

RULE = Rule(
    "CleanUpOrder",
    Severity.ERROR,
    "a clean-up resource does not depend on the resource whose feature it disables",
    "CloudFormation deletes a resource before the resources that it depends on. Without the"
    " dependency, the owner may be deleted while its feature is enabled, and the role may stay in"
    " use permanently.",
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-dependson.html",
    "Let the clean-up resource depend on the other resource: `clean_up.node.add_dependency(owner)`."
    " First remove any dependency in the other direction.",
    "Add the other resource to the `DependsOn` of the clean-up resource. First remove any"
    " dependency in the other direction.",
)

_TYPES = {each.type for each in catalogue.RESOURCE_TYPES}


def findings(app: App) -> Iterator[Finding]:
    """Yield a finding for each clean-up resource that may run too late."""
    for stack in app.stacks.values():
        for usage in stack.disabling:
            is_known = usage.logical_id not in stack.unordered
            if usage.is_clean_up and not usage.retained and is_known:
                yield from itertools.islice(_problems(stack, usage), 1)


def _problems(stack: Stack, clean_up: RoleUsage) -> Iterator[Finding]:
    """Yield a finding for each resource that may be deleted before its feature is disabled."""
    name = f"`{stack.show(clean_up.logical_id)}`"
    # if it does not name an owner, it may be for any resource that has the feature as a property
    owners = clean_up.owners or tuple(
        each.logical_id
        for each in stack.usages.values()
        if each.feature == clean_up.feature and stack.type_of(each.logical_id) in _TYPES
    )
    for each in owners:
        owner = f"`{stack.show(each)}`"
        if stack.is_before(clean_up.logical_id, each):
            text = (
                f"{name} disables {clean_up.feature} only after {owner} is deleted, because {owner}"
                f" depends on {name}: let {name} depend on {owner} instead"
            )
            yield Finding(RULE, stack.name, clean_up.logical_id, text)
        elif clean_up.owners and not stack.is_before(each, clean_up.logical_id):
            text = (
                f"{name} disables {clean_up.feature}, but does not depend on {owner}, which may be"
                " deleted first"
            )
            addition = depends_on(stack, clean_up.logical_id, each)
            yield Finding(RULE, stack.name, clean_up.logical_id, text, addition=addition)
