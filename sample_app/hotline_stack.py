"""The hotline: viewers call, and the editors review the recorded calls.

This stack shows `VoiceConnectorStreaming` with an owner in the app, and with a retention period.
CloudFormation has no property for streaming, so a custom resource configures it.
"""

from typing import Any

from aws_cdk import Duration, Stack, aws_chime
from constructs import Construct

from slr_constructs import VoiceConnectorStreaming


class HotlineStack(Stack):
    """A Voice Connector whose calls are streamed and retained for a week.

    Shows `VoiceConnectorStreaming`: on delete, the streaming is removed before the Voice Connector
    is deleted, and the role is deleted last.
    """

    def __init__(self, scope: Construct, id: str, **kwargs: Any) -> None:  # noqa: ANN401 - those of Stack
        super().__init__(scope, id, **kwargs)
        connector = aws_chime.CfnVoiceConnector(
            self, "Hotline", name="live-show-hotline", require_encryption=True
        )
        VoiceConnectorStreaming(
            self, "CallAudio", voice_connector=connector, data_retention=Duration.days(7)
        )
