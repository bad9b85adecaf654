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

#: the features of owners that a stack may mark, by resource type.
MARKED_FEATURES = {
    each.operation.contract.RESOURCE_TYPE: each
    for each in (
        *voice_connector_streaming.FEATURES,
        *app_instance_streaming.FEATURES,
        *ivs_recording.FEATURES,
        *mediatailor_logging.FEATURES,
        *mediapackage_logging.FEATURES,
    )
}
