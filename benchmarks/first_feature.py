"""The smallest app: one Voice Connector and its streaming.

With `--without`, the app has only the connector, an L1. The difference is what the first feature of
an app costs: the import of the library, the function, the role and the streaming.
"""

from __future__ import annotations

import sys

from aws_cdk import App, Stack, aws_chime


def voice_connector_streaming(stack: Stack, *, without: bool) -> None:
    """Define a connector, and stream its calls."""
    connector = aws_chime.CfnVoiceConnector(
        stack, "Connector", name="connector", require_encryption=True
    )
    if without:
        return
    # not at the top, because the other app does not import the library
    from slr_constructs import VoiceConnectorStreaming  # noqa: PLC0415

    VoiceConnectorStreaming(stack, "Streaming", voice_connector=connector)


FEATURES = (voice_connector_streaming,)


def main() -> None:
    """Synthesize the app."""
    app = App()
    for feature in FEATURES:
        feature(Stack(app, "Stack"), without="--without" in sys.argv)
    app.synth()


if __name__ == "__main__":
    main()
