"""The stacks of the demo: the sample app, and a stack that fails on purpose."""

from __future__ import annotations

from aws_cdk import App, CfnCreationPolicy, CfnResourceSignal, CfnWaitCondition, Stack
from aws_cdk.aws_chime import CfnVoiceConnector

from sample_app.app import build
from slr_constructs import VoiceConnectorStreaming

#: the stack that fails, which the sample app does not have.
FAILING = "FailsOnPurpose"


def define_failing(app: App) -> Stack:
    """Add a stack that fails while the function creates the role.

    Its wait condition never receives a signal.
    """
    stack = Stack(app, FAILING, description="Fails on purpose, while its role is created")
    VoiceConnectorStreaming(
        stack,
        "Streaming",
        voice_connector=CfnVoiceConnector(
            stack, "Rehearsal", name="rehearsal", require_encryption=True
        ),
    )
    signal = CfnResourceSignal(count=1, timeout="PT8S")
    never_ready = CfnWaitCondition(stack, "NeverReady")
    never_ready.cfn_options.creation_policy = CfnCreationPolicy(resource_signal=signal)
    return stack


if __name__ == "__main__":
    stacks = build(App())
    define_failing(stacks)
    stacks.synth()
