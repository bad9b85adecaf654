"""The IAM permissions that slr-constructs uses; those of features are in the `catalogue`.

The constructs add them to templates, where resources are intrinsic functions. The command line
writes them to policies, where resources are ARNs. So each function takes the resources as
arguments, and this module does not need the CDK.

The first part is for the function of a stack. The second part is for people and pipelines: the
statements of "Service-linked role permissions" in the IAM User Guide (`allow_...`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from slr_constructs.catalogue import RoleCreation
from slr_constructs.catalogue.resource_type import action_of
from slr_constructs.handler.slr_handler.contract import TAG_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from slr_constructs.catalogue import ResourceType, RoleDefinition


_DELETE = ("iam:DeleteServiceLinkedRole", "iam:GetServiceLinkedRoleDeletionStatus")

Arn: TypeAlias = str | dict[str, Any]
"""An ARN. In a template, it may be an intrinsic function that returns an ARN."""


#: lets a statement change only the tags of slr-constructs. A request without tag keys fulfills it,
#: so the same statement can contain actions that do not change tags. Source: IAM User Guide, "Set
#: operators for multivalued context keys". The service authorization reference lists `aws:TagKeys`
#: for `TagRole` and `UntagRole`, and for `TagResource` and `UntagResource` of the features'
#: services.
_ONLY_OWN_TAGS = {"ForAllValues:StringLike": {"aws:TagKeys": f"{TAG_PREFIX}*"}}


@dataclass(frozen=True, slots=True)
class Permission:
    """One Allow statement for a list of resources."""

    actions: Sequence[str]
    resources: Sequence[Any]
    condition: dict[str, Any] | None = None

    def render(self) -> dict[str, Any]:
        """Return the statement for a policy document."""
        statement: dict[str, Any] = {
            "Effect": "Allow",
            "Action": _one_or_many(sorted(self.actions)),
            "Resource": _one_or_many(self.resources),
        }
        if self.condition is not None:
            statement["Condition"] = self.condition
        return statement


def _one_or_many(values: Sequence[Any]) -> Any:  # noqa: ANN401 - as CDK minimizes policies
    return values[0] if len(values) == 1 else list(values)


def write_own_log(*log_group: Arn) -> Permission:
    """Let the function write its log, but not create a log group that outlives the stack.

    A log group has two ARNs, with and without the suffix `:*`, and AWS documents both: the service
    authorization reference without it, the CloudWatch Logs User Guide with it. So both are given.
    """
    return call(["logs:CreateLogStream", "logs:PutLogEvents"], *log_group)


def read_own_stack(stack: Arn) -> Permission:
    """Let the function read the status of its stack, and of the resources in it.

    CloudFormation may cancel a create or an update while the function still works on it. The status
    shows whether the result is still wanted.
    """
    return call(["cloudformation:DescribeStackResource", "cloudformation:DescribeStacks"], stack)


def send_to_queue(queue: Arn) -> Permission:
    """Let Lambda send events to the dead-letter queue of the function."""
    return call(["sqs:SendMessage"], queue)


def use_key_of_queue(key: Arn) -> Permission:
    """Let Lambda encrypt events for a dead-letter queue that has a key.

    Source: Amazon SQS Developer Guide, "Configure KMS permissions for producers".
    """
    return call(["kms:Decrypt", "kms:GenerateDataKey"], key)


def connect_to_vpc() -> Permission:
    """Let Lambda connect the function to a VPC.

    These are the actions on EC2 of the managed policy `AWSLambdaVPCAccessExecutionRole`.
    """
    return call(
        [
            "ec2:AssignPrivateIpAddresses",
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:UnassignPrivateIpAddresses",
        ],
        "*",
    )


def in_one_statement(*permissions: Permission) -> Permission:
    """Return one permission for several with the same condition, which makes a policy smaller.

    It allows the same if each action supports only the resources of its own permission.
    """
    return Permission(
        condition=permissions[0].condition,
        actions=[action for each in permissions for action in each.actions],
        resources=[resource for each in permissions for resource in each.resources],
    )


def create_role(definition: RoleDefinition, role: Arn) -> list[Permission]:
    """Let the function create a role. The list is empty if IAM no longer creates the role.

    Services also create the role with the permissions of the caller that enables the feature.
    """
    if definition.creation is RoleCreation.NEVER:
        return []
    return [
        Permission(
            actions=["iam:CreateServiceLinkedRole"],
            resources=_created(definition, role),
            condition={"StringEquals": {"iam:AWSServiceName": definition.service_principal}},
        )
    ]


def _created(definition: RoleDefinition, role: Arn) -> list[Arn]:
    """Return the ARNs on which IAM may check the permission to create a role.

    AWS does not document whether IAM includes a custom suffix in the ARN, so both ARNs are given.
    """
    if definition.custom_suffix is None:
        return [role]
    end = f"_{definition.custom_suffix}"
    if isinstance(role, str):
        return [role, role.removesuffix(end)]
    return [role, {function: text.removesuffix(end) for function, text in role.items()}]


def acquire_role(*roles: Arn, deletes: bool = True) -> Permission:
    """Let the function acquire and release leases on roles, and delete the roles.

    IAM does not know the path of a role that does not exist. It then checks the ARN without a path:
    the message in https://github.com/aws/aws-cdk/issues/27067 says "on resource: role NAME". So
    each role needs both of its ARNs.

    Args:
        roles: The ARNs of the roles.

        deletes: Whether the function may delete the roles. Default: it may.
    """
    actions = ["iam:GetRole", "iam:TagRole", "iam:UntagRole", "iam:UpdateRoleDescription"]
    return Permission(
        actions=[*actions, *(_DELETE if deletes else ())],
        resources=roles,
        condition=_ONLY_OWN_TAGS,
    )


def tag_role(role: Arn) -> Permission:
    """Allow changing the tags that slr-constructs sets on a role: leases, locks and reasons."""
    return Permission(["iam:TagRole", "iam:UntagRole"], [role], condition=_ONLY_OWN_TAGS)


def untag_role(roles: Arn) -> Permission:
    """Allow removing only the tags that slr-constructs sets on roles."""
    return Permission(["iam:UntagRole"], [roles], condition=_ONLY_OWN_TAGS)


def configure_feature(
    target: ResourceType, *resources: Arn, marks_owner: bool = False
) -> Permission:
    """Let the function configure and remove the feature of resources of a type.

    Args:
        target: The type.

        resources: The resources.

        marks_owner: Whether the resources are outside of the stack. The function then reads their
            settings, and marks them with tags, but cannot change other tags.
    """
    calls = target.calls
    operations = [calls.configure.operation, calls.remove]
    operations += [calls.describe] if calls.function_describes or marks_owner else []
    operations += calls.tags if marks_owner else []
    permission = call(operations, *resources)
    return replace(permission, condition=_ONLY_OWN_TAGS) if marks_owner else permission


def call(operations: Iterable[str], *resources: Arn) -> Permission:
    """Allow operations on resources."""
    return Permission(actions=[*dict.fromkeys(map(action_of, operations))], resources=resources)


def allow_create(definition: RoleDefinition, role: str) -> tuple[Permission, Permission]:
    """Allow creating a role, only for its own service, and attaching its policies."""
    return (
        Permission(
            actions=["iam:CreateServiceLinkedRole"],
            resources=_created(definition, role),
            condition={"StringLike": {"iam:AWSServiceName": definition.service_principal}},
        ),
        Permission(actions=["iam:AttachRolePolicy", "iam:PutRolePolicy"], resources=[role]),
    )


def allow_edit(role: str) -> Permission:
    """Allow editing the description of a role, its only editable property."""
    return Permission(actions=["iam:UpdateRoleDescription"], resources=[role])


def allow_delete(role: str) -> Permission:
    """Allow deleting a role and reading the status of the deletion."""
    return Permission(actions=_DELETE, resources=[role])
