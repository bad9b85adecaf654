"""A role is declared more than once, and the declarations conflict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs.guard.additions import conditional
from slr_constructs.guard.declarations import same_role
from slr_constructs.guard.rule import Finding, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.templates.app import App

RULE = Rule(
    "RoleDeclaredTwice",
    Severity.ERROR,
    "a service-linked role is declared more than once, and once as AWS::IAM::ServiceLinkedRole",
    "An account can have only one role with this name, so an AWS::IAM::ServiceLinkedRole that is"
    " created second fails. It is a warning for single templates, which may be for different"
    " accounts.",
    "https://github.com/aws/aws-cdk/issues/21183",
    "Declare the role once and let the other stacks depend on that stack, or use"
    " `ServiceLinkedRole` in every stack.",
    "Declare the role in only one template, or add a condition, so that you can omit it.",
)


def findings(app: App) -> Iterator[Finding]:
    """Yield a finding for each two declarations of which one fails."""
    for one, other, is_same_account in same_role(app):
        # a custom resource can adopt a native role; a native role fails if the role exists
        adopted = [each for each in (one, other) if not each.is_native]
        native = [each for each in (one, other) if each.is_native]
        if native and not (adopted and app.is_before(native[0].place, adopted[0].place)):
            first = other if native[-1] is one else one
            name = one.role.shown
            text = f"{name[:1].upper()}{name[1:]} is also declared by {first}"
            addition = conditional(native[-1].place.logical_id)
            if is_same_account:
                yield Finding(RULE, *native[-1].place, text, addition=addition)
            # with a condition, a template can omit the role in the same account
            elif "Condition" not in native[-1].body:
                yield Finding(
                    RULE,
                    *native[-1].place,
                    f"{text}, which fails if both are deployed to one account",
                    addition=addition,
                    own_severity=Severity.WARNING,
                )
