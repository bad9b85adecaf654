"""A template that creates or adopts service-linked roles and keeps them, without CDK.

Its resources are those of a stack that declares the roles with `RoleRemoval.KEEP` and inline code;
a test compares the two. So it is a stack like any other: it has a lease on each role.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from slr_constructs import _function_definition as definition
from slr_constructs import _permissions as permissions
from slr_constructs._version import __version__
from slr_constructs.catalogue.resource_type import HERE
from slr_constructs.handler.slr_handler import contract

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from slr_constructs.catalogue import RoleDefinition

_NAME = "slr-constructs"
_FUNCTION, _ROLE, _LOGS, _EVENTS = (
    f"{definition.ID}{part}" for part in ("", "Role", "Logs", "Events")
)
_BOUNDARY, _HAS_BOUNDARY = "PermissionsBoundary", "HasPermissionsBoundary"
#: CDK's own checks warn about an empty text here, although no role would get it.
_NO_BOUNDARY = "no-permissions-boundary"
#: The value of `RoleRemoval.KEEP`.
_KEEP = "KEEP"


class TooLargeError(Exception):
    """CloudFormation would not accept the template in a request."""


def baseline(roles: Sequence[RoleDefinition]) -> str:
    """Return the template as JSON. The same version returns the same text for the same roles.

    Args:
        roles: The roles, none of which may be one that IAM no longer creates.

    Raises:
        TooLargeError: CloudFormation would not accept the template in a request.
    """
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": (
            f"Creates or adopts {len(roles)} service-linked role(s), and keeps them"
            f" ({_NAME} {__version__})"
        ),
        "Metadata": {
            # the key `slr-constructs` is that of acknowledged findings
            f"{_NAME}-baseline": {
                "Version": __version__,
                "Roles": [each.role_name for each in roles],
            }
        },
        "Parameters": {
            _BOUNDARY: {
                "Type": "String",
                "Default": _NO_BOUNDARY,
                "AllowedPattern": f"{_NO_BOUNDARY}|arn:[a-z-]+:iam::(aws|[0-9]{{12}}):policy/.+",
                "Description": (
                    "The ARN of a managed policy: the permissions boundary of the function's role."
                    f" {_NO_BOUNDARY}: the role has no boundary."
                ),
            }
        },
        "Conditions": {
            _HAS_BOUNDARY: {"Fn::Not": [{"Fn::Equals": [{"Ref": _BOUNDARY}, _NO_BOUNDARY]}]}
        },
        "Resources": {
            **_function_resources(),
            **{name: resource for role in roles for name, resource in _resources_of(role)},
        },
        "Outputs": {name: output for role in roles for name, output in _outputs_of(role)},
    }
    text = _rendered(template)
    size = len(text.encode())
    if size > definition.REQUEST_BYTES:
        raise TooLargeError(
            f"the template would have {size:,} bytes, but CloudFormation accepts at most"
            f" {definition.REQUEST_BYTES:,} in a request. Name fewer roles"
        )
    return text


def _function_resources() -> dict[str, Any]:
    own = permissions.in_one_statement(
        permissions.write_own_log(*definition.own_log_arns(_LOGS)),
        permissions.read_own_stack({"Ref": "AWS::StackId"}),
    )
    return {
        _LOGS: {"Type": "AWS::Logs::LogGroup", "Properties": definition.LOG_GROUP},
        _ROLE: {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": definition.TRUST,
                "PermissionsBoundary": {
                    "Fn::If": [_HAS_BOUNDARY, {"Ref": _BOUNDARY}, {"Ref": "AWS::NoValue"}]
                },
                "Policies": [
                    {
                        "PolicyName": definition.POLICY_NAME,
                        "PolicyDocument": definition.document([own]),
                    }
                ],
            },
        },
        _FUNCTION: {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                **definition.FUNCTION,
                "Handler": definition.INLINE_HANDLER,
                "Code": {"ZipFile": definition.inline_code()},
                "LoggingConfig": {"LogGroup": {"Ref": _LOGS}},
                "Role": {"Fn::GetAtt": [_ROLE, "Arn"]},
            },
        },
        _EVENTS: {
            "Type": "AWS::Lambda::EventInvokeConfig",
            "Properties": {"FunctionName": {"Ref": _FUNCTION}, **definition.EVENTS},
        },
    }


def _resources_of(role: RoleDefinition) -> Iterator[tuple[str, Any]]:
    """Yield the policy of the function for a role, and the custom resource that declares it."""
    name = role.role_name
    arn = _arn(role)
    wanted = contract.ServiceLinkedRole(
        role_name=name,
        service_principal=role.service_principal,
        removal=_KEEP,
        creation=role.creation.value,
    )
    kind = definition.kind_at(wanted.RESOURCE_TYPE.removeprefix("Custom::"), f"/{name}")
    allowed = [
        *permissions.create_role(role, {"Fn::Sub": arn}),
        permissions.acquire_role(
            {"Fn::Sub": arn}, {"Fn::Sub": arn.replace(role.path, "/")}, deletes=False
        ),
    ]
    policy = f"{name}Policy"
    yield (
        policy,
        {
            "Type": "AWS::IAM::RolePolicy",
            "Properties": {
                "RoleName": {"Ref": _ROLE},
                "PolicyName": f"{kind}-{name}",
                "PolicyDocument": definition.document(allowed),
            },
        },
    )
    yield (
        name,
        {
            "Type": wanted.RESOURCE_TYPE,
            "DependsOn": [policy, _EVENTS],
            "Properties": {
                "ServiceToken": {"Fn::GetAtt": [_FUNCTION, "Arn"]},
                "ServiceTimeout": definition.SERVICE_TIMEOUT_SECONDS,
                **wanted.to_properties(),
            },
        },
    )


def _outputs_of(role: RoleDefinition) -> Iterator[tuple[str, Any]]:
    """Yield what an operator looks up: the ARN of a role, and whether it was created or adopted."""
    name = role.role_name
    yield f"{name}Arn", {"Value": {"Fn::Sub": _arn(role)}}
    yield f"{name}Outcome", {"Value": {"Fn::GetAtt": [name, "Outcome"]}}


def _arn(role: RoleDefinition) -> str:
    return role.arn(partition=HERE["partition"], account=HERE["account"])


def _rendered(template: dict[str, Any]) -> str:
    """Return JSON with one line for each entry of a section, which is short and can be compared."""
    sections = []
    for name, section in template.items():
        if isinstance(section, dict):
            entries = ",\n".join(f"  {json.dumps(key)}: {_short(section[key])}" for key in section)
            sections.append(f" {json.dumps(name)}: {{\n{entries}\n }}")
        else:
            sections.append(f" {json.dumps(name)}: {json.dumps(section)}")
    return "{\n" + ",\n".join(sections) + "\n}\n"


def _short(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
