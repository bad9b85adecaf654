"""Call commands in this process."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from slr_constructs.cli.command_line import slr_constructs

if TYPE_CHECKING:
    from click.testing import Result

#: the time at the start of the lines of `release` and `restore`.
STAMP = re.compile(rb"^\d\d:\d\d:\d\dZ ", re.MULTILINE)


def run_command(*words: object, typed: str | None = None) -> Result:
    """Call a command with its arguments, and with a terminal if a text is typed.

    The result has no time stamps.
    """
    with pytest.MonkeyPatch.context() as patch:
        if typed is not None:
            patch.setattr("slr_constructs.cli.prompts.can_ask", lambda: True)
        result = CliRunner().invoke(
            slr_constructs, [*map(str, words)], input=typed, prog_name="slr-constructs"
        )
    result.stdout_bytes = STAMP.sub(b"", result.stdout_bytes)
    result.output_bytes = STAMP.sub(b"", result.output_bytes)
    return result
