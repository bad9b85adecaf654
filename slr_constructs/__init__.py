"""AWS CDK constructs for features that work only through a service-linked role.

The module of a name is imported when the name is first used. Code that needs only the catalogue,
such as the command line, does not load CDK, which takes seconds and starts Node.js.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from slr_constructs import catalogue

if TYPE_CHECKING:
    from slr_constructs._ensure_service_linked_roles import EnsureServiceLinkedRoles
    from slr_constructs._function_settings import ServiceLinkedRoleFunction
    from slr_constructs._role_guard import RoleGuard
    from slr_constructs._service_linked_role import RoleRemoval, ServiceLinkedRole
    from slr_constructs._usage_error import UsageError
    from slr_constructs._version import __version__
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
        LoggingStrategy,
        MediaTailorAsRunLogging,
        MediaTailorSessionLogging,
    )
    from slr_constructs.features.voice_connector_streaming import (
        NotificationTarget,
        VoiceConnectorStreaming,
    )
    from slr_constructs.guard.rule import Severity
else:
    # not for type checkers: with this function, they would accept any name
    def __getattr__(name: str) -> object:
        """Import the module of a name on first use."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
        # the next access finds the name without this function
        globals()[name] = found
        return found


__all__ = [
    "AccessLogs",
    "AppInstanceStreaming",
    "EnsureServiceLinkedRoles",
    "IvsRecordingConfiguration",
    "LoggingStrategy",
    "MediaPackageAccessLogging",
    "MediaTailorAsRunLogging",
    "MediaTailorSessionLogging",
    "MessagingStream",
    "NotificationTarget",
    "Renditions",
    "Resolution",
    "RoleGuard",
    "RoleRemoval",
    "ServiceLinkedRole",
    "ServiceLinkedRoleFunction",
    "Severity",
    "ThumbnailStorage",
    "Thumbnails",
    "UsageError",
    "VoiceConnectorStreaming",
    "__version__",
    "catalogue",
]

#: The module of each public name.
_MODULES = {
    "AccessLogs": "features.mediapackage_logging",
    "AppInstanceStreaming": "features.app_instance_streaming",
    "EnsureServiceLinkedRoles": "_ensure_service_linked_roles",
    "IvsRecordingConfiguration": "features.ivs_recording",
    "LoggingStrategy": "features.mediatailor_logging",
    "MediaPackageAccessLogging": "features.mediapackage_logging",
    "MediaTailorAsRunLogging": "features.mediatailor_logging",
    "MediaTailorSessionLogging": "features.mediatailor_logging",
    "MessagingStream": "features.app_instance_streaming",
    "NotificationTarget": "features.voice_connector_streaming",
    "Renditions": "features.ivs_recording",
    "Resolution": "features.ivs_recording",
    "RoleGuard": "_role_guard",
    "RoleRemoval": "_service_linked_role",
    "ServiceLinkedRole": "_service_linked_role",
    "ServiceLinkedRoleFunction": "_function_settings",
    "Severity": "guard.rule",
    "ThumbnailStorage": "features.ivs_recording",
    "Thumbnails": "features.ivs_recording",
    "UsageError": "_usage_error",
    "VoiceConnectorStreaming": "features.voice_connector_streaming",
    "__version__": "_version",
}


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
