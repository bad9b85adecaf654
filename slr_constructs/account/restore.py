"""Restore what a release has disabled, from its state file.

The order is the reverse of a release: the role, the recording configurations, and then all other
resources. A feature that was enabled since then keeps its current settings.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from slr_constructs import catalogue
from slr_constructs.account.access import CALL_ERRORS, AccountError, reason
from slr_constructs.account.changes import Changes, Message, Waiting
from slr_constructs.account.iam_role import Lease, read_role, with_state
from slr_constructs.catalogue import RoleCreation
from slr_constructs.handler.slr_handler.aws import code, message
from slr_constructs.handler.slr_handler.operations.service_linked_role import (
    DELETION_LOCK_TAG,
    LEASE_TAG,
)
from slr_constructs.handler.slr_handler.run import OperationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from slr_constructs.account.access import Account, Region
    from slr_constructs.account.changes import OnEvent
    from slr_constructs.account.iam_role import Role
    from slr_constructs.account.state import State
    from slr_constructs.account.usages.kind import Settings, TargetResource
    from slr_constructs.catalogue import RoleDefinition

#: the prefix of tags that only AWS can set.
_RESERVED = "aws:"
#: IAM returns a new role before every service sees it.
_SETTLE_SECONDS = 15
_VISIBLE_SECONDS = 60
_POLL_SECONDS = 2
_POINTER = "recordingConfigurationArn"
#: the error code for a live IVS channel, and for a resource that is being changed.
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
        return catalogue.by_role_name(self.state.role_name)

    @property
    def stages(self) -> Iterator[list[TargetResource]]:
        """Yield the resources to create again, and then those to configure concurrently."""
        targets = sorted(
            self.state.disabled.values(),
            key=lambda each: (each.kind.name, each.region, each.name, each.arn),
        )
        for deleted in (True, False):
            yield [target for target in targets if target.kind.disabled_by_deletion is deleted]

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
        for stage in self.stages:
            self._find_created(stage)
            all_enabled &= self.changes.apply(
                stage, self._enable, wait_seconds=self.wait_seconds, on_event=self.on_event
            )
        if self.state.role is not None and self.definition.creation is RoleCreation.SERVICE:
            # the service has created the role, if a feature was configured
            role_restored = self._restore_role(self.state.role, create=False)
        return all_enabled and role_restored

    # the role

    def _restore_role(self, before: dict[str, Any], *, create: bool) -> bool:
        """Restore the role, and return whether this succeeded."""
        name = self.definition.role_name
        try:
            role = read_role(self.account, self.definition)
            if role is not None:
                why_not = None
                # the services of the next resources must see the role
                self._wait_until_visible(_SETTLE_SECONDS - _age(role) if create else 0)
            elif create:
                why_not = self._create_role(before["description"])
            else:
                return False
            if why_not is None:
                self._restore_tags({} if role is None else role.tags, before["tags"])
                self._restore_description(role, before["description"])
        except CALL_ERRORS as error:
            why_not = reason(error)
        if why_not is not None:
            self.on_event(Message(f"{name} was not restored: {why_not}"))
            return False
        self.state.record_role_restored()
        self.on_event(Message(f"{name} exists as before the release"))
        return True

    def _create_role(self, description: str) -> str | None:
        """Create the role and wait until IAM returns it. Return the reason if this fails."""
        definition = self.definition
        if definition.creation is RoleCreation.NEVER:
            return f"IAM now creates another role for {definition.service_principal}"
        parameters: dict[str, Any] = {"AWSServiceName": definition.service_principal}
        if description:
            parameters["Description"] = description
        try:
            self.account.region().api("iam").call("create_service_linked_role", **parameters)
        except ClientError as error:
            if code(error) != "InvalidInput":
                raise
            if "has been taken in this account" not in message(error):
                if definition.creation is RoleCreation.SERVICE:
                    return "only its service can create it, when the feature is configured"
                raise
        waited = 0
        while read_role(self.account, definition) is None:
            if waited >= _VISIBLE_SECONDS:
                return "IAM created it but does not return it yet"
            waited += _POLL_SECONDS
            self._wait(_POLL_SECONDS, f"IAM does not return {definition.role_name} yet")
        self._wait_until_visible(_SETTLE_SECONDS)
        return None

    def _wait_until_visible(self, seconds: float) -> None:
        """Wait until every service sees a new role."""
        if seconds > 0:
            self._role_is_new = True
            self._wait(
                min(math.ceil(seconds), _SETTLE_SECONDS),
                f"{self.definition.role_name} is new, and services may not see it yet",
            )

    def _wait(self, seconds: float, why: str) -> None:
        self.on_event(Waiting(seconds, why))
        time.sleep(seconds)

    def _restore_tags(self, current: dict[str, str], before: dict[str, str]) -> None:
        """Restore the tags of the role, except the leases of stacks that were deleted since."""
        name = self.definition.role_name
        tags = [
            {"Key": key, "Value": value}
            for key, value in before.items()
            if key not in current
            and not key.startswith((DELETION_LOCK_TAG, _RESERVED))
            and (
                not key.startswith(LEASE_TAG)
                or with_state(Lease(name, key, value), self.account).is_active
            )
        ]
        if tags:
            self.account.region().api("iam").call("tag_role", RoleName=name, Tags=tags)

    def _restore_description(self, role: Role | None, before: str) -> None:
        """Restore the description of the role, if its service created it."""
        by_service = self.definition.creation is RoleCreation.SERVICE
        if by_service and role is not None and role.description != before:
            self.account.region().api("iam").call(
                "update_role_description",
                RoleName=self.definition.role_name,
                Description=before,
            )

    # the usages

    def _enable(self, target: TargetResource) -> str:
        region = self.account.region(target.region)
        settings = self._with_current_arn(target.settings or {})
        current = target.kind.read_settings(region, target)
        if current is not None:
            self.state.record_enabled(target, target.arn)
            other = "" if current == settings else " with other settings, which are kept"
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
            return target.kind.configure(region, target, settings)
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
                # if several resources have the same settings, each replaces one of them
                similar = [target for target in wanted if _may_replace(each, target)]
                if similar and not self.state.knows(each.arn):
                    settings = kind.read_settings(region, each)
                    for target in [target for target in similar if target.settings == settings][:1]:
                        self._found[target.arn] = each.arn
                        wanted.remove(target)
            if page.next_token is None:
                return
            page = kind.read_page(region, page.next_token)

    def _with_current_arn(self, settings: Settings) -> Settings:
        """Return the settings with the new ARN of a recording configuration."""
        recreated = dict(self.state.recreated)
        arn = settings.get(_POINTER)
        while arn in recreated:
            # it may have been created again several times. pop: a cycle must end
            arn = recreated.pop(arn)
        return settings if arn is None else settings | {_POINTER: arn}


def _age(role: Role) -> float:
    return (datetime.now(UTC) - role.created).total_seconds()


def _may_replace(listed: TargetResource, wanted: TargetResource) -> bool:
    """Return whether the settings that a list contains are the same. A list has only a part."""
    names = ("name", "destinationConfiguration")
    found, expected = listed.settings or {}, wanted.settings or {}
    return all(found.get(name) == expected.get(name) for name in names)
