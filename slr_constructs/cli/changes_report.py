"""What a release or a restore says while it goes on, and when it is stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.text import Text

from slr_constructs.account.changing import Change, Outcome, Waiting
from slr_constructs.cli.account_options import counted
from slr_constructs.cli.output import write_lines
from slr_constructs.templates.words import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slr_constructs.account.changing import Changes, Event
    from slr_constructs.account.uses.kind import Thing

#: as wide as the longest word, and two blanks.
_WORD = 9
_STYLES = {Outcome.DONE: "green", Outcome.BUSY: "yellow", Outcome.FAILED: "bold red"}


def say(event: Event) -> None:
    """Print what happened, as it happens."""
    match event:
        case Change():
            where = f"{event.thing.region} {event.thing.kind.name} {_name(event.thing)}: "
            _line(event.outcome.value, where + event.text, _STYLES[event.outcome])
        case Waiting():
            _line("waiting", f"{event.seconds:.0f} s: {event.why}", "dim")
        case _:
            _line("role", event.text, "bold")


def _line(word: str, text: str, style: str) -> None:
    write_lines(None, [(Text(f"{word:{_WORD}}", style=style), Text(visible(text)))])


def sum_up(changes: Changes, word: str, wanted: int) -> None:
    """Print how much was done, and what is left."""
    done, begun = len(changes.done), len(changes.under_way)
    left = wanted - done - begun
    parts = [
        f"{counted(done, 'thing')} {word}",
        *([f"{begun} may have been"] if begun else ()),
        *([f"{left} left as before"] if left else ()),
    ]
    click.echo(f"\n{', '.join(parts)}.")


def so_far(changes: Changes, word: str, wanted: int) -> str:
    """Say what was done when somebody interrupted it."""
    begun = len(changes.under_way)
    unknown = f"; {begun} more were being switched, or have been" if begun else ""
    return f"{len(changes.done)} of {counted(wanted, 'thing')} {word}{unknown}"


def rows_of(things: Sequence[Thing], last: Sequence[str]) -> list[list[str]]:
    """Return rows of things: where, what, which, what is on, and something more."""
    return [
        [
            thing.region,
            thing.kind.name,
            visible(_name(thing)),
            visible(thing.kind.says(thing.settings or {})),
            visible(more),
        ]
        for thing, more in zip(things, last, strict=True)
    ]


def _name(thing: Thing) -> str:
    return thing.name or thing.id
