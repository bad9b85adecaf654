"""`slr-constructs audit`: the service-linked roles of accounts, their leases and their usages.

boto3 is imported when the command runs, so that `--help` starts without it.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from slr_constructs.cli.account_options import (
    PROFILE,
    ROLE_ARGUMENTS,
    ROLE_ARN,
    definitions_of,
    refuse_on_account_error,
    signed_in,
)
from slr_constructs.cli.arguments import OUTPUT, check_output, format_option
from slr_constructs.cli.call_log import log_options
from slr_constructs.cli.progress import Watch, interruptible, lists_read
from slr_constructs.cli.refusal import Refusal
from slr_constructs.cli.role_argument import RoleNames
from slr_constructs.cli.stderr import Gaps, warn
from slr_constructs.templates.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from slr_constructs.account.access import Account
    from slr_constructs.account.audit import Audit, Found, Progress
    from slr_constructs.catalogue import RoleDefinition
    from slr_constructs.cli.audit_report import Report

    #: id, name, and a function that returns access to the account.
    _AccountSource = tuple[str, str, Callable[[], Account]]

_ACCOUNT_ID = re.compile(r"\d{12}")
#: a name, with or without a path.
_ROLE_NAME = re.compile(r"[\w+=,.@-]+(/[\w+=,.@-]+)*", re.ASCII)


@click.command()
@ROLE_ARGUMENTS
@click.option(
    "--region",
    "regions",
    metavar="R",
    multiple=True,
    help="Read only this region. Repeatable.  [default: all regions of the services]",
)
@click.option(
    "--other-roles",
    is_flag=True,
    help="Read all other service-linked roles that slr-constructs created or has tags on, too.",
)
@PROFILE
@ROLE_ARN
@click.option(
    "--organization-role",
    metavar="NAME",
    help="Read all active accounts of the organization. Assume the IAM role of this name in each.",
)
@click.option(
    "--account",
    "accounts",
    metavar="ID",
    multiple=True,
    help="With --organization-role: read only this account. Repeatable.",
)
@click.option(
    "--at-once",
    metavar="N",
    type=click.IntRange(1, 256),
    default=32,
    show_default=True,
    help="Run at most this many API calls at the same time.",
)
@format_option(
    "text",
    "json",
    "csv",
    help="JSON has all details; CSV has one line per usage, role without usages, and failure.",
)
@OUTPUT
@log_options
@click.pass_context
def audit(
    context: click.Context,
    roles: tuple[str, ...],
    *,
    regions: tuple[str, ...],
    other_roles: bool,
    profile: str | None,
    role_arn: str | None,
    organization_role: str | None,
    accounts: tuple[str, ...],
    at_once: int,
    form: str,
    output: Path | None,
) -> None:
    """Show the service-linked roles of accounts and their usages.

    ROLE is a role name, a service principal or a short name, as `slr-constructs catalogue` prints
    them. Default: all roles of the catalogue. Any other service-linked role is named with its
    principal, as ecs.amazonaws.com/AWSServiceRoleForECS. If you give only the principal or the
    name, the command looks the role up in the account of your credentials.

    For each role the command shows whether it exists, when it was created and last used, whether
    its policy is the expected one, which stacks have a lease on it, and all its usages in every
    region of its services. It reports a role that was used within the last 14 days although it has
    no usage: something unknown uses it. For a role that the catalogue does not have, or has without
    resource types, the usages are unknown. The command changes nothing.

    Regions and resources that cannot be read are reported on stderr, similar ones together. Regions
    that are not enabled for the account are listed, and are not an error. If you interrupt the
    command, or if your credentials expire, it reports what was read until then.

    Exit status: 0 everything was read, 1 only a part was read, 2 nothing was read, 130 interrupted.

    \b
      slr-constructs audit
      slr-constructs audit mediatailor --region eu-west-1 --format json
      slr-constructs audit --organization-role Audit --format csv -o usages.csv
    """  # noqa: D301 - click reads \b
    _check_accounts(organization_role, accounts)
    check_output(output)
    progress: Progress | None = None
    with interruptible(lambda: f"{lists_read(progress)}; nothing was changed"):
        from slr_constructs.account.access import SignInAgainError  # noqa: PLC0415
        from slr_constructs.account.audit import Found, Progress, audit_all  # noqa: PLC0415
        from slr_constructs.account.interruption import held  # noqa: PLC0415
        from slr_constructs.cli import audit_report  # noqa: PLC0415

        named = RoleNames(roles)
        progress = Progress()
        with Watch(progress) as watch:
            caller = signed_in(profile, role_arn)
            definitions = definitions_of(named, caller)
            _check_regions(regions, caller, definitions)
            sources = _account_sources(caller, organization_role, accounts)
            ids = [each[0] for each in sources]
            watch.accounts = len(ids)
            report = _Report(
                audit_report.Report(form, output),
                Gaps(organization_role is not None),
                progress.found,
                len(ids),
            )
            stopped: BaseException | None = None
            try:
                audits = audit_all(
                    sources,
                    definitions,
                    other_roles=other_roles,
                    regions=regions,
                    at_once=at_once,
                    progress=progress,
                )
                for each in _in_order(ids, audits, watch):
                    with held(), watch.aside():
                        report.add(each)
            except (KeyboardInterrupt, SignInAgainError) as error:
                stopped = error
        if stopped is not None:
            why = str(stopped) or "the command was interrupted"
            for source in sources[report.reported :]:
                found = progress.found.get(source[0], Found(source[0], source[1]))
                report.add(found.audit(stopped=why))
        report.end(stopped=stopped is not None)
        if isinstance(stopped, KeyboardInterrupt):
            raise stopped
        if stopped is not None:
            warn(str(stopped))
    context.exit(0 if report.complete else 1)


@dataclass(slots=True)
class _Report:
    """The output of the command: the report, and what could not be read."""

    report: Report
    gaps: Gaps
    #: what is not reported yet, by account.
    found: dict[str, Found]
    #: the number of accounts to read, of those reported, and of those read completely.
    accounts: int
    reported: int = 0
    read: int = 0

    @property
    def complete(self) -> bool:
        """Whether everything was read."""
        return self.read == self.accounts

    def add(self, audit: Audit) -> None:
        """Report an account."""
        self.reported += 1
        self.read += audit.complete
        self.found.pop(audit.account, None)
        self.gaps.add(audit.account, audit.notes, audit.failures)
        self.report.add(audit)

    def end(self, *, stopped: bool) -> None:
        """Report the rest, and how much was read.

        Raises:
            Refusal: The file cannot be written.
        """
        self.report.end(complete=self.complete, stopped=stopped)
        self.gaps.report()
        if self.accounts > 1 or not self.complete:
            of = counted(self.accounts, "account")
            warn(f"{self.read} of {of} {'was' if self.accounts == 1 else 'were'} read completely")


def _check_accounts(organization_role: str | None, accounts: Iterable[str]) -> None:
    if organization_role is None:
        if accounts:
            raise Refusal(
                "--account requires --organization-role, the IAM role to assume in the account"
            )
    elif not _ROLE_NAME.fullmatch(organization_role):
        raise Refusal(
            "--organization-role must be the name of an IAM role that exists in all accounts, got"
            f" {organization_role!r}"
        )
    for each in accounts:
        if not _ACCOUNT_ID.fullmatch(each):
            raise Refusal(f"--account must be an account id of 12 digits, got {each!r}")


def _check_regions(
    regions: Iterable[str], account: Account, definitions: Iterable[RoleDefinition]
) -> None:
    from slr_constructs.account.usages import offered_regions  # noqa: PLC0415

    offered = [offered_regions(each, account).values() for each in definitions]
    every = sorted({region for lists in offered for some in lists for region in some})
    if regions and not every:
        raise Refusal("--region must be omitted for roles whose usages are unknown")
    for region in regions:
        if region not in every:
            raise Refusal(
                f"--region must be a region that has a service of these roles ({', '.join(every)}),"
                f" got {region!r}"
            )


def _account_sources(
    caller: Account, organization_role: str | None, wanted: Sequence[str]
) -> Sequence[_AccountSource]:
    """Return the accounts to read, each with a function that returns access to it."""
    if organization_role is None:
        return [(caller.id, caller.name, lambda: caller)]

    def enter(id: str) -> Account:
        # your credentials already have access to their own account
        arn = f"arn:{caller.partition}:iam::{id}:role/{organization_role}"
        return caller if id == caller.id else caller.assume(arn)

    with refuse_on_account_error():
        listed = [(each, "") for each in dict.fromkeys(wanted)] or [*caller.organization_accounts()]
    return [(each, name, functools.partial(enter, each)) for each, name in listed]


def _in_order(ids: Iterable[str], audits: Iterator[Audit], watch: Watch) -> Iterator[Audit]:
    """Yield audits in the order of the list, each when it and those before it are complete."""
    read: dict[str, Audit] = {}
    for wanted in ids:
        while wanted not in read:
            each = next(audits)
            read[each.account] = each
            watch.accounts_read += 1
        yield read.pop(wanted)
