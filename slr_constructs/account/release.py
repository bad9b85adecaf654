"""Release a role: disable every feature that uses it, and then delete the role.

The order is that of the AWS documentation: IVS channels before the recording configurations that
they use, and every feature before the role. The operations are the same as in the function of a
stack, which knows how to disable each feature and how to delete a role while other stacks may
arrive. Here they run with the credentials of the command.

Before each change, the state file records the previous settings. A release that runs again
continues with what remains: it reads the account, not the state file.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from slr_constructs.account.access import CALL_ERRORS, AccountError, reason
from slr_constructs.account.audit import audit
from slr_constructs.account.changes import Changes, Message, SingleAttempt, role_properties
from slr_constructs.account.iam_role import Lease, read_role, with_state
from slr_constructs.account.interruption import InterruptibleClock, held
from slr_constructs.account.leases import release_lease, restore_lease
from slr_constructs.account.stacks import StackState
from slr_constructs.catalogue import by_role_name, usage_lists_of
from slr_constructs.catalogue.resource_type import OnRelease
from slr_constructs.handler.slr_handler.clock import OutOfTimeError
from slr_constructs.handler.slr_handler.context import Context
from slr_constructs.handler.slr_handler.operations import service_linked_role

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from slr_constructs.account.access import Account
    from slr_constructs.account.audit import Audit, Progress, RoleReport
    from slr_constructs.account.changes import OnEvent
    from slr_constructs.account.iam_role import Role
    from slr_constructs.account.state import State
    from slr_constructs.account.usages.kind import TargetResource
    from slr_constructs.catalogue import RoleDefinition

#: the time for one deletion request to IAM and its result.
_LEAST_SECONDS = 60
#: a service may still deliver what it has after its feature was disabled. AWS does not document how
#: long; until then, a use is that of the disabled resource.
_SOON = timedelta(days=1)
_ALTHOUGH = {
    StackState.EXISTS: " although the stack exists",
    StackState.UNKNOWN: " although the stack may exist",
    StackState.DELETED: "",
}


@dataclass(frozen=True, slots=True)
class Allowed:
    """Steps that a release takes only if you ask for them explicitly."""

    #: delete recording configurations, because they cannot be disabled.
    delete_recording_configurations: bool = False
    #: names or ids of existing stacks whose leases may be released.
    stacks: Sequence[str] = ()
    #: names, ids or ARNs of resources that the release does not change, and that may use the role.
    usages: Sequence[str] = ()
    #: continue although parts of the account cannot be read.
    incomplete: bool = False
    #: delete the role although it was used recently, and no usage explains it.
    recent_use: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What a release would do, and what blocks it."""

    account: Account
    definition: RoleDefinition
    audit: Audit
    report: RoleReport
    allowed: Allowed
    #: the role that replaces this one, if it exists.
    successor: Role | None = None
    #: when an earlier run with the same state file last disabled a usage.
    last_disabled: datetime | None = None

    @property
    def stages(self) -> Iterator[list[TargetResource]]:
        """Yield the usages to disable concurrently, and then those to delete."""
        yield self._usages(OnRelease.DISABLES)
        yield self._usages(OnRelease.DELETES)

    @property
    def usages(self) -> list[TargetResource]:
        """The resources to disable or delete."""
        return [target for stage in self.stages for target in stage]

    @property
    def kept(self) -> list[TargetResource]:
        """The resources that use the role, and that the release does not change."""
        return self._usages(OnRelease.KEEPS)

    @property
    def blocking_usages(self) -> list[TargetResource]:
        """The kept resources that block the release."""
        named = {*self.allowed.usages}
        return [each for each in self.kept if named.isdisjoint((each.name, each.id, each.arn))]

    @property
    def leases(self) -> list[Lease]:
        """The leases to release: of deleted stacks, and of stacks that `allowed` names."""
        return [each for each in self.report.leases if not each.is_active or self._named(each)]

    @property
    def holders(self) -> list[Lease]:
        """The leases that block the release."""
        return [each for each in self.report.leases if each.is_active and not self._named(each)]

    @property
    def undeletable(self) -> list[TargetResource]:
        """The resources that must be deleted, if their deletion is not allowed."""
        if self.allowed.delete_recording_configurations:
            return []
        return self._usages(OnRelease.DELETES)

    @property
    def incomplete(self) -> bool:
        """Whether parts of the account cannot be read, and this is not allowed."""
        return not self.audit.complete and not self.allowed.incomplete

    @property
    def unexplained_use(self) -> Role | None:
        """The role, if it was used recently, no usage explains it, and this is not allowed."""
        role = self.report.role
        if role is None or not role.was_used_recently or self.allowed.recent_use:
            return None
        if self.usages or self.kept or self._was_used_before(role):
            return None
        return role

    def _was_used_before(self, role: Role) -> bool:
        """Whether the use was before, or soon after, an earlier run disabled a usage."""
        when = self.last_disabled
        return when is not None and role.last_used is not None and role.last_used <= when + _SOON

    @property
    def possible(self) -> bool:
        """Whether nothing blocks the release."""
        return not (
            self.holders
            or self.undeletable
            or self.blocking_usages
            or self.incomplete
            or self.unexplained_use
        )

    @property
    def role_unreadable(self) -> bool:
        """Whether it is unknown if the role exists."""
        return self.report.exists is None

    @property
    def needed(self) -> bool:
        """Whether the role or a usage exists, or the role cannot be read."""
        return self.report.role is not None or self.role_unreadable or bool(self.usages)

    def _usages(self, what: OnRelease) -> list[TargetResource]:
        # if both the role and its successor exist, the resources use the successor
        usages = self.report.usages if self.successor is None else ()
        return [target for target in usages if target.kind.resource_type.on_release is what]

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
    """Read the account, and return the plan of a release."""
    newer = definition.superseded_by
    definitions = [definition, *([] if newer is None else [by_role_name(newer)])]
    result = audit(account, definitions, at_once=at_once, progress=progress)
    successor = None if newer is None else result.roles[1].role
    return Plan(account, definition, result, result.roles[0], allowed, successor)


