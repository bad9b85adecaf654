"""What an audit says: to read, as JSON, and as CSV."""

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

from slr_constructs.account import uses
from slr_constructs.account.stacks import name_of
from slr_constructs.cli.account_options import counted
from slr_constructs.cli.columns import Columns
from slr_constructs.cli.output import beside, write
from slr_constructs.cli.roles import short_name_of
from slr_constructs.templates.words import listed, visible

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from slr_constructs.account.access import Account
    from slr_constructs.account.audit import Audit, RoleReport
    from slr_constructs.account.roles import Lease, Role
    from slr_constructs.account.uses.kind import Thing
    from slr_constructs.catalogue import RoleDefinition

#: names, and the space behind them.
_LABEL = 15
_INDENT = "  "
_HEADER = ("region", "kind", "name", "on", "stack")
_CSV_HEADER = ("account", "role", "region", "kind", "name", "arn", "on", "stack")
#: what makes a formula of a cell.
_FORMULAS = ("=", "+", "-", "@")
_NOT_TOLD = "-"
_NOTED = "bold yellow"


@dataclass(frozen=True, slots=True)
class Told:
    """A role's report, and where it was looked for."""

    report: RoleReport
    #: the regions that were read for it.
    regions: Sequence[str]

    @property
    def definition(self) -> RoleDefinition:
        """The role of the catalogue."""
        return self.report.definition


def told_of(audit: Audit, offered: Mapping[str, Collection[str]]) -> list[Told]:
    """Return what is said of the roles of an account.

    Args:
        audit: What was read.

        offered: The regions in which the roles are used, by role name.
    """
    return [
        Told(
            report,
            [region for region in audit.regions if region in offered[report.definition.role_name]],
        )
        for report in audit.roles
    ]


def offered(account: Account, definitions: Iterable[RoleDefinition]) -> dict[str, frozenset[str]]:
    """Return the regions in which roles are used, by role name; an organization has the same."""
    return {
        each.role_name: frozenset(
            region for regions in uses.offered(each, account).values() for region in regions
        )
        for each in definitions
    }


class Answer:
    """The answer, of which what is to be read goes out account by account.

    Args:
        form: "text", "json" or "csv".

        path: The file to write.
            Default: standard output.
    """

    def __init__(self, form: str, path: Path | None) -> None:
        self._form = form
        self._path = path
        self._console = Console(highlight=False)
        #: what is printed, or written, when all is read.
        self._kept: list[str] = []
        self._accounts: list[dict[str, Any]] = []
        self._empty = True
        if form == "csv":
            self._print(csv_header())

    def add(self, audit: Audit, offered: Mapping[str, Collection[str]]) -> None:
        """Tell of one more account."""
        told = told_of(audit, offered)
        if self._form == "json":
            self._accounts.append(as_json(audit, told))
        elif self._form == "csv":
            self._print(*as_csv(audit, told))
        else:
            self._tell([*([] if self._empty else [_BLANK]), *lines(audit, told)])
        self._empty = False

    def end(self) -> None:
        """Tell what is left to tell.

        Raises:
            Refusal: The file cannot be written.
        """
        if self._form == "json":
            self._print(json.dumps({"accounts": self._accounts}, indent=2))
        if self._path is not None:
            write(self._path, "\n".join(self._kept))

    def _tell(self, lines: Iterable[_Line]) -> None:
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


# to read

_Line: TypeAlias = "tuple[Text, Text] | Columns"
"""A label and what it says, or a table."""


def lines(audit: Audit, told: Sequence[Told]) -> Iterator[_Line]:
    """Yield what there is to read about an account."""
    name = f"  {visible(audit.name)}" if audit.name else ""
    yield _heading(f"account {audit.account}", name)
    read = counted(len(audit.regions), "region") if audit.regions else "nothing"
    failed = counted(len(audit.failures), "failure")
    yield _fact("read", read if audit.complete else f"{read}; not all of it: {failed}")
    if audit.disabled:
        yield _fact("not enabled", ", ".join(audit.disabled))
    for each in told:
        yield _BLANK
        yield from _role_lines(each)


_BLANK = (Text(), Text())


def _role_lines(told: Told) -> Iterator[_Line]:
    yield _heading(told.definition.role_name)
    role = told.report.role
    if role is None:
        successor = told.definition.superseded_by
        older = "" if successor is None else f"; it is the older name of {successor}"
        yield _fact(
            "there", f"no{older}" if told.report.there is False else "not known: it was not read"
        )
    else:
        yield from _facts(role)
    for lease in told.report.leases:
        yield _fact("held by", _held_by(lease))
    if told.report.users or told.definition.superseded_by is None or role is not None:
        yield _fact("used by", _used_by(told))
    if role is not None:
        yield _fact("deletion", _deletion(told), style=_NOTED if told.report.blocked else "")
    if told.report.users:
        yield _BLANK
        rows = [
            [
                thing.region,
                thing.kind.name,
                visible(thing.name or thing.id),
                visible(_on(thing)),
                _NOT_TOLD if thing.stack is None else visible(name_of(thing.stack)),
            ]
            for thing in told.report.users
        ]
        yield Columns(_HEADER, rows, indent=_INDENT)


