"""A role is declared more than once, with different descriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs.guard.declarations import same_role
from slr_constructs.guard.rule import Finding, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.templates.app import App

RULE = Rule(
    "RoleDescription",
    Severity.WARNING,
    "a service-linked role is declared with different descriptions",
    "A role has only one description. An AWS::IAM::ServiceLinkedRole fails if its description"
    " differs from the existing one; otherwise the stack that is deployed last sets it.",
    "https://github.com/aws/aws-cdk/issues/21183",
    "Use the same description everywhere, or omit it everywhere.",
    "Use the same `Description` everywhere, or omit it everywhere.",
)


def findings(app: App) -> Iterator[Finding]:
    """Yield a finding for each two declarations with different descriptions."""
    for one, other, is_same_account in same_role(app):
        texts = {one.description, other.description} - {None}
        if is_same_account and len(texts) > 1:
            text = f"{one} gives {one.role.shown} a different description"
            yield Finding(RULE, *other.place, text)
