"""What the function of a stack may do: all that the constructs can give it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs import catalogue, rights
from slr_constructs.policies.place import Place, Statements, sid_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from slr_constructs.catalogue import RoleDefinition

#: what the constructs call the function, its role and its log group starts with this.
FUNCTION_NAMES = "*-ServiceLinkedRole*"


def for_the_function(definitions: Iterable[RoleDefinition], place: Place) -> Statements:
    """Let the function of a stack hold roles and switch their features."""
    statements: Statements = {}
    for definition in definitions:
        statements |= creation(definition, place)
        statements[f"Hold{sid_of(definition)}"] = rights.hold_role(
            place.role(definition), place.role_without_path(definition)
        )
        statements |= _FEATURES[definition.role_name](place)
    log = place.arn("logs", f"log-group:{FUNCTION_NAMES}:*")
    return statements | {"WriteFunctionLog": rights.write_own_log(log)}


def creation(definition: RoleDefinition, place: Place) -> Statements:
    """Let somebody make a role, if IAM makes it."""
    created = rights.create_role(definition, place.role(definition))
    return {f"Create{sid_of(definition)}": right for right in created}


def _voice_connector(place: Place) -> Statements:
    return {
        "VoiceConnectorStreaming": rights.stream_voice_connector(
            place.voice_connectors,
            place.media_insights,
        )
    }


def _messaging(place: Place) -> Statements:
    return {
        # today's role, even for a stack that has adopted the older one
        **creation(catalogue.CHIME_MESSAGING, place),
        "AppInstanceStreaming": rights.stream_app_instance(place.app_instances),
        **streams(place),
    }


def streams(place: Place) -> Statements:
    """Let somebody write to the streams of app instances."""
    return {
        "AppInstanceStreams": rights.write_to_streams(
            place.arn("kinesis", "stream/chime-messaging-*")
        ),
        # a stream's key may be another account's
        "AppInstanceStreamKeys": rights.encrypt_for_streams(
            place._replace(account="*").arn("kms", "key/*")
        ),
    }


def _ivs(place: Place) -> Statements:
    return {"IvsChannelRecording": rights.record_ivs_channel(place.ivs_channels)}


def _mediatailor(place: Place) -> Statements:
    log_groups = catalogue.MEDIATAILOR.log_groups
    return {
        "MediaTailorSessionLogging": rights.log_sessions(place.playback_configurations),
        "MediaTailorAsRunLogging": rights.log_as_run(place.linear_channels),
        "MediaTailorLogRetention": rights.keep_events(
            *(place.arn("logs", f"log-group:{name}:log-stream:") for name in log_groups)
        ),
    }


def _mediapackage(place: Place) -> Statements:
    return {
        "MediaPackageChannelLogging": rights.log_live_channel(place.live_channels),
        "MediaPackagePackagingGroupLogging": rights.log_packaging_group(place.packaging_groups),
    }


_FEATURES: dict[str, Callable[[Place], Statements]] = {
    catalogue.CHIME_VOICE_CONNECTOR.role_name: _voice_connector,
    catalogue.CHIME_MESSAGING.role_name: _messaging,
    catalogue.CHIME_MESSAGING_LEGACY.role_name: _messaging,
    catalogue.IVS_RECORD_TO_S3.role_name: _ivs,
    catalogue.MEDIATAILOR.role_name: _mediatailor,
    catalogue.MEDIAPACKAGE.role_name: _mediapackage,
}
