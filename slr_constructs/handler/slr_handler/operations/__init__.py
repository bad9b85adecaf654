"""The table: what the function does for each resource type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import contract
from . import (
    app_instance_streaming,
    ivs_recording,
    mediapackage_logging,
    mediatailor_logging,
    service_linked_role,
    voice_connector_streaming,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..contract import Contract
    from ..run import Run


@dataclass(frozen=True, slots=True)
class Operation:
    """One resource type: its contract, what puts it and what removes it.

    `put` serves create and update and `remove` serves delete; each may run twice, and each
    returns what it did as a sentence.
    """

    contract: type[Contract]
    put: Callable[[Any, Run], str]
    remove: Callable[[Any, Run], str]


def _wait_for_delete(wanted: Contract, _run: Run) -> str:
    """Do nothing: a release acts when it is deleted."""
    return f"{wanted.physical_id} will be released when this resource is deleted"


OPERATIONS = {
    each.contract.RESOURCE_TYPE: each
    for each in (
        Operation(
            contract.ServiceLinkedRole,
            service_linked_role.put,
            service_linked_role.remove,
        ),
        Operation(
            contract.VoiceConnectorStreaming,
            voice_connector_streaming.put,
            voice_connector_streaming.remove,
        ),
        Operation(
            contract.AppInstanceStreaming,
            app_instance_streaming.put,
            app_instance_streaming.remove,
        ),
        Operation(
            contract.IvsChannelRecording,
            ivs_recording.put,
            ivs_recording.remove,
        ),
        Operation(
            contract.MediaTailorSessionLogging,
            mediatailor_logging.put_session_logging,
            mediatailor_logging.remove_session_logging,
        ),
        Operation(
            contract.MediaTailorSessionLoggingRelease,
            _wait_for_delete,
            mediatailor_logging.remove_session_logging,
        ),
        Operation(
            contract.MediaTailorAsRunLogging,
            mediatailor_logging.put_as_run_logging,
            mediatailor_logging.remove_as_run_logging,
        ),
        Operation(
            contract.MediaTailorAsRunLoggingRelease,
            _wait_for_delete,
            mediatailor_logging.remove_as_run_logging,
        ),
        Operation(
            contract.MediaTailorLogRetention,
            mediatailor_logging.put_log_retention,
            mediatailor_logging.remove_log_retention,
        ),
        Operation(
            contract.MediaPackageChannelLogging,
            mediapackage_logging.put_channel_logging,
            mediapackage_logging.remove_channel_logging,
        ),
        Operation(
            contract.MediaPackageChannelLoggingRelease,
            _wait_for_delete,
            mediapackage_logging.remove_channel_logging,
        ),
        Operation(
            contract.MediaPackagePackagingGroupLogging,
            mediapackage_logging.put_packaging_group_logging,
            mediapackage_logging.remove_packaging_group_logging,
        ),
        Operation(
            contract.MediaPackagePackagingGroupLoggingRelease,
            _wait_for_delete,
            mediapackage_logging.remove_packaging_group_logging,
        ),
    )
}
