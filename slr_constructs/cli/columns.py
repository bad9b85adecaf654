"""Rows in columns: one line for each row if the terminal is wide enough, wrapped otherwise."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

import click
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: between two columns.
_GAP = "  "


class Columns:
    """Rows below a header.

    Args:
        header: The names of the columns.

        rows: The cells. A cell contains no line breaks.

        indent: Text before each line.
            Default: none.
    """

    def __init__(
        self, header: Sequence[str], rows: Sequence[Sequence[str]], *, indent: str = ""
    ) -> None:
        self.rows = rows
        self._header = header
        self._indent = indent
        self._widths = [max(map(cell_len, column)) for column in zip(header, *rows, strict=True)]

    @property
    def width(self) -> int:
        """The width that is needed to print each row on one line."""
        return len(self._indent) + sum(self._widths) + len(_GAP) * (len(self._widths) - 1)

    def lines(self) -> Iterator[str]:
        """Yield one line for each row, however long it is."""
        for row in (self._header, *self.rows):
            cells = (
                cell + " " * (width - cell_len(cell))
                for cell, width in zip(row, self._widths, strict=True)
            )
            yield f"{self._indent}{_GAP.join(cells)}".rstrip()

    def print(self) -> None:
        """Print to standard output, with or without a terminal."""
        console = Console(highlight=False)
        if console.is_terminal:
            self.show(console)
        else:
            click.echo("\n".join(self.lines()))

    def show(self, console: Console) -> None:
        """Print to a terminal; long cells are wrapped in their columns, never truncated."""
        if self.width <= console.width:
            for line, style in zip_longest(self.lines(), ["dim"], fillvalue=""):
                console.print(Text(line, style=style))
            return
        table = Table(box=None, pad_edge=False, padding=(0, len(_GAP), 0, 0), header_style="dim")
        for number, name in enumerate(self._header):
            # the first column is short in all tables
            table.add_column(name, no_wrap=number == 0, overflow="fold")
        for row in self.rows:
            table.add_row(*map(Text, row))
        console.print(Padding(table, (0, 0, 0, len(self._indent))))
