"""What uses the roles of the catalogue, in the order in which the documents let go of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs import catalogue
from slr_constructs.account.uses.app_instance_streaming import AppInstance
from slr_constructs.account.uses.ivs_recording import IvsChannel, RecordingConfiguration
from slr_constructs.account.uses.mediapackage_logging import LiveChannel, PackagingGroup
from slr_constructs.account.uses.mediatailor_logging import LinearChannel, PlaybackConfiguration
from slr_constructs.account.uses.voice_connector_streaming import VoiceConnector

if TYPE_CHECKING:
    from slr_constructs.account.access import Account
    from slr_constructs.account.uses.kind import Kind
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
#: by name, as state files have it.
KINDS = {kind.name: kind for kinds in _BY_ROLE.values() for kind in kinds}


def kinds_of(definition: RoleDefinition) -> tuple[Kind, ...]:
    """Return what may use a role of the catalogue."""
    return _BY_ROLE[definition.role_name]


def offered(definition: RoleDefinition, account: Account) -> dict[Kind, list[str]]:
    """Return the regions in which what may use a role is offered.

    Where the botocore that is installed is older than the catalogue, what the catalogue has and
    botocore has not is asked for too: better a region that does not answer than one left out.
    """
    kinds = kinds_of(definition)
    newer = account.unknown(definition.regions or (), [kind.service for kind in kinds])
    return {kind: sorted({*account.regions(kind.service), *newer}) for kind in kinds}
