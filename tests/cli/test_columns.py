"""Tables: plain text has the same columns as a terminal that is wide enough."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from slr_constructs.cli.columns import Columns

HEADER = ("region", "name", "state")
#: a name with characters that are two columns wide, and an empty cell.
ROWS = (("eu-west-1", "x" * 200, "on"), ("us-east-1", "漢字", ""))


def shown(table: Columns, width: int) -> list[str]:
    """Return the lines on a terminal, without colors and trailing spaces."""
    console = Console(file=StringIO(), width=width, color_system=None)
    with console.capture() as captured:
        console.print(table)
    return [line.rstrip() for line in captured.get().splitlines()]


@pytest.mark.parametrize("indent", [0, 4])
def test_plain_text_has_one_line_for_each_row(indent: int) -> None:
    """Long cells are complete, and no line ends in a space."""
    lines = str(Columns(HEADER, ROWS, indent)).splitlines()

    margin = " " * indent
    assert lines == [
        f"{margin}region     name{' ' * 196}  state",
        f"{margin}eu-west-1  {'x' * 200}  on",
        f"{margin}us-east-1  漢字",
    ]


@pytest.mark.parametrize("indent", [0, 4])
def test_a_wide_terminal_shows_the_same_lines(indent: int) -> None:
    """Down to the width that the table needs."""
    table = Columns(HEADER, ROWS, indent)

    assert shown(table, 1_000) == str(table).splitlines()
    assert shown(table, table.width) == str(table).splitlines()
    assert len(shown(table, table.width - 1)) > len(ROWS) + 1


def test_a_narrow_terminal_wraps_long_cells() -> None:
    """Each cell stays in its column, and the first column is not wrapped."""
    lines = shown(Columns(HEADER, ROWS, 4), 60)

    assert max(map(len, lines)) <= 60
    assert "".join(lines).count("x") == 200
    assert all(line[4:13].strip() in {"", "region", "eu-west-1", "us-east-1"} for line in lines)
