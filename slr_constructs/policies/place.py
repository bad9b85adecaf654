"""The partition, region and account of a policy, and the ARNs of resources in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from slr_constructs.permissions import Permission

if TYPE_CHECKING:
    from slr_constructs.catalogue import RoleDefinition

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

    @property
    def voice_connectors(self) -> str:
        """All Voice Connectors."""
        return self.arn("chime", "vc/*")

    @property
    def media_insights(self) -> str:
        """All media insights pipeline configurations."""
        return self.arn("chime", "media-insights-pipeline-configuration/*")

    @property
    def app_instances(self) -> str:
        """All app instances."""
        return self.arn("chime", "app-instance/*")

    @property
    def ivs_channels(self) -> str:
        """All IVS channels."""
        return self.arn("ivs", "channel/*")

    @property
    def recording_configurations(self) -> str:
        """All IVS recording configurations."""
        return self.arn("ivs", "recording-configuration/*")

    @property
    def playback_configurations(self) -> str:
        """All MediaTailor playback configurations."""
        return self.arn("mediatailor", "playbackConfiguration/*")

    @property
    def linear_channels(self) -> str:
        """All MediaTailor channels."""
        return self.arn("mediatailor", "channel/*")

    @property
    def live_channels(self) -> str:
        """All MediaPackage channels."""
        return self.arn("mediapackage", "channels/*")

    @property
    def packaging_groups(self) -> str:
        """All MediaPackage packaging groups."""
        return self.arn("mediapackage-vod", "packaging-groups/*")


def sid_of(definition: RoleDefinition) -> str:
    """Return the part of a Sid that stands for a role."""
    return f"{definition.role_name.removeprefix('AWSServiceRoleFor')}Role"
