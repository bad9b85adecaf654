"""A role is declared as AWS::IAM::ServiceLinkedRole, which fails if the role exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs.catalogue.resource_type import is_intrinsic
from slr_constructs.guard.additions import conditional
from slr_constructs.guard.declarations import declarations_in
from slr_constructs.guard.rule import Finding, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.templates.app import App

RULE = Rule(
    "NativeRole",
    Severity.WARNING,
    "a service-linked role is declared as AWS::IAM::ServiceLinkedRole",
    "The deployment fails if the account already has the role, and services create these roles on"
    " their own. The deletion fails while a resource in the account uses the role.",
    "https://github.com/aws/aws-cdk/issues/21183",
    "Declare the role with `ServiceLinkedRole`. It adopts an existing role, and the role is deleted"
    " only with the last stack that holds a lease on it.",
    "Add a condition, so that you can deploy the template to an account that has the role.",
)


def findings(app: App) -> Iterator[Finding]:
    """Yield a finding for each such declaration."""
    for each in declarations_in(app):
        # with a condition, a template can omit a role that already exists; with a suffix that is
        # known only at deployment, each stack probably has a role of its own
        is_shared = "Condition" not in each.body and not is_intrinsic(each.suffix)
        if each.is_native and is_shared:
            text = f"`{each.shown}` fails to deploy if the account already has {each.role.shown}"
            addition = conditional(each.place.logical_id)
            yield Finding(RULE, *each.place, text, addition=addition)
