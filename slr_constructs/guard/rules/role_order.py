"""A resource uses a role that its stack declares, but does not depend on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs.guard.additions import depends_on
from slr_constructs.guard.rule import Finding, Rule, Severity
from slr_constructs.templates.app import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.templates.app import App, Stack
    from slr_constructs.templates.role_usage import RoleUsage

RULE = Rule(
    "RoleOrder",
    Severity.ERROR,
    "a feature does not depend on the service-linked role that its stack declares",
    "CloudFormation may create the feature before the role. It may also try to delete the role"
    " while the feature uses it, which IAM refuses.",
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-dependson.html",
    "Add a dependency: `feature.node.add_dependency(role)`.",
    "Add `DependsOn` with the role to the resource of the feature. If the role is in the template"
    " around a nested stack, add it to the resource of the nested stack.",
)


def findings(app: App) -> Iterator[Finding]:
    """Yield a finding for each usage that depends on none of the declarations of its role."""
    for stack in app.stacks.values():
        for usage in stack.usages.values():
            place = Place(stack.name, usage.logical_id)
            near = app.roles_near(stack, usage)
            if (
                near
                and usage.logical_id not in stack.unordered
                # a custom resource may create the role itself
                and not any(each == place or app.is_before(each, place) for each, _ in near)
                and not _follows_another(stack, usage)
            ):
                name = stack.show(usage.logical_id)
                roles = " or ".join(sorted({f"`{role.name}`" for _, role in near}))
                text = f"`{name}` does not depend on {roles}"
                here = [each.logical_id for each, _ in near if each.stack == stack.name]
                addition = depends_on(stack, usage.logical_id, here[0]) if here else {}
                yield Finding(RULE, stack.name, usage.logical_id, text, addition=addition)


def _follows_another(stack: Stack, usage: RoleUsage) -> bool:
    """Return whether a resource depends on another usage of its role and so shares its order."""
    return any(
        each in stack.usages and stack.usages[each].role_names == usage.role_names
        for each in stack.graph.successors(usage.logical_id)
    )
