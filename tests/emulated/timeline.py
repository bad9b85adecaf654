"""The history of an account as readable lines and tables.

A line breaks only between words: a name or an ARN always stays in one piece.
"""

from __future__ import annotations

import textwrap
from itertools import groupby
from typing import TYPE_CHECKING

from slr_constructs.templates.words import listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from tests.emulated.history import Event, FeatureRecord, RoleRecord

_PREFIX = "AWSServiceRoleFor"
_GAP = 2
_PART = 8


def timeline(events: Sequence[Event], *, width: int) -> list[str]:
    """Return one line for each event, below the name of its stack.

    Args:
        events: The events, those of a stack one after another.

        width: The width of a line, in characters.
    """
    lines: list[str] = []
    for stack, of_stack in groupby(events, key=lambda event: event.stack):
        lines.append(stack)
        for event in of_stack:
            start = f"  {minutes(event.seconds):>5}  {event.part:<{_PART}} "
            lines += wrapped(f"{start}{event.text}", width, indent=len(start))
    return lines


def heading(title: str) -> str:
    """Return the line above a timeline."""
    return f"\n{title} (simulated time)\n"


def minutes(seconds: float) -> str:
    """Return a time in minutes and seconds."""
    whole, rest = divmod(round(seconds), 60)
    return f"{whole}:{rest:02}"


def wrapped(text: str, width: int, *, indent: int = 0) -> list[str]:
    """Return a text in lines; a word that is wider than a line stays in one piece."""
    return textwrap.wrap(
        text,
        width,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )


def roles_table(roles: Sequence[RoleRecord], *, width: int) -> list[str]:
    """Return which stack created each role, which stacks shared it, and which one deleted it."""
    rows = [
        (
            role.name.removeprefix(_PREFIX),
            role.created_by or "(existed before)",
            listed(role.shared_with) if role.shared_with else "-",
            _deleted_by(role),
        )
        for role in roles
    ]
    return table((f"{_PREFIX}…", "created by", "shared with", "deleted by"), rows, width=width)


def _deleted_by(role: RoleRecord) -> str:
    if role.deleted_by is None:
        return "(it exists)"
    return "the same stack" if role.deleted_by == role.created_by else role.deleted_by


def features_table(features: Sequence[FeatureRecord], *, width: int) -> list[str]:
    """Return when each feature was enabled and disabled, since work on its stack began."""
    rows = [
        (
            feature.name,
            feature.stack,
            minutes(feature.enabled),
            "(it is enabled)" if feature.disabled is None else minutes(feature.disabled),
        )
        for feature in features
    ]
    return table(("feature", "stack", "enabled", "disabled"), rows, width=width)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, width: int) -> list[str]:
    """Return a table.

    Cells break between words if the table is wider than the lines. The widest columns become
    narrower first.

    Args:
        head: The titles of the columns.

        rows: The cells of each row.

        width: The width of a line, in characters.
    """
    columns = [*zip(head, *rows, strict=True)]
    widths = [max(map(len, column)) for column in columns]
    least = [max(len(word) for cell in column for word in cell.split()) for column in columns]
    while sum(widths) + _GAP * (len(widths) - 1) > width:
        wide = [index for index, each in enumerate(widths) if each > least[index]]
        if not wide:
            break
        widths[max(wide, key=lambda index: widths[index])] -= 1
    return [line for row in (head, *rows) for line in _row(row, widths)]


def _row(cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    columns = [wrapped(cell, size) for cell, size in zip(cells, widths, strict=True)]
    for number in range(max(map(len, columns))):
        parts = [column[number] if number < len(column) else "" for column in columns]
        padded = (part.ljust(size) for part, size in zip(parts, widths, strict=True))
        yield (" " * _GAP).join(padded).rstrip()


def left_in_words(remains: Collection[str]) -> str:
    """Return what is left of the stacks in an account."""
    if remains:
        return f"{listed(remains)}."
    return "nothing. No role, no feature, no owner, no function."
