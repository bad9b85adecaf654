"""What commands that ask an account have in common: options, progress, and being interrupted.

What loads boto3 is loaded where it is needed, for `--help` and the other commands do without.
"""

from __future__ import annotations

import os
import re
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

from slr_constructs.catalogue import with_older_names
from slr_constructs.cli.refusal import Refusal
from slr_constructs.cli.roles import ROLES, complete, short_name_of
from slr_constructs.templates.words import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from slr_constructs.account.access import Account
    from slr_constructs.account.audit import Audit, Failure, Progress
    from slr_constructs.catalogue import RoleDefinition

#: the exit status of what was done in part.
PARTIAL = 1
#: a shell's own exit status for whatever is interrupted: 128, and SIGINT's number.
INTERRUPTED = 130

_ARN_OF_A_ROLE = re.compile(r"arn:[^:]+:iam::\d{12}:role/\S+")
_BAR_COLUMNS = 10
_REFRESHES_PER_SECOND = 8


def _checked_role_arn(
    _context: click.Context, _option: click.Parameter, arn: str | None
) -> str | None:
    if arn is not None and not _ARN_OF_A_ROLE.fullmatch(arn):
        raise Refusal(f"--role-arn takes the ARN of a role, got {arn!r}")
    return arn


#: the roles of an account, all by default.
ASKED_ROLES = click.argument("roles", nargs=-1, metavar="[ROLE]...", shell_complete=complete)
PROFILE = click.option(
    "--profile",
    metavar="NAME",
    help="A profile of the AWS configuration.  [default: as the AWS command line]",
)
ROLE_ARN = click.option(
    "--role-arn", metavar="ARN", callback=_checked_role_arn, help="Assume this role first."
)
AT_ONCE = click.option(
    "--at-once",
    metavar="N",
    type=click.IntRange(1, 256),
    default=32,
    show_default=True,
    help="How many calls are under way at the same time.",
)


def definitions_of(roles: Iterable[str]) -> list[RoleDefinition]:
    """Return the roles that are asked for, each with its older names; none asked for means all.

    Raises:
        Refusal: One is none of the catalogue's.
    """
    asked = [ROLES[short_name_of(each)] for each in roles] or list(ROLES.values())
    return with_older_names(asked)


def signed_in(profile: str | None, role_arn: str | None) -> Account:
    """Return the account that the caller's credentials are for.

    Raises:
        Refusal: There are none, or AWS does not take them.
    """
    from slr_constructs.account.access import sign_in  # noqa: PLC0415 - it loads boto3

    with refusing():
        return sign_in(profile=profile, role_arn=role_arn)


@contextmanager
def refusing() -> Iterator[None]:
    """Refuse what the account's modules say cannot be done.

    Raises:
        Refusal: An AccountError was raised.
    """
    from slr_constructs.account.access import AccountError  # noqa: PLC0415 - it loads boto3

    try:
        yield
    except AccountError as error:
        raise Refusal(str(error)) from None


def check_output(path: Path | None) -> None:
    """Find out whether a file can be written before it takes minutes to know what.

    Raises:
        Refusal: It cannot be.
    """
    if path is not None and not os.access(path if path.exists() else path.parent, os.W_OK):
        raise Refusal(f"{path} cannot be written")


def say_failures(failures: Iterable[Failure], *, account: str | None = None) -> None:
    """Say on the error stream what could not be read.

    Args:
        failures: One line for each.

        account: Whose they are.
            Default: not said, for it is the only one.
    """
    for each in failures:
        places = "".join(f"{place}: " for place in (account, each.region) if place)
        was = "was" if each.what.startswith(("the role ", "the account")) else "were"
        warn(f"{places}{each.what} {was} not read: {each.why}")


def say_notes(audit: Audit, account: str | None = None) -> None:
    """Say on the error stream what nobody could tell, though all was read without it."""
    for note in audit.notes:
        warn(f"{account}: {note}" if account else note)


