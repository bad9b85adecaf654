"""The progress and the summary of `release` and `restore`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.text import Text

from slr_constructs.account.access import AccountError
from slr_constructs.account.changes import Change, Outcome, Waiting
from slr_constructs.cli.output import write_lines
from slr_constructs.cli.stderr import warn
from slr_constructs.templates.words import counted, visible

if TYPE_CHECKING:
    from slr_constructs.account.changes import Changes, Event
    from slr_constructs.account.release import Release
    from slr_constructs.account.restore import Restore

#: the width of the longest word and two spaces.
_WORD = 9
_STYLES = {Outcome.DONE: "green", Outcome.BUSY: "yellow", Outcome.FAILED: "bold red"}


def print_event(event: Event) -> None:
    """Print what happened, as it happens."""
    match event:
        case Change():
            target = event.target
            where = f"{target.region} {target.kind.name} {target.name or target.id}: "
            _line(event.outcome.value, where + event.text, _STYLES[event.outcome])
        case Waiting():
            _line("waiting", f"{event.seconds:.0f} s: {event.reason}", "dim")
        case _:
            _line("role", event.text, "bold")


def _line(word: str, text: str, style: str) -> None:
    write_lines(None, [(Text(f"{word:{_WORD}}", style=style), Text(visible(text)))])


def run(operation: Release | Restore, verb: str, total: int) -> bool:
    """Make the changes, and print how many usages were changed and how many were not.

    Returns whether everything was changed.

    Args:
        operation: The release or the restore.

        verb: The past participle of the change, "disabled" or "restored".

        total: The number of usages to change.
    """
    try:
        complete = operation.run()
    except AccountError as error:
        # changes were already made, so this is not a Refusal
        warn(str(error))
        complete = False
    done, unknown = len(operation.changes.done), len(operation.changes.in_progress)
    unchanged = total - done - unknown
    parts = [
        f"{counted(done, 'usage')} {verb}",
        *([f"{unknown} with an unknown result"] if unknown else ()),
        *([f"{unchanged} unchanged"] if unchanged else ()),
    ]
    click.echo(f"\n{', '.join(parts)}.")
    return complete


def progress_text(changes: Changes, verb: str, total: int) -> str:
    """Return how much was done, for the message of an interruption."""
    unknown = len(changes.in_progress)
    more = f"; the result of {unknown} more is unknown" if unknown else ""
    return f"{len(changes.done)} of {counted(total, 'usage')} {verb}{more}"
