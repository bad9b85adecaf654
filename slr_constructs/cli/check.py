"""`slr-constructs check`: find problems with service-linked roles in templates."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from slr_constructs.cli.arguments import OUTPUT, PATHS, format_option, read_app
from slr_constructs.cli.output import BLANK, write, write_lines
from slr_constructs.cli.sarif import sarif
from slr_constructs.guard import acknowledged as acknowledgements
from slr_constructs.guard.check import check as findings_in
from slr_constructs.guard.rule import Severity
from slr_constructs.templates.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from slr_constructs.cli.output import Line
    from slr_constructs.guard.rule import Finding
    from slr_constructs.templates.app import App

    #: findings, each with the reason why it is acknowledged, or None.
    _Found = Sequence[tuple[Finding, str | None]]

_STYLES = {
    Severity.ERROR: "bold red",
    Severity.WARNING: "bold yellow",
    Severity.NOTE: "bold blue",
}


@click.command()
@PATHS
@format_option("text", "json", "sarif", help="SARIF 2.1.0 is made for code scanning.")
@click.option(
    "--acknowledged", is_flag=True, help="List acknowledged findings too, with their reasons."
)
@OUTPUT
@click.pass_context
def check(
    context: click.Context,
    paths: tuple[Path, ...],
    form: str,
    *,
    acknowledged: bool,
    output: Path | None,
) -> None:
    """Find problems with service-linked roles in templates.

    PATH is a cloud assembly (the directory that `cdk synth` writes) or a CloudFormation or SAM
    template in JSON or YAML.

    Acknowledge findings that do not matter to you. In CDK, call
    Validations.of(construct).acknowledge with an id such as slr-constructs::RoleNotDeclared. In a
    template, use the metadata of a resource, or the metadata of the template for all its resources:

    \b
      Metadata:
        slr-constructs:
          acknowledge:
            - id: RoleNotDeclared
              reason: the platform team's stack has the role

    Exit status: 1 if there are errors that are not acknowledged, otherwise 0. Warnings and notes do
    not change it: a warning may be acceptable in your account, and a note names something that
    cannot be parsed and was not analyzed.

    \b
      cdk synth --quiet && slr-constructs check cdk.out
      slr-constructs check template.yaml --acknowledged
      slr-constructs check cdk.out --format sarif --output slr.sarif
    """  # noqa: D301 - click reads \b
    app = read_app(paths, lenient=True)
    left, others = acknowledgements.split(app, findings_in(app))
    listed: _Found = [*((each, None) for each in left), *(others if acknowledged else ())]
    if form == "text":
        write_lines(output, _lines(app, listed, len(others)))
    else:
        log = sarif(app, listed) if form == "sarif" else _plain(app, listed, len(others))
        write(output, json.dumps(log, indent=2))
    context.exit(1 if any(each.rule.severity is Severity.ERROR for each in left) else 0)


def _lines(app: App, found: _Found, acknowledged: int) -> Iterator[Line]:
    """Yield the findings of each rule, followed by why they matter and how to fix them."""
    for rule in dict.fromkeys(each.rule for each, _ in found):
        title = Text.assemble((rule.title, "bold"), "  ", (f"[{rule.id}]", "dim"))
        counts = any(reason is None for each, reason in found if each.rule == rule)
        style = _STYLES[rule.severity] if counts else "dim"
        yield Text(f"{rule.severity.value:9}", style=style), title
        for each, reason in found:
            if each.rule == rule:
                yield Text("  - "), Text.assemble((_place(app, each), "bold"), each.text)
                if reason is not None:
                    yield Text("    "), Text(f"acknowledged: {reason}", style="dim")
        for name, text in (("why", rule.why), ("fix", rule.fix)):
            yield Text(f"    {name:6}", style="dim"), Text(text)
        yield BLANK
    numbers = ", ".join(
        counted(number, severity.value) for severity, number in _numbers(found).items() if number
    )
    more = f", {acknowledged} acknowledged" if acknowledged else ""
    stacks = counted(len(app.stacks), "stack")
    yield Text(), Text(f"{numbers or 'No findings'}{more} in {stacks}.")


def _place(app: App, finding: Finding) -> str:
    """Return the location of a finding, without the parts that its text contains."""
    resource = finding.resource
    stack = app.stacks[finding.stack]
    name = stack.show(resource) if resource in stack.resources else None
    parts = [stack.name] if len(app.stacks) > 1 else []
    parts += [name] if name is not None and f"`{name}`" not in finding.text else []
    return f"{'/'.join(parts)}: " if parts else ""


def _numbers(found: _Found) -> dict[Severity, int]:
    """Return the number of findings of each severity that are not acknowledged."""
    left = [each.rule.severity for each, reason in found if reason is None]
    return {severity: left.count(severity) for severity in Severity}


def _plain(app: App, found: _Found, acknowledged: int) -> dict[str, Any]:
    """Return the findings as plain values."""
    return {
        **{f"{severity.value}s": number for severity, number in _numbers(found).items()},
        "acknowledged": acknowledged,
        "findings": [
            {
                "rule": each.rule.id,
                "severity": each.rule.severity.value,
                "stack": each.stack,
                "resource": each.resource,
                "path": app.stacks[each.stack].path(each.resource)
                if each.resource in app.stacks[each.stack].resources
                else None,
                "location": each.location or None,
                "file": None if (file := app.stacks[each.stack].file) is None else str(file),
                "line": app.stacks[each.stack].lines.get(each.resource or ""),
                "text": each.text,
                "acknowledged": reason,
            }
            for each, reason in found
        ],
        "rules": {
            rule.id: {name: getattr(rule, name) for name in ("title", "why", "fix", "source")}
            for rule in dict.fromkeys(each.rule for each, _ in found)
        },
    }