def warn(text: str) -> None:
    """Say something on the error stream."""
    click.echo(f"slr-constructs: {visible(text)}", err=True)


@contextmanager
def interruptible(done: Callable[[], str]) -> Iterator[None]:
    """Leave at once on Ctrl-C, with one sentence, and exit status 130.

    Args:
        done: Says what was done by then, and what was not.
    """
    try:
        yield
    except (KeyboardInterrupt, click.Abort):
        # click makes an Abort of it where it asks, and of all that leaves a command
        warn(f"interrupted; {done()}")
        raise click.exceptions.Exit(INTERRUPTED) from None


def lists_read(progress: Progress | None) -> str:
    """Say how far a reading is, if it has begun, in the words of an interruption."""
    if progress is None or not progress.lists:
        return "nothing was read"
    return f"{progress.lists_read} of {progress.lists} lists were read"


# a typed word


def can_ask() -> bool:
    """Tell whether somebody can be asked: sees the question, and types the answer."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def typed(word: str, what: str) -> bool:
    """Ask for a word, and tell whether it was typed."""
    click.echo(f"Type {word} to {what}: ", nl=False)
    line = ""
    try:
        line = sys.stdin.readline()
    finally:
        # the end of input, or an interruption, leaves the cursor behind the question
        if not line.endswith("\n"):
            click.echo()
    return line.strip() == word


def confirm(word: str, command: str, *, yes: bool) -> None:
    """Ask for a word before anything is changed, unless somebody has said yes.

    Raises:
        Refusal: Nobody can be asked, or something else was typed.
    """
    if yes:
        return
    if not can_ask():
        raise Refusal(f"nobody can be asked here: say --yes to {command}, or --dry-run to look")
    if not typed(word, "go on"):
        raise Refusal(f"{word} was not typed, and nothing was changed")


# how far it is


class Watch:
    """Shows on the error stream how far a reading is, if that is a terminal, and leaves nothing.

    Args:
        progress: What is read so far.
    """

    def __init__(self, progress: Progress) -> None:
        #: how many accounts are being read, and how many were.
        self.accounts = 1
        self.accounts_read = 0
        self._progress = progress
        self._began = time.monotonic()
        self._console = Console(stderr=True)
        # rich takes what is told to have colours for a terminal
        self._shows = self._console.is_interactive and sys.stderr.isatty()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        """Show it from now on."""
        self._show()
        return self

    def __exit__(self, *_: object) -> None:
        """Take it away."""
        self._take_away()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Make room for something to be printed."""
        self._take_away()
        yield
        self._show()

    def _show(self) -> None:
        if self._shows:
            # a new one each time: it would go back over what was printed since
            self._live = Live(
                self,
                console=self._console,
                transient=True,
                refresh_per_second=_REFRESHES_PER_SECOND,
                # what is printed is for whoever reads the other stream
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start(refresh=True)

    def _take_away(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def __rich__(self) -> Table:
        """Return one line, as it is now."""
        now = self._progress
        done, of = now.lists_read, now.lists
        parts = [f"{done}/{of} lists"]
        if self.accounts > 1:
            # how many lists the others have, nobody knows yet
            done, of = self.accounts_read, self.accounts
            parts = [f"{done}/{of} accounts", *parts]
        parts += [
            f"{time.monotonic() - self._began:.0f} s",
            counted(now.users, "use"),
            *([f"{now.failures} failed"] if now.failures else ()),
            *([counted(now.waits, "wait")] if now.waits else ()),
            counted(now.things, "thing"),
        ]
        line = Table.grid(padding=(0, 1))
        line.add_row(
            ProgressBar(max(of, 1), done, width=_BAR_COLUMNS),
            Text(", ".join(parts), no_wrap=True, overflow="ellipsis"),
        )
        return line


def counted(number: int, what: str) -> str:
    """Return how many there are, with the word for one or for several."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
