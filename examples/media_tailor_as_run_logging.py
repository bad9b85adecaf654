"""The smallest stack that logs what a MediaTailor channel has played.

Synthesize it: `cdk synth --app "python examples/media_tailor_as_run_logging.py"`.
"""

from aws_cdk import App, Stack, aws_mediatailor

from slr_constructs import MediaTailorAsRunLogging

app = App()
stack = Stack(app, "MediaTailorAsRunLoggingExample")
channel = aws_mediatailor.CfnChannel(
    stack,
    "Channel",
    channel_name="linear",
    playback_mode="LOOP",
    outputs=[
        aws_mediatailor.CfnChannel.RequestOutputItemProperty(
            manifest_name="index",
            source_group="hls",
            hls_playlist_settings=aws_mediatailor.CfnChannel.HlsPlaylistSettingsProperty(
                manifest_window_seconds=60
            ),
        )
    ],
)
MediaTailorAsRunLogging(stack, "Logging", channel=channel)
app.synth()
