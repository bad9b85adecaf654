"""The kinds of resources that use the roles of the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs import catalogue
from slr_constructs.account.usages import (
    app_instance_streaming,
    ivs_recording,
    mediapackage_logging,
    mediatailor_logging,
    voice_connector_streaming,
)

if TYPE_CHECKING:
    from slr_constructs.account.access import Account
    from slr_constructs.account.usages.kind import Kind
    from slr_constructs.catalogue import RoleDefinition

_KINDS: tuple[Kind, ...] = (
    *voice_connector_streaming.KINDS,
    *app_instance_streaming.KINDS,
    *ivs_recording.KINDS,
    *mediatailor_logging.KINDS,
    *mediapackage_logging.KINDS,
)
#: by name. State files contain these names.
KINDS = {kind.name: kind for kind in _KINDS}


def kinds_of(definition: RoleDefinition) -> tuple[Kind, ...]:
    """Return the kinds of resources that can use a role, in the order to disable them."""
    return tuple(KINDS[each.name] for each in catalogue.resource_types_of(definition))


def offered_regions(definition: RoleDefinition, account: Account) -> dict[Kind, list[str]]:
    """Return the regions in which each kind of resource that can use a role is offered.

    The installed botocore may be older than the catalogue. Regions that only the catalogue knows
    are included: a region that cannot be read is better than a region that is skipped.
    """
    kinds = kinds_of(definition)
    newer = account.unknown_regions(definition.regions or (), [kind.service for kind in kinds])
    return {kind: sorted({*account.regions(kind.service), *newer}) for kind in kinds}
