"""The operations of the function, by resource type."""

from __future__ import annotations

from . import (
    app_instance_streaming,
    ivs_recording,
    mediapackage_logging,
    mediatailor_logging,
    service_linked_role,
    voice_connector_streaming,
)

OPERATIONS = {
    each.contract.RESOURCE_TYPE: each
    for each in (
        *service_linked_role.OPERATIONS,
        *voice_connector_streaming.OPERATIONS,
        *app_instance_streaming.OPERATIONS,
        *ivs_recording.OPERATIONS,
        *mediatailor_logging.OPERATIONS,
        *mediapackage_logging.OPERATIONS,
    )
}
