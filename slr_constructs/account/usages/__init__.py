"""The kinds of resources that use the roles of the catalogue.

The kinds of a role are in the order in which the AWS documentation disables them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs import catalogue
from slr_constructs.account.usages.app_instance_streaming import AppInstance
from slr_constructs.account.usages.ivs_recording import IvsChannel, RecordingConfiguration
from slr_constructs.account.usages.mediapackage_logging import LiveChannel, PackagingGroup
from slr_constructs.account.usages.mediatailor_logging import LinearChannel, PlaybackConfiguration
from slr_constructs.account.usages.voice_connector_streaming import VoiceConnector

if TYPE_CHECKING:
    from slr_constructs.account.access import Account
    from slr_constructs.account.usages.kind import Kind
    from slr_constructs.catalogue import RoleDefinition

_APP_INSTANCES = (AppInstance(),)
_BY_ROLE: dict[str, tuple[Kind, ...]] = {
    catalogue.CHIME_VOICE_CONNECTOR.role_name: (VoiceConnector(),),
    catalogue.CHIME_MESSAGING.role_name: _APP_INSTANCES,
    catalogue.CHIME_MESSAGING_LEGACY.role_name: _APP_INSTANCES,
    catalogue.IVS_RECORD_TO_S3.role_name: (IvsChannel(), RecordingConfiguration()),
    catalogue.MEDIATAILOR.role_name: (PlaybackConfiguration(), LinearChannel()),
    catalogue.MEDIAPACKAGE.role_name: (LiveChannel(), PackagingGroup()),
}
#: by name. State files contain these names.
KINDS = {kind.name: kind for kinds in _BY_ROLE.values() for kind in kinds}


def kinds_of(definition: RoleDefinition) -> tuple[Kind, ...]:
    """Return the kinds of resources that can use a role."""
    return _BY_ROLE[definition.role_name]


def offered_regions(definition: RoleDefinition, account: Account) -> dict[Kind, list[str]]:
    """Return the regions in which each kind of resource that can use a role is offered.

    The installed botocore may be older than the catalogue. Regions that only the catalogue knows
    are included: a region that cannot be read is better than a region that is skipped.
    """
    kinds = kinds_of(definition)
    newer = account.unknown_regions(definition.regions or (), [kind.service for kind in kinds])
    return {kind: sorted({*account.regions(kind.service), *newer}) for kind in kinds}
