"""Rows in columns: each row is one line of plain text; on a terminal, long cells are wrapped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

#: the number of spaces between two columns.
_GAP = 2


@dataclass(frozen=True, slots=True)
class Columns:
    """Rows below a header. A cell contains no line breaks."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    #: the number of spaces before each line.
    indent: int = 0

    @property
    def width(self) -> int:
        """The width that is needed to print each row on one line."""
        return self.indent + sum(self._widths()) + _GAP * (len(self.header) - 1)

    def __str__(self) -> str:
        """Return one line for each row, however long it is.

        A table of rich gives the same lines, but takes seconds for ten thousand rows.
        """
        widths = self._widths()
        lines = (
            " " * self.indent + (" " * _GAP).join(map(set_cell_size, row, widths))
            for row in (self.header, *self.rows)
        )
        return "\n".join(map(str.rstrip, lines))

    def __rich__(self) -> Padding:
        """Return the table for a terminal; long cells are wrapped in their columns."""
        table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim")
        for number, name in enumerate(self.header):
            # the first column is short in all tables
            table.add_column(name, no_wrap=number == 0, overflow="fold")
        for row in self.rows:
            table.add_row(*map(Text, row))
        return Padding.indent(table, self.indent)

    def _widths(self) -> list[int]:
        return [max(map(cell_len, column)) for column in zip(self.header, *self.rows, strict=True)]
