"""The options of the commands that read an account.

boto3 is imported inside functions, so that `--help` and the other commands start without it.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from slr_constructs.catalogue import with_superseded_roles
from slr_constructs.cli.call_log import report_call
from slr_constructs.cli.refusal import Refusal
from slr_constructs.cli.role_argument import ROLES, RoleNames, complete

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from slr_constructs.account.access import Account
    from slr_constructs.catalogue import RoleDefinition

_ARN_OF_A_ROLE = re.compile(r"arn:[^:]+:iam::\d{12}:role/\S+")


def _checked_role_arn(
    _context: click.Context, _option: click.Parameter, arn: str | None
) -> str | None:
    if arn is not None and not _ARN_OF_A_ROLE.fullmatch(arn):
        raise Refusal(f"--role-arn must be the ARN of a role, got {arn!r}")
    return arn


#: the roles to read. Default: all roles of the catalogue.
ROLE_ARGUMENTS = click.argument("roles", nargs=-1, metavar="[ROLE]...", shell_complete=complete)
PROFILE = click.option(
    "--profile",
    metavar="NAME",
    help="Use this profile of your AWS configuration.  [default: as in the AWS CLI]",
)
ROLE_ARN = click.option(
    "--role-arn", metavar="ARN", callback=_checked_role_arn, help="Assume this IAM role first."
)
DRY_RUN = click.option(
    "--dry-run", is_flag=True, help="Show what would change, and change nothing."
)
YES = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")


def wait_option(minutes: int, help: str) -> Callable[[Any], Any]:
    """Return the option `--wait`, which is passed to the command as `minutes`."""
    return click.option(
        "--wait",
        "minutes",
        metavar="MINUTES",
        type=click.IntRange(0, 720),
        default=minutes,
        show_default=True,
        help=help,
    )


def definitions_of(roles: RoleNames, account: Account) -> list[RoleDefinition]:
    """Return the definitions of roles, including those of their older names.

    Args:
        roles: The named roles.
            Default when empty: all roles of the catalogue.

        account: Where roles are looked up that are named only in part.

    Raises:
        Refusal: The account does not have one of them, or it cannot be looked up.
    """
    return with_superseded_roles(roles.in_account(account) or ROLES.values())


def signed_in(profile: str | None, role_arn: str | None) -> Account:
    """Return the account of your credentials.

    Raises:
        Refusal: No credentials were found, or AWS rejects them.
    """
    from slr_constructs.account.access import sign_in  # noqa: PLC0415 - imports boto3

    with refuse_on_account_error():
        return sign_in(profile=profile, role_arn=role_arn, on_call=report_call)


@contextmanager
def refuse_on_account_error() -> Iterator[None]:
    """Turn an AccountError into a Refusal.

    Raises:
        Refusal: An AccountError was raised.
    """
    from slr_constructs.account.access import AccountError  # noqa: PLC0415 - imports boto3

    try:
        yield
    except AccountError as error:
        raise Refusal(str(error)) from None
