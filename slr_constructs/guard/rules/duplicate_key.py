"""A template has a key twice in one mapping, so CloudFormation ignores the first value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs.guard.rule import Finding, Rule, Severity
from slr_constructs.templates.words import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.templates.app import App

RULE = Rule(
    "DuplicateKey",
    Severity.WARNING,
    "a template has the same key more than once in a mapping",
    "CloudFormation uses only the last value, so a resource or a property may be missing without an"
    " error. The guard uses the last value too.",
    "https://github.com/aws-cloudformation/cfn-language-discussion/issues/96",
    "CDK does not write such a template. Fix the file that your app includes.",
    "Remove the values that do not count, or give them other keys.",
)


def findings(app: App) -> Iterator[Finding]:
    """Yield a finding for each key that a template repeats."""
    for stack in app.stacks.values():
        for path in stack.repeated_keys:
            *scope, key = path
            is_in_resource = path[0] == "Resources" and len(path) > 1
            resource = path[1] if is_in_resource else None
            where = "/".join(scope[2:] if is_in_resource else scope)
            place = f"`{stack.show(resource)}`" if resource else "the template"
            at = f" in `{printable(where)}`" if where else ""
            yield Finding(
                RULE,
                stack.name,
                resource,
                f"{place} has the key `{printable(key)}` more than once{at}",
                location="/".join(path[2:]) if is_in_resource else "",
            )
