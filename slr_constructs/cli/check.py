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
from slr_constructs.guard.additions import acknowledgement, as_yaml
from slr_constructs.guard.check import check as findings_in
from slr_constructs.guard.rule import Severity
from slr_constructs.templates.words import briefly, counted, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
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
#: the texts of a rule in JSON.
_TEXTS = ("title", "why", "fix", "fix_in_template", "source")
_ACKNOWLEDGE = (
    "acknowledge it, in CDK with Validations.of(construct).acknowledge and the id"
    " slr-constructs::{rule}, or in the template:"
)


@click.command()
@PATHS
@format_option("text", "json", "sarif", help="SARIF 2.1.0 is made for code scanning.")
@click.option(
    "--acknowledged", is_flag=True, help="List acknowledged findings too, with their reasons."
)
@click.option(
    "--fail-on",
    type=click.Choice([each.value for each in Severity]),
    default=Severity.ERROR.value,
    show_default=True,
    help="The least severe findings that make the exit status 1.",
)
@OUTPUT
@click.pass_context
def check(
    context: click.Context,
    paths: tuple[Path, ...],
    form: str,
    *,
    acknowledged: bool,
    fail_on: str,
    output: Path | None,
) -> None:
    """Find problems with service-linked roles in templates.

    PATH is a cloud assembly (the directory that `cdk synth` writes) or a CloudFormation or SAM
    template in JSON or YAML.

    A cloud assembly is read only from its own directory. A template may name templates for nested
    stacks in its directory and in the directories next to it. Nothing is downloaded. Limits: 2 MB
    for a template (CloudFormation accepts 1 MB); about 20 MB, 20,000 stacks and resources, and 500
    declarations of roles in all.

    Acknowledge findings that do not matter to you. In CDK, call
    Validations.of(construct).acknowledge with an id such as slr-constructs::RoleNotDeclared. In a
    template, use the metadata of a resource, or the metadata of the template for all its resources:

    \b
      Metadata:
        slr-constructs:
          acknowledge:
            - id: RoleNotDeclared
              reason: the platform team's stack has the role

    An error means that a deployment or a deletion fails, or that a feature stays enabled. A warning
    may be acceptable in your account, or says that a template was not analyzed. A note names a part
    that was not analyzed.

    Exit status: 1 if there are errors that are not acknowledged, otherwise 0. With --fail-on
    warning or --fail-on note, less severe findings make it 1 too.

    \b
      cdk synth --quiet && slr-constructs check cdk.out
      slr-constructs check template.yaml --acknowledged
      slr-constructs check *.yaml --fail-on warning
      slr-constructs check cdk.out --format sarif --output slr.sarif
    """  # noqa: D301 - click reads \b
    app = read_app(paths, warns=False)
    left, others = acknowledgements.split(app, findings_in(app))
    listed: _Found = [*((each, None) for each in left), *(others if acknowledged else ())]
    if form == "text":
        write_lines(output, _lines(app, listed, len(others)))
    else:
        log = sarif(app, listed) if form == "sarif" else _plain(app, listed, len(others))
        write(output, json.dumps(log, indent=2))
    limit = Severity(fail_on)
    context.exit(1 if any(each.severity.is_at_least(limit) for each in left) else 0)


def _lines(app: App, found: _Found, acknowledged: int) -> Iterator[Line]:
    """Yield the findings of each rule, followed by why they matter and how to fix them."""
    for rule, severity in dict.fromkeys((each.rule, each.severity) for each, _ in found):
        same = [each for each in found if (each[0].rule, each[0].severity) == (rule, severity)]
        title = Text.assemble((rule.title, "bold"), "  ", (f"[{rule.id}]", "dim"))
        style = _STYLES[severity] if any(reason is None for _, reason in same) else "dim"
        yield Text(f"{severity.value:9}", style=style), title
        # many resources may have the same problem, for example nested stacks without a template
        places: dict[tuple[str, str | None], list[str]] = {}
        for each, reason in same:
            places.setdefault((each.text, reason), []).append(_place(app, each))
        for (text, reason), names in places.items():
            place = f"{briefly([*dict.fromkeys(names)])}: " if any(names) else ""
            yield Text("  - "), Text.assemble((place, "bold"), text)
            if reason is not None:
                yield Text("    "), Text(f"acknowledged: {reason}", style="dim")
        parts = {"why": rule.why, "CDK": rule.fix, "YAML": rule.fix_in_template}
        for name, text in parts.items():
            yield Text(f"    {name:6}", style="dim"), Text(text)
        # the parts of the others have the same form, and are in the JSON
        for part in [each.addition for each, _ in same if each.addition][:1]:
            yield from _indented(part)
        yield Text("    or    ", style="dim"), Text(_ACKNOWLEDGE.format(rule=rule.id))
        yield from _indented(acknowledgement(rule))
        yield BLANK
    numbers = ", ".join(
        counted(number, severity.value) for severity, number in _numbers(found).items() if number
    )
    more = f", {acknowledged} acknowledged" if acknowledged else ""
    stacks = counted(len(app.stacks), "stack")
    yield Text(), Text(f"{numbers or 'No findings'}{more} in {stacks}.")


def _indented(part: Mapping[str, Any]) -> Iterator[Line]:
    """Yield a part of a template as YAML, which is not wrapped."""
    yield from (f"          {visible(each)}" for each in as_yaml(part).splitlines())


def _place(app: App, finding: Finding) -> str:
    """Return the location of a finding, without the parts that its text contains."""
    resource = finding.resource
    stack = app.stacks[finding.stack]
    name = None if resource is None else stack.show(resource)
    parts = [stack.name] if len(app.stacks) > 1 else []
    parts += [name] if name is not None and f"`{name}`" not in finding.text else []
    return "/".join(parts)


def _numbers(found: _Found) -> dict[Severity, int]:
    """Return the number of findings of each severity that are not acknowledged."""
    left = [each.severity for each, reason in found if reason is None]
    return {severity: left.count(severity) for severity in Severity}


def _plain(app: App, found: _Found, acknowledged: int) -> dict[str, Any]:
    """Return the findings as plain values."""
    return {
        **{f"{severity.value}s": number for severity, number in _numbers(found).items()},
        "acknowledged": acknowledged,
        "findings": [
            {
                "rule": each.rule.id,
                "severity": each.severity.value,
                "stack": each.stack,
                "resource": each.resource,
                "path": app.stacks[each.stack].path(each.resource)
                if each.resource in app.stacks[each.stack].resources
                else None,
                "location": each.location or None,
                "file": None if (file := app.stacks[each.stack].file) is None else str(file),
                "line": app.stacks[each.stack].lines.get(each.resource or ""),
                "text": each.text,
                "yaml": as_yaml(each.addition) if each.addition else None,
                "acknowledged": reason,
            }
            for each, reason in found
        ],
        "rules": {
            rule.id: {
                **{name: getattr(rule, name) for name in _TEXTS},
                "acknowledge": as_yaml(acknowledgement(rule)),
            }
            for rule in dict.fromkeys(each.rule for each, _ in found)
        },
    }
