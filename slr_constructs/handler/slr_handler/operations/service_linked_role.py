"""Leases on a service-linked role: acquire one, release it, and delete the unused role.

The whole account shares one role, so stacks coordinate through tags on the role:

- a *lease* for each stack that uses the role;
- a *created* tag, if slr-constructs created the role. An adopted role is deleted only with REQUIRE.
  If the tag has another value than "true", it says why the role is treated like an adopted one;
- a *deletion lock*, while a stack that is being deleted asks IAM to delete the role;
- a *kept* tag with the reason, if the last stack could not delete the role. The log of its function
  is deleted with the stack. The next lease ends it.

A stack that is deleted sets its lock and then looks for leases. A stack that is created acquires
its lease and then looks for locks. So the later of the two always sees the other. The deleted stack
keeps the role if it sees a lease. The created stack waits if it sees a lock: until the role is
deleted, and then creates it again, or until the lock is removed. A lock that is not renewed belongs
to a run that crashed or lost its permissions, and is ignored and removed.

IAM is eventually consistent: a run reads its own change at once, and other runs read it some
seconds later. So each run waits after its own change before it looks for those of others.

A stack with KEEP changes the created tag before it releases its lease. So every run that does not
read the lease any more reads that the role stays. Its function may not delete the role. In a
rollback it only releases its lease, and a later stack may delete the role.

The tags are deleted with the role. So if several runs have a lock, they ask IAM only when a single
lock is left: a late request could delete a role that another stack has created again. For the same
reason each run has its own lock: Lambda may deliver an event twice.

IAM refuses to delete a role that is in use, but AWS does not document this for every usage. So the
function lists such resources itself, in every region, each time before it asks IAM.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from ..aws import (
    READABLE_SECONDS,
    code,
    error_text,
    is_busy,
    is_denied,
    is_not_found,
    is_unknown_service,
    message,
)
from ..context import OperationError
from ..contract import TAG_PREFIX, ServiceLinkedRole
from ..operation import Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..aws import Api
    from ..context import Context, StackResource

LEASE_TAG = f"{TAG_PREFIX}lease:"
CREATED_TAG = f"{TAG_PREFIX}created"
DELETION_LOCK_TAG = f"{TAG_PREFIX}deletion-lock:"
KEPT_TAG = f"{TAG_PREFIX}kept"

#: the values of the created tag.
_DELETABLE = "true"
_USED_WITHOUT_LEASE = "used without a lease"
_KEPT_FOR = "kept for "
#: IAM accepts so many of these characters in the value of a tag.
_TAG_CHARACTERS = 256
_NOT_IN_TAGS = re.compile(r"[^\w.:/=+@-]+")

#: ends the description of a role that slr-constructs creates. If a run crashes before it tags the
#: new role, the next run recognizes the role by this text.
CREATED_MARK = "(created by slr-constructs)"

_STEADY_READS = 3
_VISIBLE_SECONDS = 60
#: IAM returns a new role before it is visible to every service.
_PROPAGATION_SECONDS = 15
#: a run renews its lock this often. A lock that is older than the second limit is ignored: a stack
#: that is created waits that long for the lock of a run that crashed.
_RENEW_SECONDS = 60
_STALE_SECONDS = 300
#: AWS documentation: "wait for a few minutes and try the operation again". With WHEN_UNUSED, the
#: stack then waits no longer. The last attempt starts earlier, because a deletion takes time.
_WHEN_UNUSED_SECONDS = 300
_LAST_ATTEMPT_SECONDS = 60
#: after this time, a new permission is visible in all regions.
_NEW_PERMISSION_SECONDS = 30


class RoleKeptError(OperationError):
    """A role that must be deleted was kept; `reason` says why."""

    def __init__(self, role_name: str, reason: str) -> None:
        super().__init__(f"{role_name} must be deleted with this stack, but {reason}")
        self.reason = reason


class OrdinaryRoleError(OperationError):
    """An ordinary role has the name of the service-linked role."""


def new_deletion_lock() -> str:
    """Return a tag that no other run has."""
    return DELETION_LOCK_TAG + secrets.token_hex(16)


def configure(wanted: ServiceLinkedRole, context: Context) -> str:
    """Create or adopt the role, wait until it is visible, and acquire this stack's lease."""
    return _Leases(wanted, context).acquire_lease()


def remove(wanted: ServiceLinkedRole, context: Context) -> str:
    """Release this stack's lease. Delete an unused role if the removal setting allows it."""
    return _Leases(wanted, context).release_lease()


