"""A policy allows creating the service-linked role of every service.

`iam:CreateServiceLinkedRole` should be allowed for one service at a time. `*`, `iam:*` and an
`Allow` with `NotAction` are policies for administrators: they are a deliberate choice and not about
service-linked roles, so they are not a finding. Values that the template does not contain are not a
finding either: an intrinsic function as a condition, as an action, or as the part of a resource ARN
that identifies the role.
"""

from __future__ import annotations

import fnmatch
import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from slr_constructs.guard.rule import Finding, Rule, Severity
from slr_constructs.templates.literals import branches
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
)

_ACTION = "iam:CreateServiceLinkedRole"
_KEY = "iam:awsservicename"
#: the property that contains identity-based policies, by type: a document or a list of them.
_POLICIES = {
    **{
        f"AWS::IAM::{each}Policy": "PolicyDocument"
        for each in ("", "Managed", "Role", "User", "Group")
    },
    **{f"AWS::IAM::{each}": "Policies" for each in ("Role", "User", "Group")},
    "AWS::SSO::PermissionSet": "InlinePolicy",
    "AWS::Serverless::Function": "Policies",
    "AWS::Serverless::StateMachine": "Policies",
}
#: services that do not exist, and their roles: a pattern that covers both covers all others.
_SERVICES = ("any.amazonaws.com", "other.amazonaws.com")
_ROLES = tuple(
    f"arn:aws:iam::111122223333:role/aws-service-role/{service}/AWSServiceRoleFor{name}"
    for service, name in zip(_SERVICES, ("Any", "Other"), strict=True)
)
_EXCLUDES = re.compile("not|null", re.IGNORECASE)
#: placeholder for an unknown part of a text; in a role ARN it matches partition and account only.
_UNKNOWN, _PARTITION_OR_ACCOUNT = "\0", "(?:aws|111122223333)"
_VARIABLE = re.compile(r"\$\{(?!!)[^}]*\}")
#: the end of a service principal in most partitions, as CDK renders it.
_SUFFIX = "AWS::URLSuffix"


def findings(app: App) -> Iterator[Finding]:
    """Yield a finding for each policy that is too permissive."""
    for stack in app.stacks.values():
        for logical_id, body in stack.resources.items():
            prop = _POLICIES.get(body["Type"])
            policies = None if prop is None else properties_of(body).get(prop)
            if any(map(_is_too_wide, _statements(policies))):
                yield Finding(
                    RULE,
                    stack.name,
                    logical_id,
                    f"`{stack.show(logical_id)}` allows `{_ACTION}` for every service",
                    location=f"Properties/{prop}",
                )


def _statements(value: Any) -> Iterator[Any]:  # noqa: ANN401 - any part of a template
    """Yield the statements of a policy document, or of a list of documents."""
    for each in _flat(value):
        document = _parsed(each) if isinstance(each, str) else each
        if isinstance(document, dict):
            yield from _statements(document.get("PolicyDocument"))
            yield from _flat(document.get("Statement"))


def _parsed(text: str) -> Any:  # noqa: ANN401 - any part of a template
    """Return a policy in JSON; None for another text, such as the name of a policy (SAM)."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _flat(value: Any) -> Iterator[Any]:  # noqa: ANN401 - any part of a template
    """Yield a value or the members of a list, with all branches of conditions."""
    for each in branches(value):
        if isinstance(each, list):
            for one in each:
                yield from _flat(one)
        else:
            yield each


def _is_too_wide(statement: Any) -> bool:  # noqa: ANN401 - any part of a template
    if not isinstance(statement, dict) or statement.get("Effect") != "Allow":
        return False
    actions = [each for each in _flat(statement.get("Action")) if _covers(each, _ACTION)]
    # actions of only wildcards are for administrators
    return (
        bool(actions)
        and all(each.partition(":")[2].strip("*?") for each in actions)
        and any(_covers(_text(each), *_ROLES) for each in _flat(statement.get("Resource")))
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
            and not any(_covers(_text(each), *_SERVICES) for each in _flat(keys[key]))
            for key in keys
        )
        for operator, keys in condition.items()
        # `StringNotLike` and the like allow all other services, and the key is never absent
        if not _EXCLUDES.search(str(operator))
    )


def _text(value: Any) -> Any:  # noqa: ANN401 - any part of a template
    """Return a text with placeholders for the parts that CloudFormation fills in."""
    match value:
        case {"Fn::Sub": str(text) | [str(text), *_]}:
            return _VARIABLE.sub(_UNKNOWN, text.replace(f"${{{_SUFFIX}}}", "amazonaws.com"))
        case {"Fn::Join": [str(delimiter), [*parts]]}:
            return delimiter.join(map(_part, parts))
    return value


def _part(value: Any) -> str:  # noqa: ANN401 - any part of a template
    if value == {"Ref": _SUFFIX}:
        return "amazonaws.com"
    return value if isinstance(value, str) else _UNKNOWN


def _covers(pattern: Any, *texts: str) -> bool:  # noqa: ANN401 - any part of a template
    """Return whether a value is an IAM pattern that matches all texts, with any case."""
    if not isinstance(pattern, str):
        return False
    expression = _expression(pattern)
    return all(expression.match(each) is not None for each in texts)


@lru_cache(maxsize=1024)  # an app repeats the same few patterns
def _expression(pattern: str) -> re.Pattern[str]:
    # unlike file names, IAM patterns have no sets of characters
    expression = fnmatch.translate(pattern.replace("[", "[[]"))
    return re.compile(expression.replace(_UNKNOWN, _PARTITION_OR_ACCOUNT), re.IGNORECASE)
