"""The progress and the summary of `release` and `restore`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.text import Text

from slr_constructs.account.access import AccountError
from slr_constructs.account.changes import Change, Outcome, Waiting
from slr_constructs.account.interruption import interrupt
from slr_constructs.cli.output import BLANK, discard_stdout, write_lines
from slr_constructs.cli.stderr import warn
from slr_constructs.templates.words import counted, visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slr_constructs.account.changes import Event
    from slr_constructs.account.release import Release
    from slr_constructs.account.restore import Restore
    from slr_constructs.account.state import State
    from slr_constructs.cli.output import Line

#: the width of the longest word and two spaces.
_WORD = 9
_STYLES = {Outcome.DONE: "green", Outcome.BUSY: "yellow", Outcome.FAILED: "bold red"}


def print_lines(lines: Iterable[Line]) -> None:
    """Print lines. If this fails, the command is interrupted where it leaves nothing half done.

    Raises:
        KeyboardInterrupt: The command is interrupted now.
    """
    try:
        write_lines(None, lines)
    # ValueError: the encoding of stdout does not have a character
    except (OSError, ValueError) as error:
        warn(f"standard output cannot be written: {getattr(error, 'strerror', error)}")
        discard_stdout()
        interrupt()


def print_event(event: Event) -> None:
    """Print what happened, as it happens, with the time in UTC."""
    match event:
        case Change():
            target = event.target
            where = f"{target.region} {target.kind.name} {target.label}: "
            _line(event.outcome.value, where + event.text, _STYLES[event.outcome])
        case Waiting():
            _line("waiting", f"{event.seconds:.0f} s: {event.reason}", "dim")
        case _:
            _line("role", event.text, "bold")


def _line(word: str, text: str, style: str) -> None:
    now = f"{datetime.now(UTC):%H:%M:%SZ} "
    first = Text.assemble((now, "dim"), (f"{word:{_WORD}}", style))
    print_lines([(first, Text(visible(text)))])


def report_damage(state: State) -> None:
    """Report on stderr which lines of a state file were skipped."""
    for each in state.damaged:
        warn(f"{state.path}: line {each.number} was skipped, because {each.reason}")


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
    done, unknown = len(operation.changes.done), operation.changes.unknown
    unchanged = total - done - unknown
    parts = [
        f"{counted(done, 'usage')} {verb}",
        *([f"{unknown} with an unknown result"] if unknown else ()),
        *([f"{unchanged} unchanged"] if unchanged else ()),
    ]
    print_lines([BLANK, f"{', '.join(parts)}."])
    return complete


def progress_text(operation: Release | Restore, verb: str, total: int) -> str:
    """Return how much was done, for the message of an interruption."""
    changes = operation.changes
    parts = [
        *([f"{len(changes.done)} of {counted(total, 'usage')} {verb}"] if total else ()),
        *([f"the result of {changes.unknown} more is unknown"] if changes.unknown else ()),
        *([operation.role_text] if operation.role_text else ()),
    ]
    return "; ".join(parts) or "nothing was changed"
