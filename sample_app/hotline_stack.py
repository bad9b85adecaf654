"""The hotline: viewers call, and the editors review the recorded calls."""

from typing import Any

from aws_cdk import Duration, Stack, aws_chime
from constructs import Construct

from slr_constructs import VoiceConnectorStreaming


class HotlineStack(Stack):
    """A Voice Connector whose calls are streamed and retained for a week."""

    def __init__(self, scope: Construct, id: str, **kwargs: Any) -> None:  # noqa: ANN401 - those of Stack
        super().__init__(scope, id, **kwargs)
        connector = aws_chime.CfnVoiceConnector(
            self, "Hotline", name="live-show-hotline", require_encryption=True
        )
        VoiceConnectorStreaming(
            self, "CallAudio", voice_connector=connector, data_retention=Duration.days(7)
        )
