"""The smallest stack that streams the messages of a chat to Kinesis.

Synthesize it: `cdk synth --app "python examples/app_instance_streaming.py"`.
"""

from aws_cdk import App, Stack, aws_chime

from slr_constructs import AppInstanceStreaming, MessagingStream

app = App()
stack = Stack(app, "AppInstanceStreamingExample")
AppInstanceStreaming(
    stack,
    "Streaming",
    app_instance=aws_chime.CfnAppInstance(stack, "Chat", name="chat"),
    channel_messages=MessagingStream(stack, "Messages"),
)
app.synth()
