"""Options for input and output that commands share, and functions that write output."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from slr_constructs.cli.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rich.text import Text

    from slr_constructs.templates.app import App

#: click does not check that the path exists: the reader does, and reports it like other errors.
PATH = click.Path(path_type=Path)
#: the argument of commands that read several assemblies or templates.
PATHS = click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=PATH)
#: where commands write their output.
OUTPUT = click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the output to this file.  [default: standard output]",
)


def format_option(*formats: str, help: str = "") -> Callable[[Any], Any]:
    """Return the option `--format`, which is passed to the command as `form`.

    Args:
        formats: The names of the formats. The first one is the default.

        help: Text after the common help text.
            Default: none.
    """
    return click.option(
        "--format",
        "form",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help=f"The output format. {help}".rstrip(),
    )


def read_app(paths: Sequence[Path], *, name: str | None = None, lenient: bool = False) -> App:
    """Read assemblies and templates, and report on stderr which parts were left out.

    A caller that reads leniently reports the parts that cannot be parsed itself.

    Raises:
        Refusal: A path cannot be read.
    """
    # commands that print facts and policies start without it
    from slr_constructs.templates.app import App  # noqa: PLC0415
    from slr_constructs.templates.reading import TemplateError  # noqa: PLC0415

    try:
        app = App.read(paths, name=name, lenient=lenient)
    except TemplateError as error:
        raise Refusal(str(error)) from None
    for note in () if lenient else app.notes:
        click.echo(f"slr-constructs: {note}", err=True)
    return app


def check_output(path: Path | None) -> None:
    """Check that a file can be written, before a command works for minutes.

    Raises:
        Refusal: The file cannot be written.
    """
    if path is not None and not os.access(path if path.exists() else path.parent, os.W_OK):
        raise Refusal(f"{path} cannot be written")


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


def write_lines(path: Path | None, lines: Iterable[tuple[Text, Text]]) -> None:
    """Write lines of two parts; on a terminal, the second part is wrapped beside the first.

    Without a terminal, lines are never wrapped, so that you can search in them.

    Raises:
        Refusal: The file cannot be written.
    """
    console = Console(highlight=False)
    if path is None and console.is_terminal:
        for first, second in lines:
            console.print(beside(first, second))
    else:
        write(path, "\n".join(f"{first.plain}{second.plain}".rstrip() for first, second in lines))


def beside(first: Text, second: Text) -> Table | Text:
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


def counted(number: int, noun: str) -> str:
    """Return a number with its noun in the singular or plural."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
