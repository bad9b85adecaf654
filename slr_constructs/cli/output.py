"""What commands read and print, and how it looks on a terminal and off it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from slr_constructs.cli.refusal import Refusal
from slr_constructs.templates.app import App
from slr_constructs.templates.reading import TemplateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.text import Text

#: whether it is there is for the reader to say, in the words of all its refusals.
PATH = click.Path(path_type=Path)
#: what commands read that take several.
PATHS = click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=PATH)
#: where commands write to.
OUTPUT = click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write.  [default: standard output]",
)


def read_app(paths: Sequence[Path], *, name: str | None = None, lenient: bool = False) -> App:
    """Read assemblies and templates, and say on the error stream what was left out.

    Who reads leniently says so by itself, of all that cannot be read.

    Raises:
        Refusal: They cannot be read.
    """
    try:
        app = App.read(paths, name=name, lenient=lenient)
    except TemplateError as error:
        raise Refusal(str(error)) from None
    for note in () if lenient else app.notes:
        click.echo(f"slr-constructs: {note}", err=True)
    return app


def write(path: Path | None, text: str) -> None:
    """Write a file, or to standard output.

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
    """Write lines of two parts; on a terminal, the second is folded beside the first.

    Off a terminal, a line is a line, however long, for whoever searches in it.

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
    """Return a line of two parts, of which the second is folded beside the first."""
    if not first:
        # a column is never as narrow as that
        return second
    # a table of its own, so that the second part starts where the first one ends
    row = Table.grid()
    row.add_column(no_wrap=True)
    row.add_column(overflow="fold")
    row.add_row(first, second)
    return row
