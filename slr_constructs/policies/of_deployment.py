"""What whoever deploys may do.

What CloudFormation calls for a resource type is said by the type's schema, as cfn-lint ships it. A
schema lists what any resource of the type may take, so this is left out:

- what lists resources, which a deployment does not call;
- rights over roles that nobody has named: `iam:PassRole` of a packaging group, for the secrets of
  an encrypted one, and `sts:AssumeRole` of a recording configuration;
- for the function, its role and its log group, what acts on other things (networks, file systems,
  keys, layers, code signing, deliveries, the account's policies for logs), and the role's managed
  policies and boundary, which it has not.

Resources are as narrow as is known. Service-linked roles are named to the letter. Owners of
features may be new, or anybody's, and many actions that create know no resource, so those have a
star. The function, its role and its log group get names from CloudFormation, of the stack's name,
the logical id and a random end; how much of a long id stays, nobody documents, so only its first
words count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs import rights
from slr_constructs.catalogue import RoleCreation
from slr_constructs.policies.of_function import FUNCTION_NAMES
from slr_constructs.policies.place import Place, Statements, sid_of
from slr_constructs.rights import Right

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slr_constructs.catalogue import RoleDefinition

#: where CDK's bootstrap has the code of functions.
_CODE = "cdk-*-assets-{account}-{region}/*"

#: where schemas are read: all resource types of the catalogue are there.
_SCHEMA_REGION = "us-east-1"
_DEPLOYING = ("create", "read", "update", "delete")
_NATIVE_ROLE = "AWS::IAM::ServiceLinkedRole"
#: of other roles than the service-linked one, which has its own statements.
_OVER_ROLES = ("iam", "sts")
#: these act on something else, or on what the function and its role have not.
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
#: these know no log group.
_DESCRIBING_LOGS = {
    "logs:DescribeIndexPolicies",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
}


class UnknownTypeError(Exception):
    """The cfn-lint that is installed has no schema of a type."""


def for_whoever_deploys(definitions: Iterable[RoleDefinition], place: Place) -> Statements:
    """Let somebody deploy stacks with roles and their features.

    Raises:
        UnknownTypeError: A resource type is unknown.
    """
    statements: Statements = {}
    for definition in definitions:
        statements |= _for_a_role(definition, place)
        for resource_type in definition.resource_types:
            statements |= _for_a_native_type(resource_type, place)
    return statements | _for_the_parts_of_the_function(place)


def _for_a_role(definition: RoleDefinition, place: Place) -> Statements:
    """Return what the IAM User Guide asks for, and what CloudFormation calls beside it."""
    sid, role = sid_of(definition), place.role(definition)
    keep = {f"Edit{sid}": rights.let_edit(role), f"Delete{sid}": rights.let_delete(role)}
    if definition.creation is RoleCreation.NEVER:
        return keep
    create, give_policies = rights.let_create(definition, role)
    made = {f"Create{sid}": create, f"GivePoliciesTo{sid}": give_policies, **keep}
    asked = {action for right in made.values() for action in right.actions}
    native = Right(
        actions=sorted(_called_for(_NATIVE_ROLE) - asked),
        # the path of a role that is not there, IAM cannot know
        resources=[role, place.role_without_path(definition)],
    )
    return {**made, f"Native{sid}": native}


def _for_a_native_type(resource_type: str, place: Place) -> Statements:
    """Return what CloudFormation calls for an owner or a feature, the roles aside."""
    sid = resource_type.removeprefix("AWS").replace("::", "")
    called = {
        action for action in _called_for(resource_type) if _service(action) not in _OVER_ROLES
    }
    on_buckets = {action for action in called if _service(action) == "s3"}
    statements = {sid: Right(actions=sorted(called - on_buckets), resources=["*"])}
    if on_buckets:
        buckets = f"arn:{place.partition}:s3:::*"
        statements[f"{sid}Buckets"] = Right(actions=sorted(on_buckets), resources=[buckets])
    return statements


def _for_the_parts_of_the_function(place: Place) -> Statements:
    function = place.arn("lambda", f"function:{FUNCTION_NAMES}")
    log = place.arn("logs", f"log-group:{FUNCTION_NAMES}")
    role = f"arn:{place.partition}:iam::{place.account}:role/{FUNCTION_NAMES}"
    code = _CODE.format(account=place.account, region=place.region)
    of_function = _called_for("AWS::Lambda::Function") - _NOT_OF_THE_FUNCTION
    of_role = _called_for("AWS::IAM::Role") | _called_for("AWS::IAM::RolePolicy")
    of_log = _called_for("AWS::Logs::LogGroup") - _NOT_OF_THE_FUNCTION
    return {
        "Function": Right(
            # custom resources call it with the rights of whoever deploys
            actions=sorted({"lambda:InvokeFunction"} | _of_service(of_function, "lambda")),
            resources=[function],
        ),
        "FunctionCode": Right(
            actions=sorted(_of_service(of_function, "s3")),
            resources=[f"arn:{place.partition}:s3:::{code}"],
        ),
        "FunctionRole": Right(actions=sorted(of_role - _NOT_OF_THE_FUNCTION), resources=[role]),
        "PassFunctionRole": Right(
            actions=["iam:PassRole"],
            resources=[role],
            condition={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
        ),
        "FunctionLog": Right(
            actions=sorted(_of_service(of_log, "logs") - _DESCRIBING_LOGS),
            # what is authorized on a group is written with and without its streams
            resources=[log, f"{log}:*"],
        ),
        "DescribeLogs": Right(actions=sorted(of_log & _DESCRIBING_LOGS), resources=["*"]),
    }


def _called_for(resource_type: str) -> set[str]:
    """Return the actions that CloudFormation may call to deploy a resource of a type."""
    # here, for it takes seconds, and the other commands can do without
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError  # noqa: PLC0415

    try:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(_SCHEMA_REGION, resource_type).schema
    except ResourceNotFoundError:
        raise UnknownTypeError(
            f"the cfn-lint that is installed has no schema of {resource_type}: update it"
        ) from None
    handlers = schema.get("handlers", {})
    called = (handlers.get(name, {}).get("permissions", ()) for name in _DEPLOYING)
    return {action for actions in called for action in actions}


def _of_service(actions: Iterable[str], service: str) -> set[str]:
    return {action for action in actions if _service(action) == service}


def _service(action: str) -> str:
    return action.partition(":")[0]
