"""Compare the literal values of a property with its limit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from slr_constructs.catalogue.resource_type import is_absent
from slr_constructs.guard.rule import Finding
from slr_constructs.handler.slr_handler.rules import refusal
from slr_constructs.templates.literals import literals_at
from slr_constructs.templates.role_usage import properties_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.catalogue.resource_type import Limit
    from slr_constructs.guard.rule import Rule
    from slr_constructs.templates.app import Stack

_WHOLE_NUMBER = re.compile(r"[+-]?\d{1,18}", re.ASCII)


def invalid_values(
    rule: Rule, stack: Stack, logical_id: str, limit: Limit, *, required: bool = False
) -> Iterator[Finding]:
    """Yield a finding for each value of a property that breaks its limit.

    Args:
        rule: The rule of the findings.

        stack: The stack with the resource.

        logical_id: The resource.

        limit: The property and its limit.

        required: Whether a finding is also yielded if the property is omitted.
    """
    properties = properties_of(stack.resources[logical_id])
    values = [*literals_at(properties, *limit.path)]
    invalid = [each for each in values if not limit.rule.holds(_delivered(each, limit))]
    if required and is_absent(properties.get(limit.path[0])):
        invalid.append(None)
    for each in invalid:
        where, prop = f"`{stack.show(logical_id)}`", ".".join(limit.path)
        text = refusal(where, prop, limit.rule.allowed, each, limit.rule.code)
        location = "/".join(("Properties", *limit.path))
        yield Finding(rule, stack.name, logical_id, text, location)


def has_prefix(stack: Stack, prefix: str) -> bool:
    """Return whether the names that CloudFormation generates in a stack start with a prefix."""
    return stack.name.rpartition("/")[2].startswith(prefix)


def _delivered(value: Any, limit: Limit) -> Any:  # noqa: ANN401 - a literal
    """Return a literal with the type that CloudFormation delivers."""
    if isinstance(value, list):
        return [_delivered(each, limit) for each in value]
    if limit.is_number:
        return int(value) if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value) else value
    return str(value).lower() if isinstance(value, bool) else str(value)
