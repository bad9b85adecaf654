"""Call commands in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from slr_constructs.cli.command_line import slr_constructs

if TYPE_CHECKING:
    from click.testing import Result


def run_command(*words: object, typed: str | None = None) -> Result:
    """Call a command with its arguments, and with a terminal if a text is typed."""
    with pytest.MonkeyPatch.context() as patch:
        if typed is not None:
            patch.setattr("slr_constructs.cli.prompts.can_ask", lambda: True)
        return CliRunner().invoke(
            slr_constructs, [*map(str, words)], input=typed, prog_name="slr-constructs"
        )
