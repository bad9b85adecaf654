"""The progress and the summary of `release` and `restore`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.text import Text

from slr_constructs.account.changes import Change, Outcome, Waiting
from slr_constructs.cli.output import counted, write_lines
from slr_constructs.templates.words import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slr_constructs.account.changes import Changes, Event
    from slr_constructs.account.usages.kind import TargetResource

#: the width of the longest word and two spaces.
_WORD = 9
_STYLES = {Outcome.DONE: "green", Outcome.BUSY: "yellow", Outcome.FAILED: "bold red"}


def print_event(event: Event) -> None:
    """Print what happened, as it happens."""
    match event:
        case Change():
            where = f"{event.target.region} {event.target.kind.name} {_name(event.target)}: "
            _line(event.outcome.value, where + event.text, _STYLES[event.outcome])
        case Waiting():
            _line("waiting", f"{event.seconds:.0f} s: {event.reason}", "dim")
        case _:
            _line("role", event.text, "bold")


def _line(word: str, text: str, style: str) -> None:
    write_lines(None, [(Text(f"{word:{_WORD}}", style=style), Text(visible(text)))])


def print_summary(changes: Changes, verb: str, total: int) -> None:
    """Print how many usages were changed, and how many were not.

    Args:
        changes: The changes.

        verb: The past participle of the change, "disabled" or "restored".

        total: The number of usages to change.
    """
    done, unknown = len(changes.done), len(changes.in_progress)
    unchanged = total - done - unknown
    parts = [
        f"{counted(done, 'usage')} {verb}",
        *([f"{unknown} with an unknown result"] if unknown else ()),
        *([f"{unchanged} unchanged"] if unchanged else ()),
    ]
    click.echo(f"\n{', '.join(parts)}.")


def progress_text(changes: Changes, verb: str, total: int) -> str:
    """Return how much was done, for the message of an interruption."""
    unknown = len(changes.in_progress)
    more = f"; the result of {unknown} more is unknown" if unknown else ""
    return f"{len(changes.done)} of {counted(total, 'usage')} {verb}{more}"


def rows_of(targets: Sequence[TargetResource], last: Sequence[str]) -> list[list[str]]:
    """Return table rows: region, kind, name, configuration, and the value of the last column."""
    return [
        [
            target.region,
            target.kind.name,
            visible(_name(target)),
            visible(target.kind.describe_settings(target.settings or {})),
            visible(more),
        ]
        for target, more in zip(targets, last, strict=True)
    ]


def _name(target: TargetResource) -> str:
    return target.name or target.id
