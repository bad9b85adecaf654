"""`slr-constructs leases`: which stacks hold which roles, and an end to what outlived its stack.

What loads boto3 is loaded when the command runs, for `--help` does without.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from slr_constructs.cli.account_options import (
    ASKED_ROLES,
    PARTIAL,
    PROFILE,
    ROLE_ARN,
    can_ask,
    counted,
    definitions_of,
    interruptible,
    signed_in,
    typed,
    warn,
)
from slr_constructs.cli.columns import Columns
from slr_constructs.cli.refusal import Refusal
from slr_constructs.cli.roles import short_name_of
from slr_constructs.templates.words import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from slr_constructs.account.access import Account
    from slr_constructs.account.leases import Leases
    from slr_constructs.account.roles import Lease

_WORD = "drop"
_HEADER = ("role", "stack", "region", "state")


@click.command()
@ASKED_ROLES
@click.option("--drop-gone", is_flag=True, help="Drop the leases of stacks that are gone.")
@click.option("--yes", is_flag=True, help="With --drop-gone: do not ask.")
@click.option("--dry-run", is_flag=True, help="With --drop-gone: show what would be dropped.")
@PROFILE
@ROLE_ARN
@click.option("--json", "as_json", is_flag=True, help="JSON, which has all there is.")
@click.pass_context
def leases(
    context: click.Context,
    roles: tuple[str, ...],
    *,
    drop_gone: bool,
    yes: bool,
    dry_run: bool,
    profile: str | None,
    role_arn: str | None,
    as_json: bool,
) -> None:
    """List which stacks hold service-linked roles.

    A stack of this library that holds a role writes a lease on it, a tag, and takes it away when it
    lets go. ROLE is a role's name, its principal or its short name, as the command catalogue shows
    them; by default, those of all roles are listed.

    A stack that ended without its function's doing leaves its lease behind, and the role stays.
    --drop-gone drops such leases, after the word drop is typed. Each stack is looked up once more
    before; one that nobody can tell of keeps its lease.

    Exit status: 0 done, 1 a role could not be read or a lease not dropped (the error stream says
    why), 2 nothing was done, 130 interrupted.

    \b
      slr-constructs leases mediatailor
      slr-constructs leases --drop-gone --dry-run
    """  # noqa: D301 - click reads \b
    _check(drop_gone=drop_gone, yes=yes, dry_run=dry_run, as_json=as_json)
    changes = _Changes(quiet=as_json)
    with interruptible(changes.said):
        from slr_constructs.account.leases import read_leases  # noqa: PLC0415 - it loads boto3

        definitions = definitions_of(roles)
        account = signed_in(profile, role_arn)
        read = read_leases(account, definitions)
        for name, why in sorted(read.failures.items()):
            warn(f"the role {name} was not read: {why}")
        gone = [each for each in read.leases if each.state.value == "gone"]
        if not as_json:
            _show(gone if drop_gone else read.leases, _none(read, gone=drop_gone))
        if drop_gone:
            changes.keep(read.leases)
            changes.drop(account, gone, ask=not yes, dry_run=dry_run)
        if as_json:
            click.echo(json.dumps(_as_json(account, read, changes), indent=2))
    context.exit(PARTIAL if read.failures or changes.failures else 0)


def _check(*, drop_gone: bool, yes: bool, dry_run: bool, as_json: bool) -> None:
    if not drop_gone and (yes or dry_run):
        raise Refusal(f"{'--yes' if yes else '--dry-run'} is for --drop-gone")
    if drop_gone and not (yes or dry_run):
        if as_json:
            raise Refusal("--drop-gone with --json asks nobody: say --yes, or --dry-run")
        if not can_ask():
            raise Refusal(
                "--drop-gone asks before it drops, and here is no terminal: say --yes, or --dry-run"
            )


@dataclass(slots=True)
class _Changes:
    """What becomes of leases."""

    #: whether nothing is printed about it.
    quiet: bool
    #: how many leases are being dropped.
    number: int = 0
    outcomes: dict[Lease, str] = field(default_factory=dict)
    #: what could not be dropped, and why.
    failures: dict[Lease, str] = field(default_factory=dict)

    def keep(self, leases: Iterable[Lease]) -> None:
        """Keep all leases but those of stacks that are gone."""
        for each in leases:
            self.outcomes[each] = "kept"
            if each.state.value == "unknown":
                self._say(f"kept: {_of(each)}, for nobody can tell whether that stack is gone")

    def drop(self, account: Account, gone: Sequence[Lease], *, ask: bool, dry_run: bool) -> None:
        """Drop leases, once somebody has typed so.

        Raises:
            Refusal: Something else was typed.
        """
        from slr_constructs.account.access import AccountError  # noqa: PLC0415 - it loads boto3
        from slr_constructs.account.leases import drop  # noqa: PLC0415 - it loads boto3

        if dry_run:
            self.outcomes |= dict.fromkeys(gone, "would be dropped")
            return
        if gone and ask and not typed(_WORD, f"drop {counted(len(gone), 'lease')}"):
            raise Refusal(f"nothing was dropped: the word {_WORD} was not typed")
        self.number = len(gone)
        for each in gone:
            try:
                dropped = drop(account, each)
            except AccountError as error:
                self.outcomes[each], self.failures[each] = "failed", str(error)
                warn(str(error))
                continue
            self.outcomes[each] = "dropped" if dropped else "kept"
            why = "" if dropped else ", for that stack is no longer known to be gone"
            self._say(f"{self.outcomes[each]}: {_of(each)}{why}")

    def said(self) -> str:
        """Say what was done by now, in the words of an interruption."""
        if not self.number:
            return "nothing was changed"
        dropped = [*self.outcomes.values()].count("dropped")
        was = "was" if dropped == 1 else "were"
        return f"{dropped} of {self.number} leases {was} dropped, and perhaps the next"

    def _say(self, text: str) -> None:
        if not self.quiet:
            click.echo(visible(text))


def _of(lease: Lease) -> str:
    return f"the lease of {lease.stack_name} on {lease.role_name}"


def _none(read: Leases, *, gone: bool) -> str:
    none = "no lease of a stack that is gone" if gone else "no stack holds a role by a lease"
    return f"{none}, as far as roles could be read" if read.failures else none


def _show(leases: Sequence[Lease], none: str) -> None:
    if not leases:
        click.echo(none)
        return
    rows = [
        [each.role_name, visible(each.stack_name), each.region or "-", each.state.value]
        for each in leases
    ]
    Columns(_HEADER, rows).print()


def _as_json(account: Account, read: Leases, changes: _Changes) -> dict[str, Any]:
    from slr_constructs.cli.audit_report import lease_as_json  # noqa: PLC0415 - it loads boto3

    unread = [{"role_name": name, "why": why} for name, why in sorted(read.failures.items())]
    undropped = [
        {"role_name": each.role_name, "why": why} for each, why in changes.failures.items()
    ]
    return {
        "account": account.id,
        "complete": not (unread or undropped),
        "failures": [*unread, *undropped],
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
