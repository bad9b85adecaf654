"""The leases of an account: the stacks that hold roles, and leases of deleted stacks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from slr_constructs.account.access import CALL_ERRORS, AccountError, reason
from slr_constructs.account.audit import Found, Progress, audit, role_jobs
from slr_constructs.account.concurrency import run_concurrently
from slr_constructs.account.iam_role import Lease, with_state
from slr_constructs.account.stacks import StackState
from slr_constructs.handler.slr_handler.aws import is_not_found
from slr_constructs.handler.slr_handler.operations import MARKED_FEATURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slr_constructs.account.access import Account
    from slr_constructs.account.audit import Audit, Failure
    from slr_constructs.account.usages.kind import Mark
    from slr_constructs.catalogue import RoleDefinition


@dataclass(slots=True)
class Leases:
    """The leases of an account by role and stack, and what cannot be read."""

    leases: list[Lease] = field(default_factory=list)
    #: the marks on resources; empty if they were not read.
    marks: list[Mark] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    #: what is unknown although all was read: texts.
    notes: list[str] = field(default_factory=list)


def read_leases(
    account: Account,
    definitions: Sequence[RoleDefinition],
    *,
    other_roles: bool = False,
    at_once: int = 32,
) -> Leases:
    """Read the leases on roles and the states of their stacks.

    Args:
        account: The account.

        definitions: The roles to read.

        other_roles: Whether to read all other roles that slr-constructs created or has tags on.
            Default: they are not read.

        at_once: The maximum number of concurrent calls.

    Raises:
        SignInAgainError: The credentials have expired.
    """
    found = Found(account.id, account.name, definitions)
    jobs = role_jobs(account, definitions, other_roles=other_roles)
    for event in run_concurrently(jobs, at_once=at_once):
        found.add(event, Progress())
    return _leases_in(found.audit())


def read_marks(
    account: Account,
    definitions: Sequence[RoleDefinition],
    *,
    other_roles: bool = False,
    at_once: int = 32,
) -> Leases:
    """Read the leases as `read_leases` does, and the marks on resources in every region.

    Raises:
        SignInAgainError: The credentials have expired.
    """
    return _leases_in(audit(account, definitions, other_roles=other_roles, at_once=at_once))


def _leases_in(found: Audit) -> Leases:
    result = Leases(failures=found.failures, notes=found.notes)
    for report in found.roles:
        result.leases += report.leases
        # two roles may have the same kinds of resources
        result.marks += [each for each in report.marks if each not in result.marks]
    return result


def drop_orphaned_mark(account: Account, mark: Mark, *, even_unknown: bool = False) -> bool:
    """Remove a mark if its stack was deleted, and return whether it was removed.

    The settings of the resource stay as they are. The state of the stack is read again.

    Args:
        account: The account.

        mark: The mark.

        even_unknown: Whether to remove it too if it is unknown whether its stack was deleted.
            Default: it is kept.

    Raises:
        AccountError: The service refuses the call.
    """
    if not _may_drop(with_state(mark, account).state, even_unknown=even_unknown):
        return False
    target = mark.target
    api = MARKED_FEATURES[target.kind.resource_type.custom_types[0]].tags
    parameters: dict[str, Any] = {api.arn: target.arn, api.keys: [*mark.tags]}
    try:
        account.region(target.region).api(api.service).call("untag_resource", **parameters)
    except CALL_ERRORS as error:
        if isinstance(error, ClientError) and is_not_found(error):
            return True
        raise AccountError(
            f"the mark of {mark.stack_name} on {mark.place} cannot be dropped: {reason(error)}"
        ) from None
    return True


def release_orphaned_lease(account: Account, lease: Lease, *, even_unknown: bool = False) -> bool:
    """Release a lease if its stack was deleted, and return whether it was released.

    The state of the stack is read again, because it may have changed since the last read.

    Args:
        account: The account.

        lease: The lease.

        even_unknown: Whether to release it too if it is unknown whether its stack was deleted.
            Default: it is kept.

    Raises:
        AccountError: IAM refuses the call.
    """
    if not _may_drop(with_state(lease, account).state, even_unknown=even_unknown):
        return False
    release_lease(account, lease)
    return True


def _may_drop(state: StackState, *, even_unknown: bool) -> bool:
    return state is StackState.DELETED or (even_unknown and state is StackState.UNKNOWN)


def release_lease(account: Account, lease: Lease) -> None:
    """Remove a lease from its role, even if its stack exists.

    Raises:
        AccountError: IAM refuses the call.
    """
    try:
        account.region().api("iam").call(
            "untag_role", RoleName=lease.role_name, TagKeys=[lease.tag]
        )
    except CALL_ERRORS as error:
        if isinstance(error, ClientError) and is_not_found(error):
            return
        raise AccountError(
            f"the lease of {lease.stack_name} on {lease.role_name} cannot be released:"
            f" {reason(error)}"
        ) from None


def restore_lease(account: Account, lease: Lease) -> None:
    """Write a lease to its role again.

    Raises:
        AccountError: IAM refuses the call.
    """
    try:
        account.region().api("iam").call(
            "tag_role", RoleName=lease.role_name, Tags=[{"Key": lease.tag, "Value": lease.stack}]
        )
    except CALL_ERRORS as error:
        raise AccountError(
            f"the lease of {lease.stack_name} on {lease.role_name} cannot be restored, so another"
            f" stack may delete the role although {lease.stack_name} needs it: {reason(error)}"
        ) from None
