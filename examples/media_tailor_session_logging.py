"""The smallest stack that logs the sessions of a MediaTailor playback configuration.

Synthesize it: `cdk synth --app "python examples/media_tailor_session_logging.py"`.
"""

from aws_cdk import App, Stack, aws_mediatailor

from slr_constructs import MediaTailorSessionLogging

app = App()
stack = Stack(app, "MediaTailorSessionLoggingExample")
ads = aws_mediatailor.CfnPlaybackConfiguration(
    stack,
    "Ads",
    name="ads",
    ad_decision_server_url="https://ads.example.com/vast",
    video_content_source_url="https://video.example.com/show",
)
MediaTailorSessionLogging(stack, "Logging", playback_configuration=ads)
app.synth()