def _facts(role: Role) -> Iterator[_Line]:
    used = "no use of it is known"
    if role.last_used is not None:
        where = f" in {visible(role.last_used_region)}" if role.last_used_region else ""
        used = f"last used {_day(role.last_used)}{where}"
    yield _fact("there since", f"{_day(role.created)}, {used}")
    yield _fact("made by", "slr-constructs" if role.made_here else "its service, or somebody")
    if role.description:
        yield _fact("description", visible(role.description))
    yield _fact("policy", _policy(role), style=_NOTED if role.policy_as_known is False else "")
    if role.inline_policies:
        yield _fact("inline policy", visible(", ".join(role.inline_policies)))


def _policy(role: Role) -> str:
    names = [arn.rpartition("/")[2] for arn in role.attached_policies]
    attached = visible(", ".join(names)) or "none"
    known = role.definition.managed_policy
    if known is None:
        return f"{attached}; the catalogue knows none"
    return (
        f"{attached}, as known"
        if role.policy_as_known
        else f"{attached}; the catalogue knows {known}"
    )


def _held_by(lease: Lease) -> str:
    where = f" in {lease.region}" if lease.region else ""
    return visible(f"{lease.stack_name}{where} ({lease.state.value})")


def _used_by(told: Told) -> str:
    regions = counted(len(told.regions), "region")
    if told.report.users:
        some = len({thing.region for thing in told.report.users})
        text = f"{len(told.report.users)} in {some} of {regions}"
    else:
        text = f"nothing in {regions}"
    return text if told.report.complete else f"{text}, as far as that could be read"


def _deletion(told: Told) -> str:
    if told.report.blocked is None:
        return "not known: not all was read"
    if not told.report.blocked:
        return "nothing known stands against it"
    against = []
    if told.report.users:
        against.append(f"what uses it ({len(told.report.users)})")
    if told.report.holders:
        against.append(f"stacks that hold it ({len(told.report.holders)})")
    return f"blocked by {listed(against)}"


def _heading(text: str, more: str = "") -> tuple[Text, Text]:
    return Text(), Text.assemble((text, "bold"), more)


def _fact(label: str, text: str, *, style: str = "") -> tuple[Text, Text]:
    return Text(f"{_INDENT}{label:{_LABEL}}", style="dim"), Text(text, style=style)


def plain(line: _Line) -> str:
    """Return what a line says where nobody folds it; a table has several."""
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
        # a column less, and more room for the others
        for kind, rows in groupby(line.rows, key=lambda row: row[1]):
            console.print(Text(f"{_INDENT}{kind}"))
            without = [[row[0], *row[2:]] for row in rows]
            Columns((_HEADER[0], *_HEADER[2:]), without, indent=_INDENT * 2).show(console)


def _day(when: datetime) -> str:
    return when.astimezone(UTC).date().isoformat()


def _on(thing: Thing) -> str:
    return thing.kind.says(thing.settings or {})


# for programs


def as_json(audit: Audit, told: Sequence[Told]) -> dict[str, Any]:
    """Return an account as plain values."""
    return {
        "account": audit.account,
        "name": audit.name or None,
        "complete": audit.complete,
        "regions_read": audit.regions,
        "regions_disabled": audit.disabled,
        "failures": [
            {"region": each.region, "what": each.what, "why": each.why} for each in audit.failures
        ],
        "roles": [_role_as_json(each) for each in told],
    }


def _role_as_json(told: Told) -> dict[str, Any]:
    role, definition = told.report.role, told.definition
    return {
        "role_name": definition.role_name,
        "short_name": short_name_of(definition.role_name),
        "principal": definition.service_principal,
        "arn": role and role.arn,
        "there": told.report.there,
        "created": role and _moment(role.created),
        "last_used": role and role.last_used and _moment(role.last_used),
        "last_used_region": role and role.last_used_region,
        "description": role and role.description,
        "made_by_slr_constructs": role and role.made_here,
        "attached_policies": [*role.attached_policies] if role else [],
        "inline_policies": [*role.inline_policies] if role else [],
        "known_policy": definition.managed_policy,
        "policy_as_known": role and role.policy_as_known,
        "blocked": told.report.blocked,
        "leases": [lease_as_json(lease) for lease in told.report.leases],
        "users": [
            {
                "kind": thing.kind.name,
                "region": thing.region,
                "name": thing.name,
                "id": thing.id,
                "arn": thing.arn,
                "on": _on(thing),
                "settings": thing.settings,
                "stack": thing.stack,
                "stack_name": thing.stack and name_of(thing.stack),
            }
            for thing in told.report.users
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
    """Return the first line."""
    return ",".join(_CSV_HEADER)


def as_csv(audit: Audit, told: Sequence[Told]) -> list[str]:
    """Return a line for each use of a role in an account."""
    return [
        _csv(
            audit.account,
            each.definition.role_name,
            thing.region,
            thing.kind.name,
            thing.name,
            thing.arn,
            _on(thing),
            "" if thing.stack is None else name_of(thing.stack),
        )
        for each in told
        for thing in each.report.users
    ]


def _csv(*cells: str) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(map(_cell, cells))
    return text.getvalue()


def _cell(text: str) -> str:
    # whoever may name an app instance may name it like a formula, and CSV is opened in
    # spreadsheets; programs have JSON, where names are as they are
    return f"'{visible(text)}" if text.startswith(_FORMULAS) else visible(text)