@dataclass(frozen=True, slots=True)
class Role:
    """The role as IAM returns it."""

    created: float
    description: str
    tags: dict[str, str]

    @property
    def marked(self) -> bool:
        """Whether the description says that slr-constructs created the role."""
        return self.description.endswith(CREATED_MARK)

    @property
    def is_ours(self) -> bool:
        """Whether slr-constructs created the role and all stacks that use it have a lease."""
        # without the tag, a run crashed
        return self.tags.get(CREATED_TAG, _DELETABLE if self.marked else "") == _DELETABLE


def reason_to_stay(tags: Mapping[str, str]) -> str | None:
    """Return why only REQUIRE deletes a role that slr-constructs created; None if it is unused."""
    value = tags.get(CREATED_TAG, _DELETABLE)
    if value == _DELETABLE:
        return None
    if value.startswith(_KEPT_FOR):
        return f"{value.removeprefix(_KEPT_FOR)} was deleted with the removal setting KEEP"
    return "a stack may use it without a lease, because IAM rejected its tag"


def read(role_name: str, context: Context) -> Role | None:
    """Return the role; None if it does not exist.

    Raises:
        OrdinaryRoleError: Another role has its name.
    """
    try:
        role = context.api("iam").call("get_role", RoleName=role_name)["Role"]
    except ClientError as error:
        if not is_not_found(error):
            raise
        return None
    if not role["Path"].startswith("/aws-service-role/"):
        text = (
            f"{role_name} in account {context.account} is not a service-linked role: its path is"
            f" {role['Path']}. Delete it, and create a role of another name in its place"
        )
        raise OrdinaryRoleError(text)
    return Role(
        created=role["CreateDate"].timestamp(),
        description=role.get("Description", ""),
        tags={tag["Key"]: tag["Value"] for tag in role.get("Tags", [])},
    )


def create(wanted: ServiceLinkedRole, description: str, context: Context) -> bool | None:
    """Create the role. Return whether this call created it; None if IAM cannot create it.

    Args:
        wanted: The role.

        description: The description of a new role; empty for none.

        context: The context.

    Raises:
        OperationError: IAM refuses the call, or creates another role for the service.
    """
    if wanted.creation == "NEVER":
        text = (
            f"{wanted.role_name} does not exist in account {context.account}, and IAM now creates"
            f" another role for {wanted.service_principal}. Declare the role that replaced it"
        )
        raise OperationError(text)
    parameters: dict[str, Any] = {"Description": description} if description else {}
    if wanted.custom_suffix is not None:
        parameters["CustomSuffix"] = wanted.custom_suffix
    try:
        role = context.api("iam").call(
            "create_service_linked_role", AWSServiceName=wanted.service_principal, **parameters
        )["Role"]
    except ClientError as error:
        # IAM has no code for "already exists"; any other InvalidInput is a real error
        is_invalid = code(error) == "InvalidInput"
        if is_invalid and "has been taken in this account" in message(error):
            return False
        if wanted.creation == "SERVICE" and (is_invalid or is_unknown_service(error)):
            return None
        if is_unknown_service(error):
            text = (
                f"IAM knows no service-linked role for the service principal"
                f" {wanted.service_principal}. Correct the role definition of {wanted.role_name}"
                f"{error_text(error)}"
            )
            raise OperationError(text) from error
        text = (
            f"iam:CreateServiceLinkedRole failed for {wanted.role_name}"
            f" ({wanted.service_principal}) in account {context.account}{error_text(error)}"
        )
        raise OperationError(text) from error
    if role["RoleName"] != wanted.role_name:
        text = (
            f"IAM created {role['RoleName']} for {wanted.service_principal}, not"
            f" {wanted.role_name}. Correct the role definition, and delete {role['RoleName']}"
            " if it is not used"
        )
        raise OperationError(text)
    return True


def wait_until_readable(role_name: str, context: Context) -> Role | None:
    """Return the role after several consecutive reads returned it; None if they did not."""
    steady = 0
    for _ in context.attempts(within=_VISIBLE_SECONDS, longest=3):
        role = read(role_name, context)
        steady = 0 if role is None else steady + 1
        if steady == _STEADY_READS:
            return role
    return None


def wait_until_visible(role: Role, context: Context) -> bool:
    """Wait until every service sees the role, and return whether it was too new for that."""
    seconds = min(_PROPAGATION_SECONDS - (context.clock.now() - role.created), _PROPAGATION_SECONDS)
    if seconds <= 0:
        return False
    context.on_event("waiting", seconds=seconds, reason="the role is new")
    context.clock.wait(seconds)
    return True


