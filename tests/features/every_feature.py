"""Every feature, with an owner of the app and with an existing one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from aws_cdk import (
    Aws,
    Stack,
    Token,
    aws_chime,
    aws_ivs,
    aws_kinesis,
    aws_mediapackage,
    aws_mediatailor,
    aws_s3,
)

from slr_constructs import (
    AppInstanceStreaming,
    IvsRecordingConfiguration,
    MediaPackageAccessLogging,
    MediaTailorAsRunLogging,
    MediaTailorSessionLogging,
    ServiceLinkedRole,
    VoiceConnectorStreaming,
)
from slr_constructs.catalogue.app_instance_streaming import APP_INSTANCE
from slr_constructs.catalogue.ivs_recording import CHANNEL as STUDIO
from slr_constructs.catalogue.ivs_recording import RECORDING_CONFIGURATION
from slr_constructs.catalogue.mediapackage_logging import CHANNEL as LIVE_CHANNEL
from slr_constructs.catalogue.mediapackage_logging import PACKAGING_GROUP
from slr_constructs.catalogue.mediatailor_logging import CHANNEL as LINEAR_CHANNEL
from slr_constructs.catalogue.mediatailor_logging import PLAYBACK_CONFIGURATION
from slr_constructs.catalogue.voice_connector_streaming import VOICE_CONNECTOR

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs import Construct

    from slr_constructs.catalogue import ResourceType, RoleDefinition

Feature: TypeAlias = (
    VoiceConnectorStreaming
    | AppInstanceStreaming
    | IvsRecordingConfiguration
    | MediaTailorSessionLogging
    | MediaTailorAsRunLogging
    | MediaPackageAccessLogging
)

ACCOUNT = "111122223333"


@dataclass(frozen=True, slots=True)
class Recipe:
    """One feature on one type of owner.

    `define` takes a scope, a letter that distinguishes the owners, and the role. `carrier` is the
    type of the resource that depends on the role. `owner` is the type of the resource that must be
    deleted after `clean_up`, if the owner is in the app.
    """

    definition: RoleDefinition
    carrier: str
    clean_up: str
    define: Callable[[Construct, str, ServiceLinkedRole | None], Feature]
    owner: str | None = None


def _voice(scope: Construct, _letter: str, role: ServiceLinkedRole | None) -> Feature:
    connector = aws_chime.CfnVoiceConnector(scope, "Owner", name="lines", require_encryption=True)
    return VoiceConnectorStreaming(scope, "Feature", voice_connector=connector, role=role)


def _existing_voice(scope: Construct, letter: str, role: ServiceLinkedRole | None) -> Feature:
    return VoiceConnectorStreaming(scope, "Feature", voice_connector=letter * 22, role=role)


def _region(scope: Construct) -> str:
    """Return the region of an existing owner, which must be in the region of the stack."""
    region = Stack.of(scope).region
    return "us-east-1" if Token.is_unresolved(region) else region


def _stream(scope: Construct) -> aws_kinesis.IStream:
    arn = f"arn:aws:kinesis:{Aws.REGION}:{Aws.ACCOUNT_ID}:stream/chime-messaging-chat"
    return aws_kinesis.Stream.from_stream_arn(scope, "Stream", arn)


def _chat(scope: Construct, _letter: str, role: ServiceLinkedRole | None) -> Feature:
    return AppInstanceStreaming(
        scope,
        "Feature",
        app_instance=aws_chime.CfnAppInstance(scope, "Owner", name="chat"),
        channels=_stream(scope),
        channel_messages=None,
        role=role,
    )


def _existing_chat(scope: Construct, letter: str, role: ServiceLinkedRole | None) -> Feature:
    return AppInstanceStreaming(
        scope,
        "Feature",
        app_instance=f"arn:aws:chime:{_region(scope)}:{ACCOUNT}:app-instance/{letter}",
        channels=_stream(scope),
        channel_messages=None,
        role=role,
    )


def _recording(scope: Construct, _letter: str, role: ServiceLinkedRole | None) -> Feature:
    bucket = aws_s3.Bucket.from_bucket_name(scope, "Bucket", "recordings")
    recording = IvsRecordingConfiguration(scope, "Feature", bucket=bucket, role=role)
    recording.record(aws_ivs.CfnChannel(scope, "Owner"))
    return recording


def _existing_recording(scope: Construct, letter: str, role: ServiceLinkedRole | None) -> Feature:
    bucket = aws_s3.Bucket.from_bucket_name(scope, "Bucket", "recordings")
    recording = IvsRecordingConfiguration(scope, "Feature", bucket=bucket, role=role)
    recording.record(f"arn:aws:ivs:{_region(scope)}:{ACCOUNT}:channel/{letter}")
    return recording


def playback_configuration(scope: Construct) -> aws_mediatailor.CfnPlaybackConfiguration:
    """Define a playback configuration without logs."""
    return aws_mediatailor.CfnPlaybackConfiguration(
        scope,
        "Owner",
        name="ads",
        ad_decision_server_url="https://ads.example.com",
        video_content_source_url="https://video.example.com",
    )


def linear_channel(scope: Construct) -> aws_mediatailor.CfnChannel:
    """Define a MediaTailor channel without logs."""
    output = aws_mediatailor.CfnChannel.RequestOutputItemProperty(
        manifest_name="index", source_group="hls"
    )
    return aws_mediatailor.CfnChannel(
        scope, "Owner", channel_name="linear", outputs=[output], playback_mode="LOOP"
    )


def _sessions(scope: Construct, _letter: str, role: ServiceLinkedRole | None) -> Feature:
    return MediaTailorSessionLogging(
        scope, "Feature", playback_configuration=playback_configuration(scope), role=role
    )


def _existing_sessions(scope: Construct, letter: str, role: ServiceLinkedRole | None) -> Feature:
    return MediaTailorSessionLogging(scope, "Feature", playback_configuration=letter, role=role)


def _as_run(scope: Construct, _letter: str, role: ServiceLinkedRole | None) -> Feature:
    return MediaTailorAsRunLogging(scope, "Feature", channel=linear_channel(scope), role=role)


def _existing_as_run(scope: Construct, letter: str, role: ServiceLinkedRole | None) -> Feature:
    return MediaTailorAsRunLogging(scope, "Feature", channel=letter, role=role)


def _live(scope: Construct, letter: str, role: ServiceLinkedRole | None) -> Feature:
    channel = aws_mediapackage.CfnChannel(scope, "Owner", id=letter)
    return MediaPackageAccessLogging(scope, "Feature", channel=channel, role=role)


def _existing_live(scope: Construct, letter: str, role: ServiceLinkedRole | None) -> Feature:
    return MediaPackageAccessLogging(scope, "Feature", channel=letter, role=role)


def _vod(scope: Construct, letter: str, role: ServiceLinkedRole | None) -> Feature:
    group = aws_mediapackage.CfnPackagingGroup(scope, "Owner", id=letter)
    return MediaPackageAccessLogging(scope, "Feature", packaging_group=group, role=role)


def _existing_vod(scope: Construct, letter: str, role: ServiceLinkedRole | None) -> Feature:
    arn = f"arn:aws:mediapackage-vod:{_region(scope)}:{ACCOUNT}:packaging-groups/{letter}"
    return MediaPackageAccessLogging(scope, "Feature", packaging_group=arn, role=role)


def _of_app(
    target: ResourceType, define: Callable[[Construct, str, ServiceLinkedRole | None], Feature]
) -> Recipe:
    """Return the recipe for an owner of the app."""
    configure, clean_up = target.contracts.configure, target.contracts.clean_up
    assert configure is not None
    return Recipe(
        target.role,
        carrier=configure.RESOURCE_TYPE if target.usage is None else target.type,
        clean_up=(clean_up or configure).RESOURCE_TYPE,
        define=define,
        owner=target.type,
    )


def _of_existing(
    target: ResourceType, define: Callable[[Construct, str, ServiceLinkedRole | None], Feature]
) -> Recipe:
    """Return the recipe for an existing owner."""
    (configure, *_) = target.custom_types
    return Recipe(target.role, carrier=configure, clean_up=configure, define=define)


#: The recipes by the name that test ids contain.
RECIPES = {
    "voice": _of_app(VOICE_CONNECTOR, _voice),
    "existing-voice": _of_existing(VOICE_CONNECTOR, _existing_voice),
    "chat": _of_app(APP_INSTANCE, _chat),
    "existing-chat": _of_existing(APP_INSTANCE, _existing_chat),
    "recording": Recipe(
        RECORDING_CONFIGURATION.role,
        carrier=RECORDING_CONFIGURATION.type,
        # the channel refers to the recording configuration, so it is deleted first
        clean_up=STUDIO.type,
        define=_recording,
        owner=RECORDING_CONFIGURATION.type,
    ),
    "existing-recording": Recipe(
        RECORDING_CONFIGURATION.role,
        carrier=RECORDING_CONFIGURATION.type,
        clean_up=STUDIO.custom_types[0],
        define=_existing_recording,
        owner=RECORDING_CONFIGURATION.type,
    ),
    "sessions": _of_app(PLAYBACK_CONFIGURATION, _sessions),
    "existing-sessions": _of_existing(PLAYBACK_CONFIGURATION, _existing_sessions),
    "as-run": _of_app(LINEAR_CHANNEL, _as_run),
    "existing-as-run": _of_existing(LINEAR_CHANNEL, _existing_as_run),
    "live": _of_app(LIVE_CHANNEL, _live),
    "existing-live": _of_existing(LIVE_CHANNEL, _existing_live),
    "vod": _of_app(PACKAGING_GROUP, _vod),
    "existing-vod": _of_existing(PACKAGING_GROUP, _existing_vod),
}
