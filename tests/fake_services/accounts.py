"""Accounts, with their service-linked roles and stacks, as tests and the fake's services see them.

AWS's word: names, paths and ARNs, and that a managed policy of a service-linked role is under
`aws-service-role/`. Our model: an account has no roles but the service-linked ones, whoever calls
has every right that is not in `denied`, and a stack is nothing but a status and its resources.
"""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from slr_constructs.catalogue import RoleDefinition

#: long before any test.
LONG_AGO = datetime(2025, 1, 15, 12, 30, tzinfo=UTC)


@dataclass(slots=True)
class FakeRole:
    """A service-linked role."""

    definition: RoleDefinition
    arn: str
    #: tells one role from the next of the same name.
    id: str
    created: datetime = LONG_AGO
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    #: when, and in which region; None if never.
    last_used: tuple[datetime, str] | None = None
    #: names of AWS managed policies.
    policies: list[str] = field(default_factory=list)
    #: names of inline policies.
    inline: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What calls name it by."""
        return self.definition.role_name


@dataclass(slots=True)
class FakeStack:
    """A stack; a deleted one stays, with its status."""

    id: str
    name: str
    region: str
    status: str = "CREATE_COMPLETE"
    created: datetime = LONG_AGO
    #: logical id, type and physical id of each.
    resources: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def deleted(self) -> bool:
        """Whether it is found by its id alone."""
        return self.status == "DELETE_COMPLETE"


@dataclass(slots=True)
class FakeAccount:
    """One account."""

    id: str
    name: str = ""
    #: whether it is in the organization.
    organization: bool = True
    status: str = "ACTIVE"
    #: by name.
    roles: dict[str, FakeRole] = field(default_factory=dict)
    #: by ARN.
    stacks: dict[str, FakeStack] = field(default_factory=dict)
    disabled_regions: set[str] = field(default_factory=set)
    #: IAM actions, or `action@region`.
    denied: set[str] = field(default_factory=set)
    #: names of the roles in it that anybody may assume.
    assumable: set[str] = field(default_factory=set)
    #: how many polls say of a deletion that it is in progress.
    in_use_polls: int = 1
    #: `Reason` structures: the next deletions fail with these, whatever the account looks like.
    failing_deletions: list[dict[str, Any]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def add_role(
        self,
        definition: RoleDefinition,
        *,
        description: str = "",
        tags: Mapping[str, str] | None = None,
        created: datetime | None = None,
        last_used: tuple[datetime, str] | None = None,
        policies: Iterable[str] | None = None,
        inline: Iterable[str] = (),
    ) -> FakeRole:
        """Put a role there.

        Args:
            definition: Its name and principal.

            description: What it says of itself.
                Default: nothing.

            tags: Its tags.
                Default: none.

            created: When it was made.
                Default: long ago.

            last_used: When its service last used it, and in which region.
                Default: never.

            policies: The names of its AWS managed policies.
                Default: the one of the definition, if that has one.

            inline: The names of its inline policies.
                Default: none.
        """
        if policies is None:
            policies = filter(None, [definition.managed_policy])
        role = FakeRole(
            definition,
            definition.arn(partition="aws", account=self.id),
            f"AROA{next(self._numbers):016}",
            created or LONG_AGO,
            description,
            dict(tags or {}),
            last_used,
            [*policies],
            [*inline],
        )
        self.roles[role.name] = role
        return role

    def add_stack(
        self,
        name: str,
        region: str,
        *,
        status: str = "CREATE_COMPLETE",
        resources: Iterable[tuple[str, str, str]] = (),
    ) -> str:
        """Put a stack there, and return its id.

        Args:
            name: Its name, which deleted stacks may have had, too.

            region: Where it is.

            status: Its status.
                Default: it was created.

            resources: Logical id, type and physical id of each.
                Default: none.
        """
        # the same in every run, so that what is printed of it is
        known = uuid.uuid5(uuid.NAMESPACE_URL, f"{self.id}/{region}/{name}/{len(self.stacks)}")
        arn = f"arn:aws:cloudformation:{region}:{self.id}:stack/{name}/{known}"
        self.stacks[arn] = FakeStack(arn, name, region, status, resources=[*resources])
        return arn
