"""The output of an audit: text, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from slr_constructs._version import __version__
from slr_constructs.account.iam_role import RECENT
from slr_constructs.account.stacks import StackState, name_of
from slr_constructs.cli.columns import Columns
from slr_constructs.cli.output import BLANK, Output
from slr_constructs.cli.role_argument import short_name_or_none
from slr_constructs.cli.usage_table import usage_table
from slr_constructs.templates.words import counted, listed, visible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from slr_constructs.account.audit import Audit, Failure, RoleReport
    from slr_constructs.account.iam_role import Lease, Role
    from slr_constructs.account.usages.kind import Mark
    from slr_constructs.cli.output import Line

#: the width of labels and the space after them.
_LABEL = 15
_INDENT = "  "
_CSV_HEADER = (
    "account",
    "role_name",
    "region",
    "kind",
    "name",
    "arn",
    "configuration",
    "stack_name",
    "role_exists",
    "failure",
)
#: whether a role exists.
_EXISTS = {True: "yes", False: "no", None: "unknown"}
#: spreadsheets take a cell that starts with one of these for a formula.
_FORMULAS = ("=", "+", "-", "@")
_WARNING_STYLE = "bold yellow"
_STACK_STATES = {
    StackState.EXISTS: "stack exists",
    StackState.DELETED: "stack deleted",
    StackState.UNKNOWN: "stack state unknown",
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
        self._output = Output(path)
        console = Console()
        self._width = console.width if path is None and console.is_terminal else None
        self._accounts: list[dict[str, Any]] = []
        self._empty = True
        if form == "csv":
            self._output.add([_csv(*_CSV_HEADER)])

    def add(self, audit: Audit) -> None:
        """Add an account."""
        if self._form == "json":
            self._accounts.append(_as_json(audit))
        elif self._form == "csv":
            self._output.add(_csv_lines(audit))
        else:
            between = () if self._empty else (BLANK,)
            self._output.add([*between, *_lines(audit, self._width)])
        self._empty = False

    def end(self, *, complete: bool, stopped: bool) -> None:
        """Print or write the rest.

        Args:
            complete: Whether everything was read.

            stopped: Whether the command was stopped before it had read all accounts.

        Raises:
            Refusal: The file cannot be written.
        """
        if self._form == "json":
            report = {
                **origin_as_json(),
                "complete": complete,
                "partial": stopped,
                "accounts": self._accounts,
            }
            self._output.add([json.dumps(report, indent=2)])
        elif self._form == "text" and stopped:
            self._output.add([BLANK, "This report is partial, because the command was stopped."])
        self._output.write_file()


# text


def _lines(audit: Audit, width: int | None) -> Iterator[Line]:
    """Yield the text report of an account, for lines of any width if `width` is None."""
    yield _heading(f"account {audit.account}", f"  {visible(audit.name)}" if audit.name else "")
    regions = counted(len(audit.regions), "region")
    failures = counted(len(audit.failures), "failure")
    yield _fact("read", regions if audit.complete else f"{regions}, incomplete ({failures})")
    if audit.disabled_regions:
        yield _fact("not enabled", ", ".join(audit.disabled_regions))
    for report in audit.roles:
        yield BLANK
        read = len(audit.regions_of(report.definition))
        yield from _role_lines(report, counted(read, "region"))
        if report.usages:
            yield BLANK
            yield from _tables(usage_table(report.usages), width)


def _role_lines(report: RoleReport, regions: str) -> Iterator[Line]:
    yield _heading(report.definition.role_name)
    role, successor = report.role, report.definition.superseded_by
    if role is not None:
        yield from _facts(role)
    elif report.exists is False:
        yield _fact("exists", "no" if successor is None else f"no; {successor} replaces it")
    else:
        yield _fact("exists", "unknown, because the role cannot be read")
    for lease in report.leases:
        where = f" in {lease.region}" if lease.region else ""
        yield _fact("lease", visible(f"{lease.stack_name}{where} ({_STACK_STATES[lease.state]})"))
    for mark in report.marks:
        where = f"{mark.place} in {mark.target.region}"
        state = _STACK_STATES[mark.state]
        yield _fact("mark", visible(f"{mark.stack_name} on {where} ({state})"))
    if report.usages or successor is None or role is not None:
        yield _fact("usages", _usages(report, regions))
    if report.used_by_unknown:
        text = (
            f"something unknown uses the role: it was used within the last {RECENT.days} days, and"
            " no known usage explains it"
        )
        yield _fact("recent use", text, style=_WARNING_STYLE)
    if role is not None:
        style = _WARNING_STYLE if report.blocked else ""
        yield _fact("deletion", _deletion(report), style=style)


def _tables(table: Columns, width: int | None) -> Iterator[Line]:
    """Yield one table, or one for each kind if it is too wide, so that other columns are wider."""
    if width is None or table.width <= width:
        yield table
        return
    region, _, *header = table.header
    for kind, rows in groupby(table.rows, key=lambda row: row[1]):
        yield Text(), Text(f"{_INDENT}{kind}")
        yield Columns([region, *header], [[row[0], *row[2:]] for row in rows], indent=4)


def _facts(role: Role) -> Iterator[Line]:
    used = "no recorded use"
    if role.last_used is not None:
        where = f" in {visible(role.last_used_region)}" if role.last_used_region else ""
        used = f"last used {_day(role.last_used)}{where}"
    yield _fact("created", f"{_day(role.created)}, {used}")
    yield _fact(
        "created by",
        "slr-constructs" if role.created_by_library else "the service or another tool",
    )
    if role.kept is not None:
        yield _fact("kept", visible(role.kept))
    for since in role.deletion_locks:
        text = (
            f"since {_moment(since)}: a stack or slr-constructs release is deleting the role, or"
            " was interrupted"
        )
        yield _fact("locked", text, style=_WARNING_STYLE)
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


def _usages(report: RoleReport, regions: str) -> str:
    if not report.knows_usages:
        return "unknown, because the catalogue has no resource types that use this role"
    text = f"none in {regions}"
    if report.usages:
        some = len({target.region for target in report.usages})
        text = f"{len(report.usages)} in {some} of {regions}"
    return text if report.complete else f"{text}, incomplete"


def _deletion(report: RoleReport) -> str:
    if report.blocked is None and not report.knows_usages:
        return "no lease blocks it; IAM knows whether a usage does"
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


def _heading(text: str, more: str = "") -> Line:
    return Text(), Text.assemble((text, "bold"), more)


def _fact(label: str, text: str, *, style: str = "") -> Line:
    return Text(f"{_INDENT}{label:{_LABEL}}", style="dim"), Text(text, style=style)


def _day(when: datetime) -> str:
    return when.astimezone(UTC).date().isoformat()


# JSON and CSV


def _as_json(audit: Audit) -> dict[str, Any]:
    """Return the audit of an account as plain values."""
    return {
        "account": audit.account,
        "name": audit.name or None,
        "complete": audit.complete,
        "notes": audit.notes,
        "regions_read": audit.regions,
        "regions_disabled": audit.disabled_regions,
        "failures": [*map(failure_as_json, audit.failures)],
        "roles": [_role_as_json(each) for each in audit.roles],
    }


def _role_as_json(report: RoleReport) -> dict[str, Any]:
    role, definition = report.role, report.definition
    return {
        "role_name": definition.role_name,
        "short_name": short_name_or_none(definition.role_name),
        "service_principal": definition.service_principal,
        "arn": role and role.arn,
        "exists": report.exists,
        "created": role and _moment(role.created),
        "last_used": role and role.last_used and _moment(role.last_used),
        "last_used_region": role and role.last_used_region,
        "description": role and role.description,
        "created_by_slr_constructs": role and role.created_by_library,
        "kept": role and role.kept,
        "deletion_locks": [*map(_moment, role.deletion_locks)] if role else [],
        "attached_policies": [*role.attached_policies] if role else [],
        "inline_policies": [*role.inline_policies] if role else [],
        "expected_policy": definition.managed_policy,
        "has_expected_policy": role and role.has_expected_policy,
        "blocked": report.blocked,
        "used_by_unknown": report.used_by_unknown,
        "leases": [lease_as_json(lease) for lease in report.leases],
        "marks": [mark_as_json(mark) for mark in report.marks],
        "usages": [
            {
                "kind": target.kind.name,
                "region": target.region,
                "name": target.name,
                "id": target.id,
                "arn": target.arn,
                "configuration": target.configuration,
                "settings": target.settings,
                "usage": target.usage.value,
                "stack": target.stack,
                "stack_name": target.stack and name_of(target.stack),
            }
            for target in report.usages
        ],
    }


def origin_as_json() -> dict[str, str]:
    """Return when a report was written, and by which version."""
    return {"time": _moment(datetime.now(UTC)), "version": __version__}


def failure_as_json(failure: Failure) -> dict[str, str | None]:
    """Return a failure as plain values."""
    return {"region": failure.region, "resource": failure.resource, "reason": failure.reason}


def lease_as_json(lease: Lease) -> dict[str, Any]:
    """Return a lease as plain values."""
    return {
        "stack": lease.stack,
        "stack_name": lease.stack_name,
        "region": lease.region,
        "state": lease.state.value,
        "tag": lease.tag,
    }


def mark_as_json(mark: Mark) -> dict[str, Any]:
    """Return a mark as plain values."""
    target = mark.target
    return {
        "stack": mark.stack,
        "stack_name": mark.stack_name,
        "state": mark.state.value,
        "kind": target.kind.name,
        "region": target.region,
        "name": target.name,
        "arn": target.arn,
        "tags": [*mark.tags],
    }


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _csv_lines(audit: Audit) -> list[str]:
    """Return one line for each usage of a role, role without usages, and failure."""
    lines = []
    for report in audit.roles:
        role = (audit.account, report.definition.role_name)
        exists = _EXISTS[report.exists]
        lines += [
            _csv(
                *role,
                target.region,
                target.kind.name,
                target.name,
                target.arn,
                target.configuration,
                "" if target.stack is None else name_of(target.stack),
                exists,
                "",
            )
            for target in report.usages
        ]
        if not report.usages:
            lines.append(_csv(*role, *[""] * 6, exists, ""))
    lines += [
        _csv(
            audit.account,
            each.role,
            each.region or "",
            each.kind,
            *[""] * 5,
            f"{each.resource}: not read: {each.reason}",
        )
        for each in audit.failures
    ]
    return lines


def _csv(*cells: str) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(map(_cell, cells))
    return text.getvalue()


def _cell(text: str) -> str:
    # CSV is opened in spreadsheets, and everyone who can name an app instance could name it like
    # a formula; JSON has the unchanged names
    return f"'{visible(text)}" if text.startswith(_FORMULAS) else visible(text)
