"""The permissions of the functions that make the calls of custom resources."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from slr_constructs.guard.statements import POLICIES, covers, flat, statements_in
from slr_constructs.templates.custom_calls import CREATE_ROLE, PROVIDED_ON_EVENT
from slr_constructs.templates.literals import mapping
from slr_constructs.templates.role_usage import properties_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.templates.app import Stack

#: AWS managed policies for functions, which do not allow the action [policy].
_HARMLESS = re.compile(
    r".*:policy/service-role/AWSLambda(?:Basic|VPCAccess|SQSQueue)ExecutionRole", re.DOTALL
)


def lacks_permission(stack: Stack, logical_id: str) -> bool:
    """Return whether the template shows that a custom resource cannot create a role.

    Its function and the policies of the function must be in the template. An action that is not a
    literal, or a managed policy that is not in the template, may allow anything.
    """
    token = properties_of(stack.resources[logical_id]).get("ServiceToken")
    function = _resource(stack, token, "AWS::Lambda::Function")
    if function is None:
        return False
    properties = properties_of(stack.resources[function])
    # CDK's `Provider` names a second function, which makes the calls
    if PROVIDED_ON_EVENT in mapping(mapping(properties.get("Environment")).get("Variables")):
        return False
    role = _resource(stack, properties.get("Role"), "AWS::IAM::Role")
    if role is None:
        return False
    return not any(map(_may_create, _statements_of(stack, role)))


def _statements_of(stack: Stack, role: str) -> Iterator[Any]:
    """Yield the statements of a role's policies; an ARN stands for an unknown policy."""
    properties = properties_of(stack.resources[role])
    yield from statements_in(properties.get("Policies"))
    for arn in flat(properties.get("ManagedPolicyArns", [])):
        if _resource(stack, arn, "AWS::IAM::ManagedPolicy") is None and not _is_harmless(arn):
            yield arn
    for logical_id, body in stack.resources.items():
        prop = POLICIES.get(body["Type"])
        if prop is not None and role in stack.graph.successors(logical_id):
            yield from statements_in(properties_of(body).get(prop))


def _is_harmless(arn: Any) -> bool:  # noqa: ANN401 - any part of a template
    match arn:
        case {"Fn::Sub": str(text)} | {"Fn::Join": [_, [*_, str(text)]]} | str(text):
            return _HARMLESS.fullmatch(text if text.startswith(("arn:", ":")) else "") is not None
    return False


def _may_create(statement: Any) -> bool:  # noqa: ANN401 - any part of a template
    if statement is None:
        return False
    if not isinstance(statement, dict) or "Effect" not in statement:
        return True
    if statement.get("Effect") != "Allow":
        return False
    return "NotAction" in statement or any(
        not isinstance(each, str) or covers(each, CREATE_ROLE)
        for each in flat(statement.get("Action"))
    )


def _resource(stack: Stack, reference: Any, kind: str) -> str | None:  # noqa: ANN401 - any part of a template
    """Return the resource of a type that a reference names."""
    match reference:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            pass
        case {"Fn::GetAtt": str(text)}:
            name = text.partition(".")[0]
        case _:
            return None
    found = stack.resources.get(name)
    return name if found is not None and found["Type"] == kind else None