@dataclass(slots=True)
class Release:
    """A running release."""

    plan: Plan
    state: State
    wait_seconds: float
    on_event: OnEvent
    changes: Changes = field(default_factory=Changes)
    #: whether IAM was asked to delete the role, and may still delete it.
    asked: bool = False
    deleted: bool = False
    #: whether leases were released that are not put back.
    released: bool = False

    @property
    def role_text(self) -> str:
        """What happened to the role so far; empty if it is as before."""
        name = self.plan.definition.role_name
        if self.deleted:
            return f"{name} does not exist any more"
        if self.asked:
            return f"IAM was asked to delete {name} and may still delete it"
        if self.released:
            return f"{name} was not deleted, but leases of deleted stacks were released"
        return ""

    def run(self) -> bool:
        """Carry out the plan, and return whether the role was deleted.

        Raises:
            AccountError: The state file cannot be written, a new stack holds the role, or a lease
                cannot be released. Earlier changes stay.
        """
        # the confirmation may have taken a long time
        self._read_checked_role()
        for stage in self.plan.stages:
            if not self.changes.apply(
                stage, self._disable, wait_seconds=self.wait_seconds, on_event=self.on_event
            ):
                return False
        # an interruption between two calls would leave the role without the leases of its stacks
        with held():
            self._delete()
        return self.deleted

    def _disable(self, target: TargetResource) -> str:
        region = self.plan.account.region(target.region)
        # with the current settings, which may differ from those in the plan
        current = target.kind.read_usage(region, target)
        if current is None:
            return f"{target.arn} is already disabled or deleted"
        current.kind.check_settings(current.settings or {})
        try:
            self.state.record_disabling(current)
        except AccountError:
            self.changes.in_progress.discard(target.arn)
            raise
        return target.kind.disable(SingleAttempt(region), current)

    def _delete(self) -> None:
        account, definition = self.plan.account, self.plan.definition
        role, leases = self._read_checked_role()
        if role is None:
            self.on_event(Message(f"{definition.role_name} does not exist any more"))
            self.deleted = True
            return
        self.state.record_role_deletion(role)
        # a release that stopped may have released more of them
        known = {lease.tag for lease in leases}
        before = [
            with_state(Lease(definition.role_name, tag, stack), account)
            for tag, stack in self.state.leases.items()
            if tag not in known
        ]
        try:
            for lease in leases:
                self.released |= not lease.is_active
                release_lease(account, lease)
                self.on_event(
                    Message(f"the lease of {lease.stack_name} was released{_ALTHOUGH[lease.state]}")
                )
            self.deleted = self._delete_role()
        finally:
            # after any failure: an existing stack keeps its lease, so that the next stack that is
            # deleted does not delete the role
            if not self.deleted:
                self._restore_leases([each for each in (*leases, *before) if each.is_active])

    def _read_checked_role(self) -> tuple[Role | None, list[Lease]]:
        """Return the role and its leases; refuse a lease that is not in the plan."""
        role = self._read_role()
        planned = {lease.tag for lease in self.plan.leases}
        leases = [with_state(lease, self.plan.account) for lease in (role.leases() if role else ())]
        for lease in leases:
            if lease.is_active and lease.tag not in planned:
                raise AccountError(
                    f"{lease.stack_name} has acquired a lease on {lease.role_name} since the plan"
                    " was made, so the role is not deleted"
                )
        return role, leases

    def _restore_leases(self, leases: Sequence[Lease]) -> None:
        try:
            self.deleted = bool(leases or self.asked) and self._read_role() is None
        except AccountError:
            # try to restore the leases anyway, and report if that fails
            self.deleted = False
        for lease in () if self.deleted else leases:
            try:
                restore_lease(self.plan.account, lease)
            except AccountError as error:
                self.on_event(Message(str(error)))
            else:
                self.on_event(Message(f"the lease of {lease.stack_name} was restored"))

    def _read_role(self) -> Role | None:
        try:
            return read_role(self.plan.account, self.plan.definition)
        except CALL_ERRORS as error:
            name = self.plan.definition.role_name
            raise AccountError(f"{name} cannot be read: {reason(error)}") from None

    def _delete_role(self) -> bool:
        plan, definition = self.plan, self.plan.definition
        clock = InterruptibleClock(max(self.wait_seconds, _LEAST_SECONDS))
        context = Context(
            clock,
            account=plan.account.id,
            # an interruption ends the pauses between attempts, too
            open_api=plan.account.region(clock=clock).api,
            regions=lambda service: [*{*plan.account.regions(service)} & {*plan.audit.regions}],
            on_event=self._on_operation_event,
        )
        context.deletion_lock = self.state.deletion_lock
        # if you allowed the known resources, others do not matter either
        lists = () if plan.kept else usage_lists_of(definition)
        wanted = replace(role_properties(definition), usage_lists=lists)
        self.on_event(
            Message(
                f"IAM is being asked to delete {definition.role_name},"
                " which can take several minutes"
            )
        )
        try:
            self.on_event(Message(service_linked_role.remove(wanted, context)))
        except service_linked_role.RoleKeptError as error:
            why = error.reason
        except CALL_ERRORS as error:
            why = reason(error)
        except OutOfTimeError:
            why = "IAM did not finish in time"
        else:
            return True
        result = self.role_text if self.asked else f"{definition.role_name} was not deleted"
        self.on_event(Message(f"{result}: {why}"))
        return False

    def _on_operation_event(self, event: str, **details: object) -> None:
        # IAM may have accepted a call that did not end
        self.asked |= event == "asking IAM to delete"
        if event == "role not deleted":
            self.asked = self.asked and bool(details["pending"])
            text = f"{self.plan.definition.role_name} still exists: {details['reason']}"
            self.on_event(Message(text))
