"""Measure what the first feature of an app costs beyond aws-cdk-lib.

`python -m benchmarks.first_feature` prints seconds as JSON: `l1s` for the import of aws-cdk-lib and
the definition of a Voice Connector, and `feature` for the import of the library and the definition
of the connector's streaming, with the role and the function. The synthesis is not measured: it
takes the same time for the same resources, however they are defined.
"""

from __future__ import annotations

import json
import time


def main() -> None:
    """Define the app, and print the seconds."""
    began = time.perf_counter()
    from aws_cdk import App, Stack, aws_chime  # noqa: PLC0415 - the import is measured

    stack = Stack(App(), "Stack")
    connector = aws_chime.CfnVoiceConnector(
        stack, "Connector", name="connector", require_encryption=True
    )
    defined = time.perf_counter()
    from slr_constructs import VoiceConnectorStreaming  # noqa: PLC0415 - the import is measured

    VoiceConnectorStreaming(stack, "Streaming", voice_connector=connector)
    ended = time.perf_counter()
    print(json.dumps({"l1s": defined - began, "feature": ended - defined}))


if __name__ == "__main__":
    main()
