"""`slr-constructs leases`: list the leases on roles, and drop those of deleted stacks.

boto3 is imported when the command runs, so that `--help` starts without it.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from slr_constructs.cli.account_options import (
    DRY_RUN,
    PROFILE,
    ROLE_ARGUMENTS,
    ROLE_ARN,
    YES,
    definitions_of,
    refuse_on_account_error,
    signed_in,
)
from slr_constructs.cli.arguments import OUTPUT, check_output, format_option
from slr_constructs.cli.call_log import log_options
from slr_constructs.cli.columns import Columns
from slr_constructs.cli.output import Output, write
from slr_constructs.cli.progress import interruptible
from slr_constructs.cli.prompts import can_ask, typed
from slr_constructs.cli.refusal import Refusal
from slr_constructs.cli.role_argument import RoleNames, short_name_or_none
from slr_constructs.cli.stderr import Gaps, warn
from slr_constructs.templates.words import counted, listed, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from slr_constructs.account.access import Account
    from slr_constructs.account.iam_role import Lease
    from slr_constructs.account.leases import Leases
    from slr_constructs.account.usages.kind import Mark
    from slr_constructs.cli.output import Line

_WORD = "drop"


@click.command()
@ROLE_ARGUMENTS
@click.option("--marks", is_flag=True, help="Read the marks on resources in every region too.")
@click.option("--drop-deleted", is_flag=True, help="Drop the leases and marks of deleted stacks.")
@click.option(
    "--drop",
    "names",
    metavar="NAME",
    multiple=True,
    help="Drop those of this stack (name or id) if it does not exist or its state is unknown."
    " Repeatable.",
)
@YES
@DRY_RUN
@PROFILE
@ROLE_ARN
@format_option("text", "json", help="JSON has all details.")
@OUTPUT
@log_options
@click.pass_context
def leases(
    context: click.Context,
    roles: tuple[str, ...],
    *,
    marks: bool,
    drop_deleted: bool,
    names: tuple[str, ...],
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
    principal or a short name, as `slr-constructs catalogue` prints them. Any other service-linked
    role is named with its principal, as ecs.amazonaws.com/AWSServiceRoleForECS, or by one of these
    two names. Default: all service-linked roles of the account.

    A mark is a tag on a resource outside of the stack: the stack configures the feature of the
    resource, and other stacks are refused. --marks reads them, and lists all resources that can use
    the roles. Dropping a mark does not change the settings of the resource.

    If the function of a stack is deleted before it can release its lease, the lease stays on the
    role, and the role is never deleted. --drop-deleted drops such leases after you typed the word
    drop. The command reads the state of each stack again before it drops the lease. It keeps the
    lease if it cannot find out whether the stack was deleted. stderr has the reason. If you know
    that such a stack does not exist, name it with --drop.

    Exit status: 0 success, 1 a role could not be read or a lease not dropped (stderr has the
    reason), 2 nothing was done, 130 interrupted.

    \b
      slr-constructs leases mediatailor
      slr-constructs leases --drop-deleted --dry-run
      slr-constructs leases --marks --drop-deleted
    """  # noqa: D301 - click reads \b
    option = "--drop-deleted" if drop_deleted else "--drop" if names else None
    _check(option, yes=yes, dry_run=dry_run, form=form, output=output)
    check_output(output)
    changes = _Changes(Output(output), quiet=form == "json")
    with interruptible(changes.summary):
        from slr_constructs.account.leases import read_leases, read_marks  # noqa: PLC0415
        from slr_constructs.cli.audit_report import failure_as_json  # noqa: PLC0415

        named = RoleNames(roles)
        account = signed_in(profile, role_arn)
        definitions = definitions_of(named, account)
        with refuse_on_account_error():
            read = (read_marks if marks else read_leases)(
                account, definitions, other_roles=not roles
            )
        gaps = Gaps()
        gaps.add(account.id, read.notes, read.failures)
        gaps.report()
        changes.failures += map(failure_as_json, read.failures)
        tags: list[Lease | Mark] = [*read.leases, *read.marks]
        changes.chosen = _chosen(tags, drop_deleted=drop_deleted, names=names)
        if shown := [each for each in read.leases if option is None or each in changes.chosen]:
            changes.report(_table(shown))
        else:
            of = " of deleted stacks" if drop_deleted else ""
            on = (
                " on the roles that could be read"
                if any(each.role for each in read.failures)
                else ""
            )
            changes.report(f"No leases{of}{on}.")
        if marked := [each for each in read.marks if option is None or each in changes.chosen]:
            changes.report(_table_of_marks(marked))
        if option is not None:
            changes.drop(account, tags, ask=not yes, dry_run=dry_run)
        if form == "json":
            write(output, json.dumps(_as_json(account, read, changes), indent=2))
    context.exit(1 if changes.failures else 0)


def _check(option: str | None, *, yes: bool, dry_run: bool, form: str, output: Path | None) -> None:
    if option is None and (yes or dry_run):
        raise Refusal(f"{'--yes' if yes else '--dry-run'} requires --drop-deleted or --drop")
    if option is None or yes or dry_run:
        return
    use = "Use --yes or --dry-run"
    if form == "json" or output is not None:
        other = "--format json" if form == "json" else "--output"
        raise Refusal(f"{option} with {other} does not ask for confirmation. {use}")
    if not can_ask():
        raise Refusal(f"{option} cannot ask for confirmation without a terminal. {use}")


