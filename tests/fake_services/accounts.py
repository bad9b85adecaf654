"""Accounts with their service-linked roles and stacks, as tests and the fake services see them.

From AWS: the ARN of a stack. Our model: an account has no other roles, a caller has every
permission that is not in `denied`, and a stack is only a status and its resources.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.fake_services.service_linked_roles import AccountRoles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from slr_constructs.catalogue import RoleDefinition
    from tests.fake_services.service_linked_roles import Role

#: long before any test.
LONG_AGO = datetime(2025, 1, 15, 12, 30, tzinfo=UTC)


@dataclass(slots=True)
class FakeStack:
    """A stack. A deleted stack stays, with its status."""

    id: str
    name: str
    region: str
    status: str = "CREATE_COMPLETE"
    created: datetime = LONG_AGO
    #: logical id, type and physical id of each.
    resources: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def deleted(self) -> bool:
        """Whether only its id finds the stack."""
        return self.status == "DELETE_COMPLETE"


@dataclass
class FakeAccount(AccountRoles):
    """One account."""

    name: str = ""
    #: whether the account is in the organization.
    organization: bool = True
    status: str = "ACTIVE"
    #: by ARN.
    stacks: dict[str, FakeStack] = field(default_factory=dict)
    disabled_regions: set[str] = field(default_factory=set)
    #: IAM actions, or `action@region`.
    denied: set[str] = field(default_factory=set)
    #: names of the roles that every caller can assume.
    assumable: set[str] = field(default_factory=set)
    #: `Reason` structures: the next deletions fail with these, even if the role is not in use.
    failing_deletions: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Return the next planned failure of a deletion."""
        self.planned_failure = lambda _role: (
            self.failing_deletions.pop(0) if self.failing_deletions else None
        )

    def add_role(
        self,
        definition: RoleDefinition,
        *,
        description: str = "",
        tags: Mapping[str, str] | None = None,
        created: datetime = LONG_AGO,
        last_used: tuple[datetime, str] | None = None,
        policies: Iterable[str] | None = None,
        inline: Iterable[str] = (),
    ) -> Role:
        """Add a role.

        Args:
            definition: Its name and principal.

            description: Its description.
                Default: none.

            tags: Its tags.
                Default: none.

            created: When it was created.
                Default: long ago.

            last_used: When its service last used it, and in which region.
                Default: never.

            policies: The names of its AWS managed policies.
                Default: the policy of the definition, if it names one.

            inline: The names of its inline policies.
                Default: none.
        """
        role = self.create(definition, description, created=created.timestamp())
        role.tags, role.last_used, role.inline = dict(tags or {}), last_used, [*inline]
        if policies is not None:
            role.policies = [*policies]
        return role

    def add_stack(
        self,
        name: str,
        region: str,
        *,
        status: str = "CREATE_COMPLETE",
        resources: Iterable[tuple[str, str, str]] = (),
    ) -> str:
        """Add a stack, and return its id.

        Args:
            name: Its name. Deleted stacks can have the same name.

            region: Its region.

            status: Its status.
                Default: it was created.

            resources: Logical id, type and physical id of each.
                Default: none.
        """
        # the same in every run, so that printed output is the same
        known = uuid.uuid5(uuid.NAMESPACE_URL, f"{self.id}/{region}/{name}/{len(self.stacks)}")
        arn = f"arn:aws:cloudformation:{region}:{self.id}:stack/{name}/{known}"
        self.stacks[arn] = FakeStack(arn, name, region, status, resources=[*resources])
        return arn
