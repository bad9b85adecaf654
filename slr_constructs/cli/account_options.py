"""Options, progress and interruption for the commands that read an account.

boto3 is imported inside functions, so that `--help` and the other commands start without it.
"""

from __future__ import annotations

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

from slr_constructs.catalogue import with_superseded_roles
from slr_constructs.cli.output import counted
from slr_constructs.cli.refusal import Refusal
from slr_constructs.cli.role_argument import ROLES, complete, short_name_of
from slr_constructs.templates.words import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from slr_constructs.account.access import Account
    from slr_constructs.account.audit import Audit, Failure, Progress
    from slr_constructs.catalogue import RoleDefinition

#: the exit status if only a part was done.
PARTIAL = 1
#: the exit status that shells use for an interrupted command: 128 plus the number of SIGINT.
INTERRUPTED = 130

_ARN_OF_A_ROLE = re.compile(r"arn:[^:]+:iam::\d{12}:role/\S+")
_BAR_COLUMNS = 6
_REFRESHES_PER_SECOND = 8


def _checked_role_arn(
    _context: click.Context, _option: click.Parameter, arn: str | None
) -> str | None:
    if arn is not None and not _ARN_OF_A_ROLE.fullmatch(arn):
        raise Refusal(f"--role-arn must be the ARN of a role, got {arn!r}")
    return arn


#: the roles to read. Default: all roles of the catalogue.
ROLE_ARGUMENTS = click.argument("roles", nargs=-1, metavar="[ROLE]...", shell_complete=complete)
PROFILE = click.option(
    "--profile",
    metavar="NAME",
    help="Use this profile of your AWS configuration.  [default: as in the AWS CLI]",
)
ROLE_ARN = click.option(
    "--role-arn", metavar="ARN", callback=_checked_role_arn, help="Assume this IAM role first."
)
AT_ONCE = click.option(
    "--at-once",
    metavar="N",
    type=click.IntRange(1, 256),
    default=32,
    show_default=True,
    help="Run at most this many API calls at the same time.",
)


def definitions_of(roles: Iterable[str]) -> list[RoleDefinition]:
    """Return the definitions of roles, including those of their older names.

    Args:
        roles: Names of roles, in any form that the command line accepts.
            Default when empty: all roles of the catalogue.

    Raises:
        Refusal: The catalogue does not have one of them.
    """
    selected = [ROLES[short_name_of(each)] for each in roles] or list(ROLES.values())
    return with_superseded_roles(selected)


def signed_in(profile: str | None, role_arn: str | None) -> Account:
    """Return the account of your credentials.

    Raises:
        Refusal: No credentials were found, or AWS rejects them.
    """
    from slr_constructs.account.access import sign_in  # noqa: PLC0415 - imports boto3

    with refuse_on_account_error():
        return sign_in(profile=profile, role_arn=role_arn)


@contextmanager
def refuse_on_account_error() -> Iterator[None]:
    """Turn an AccountError into a Refusal.

    Raises:
        Refusal: An AccountError was raised.
    """
    from slr_constructs.account.access import AccountError  # noqa: PLC0415 - imports boto3

    try:
        yield
    except AccountError as error:
        raise Refusal(str(error)) from None


def report_failures(failures: Iterable[Failure], *, account: str | None = None) -> None:
    """Report on stderr what could not be read.

    Args:
        failures: The failures. Each one is reported on a line of its own.

        account: The id of the account.
            Default: it is not printed, because the command reads only one account.
    """
    for each in failures:
        places = "".join(f"{place}: " for place in (account, each.region) if place)
        warn(f"{places}cannot read {each.resource}: {each.reason}")


def report_notes(audit: Audit, account: str | None = None) -> None:
    """Report on stderr what is unknown but did not make the audit incomplete."""
    for note in audit.notes:
        warn(f"{account}: {note}" if account else note)


def warn(text: str) -> None:
    """Print a line to stderr."""
    click.echo(f"slr-constructs: {visible(text)}", err=True)


@contextmanager
def interruptible(done: Callable[[], str]) -> Iterator[None]:
    """Exit with one sentence and exit status 130 on Ctrl-C.

    Args:
        done: Returns text about what was done before the interruption, and what was not.
    """
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


# confirmation


def can_ask() -> bool:
    """Return whether a person can see a question and type the answer."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def typed(word: str, action: str) -> bool:
    """Ask for a word, and return whether it was typed."""
    click.echo(f"Type {word} to {action}: ", nl=False)
    line = ""
    try:
        line = sys.stdin.readline()
    finally:
        # after the end of input or an interruption, the cursor is still behind the question
        if not line.endswith("\n"):
            click.echo()
    return line.strip() == word


def confirm(word: str, command: str, *, yes: bool) -> None:
    """Ask for a word before anything is changed, unless `yes` is true.

    Raises:
        Refusal: The command has no terminal to ask on, or another word was typed.
    """
    if yes:
        return
    if not can_ask():
        raise Refusal(
            f"cannot ask for confirmation without a terminal. Use --yes to {command}, or --dry-run"
            " to show the plan"
        )
    if not typed(word, "continue"):
        raise Refusal(f"{word} was not typed. Nothing was changed")


# progress


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
        self._shows = self._console.is_interactive and sys.stderr.isatty()
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
