"""The progress of a command that reads an account, and what it reports when you interrupt it."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

import click
from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from slr_constructs.account.interruption import signals_interrupt
from slr_constructs.cli import INTERRUPTED
from slr_constructs.cli.call_log import is_verbose
from slr_constructs.cli.stderr import warn
from slr_constructs.templates.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from slr_constructs.account.audit import Progress


_BAR_COLUMNS = 6
_REFRESHES_PER_SECOND = 8


@contextmanager
def interruptible(done: Callable[[], str]) -> Iterator[None]:
    """Exit with one sentence and exit status 130 on Ctrl-C, SIGTERM and SIGHUP.

    Args:
        done: Returns text about what was done before the interruption, and what was not.
    """
    with signals_interrupt():
        try:
            yield
        except (KeyboardInterrupt, click.Abort):
            # click turns KeyboardInterrupt into Abort in prompts and when it leaves a command
            warn(f"interrupted; {done()}")
            raise click.exceptions.Exit(INTERRUPTED) from None


def lists_read(progress: Progress | None) -> str:
    """Return how much was read, for the message of an interruption."""
    if progress is None or not progress.lists:
        return "nothing was read"
    return f"{progress.lists_read} of {progress.lists} lists were read"


class Watch:
    """Shows the progress of reading on stderr while it lasts, if stderr is a terminal.

    Args:
        progress: The current state.
    """

    def __init__(self, progress: Progress) -> None:
        #: how many accounts there are to read, and how many of them were read.
        self.accounts = 1
        self.accounts_read = 0
        self._progress = progress
        self._began = time.monotonic()
        self._console = Console(stderr=True)
        # rich takes a stream for a terminal if FORCE_COLOR is set
        interactive = self._console.is_interactive and sys.stderr.isatty()
        # the lines of other threads would be in the middle of it
        self._shows = interactive and not is_verbose()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        """Start to show the progress."""
        self._show()
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the progress line."""
        self._hide()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Hide the progress line while other output is printed."""
        self._hide()
        yield
        self._show()

    def _show(self) -> None:
        if self._shows:
            # a new object each time: an old one would overwrite the lines printed since then
            self._live = Live(
                self,
                console=self._console,
                transient=True,
                refresh_per_second=_REFRESHES_PER_SECOND,
                # stdout may be read by another program
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start(refresh=True)

    def _hide(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def __rich__(self) -> Table:
        """Return the current progress as one line."""
        now = self._progress
        done, of = now.lists_read, now.lists
        parts = [f"{done}/{of} lists"]
        if self.accounts > 1:
            # the number of lists in the remaining accounts is not known yet
            done, of = self.accounts_read, self.accounts
            parts = [f"{done}/{of} accounts", *parts]
        parts += [
            f"{time.monotonic() - self._began:.0f} s",
            counted(now.usages, "usage"),
            *([f"{now.failures} failed"] if now.failures else ()),
            *([f"{now.waits} retried"] if now.waits else ()),
            counted(now.targets, "resource"),
        ]
        line = Table.grid(padding=(0, 1))
        line.add_row(
            ProgressBar(max(of, 1), done, width=_BAR_COLUMNS),
            Text(", ".join(parts), no_wrap=True, overflow="ellipsis"),
        )
        return line
