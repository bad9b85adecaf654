"""Release a role: disable every feature that uses it, and then delete the role.

The order is that of the AWS documentation: IVS channels before the recording configurations that
they use, and every feature before the role. The operations are the same as in the function of a
stack, which knows how to disable each feature and how to delete a role while other stacks may
arrive. Here they run with the credentials of the command.

Before each change, the state file records the previous settings. A release that runs again
continues with what remains: it reads the account, not the state file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slr_constructs.account.access import CALL_ERRORS, AccountError, reason
from slr_constructs.account.audit import audit
from slr_constructs.account.changes import Changes, Message
from slr_constructs.account.iam_role import read_role, with_state
from slr_constructs.account.leases import release_lease, restore_lease
from slr_constructs.account.stacks import StackState
from slr_constructs.catalogue import by_role_name
from slr_constructs.handler.slr_handler.clock import Clock, OutOfTimeError
from slr_constructs.handler.slr_handler.cloudformation import Request
from slr_constructs.handler.slr_handler.contract import ServiceLinkedRole
from slr_constructs.handler.slr_handler.operations import service_linked_role
from slr_constructs.handler.slr_handler.run import Run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from slr_constructs.account.access import Account, Region
    from slr_constructs.account.audit import Audit, Progress, RoleReport
    from slr_constructs.account.changes import OnEvent
    from slr_constructs.account.iam_role import Lease, Role
    from slr_constructs.account.state import State
    from slr_constructs.account.usages.kind import TargetResource
    from slr_constructs.catalogue import RoleDefinition

#: the time for one deletion request to IAM and its result.
_LEAST_SECONDS = 60
#: longer than a single call is retried.
_COMMAND_SECONDS = 3600
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
    #: continue although parts of the account cannot be read.
    incomplete: bool = False


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

    @property
    def usages(self) -> Sequence[TargetResource]:
        """The resources to disable: all known usages of the role."""
        # if both the role and its successor exist, the resources use the successor
        return self.report.usages if self.successor is None else ()

    @property
    def stages(self) -> Iterator[list[TargetResource]]:
        """Yield the usages to disable concurrently, and then those to delete."""
        for deleted in (False, True):
            yield [target for target in self.usages if target.kind.disabled_by_deletion is deleted]

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
        return [target for target in self.usages if target.kind.disabled_by_deletion]

    @property
    def incomplete(self) -> bool:
        """Whether parts of the account cannot be read, and this is not allowed."""
        return not self.audit.complete and not self.allowed.incomplete

    @property
    def possible(self) -> bool:
        """Whether nothing blocks the release."""
        return not (self.holders or self.undeletable or self.incomplete)

    @property
    def role_unreadable(self) -> bool:
        """Whether it is unknown if the role exists."""
        return self.report.exists is None

    @property
    def needed(self) -> bool:
        """Whether the role or a usage exists, or the role cannot be read."""
        return self.report.role is not None or self.role_unreadable or bool(self.usages)

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
        return self._delete()

    def _disable(self, target: TargetResource) -> str:
        region = self.plan.account.region(target.region)
        settings = target.kind.read_settings(region, target)
        if settings is None:
            return f"{target.arn} is already disabled or deleted"
        # record the current settings, which may differ from those in the plan
        current = target.with_settings(settings)
        self.state.record_disabling(current)
        return target.kind.disable(_SingleAttemptRun(self.plan.account, region), current)

    def _delete(self) -> bool:
        account, definition = self.plan.account, self.plan.definition
        role, leases = self._read_checked_role()
        if role is None:
            self.on_event(Message(f"{definition.role_name} does not exist any more"))
            return True
        self.state.record_role_deletion(role)
        deleted = False
        try:
            for lease in leases:
                release_lease(account, lease)
                self.on_event(
                    Message(f"the lease of {lease.stack_name} was released{_ALTHOUGH[lease.state]}")
                )
            deleted = self._delete_role()
        finally:
            # after any failure: an existing stack keeps its lease, so that the next stack that is
            # deleted does not delete the role
            if not deleted:
                self._restore_leases([lease for lease in leases if lease.is_active])
        return deleted

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
            deleted = bool(leases) and self._read_role() is None
        except AccountError:
            # try to restore the leases anyway, and report if that fails
            deleted = False
        for lease in () if deleted else leases:
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
        definition = self.plan.definition
        resource = ServiceLinkedRole(
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
            on_event=self._on_operation_event,
        )
        self.on_event(
            Message(
                f"IAM is being asked to delete {definition.role_name},"
                " which can take several minutes"
            )
        )
        try:
            self.on_event(Message(service_linked_role.remove(resource, run)))
        except service_linked_role.RoleKeptError as error:
            why = error.reason
        except CALL_ERRORS as error:
            why = reason(error)
        except OutOfTimeError:
            why = "IAM did not finish in time"
        else:
            return True
        self.on_event(Message(f"{definition.role_name} was not deleted: {why}"))
        return False

    def _on_operation_event(self, event: str, **details: object) -> None:
        if event == "role not deleted":
            text = f"{self.plan.definition.role_name} still exists: {details['reason']}"
            self.on_event(Message(text))


class _SingleAttemptRun(Run):
    """A run that does not wait and retry: `Changes` retries after all other resources."""

    def __init__(self, account: Account, region: Region) -> None:
        super().__init__(_request(account), Clock(_COMMAND_SECONDS), open_api=region.api)

    def attempts(self, *, within: float = 0, longest: float = 0) -> Iterator[int]:  # noqa: ARG002 - the signature of Run
        """Yield a single attempt."""
        yield 0


def _request(account: Account) -> Request:
    """Return a request for an operation that does not belong to a stack."""
    return Request(
        request_type="Delete",
        resource_type=ServiceLinkedRole.RESOURCE_TYPE,
        logical_resource_id="CleanUp",
        stack_id=f"arn:{account.partition}:iam::{account.id}:release",
        physical_resource_id=None,
        resource_properties={},
        request_id="",
        response_url="",
    )
