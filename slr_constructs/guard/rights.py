"""Policies that let their holder make any service-linked role there is.

`iam:CreateServiceLinkedRole` is meant to be given for one service at a time. `*` and `iam:*`, and
an `Allow` of all but a few actions (`NotAction`), are how administrators are made: that is
somebody's choice and says nothing about service-linked roles, so it is no finding. Nor is what
cannot be read from the template: an intrinsic for a condition, for an action or for the part of a
resource that tells roles apart.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from slr_constructs.guard.rule import Finding, Rule, Severity
from slr_constructs.templates.lifecycle import properties_of
from slr_constructs.templates.literals import branches, values_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from slr_constructs.templates.app import App

CREATE_ANYWHERE = Rule(
    "CreateServiceLinkedRoleAnywhere",
    Severity.WARNING,
    "a policy allows to create the service-linked role of any service",
    "Whoever has the policy can make roles for services that nobody here uses; each is"
    " account-wide, and has rights that its service chose.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html",
    "Name the role in `Resource`, or the service in the condition key `iam:AWSServiceName`;"
    " `slr-constructs policy --deploy ROLE` prints such statements.",
)

RULES = (CREATE_ANYWHERE,)

_ACTION = "iam:CreateServiceLinkedRole"
_KEY = "iam:awsservicename"
_POLICY = ("PolicyDocument",)
_POLICIES = ("Policies",)
#: where types have the policies of identities: a document, or a list of them.
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
#: a role of no service: whoever may make this one may make any.
_ANY_ROLE = "arn:aws:iam::111122223333:role/aws-service-role/any.amazonaws.com/AWSServiceRoleForAny"
#: stands for what a template leaves open, and for nothing of a role but partition and account.
_OPEN = "\0"
_OPEN_PATTERN = "(?:aws|111122223333)"
_VARIABLE = re.compile(r"\$\{(?!!)[^}]*\}")


def findings(app: App) -> Iterator[Finding]:
    """Yield which policies are too wide."""
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
    """Yield the statements of a policy document, or of what holds several."""
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
    """Yield the statements of a permission set's policy; SAM has names of policies there."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return
    if isinstance(document, dict):
        yield from _flat(document.get("Statement"))


def _flat(value: Any) -> Iterator[Any]:  # noqa: ANN401 - any part of a template
    """Yield one thing, or each of a list of them; whatever a condition may choose."""
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
    # stars alone: an administrator's
    return bool(matching) and all(each.partition(":")[2].strip("*?") for each in matching)


def _covers_any_role(resource: Any) -> bool:  # noqa: ANN401 - any part of a template
    text = _text(resource)
    return text is not None and _matches(text, _ANY_ROLE)


def _asks_for_the_service(condition: Any) -> bool:  # noqa: ANN401 - any part of a template
    """Tell whether a condition limits the service, or may for all that is known."""
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
    """Return a text with `_OPEN` for what the template leaves open; None if all of it is."""
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
    """Tell whether a pattern of IAM's matches; case does not count, as it does not in actions."""
    first, *others = (
        "".join(_PATTERN.get(each, re.escape(each)) for each in part) for part in pattern.split("*")
    )
    # a star takes as little as will do, once and for all: trying all would take for ever
    stars = "".join(f"(?>.*?{each})" for each in others[:-1])
    end = f".*{others[-1]}" if others else ""
    return re.fullmatch(f"{first}{stars}{end}", text, re.IGNORECASE | re.DOTALL) is not None


_PATTERN = {"?": ".", _OPEN: _OPEN_PATTERN}
