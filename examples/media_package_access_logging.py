"""The smallest stack that logs the requests to a live MediaPackage channel.

Synthesize it: `cdk synth --app "python examples/media_package_access_logging.py"`. For a packaging
group (VOD), pass `packaging_group` instead of `channel`.
"""

from aws_cdk import App, Stack, aws_mediapackage

from slr_constructs import MediaPackageAccessLogging

app = App()
stack = Stack(app, "MediaPackageAccessLoggingExample")
channel = aws_mediapackage.CfnChannel(stack, "Channel", id="live")
MediaPackageAccessLogging(stack, "Logging", channel=channel)
app.synth()
