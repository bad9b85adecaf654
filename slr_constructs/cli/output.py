"""Write the output of commands, to a file or to standard output."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from slr_constructs.cli.columns import Columns
from slr_constructs.cli.refusal import Refusal
from slr_constructs.templates.words import visible

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Line: TypeAlias = tuple[Text, Text] | Columns | str
"""A line of two parts, a table, or text that is never wrapped."""

BLANK: Line = (Text(), Text())


def line(text: str, indent: str = "") -> Line:
    """Return a text as a line, without control characters."""
    return Text(indent), Text(visible(text))


def heading(text: str) -> tuple[Line, ...]:
    """Return a line between blank lines."""
    return BLANK, line(text), BLANK


def write(path: Path | None, text: str) -> None:
    """Write a text to a file, or to standard output.

    Raises:
        Refusal: The file cannot be written.
    """
    text = text.rstrip("\n")
    if path is None:
        click.echo(text)
        return
    try:
        path.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise Refusal(f"{path} cannot be written: {error.strerror}") from None


def write_lines(path: Path | None, lines: Iterable[Line]) -> None:
    """Write lines; on a terminal, the second part of a line is wrapped beside the first.

    Without a terminal, lines are never wrapped, so that you can search in them.

    Raises:
        Refusal: The file cannot be written.
    """
    console = Console(highlight=False)
    if path is None and console.is_terminal:
        for line in lines:
            if isinstance(line, str):
                click.echo(line)
            else:
                console.print(line if isinstance(line, Columns) else _beside(*line))
    else:
        write(path, "\n".join(map(_plain, lines)))


def discard_stdout() -> None:
    """Discard all further output: otherwise Python fails again when it exits."""
    # in tests, standard output is not a file
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


class Output:
    """Lines that are printed as they arrive, or kept until they are written to a file.

    Args:
        path: The file.
            Default when None: the lines are printed.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._kept: list[str] = []

    def add(self, lines: Iterable[Line]) -> None:
        """Print or keep lines."""
        if self._path is not None:
            self._kept += map(_plain, lines)
        else:
            write_lines(None, lines)

    def write_file(self) -> None:
        """Write the lines to the file, if there is one.

        Raises:
            Refusal: The file cannot be written.
        """
        if self._path is not None:
            write(self._path, "\n".join(self._kept))


def _plain(line: Line) -> str:
    """Return a line without wrapping. A table has several lines."""
    if isinstance(line, Columns | str):
        return str(line)
    first, second = line
    return f"{first.plain}{second.plain}".rstrip()


def _beside(first: Text, second: Text) -> Table | Text:
    """Return a line of two parts, with the second part wrapped beside the first."""
    if not first:
        # rich cannot make a column that narrow
        return second
    # each line is a table of its own, so that the second part starts where the first one ends
    row = Table.grid()
    row.add_column(no_wrap=True)
    row.add_column(overflow="fold")
    row.add_row(first, second)
    return row
