"""Let go of a role: switch off all that uses it, and then delete it.

In the order of the documents: what points at a recording configuration before that, everything
before the role. How each feature goes off, and how a role is deleted while stacks may arrive, the
function of a stack knows; here the same operations run with the credentials of a person.

Before anything is changed the state file says what it was. Run again, it goes on from what is left:
it reads the account, and not the file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slr_constructs.account.access import CALL_ERRORS, AccountError, reason
from slr_constructs.account.audit import audit
from slr_constructs.account.changing import Changes, Said
from slr_constructs.account.leases import put_back, take
from slr_constructs.account.roles import looked_up, read_role
from slr_constructs.catalogue import by_role_name
from slr_constructs.handler.slr_handler.clock import Clock, OutOfTimeError
from slr_constructs.handler.slr_handler.contract import ServiceLinkedRole
from slr_constructs.handler.slr_handler.lifecycle import Request
from slr_constructs.handler.slr_handler.operations import service_linked_role
from slr_constructs.handler.slr_handler.run import Run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from slr_constructs.account.access import Account, Region
    from slr_constructs.account.audit import Audit, Progress, RoleReport
    from slr_constructs.account.changing import Tell
    from slr_constructs.account.roles import Lease, Role
    from slr_constructs.account.state import State
    from slr_constructs.account.uses.kind import Thing
    from slr_constructs.catalogue import RoleDefinition

#: what it takes to ask IAM once, and to hear how that went.
_LEAST_SECONDS = 60
#: longer than a single call is tried for.
_COMMAND_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Allowed:
    """What is done only if it is asked for in so many words."""

    #: delete recording configurations, which cannot be switched off.
    delete_recording_configurations: bool = False
    #: names or ids of existing stacks that may lose the role.
    stacks: Sequence[str] = ()
    #: go on although not everything could be read.
    unread: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What a release would do, and what stands against it."""

    account: Account
    definition: RoleDefinition
    audit: Audit
    report: RoleReport
    allowed: Allowed
    #: the role that took its place, if that is there.
    successor: Role | None = None

    @property
    def users(self) -> Sequence[Thing]:
        """What is switched off: all that uses it, as far as that is known."""
        # of two roles for the same things, they use the one of today
        return self.report.users if self.successor is None else ()

    @property
    def stages(self) -> Iterator[list[Thing]]:
        """Yield what is switched off side by side: first all that can be, then what is deleted."""
        for deleted in (False, True):
            yield [thing for thing in self.users if thing.kind.deleted is deleted]

    @property
    def leases(self) -> list[Lease]:
        """The leases that are dropped: of stacks that are gone, and of those that are named."""
        return [each for each in self.report.leases if not each.holds or self._named(each)]

    @property
    def holders(self) -> list[Lease]:
        """The leases that stand against it."""
        return [each for each in self.report.leases if each.holds and not self._named(each)]

    @property
    def undeletable(self) -> list[Thing]:
        """What would have to be deleted, which nobody has asked for."""
        if self.allowed.delete_recording_configurations:
            return []
        return [thing for thing in self.users if thing.kind.deleted]

    @property
    def unread(self) -> bool:
        """Whether it is unknown what else there is, and nobody has said to go on."""
        return not self.audit.complete and not self.allowed.unread

    @property
    def possible(self) -> bool:
        """Whether nothing stands against it."""
        return not (self.holders or self.undeletable or self.unread)

    @property
    def role_unread(self) -> bool:
        """Whether it is unknown if the role is there."""
        return self.report.there is None

    @property
    def needed(self) -> bool:
        """Whether there is anything to do, as far as that is known."""
        return self.report.role is not None or self.role_unread or bool(self.users)

    def _named(self, lease: Lease) -> bool:
        return lease.stack in self.allowed.stacks or lease.stack_name in self.allowed.stacks


def plan_release(
    account: Account,
    definition: RoleDefinition,
    allowed: Allowed,
    *,
    at_once: int = 32,
    progress: Progress | None = None,
) -> Plan:
    """Read the account, and say what a release would do."""
    newer = definition.superseded_by
    asked = [definition, *([] if newer is None else [by_role_name(newer)])]
    read = audit(account, asked, at_once=at_once, progress=progress)
    successor = None if newer is None else read.roles[1].role
    return Plan(account, definition, read, read.roles[0], allowed, successor)


