"""`slr-constructs policy`: print IAM policies for deployments, functions and account commands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from slr_constructs.cli.arguments import OUTPUT
from slr_constructs.cli.output import write
from slr_constructs.cli.refusal import Refusal
from slr_constructs.cli.role_argument import ROLES, complete, parse_role
from slr_constructs.cli.stderr import warn
from slr_constructs.policies.account import (
    audit_of_all_roles,
    audit_statements,
    leases_of_all_roles,
    leases_statements,
    release_statements,
    restore_statements,
)
from slr_constructs.policies.deployment import UnknownTypeError, deployment_statements
from slr_constructs.policies.function import function_statements
from slr_constructs.policies.place import Place, Statements

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from slr_constructs.catalogue import RoleDefinition

#: IAM's quota for a managed policy, without white space.
_MANAGED_POLICY_CHARACTERS = 6_144

_PURPOSES: dict[str, Callable[[Sequence[RoleDefinition], Place], Statements]] = {
    "deploy": deployment_statements,
    "function": function_statements,
    "audit": audit_statements,
    "leases": leases_statements,
    "release": release_statements,
    "restore": restore_statements,
}
#: those of commands that read all roles if you name none.
_OF_ALL_ROLES: dict[str, Callable[[Place], Statements]] = {
    "audit": audit_of_all_roles,
    "leases": leases_of_all_roles,
}


@click.command()
@click.argument("roles", nargs=-1, metavar="[ROLE]...", shell_complete=complete)
@click.option("--deploy", is_flag=True, help="For the deployment of stacks.")
@click.option("--function", is_flag=True, help="For the Lambda function of a stack.")
@click.option("--audit", is_flag=True, help="For `audit` and `leases`. Read-only.")
@click.option("--leases", is_flag=True, help="For `leases --drop-deleted`.")
@click.option("--release", is_flag=True, help="For `release`.")
@click.option("--restore", is_flag=True, help="For `restore`.")
@click.option("--account", default="*", show_default=True, help="The account id in ARNs.")
@click.option("--region", default="*", show_default=True, help="The region in ARNs.")
@click.option("--partition", default="aws", show_default=True, help="The partition in ARNs.")
@OUTPUT
def policy(
    roles: tuple[str, ...],
    *,
    account: str,
    region: str,
    partition: str,
    output: Path | None,
    **purposes: bool,
) -> None:
    """Print an IAM policy for roles and their features.

    ROLE is a role name, a service principal or a short name, as `slr-constructs catalogue` prints
    them. Any other service-linked role is named with its principal, as
    ecs.amazonaws.com/AWSServiceRoleForECS. Several roles make one policy document.

    --deploy: the permissions of CloudFormation's execution role, or of your own credentials if you
    deploy without one. (1) To create, edit and delete the roles: the statements of "Service-linked
    role permissions" in the IAM User Guide. (2) For the native resource types of features and
    roles: the calls of their handlers, from CloudFormation's resource schemas, which cfn-lint
    includes. (3) For the function, its execution role and its log group: the calls of the handlers
    of these types, from the same schemas; the function's code in the bucket of the CDK bootstrap
    stack; and the invocation of the function for custom resources.

    The policy does not contain permissions for your other resources (buckets, streams, topics, log
    groups), to pass or assume roles of your own, for the settings of
    `ServiceLinkedRoleFunction.configure`, or for the calls of the CDK command line itself.
    The deployment writes the policy of the function's execution role, and could write any policy.
    To prevent that, use the output of --function as a permissions boundary.

    --function: all permissions that the function of a stack can have for these roles and their
    features. Use it as a permissions boundary, for a review, or for a role that you pass to
    `ServiceLinkedRoleFunction.configure`. A stack grants a role of its own less: only the
    permissions for its own resources.

    --audit, --leases, --release, --restore: the calls of the commands with these names, in any
    region. --leases and --release include --audit. Without --drop-deleted, the command leases needs
    only --audit. --audit and --leases without ROLE are for all roles of the catalogue, and for the
    other roles of `leases` without ROLE and `audit --other-roles`. A role that you name only with
    its principal or its name needs the same.
    """
    chosen = [f"--{name}" for name, is_chosen in purposes.items() if is_chosen]
    if len(chosen) != 1:
        every = ", ".join(f"--{name}" for name in _PURPOSES)
        given = " and ".join(chosen) or "none"
        raise Refusal(f"policy requires exactly one of {every}, got {given}")
    purpose = chosen[0].removeprefix("--")
    if not roles and purpose not in _OF_ALL_ROLES:
        raise Refusal(
            f"policy {chosen[0]} requires one or more roles. The catalogue has: {', '.join(ROLES)}"
        )
    place = Place(partition=partition, region=region, account=account)
    definitions = [*dict.fromkeys(map(parse_role, roles))]
    try:
        statements = (
            _PURPOSES[purpose](definitions, place) if roles else _OF_ALL_ROLES[purpose](place)
        )
    except UnknownTypeError as error:
        raise Refusal(str(error)) from None
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": sid, **permission.render()} for sid, permission in statements.items()
        ],
    }
    write(output, json.dumps(document, indent=2))
    characters = len(json.dumps(document, separators=(",", ":")))
    if characters > _MANAGED_POLICY_CHARACTERS:
        warn(
            f"the policy has {characters} characters without white space, but a"
            f" managed policy must not have more than {_MANAGED_POLICY_CHARACTERS}. Name fewer"
            " roles at a time"
        )
