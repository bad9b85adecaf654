"""AWS CDK constructs for features that work only through a service-linked role."""

from slr_constructs import catalogue
from slr_constructs.errors import UsageError
from slr_constructs.features.app_instance_streaming import AppInstanceStreaming, MessagingStream
from slr_constructs.features.ivs_recording import (
    IvsRecordingConfiguration,
    Renditions,
    Resolution,
    Thumbnails,
    ThumbnailStorage,
)
from slr_constructs.features.mediapackage_logging import AccessLogs, MediaPackageAccessLogging
from slr_constructs.features.mediatailor_logging import (
    MediaTailorAsRunLogging,
    MediaTailorSessionLogging,
)
from slr_constructs.features.voice_connector_streaming import (
    NotificationTarget,
    VoiceConnectorStreaming,
)
from slr_constructs.service_linked_role import RoleRemoval, ServiceLinkedRole

__all__ = [
    "AccessLogs",
    "AppInstanceStreaming",
    "IvsRecordingConfiguration",
    "MediaPackageAccessLogging",
    "MediaTailorAsRunLogging",
    "MediaTailorSessionLogging",
    "MessagingStream",
    "NotificationTarget",
    "Renditions",
    "Resolution",
    "RoleRemoval",
    "ServiceLinkedRole",
    "ThumbnailStorage",
    "Thumbnails",
    "UsageError",
    "VoiceConnectorStreaming",
    "catalogue",
]
