"""`slr-constructs catalogue`: what the library knows of the roles."""

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

from slr_constructs.catalogue import RoleCreation, RoleDefinition
from slr_constructs.cli.roles import ROLES, complete, short_name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from slr_constructs.catalogue import Contradiction, Statement

#: of what is piped or written to a file; rich would ask whichever terminal is near.
_COLUMNS = 80
_INDENT = 2

_MADE_BY = {
    RoleCreation.IAM: "anybody who may call iam:CreateServiceLinkedRole",
    RoleCreation.SERVICE: "the service, with the feature; IAM is asked first",
    RoleCreation.NEVER: "nobody any more; adopted where it still exists",
}
_TAGS = (
    "What stands in brackets is a kind of source. The text at the top of"
    " slr_constructs/catalogue.py says which; there, every fact has such a tag beside it."
)


@click.command()
@click.argument("role", required=False, shell_complete=complete)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Text to read, or JSON with the same facts.",
)
def catalogue(role: str | None, form: str) -> None:
    """Show the service-linked roles that this library knows.

    With ROLE, show all that it knows of one: how it comes and goes, what it may do, and where
    sources disagree. ROLE is the role's name, its principal, or its short name, such as
    mediatailor.
    """
    short = None if role is None else short_name_of(role)
    if form == "json":
        click.echo(json.dumps(_all_as_json() if short is None else _as_json(short), indent=2))
        return
    terminal = sys.stdout.isatty()
    console = Console(width=None if terminal else _COLUMNS, highlight=False, markup=False)
    if short is None:
        with console.capture() as captured:
            console.print(_table())
        # rich fills every line up
        click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))
    else:
        _show(console, short, ROLES[short])


def _arn(role: RoleDefinition) -> str:
    return role.arn(partition="PARTITION", account="ACCOUNT")


def _all_as_json() -> list[dict[str, Any]]:
    return [_as_json(short) for short in ROLES]


def _as_json(short: str) -> dict[str, Any]:
    role = ROLES[short]
    facts = asdict(role, dict_factory=_with_the_values_of_enums)
    return {"short_name": short, "path": role.path, "arn": _arn(role), **facts}


def _with_the_values_of_enums(facts: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {name: each.value if isinstance(each, Enum) else each for name, each in facts}


def _table() -> Table:
    """Return two columns: three stacked names are as wide as the longest, and all four are not."""
    table = Table(box=None, padding=(0, 2, 1, 0), pad_edge=False)
    table.add_column("role, principal, short name", no_wrap=True)
    table.add_column("what it unlocks, and who makes it")
    for short, role in ROLES.items():
        names = Text.assemble((role.role_name, "bold"), f"\n{role.service_principal}\n{short}")
        table.add_row(names, Text(f"{role.feature}\nby {_MADE_BY[role.creation]}"))
    return table


def _show(console: Console, short: str, role: RoleDefinition) -> None:
    console.print(Text(role.role_name, style="bold"))
    _prose(console, [role.feature])
    _section(console, "principal", [role.service_principal])
    _section(console, "short name", [short])
    _section(console, "ARN", [_arn(role)])
    _heading(console, "made by")
    _prose(console, [_MADE_BY[role.creation]])
    _section(console, "superseded by", filter(None, [role.superseded_by]))
    _section(console, "created with the feature, by", role.created_by)
    _section(console, "let go of, for all of the account, by", role.clean_up)
    _section(console, "CloudFormation types", role.resource_types)
    if role.regions is not None:
        _heading(console, f"regions ({len(role.regions)})")
        _prose(console, [", ".join(role.regions)])
    _section(console, "managed policy", filter(None, [role.managed_policy]))
    _section(console, "what the role may do", _allowed(role.statements))
    _section(console, "log groups", role.log_groups)
    _section(console, "documentation", role.documentation)
    for contradiction in role.contradictions:
        _heading(console, f"where sources disagree: {contradiction.about}")
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
    """Print what is copied: nothing is broken or cut, however narrow it is."""
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
            # names are copied
            break_long_words=False,
            break_on_hyphens=False,
        )
        console.print(lines, soft_wrap=True)
