"""Put back what a release has switched off, by its state file.

In the other order: the role, the recording configurations, and then all the rest. What somebody has
switched on since, with the same settings or with others, is left as it is.
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
from slr_constructs.account.changing import Changes, Said, Waiting
from slr_constructs.account.roles import Lease, looked_up, read_role
from slr_constructs.catalogue import RoleCreation
from slr_constructs.handler.slr_handler.aws import code, message
from slr_constructs.handler.slr_handler.operations.service_linked_role import (
    CLOSING_TAG,
    LEASE_TAG,
)
from slr_constructs.handler.slr_handler.run import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from slr_constructs.account.access import Account, Region
    from slr_constructs.account.changing import Tell
    from slr_constructs.account.roles import Role
    from slr_constructs.account.state import State
    from slr_constructs.account.uses.kind import Settings, Thing
    from slr_constructs.catalogue import RoleDefinition

#: tags that only AWS may give.
_RESERVED = "aws:"
#: IAM shows a new role before every service sees it.
_SETTLE_SECONDS = 15
_VISIBLE_SECONDS = 60
_LOOK_SECONDS = 2
_POINTER = "recordingConfigurationArn"
#: of an IVS channel that is live, or of anything that is being changed.
_BUSY = frozenset({"ConflictException"})
#: "Unable to create service linked role", as long as a service does not see a new one.
_ROLE_UNSEEN = frozenset({"BadRequestException"})


@dataclass(slots=True)
class Restore:
    """A restore that goes on.

    Args:
        account: The account.

        state: What was switched off.

        wait_seconds: For how long what is busy is waited for.

        tell: Is told of all that happens.
    """

    account: Account
    state: State
    wait_seconds: float
    tell: Tell
    changes: Changes = field(default_factory=Changes)
    _role_is_new: bool = False
    #: by ARN: what an earlier restore made in a thing's place, and had no time to write down; or
    #: why nobody knows whether it did.
    _made: dict[str, str | Exception] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a file of another account.

        Raises:
            AccountError: It is.
        """
        if self.state.account != self.account.id:
            raise AccountError(
                f"{self.state.path} is about account {self.state.account}, and these credentials"
                f" are for {self.account.id}"
            )

    @property
    def definition(self) -> RoleDefinition:
        """The role."""
        return catalogue.by_role_name(self.state.role_name)

    @property
    def stages(self) -> Iterator[list[Thing]]:
        """Yield what is switched on side by side: first what is made again, then all the rest."""
        off = sorted(
            self.state.off.values(),
            key=lambda each: (each.kind.name, each.region, each.name, each.arn),
        )
        for deleted in (True, False):
            yield [thing for thing in off if thing.kind.deleted is deleted]

    @property
    def needed(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.state.off) or self.state.role is not None

    def run(self) -> bool:
        """Put everything back, and tell whether all of it is.

        Without its role the rest is put back too: services make their roles, as a rule.

        Raises:
            AccountError: The state file cannot be written; what was done before, stays done.
        """
        there = self.state.role is None or self._restore_role(self.state.role, make=True)
        every = True
        for stage in self.stages:
            self._find_made(stage)
            every &= self.changes.make(
                stage, self._on, wait_seconds=self.wait_seconds, tell=self.tell
            )
        if self.state.role is not None and self.definition.creation is RoleCreation.SERVICE:
            # its service has made it by now, if there was anything to switch on
            there = self._restore_role(self.state.role, make=False)
        return every and there

    # the role

    def _restore_role(self, before: dict[str, Any], *, make: bool) -> bool:
        """Tell whether the role is there as it was."""
        name = self.definition.role_name
        try:
            role = read_role(self.account, self.definition)
            if role is not None:
                why_not = None
                # for what is switched on next
                self._settle(_SETTLE_SECONDS - _age(role) if make else 0)
            elif make:
                why_not = self._make_role(before["description"])
            else:
                return False
            if why_not is None:
                self._tag_role({} if role is None else role.tags, before["tags"])
                self._describe_role(role, before["description"])
        except CALL_ERRORS as error:
            why_not = reason(error)
        if why_not is not None:
            self.tell(Said(f"{name} is not put back: {why_not}"))
            return False
        self.state.restored_role()
        self.tell(Said(f"{name} is there as it was"))
        return True

    def _make_role(self, description: str) -> str | None:
        """Make the role and wait until it is there; tell why not, if it is not."""
        definition = self.definition
        if definition.creation is RoleCreation.NEVER:
            return f"IAM makes another role for {definition.service_principal} today"
        given: dict[str, Any] = {"AWSServiceName": definition.service_principal}
        if description:
            given["Description"] = description
        try:
            self.account.region().api("iam").call("create_service_linked_role", **given)
        except ClientError as error:
            if code(error) != "InvalidInput":
                raise
            if "has been taken in this account" not in message(error):
                if definition.creation is RoleCreation.SERVICE:
                    return "it is left to its service, which makes it with the feature"
                raise
        waited = 0
        while read_role(self.account, definition) is None:
            if waited >= _VISIBLE_SECONDS:
                return "it was made, and IAM does not show it yet"
            waited += _LOOK_SECONDS
            self._wait(_LOOK_SECONDS, f"IAM does not show {definition.role_name} yet")
        self._settle(_SETTLE_SECONDS)
        return None

    def _settle(self, seconds: float) -> None:
        """Wait until every service sees a role that is new, whoever made it."""
        if seconds > 0:
            self._role_is_new = True
            self._wait(
                min(math.ceil(seconds), _SETTLE_SECONDS), f"{self.definition.role_name} is new"
            )

    def _wait(self, seconds: float, why: str) -> None:
        self.tell(Waiting(seconds, why))
        time.sleep(seconds)

    def _tag_role(self, there: dict[str, str], before: dict[str, str]) -> None:
        """Give the role its tags again; not the leases of stacks that have gone meanwhile."""
        name = self.definition.role_name
        tags = [
            {"Key": key, "Value": value}
            for key, value in before.items()
            if key not in there
            and not key.startswith((CLOSING_TAG, _RESERVED))
            and (
                not key.startswith(LEASE_TAG)
                or looked_up(Lease(name, key, value), self.account).holds
            )
        ]
        if tags:
            self.account.region().api("iam").call("tag_role", RoleName=name, Tags=tags)

    def _describe_role(self, role: Role | None, before: str) -> None:
        """Give the role its description again, if it was its service that made it."""
        by_service = self.definition.creation is RoleCreation.SERVICE
        if by_service and role is not None and role.description != before:
            self.account.region().api("iam").call(
                "update_role_description",
                RoleName=self.definition.role_name,
                Description=before,
            )

    # what uses it

    def _on(self, thing: Thing) -> str:
        region = self.account.region(thing.region)
        settings = self._as_of_today(thing.settings or {})
        current = thing.kind.look(region, thing)
        if current is not None:
            self.state.switched_on(thing, thing.arn)
            same = current == settings
            return f"{thing.arn} is on already{'' if same else ', with other settings: left so'}"
        made = self._made.get(thing.arn)
        if isinstance(made, Exception):
            raise made
        arn = made or self._switch(region, thing, settings)
        self.state.switched_on(thing, arn)
        return f"{thing.arn} is on" if arn == thing.arn else f"{thing.arn} is made again as {arn}"

    def _switch(self, region: Region, thing: Thing, settings: Settings) -> str:
        if thing.kind.deleted:
            self.state.making(thing)
        try:
            return thing.kind.on(region, thing, settings)
        except ClientError as error:
            if code(error) in (_BUSY | _ROLE_UNSEEN if self._role_is_new else _BUSY):
                raise RefusedError(f"{thing.arn} is busy: {reason(error)}") from error
            raise

    def _find_made(self, stage: Sequence[Thing]) -> None:
        """Find what an earlier restore made, and had no time to write down, before more is made."""
        doubtful = [thing for thing in stage if thing.arn in self.state.being_made]
        for place in dict.fromkeys((thing.kind, thing.region) for thing in doubtful):
            wanted = [thing for thing in doubtful if (thing.kind, thing.region) == place]
            try:
                self._find_made_in(self.account.region(wanted[0].region), wanted)
            except CALL_ERRORS as error:
                self._made |= {thing.arn: error for thing in wanted}

    def _find_made_in(self, region: Region, wanted: list[Thing]) -> None:
        kind = wanted[0].kind
        page = kind.page(region)
        while True:
            for each in page.things:
                # of several that are alike, each was made in place of one
                alike = [thing for thing in wanted if _may_be(each, thing)]
                if alike and not self.state.knows(each.arn):
                    settings = kind.look(region, each)
                    for thing in [thing for thing in alike if thing.settings == settings][:1]:
                        self._made[thing.arn] = each.arn
                        wanted.remove(thing)
            if page.next is None:
                return
            page = kind.page(region, page.next)

    def _as_of_today(self, settings: Settings) -> Settings:
        """Return settings that point at what has another ARN by now."""
        again = dict(self.state.made_again)
        pointed = settings.get(_POINTER)
        while pointed in again:
            # it may have been made again more than once, but not in a circle
            pointed = again.pop(pointed)
        return settings if pointed is None else settings | {_POINTER: pointed}


def _age(role: Role) -> float:
    return (datetime.now(UTC) - role.created).total_seconds()


def _may_be(listed: Thing, wanted: Thing) -> bool:
    """Tell whether a list says nothing against it: it does not say everything."""
    names = ("name", "destinationConfiguration")
    here, there = listed.settings or {}, wanted.settings or {}
    return all(here.get(name) == there.get(name) for name in names)
