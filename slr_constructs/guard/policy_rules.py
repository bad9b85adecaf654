"""The rule for policies that allow creating the service-linked role of every service.

`iam:CreateServiceLinkedRole` should be allowed for one service at a time. `*`, `iam:*` and an
`Allow` with `NotAction` are policies for administrators: they are a deliberate choice and not about
service-linked roles, so they are not a finding. Values that the template does not contain are not a
finding either: an intrinsic function as a condition, as an action, or as the part of a resource ARN
that identifies the role.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from slr_constructs.guard.rule import Finding, Rule, Severity
from slr_constructs.templates.literals import branches, values_at
from slr_constructs.templates.role_usage import properties_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from slr_constructs.templates.app import App

CREATE_ANYWHERE = Rule(
    "CreateServiceLinkedRoleAnywhere",
    Severity.WARNING,
    "a policy allows creating the service-linked role of any service",
    "A principal with this policy can create roles for services that you do not use. Each role"
    " applies to the whole account, and its service defines its permissions.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html",
    "Name the role in `Resource`, or the service in the condition key `iam:AWSServiceName`."
    " `slr-constructs policy --deploy ROLE` prints such statements.",
)

RULES = (CREATE_ANYWHERE,)

_ACTION = "iam:CreateServiceLinkedRole"
_KEY = "iam:awsservicename"
_POLICY = ("PolicyDocument",)
_POLICIES = ("Policies",)
#: the property that contains identity-based policies, by type: a document or a list of them.
_DOCUMENTS: dict[str, tuple[str, ...]] = {
    "AWS::IAM::Policy": _POLICY,
    "AWS::IAM::ManagedPolicy": _POLICY,
    "AWS::IAM::RolePolicy": _POLICY,
    "AWS::IAM::UserPolicy": _POLICY,
    "AWS::IAM::GroupPolicy": _POLICY,
    "AWS::IAM::Role": _POLICIES,
    "AWS::IAM::User": _POLICIES,
    "AWS::IAM::Group": _POLICIES,
    "AWS::SSO::PermissionSet": ("InlinePolicy",),
    "AWS::Serverless::Function": _POLICIES,
    "AWS::Serverless::StateMachine": _POLICIES,
}
#: a role of a service that does not exist: a policy that covers it covers every role.
_ANY_ROLE = "arn:aws:iam::111122223333:role/aws-service-role/any.amazonaws.com/AWSServiceRoleForAny"
#: placeholder for an unknown part of a text; in a role ARN it matches partition and account only.
_OPEN = "\0"
_OPEN_PATTERN = "(?:aws|111122223333)"
_VARIABLE = re.compile(r"\$\{(?!!)[^}]*\}")


def findings(app: App) -> Iterator[Finding]:
    """Yield a finding for each policy that is too permissive."""
    for stack in app.stacks.values():
        for logical_id, body in stack.resources.items():
            path = _DOCUMENTS.get(body["Type"], ())
            if any(
                _is_too_wide(statement)
                for value in values_at(properties_of(body), *path)
                for statement in (_statements(value) if path else ())
            ):
                yield Finding(
                    CREATE_ANYWHERE,
                    stack.name,
                    logical_id,
                    f"`{stack.show(logical_id)}` allows `{_ACTION}` for every service",
                    location="/".join(("Properties", *path)),
                )


def _statements(value: Any) -> Iterator[Any]:  # noqa: ANN401 - any part of a template
    """Yield the statements of a policy document, or of a list of documents."""
    for each in branches(value):
        if isinstance(each, list):
            for one in each:
                yield from _statements(one)
        elif isinstance(each, str):
            yield from _statements_of_text(each)
        elif isinstance(each, dict) and "PolicyDocument" in each:
            yield from _statements(each["PolicyDocument"])
        elif isinstance(each, dict):
            for statement in values_at(each, "Statement"):
                yield from _flat(statement)


def _statements_of_text(text: str) -> Iterator[Any]:
    """Yield the statements of a policy in JSON; a text may also be a policy name (SAM)."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return
    if isinstance(document, dict):
        yield from _flat(document.get("Statement"))


def _flat(value: Any) -> Iterator[Any]:  # noqa: ANN401 - any part of a template
    """Yield a value or the members of a list, with all branches of conditions."""
    for each in branches(value):
        if isinstance(each, list):
            for one in each:
                yield from _flat(one)
        else:
            yield each


def _is_too_wide(statement: Any) -> bool:  # noqa: ANN401 - any part of a template
    return (
        isinstance(statement, dict)
        and statement.get("Effect") == "Allow"
        and _names_the_action(statement)
        and any(map(_covers_any_role, _flat(statement.get("Resource"))))
        and not _asks_for_the_service(statement.get("Condition"))
    )


def _names_the_action(statement: Mapping[str, Any]) -> bool:
    actions = [each for each in _flat(statement.get("Action")) if isinstance(each, str)]
    matching = [each for each in actions if _matches(each, _ACTION)]
    # actions of only wildcards are for administrators
    return bool(matching) and all(each.partition(":")[2].strip("*?") for each in matching)


def _covers_any_role(resource: Any) -> bool:  # noqa: ANN401 - any part of a template
    text = _text(resource)
    return text is not None and _matches(text, _ANY_ROLE)


def _asks_for_the_service(condition: Any) -> bool:  # noqa: ANN401 - any part of a template
    """Return whether a condition restricts the service, or may do so."""
    if condition is None:
        return False
    if not isinstance(condition, dict):
        return True
    return any(
        not isinstance(keys, dict)
        or any(
            str(key).lower() == _KEY and "*" not in _flat(values)
            for key, values in keys.items()
            if str(operator).lower() != "null"
        )
        for operator, keys in condition.items()
    )


def _text(value: Any) -> str | None:  # noqa: ANN401 - any part of a template
    """Return a text with `_OPEN` for unknown parts; None if the whole text is unknown."""
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        return None
    pattern = value.get("Fn::Sub")
    if isinstance(pattern, list) and pattern:
        pattern = pattern[0]
    if isinstance(pattern, str):
        return _VARIABLE.sub(_OPEN, pattern)
    joined = value.get("Fn::Join")
    if not isinstance(joined, list) or len(joined) != len(("delimiter", "parts")):
        return None
    delimiter, parts = joined
    if not isinstance(delimiter, str) or not isinstance(parts, list):
        return None
    return delimiter.join(each if isinstance(each, str) else _OPEN for each in parts)


def _matches(pattern: str, text: str) -> bool:
    """Return whether an IAM pattern matches; like IAM actions, it ignores case."""
    first, *others = (
        "".join(_PATTERN.get(each, re.escape(each)) for each in part) for part in pattern.split("*")
    )
    # atomic groups: without them, a pattern with many stars takes exponential time
    stars = "".join(f"(?>.*?{each})" for each in others[:-1])
    end = f".*{others[-1]}" if others else ""
    return re.fullmatch(f"{first}{stars}{end}", text, re.IGNORECASE | re.DOTALL) is not None


_PATTERN = {"?": ".", _OPEN: _OPEN_PATTERN}
