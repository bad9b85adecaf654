"""`slr-constructs audit`: the service-linked roles of accounts, who holds them, and what uses them.

What loads boto3 is loaded when the command runs, for `--help` does without.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

import click

from slr_constructs.cli.account_options import (
    ASKED_ROLES,
    AT_ONCE,
    PARTIAL,
    PROFILE,
    ROLE_ARN,
    Watch,
    check_output,
    definitions_of,
    interruptible,
    lists_read,
    refusing,
    say_failures,
    say_notes,
    signed_in,
)
from slr_constructs.cli.output import OUTPUT
from slr_constructs.cli.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from slr_constructs.account.access import Account
    from slr_constructs.account.audit import Audit, Progress

    #: id, name, and the way in.
    _Entrance = tuple[str, str, Callable[[], Account]]

_ACCOUNT_ID = re.compile(r"\d{12}")
#: with its path, if it has one.
_ROLE_NAME = re.compile(r"[\w+=,.@-]+(/[\w+=,.@-]+)*", re.ASCII)


@click.command()
@ASKED_ROLES
@click.option(
    "--region",
    "regions",
    metavar="R",
    multiple=True,
    help="Read this region, and others so named.  [default: wherever the services are]",
)
@PROFILE
@ROLE_ARN
@click.option(
    "--organization-role",
    metavar="NAME",
    help="Read all active accounts of the organization, through the role of this name in each.",
)
@click.option(
    "--account",
    "accounts",
    metavar="ID",
    multiple=True,
    help="With --organization-role: read this account, and others so named, and list none.",
)
@AT_ONCE
@click.option("--json", "as_json", is_flag=True, help="JSON, which has all there is.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV: a line for each use of a role.")
@OUTPUT
@click.pass_context
def audit(
    context: click.Context,
    roles: tuple[str, ...],
    *,
    regions: tuple[str, ...],
    profile: str | None,
    role_arn: str | None,
    organization_role: str | None,
    accounts: tuple[str, ...],
    at_once: int,
    as_json: bool,
    as_csv: bool,
    output: Path | None,
) -> None:
    """Show who holds service-linked roles, and what uses them.

    ROLE is a role's name, its principal or its short name, as the command catalogue shows them; by
    default, all of them are read. Of each: whether it is there, since when, when it was last used,
    whether its policy is the one that the catalogue knows, which stacks hold it, and all that uses
    it, in every region of its services. Reads, and changes nothing.

    Exit status: 0 all was read, 1 something was not (the error stream says what and why), 2 nothing
    could be read, 130 interrupted. A region that is not enabled for the account cannot be read by
    anybody: it is listed as such, and counts as no failure.

    \b
      slr-constructs audit
      slr-constructs audit mediatailor --region eu-west-1 --json
      slr-constructs audit --organization-role Audit --csv -o uses.csv
    """  # noqa: D301 - click reads \b
    if as_json and as_csv:
        raise Refusal("--json and --csv are two answers: ask for one of them")
    _check_accounts(organization_role, accounts)
    check_output(output)
    progress: Progress | None = None
    complete = True
    with interruptible(lambda: f"{lists_read(progress)}, and nothing was changed"):
        # here, for they load boto3
        from slr_constructs.account.audit import Progress, audit_all  # noqa: PLC0415
        from slr_constructs.cli import audit_report  # noqa: PLC0415

        definitions = definitions_of(roles)
        progress = Progress()
        form = "json" if as_json else "csv" if as_csv else "text"
        answer = audit_report.Answer(form, output)
        with Watch(progress) as watch:
            caller = signed_in(profile, role_arn)
            offered = audit_report.offered(caller, definitions)
            _check_regions(regions, offered)
            entrances = _entrances(caller, organization_role, accounts)
            watch.accounts = len(entrances)
            audits = audit_all(
                entrances, definitions, regions=regions, at_once=at_once, progress=progress
            )
            for each in _in_order([each[0] for each in entrances], audits, watch):
                complete = complete and each.complete
                with watch.aside():
                    say_notes(each, organization_role and each.account)
                    say_failures(each.failures, account=organization_role and each.account)
                    answer.add(each, offered)
        answer.end()
    context.exit(0 if complete else PARTIAL)


def _check_accounts(organization_role: str | None, accounts: Iterable[str]) -> None:
    if organization_role is None:
        if accounts:
            raise Refusal(
                "--account needs --organization-role, the role through which the account is read"
            )
    elif not _ROLE_NAME.fullmatch(organization_role):
        raise Refusal(
            "--organization-role takes the name of a role, which is the same in all accounts, got"
            f" {organization_role!r}"
        )
    for each in accounts:
        if not _ACCOUNT_ID.fullmatch(each):
            raise Refusal(f"--account takes the 12 digits of an account, got {each!r}")


def _check_regions(regions: Iterable[str], offered: Mapping[str, Iterable[str]]) -> None:
    every = sorted({region for some in offered.values() for region in some})
    for region in regions:
        if region not in every:
            raise Refusal(
                f"--region {region}: nothing that uses these roles is offered there; it is in"
                f" {', '.join(every)}"
            )


def _entrances(
    caller: Account, organization_role: str | None, wanted: Sequence[str]
) -> Sequence[_Entrance]:
    """Return the accounts to read, and the way into each."""
    if organization_role is None:
        return [(caller.id, caller.name, lambda: caller)]

    def enter(id: str) -> Account:
        # who is in already needs no role
        arn = f"arn:{caller.partition}:iam::{id}:role/{organization_role}"
        return caller if id == caller.id else caller.assume(arn)

    with refusing():
        listed = [(each, "") for each in dict.fromkeys(wanted)] or [*caller.organization()]
    return [(each, name, functools.partial(enter, each)) for each, name in listed]


def _in_order(ids: Iterable[str], audits: Iterator[Audit], watch: Watch) -> Iterator[Audit]:
    """Yield accounts in the order of the list, each as soon as it and those before it are read."""
    read: dict[str, Audit] = {}
    for wanted in ids:
        while wanted not in read:
            each = next(audits)
            read[each.account] = each
            watch.accounts_read += 1
        yield read.pop(wanted)
