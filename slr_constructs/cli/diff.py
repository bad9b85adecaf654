"""`slr-constructs diff`: compare the order of resources and the roles of two versions."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from slr_constructs.cli.arguments import OUTPUT, PATH, format_option, read_app
from slr_constructs.cli.output import write, write_lines
from slr_constructs.cli.refusal import Refusal
from slr_constructs.templates.comparison import Comparison, Verdict, compare
from slr_constructs.templates.reading import is_assembly, stack_name_of
from slr_constructs.templates.words import listed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from slr_constructs.cli.output import Line
    from slr_constructs.templates.comparison import Change

_STYLES = {Verdict.WORSE: "bold red", Verdict.CHANGED: "bold yellow", Verdict.BETTER: "bold green"}
_NOTHING = "No changes in the order of resources or in service-linked roles."


@click.command()
@click.argument("old", type=PATH)
@click.argument("new", type=PATH)
@format_option("text", "json", "markdown", help="Markdown is made for a comment on a pull request.")
@OUTPUT
@click.pass_context
def diff(context: click.Context, old: Path, new: Path, form: str, output: Path | None) -> None:
    """Compare the order of resources and the roles of two versions.

    OLD and NEW are cloud assemblies (directories that `cdk synth` writes) or CloudFormation or SAM
    templates in JSON or YAML. Two templates are compared as versions of one stack, even if their
    names differ. Stacks of assemblies are matched by name, and resources by logical id. An assembly
    cannot be compared with a template. Text and Markdown show the same change in several stacks
    once; JSON has an entry for each stack.

    A cloud assembly is read only from its own directory. A template may name templates for nested
    stacks in its directory and in the directories next to it. Nothing is downloaded. Limits: 2 MB
    for a template (CloudFormation accepts 1 MB); about 20 MB, 20,000 stacks and resources, and 500
    declarations of roles in all.

    Exit status: 1 if something gets worse, otherwise 0. Worse means: a dependency is lost, a
    feature stays enabled on deletion, a role is removed more destructively, a resource does not
    depend on its role any more, deleting another stack disables its feature, or CloudFormation
    cannot deploy the change in one update.

    \b
      cdk synth --quiet --output new.out
      git stash && cdk synth --quiet --output old.out && git stash pop
      slr-constructs diff old.out new.out
    """  # noqa: D301 - click reads \b
    # two templates are one stack, which has the name of the new one
    name = stack_name_of(new)
    before, after = read_app([old], name=name), read_app([new], name=name)
    kinds = ["an assembly" if is_assembly(each) else "a template" for each in (old, new)]
    if kinds[0] != kinds[1]:
        raise Refusal(
            "OLD and NEW must be two assemblies or two templates, got"
            f" {kinds[0]} ({old}) and {kinds[1]} ({new})"
        )
    comparison = compare(before, after)
    if form == "text":
        write_lines(output, _lines(comparison))
    elif form == "json":
        write(output, json.dumps(_plain(comparison), indent=2))
    else:
        write(output, "\n".join(_markdown(comparison)))
    context.exit(1 if comparison.is_worse else 0)


def _lines(comparison: Comparison) -> Iterator[Line]:
    for change, stacks in _grouped(comparison):
        text = Text(f"{listed(stacks)}: {change.text}  ").append(f"[{change.code}]", style="dim")
        yield Text(f"{change.verdict.value:9}", style=_STYLES[change.verdict]), text
    if not comparison.changes:
        yield Text(), Text(_NOTHING)
    yield Text(), Text(_resources(comparison))


def _grouped(comparison: Comparison) -> list[tuple[Change, list[str]]]:
    """Return the changes, with the names of all stacks that have the same one, such as stages."""
    groups: dict[tuple[str, Verdict, str], tuple[Change, list[str]]] = {}
    for each in comparison.changes:
        _, stacks = groups.setdefault((each.code, each.verdict, each.text), (each, []))
        stacks.append(each.stack)
    return list(groups.values())


def _plain(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison as plain values."""
    return {
        "worse": comparison.is_worse,
        "added": comparison.added,
        "removed": comparison.removed,
        "changes": [asdict(each) | {"verdict": each.verdict.value} for each in comparison.changes],
    }


def _markdown(comparison: Comparison) -> Iterator[str]:
    groups = _grouped(comparison)
    worse = sum(change.verdict is Verdict.WORSE for change, _ in groups)
    if worse:
        summary = f"{worse} of {len(groups)} changes for the worse"
    else:
        summary = "nothing gets worse" if groups else "no changes"
    yield f"### Order and service-linked roles: {summary}"
    yield ""
    if not groups:
        yield _NOTHING
    for verdict in Verdict:
        lines = [
            f"- {listed(f'`{each}`' for each in stacks)}: {change.text} ({change.code})"
            for change, stacks in groups
            if change.verdict is verdict
        ]
        if lines:
            yield from (f"**{verdict.value.capitalize()}**", "", *lines, "")
    yield f"<sub>{_resources(comparison)}</sub>"


def _resources(comparison: Comparison) -> str:
    return f"Resources: {comparison.added} added, {comparison.removed} removed."
