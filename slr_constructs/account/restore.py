"""Restore what a release has disabled, from its state file.

The order is the reverse of a release: the role, the recording configurations, and then all other
resources. A feature that was enabled since then keeps its current settings.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from slr_constructs.account.access import CALL_ERRORS, COMMAND_SECONDS, AccountError, reason
from slr_constructs.account.changes import (
    Changes,
    Message,
    SingleAttempt,
    Waiting,
    role_properties,
)
from slr_constructs.account.iam_role import Lease, with_state
from slr_constructs.account.interruption import held
from slr_constructs.catalogue import RoleCreation
from slr_constructs.handler.slr_handler.aws import code
from slr_constructs.handler.slr_handler.clock import Clock
from slr_constructs.handler.slr_handler.context import Context, OperationError
from slr_constructs.handler.slr_handler.operations import service_linked_role
from slr_constructs.handler.slr_handler.operations.service_linked_role import (
    LEASE_TAG,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slr_constructs.account.access import Account, Region
    from slr_constructs.account.changes import OnEvent
    from slr_constructs.account.state import State
    from slr_constructs.account.usages.kind import Settings, TargetResource
    from slr_constructs.catalogue import RoleDefinition
    from slr_constructs.handler.slr_handler.operations.service_linked_role import Role

#: the error code for a resource that is being changed.
_BUSY = frozenset({"ConflictException"})
#: "Unable to create service linked role", until the service sees a new role.
_ROLE_NOT_VISIBLE = frozenset({"BadRequestException"})


@dataclass(slots=True)
class Restore:
    """A running restore.

    Args:
        account: The account.

        state: The state file of the release.

        wait_seconds: The maximum time to wait for busy resources.

        on_event: Receives everything that happens.
    """

    account: Account
    state: State
    wait_seconds: float
    on_event: OnEvent
    changes: Changes = field(default_factory=Changes)
    _role_is_new: bool = False
    #: what happened to the role so far; empty if it is as before.
    role_text: str = ""
    #: by previous ARN: the new ARN of a resource that an earlier restore created but did not
    #: record, or the error because of which this is unknown.
    _found: dict[str, str | Exception] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the account.

        Raises:
            AccountError: The state file is for another account.
        """
        if self.state.account != self.account.id:
            raise AccountError(
                f"{self.state.path} is for account {self.state.account}, but these credentials are"
                f" for account {self.account.id}"
            )

    @property
    def definition(self) -> RoleDefinition:
        """The role."""
        return self.state.definition

    @property
    def needed(self) -> bool:
        """Whether the state file has anything to restore."""
        return bool(self.state.disabled) or self.state.role is not None

    def run(self) -> bool:
        """Restore everything, and return whether all of it succeeded.

        If the role cannot be restored, the features are restored anyway, because most services
        create their role.

        Raises:
            AccountError: The state file cannot be written. Earlier changes stay.
        """
        role_restored = self.state.role is None or self._restore_role(self.state.role, create=True)
        all_enabled = True
        try:
            for stage in self.state.stages:
                self._find_created(stage)
                all_enabled &= self.changes.apply(
                    stage, self._enable, wait_seconds=self.wait_seconds, on_event=self.on_event
                )
        finally:
            # the service has created the role, if a feature was configured. After an interruption
            # too, it needs the leases
            if self.state.role is not None and self.definition.creation is RoleCreation.SERVICE:
                self.changes.settle()
                role_restored = self._restore_role(self.state.role, create=False)
        return all_enabled and role_restored

    # the role

    def _restore_role(self, before: dict[str, Any], *, create: bool) -> bool:
        """Restore the role, and return whether this succeeded."""
        name = self.definition.role_name
        context = Context(
            Clock(COMMAND_SECONDS),
            account=self.account.id,
            open_api=self.account.region().api,
            on_event=self._on_operation_event,
        )
        try:
            # an interruption between two calls would leave the role without its leases
            with held():
                role = service_linked_role.read(name, context)
                if role is None and not create:
                    return False
                if role is None:
                    role = self._create_role(before["description"], context)
                    self._role_is_new = True
                self._restore_tags(role, context)
                text = before["description"]
                if self.definition.creation is RoleCreation.SERVICE and role.description != text:
                    iam = context.api("iam")
                    iam.call("update_role_description", RoleName=name, Description=text)
                self.role_text = f"{name} was restored"
            if create:
                # the services of the next resources must see the role
                self._role_is_new |= service_linked_role.wait_until_visible(role, context)
        except (*CALL_ERRORS, OperationError) as error:
            self.on_event(Message(f"{name} was not restored: {reason(error)}"))
            return False
        self.state.record_role_restored()
        self.on_event(Message(f"{name} exists as before the release"))
        return True

    def _create_role(self, description: str, context: Context) -> Role:
        wanted = role_properties(self.definition)
        if service_linked_role.create(wanted, description, context) is None:
            raise OperationError("only its service can create it, when the feature is configured")
        role = service_linked_role.wait_until_readable(wanted.role_name, context)
        if role is None:
            raise OperationError("IAM created it but does not return it yet")
        return role

    def _on_operation_event(self, event: str, **details: Any) -> None:  # noqa: ANN401 - as the operation reports them
        if event == "waiting":
            self.on_event(Waiting(details["seconds"], details["reason"]))

    def _restore_tags(self, role: Role, context: Context) -> None:
        """Restore the tags that still apply: not the leases of stacks that were deleted since."""
        name = self.definition.role_name
        tags = [
            {"Key": key, "Value": value}
            for key, value in self.state.tags.items()
            if key not in role.tags
            and (
                not key.startswith(LEASE_TAG)
                or with_state(Lease(name, key, value), self.account).is_active
            )
        ]
        if tags:
            context.api("iam").call("tag_role", RoleName=name, Tags=tags)

    # the usages

    def _enable(self, target: TargetResource) -> str:
        region = self.account.region(target.region)
        # the new ARN of a recording configuration
        settings = {
            name: self._with_current_arn(value) for name, value in (target.settings or {}).items()
        }
        current = target.kind.read_usage(region, target)
        if current is not None:
            self.state.record_enabled(target, target.arn)
            other = "" if current.settings == settings else " with other settings, which are kept"
            return f"{target.arn} is already enabled{other}"
        found = self._found.get(target.arn)
        if isinstance(found, Exception):
            raise found
        arn = found or self._configure(region, target, settings)
        self.state.record_enabled(target, arn)
        return (
            f"{target.arn} is enabled"
            if arn == target.arn
            else f"{target.arn} was created again as {arn}"
        )

    def _configure(self, region: Region, target: TargetResource, settings: Settings) -> str:
        if target.kind.disabled_by_deletion:
            self.state.record_creation(target)
        try:
            return target.kind.configure(SingleAttempt(region), target, settings)
        except ClientError as error:
            if code(error) in (_BUSY | _ROLE_NOT_VISIBLE if self._role_is_new else _BUSY):
                raise OperationError(f"{target.arn} is busy: {reason(error)}") from error
            raise

    def _find_created(self, stage: Sequence[TargetResource]) -> None:
        """Find resources that an earlier restore created but did not record."""
        uncertain = [target for target in stage if target.arn in self.state.being_created]
        for place in dict.fromkeys((target.kind, target.region) for target in uncertain):
            wanted = [target for target in uncertain if (target.kind, target.region) == place]
            try:
                self._find_created_in(self.account.region(wanted[0].region), wanted)
            except CALL_ERRORS as error:
                self._found |= {target.arn: error for target in wanted}

    def _find_created_in(self, region: Region, wanted: list[TargetResource]) -> None:
        kind = wanted[0].kind
        page = kind.read_page(region)
        while True:
            for each in page.targets:
                # a list has only a part of the settings
                listed = (each.settings or {}).items()
                similar = [target for target in wanted if listed <= (target.settings or {}).items()]
                if similar and not self.state.knows(each.arn):
                    found = kind.read_usage(region, each)
                    # if several resources have the same settings, each replaces one of them
                    same = [each for each in similar if found and each.settings == found.settings]
                    for target in same[:1]:
                        self._found[target.arn] = each.arn
                        wanted.remove(target)
            if page.next_token is None:
                return
            page = kind.read_page(region, page.next_token)

    def _with_current_arn(self, setting: Any) -> Any:  # noqa: ANN401 - any setting
        """Return a setting; if it is the ARN of a resource that was created again, its new ARN."""
        recreated = dict(self.state.recreated)
        while isinstance(setting, str) and setting in recreated:
            # it may have been created again several times. pop: a cycle must end
            setting = recreated.pop(setting)
        return setting
