"""`slr-constructs catalogue`: the facts about service-linked roles."""

from __future__ import annotations

import json
import sys
import textwrap
from dataclasses import asdict
from enum import Enum
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from slr_constructs.catalogue import RoleCreation, RoleDefinition, resource_types_of
from slr_constructs.cli.arguments import OUTPUT, format_option
from slr_constructs.cli.output import write
from slr_constructs.cli.role_argument import ROLES, complete, short_name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from slr_constructs.catalogue import Contradiction, Statement

#: the width of piped output and of files; rich would use the width of any terminal it finds.
_COLUMNS = 80
_INDENT = 2

#: how each kind of role is created, as a phrase.
CREATED_BY = {
    RoleCreation.IAM: "everyone with the permission iam:CreateServiceLinkedRole",
    RoleCreation.SERVICE: "the service, with the feature (slr-constructs tries IAM first)",
    RoleCreation.NEVER: "not possible any more; an existing role is adopted",
}
_TAGS = (
    "Tags in brackets name the kind of source. The docstring of slr_constructs.catalogue explains"
    " them, and the files in slr_constructs/catalogue/ have a tag for every fact."
)


@click.command()
@click.argument("role", required=False, shell_complete=complete)
@format_option("text", "json")
@OUTPUT
def catalogue(role: str | None, form: str, output: Path | None) -> None:
    """Show the facts about service-linked roles and their sources.

    ROLE is a role name, a service principal or a short name such as mediatailor. With ROLE, the
    command shows all facts about one role: how it is created and deleted, what its policy allows,
    and where sources contradict one another. Default: a list of all roles.
    """
    short = None if role is None else short_name_of(role)
    if form == "json":
        facts = [*map(_as_json, ROLES)] if short is None else _as_json(short)
        write(output, json.dumps(facts, indent=2))
        return
    console = Console(
        width=None if output is None and sys.stdout.isatty() else _COLUMNS,
        color_system="auto" if output is None else None,
        highlight=False,
        markup=False,
    )
    if output is None and short is not None:
        _show(console, short, ROLES[short])
        return
    with console.capture() as captured:
        if short is None:
            console.print(_table())
        else:
            _show(console, short, ROLES[short])
    # rich pads every line of a table
    write(output, "\n".join(line.rstrip() for line in captured.get().splitlines()))


def _arn(role: RoleDefinition) -> str:
    return role.arn(partition="PARTITION", account="ACCOUNT")


def _as_json(short: str) -> dict[str, Any]:
    role = ROLES[short]
    facts: dict[str, Any] = {"short_name": short, "path": role.path, "arn": _arn(role)}
    for name, fact in asdict(role, dict_factory=_enums_as_values).items():
        facts[name] = fact
        if name == "clean_up":
            facts["resource_types"] = _resource_types(role)
    return facts


def _resource_types(role: RoleDefinition) -> list[str]:
    return [each.type for each in resource_types_of(role)]


def _enums_as_values(facts: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {name: each.value if isinstance(each, Enum) else each for name, each in facts}


def _table() -> Table:
    """Return a table of two columns, which fits a narrow terminal; four columns would not."""
    table = Table(box=None, padding=(0, 2, 1, 0), pad_edge=False)
    table.add_column("role, principal, short name", no_wrap=True)
    table.add_column("feature, and who creates the role")
    for short, role in ROLES.items():
        names = Text.assemble((role.role_name, "bold"), f"\n{role.service_principal}\n{short}")
        table.add_row(names, Text(f"{role.feature}\ncreated by: {CREATED_BY[role.creation]}"))
    return table


def _show(console: Console, short: str, role: RoleDefinition) -> None:
    console.print(Text(role.role_name, style="bold"))
    _prose(console, [role.feature])
    _section(console, "principal", [role.service_principal])
    _section(console, "short name", [short])
    _section(console, "ARN", [_arn(role)])
    _heading(console, "created by")
    _prose(console, [CREATED_BY[role.creation]])
    _section(console, "superseded by", filter(None, [role.superseded_by]))
    _section(console, "role that IAM creates instead", filter(None, [role.created_instead]))
    _section(console, "API calls that create it with the feature", role.created_by)
    _section(console, "clean-up for the whole account", role.clean_up)
    _section(console, "CloudFormation types", _resource_types(role))
    if role.regions is not None:
        _heading(console, f"regions ({len(role.regions)})")
        _prose(console, [", ".join(role.regions)])
    _section(console, "managed policy", filter(None, [role.managed_policy]))
    _section(console, "permissions of the role", _allowed(role.statements))
    _section(console, "log groups", role.log_groups)
    _section(console, "documentation", role.documentation)
    for contradiction in role.contradictions:
        _heading(console, f"contradicting sources: {contradiction.about}")
        _prose(console, _sides(contradiction))
    _heading(console, "tags")
    _prose(console, [_TAGS])


def _allowed(statements: Iterable[Statement]) -> Iterator[str]:
    for statement in statements:
        yield from statement.actions
        yield from (f"  on {resource}" for resource in statement.resources)
        for operator, key, values in statement.conditions:
            yield f"  if {key} {operator} {' or '.join(values)}"


def _sides(contradiction: Contradiction) -> Iterator[str]:
    for claim in contradiction.claims:
        yield f"{claim.source}: {claim.says}"
    yield f"Followed: {contradiction.followed}"


def _section(console: Console, title: str, lines: Iterable[str]) -> None:
    """Print lines that you may want to copy, without wrapping or truncating them."""
    for number, line in enumerate(lines):
        if number == 0:
            _heading(console, title)
        console.print(" " * _INDENT + line, soft_wrap=True)


def _heading(console: Console, title: str) -> None:
    console.print()
    console.print(Text(title, style="bold"))


def _prose(console: Console, paragraphs: Iterable[str]) -> None:
    indent = " " * _INDENT
    for paragraph in paragraphs:
        lines = textwrap.fill(
            paragraph,
            width=console.width,
            initial_indent=indent,
            subsequent_indent=indent,
            # you may want to copy names
            break_long_words=False,
            break_on_hyphens=False,
        )
        console.print(lines, soft_wrap=True)
