"""A policy allows creating the service-linked role of every service.

`iam:CreateServiceLinkedRole` should be allowed for one service at a time. `*`, `iam:*` and an
`Allow` with `NotAction` are policies for administrators: they are a deliberate choice and not about
service-linked roles, so they are not a finding. Values that the template does not contain are not a
finding either: an intrinsic function as a condition, as an action, or as the part of a resource ARN
that identifies the role.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from slr_constructs.guard.rule import Finding, Rule, Severity
from slr_constructs.guard.statements import POLICIES, covers, flat, statements_in, text_of
from slr_constructs.templates.custom_calls import CREATE_ROLE
from slr_constructs.templates.role_usage import properties_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.templates.app import App

RULE = Rule(
    "CreateServiceLinkedRoleAnywhere",
    Severity.WARNING,
    "a policy allows creating the service-linked role of any service",
    "A principal with this policy can create roles for services that you do not use. Each role"
    " applies to the whole account, and its service defines its permissions.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html",
    "Name the role in `Resource`, or the service in the condition key `iam:AWSServiceName`."
    " `slr-constructs policy --deploy ROLE` prints such statements.",
    "Add `Condition: {StringEquals: {iam:AWSServiceName: ivs.amazonaws.com}}` to the statement,"
    " with the service principal of your role.",
)

_KEY = "iam:awsservicename"
#: services that do not exist, and their roles: a pattern that covers both covers all others.
_SERVICES = ("any.amazonaws.com", "other.amazonaws.com")
_ROLES = tuple(
    f"arn:aws:iam::111122223333:role/aws-service-role/{service}/AWSServiceRoleFor{name}"
    for service, name in zip(_SERVICES, ("Any", "Other"), strict=True)
)
_EXCLUDES = re.compile("not|null", re.IGNORECASE)


def findings(app: App) -> Iterator[Finding]:
    """Yield a finding for each policy that is too permissive."""
    for stack in app.stacks.values():
        for logical_id, body in stack.resources.items():
            prop = POLICIES.get(body["Type"])
            policies = None if prop is None else properties_of(body).get(prop)
            if any(map(_is_too_wide, statements_in(policies))):
                yield Finding(
                    RULE,
                    stack.name,
                    logical_id,
                    f"`{stack.show(logical_id)}` allows `{CREATE_ROLE}` for every service",
                    location=f"Properties/{prop}",
                )


def _is_too_wide(statement: Any) -> bool:  # noqa: ANN401 - any part of a template
    if not isinstance(statement, dict) or statement.get("Effect") != "Allow":
        return False
    actions = [each for each in flat(statement.get("Action")) if covers(each, CREATE_ROLE)]
    # actions of only wildcards are for administrators
    return (
        bool(actions)
        and all(each.partition(":")[2].strip("*?") for each in actions)
        and any(covers(text_of(each), *_ROLES) for each in flat(statement.get("Resource")))
        and not _may_limit_the_service(statement.get("Condition", {}))
    )


def _may_limit_the_service(condition: Any) -> bool:  # noqa: ANN401 - any part of a template
    """Return whether a condition limits the service; an unknown condition may do so."""
    if not isinstance(condition, dict):
        return condition is not None
    return any(
        not isinstance(keys, dict)
        or any(
            str(key).lower() == _KEY
            and not any(covers(text_of(each), *_SERVICES) for each in flat(keys[key]))
            for key in keys
        )
        for operator, keys in condition.items()
        # `StringNotLike` and the like allow all other services, and the key is never absent
        if not _EXCLUDES.search(str(operator))
    )
