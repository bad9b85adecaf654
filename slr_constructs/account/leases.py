"""The leases of an account: who holds which role, and those that outlived their stacks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from slr_constructs.account.access import CALL_ERRORS, AccountError, reason
from slr_constructs.account.roles import Lease, looked_up, read_role
from slr_constructs.account.side_by_side import Done, side_by_side
from slr_constructs.account.stacks import StackState
from slr_constructs.handler.slr_handler.aws import gone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slr_constructs.account.access import Account
    from slr_constructs.account.side_by_side import Job
    from slr_constructs.catalogue import RoleDefinition


@dataclass(slots=True)
class Leases:
    """The leases of an account, by role and stack, and the roles that could not be read."""

    leases: list[Lease] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)


def read_leases(
    account: Account, definitions: Sequence[RoleDefinition], *, at_once: int = 32
) -> Leases:
    """Read the leases on roles, and look whether their stacks are there."""
    result = Leases()

    def role_of(definition: RoleDefinition) -> Job[Lease | tuple[str, str]]:
        def read() -> Done[Lease | tuple[str, str]]:
            try:
                role = read_role(account, definition)
            except CALL_ERRORS as error:
                return Done([(definition.role_name, reason(error))])
            return Done(more=[stack_of(lease) for lease in (role.leases() if role else ())])

        return read

    def stack_of(lease: Lease) -> Job[Lease | tuple[str, str]]:
        return lambda: Done([looked_up(lease, account)])

    for told in side_by_side(map(role_of, definitions), at_once=at_once):
        if isinstance(told, Lease):
            result.leases.append(told)
        else:
            result.failures[told[0]] = told[1]
    order = [each.role_name for each in definitions]
    result.leases.sort(key=lambda each: (order.index(each.role_name), each.stack, each.tag))
    return result


def drop(account: Account, lease: Lease) -> bool:
    """Take a lease from its role, if its stack is gone, and tell whether it was taken.

    It is looked up once more: what was read a while ago may be true no longer.

    Raises:
        AccountError: IAM refused.
    """
    if looked_up(lease, account).state is not StackState.GONE:
        return False
    take(account, lease)
    return True


def take(account: Account, lease: Lease) -> None:
    """Take a lease from its role, whoever holds it.

    Raises:
        AccountError: IAM refused.
    """
    try:
        account.region().api("iam").call(
            "untag_role", RoleName=lease.role_name, TagKeys=[lease.tag]
        )
    except CALL_ERRORS as error:
        if isinstance(error, ClientError) and gone(error):
            return
        raise AccountError(
            f"the lease of {lease.stack_name} on {lease.role_name} cannot be dropped:"
            f" {reason(error)}"
        ) from None


def put_back(account: Account, lease: Lease) -> None:
    """Write a lease on its role again.

    Raises:
        AccountError: IAM refused.
    """
    try:
        account.region().api("iam").call(
            "tag_role", RoleName=lease.role_name, Tags=[{"Key": lease.tag, "Value": lease.stack}]
        )
    except CALL_ERRORS as error:
        raise AccountError(
            f"the lease of {lease.stack_name} on {lease.role_name} cannot be put back, so its stack"
            f" may lose the role to another: {reason(error)}"
        ) from None
