"""Service-linked roles as IAM shows them, and the leases on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from slr_constructs.account.stacks import StackState, name_of, region_of, state_of
from slr_constructs.handler.slr_handler.aws import gone
from slr_constructs.handler.slr_handler.operations.service_linked_role import (
    LEASE_TAG,
    MADE_MARK,
    MADE_TAG,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from slr_constructs.account.access import Account
    from slr_constructs.catalogue import RoleDefinition
    from slr_constructs.handler.slr_handler.aws import Api


@dataclass(frozen=True, slots=True)
class Lease:
    """What a stack that holds a role has written on it."""

    role_name: str
    #: the tag's key.
    tag: str
    #: the stack's id.
    stack: str
    state: StackState = StackState.UNKNOWN

    @property
    def stack_name(self) -> str:
        """The stack's name."""
        return name_of(self.stack)

    @property
    def region(self) -> str | None:
        """Where the stack is."""
        return region_of(self.stack)

    @property
    def holds(self) -> bool:
        """Whether the role is held: as far as anybody can tell, the stack is there."""
        return self.state is not StackState.GONE


@dataclass(frozen=True, slots=True)
class Role:
    """A role that is there."""

    definition: RoleDefinition
    arn: str
    created: datetime
    last_used: datetime | None
    last_used_region: str | None
    description: str
    tags: dict[str, str]
    #: ARNs.
    attached_policies: tuple[str, ...]
    #: names: IVS writes one for each bucket, as far as is known.
    inline_policies: tuple[str, ...]

    @property
    def made_here(self) -> bool:
        """Whether this library made it."""
        return self.tags.get(MADE_TAG) == "true" or self.description.endswith(MADE_MARK)

    @property
    def policy_as_known(self) -> bool | None:
        """Whether the one policy is the one that the catalogue knows; None if it knows none."""
        known = self.definition.managed_policy
        if known is None:
            return None
        return [arn.rpartition("/")[2] for arn in self.attached_policies] == [known]

    def leases(self) -> list[Lease]:
        """Return the leases; whether their stacks are there, nobody has looked."""
        return [
            Lease(self.definition.role_name, tag, stack)
            for tag, stack in sorted(self.tags.items(), key=lambda each: (each[1], each[0]))
            if tag.startswith(LEASE_TAG)
        ]


def read_role(account: Account, definition: RoleDefinition) -> Role | None:
    """Return a role of the account; None if it is not there.

    Raises:
        ClientError: IAM does not say.
    """
    iam = account.region().api("iam")
    name = definition.role_name
    try:
        role = iam.call("get_role", RoleName=name)["Role"]
        attached = [*_all(iam, "list_attached_role_policies", "AttachedPolicies", name)]
        inline = [*_all(iam, "list_role_policies", "PolicyNames", name)]
    except ClientError as error:
        if not gone(error):
            raise
        return None
    used = role.get("RoleLastUsed", {})
    return Role(
        definition=definition,
        arn=role["Arn"],
        created=role["CreateDate"],
        last_used=used.get("LastUsedDate"),
        last_used_region=used.get("Region"),
        description=role.get("Description", ""),
        tags={tag["Key"]: tag["Value"] for tag in role.get("Tags", [])},
        attached_policies=tuple(each["PolicyArn"] for each in attached),
        inline_policies=tuple(inline),
    )


def _all(iam: Api, method: str, member: str, name: str) -> Iterator[Any]:
    given: dict[str, Any] = {}
    while True:
        answer = iam.call(method, RoleName=name, **given)
        yield from answer[member]
        if not answer["IsTruncated"]:
            return
        given = {"Marker": answer["Marker"]}


def looked_up(lease: Lease, account: Account) -> Lease:
    """Return a lease with what is known of its stack."""
    return replace(lease, state=state_of(lease.stack, account))
