"""The smallest stack that records an IVS channel to a bucket.

Synthesize it: `cdk synth --app "python examples/ivs_recording_configuration.py"`. When the stack is
deleted, the bucket stays, with the recordings.
"""

from aws_cdk import App, Stack, aws_ivs, aws_s3

from slr_constructs import IvsRecordingConfiguration

app = App()
stack = Stack(app, "IvsRecordingConfigurationExample")
recording = IvsRecordingConfiguration(
    stack, "Recording", bucket=aws_s3.Bucket(stack, "Recordings", enforce_ssl=True)
)
recording.record(aws_ivs.CfnChannel(stack, "Channel"))
app.synth()
