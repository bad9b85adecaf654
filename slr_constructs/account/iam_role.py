"""Service-linked roles as IAM returns them, and the leases on them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from slr_constructs.account.access import CALL_ERRORS, AccountError, pages_of
from slr_constructs.account.stacks import OfStack, StackState, read_state
from slr_constructs.catalogue import ALL, RoleDefinition
from slr_constructs.handler.slr_handler.aws import is_not_found
from slr_constructs.handler.slr_handler.contract import TAG_PREFIX
from slr_constructs.handler.slr_handler.operations.service_linked_role import (
    CREATED_MARK,
    CREATED_TAG,
    DELETION_LOCK_TAG,
    KEPT_TAG,
    LEASE_TAG,
    reason_to_stay,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slr_constructs.account.access import Account
    from slr_constructs.account.usages.kind import Mark


@dataclass(frozen=True, slots=True)
class Lease(OfStack):
    """A tag on a role by which a stack declares that it needs the role."""

    role_name: str
    #: the key of the tag.
    tag: str
    #: the id of the stack.
    stack: str
    state: StackState = StackState.UNKNOWN

    noun = "lease"

    @property
    def place(self) -> str:
        """The role."""
        return self.role_name


@dataclass(frozen=True, slots=True)
class Role:
    """A role that exists."""

    definition: RoleDefinition
    arn: str
    created: datetime
    last_used: datetime | None
    last_used_region: str | None
    description: str
    tags: dict[str, str]
    #: ARNs.
    attached_policies: tuple[str, ...] = ()
    #: names. IVS is known to write one inline policy for each bucket.
    inline_policies: tuple[str, ...] = ()

    @property
    def created_by_library(self) -> bool:
        """Whether slr-constructs created the role."""
        return CREATED_TAG in self.tags or self.description.endswith(CREATED_MARK)

    @property
    def is_managed(self) -> bool:
        """Whether slr-constructs created the role, or has tags on it."""
        return self.created_by_library or any(key.startswith(TAG_PREFIX) for key in self.tags)

    @property
    def was_used_recently(self) -> bool:
        """Whether the service used the role within the last two weeks, as far as IAM knows."""
        used = self.last_used
        return used is not None and datetime.now(UTC) - used < RECENT

    @property
    def kept(self) -> str | None:
        """Why slr-constructs does not delete the role, or did not; None if nothing is recorded."""
        return reason_to_stay(self.tags) or self.tags.get(KEPT_TAG)

    @property
    def deletion_locks(self) -> list[datetime]:
        """When each stack or release that is deleting the role, or was, has renewed its lock."""
        return sorted(
            datetime.fromtimestamp(int(since), UTC)
            for tag, since in self.tags.items()
            if tag.startswith(DELETION_LOCK_TAG) and _SECONDS.fullmatch(since)
        )

    @property
    def has_expected_policy(self) -> bool | None:
        """Whether the catalogue's policy is the only one; None if the catalogue has none."""
        expected = self.definition.managed_policy
        if expected is None:
            return None
        return [arn.rpartition("/")[2] for arn in self.attached_policies] == [expected]

    def leases(self) -> list[Lease]:
        """Return the leases. The states of their stacks are not read yet."""
        return [
            Lease(self.definition.role_name, tag, stack)
            for tag, stack in sorted(self.tags.items(), key=lambda each: (each[1], each[0]))
            if tag.startswith(LEASE_TAG)
        ]


#: a role that was used within this time may still be in use.
RECENT = timedelta(days=14)
#: the path of a service-linked role.
_PATH = re.compile(r"/aws-service-role/([a-z0-9-]+(?:\.[a-z0-9-]+)+)/")
#: the value of a deletion lock, in seconds since the epoch.
_SECONDS = re.compile(r"[0-9]{1,10}")

Tag = TypeVar("Tag", "Lease", "Mark")


def definition_of(found: Mapping[str, Any]) -> RoleDefinition | None:
    """Return the definition of a role that IAM returned; None for an ordinary role."""
    path = _PATH.fullmatch(found["Path"])
    if path is None:
        return None
    own = RoleDefinition(found["RoleName"], path[1])
    return next((each for each in ALL if (each.role_name, each.path) == _key(own)), own)


def _key(definition: RoleDefinition) -> tuple[str, str]:
    return definition.role_name, definition.path


def list_roles(account: Account, service_principal: str = "") -> list[RoleDefinition]:
    """Return the service-linked roles of the account, or only those of a service.

    Raises:
        ClientError: IAM refuses the call.
    """
    prefix = (
        f"/aws-service-role/{service_principal}/" if service_principal else "/aws-service-role/"
    )
    iam = account.region().api("iam")
    pages = pages_of(iam, "list_roles", next_member="Marker", PathPrefix=prefix)
    found = [definition_of(each) for page in pages for each in page["Roles"]]
    return sorted(filter(None, found), key=_key)


def find_role(account: Account, role_name: str) -> RoleDefinition | None:
    """Return the definition of a service-linked role; None if it does not exist.

    Raises:
        AccountError: The role is an ordinary role.
        ClientError: IAM refuses the call.
    """
    try:
        found = account.region().api("iam").call("get_role", RoleName=role_name)["Role"]
    except ClientError as error:
        if not is_not_found(error):
            raise
        return None
    definition = definition_of(found)
    if definition is None:
        raise AccountError(f"{role_name} is not a service-linked role: its path is {found['Path']}")
    return definition


def read_role(
    account: Account, definition: RoleDefinition, *, only_managed: bool = False
) -> Role | None:
    """Return a role of the account; None if it does not exist.

    Args:
        account: The account.

        definition: The role.

        only_managed: Return None if slr-constructs neither created the role nor has tags on it.
            Its policies are then not read.
            Default: any role is returned.

    Raises:
        AccountError: The role belongs to another service, or to none.
        ClientError: IAM refuses the call.
    """
    iam = account.region().api("iam")
    name = definition.role_name
    try:
        role = iam.call("get_role", RoleName=name)["Role"]
        if role["Path"] != definition.path:
            raise AccountError(
                f"{name} is not a service-linked role of {definition.service_principal}: its path"
                f" is {role['Path']}"
            )
        if only_managed and not _parsed(definition, role).is_managed:
            return None
        lists = ("list_attached_role_policies", "list_role_policies")
        attached, inline = (
            [*pages_of(iam, each, next_member="Marker", RoleName=name)] for each in lists
        )
    except ClientError as error:
        if not is_not_found(error):
            raise
        return None
    return replace(
        _parsed(definition, role),
        attached_policies=tuple(
            each["PolicyArn"] for page in attached for each in page["AttachedPolicies"]
        ),
        inline_policies=tuple(each for page in inline for each in page["PolicyNames"]),
    )


def _parsed(definition: RoleDefinition, role: Mapping[str, Any]) -> Role:
    """Return a role without its policies."""
    used = role.get("RoleLastUsed", {})
    return Role(
        definition=definition,
        arn=role["Arn"],
        created=role["CreateDate"],
        last_used=used.get("LastUsedDate"),
        last_used_region=used.get("Region"),
        description=role.get("Description", ""),
        tags={tag["Key"]: tag["Value"] for tag in role.get("Tags", [])},
    )


def with_state(tag: Tag, account: Account) -> Tag:
    """Return a lease or mark with the state of its stack; UNKNOWN if it cannot be read."""
    try:
        state = read_state(tag.stack, account)
    except CALL_ERRORS:
        state = StackState.UNKNOWN
    return replace(tag, state=state)
