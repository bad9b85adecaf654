"""The partition, region and account of a policy, and the ARNs of resources in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from slr_constructs._permissions import Permission

if TYPE_CHECKING:
    from slr_constructs.catalogue import ResourceType, RoleDefinition

Statements: TypeAlias = dict[str, Permission]
"""Permissions by their Sids."""


class Place(NamedTuple):
    """A partition, a region and an account; `*` stands for all of them."""

    partition: str
    region: str
    account: str

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource in the account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def role(self, definition: RoleDefinition) -> str:
        """Return the ARN of a service-linked role."""
        return definition.arn(partition=self.partition, account=self.account)

    def role_without_path(self, definition: RoleDefinition) -> str:
        """Return the ARN that IAM checks if the role does not exist: it has no path."""
        return self.role(definition).replace(definition.path, "/")

    def resources(self, target: ResourceType) -> str:
        """Return the ARN of all resources of a type."""
        return target.identifier.arn(**self._asdict(), name="*")

    def required(self, target: ResourceType) -> Statements:
        """Return the statements for what the caller needs in addition to configure a feature."""
        return {
            each.sid: Permission(each.actions, [each.resource.format(**self._asdict())])
            for each in target.requirements
        }


def sid_of(definition: RoleDefinition) -> str:
    """Return the part of a Sid that stands for a role."""
    name = definition.role_name.removeprefix("AWSServiceRoleFor")
    # IAM accepts only letters and digits. Different names must stay different
    return re.sub("[^A-Za-z0-9]", lambda each: f"x{ord(each[0]):x}", name) + "Role"
