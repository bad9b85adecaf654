"""Policy statements of the function: all permissions that the constructs can grant to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs import catalogue, permissions
from slr_constructs.policies.place import Place, Statements, sid_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from slr_constructs.catalogue import RoleDefinition

#: matches the names of the function, its role and its log group.
FUNCTION_NAMES = "*-ServiceLinkedRole*"


def function_statements(definitions: Iterable[RoleDefinition], place: Place) -> Statements:
    """Return the statements to manage roles and to configure their features."""
    statements: Statements = {}
    for definition in definitions:
        statements |= creation_statements(definition, place)
        statements[f"Manage{sid_of(definition)}"] = permissions.acquire_role(
            place.role(definition), place.role_without_path(definition)
        )
        statements |= _FEATURES[definition.role_name](place)
    log = place.arn("logs", f"log-group:{FUNCTION_NAMES}:*")
    return statements | {"WriteFunctionLog": permissions.write_own_log(log)}


def creation_statements(definition: RoleDefinition, place: Place) -> Statements:
    """Return the statement to create a role; none if IAM cannot create it."""
    created = permissions.create_role(definition, place.role(definition))
    return {f"Create{sid_of(definition)}": permission for permission in created}


def _voice_connector(place: Place) -> Statements:
    return {
        "VoiceConnectorStreaming": permissions.stream_voice_connector(
            place.voice_connectors,
            place.media_insights,
        )
    }


def _messaging(place: Place) -> Statements:
    return {
        # the current role, even for a stack that adopted the older one
        **creation_statements(catalogue.CHIME_MESSAGING, place),
        "AppInstanceStreaming": permissions.stream_app_instance(place.app_instances),
        **stream_statements(place),
    }


def stream_statements(place: Place) -> Statements:
    """Return the statements to write to the streams of app instances."""
    return {
        "AppInstanceStreams": permissions.write_to_streams(
            place.arn("kinesis", "stream/chime-messaging-*")
        ),
        # the key of a stream may belong to another account
        "AppInstanceStreamKeys": permissions.encrypt_for_streams(
            place._replace(account="*").arn("kms", "key/*")
        ),
    }


def _ivs(place: Place) -> Statements:
    return {"IvsChannelRecording": permissions.record_ivs_channel(place.ivs_channels)}


def _mediatailor(place: Place) -> Statements:
    log_groups = catalogue.MEDIATAILOR.log_groups
    return {
        "MediaTailorSessionLogging": permissions.log_sessions(place.playback_configurations),
        "MediaTailorAsRunLogging": permissions.log_as_run(place.linear_channels),
        "MediaTailorLogRetention": permissions.set_log_retention(
            *(place.arn("logs", f"log-group:{name}:log-stream:") for name in log_groups)
        ),
    }


def _mediapackage(place: Place) -> Statements:
    return {
        "MediaPackageChannelLogging": permissions.log_live_channel(place.live_channels),
        "MediaPackagePackagingGroupLogging": permissions.log_packaging_group(
            place.packaging_groups
        ),
    }


_FEATURES: dict[str, Callable[[Place], Statements]] = {
    catalogue.CHIME_VOICE_CONNECTOR.role_name: _voice_connector,
    catalogue.CHIME_MESSAGING.role_name: _messaging,
    catalogue.CHIME_MESSAGING_LEGACY.role_name: _messaging,
    catalogue.IVS_RECORD_TO_S3.role_name: _ivs,
    catalogue.MEDIATAILOR.role_name: _mediatailor,
    catalogue.MEDIAPACKAGE.role_name: _mediapackage,
}
