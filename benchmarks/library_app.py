"""The features with the library: `python -m benchmarks.library_app 20` for 20 of each."""

from __future__ import annotations

import sys

from aws_cdk import (
    App,
    Duration,
    Stack,
    aws_chime,
    aws_ivs,
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
    MessagingStream,
    VoiceConnectorStreaming,
)

#: IAM's quota for the policies of a stack's function allows about this many of one feature.
PER_STACK = 20


def voice_connector_streaming(stack: Stack, count: int) -> None:
    """Stream the calls of connectors."""
    for i in range(count):
        VoiceConnectorStreaming(
            stack,
            f"Streaming{i}",
            voice_connector=aws_chime.CfnVoiceConnector(
                stack, f"Connector{i}", name=f"connector-{i}", require_encryption=True
            ),
            data_retention=Duration.days(1),
        )


def app_instance_streaming(stack: Stack, count: int) -> None:
    """Stream the channels and messages of app instances to one stream."""
    stream = MessagingStream(stack, "Stream", stream_name=f"chime-messaging-{stack.stack_name}")
    for i in range(count):
        AppInstanceStreaming(
            stack,
            f"Streaming{i}",
            app_instance=aws_chime.CfnAppInstance(stack, f"AppInstance{i}", name=f"app-{i}"),
            channels=stream,
            channel_messages=stream,
        )


def ivs_recording(stack: Stack, count: int) -> None:
    """Record channels, each with its own configuration, to one bucket."""
    bucket = aws_s3.Bucket(stack, "Bucket")
    for i in range(count):
        recording = IvsRecordingConfiguration(
            stack, f"Recording{i}", bucket=bucket, name=f"recording-{i}"
        )
        recording.record(aws_ivs.CfnChannel(stack, f"Channel{i}", name=f"channel-{i}"))


def mediatailor_session_logging(stack: Stack, count: int) -> None:
    """Log the sessions of playback configurations."""
    for i in range(count):
        MediaTailorSessionLogging(
            stack,
            f"Logging{i}",
            playback_configuration=aws_mediatailor.CfnPlaybackConfiguration(
                stack,
                f"Playback{i}",
                name=f"playback-{i}",
                ad_decision_server_url="https://ads.example.com",
                video_content_source_url="https://video.example.com",
            ),
        )


def mediatailor_as_run_logging(stack: Stack, count: int) -> None:
    """Write as-run logs of channels."""
    for i in range(count):
        MediaTailorAsRunLogging(
            stack,
            f"Logging{i}",
            channel=aws_mediatailor.CfnChannel(
                stack,
                f"Channel{i}",
                channel_name=f"channel-{i}",
                playback_mode="LOOP",
                outputs=[
                    aws_mediatailor.CfnChannel.RequestOutputItemProperty(
                        manifest_name="index",
                        source_group="hls",
                        hls_playlist_settings=(
                            aws_mediatailor.CfnChannel.HlsPlaylistSettingsProperty(
                                manifest_window_seconds=60
                            )
                        ),
                    )
                ],
            ),
        )


def mediapackage_channel_logging(stack: Stack, count: int) -> None:
    """Log the requests of live channels."""
    for i in range(count):
        MediaPackageAccessLogging(
            stack,
            f"Logging{i}",
            channel=aws_mediapackage.CfnChannel(stack, f"Channel{i}", id=f"channel-{i}"),
        )


def mediapackage_packaging_group_logging(stack: Stack, count: int) -> None:
    """Log the requests of packaging groups."""
    for i in range(count):
        MediaPackageAccessLogging(
            stack,
            f"Logging{i}",
            packaging_group=aws_mediapackage.CfnPackagingGroup(stack, f"Group{i}", id=f"group-{i}"),
        )


FEATURES = (
    voice_connector_streaming,
    app_instance_streaming,
    ivs_recording,
    mediatailor_session_logging,
    mediatailor_as_run_logging,
    mediapackage_channel_logging,
    mediapackage_packaging_group_logging,
)


def main() -> None:
    """Synthesize the app."""
    count = int(sys.argv[1])
    app = App()
    for feature in FEATURES:
        for number in range(0, count, PER_STACK):
            stack = Stack(app, f"{feature.__name__.replace('_', '-')}-{number}")
            feature(stack, min(PER_STACK, count - number))
    app.synth()


if __name__ == "__main__":
    main()