def _chosen(
    tags: Sequence[Lease | Mark], *, drop_deleted: bool, names: Iterable[str]
) -> list[Lease | Mark]:
    """Return the leases and marks to drop.

    Raises:
        Refusal: A name is not that of a stack whose leases may be dropped.
    """
    chosen = [each for each in tags if drop_deleted and not each.is_active]
    for name in names:
        named = [each for each in tags if name in (each.stack, each.stack_name)]
        if not named:
            raise Refusal(f"--drop must be a stack with a lease or a mark, got {name!r}")
        droppable = [each for each in named if each.state.value != "exists"]
        if not droppable:
            raise Refusal(f"--drop must be a stack that does not exist, but {name!r} exists")
        chosen += droppable
    return list(dict.fromkeys(chosen))


def _table(leases: Iterable[Lease]) -> Columns:
    rows = [
        [each.role_name, visible(each.stack_name), each.region or "-", each.state_text]
        for each in leases
    ]
    return Columns(("role", "stack", "region", "state"), rows)


def _table_of_marks(marks: Iterable[Mark]) -> Columns:
    rows = [
        [
            each.target.kind.name,
            visible(each.target.label),
            visible(each.stack_name),
            each.target.region,
            each.state_text,
        ]
        for each in marks
    ]
    return Columns(("mark on", "name", "stack", "region", "state"), rows)


@dataclass(slots=True)
class _Changes:
    """The outcome for each lease and mark, and the text output."""

    output: Output
    #: whether no text is written, because the output is JSON.
    quiet: bool
    #: the leases and marks to drop.
    chosen: list[Lease | Mark] = field(default_factory=list)
    #: whether they are being dropped.
    started: bool = False
    outcomes: dict[Lease | Mark, str] = field(default_factory=dict)
    #: what cannot be read, and then leases and marks that could not be dropped.
    failures: list[dict[str, str | None]] = field(default_factory=list)

    def report(self, line: Line) -> None:
        """Print a line, or write it to the file.

        Raises:
            Refusal: The file cannot be written.
        """
        if not self.quiet:
            self.output.add([line])
            # the file is complete up to here, even if the command is interrupted later
            self.output.write_file()

    def drop(
        self, account: Account, tags: Sequence[Lease | Mark], *, ask: bool, dry_run: bool
    ) -> None:
        """Drop the chosen leases and marks, after a confirmation. Keep all others.

        Raises:
            Refusal: Another word was typed.
        """
        from slr_constructs.account.access import AccountError  # noqa: PLC0415
        from slr_constructs.account.iam_role import Lease  # noqa: PLC0415
        from slr_constructs.account.leases import (  # noqa: PLC0415
            drop_orphaned_mark,
            release_orphaned_lease,
        )

        self.outcomes = dict.fromkeys(tags, "kept")
        for each in self.outcomes:
            if each.state.value == "unknown" and each not in self.chosen:
                why = "it is unknown whether the stack was deleted"
                self.report(visible(f"kept: {_of(each)}; {why}"))
        if dry_run:
            self.outcomes |= dict.fromkeys(self.chosen, "would be dropped")
            return
        if self.chosen and ask and not typed(_WORD, f"drop {_counted(self.chosen)}"):
            raise Refusal(f"{_WORD} was not typed. Nothing was changed")
        self.started = True
        for each in self.chosen:
            # if it is now unknown whether a deleted stack exists again, its lease is kept
            even_unknown = each.is_active
            try:
                if isinstance(each, Lease):
                    dropped = release_orphaned_lease(account, each, even_unknown=even_unknown)
                else:
                    dropped = drop_orphaned_mark(account, each, even_unknown=even_unknown)
            except AccountError as error:
                self.outcomes[each] = "failed"
                resource = f"the {each.noun} of {each.stack_name} on {each.place}"
                self.failures.append(
                    {"region": each.region, "resource": resource, "reason": str(error)}
                )
                warn(str(error))
                continue
            self.outcomes[each] = "dropped" if dropped else "kept"
            reason = "" if dropped else "; the stack may exist again"
            self.report(visible(f"{self.outcomes[each]}: {_of(each)}{reason}"))

    def summary(self) -> str:
        """Return what was done so far, for the message of an interruption."""
        if not (self.started and self.chosen):
            return "nothing was changed"
        dropped = [*self.outcomes.values()].count("dropped")
        return (
            f"dropped {dropped} of {_counted(self.chosen)};"
            " the result of the next one may be unknown"
        )


def _of(tag: Lease | Mark) -> str:
    return f"the {tag.noun} of {tag.stack_name} on {tag.place}"


def _counted(tags: Iterable[Lease | Mark]) -> str:
    numbers = Counter(each.noun for each in tags)
    return listed([counted(number, noun) for noun, number in sorted(numbers.items())])


def _as_json(account: Account, read: Leases, changes: _Changes) -> dict[str, Any]:
    from slr_constructs.cli.audit_report import (  # noqa: PLC0415
        lease_as_json,
        mark_as_json,
        origin_as_json,
    )

    return {
        **origin_as_json(),
        "account": account.id,
        "complete": not changes.failures,
        "notes": read.notes,
        "failures": changes.failures,
        "leases": [
            {
                "role_name": each.role_name,
                "short_name": short_name_or_none(each.role_name),
                **lease_as_json(each),
                "outcome": changes.outcomes.get(each),
            }
            for each in read.leases
        ],
        "marks": [
            {**mark_as_json(each), "outcome": changes.outcomes.get(each)} for each in read.marks
        ],
    }
