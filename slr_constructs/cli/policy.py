"""`slr-constructs policy`: who needs which IAM rights, as a policy document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from slr_constructs.cli.refusal import Refusal
from slr_constructs.cli.roles import ROLES, complete, short_name_of
from slr_constructs.policies.of_account import for_a_release, for_a_restore, for_an_audit
from slr_constructs.policies.of_deployment import UnknownTypeError, for_whoever_deploys
from slr_constructs.policies.of_function import for_the_function
from slr_constructs.policies.place import Place, Statements

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slr_constructs.catalogue import RoleDefinition

#: IAM's quota for a managed policy, white space not counted.
_MANAGED_POLICY_CHARACTERS = 6_144

_PURPOSES: dict[str, Callable[[Sequence[RoleDefinition], Place], Statements]] = {
    "deploy": for_whoever_deploys,
    "function": for_the_function,
    "audit": for_an_audit,
    "release": for_a_release,
    "restore": for_a_restore,
}


@click.command()
@click.argument("roles", nargs=-1, metavar="ROLE...", shell_complete=complete)
@click.option("--deploy", is_flag=True, help="For whoever deploys.")
@click.option("--function", is_flag=True, help="For the function of a stack.")
@click.option("--audit", is_flag=True, help="For whoever audits: it reads alone.")
@click.option("--release", is_flag=True, help="For whoever releases a role.")
@click.option("--restore", is_flag=True, help="For whoever restores what was released.")
@click.option("--account", default="*", show_default=True, help="The account in ARNs.")
@click.option("--region", default="*", show_default=True, help="The region in ARNs.")
@click.option("--partition", default="aws", show_default=True, help="The partition in ARNs.")
def policy(
    roles: tuple[str, ...], *, account: str, region: str, partition: str, **purposes: bool
) -> None:
    """Print an IAM policy for service-linked roles and their features.

    ROLE is a role's name, its principal or its short name, as the command catalogue shows them;
    several make one document.

    --function: all that a stack's function can be given for the roles and their features, whatever
    the stack declares: for a permissions boundary, or for review. A stack gives its function less,
    for the things it has alone. The text is the library's own.

    --deploy: what CloudFormation's execution role needs, or whoever deploys without one.
    (1) To create, edit and delete the roles: the statements of "Service-linked role permissions"
    in the IAM User Guide. (2) For the native resource types of features and roles: what their
    handlers call, by CloudFormation's resource schemas, which cfn-lint ships. (3) For the function,
    its role with its rights, and its log: what the handlers of those types call, by the same
    schemas; its code, in the bucket of CDK's bootstrap; and to call it for its custom resources.

    Not in it: your other resources (buckets, streams, topics, log groups), roles of your own to
    pass or assume, and what the CDK command line itself calls. Whoever deploys writes the rights of
    the function's role, and could write any: a boundary made with --function is the bar to that.

    --audit, --release, --restore: what the commands of these names call, in any region. The second
    includes what the first calls, and the command leases calls nothing else than these two.
    """
    chosen = [f"--{name}" for name, is_chosen in purposes.items() if is_chosen]
    if len(chosen) != 1:
        every = ", ".join(f"--{name}" for name in _PURPOSES)
        raise Refusal(
            f"policy needs one of {every}, got {' and '.join(chosen) if chosen else 'none'}"
        )
    if not roles:
        raise Refusal(f"policy needs a ROLE, or several: {', '.join(ROLES)}")
    place = Place(partition=partition, region=region, account=account)
    definitions = [ROLES[short] for short in dict.fromkeys(map(short_name_of, roles))]
    try:
        statements = _PURPOSES[chosen[0].removeprefix("--")](definitions, place)
    except UnknownTypeError as error:
        raise Refusal(str(error)) from None
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Sid": sid, **right.render()} for sid, right in statements.items()],
    }
    click.echo(json.dumps(document, indent=2))
    characters = len(json.dumps(document, separators=(",", ":")))
    if characters > _MANAGED_POLICY_CHARACTERS:
        click.echo(
            f"slr-constructs: {characters} characters without white space; a managed policy has"
            f" {_MANAGED_POLICY_CHARACTERS} at most, so ask for fewer roles at a time",
            err=True,
        )
