"""Every Python example in the README runs, in the order in which it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack

from tests.readme_blocks import Block, python_blocks

README = Path(__file__).parents[1] / "README.md"
BLOCKS = python_blocks(README)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"line {block.line}")
def test_an_example_runs(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first stands alone; the others are about a stack, and add to it what can be deployed."""
    monkeypatch.setenv("CDK_OUTDIR", str(tmp_path))
    app = App()
    names: dict[str, Any] = {"stack": Stack(app, "Stack")}

    exec(compile(block.code, f"{README}:{block.line}", "exec"), names)  # noqa: S102 - our own examples
    app.synth()

    assert names["stack"] is not None


def test_there_are_examples_of_every_feature() -> None:
    """A feature without an example is not documented."""
    text = "\n".join(block.code for block in BLOCKS)

    for name in (
        "VoiceConnectorStreaming(",
        "AppInstanceStreaming(",
        "MessagingStream(",
        "IvsRecordingConfiguration(",
        "MediaTailorSessionLogging(",
        "MediaTailorAsRunLogging(",
        "MediaPackageAccessLogging(",
        "ServiceLinkedRole(",
    ):
        assert name in text


def test_the_readme_opens_with_an_example() -> None:
    """One sentence, then something to run."""
    assert BLOCKS[0].line < 10
    assert "app.synth()" in BLOCKS[0].code
