"""The smallest stack that streams the audio of calls to Kinesis Video Streams.

Synthesize it: `cdk synth --app "python examples/voice_connector_streaming.py"`.
"""

from aws_cdk import App, Stack, aws_chime

from slr_constructs import VoiceConnectorStreaming

app = App()
stack = Stack(app, "VoiceConnectorStreamingExample")
connector = aws_chime.CfnVoiceConnector(stack, "Connector", name="calls", require_encryption=True)
VoiceConnectorStreaming(stack, "Streaming", voice_connector=connector)
app.synth()
