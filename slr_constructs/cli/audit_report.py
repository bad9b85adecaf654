"""The output of an audit: text, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from datetime import UTC
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeAlias

from rich.console import Console
from rich.text import Text

from slr_constructs.account import usages
from slr_constructs.account.stacks import StackState, name_of
from slr_constructs.cli.columns import Columns
from slr_constructs.cli.output import beside, counted, write
from slr_constructs.cli.role_argument import short_name_of
from slr_constructs.templates.words import listed, visible

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from slr_constructs.account.access import Account
    from slr_constructs.account.audit import Audit, RoleReport
    from slr_constructs.account.iam_role import Lease, Role
    from slr_constructs.account.usages.kind import TargetResource
    from slr_constructs.catalogue import RoleDefinition

#: the width of labels and the space after them.
_LABEL = 15
_INDENT = "  "
_HEADER = ("region", "kind", "name", "configuration", "stack")
_CSV_HEADER = (
    "account",
    "role_name",
    "region",
    "kind",
    "name",
    "arn",
    "configuration",
    "stack_name",
)
#: spreadsheets take a cell that starts with one of these for a formula.
_FORMULAS = ("=", "+", "-", "@")
_NO_STACK = "-"
_WARNING_STYLE = "bold yellow"
_STACK_STATES = {
    StackState.EXISTS: "stack exists",
    StackState.DELETED: "stack deleted",
    StackState.UNKNOWN: "stack state unknown",
}


@dataclass(frozen=True, slots=True)
class AuditedRole:
    """The report of a role, and the regions that were read for it."""

    report: RoleReport
    #: the regions that were read.
    regions: Sequence[str]

    @property
    def definition(self) -> RoleDefinition:
        """The definition of the role in the catalogue."""
        return self.report.definition


def audited_roles(audit: Audit, offered: Mapping[str, Collection[str]]) -> list[AuditedRole]:
    """Return the roles of an account with the regions that were read for them.

    Args:
        audit: The audit of the account.

        offered: The regions that have services of a role, by role name.
    """
    return [
        AuditedRole(
            report,
            [region for region in audit.regions if region in offered[report.definition.role_name]],
        )
        for report in audit.roles
    ]


def offered(account: Account, definitions: Iterable[RoleDefinition]) -> dict[str, frozenset[str]]:
    """Return the regions that have services of each role, by role name.

    They are the same for all accounts of an organization.
    """
    return {
        each.role_name: frozenset(
            region
            for regions in usages.offered_regions(each, account).values()
            for region in regions
        )
        for each in definitions
    }


class Report:
    """The report. Text and CSV on standard output are printed account by account.

    Args:
        form: "text", "json" or "csv".

        path: The file to write.
            Default: standard output.
    """

    def __init__(self, form: str, path: Path | None) -> None:
        self._form = form
        self._path = path
        self._console = Console(highlight=False)
        #: the output that is written to the file at the end.
        self._kept: list[str] = []
        self._accounts: list[dict[str, Any]] = []
        self._empty = True
        if form == "csv":
            self._print(csv_header())

    def add(self, audit: Audit, offered: Mapping[str, Collection[str]]) -> None:
        """Add an account."""
        audited = audited_roles(audit, offered)
        if self._form == "json":
            self._accounts.append(as_json(audit, audited))
        elif self._form == "csv":
            self._print(*as_csv(audit, audited))
        else:
            self._print_lines([*([] if self._empty else [_BLANK]), *lines(audit, audited)])
        self._empty = False

    def end(self) -> None:
        """Print or write the rest.

        Raises:
            Refusal: The file cannot be written.
        """
        if self._form == "json":
            self._print(json.dumps({"accounts": self._accounts}, indent=2))
        if self._path is not None:
            write(self._path, "\n".join(self._kept))

    def _print_lines(self, lines: Iterable[_Line]) -> None:
        if self._path is None and self._console.is_terminal:
            for line in lines:
                show(self._console, line)
        else:
            self._print(*map(plain, lines))

    def _print(self, *texts: str) -> None:
        if self._path is not None:
            self._kept += texts
        elif texts:
            write(None, "\n".join(texts))


# text

_Line: TypeAlias = "tuple[Text, Text] | Columns"
"""A label and its text, or a table."""


def lines(audit: Audit, audited: Sequence[AuditedRole]) -> Iterator[_Line]:
    """Yield the text report of an account."""
    name = f"  {visible(audit.name)}" if audit.name else ""
    yield _heading(f"account {audit.account}", name)
    regions = counted(len(audit.regions), "region")
    failures = counted(len(audit.failures), "failure")
    yield _fact("read", regions if audit.complete else f"{regions}, incomplete ({failures})")
    if audit.disabled_regions:
        yield _fact("not enabled", ", ".join(audit.disabled_regions))
    for each in audited:
        yield _BLANK
        yield from _role_lines(each)


_BLANK = (Text(), Text())


def _role_lines(audited: AuditedRole) -> Iterator[_Line]:
    yield _heading(audited.definition.role_name)
    role = audited.report.role
    if role is None:
        successor = audited.definition.superseded_by
        replaced = "" if successor is None else f"; {successor} replaces it"
        yield _fact(
            "exists",
            f"no{replaced}"
            if audited.report.exists is False
            else "unknown, because the role cannot be read",
        )
    else:
        yield from _facts(role)
    for lease in audited.report.leases:
        yield _fact("lease", _lease(lease))
    if audited.report.usages or audited.definition.superseded_by is None or role is not None:
        yield _fact("usages", _usages(audited))
    if role is not None:
        yield _fact(
            "deletion", _deletion(audited), style=_WARNING_STYLE if audited.report.blocked else ""
        )
    if audited.report.usages:
        yield _BLANK
        rows = [
            [
                target.region,
                target.kind.name,
                visible(target.name or target.id),
                visible(_configuration(target)),
                _NO_STACK if target.stack is None else visible(name_of(target.stack)),
            ]
            for target in audited.report.usages
        ]
        yield Columns(_HEADER, rows, indent=_INDENT)


def _facts(role: Role) -> Iterator[_Line]:
    used = "no recorded use"
    if role.last_used is not None:
        where = f" in {visible(role.last_used_region)}" if role.last_used_region else ""
        used = f"last used {_day(role.last_used)}{where}"
    yield _fact("created", f"{_day(role.created)}, {used}")
    yield _fact(
        "created by",
        "slr-constructs" if role.created_by_library else "the service or another tool",
    )
    if role.description:
        yield _fact("description", visible(role.description))
    unexpected = role.has_expected_policy is False
    yield _fact("policy", _policy(role), style=_WARNING_STYLE if unexpected else "")
    if role.inline_policies:
        yield _fact("inline policy", visible(", ".join(role.inline_policies)))


def _policy(role: Role) -> str:
    names = [arn.rpartition("/")[2] for arn in role.attached_policies]
    attached = visible(", ".join(names)) or "none"
    expected = role.definition.managed_policy
    if expected is None:
        return f"{attached} (the catalogue has no expected policy)"
    return f"{attached} ({'as expected' if role.has_expected_policy else f'expected: {expected}'})"


def _lease(lease: Lease) -> str:
    where = f" in {lease.region}" if lease.region else ""
    return visible(f"{lease.stack_name}{where} ({_STACK_STATES[lease.state]})")


def _usages(audited: AuditedRole) -> str:
    regions = counted(len(audited.regions), "region")
    if audited.report.usages:
        some = len({target.region for target in audited.report.usages})
        text = f"{len(audited.report.usages)} in {some} of {regions}"
    else:
        text = f"none in {regions}"
    return text if audited.report.complete else f"{text}, incomplete"


def _deletion(audited: AuditedRole) -> str:
    report = audited.report
    if report.blocked is None:
        return "unknown, because not everything could be read"
    if not report.blocked:
        return "no known usage or lease blocks it"
    blockers = []
    if report.usages:
        blockers.append(counted(len(report.usages), "usage"))
    if report.holders:
        blockers.append(counted(len(report.holders), "lease"))
    return f"blocked by {listed(blockers)}"


def _heading(text: str, more: str = "") -> tuple[Text, Text]:
    return Text(), Text.assemble((text, "bold"), more)


def _fact(label: str, text: str, *, style: str = "") -> tuple[Text, Text]:
    return Text(f"{_INDENT}{label:{_LABEL}}", style="dim"), Text(text, style=style)


def plain(line: _Line) -> str:
    """Return a line without wrapping. A table has several lines."""
    if isinstance(line, Columns):
        return "\n".join(line.lines())
    first, second = line
    return f"{first.plain}{second.plain}".rstrip()


def show(console: Console, line: _Line) -> None:
    """Print a line to a terminal."""
    if not isinstance(line, Columns):
        console.print(beside(*line))
    elif line.width <= console.width:
        line.show(console)
    else:
        # one table for each kind, so that the other columns are wider
        for kind, rows in groupby(line.rows, key=lambda row: row[1]):
            console.print(Text(f"{_INDENT}{kind}"))
            without = [[row[0], *row[2:]] for row in rows]
            Columns((_HEADER[0], *_HEADER[2:]), without, indent=_INDENT * 2).show(console)


def _day(when: datetime) -> str:
    return when.astimezone(UTC).date().isoformat()


def _configuration(target: TargetResource) -> str:
    return target.kind.describe_settings(target.settings or {})


# JSON and CSV


def as_json(audit: Audit, audited: Sequence[AuditedRole]) -> dict[str, Any]:
    """Return the audit of an account as plain values."""
    return {
        "account": audit.account,
        "name": audit.name or None,
        "complete": audit.complete,
        "regions_read": audit.regions,
        "regions_disabled": audit.disabled_regions,
        "failures": [
            {"region": each.region, "resource": each.resource, "reason": each.reason}
            for each in audit.failures
        ],
        "roles": [_role_as_json(each) for each in audited],
    }


def _role_as_json(audited: AuditedRole) -> dict[str, Any]:
    role, definition = audited.report.role, audited.definition
    return {
        "role_name": definition.role_name,
        "short_name": short_name_of(definition.role_name),
        "service_principal": definition.service_principal,
        "arn": role and role.arn,
        "exists": audited.report.exists,
        "created": role and _moment(role.created),
        "last_used": role and role.last_used and _moment(role.last_used),
        "last_used_region": role and role.last_used_region,
        "description": role and role.description,
        "created_by_slr_constructs": role and role.created_by_library,
        "attached_policies": [*role.attached_policies] if role else [],
        "inline_policies": [*role.inline_policies] if role else [],
        "expected_policy": definition.managed_policy,
        "has_expected_policy": role and role.has_expected_policy,
        "blocked": audited.report.blocked,
        "leases": [lease_as_json(lease) for lease in audited.report.leases],
        "usages": [
            {
                "kind": target.kind.name,
                "region": target.region,
                "name": target.name,
                "id": target.id,
                "arn": target.arn,
                "configuration": _configuration(target),
                "settings": target.settings,
                "stack": target.stack,
                "stack_name": target.stack and name_of(target.stack),
            }
            for target in audited.report.usages
        ],
    }


def lease_as_json(lease: Lease) -> dict[str, Any]:
    """Return a lease as plain values."""
    return {
        "stack": lease.stack,
        "stack_name": lease.stack_name,
        "region": lease.region,
        "state": lease.state.value,
        "tag": lease.tag,
    }


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).isoformat().replace("+00:00", "Z")


def csv_header() -> str:
    """Return the header line of the CSV output."""
    return ",".join(_CSV_HEADER)


def as_csv(audit: Audit, audited: Sequence[AuditedRole]) -> list[str]:
    """Return one CSV line for each usage of a role in an account."""
    return [
        _csv(
            audit.account,
            each.definition.role_name,
            target.region,
            target.kind.name,
            target.name,
            target.arn,
            _configuration(target),
            "" if target.stack is None else name_of(target.stack),
        )
        for each in audited
        for target in each.report.usages
    ]


def _csv(*cells: str) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(map(_cell, cells))
    return text.getvalue()


def _cell(text: str) -> str:
    # CSV is opened in spreadsheets, and everyone who can name an app instance could name it like
    # a formula; JSON has the unchanged names
    return f"'{visible(text)}" if text.startswith(_FORMULAS) else visible(text)
