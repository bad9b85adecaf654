"""Call commands in this process."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from slr_constructs.cli.command_line import slr_constructs

if TYPE_CHECKING:
    from collections.abc import Iterable

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


def assert_commands_exist(calls: Iterable[str]) -> None:
    """Assert that click parses each call, which is a text without `slr-constructs`."""
    # with its settings: commands keep the names of the help option that they see first
    context = click.Context(slr_constructs, **slr_constructs.context_settings)
    for call in calls:
        name, *words = call.split()
        command = slr_constructs.get_command(context, name)
        assert command is not None, call
        command.make_parser(context).parse_args(words)
