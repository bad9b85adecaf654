"""Hold a service-linked role, and let go of it.

The role is one for the whole account, so stacks agree on it through tags on the role itself:

- a *lease* for each stack that holds it;
- *made*, if this library made it: what it only adopted, it never deletes unasked;
- *closing*, while a stack that leaves asks IAM to delete it.

Who leaves marks the role as closing and then looks for leases; who arrives takes its lease and then
looks for closing marks. Whichever of the two comes second sees the other: the one that leaves
gives way to a lease, and the one that arrives waits until the role is gone, and makes it again, or
until the mark is. A mark that nobody renews is that of a run that died, and counts for nothing.

The marks are on the role and go with it, so of several runs that leave only the one whose mark is
alone asks IAM: another could delete the role that an arriving stack has made again by then. For the
same reason a mark is that of one run: Lambda may deliver an event twice.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ..aws import code, denied, gone, message, told
from ..run import RefusedError

if TYPE_CHECKING:
    from ..contract import ServiceLinkedRole
    from ..run import Run

LEASE_TAG = "slr-constructs:lease:"
MADE_TAG = "slr-constructs:made"
CLOSING_TAG = "slr-constructs:closing:"

#: ends the description of a role that this library makes: a run that dies between making the role
#: and tagging it leaves a role that the next run still knows for ours.
MADE_MARK = "(made by slr-constructs)"

_STEADY_READS = 3
_VISIBLE_SECONDS = 60
#: IAM shows a new role before every service sees it.
_SETTLE_SECONDS = 15
#: lets a tag that was written just before ours become readable.
_READABLE_SECONDS = 3
_RENEW_SECONDS = 60
_STALE_SECONDS = 300
#: "wait for a few minutes and try the operation again", the documents say; a stack whose role may
#: stay does not wait for longer than that.
_WHEN_UNUSED_SECONDS = 300


class StaysError(RefusedError):
    """A role that is required to go is still there; `reason` says why."""

    def __init__(self, role_name: str, reason: str) -> None:
        super().__init__(f"{role_name} is required to go with this stack, but {reason}")
        self.reason = reason


def put(wanted: ServiceLinkedRole, run: Run) -> str:
    """Make or adopt the role, wait until it is visible, and take this stack's lease."""
    return _Role(wanted, run).hold()


def remove(wanted: ServiceLinkedRole, run: Run) -> str:
    """Drop this stack's lease, and delete the role if nobody needs it and the setting allows."""
    return _Role(wanted, run).let_go()


@dataclass(frozen=True, slots=True)
class _Seen:
    """The role as IAM shows it."""

    created: float
    description: str
    tags: dict[str, str]

    @property
    def marked(self) -> bool:
        """Whether the description says that this library made it."""
        return self.description.endswith(MADE_MARK)

    @property
    def ours(self) -> bool:
        """Whether this library made it, as far as can be known for sure."""
        # the tag may say that nobody can know any more; without one, a run died before it tagged
        return self.tags.get(MADE_TAG, "true" if self.marked else "") == "true"


@dataclass(frozen=True, slots=True)
class _Stays:
    """Why the role is still there after one try to delete it."""

    reason: str
    #: whether another try may end otherwise.
    again: bool = True
    #: whether IAM may delete it all the same, later.
    pending: bool = False


