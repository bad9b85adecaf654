"""Every feature, with an owner of the app and with an existing one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from aws_cdk import Aws, aws_chime, aws_ivs, aws_kinesis, aws_mediapackage, aws_mediatailor, aws_s3

from slr_constructs import (
    AppInstanceStreaming,
    IvsRecordingConfiguration,
    MediaPackageAccessLogging,
    MediaTailorAsRunLogging,
    MediaTailorSessionLogging,
    ServiceLinkedRole,
    VoiceConnectorStreaming,
    catalogue,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs import Construct

    from slr_constructs.catalogue import RoleDefinition

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
        app_instance=f"arn:aws:chime:us-east-1:{ACCOUNT}:app-instance/{letter}",
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
    recording.record(f"arn:aws:ivs:us-east-1:{ACCOUNT}:channel/{letter}")
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
    return MediaPackageAccessLogging(scope, "Feature", channel=group, role=role)


def _existing_vod(scope: Construct, letter: str, role: ServiceLinkedRole | None) -> Feature:
    arn = f"arn:aws:mediapackage-vod:us-east-1:{ACCOUNT}:packaging-groups/{letter}"
    return MediaPackageAccessLogging(scope, "Feature", channel=arn, role=role)


#: The recipes by the name that test ids contain.
RECIPES = {
    "voice": Recipe(
        catalogue.CHIME_VOICE_CONNECTOR,
        carrier="Custom::VoiceConnectorStreaming",
        clean_up="Custom::VoiceConnectorStreaming",
        define=_voice,
        owner="AWS::Chime::VoiceConnector",
    ),
    "existing-voice": Recipe(
        catalogue.CHIME_VOICE_CONNECTOR,
        carrier="Custom::VoiceConnectorStreaming",
        clean_up="Custom::VoiceConnectorStreaming",
        define=_existing_voice,
    ),
    "chat": Recipe(
        catalogue.CHIME_MESSAGING,
        carrier="Custom::AppInstanceStreaming",
        clean_up="Custom::AppInstanceStreaming",
        define=_chat,
        owner="AWS::Chime::AppInstance",
    ),
    "existing-chat": Recipe(
        catalogue.CHIME_MESSAGING,
        carrier="Custom::AppInstanceStreaming",
        clean_up="Custom::AppInstanceStreaming",
        define=_existing_chat,
    ),
    "recording": Recipe(
        catalogue.IVS_RECORD_TO_S3,
        carrier="AWS::IVS::RecordingConfiguration",
        # the channel refers to the recording configuration, so it is deleted first
        clean_up="AWS::IVS::Channel",
        define=_recording,
        owner="AWS::IVS::RecordingConfiguration",
    ),
    "existing-recording": Recipe(
        catalogue.IVS_RECORD_TO_S3,
        carrier="AWS::IVS::RecordingConfiguration",
        clean_up="Custom::IvsChannelRecording",
        define=_existing_recording,
        owner="AWS::IVS::RecordingConfiguration",
    ),
    "sessions": Recipe(
        catalogue.MEDIATAILOR,
        carrier="AWS::MediaTailor::PlaybackConfiguration",
        clean_up="Custom::MediaTailorSessionLoggingCleanUp",
        define=_sessions,
        owner="AWS::MediaTailor::PlaybackConfiguration",
    ),
    "existing-sessions": Recipe(
        catalogue.MEDIATAILOR,
        carrier="Custom::MediaTailorSessionLogging",
        clean_up="Custom::MediaTailorSessionLogging",
        define=_existing_sessions,
    ),
    "as-run": Recipe(
        catalogue.MEDIATAILOR,
        carrier="AWS::MediaTailor::Channel",
        clean_up="Custom::MediaTailorAsRunLoggingCleanUp",
        define=_as_run,
        owner="AWS::MediaTailor::Channel",
    ),
    "existing-as-run": Recipe(
        catalogue.MEDIATAILOR,
        carrier="Custom::MediaTailorAsRunLogging",
        clean_up="Custom::MediaTailorAsRunLogging",
        define=_existing_as_run,
    ),
    "live": Recipe(
        catalogue.MEDIAPACKAGE,
        carrier="AWS::MediaPackage::Channel",
        clean_up="Custom::MediaPackageChannelLoggingCleanUp",
        define=_live,
        owner="AWS::MediaPackage::Channel",
    ),
    "existing-live": Recipe(
        catalogue.MEDIAPACKAGE,
        carrier="Custom::MediaPackageChannelLogging",
        clean_up="Custom::MediaPackageChannelLogging",
        define=_existing_live,
    ),
    "vod": Recipe(
        catalogue.MEDIAPACKAGE,
        carrier="AWS::MediaPackage::PackagingGroup",
        clean_up="Custom::MediaPackagePackagingGroupLoggingCleanUp",
        define=_vod,
        owner="AWS::MediaPackage::PackagingGroup",
    ),
    "existing-vod": Recipe(
        catalogue.MEDIAPACKAGE,
        carrier="Custom::MediaPackagePackagingGroupLogging",
        clean_up="Custom::MediaPackagePackagingGroupLogging",
        define=_existing_vod,
    ),
}
