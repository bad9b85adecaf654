"""`slr-constructs leases`: list the leases on roles, and drop those of deleted stacks.

boto3 is imported when the command runs, so that `--help` starts without it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from slr_constructs.cli.account_options import (
    PARTIAL,
    PROFILE,
    ROLE_ARGUMENTS,
    ROLE_ARN,
    can_ask,
    definitions_of,
    interruptible,
    signed_in,
    typed,
    warn,
)
from slr_constructs.cli.columns import Columns
from slr_constructs.cli.output import OUTPUT, check_output, counted, format_option, write
from slr_constructs.cli.refusal import Refusal
from slr_constructs.cli.role_argument import short_name_of
from slr_constructs.templates.words import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from slr_constructs.account.access import Account
    from slr_constructs.account.iam_role import Lease
    from slr_constructs.account.leases import Leases

_WORD = "drop"
_HEADER = ("role", "stack", "region", "state")


@click.command()
@ROLE_ARGUMENTS
@click.option("--drop-deleted", is_flag=True, help="Drop the leases of deleted stacks.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@PROFILE
@ROLE_ARN
@format_option("text", "json", help="JSON has all details.")
@OUTPUT
@click.pass_context
def leases(
    context: click.Context,
    roles: tuple[str, ...],
    *,
    drop_deleted: bool,
    yes: bool,
    dry_run: bool,
    profile: str | None,
    role_arn: str | None,
    form: str,
    output: Path | None,
) -> None:
    """List the leases that stacks have on service-linked roles.

    A lease is a tag on the role. A stack with these constructs acquires a lease on each role that
    it uses, and releases it when the role is removed from the stack. ROLE is a role name, a service
    principal or a short name, as `slr-constructs catalogue` prints them. Default: all roles.

    If the function of a stack is deleted before it can release its lease, the lease stays on the
    role, and the role is never deleted. --drop-deleted drops such leases after you typed the word
    drop. The command reads the state of each stack again before it drops the lease. It keeps the
    lease if it cannot find out whether the stack was deleted.

    Exit status: 0 success, 1 a role could not be read or a lease not dropped (stderr has the
    reason), 2 nothing was done, 130 interrupted.

    \b
      slr-constructs leases mediatailor
      slr-constructs leases --drop-deleted --dry-run
    """  # noqa: D301 - click reads \b
    as_json = form == "json"
    _check(drop_deleted=drop_deleted, yes=yes, dry_run=dry_run, as_json=as_json, output=output)
    check_output(output)
    changes = _Changes(_Report(output, quiet=as_json))
    with interruptible(changes.summary):
        from slr_constructs.account.leases import read_leases  # noqa: PLC0415 - imports boto3
        from slr_constructs.account.stacks import StackState  # noqa: PLC0415 - imports boto3

        definitions = definitions_of(roles)
        account = signed_in(profile, role_arn)
        read = read_leases(account, definitions)
        for name, reason in sorted(read.failures.items()):
            warn(f"cannot read the role {name}: {reason}")
        deleted = [each for each in read.leases if each.state is StackState.DELETED]
        shown = deleted if drop_deleted else read.leases
        changes.report.table(shown, _nothing(read, only_deleted=drop_deleted))
        if drop_deleted:
            changes.keep(read.leases)
            changes.drop(account, deleted, ask=not yes, dry_run=dry_run)
        if as_json:
            write(output, json.dumps(_as_json(account, read, changes), indent=2))
    context.exit(PARTIAL if read.failures or changes.failures else 0)


def _check(
    *, drop_deleted: bool, yes: bool, dry_run: bool, as_json: bool, output: Path | None
) -> None:
    if not drop_deleted and (yes or dry_run):
        raise Refusal(f"{'--yes' if yes else '--dry-run'} requires --drop-deleted")
    if drop_deleted and not (yes or dry_run):
        if as_json or output is not None:
            raise Refusal(
                f"--drop-deleted with {'--format json' if as_json else '--output'} does not ask for"
                " confirmation. Use --yes or --dry-run"
            )
        if not can_ask():
            raise Refusal(
                "--drop-deleted cannot ask for confirmation without a terminal. Use --yes or"
                " --dry-run"
            )


@dataclass(slots=True)
class _Report:
    """The text output, printed line by line or written to a file."""

    path: Path | None
    #: whether no text is written, because the output is JSON.
    quiet: bool
    lines: list[str] = field(default_factory=list)

    def table(self, leases: Sequence[Lease], nothing: str) -> None:
        """Add leases, or a sentence if there are none."""
        if self.quiet:
            return
        rows = [
            [each.role_name, visible(each.stack_name), each.region or "-", each.state.value]
            for each in leases
        ]
        columns = Columns(_HEADER, rows)
        if not leases:
            self.add(nothing)
        elif self.path is None:
            columns.print()
        else:
            self.add(*columns.lines())

    def add(self, *lines: str) -> None:
        """Add lines of text.

        Raises:
            Refusal: The file cannot be written.
        """
        if self.quiet:
            return
        if self.path is None:
            write(None, "\n".join(lines))
        else:
            # the file is complete up to here, even if the command is interrupted later
            self.lines += lines
            write(self.path, "\n".join(self.lines))


@dataclass(slots=True)
class _Changes:
    """The outcome for each lease."""

    report: _Report
    #: how many leases are to be dropped.
    number: int = 0
    outcomes: dict[Lease, str] = field(default_factory=dict)
    #: leases that could not be dropped, each with the reason.
    failures: dict[Lease, str] = field(default_factory=dict)

    def keep(self, leases: Iterable[Lease]) -> None:
        """Record that leases are kept; `drop` replaces this for leases of deleted stacks."""
        for each in leases:
            self.outcomes[each] = "kept"
            if each.state.value == "unknown":
                self._add(f"kept: {_of(each)}; it is unknown whether the stack was deleted")

    def drop(self, account: Account, deleted: Sequence[Lease], *, ask: bool, dry_run: bool) -> None:
        """Drop leases, after a confirmation.

        Raises:
            Refusal: Another word was typed.
        """
        from slr_constructs.account.access import AccountError  # noqa: PLC0415 - imports boto3
        from slr_constructs.account.leases import release_orphaned_lease  # noqa: PLC0415 - imports boto3

        if dry_run:
            self.outcomes |= dict.fromkeys(deleted, "would be dropped")
            return
        if deleted and ask and not typed(_WORD, f"drop {counted(len(deleted), 'lease')}"):
            raise Refusal(f"{_WORD} was not typed. Nothing was changed")
        self.number = len(deleted)
        for each in deleted:
            try:
                dropped = release_orphaned_lease(account, each)
            except AccountError as error:
                self.outcomes[each], self.failures[each] = "failed", str(error)
                warn(str(error))
                continue
            self.outcomes[each] = "dropped" if dropped else "kept"
            reason = "" if dropped else "; the stack may exist again"
            self._add(f"{self.outcomes[each]}: {_of(each)}{reason}")

    def summary(self) -> str:
        """Return what was done so far, for the message of an interruption."""
        if not self.number:
            return "nothing was changed"
        dropped = [*self.outcomes.values()].count("dropped")
        return (
            f"dropped {dropped} of {counted(self.number, 'lease')};"
            " the result of the next one may be unknown"
        )

    def _add(self, text: str) -> None:
        self.report.add(visible(text))


def _of(lease: Lease) -> str:
    return f"the lease of {lease.stack_name} on {lease.role_name}"


def _nothing(read: Leases, *, only_deleted: bool) -> str:
    text = "No leases of deleted stacks" if only_deleted else "No leases"
    return f"{text} on the roles that could be read." if read.failures else f"{text}."


def _as_json(account: Account, read: Leases, changes: _Changes) -> dict[str, Any]:
    from slr_constructs.cli.audit_report import lease_as_json  # noqa: PLC0415 - imports boto3

    not_read = [
        {"role_name": name, "reason": reason} for name, reason in sorted(read.failures.items())
    ]
    not_dropped = [
        {"role_name": each.role_name, "reason": reason} for each, reason in changes.failures.items()
    ]
    return {
        "account": account.id,
        "complete": not (not_read or not_dropped),
        "failures": [*not_read, *not_dropped],
        "leases": [
            {
                "role_name": each.role_name,
                "short_name": short_name_of(each.role_name),
                **lease_as_json(each),
                "outcome": changes.outcomes.get(each),
            }
            for each in read.leases
        ],
    }
