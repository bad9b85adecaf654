"""The operations of the function, one for each resource type."""

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
    """One resource type: its contract, and how to configure and remove its target.

    `configure` handles create and update, `remove` handles delete. Both are idempotent and return
    a sentence about what they did.
    """

    contract: type[Contract]
    configure: Callable[[Any, Run], str]
    remove: Callable[[Any, Run], str]


def _do_nothing_until_delete(wanted: Contract, _run: Run) -> str:
    """Do nothing: a clean-up resource acts only when it is deleted."""
    return f"{wanted.physical_id} will be disabled when this resource is deleted"


OPERATIONS = {
    each.contract.RESOURCE_TYPE: each
    for each in (
        Operation(
            contract.ServiceLinkedRole,
            service_linked_role.configure,
            service_linked_role.remove,
        ),
        Operation(
            contract.VoiceConnectorStreaming,
            voice_connector_streaming.configure,
            voice_connector_streaming.remove,
        ),
        Operation(
            contract.AppInstanceStreaming,
            app_instance_streaming.configure,
            app_instance_streaming.remove,
        ),
        Operation(
            contract.IvsChannelRecording,
            ivs_recording.configure,
            ivs_recording.remove,
        ),
        Operation(
            contract.MediaTailorSessionLogging,
            mediatailor_logging.configure_session_logging,
            mediatailor_logging.remove_session_logging,
        ),
        Operation(
            contract.MediaTailorSessionLoggingCleanUp,
            _do_nothing_until_delete,
            mediatailor_logging.remove_session_logging,
        ),
        Operation(
            contract.MediaTailorAsRunLogging,
            mediatailor_logging.configure_as_run_logging,
            mediatailor_logging.remove_as_run_logging,
        ),
        Operation(
            contract.MediaTailorAsRunLoggingCleanUp,
            _do_nothing_until_delete,
            mediatailor_logging.remove_as_run_logging,
        ),
        Operation(
            contract.MediaTailorLogRetention,
            mediatailor_logging.configure_log_retention,
            mediatailor_logging.remove_log_retention,
        ),
        Operation(
            contract.MediaPackageChannelLogging,
            mediapackage_logging.configure_channel_logging,
            mediapackage_logging.remove_channel_logging,
        ),
        Operation(
            contract.MediaPackageChannelLoggingCleanUp,
            _do_nothing_until_delete,
            mediapackage_logging.remove_channel_logging,
        ),
        Operation(
            contract.MediaPackagePackagingGroupLogging,
            mediapackage_logging.configure_packaging_group_logging,
            mediapackage_logging.remove_packaging_group_logging,
        ),
        Operation(
            contract.MediaPackagePackagingGroupLoggingCleanUp,
            _do_nothing_until_delete,
            mediapackage_logging.remove_packaging_group_logging,
        ),
    )
}