@dataclass(slots=True)
class Release:
    """A release that goes on."""

    plan: Plan
    state: State
    wait_seconds: float
    tell: Tell
    changes: Changes = field(default_factory=Changes)

    def run(self) -> bool:
        """Do what was planned, and tell whether the role is gone.

        Raises:
            AccountError: The state file cannot be written, or the role has another holder by now,
                or does not let go of those it has; what was done before, stays done.
        """
        # whoever was asked may have taken a while to answer
        self._look()
        for stage in self.plan.stages:
            if not self.changes.make(
                stage, self._off, wait_seconds=self.wait_seconds, tell=self.tell
            ):
                return False
        return self._delete()

    def _off(self, thing: Thing) -> str:
        region = self.plan.account.region(thing.region)
        settings = thing.kind.look(region, thing)
        if settings is None:
            return f"{thing.arn} is off, or gone, by now"
        # as it is at this moment, not as it was when the plan was made
        found = thing.having(settings)
        self.state.switching_off(found)
        return thing.kind.off(_Once(self.plan.account, region), found)

    def _delete(self) -> bool:
        account, definition = self.plan.account, self.plan.definition
        role, held = self._look()
        if role is None:
            self.tell(Said(f"{definition.role_name} is gone"))
            return True
        self.state.deleting(role)
        deleted = False
        try:
            for lease in held:
                take(account, lease)
                self.tell(Said(f"the lease of {lease.stack_name} is dropped"))
            deleted = self._ask()
        finally:
            # whatever stopped it: a stack that is there must not lose the role to the next one
            if not deleted:
                self._put_back([lease for lease in held if lease.holds])
        return deleted

    def _look(self) -> tuple[Role | None, list[Lease]]:
        """Return the role and its leases; refuse it if one of them is of no plan."""
        role = self._read_role()
        planned = {lease.tag for lease in self.plan.leases}
        held = [looked_up(lease, self.plan.account) for lease in (role.leases() if role else ())]
        for lease in held:
            if lease.holds and lease.tag not in planned:
                raise AccountError(
                    f"{lease.stack_name} holds {lease.role_name} by now, so it is not deleted"
                )
        return role, held

    def _put_back(self, leases: Sequence[Lease]) -> None:
        try:
            gone = bool(leases) and self._read_role() is None
        except AccountError:
            # it is tried all the same, and told of if it cannot be done
            gone = False
        for lease in () if gone else leases:
            try:
                put_back(self.plan.account, lease)
            except AccountError as error:
                self.tell(Said(str(error)))
            else:
                self.tell(Said(f"the lease of {lease.stack_name} is put back"))

    def _read_role(self) -> Role | None:
        try:
            return read_role(self.plan.account, self.plan.definition)
        except CALL_ERRORS as error:
            name = self.plan.definition.role_name
            raise AccountError(f"{name} cannot be read: {reason(error)}") from None

    def _ask(self) -> bool:
        definition = self.plan.definition
        wanted = ServiceLinkedRole(
            role_name=definition.role_name,
            service_principal=definition.service_principal,
            removal="REQUIRE",
            creation=definition.creation.value,
        )
        account, region = self.plan.account, self.plan.account.region()
        run = Run(
            _request(account),
            Clock(max(self.wait_seconds, _LEAST_SECONDS)),
            open_api=region.api,
            tell=self._hear,
        )
        self.tell(Said(f"IAM is asked to delete {definition.role_name}, which may take minutes"))
        try:
            self.tell(Said(service_linked_role.remove(wanted, run)))
        except service_linked_role.StaysError as error:
            why = error.reason
        except CALL_ERRORS as error:
            why = reason(error)
        except OutOfTimeError:
            why = "IAM was not done in time"
        else:
            return True
        self.tell(Said(f"{definition.role_name} is not deleted: {why}"))
        return False

    def _hear(self, event: str, **details: object) -> None:
        if event == "role stays":
            self.tell(Said(f"{self.plan.definition.role_name} stays: {details['reason']}"))


class _Once(Run):
    """A run of an operation that does not wait by itself: others have their turn meanwhile."""

    def __init__(self, account: Account, region: Region) -> None:
        super().__init__(_request(account), Clock(_COMMAND_SECONDS), open_api=region.api)

    def tries(self, *, within: float = 0, longest: float = 0) -> Iterator[int]:  # noqa: ARG002 - as of every run
        """Yield once."""
        yield 0


def _request(account: Account) -> Request:
    """Return a request of no stack, in whose name an operation runs."""
    return Request(
        type="Delete",
        resource_type=ServiceLinkedRole.RESOURCE_TYPE,
        logical_id="Release",
        stack_id=f"arn:{account.partition}:iam::{account.id}:release",
        physical_id=None,
        properties={},
        request_id="",
        answer_url="",
    )
