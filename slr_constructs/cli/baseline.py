"""`slr-constructs baseline`: print a template that keeps service-linked roles in an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from slr_constructs import _baseline
from slr_constructs.catalogue import RoleCreation, resource_types_of
from slr_constructs.cli.arguments import OUTPUT
from slr_constructs.cli.output import write
from slr_constructs.cli.refusal import Refusal
from slr_constructs.cli.role_argument import ROLES, complete, short_name_of

if TYPE_CHECKING:
    from pathlib import Path

#: The short names of the roles that IAM or their service still creates.
_CREATED = {short for short, role in ROLES.items() if role.creation is not RoleCreation.NEVER}


@click.command()
@click.argument("roles", nargs=-1, metavar="[ROLE]...", shell_complete=complete)
@OUTPUT
def baseline(roles: tuple[str, ...], *, output: Path | None) -> None:
    """Print a CloudFormation template that creates or adopts roles and keeps them.

    ROLE is a role name, a service principal or a short name, as `slr-constructs catalogue` prints
    them. Default: the roles of the features of slr-constructs that IAM or their service still
    creates.

    The template needs no other file, no bucket, no CDK and no Python. Deploy it in an account
    before applications arrive, with any tool that deploys CloudFormation templates:

    \b
      slr-constructs baseline -o baseline.json
      aws cloudformation deploy --template-file baseline.json \\
        --stack-name service-linked-roles --capabilities CAPABILITY_IAM

    The stack has a lease on each role. A role that exists is adopted. When the stack is deleted,
    the roles stay. StackSets, Terraform and SAM:
    https://slr-constructs.github.io/slr-constructs/organizations/

    The same version prints the same bytes for the same roles, in any order.
    """  # noqa: D301 - click reads \b
    chosen = {short_name_of(each) for each in roles} or {
        each for each in _CREATED if resource_types_of(ROLES[each])
    }
    for short in sorted(chosen - _CREATED):
        raise Refusal(
            f"IAM no longer creates the role {ROLES[short].role_name}. Name one or more of"
            f" {', '.join(short for short in ROLES if short in _CREATED)}"
        )
    definitions = [role for short, role in ROLES.items() if short in chosen]
    try:
        text = _baseline.baseline(definitions)
    except _baseline.TooLargeError as error:
        raise Refusal(str(error)) from None
    write(output, text)
