"""Policy statements for a deployment.

The schema of a resource type, as cfn-lint ships it, lists the actions that CloudFormation calls. A
schema covers every possible resource of the type, so these actions are left out:

- list actions, which a deployment does not call;
- types that have more purposes than the feature, such as SIP media applications;
- actions on roles that have no known name: `iam:PassRole` of a packaging group, for the secrets of
  an encrypted one, and `sts:AssumeRole` of a recording configuration;
- for the function, its role and its log group: actions on other resources (networks, file systems,
  keys, layers, code signing, deliveries, the account's policies for logs), and the role's managed
  policies and permissions boundary, which this role does not have unless the app configures it.

Resources are as narrow as possible. Service-linked roles are named exactly. Owners of features may
be new or belong to another app, and many create actions do not support resource ARNs, so their
resource is `*`. CloudFormation names the function, its role and its log group after the stack, the
logical id and a random suffix. It is not documented how it shortens a long logical id, so the ARN
pattern contains only the first words of the id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs import _permissions as permissions
from slr_constructs._permissions import Permission
from slr_constructs.catalogue import RoleCreation, resource_types_of
from slr_constructs.catalogue.resource_type import OnRelease
from slr_constructs.policies.function import FUNCTION_NAMES
from slr_constructs.policies.place import Place, Statements, sid_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slr_constructs.catalogue import ResourceType, RoleDefinition

#: the bucket of the CDK bootstrap stack for the code of functions.
_CODE = "cdk-*-assets-{account}-{region}/*"

#: the region of the schemas: it has all resource types of the catalogue.
_SCHEMA_REGION = "us-east-1"
_DEPLOYING = ("create", "read", "update", "delete")
_NATIVE_ROLE = "AWS::IAM::ServiceLinkedRole"
#: services whose actions act on other roles; the service-linked role has its own statements.
_OVER_ROLES = ("iam", "sts")
#: actions on other resources, or on properties that the function and its role do not have.
_NOT_OF_THE_FUNCTION = {
    "iam:AttachRolePolicy",
    "iam:DeleteRolePermissionsBoundary",
    "iam:PutRolePermissionsBoundary",
    "lambda:AssociateRuntimeAlias",
    "lambda:GetCodeSigningConfig",
    "lambda:GetLayerVersion",
    "lambda:PassCapacityProvider",
    "logs:CreateLogDelivery",
    "logs:DeleteIndexPolicy",
    "logs:DeleteResourcePolicy",
    "logs:PutIndexPolicy",
    "logs:PutResourcePolicy",
}
#: actions that do not support the ARN of a log group.
_DESCRIBING_LOGS = {
    "logs:DescribeIndexPolicies",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
}


class UnknownTypeError(Exception):
    """The installed cfn-lint has no schema of a resource type."""


def deployment_statements(definitions: Iterable[RoleDefinition], place: Place) -> Statements:
    """Return the statements to deploy stacks with roles and their features.

    Raises:
        UnknownTypeError: The installed cfn-lint does not know a resource type.
    """
    statements: Statements = {}
    for definition in definitions:
        statements |= _role_statements(definition, place)
        for target in resource_types_of(definition):
            if target.on_release is not OnRelease.KEEPS:
                statements |= _resource_type_statements(target, place)
    return statements | _function_statements(place)


def _role_statements(definition: RoleDefinition, place: Place) -> Statements:
    """Return the statements of the IAM User Guide, and those for CloudFormation's other calls."""
    sid, role = sid_of(definition), place.role(definition)
    keep = {
        f"Edit{sid}": permissions.allow_edit(role),
        f"Delete{sid}": permissions.allow_delete(role),
    }
    if definition.creation is RoleCreation.NEVER:
        return keep
    create, attach_policies = permissions.allow_create(definition, role)
    own = {f"Create{sid}": create, f"AttachPoliciesTo{sid}": attach_policies, **keep}
    covered = {action for permission in own.values() for action in permission.actions}
    native = Permission(
        actions=sorted(_actions_of(_NATIVE_ROLE) - covered),
        # IAM does not know the path of a role that does not exist
        resources=[role, place.role_without_path(definition)],
    )
    return {**own, f"Native{sid}": native}


def _resource_type_statements(target: ResourceType, place: Place) -> Statements:
    """Return the statements for an owner or a feature, without actions on roles."""
    sid = target.sid
    actions = {action for action in _actions_of(target.type) if _service(action) not in _OVER_ROLES}
    on_buckets = {action for action in actions if _service(action) == "s3"}
    statements = {sid: Permission(actions=sorted(actions - on_buckets), resources=["*"])}
    if on_buckets:
        buckets = f"arn:{place.partition}:s3:::*"
        statements[f"{sid}Buckets"] = Permission(actions=sorted(on_buckets), resources=[buckets])
    return statements


def _function_statements(place: Place) -> Statements:
    function = place.arn("lambda", f"function:{FUNCTION_NAMES}")
    log = place.arn("logs", f"log-group:{FUNCTION_NAMES}")
    role = f"arn:{place.partition}:iam::{place.account}:role/{FUNCTION_NAMES}"
    code = _CODE.format(account=place.account, region=place.region)
    of_function = _actions_of("AWS::Lambda::Function") - _NOT_OF_THE_FUNCTION
    of_function |= _actions_of("AWS::Lambda::EventInvokeConfig")
    of_role = _actions_of("AWS::IAM::Role") | _actions_of("AWS::IAM::RolePolicy")
    of_log = _actions_of("AWS::Logs::LogGroup") - _NOT_OF_THE_FUNCTION
    return {
        "Function": Permission(
            # custom resources call the function with the permissions of the deployment
            actions=sorted({"lambda:InvokeFunction"} | _of_service(of_function, "lambda")),
            resources=[function],
        ),
        "FunctionCode": Permission(
            actions=sorted(_of_service(of_function, "s3")),
            resources=[f"arn:{place.partition}:s3:::{code}"],
        ),
        "FunctionRole": Permission(
            actions=sorted(of_role - _NOT_OF_THE_FUNCTION), resources=[role]
        ),
        "PassFunctionRole": Permission(
            actions=["iam:PassRole"],
            resources=[role],
            condition={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
        ),
        "FunctionLog": Permission(
            actions=sorted(_of_service(of_log, "logs") - _DESCRIBING_LOGS),
            # actions on a log group use its ARN with or without the suffix for streams
            resources=[log, f"{log}:*"],
        ),
        "DescribeLogs": Permission(actions=sorted(of_log & _DESCRIBING_LOGS), resources=["*"]),
    }


def _actions_of(resource_type: str) -> set[str]:
    """Return the actions that CloudFormation may call to deploy a resource type."""
    # imported here, because the import takes seconds and other commands do not need it
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError  # noqa: PLC0415

    try:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(_SCHEMA_REGION, resource_type).schema
    except ResourceNotFoundError:
        raise UnknownTypeError(
            f"the installed cfn-lint has no schema of {resource_type}. Update cfn-lint"
        ) from None
    handlers = schema.get("handlers", {})
    actions_of_handlers = (handlers.get(name, {}).get("permissions", ()) for name in _DEPLOYING)
    return {action for actions in actions_of_handlers for action in actions}


def _of_service(actions: Iterable[str], service: str) -> set[str]:
    return {action for action in actions if _service(action) == service}


def _service(action: str) -> str:
    return action.partition(":")[0]