@dataclass(frozen=True, slots=True)
class _Kept:
    """Why one attempt did not delete the role."""

    reason: str
    #: whether another attempt may succeed.
    retry: bool = True
    #: whether IAM may still delete the role later.
    pending: bool = False
    #: whether another run has a lock.
    is_locked: bool = False
    #: whether the tags of the role show the reason.
    is_shown: bool = False


_LEASE_STAYS = "The lease of the stack stays on it, so that no other stack deletes it"
_LOCKED = _Kept("another stack is deleting it", is_locked=True)


class _Leases:
    def __init__(self, wanted: ServiceLinkedRole, context: Context) -> None:
        self._wanted = wanted
        self._context = context
        self._iam = context.api("iam")
        self._name: dict[str, Any] = {"RoleName": wanted.role_name}
        holder = context.stack_resource
        self._stack_id = "" if holder is None else holder.stack_id
        self._removal = wanted.removal
        # these settings are for a stack that had the role: a rollback leaves the role as it was
        if self._removal == "REQUIRE" and context.undoes is not False:
            self._removal = "WHEN_UNUSED"
        #: whether later stacks must keep the role too.
        self._is_final = self._removal == "KEEP" and not context.undoes
        #: the key of the tag; empty if the operation does not belong to a stack.
        self._lease = "" if holder is None else _lease_of(holder)
        self._lock = context.deletion_lock or new_deletion_lock()
        self._lock_time = 0
        self._lock_was_renewed = False
        self._wait_for_lists = True
        #: what `clock.left()` returns when the run waits no longer for the deletion.
        self._end = 0.0

    # acquire

    def acquire_lease(self) -> str:
        created_role = False
        for _ in self._context.attempts(longest=10):
            role = read(self._wanted.role_name, self._context)
            if role is None:
                created = self._create()
                if created is None:
                    return (
                        f"{self._wanted.role_name} is not created yet: IAM does not create it for"
                        f" {self._wanted.service_principal}, so the service must create it"
                    )
                created_role = created_role or created
                role = wait_until_readable(self._wanted.role_name, self._context)
            if role is None:
                continue
            self._remove_outdated_tags(role)
            error = None if self._lease in role.tags else self._add_lease(role)
            # a run that deletes the role then reads this lease, or this run reads its lock
            self._context.clock.wait(READABLE_SECONDS)
            role = read(self._wanted.role_name, self._context)
            if role is None or self._deletion_locks(role):
                continue
            # a run that had a lock until now may have kept the role
            self._remove_outdated_tags(role)
            if error is not None:
                return f"{self._wanted.role_name} exists. It will be kept, because {error}"
            if self._lease in role.tags:
                return self._finish(role, created=created_role)
        text = (
            f"IAM does not return {self._wanted.role_name} consistently in account"
            f" {self._context.account}: the role is new, or another stack is deleting it. Try again"
        )
        raise OperationError(text)

    def _finish(self, role: Role, *, created: bool) -> str:
        if role.marked and CREATED_TAG not in role.tags:
            # not before the lease: until then, the service may replace the role with its own
            self._tag({CREATED_TAG: _DELETABLE})
        wanted = self._wanted.description
        if wanted is not None and role.description != wanted:
            self._iam.call("update_role_description", Description=wanted, **self._name)
        # this applies to an adopted role too: another stack may have created it just now
        wait_until_visible(role, self._context)
        return f"{self._wanted.role_name} {'is created' if created else 'exists and is adopted'}"

    def _create(self) -> bool | None:
        text = (
            self._wanted.description or "Service-linked role, shared by the stacks of this account"
        )
        description = f"{text[: 999 - len(CREATED_MARK)]} {CREATED_MARK}"
        return create(self._wanted, description, self._context)

    def _add_lease(self, role: Role) -> str | None:
        """Return why the lease could not be acquired; None on success."""
        error = self._tag({self._lease: self._stack_id})
        if error is not None and role.is_ours:
            # without this lease, the tags no longer show when the role is unused
            tag_error = self._tag({CREATED_TAG: _USED_WITHOUT_LEASE})
            if tag_error is not None and CREATED_TAG not in role.tags:
                self._remove_created_mark(role)
        return error

    def _remove_created_mark(self, role: Role) -> None:
        description = role.description.removesuffix(CREATED_MARK).rstrip()
        try:
            self._iam.call("update_role_description", Description=description, **self._name)
        except ClientError as error:
            if not is_not_found(error):
                self._log("description not changed", error)

    # release

    def release_lease(self) -> str:
        try:
            return self._release()
        except OrdinaryRoleError:
            return f"{self._wanted.role_name} does not exist, but an ordinary role has its name"
        except ClientError as error:
            if not is_denied(error):
                raise
            reason = f"IAM does not show it{error_text(error)}"
            if self._is_final:
                return self._keep(f"{reason}. {_LEASE_STAYS}")
            # it may have a lease or a lock that this run can remove without reading the role
            self._untag(*filter(None, (self._lease, self._lock)))
            return self._keep(reason)

    def _release(self) -> str:
        name = self._wanted.role_name
        role = read(name, self._context)
        if role is None:
            return f"{name} does not exist"
        self._remove_stale_locks(role)
        # an update gave the construct another id, and the new resource has the removal setting
        moved = self._stack_id in self._leases(role).values()
        if self._is_final and not moved:
            tag_error = self._tag_as_kept(role)
            if tag_error is not None:
                return self._keep(f"{tag_error}. {_LEASE_STAYS}")
        had_lease = self._lease in role.tags
        if had_lease:
            tag_error = self._untag(self._lease)
            if tag_error is not None:
                return self._keep(tag_error)
        setting = self._kept_by_setting(moved=moved)
        if setting is not None:
            return f"{name} is kept: {setting}"
        if had_lease:
            # if two stacks are deleted at once, the later one must not read the other's old lease
            self._context.clock.wait(READABLE_SECONDS)
            role = read(name, self._context)
            if role is None:
                return f"{name} does not exist"
        reason = self._needed_by(role) or self._lock_deletion()
        return self._delete_or_keep() if reason is None else self._keep(reason)

    def _kept_by_setting(self, *, moved: bool) -> str | None:
        """Return why the stack does not ask whether the role is unused; None if it asks."""
        if moved:
            return "the stack has another lease on it"
        if self._is_final:
            return "its removal setting is KEEP"
        if self._removal == "KEEP":
            return "the stack rolls back, and with KEEP its function may not delete the role"
        return None

    def _tag_as_kept(self, role: Role) -> str | None:
        """Return why the role could not be tagged; None on success, or if it need not be."""
        ours: Role | None = role
        if not role.is_ours:
            # the created tag may be new
            self._context.clock.wait(READABLE_SECONDS)
            ours = read(self._wanted.role_name, self._context)
        if ours is None or not ours.is_ours:
            return None
        tag_error = self._tag({CREATED_TAG: f"{_KEPT_FOR}{self._stack_id}"})
        # without the lease, other runs must read this tag
        self._context.clock.wait(READABLE_SECONDS)
        return tag_error

    def _delete_or_keep(self) -> str:
        self._context.clock.wait(READABLE_SECONDS)
        self._start_waiting()
        kept = _Kept("IAM was not asked to delete it")
        for _ in self._context.attempts(longest=30):
            role = read(self._wanted.role_name, self._context)
            outcome = None if role is None else self._attempt(role)
            if outcome is None:
                if self._lock_was_renewed:
                    # the lock may be on a role that another stack has created again
                    self._untag(self._lock)
                return f"{self._wanted.role_name} is deleted"
            kept = outcome
            self._context.on_event("role not deleted", reason=kept.reason, pending=kept.pending)
            if kept.is_locked:
                # a run without permissions cannot remove its lock: wait until the lock has ended
                self._start_waiting()
            if not kept.retry or self._seconds_left() < _LAST_ATTEMPT_SECONDS:
                break
        self._record(kept)
        if not kept.pending:
            self._untag(self._lock)
        if self._removal != "REQUIRE" and (kept.pending or kept == _LOCKED):
            return (
                f"{self._wanted.role_name} is not deleted yet: {kept.reason}. The stack does not"
                " wait longer. If that deletion fails, the role stays"
            )
        return self._keep(kept.reason)

    def _start_waiting(self) -> None:
        self._end = self._context.clock.left() - _WHEN_UNUSED_SECONDS

    def _seconds_left(self) -> float:
        """Return how long the run still waits for the deletion."""
        if self._removal == "REQUIRE":
            return float("inf")
        return self._context.clock.left() - self._end

    def _record(self, kept: _Kept) -> None:
        """Leave the reason on the role, because the log is deleted with the stack."""
        if self._removal == "REQUIRE" or kept.is_shown or kept.is_locked:
            return
        now = self._context.clock.now()
        tags = {KEPT_TAG: _tag_value(f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d}: {kept.reason}")}
        if kept.pending:
            # a stack that is created now waits for the deletion
            tags[self._lock] = str(now)
        self._tag(tags)

    def _attempt(self, role: Role) -> _Kept | None:
        needed = self._needed_by(role)
        if needed is not None:
            return _Kept(needed, retry=False, is_shown=True)
        locks = self._deletion_locks(role)
        if locks == [self._lock]:
            return self._listed_usage() or self._delete()
        if locks and min(locks) < self._lock:
            # both runs see both locks: one removes its lock, so that the other continues
            self._untag(self._lock)
            return _LOCKED
        tag_error = self._lock_deletion()
        if tag_error is not None:
            return _Kept(tag_error, retry=False, is_locked=True)
        return _LOCKED

    def _needed_by(self, role: Role) -> str | None:
        """Return why the tags forbid the deletion; None if they allow it."""
        stacks = sorted(self._leases(role).values())
        if stacks:
            return f"these stacks have a lease on it: {', '.join(stacks)}"
        if self._removal == "REQUIRE" or role.is_ours:
            return None
        reason = reason_to_stay(role.tags) or "it was not created by slr-constructs"
        if self._wanted.removal != "REQUIRE":
            return reason
        rolls_back = "the stack rolls back" if self._context.undoes else "the stack may roll back"
        return f"{reason}, and {rolls_back}, so that REQUIRE does not apply"

    def _leases(self, role: Role) -> dict[str, str]:
        """Return the other leases on the role: their stacks by tag."""
        return {
            tag: stack
            for tag, stack in role.tags.items()
            if tag.startswith(LEASE_TAG) and tag != self._lease
        }

    def _listed_usage(self) -> _Kept | None:
        """Return why resources that IAM may not know forbid the deletion; None if they allow it."""
        used, unread = self._read_lists()
        # a region that still cannot be read is not waited for again
        self._wait_for_lists = False
        if used:
            return _Kept(f"it may be used by {', '.join(used)}")
        if unread and self._removal != "REQUIRE":
            reason = f"it may be in use, because these calls failed: {', '.join(unread)}"
            return _Kept(reason, retry=False)
        return None

    def _read_lists(self) -> tuple[list[str], list[str]]:
        """Return the lists that are not empty, and those that cannot be read, by region."""
        left = [
            (operation, region)
            for operation in self._wanted.usage_lists or ()
            for region in self._context.regions(operation.partition(":")[0])
        ]
        used: list[str] = []
        started = self._context.clock.left()
        within = min(_WHEN_UNUSED_SECONDS, self._seconds_left())
        for _ in self._context.attempts(within=within, longest=10):
            busy, errors = False, dict[tuple[str, str], str]()
            for operation, region in left:
                # unreachable regions take time, and another stack ignores an old lock
                self._renew()
                service, _, name = operation.partition(":")
                try:
                    if _has_items(self._context.api(service, region), name):
                        used.append(f"{name.removeprefix('List')} in {region}")
                except (BotoCoreError, ResponseParserError) as error:
                    errors[operation, region] = type(error).__name__
                except ClientError as error:
                    errors[operation, region] = code(error)
                    busy = busy or is_busy(error)
            left = [*errors]
            limit = _WHEN_UNUSED_SECONDS if busy else _NEW_PERMISSION_SECONDS
            waited = started - self._context.clock.left()
            if used or not errors or not self._wait_for_lists or waited > limit:
                break
        unread = [
            f"{operation.partition(':')[2]} in {region} ({cause})"
            for (operation, region), cause in errors.items()
        ]
        return used, unread

    def _delete(self) -> _Kept | None:
        """Ask IAM to delete the role, and wait. Return None if the role is deleted."""
        self._renew()
        self._context.on_event("asking IAM to delete", role=self._wanted.role_name)
        try:
            task = self._iam.call("delete_service_linked_role", **self._name)["DeletionTaskId"]
        except ClientError as error:
            if is_not_found(error):
                return None
            reason = f"iam:DeleteServiceLinkedRole failed: {code(error)}: {message(error)}"
            return _Kept(reason, retry=not is_denied(error))
        for _ in self._context.attempts(within=self._seconds_left(), longest=10):
            self._renew()
            try:
                status = self._iam.call(
                    "get_service_linked_role_deletion_status", DeletionTaskId=task
                )
            except ClientError as error:
                return self._status_unknown(error)
            if status["Status"] == "SUCCEEDED":
                return None
            if status["Status"] == "FAILED":
                return _Kept(_usage(status.get("Reason", {})))
        return _Kept("IAM is still deleting it", retry=False, pending=True)

    def _status_unknown(self, error: ClientError) -> _Kept | None:
        # IAM may forget the task of a fast deletion before its status is read
        if read(self._wanted.role_name, self._context) is None:
            return None
        if is_not_found(error):
            return _Kept("IAM no longer knows the deletion task, but still returns the role")
        reason = f"the status of its deletion cannot be read: {code(error)}: {message(error)}"
        return _Kept(reason, retry=not is_denied(error), pending=True)

    def _keep(self, reason: str) -> str:
        if self._removal == "REQUIRE":
            raise RoleKeptError(self._wanted.role_name, reason)
        return f"{self._wanted.role_name} is kept: {reason}"

    # tags

    def _lock_deletion(self) -> str | None:
        self._lock_time = self._context.clock.now()
        return self._tag({self._lock: str(self._lock_time)})

    def _renew(self) -> None:
        if self._context.clock.now() - self._lock_time >= _RENEW_SECONDS:
            self._lock_was_renewed = True
            self._lock_deletion()

    def _deletion_locks(self, role: Role, *, stale: bool = False) -> list[str]:
        """Return the locks that are renewed; with `stale`, those that are not."""
        fresh = self._context.clock.now() - _STALE_SECONDS
        return [
            tag
            for tag, since in role.tags.items()
            if tag.startswith(DELETION_LOCK_TAG)
            and (since.isdigit() and int(since) > fresh) is not stale
        ]

    def _remove_stale_locks(self, role: Role, *others: str) -> None:
        outdated = [*self._deletion_locks(role, stale=True), *others]
        if outdated:
            self._untag(*outdated)

    def _remove_outdated_tags(self, role: Role) -> None:
        """Remove the locks of runs that crashed, and the reason why a role without leases stays."""
        self._remove_stale_locks(role, *({KEPT_TAG} & role.tags.keys()))

    def _tag(self, tags: dict[str, str]) -> str | None:
        wanted = [{"Key": key, "Value": value} for key, value in tags.items()]
        return self._tag_error(lambda: self._iam.call("tag_role", Tags=wanted, **self._name))

    def _untag(self, *keys: str) -> str | None:
        return self._tag_error(lambda: self._iam.call("untag_role", TagKeys=[*keys], **self._name))

    def _tag_error(self, change: Callable[[], object]) -> str | None:
        """Return why IAM did not change the tags; None on success."""
        try:
            change()
        except ClientError as error:
            if is_not_found(error):
                return None  # every caller reads the role again
            self._log("tags not changed", error)
            return f"IAM rejected a change to its tags ({code(error)})"
        return None

    def _log(self, event: str, error: ClientError) -> None:
        self._context.on_event(event, code=code(error), message=message(error))


def _has_items(api: Api, operation: str) -> bool:
    """Return whether a list has at least one item; a page may be empty before the last one."""
    parameters: dict[str, Any] = {}
    while True:
        response = api.call(xform_name(operation), **parameters)
        if response.get(operation.removeprefix("List")):
            return True
        if not response.get("NextToken"):
            return False
        parameters = {"NextToken": response["NextToken"]}


def _lease_of(holder: StackResource) -> str:
    # with the logical id: a renamed resource acquires its lease before the old one releases its own
    digest = hashlib.sha256(f"{holder.stack_id}/{holder.logical_id}".encode()).hexdigest()[:32]
    return LEASE_TAG + digest


def _tag_value(text: str) -> str:
    """Return a text as the value of a tag, without characters that IAM refuses."""
    value = _NOT_IN_TAGS.sub(" ", text).strip()
    return value if len(value) <= _TAG_CHARACTERS else f"{value[: _TAG_CHARACTERS - 3]}..."


def _usage(reason: dict[str, object]) -> str:
    """Return which resources in which regions use the role, if the service reported them."""
    usages = reason.get("RoleUsageList")
    places = [
        f"{usage.get('Region') or '(region not reported)'}:"
        f" {', '.join(usage.get('Resources') or ['(not reported)'])}"
        for usage in (usages if isinstance(usages, list) else [])
    ]
    if places:
        return f"it is in use in {'; '.join(places)}"
    return f"IAM could not delete it: {reason.get('Reason') or 'the service reported no reason'}"


OPERATIONS = (Operation(ServiceLinkedRole, configure, remove),)