class _Role:
    def __init__(self, wanted: ServiceLinkedRole, run: Run) -> None:
        self._wanted = wanted
        self._run = run
        self._iam = run.api("iam")
        self._name: dict[str, Any] = {"RoleName": wanted.role_name}
        # the logical id is part of it: when a construct is renamed, the new resource takes its
        # lease before the old one drops its own
        holder = f"{run.request.stack_id}/{run.request.logical_id}"
        digest = hashlib.sha256(holder.encode()).hexdigest()[:32]
        self._lease = LEASE_TAG + digest
        self._closing = CLOSING_TAG + secrets.token_hex(16)
        self._renewed = 0
        self._marked_late = False

    # holding

    def hold(self) -> str:
        made = False
        for _ in self._run.tries(longest=10):
            seen = self._look()
            if seen is None:
                created = self._create()
                if created is None:
                    return (
                        f"{self._wanted.role_name} is left to the service: IAM does not make it for"
                        f" {self._wanted.service_principal}"
                    )
                made = made or created
                seen = self._wait_until_visible()
            if seen is None:
                continue
            refused = None
            if self._lease not in seen.tags:
                refused = self._take_lease(seen)
                seen = self._look()
            if seen is None or self._closers(seen):
                continue
            if refused is not None:
                return f"{self._wanted.role_name} is there; {refused}, so it will be kept"
            if self._lease in seen.tags:
                return self._held(seen, made=made)
        text = (
            f"IAM does not show {self._wanted.role_name} steadily in account"
            f" {self._run.request.account}: it is new, or another stack is deleting it; try again"
        )
        raise RefusedError(text)

    def _held(self, seen: _Seen, *, made: bool) -> str:
        if seen.marked and MADE_TAG not in seen.tags:
            # no sooner: until it is held, the role may go, and somebody else make the next one
            self._tag({MADE_TAG: "true"})
        wanted = self._wanted.description
        if wanted is not None and seen.description != wanted:
            self._iam.call("update_role_description", Description=wanted, **self._name)
        # by its age: what a stack adopts, another may have made a moment ago
        young = _SETTLE_SECONDS - (self._run.clock.now() - seen.created)
        if young > 0:
            self._run.clock.wait(min(young, _SETTLE_SECONDS))
        return f"{self._wanted.role_name} is {'made' if made else 'there already, and adopted'}"

    def _look(self) -> _Seen | None:
        try:
            role = self._iam.call("get_role", **self._name)["Role"]
        except ClientError as error:
            if not gone(error):
                raise
            return None
        tags = {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])}
        created = role["CreateDate"].timestamp()
        description = role.get("Description", "")
        return _Seen(created=created, description=description, tags=tags)

    def _create(self) -> bool | None:
        """Return whether the role was made by this call; None if IAM does not make it."""
        wanted = self._wanted
        if wanted.creation == "NEVER":
            text = (
                f"{wanted.role_name} is not in account {self._run.request.account}, and IAM makes"
                f" another role for {wanted.service_principal} today; declare the current role"
            )
            raise RefusedError(text)
        text = wanted.description or "Service-linked role, shared by the stacks of this account"
        try:
            role = self._iam.call(
                "create_service_linked_role",
                AWSServiceName=wanted.service_principal,
                Description=f"{text[: 999 - len(MADE_MARK)]} {MADE_MARK}",
            )["Role"]
        except ClientError as error:
            # IAM has no code for "exists already": any other InvalidInput is a real one
            if code(error) == "InvalidInput":
                if "has been taken in this account" in message(error):
                    return False
                if wanted.creation == "SERVICE":
                    return None
            text = (
                f"IAM refused iam:CreateServiceLinkedRole for {wanted.role_name}"
                f" ({wanted.service_principal}) in account {self._run.request.account}{told(error)}"
            )
            raise RefusedError(text) from error
        if role["RoleName"] != wanted.role_name:
            text = (
                f"IAM made {role['RoleName']} for {wanted.service_principal}, not"
                f" {wanted.role_name}; correct the definition, and delete {role['RoleName']} if"
                " nothing else uses it"
            )
            raise RefusedError(text)
        return True

    def _wait_until_visible(self) -> _Seen | None:
        """Return the role once several reads in a row show it; None if they do not."""
        steady = 0
        for _ in self._run.tries(within=_VISIBLE_SECONDS, longest=3):
            seen = self._look()
            steady = 0 if seen is None else steady + 1
            if steady == _STEADY_READS:
                return seen
        return None

    def _take_lease(self, seen: _Seen) -> str | None:
        """Return why the lease could not be taken; None when it was."""
        refused = self._tag({self._lease: self._run.request.stack_id})
        if refused is not None and seen.ours:
            # a holder without a lease: nobody can tell any more when the last one has left
            untold = self._tag({MADE_TAG: "held without a lease"})
            if untold is not None and MADE_TAG not in seen.tags:
                self._unmark(seen)
        return refused

    def _unmark(self, seen: _Seen) -> None:
        description = seen.description.removesuffix(MADE_MARK).rstrip()
        try:
            self._iam.call("update_role_description", Description=description, **self._name)
        except ClientError as error:
            if not gone(error):
                self._run.tell("description refused", code=code(error), message=message(error))

    # letting go

    def let_go(self) -> str:
        seen = self._look()
        if seen is not None and self._lease in seen.tags:
            refused = self._untag(self._lease)
            if refused is not None:
                return self._keep(refused)
            # of two that leave at once, the last must not see the lease of the other
            self._run.clock.wait(_READABLE_SECONDS)
            seen = self._look()
        if seen is None:
            return f"{self._wanted.role_name} is gone"
        if self._wanted.removal == "KEEP":
            return self._keep("its removal setting is KEEP")
        reason = self._needed(seen) or self._close()
        return self._delete_or_keep() if reason is None else self._keep(reason)

    def _delete_or_keep(self) -> str:
        self._run.clock.wait(_READABLE_SECONDS)
        patience = float("inf") if self._wanted.removal == "REQUIRE" else _WHEN_UNUSED_SECONDS
        stays = _Stays("IAM was not asked")
        for _ in self._run.tries(within=patience, longest=30):
            seen = self._look()
            outcome = None if seen is None else self._try(seen)
            if outcome is None:
                if self._marked_late:
                    # the mark may be on the role that an arriving stack has made again by then
                    self._untag(self._closing)
                return f"{self._wanted.role_name} is deleted"
            stays = outcome
            self._run.tell("role stays", reason=stays.reason)
            if not stays.again:
                break
        if not stays.pending:
            self._untag(self._closing)
        return self._keep(stays.reason)

    def _try(self, seen: _Seen) -> _Stays | None:
        needed = self._needed(seen)
        if needed is not None:
            return _Stays(needed, again=False)
        closers = self._closers(seen)
        if closers == [self._closing]:
            return self._delete()
        if closers and min(closers) < self._closing:
            # each sees the other: one steps back, and the other goes on once it is alone
            self._untag(self._closing)
            return _Stays("another stack is deleting it")
        refused = self._close()
        return _Stays(refused or "another stack is deleting it", again=refused is None)

    def _needed(self, seen: _Seen) -> str | None:
        """Return why the role must stay, as far as its tags say."""
        stacks = sorted(
            stack
            for tag, stack in seen.tags.items()
            if tag.startswith(LEASE_TAG) and tag != self._lease
        )
        if stacks:
            return f"it is held by {', '.join(stacks)}"
        if self._wanted.removal == "REQUIRE" or seen.ours:
            return None
        if MADE_TAG in seen.tags:
            return "a stack whose lease IAM refused may hold it"
        return "it was not made by this library"

    def _delete(self) -> _Stays | None:
        """Ask IAM once, and follow the task. Return None once the role is gone."""
        self._renew()
        try:
            task = self._iam.call("delete_service_linked_role", **self._name)["DeletionTaskId"]
        except ClientError as error:
            if gone(error):
                return None
            why = f"IAM refused iam:DeleteServiceLinkedRole: {code(error)}: {message(error)}"
            return _Stays(why, again=not denied(error))
        for _ in self._run.tries(longest=10):
            self._renew()
            try:
                status = self._iam.call(
                    "get_service_linked_role_deletion_status", DeletionTaskId=task
                )
            except ClientError as error:
                return self._untold(error)
            if status["Status"] == "SUCCEEDED":
                return None
            if status["Status"] == "FAILED":
                return _Stays(_usage(status.get("Reason", {})))
        return _Stays("IAM is still deleting it", pending=True)

    def _untold(self, error: ClientError) -> _Stays | None:
        # a quick deletion may be forgotten before it is asked for: the role decides
        if self._look() is None:
            return None
        if gone(error):
            return _Stays("IAM forgot the deletion, and still shows the role")
        why = f"IAM does not say how the deletion goes: {code(error)}: {message(error)}"
        return _Stays(why, again=not denied(error), pending=True)

    def _keep(self, reason: str) -> str:
        if self._wanted.removal == "REQUIRE":
            raise StaysError(self._wanted.role_name, reason)
        return f"{self._wanted.role_name} is kept: {reason}"

    # tags

    def _close(self) -> str | None:
        self._renewed = self._run.clock.now()
        return self._tag({self._closing: str(self._renewed)})

    def _renew(self) -> None:
        if self._run.clock.now() - self._renewed >= _RENEW_SECONDS:
            self._marked_late = True
            self._close()

    def _closers(self, seen: _Seen) -> list[str]:
        fresh = self._run.clock.now() - _STALE_SECONDS
        return [
            tag
            for tag, since in seen.tags.items()
            if tag.startswith(CLOSING_TAG) and since.isdigit() and int(since) > fresh
        ]

    def _tag(self, tags: dict[str, str]) -> str | None:
        """Return why IAM refused; None when it did not."""
        wanted = [{"Key": key, "Value": value} for key, value in tags.items()]
        try:
            self._iam.call("tag_role", Tags=wanted, **self._name)
        except ClientError as error:
            # a role that is gone refuses nothing: whoever tags it looks again
            return None if gone(error) else self._tags_refused(error)
        return None

    def _untag(self, key: str) -> str | None:
        try:
            self._iam.call("untag_role", TagKeys=[key], **self._name)
        except ClientError as error:
            return None if gone(error) else self._tags_refused(error)
        return None

    def _tags_refused(self, error: ClientError) -> str:
        self._run.tell("tags refused", code=code(error), message=message(error))
        return f"IAM refused its tags ({code(error)})"


def _usage(reason: dict[str, object]) -> str:
    """Say which resources in which regions hold the role, as far as the service told IAM."""
    usages = reason.get("RoleUsageList")
    places = [
        f"{usage['Region']}: {', '.join(usage.get('Resources') or ['(not named)'])}"
        for usage in (usages if isinstance(usages, list) else [])
    ]
    if places:
        return f"it is in use in {'; '.join(places)}"
    return f"IAM could not delete it: {reason.get('Reason') or 'the service did not say why'}"
