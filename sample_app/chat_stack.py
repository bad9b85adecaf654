"""The chat: the messages of viewers are streamed to the moderators.

This stack shows `AppInstanceStreaming` with a stream for each data type, and `MessagingStream` with
your own key. It acknowledges a finding of cdk-nag about the key.
"""

from typing import Any

from aws_cdk import (
    Acknowledgment,
    Duration,
    RemovalPolicy,
    Stack,
    Validations,
    aws_chime,
    aws_kms,
)
from constructs import Construct

from slr_constructs import AppInstanceStreaming, MessagingStream


class ChatStack(Stack):
    """An app instance whose messages and channels are streamed and encrypted with the same key.

    Shows `AppInstanceStreaming` and `MessagingStream`, whose name, shards and encryption meet the
    requirements of the service.
    """

    def __init__(self, scope: Construct, id: str, **kwargs: Any) -> None:  # noqa: ANN401 - those of Stack
        super().__init__(scope, id, **kwargs)
        key = aws_kms.Key(
            self,
            "Key",
            description="Encrypts the messages of viewers",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.DESTROY,
        )
        messages = MessagingStream(
            self, "Messages", encryption_key=key, retention_period=Duration.days(2)
        )
        channels = MessagingStream(self, "Channels", encryption_key=key, shard_count=2)
        for stream in (messages, channels):
            Validations.of(stream).acknowledge(
                Acknowledgment(
                    id="AwsSolutions::AwsSolutions-KDS3",
                    reason="Messages are personal data, so they need a customer managed key",
                )
            )
        AppInstanceStreaming(
            self,
            "Streaming",
            app_instance=aws_chime.CfnAppInstance(self, "Chat", name="live-show-chat"),
            channels=channels,
            channel_messages=messages,
        )
