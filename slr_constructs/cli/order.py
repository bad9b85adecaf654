"""`slr-constructs order`: the order in which resources are created and deleted."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from slr_constructs.cli.arguments import OUTPUT, PATHS, format_option, read_app
from slr_constructs.cli.output import BLANK, write, write_lines
from slr_constructs.cli.refusal import Refusal
from slr_constructs.pictures.html import html
from slr_constructs.pictures.mermaid import mermaid
from slr_constructs.pictures.svg import svg
from slr_constructs.templates.role_usage import Mark
from slr_constructs.templates.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from slr_constructs.cli.output import Line
    from slr_constructs.templates.app import App, Stack

#: formats that always contain all resources.
_WHOLE: dict[str, Callable[[App], str]] = {
    "json": lambda app: json.dumps(_plain(app), indent=2),
    "html": html,
}
_PICTURES = {"mermaid": mermaid, "svg": svg}


@click.command()
@PATHS
@format_option(
    "text",
    "json",
    "mermaid",
    "svg",
    "html",
    help="Mermaid and SVG are diagrams; HTML is a page that animates creation and deletion.",
)
@click.option(
    "--stack",
    "only",
    metavar="NAME",
    multiple=True,
    help="Show only this stack, with its nested stacks. `*` stands for any text: 'Prod/*' is a"
    " stage. You can repeat the option.",
)
@click.option(
    "--only-roles",
    is_flag=True,
    help="Show only resources that belong to service-linked roles (text, Mermaid and SVG).",
)
@OUTPUT
def order(
    paths: tuple[Path, ...],
    form: str,
    *,
    only: tuple[str, ...],
    only_roles: bool,
    output: Path | None,
) -> None:
    """Show the creation and deletion order of resources.

    PATH is a cloud assembly (the directory that `cdk synth` writes) or a CloudFormation or SAM
    template in JSON or YAML.

    A cloud assembly is read only from its own directory. A template may name templates for nested
    stacks in its directory and in the directories next to it. Nothing is downloaded. Limits: 2 MB
    for a template (CloudFormation accepts 1 MB); about 20 MB, 20,000 stacks and resources, and 500
    declarations of roles in all.

    Resources with the same number can be processed at the same time, because they do not depend on
    one another. Marks show how a resource belongs to a service-linked role: "role" is the role
    itself, "feature" uses the role, "owner" is the resource that a feature is configured on, and
    "clean-up" is a custom resource that disables a feature when it is deleted.

    For several stacks, the text starts with a summary: their order, and how many resources and
    marks each has.

    \b
      cdk synth --quiet && slr-constructs order cdk.out
      slr-constructs order cdk.out --stack Prod/Hotline --only-roles
      slr-constructs order cdk.out --format html --output order.html
      slr-constructs order template.yaml --format json
    """  # noqa: D301 - click reads \b
    if only_roles and form in _WHOLE:
        raise Refusal(f"--only-roles works with text, mermaid and svg, got {form}")
    app = read_app(paths, only=only)
    if form == "text":
        write_lines(output, _lines(app, only_roles=only_roles))
    elif form in _WHOLE:
        write(output, _WHOLE[form](app))
    else:
        write(output, _PICTURES[form](app, only_roles=only_roles))


def _lines(app: App, *, only_roles: bool) -> Iterator[Line]:
    if len(app.stacks) > 1:
        yield from _summary(app)
    for stack in app.stacks.values():
        yield _heading(f"{stack.name}{_where(app, stack.name)}")
        if not (stack.marks if only_roles else stack.resources):
            nothing = "no resources that belong to a role" if only_roles else "no resources"
            yield Text("  "), Text(nothing)
            yield BLANK
            continue
        for title, steps in (("creation", stack.creation), ("deletion", stack.deletion)):
            yield Text("  "), Text(title, style="bold")
            for number, step in enumerate(steps, start=1):
                shown = [each for each in step if each in stack.marks or not only_roles]
                for logical_id in sorted(shown, key=stack.show):
                    yield _line(stack, number, logical_id)
        yield BLANK


def _summary(app: App) -> Iterator[Line]:
    """Yield the stacks that are not nested, and what is in them and in their nested stacks."""
    parts: dict[str, list[Stack]] = {}
    for name, stack in app.stacks.items():
        parts.setdefault(app.outermost(name), []).append(stack)
    total = f"{counted(len(app.stacks), 'stack')}: {_contents(app.stacks.values())}"
    yield _heading(f"{total}; stacks in the order of deployment, destroyed in reverse order")
    for number, step in enumerate(app.steps, start=1):
        for name in step:
            text = Text(f"{name}{_where(app, name)}")
            yield Text(f"  {number:3}  "), text.append(f"  {_contents(parts[name])}", style="dim")
    yield BLANK


def _contents(stacks: Collection[Stack]) -> str:
    """Return the number of resources in stacks, and of those with each mark."""
    resources = sum(len(each.resources) for each in stacks)
    marks = Counter(mark for stack in stacks for marks in stack.marks.values() for mark in marks)
    return ", ".join(
        [
            counted(resources, "resource"),
            *(counted(marks[each], each.value) for each in Mark if each in marks),
        ]
    )


def _heading(text: str) -> Line:
    return Text(), Text(text, style="bold")


def _line(stack: Stack, number: int, logical_id: str) -> Line:
    marks = ", ".join(each.value for each in stack.marks.get(logical_id, ()))
    name = Text(stack.show(logical_id), style="bold" if marks else "")
    name.append(f"  {stack.type_of(logical_id)}", style="not bold dim")
    return Text(f"  {number:3}  {marks:14}  "), name


def _where(app: App, name: str) -> str:
    """Return how a stack relates to other stacks."""
    stack = app.stacks[name]
    if stack.nested_in is not None:
        parent, logical_id = stack.nested_in
        return f", nested in {parent}, step {app.stacks[parent].step_of(logical_id)}"
    if stack.deployed_by is not None:
        return f", deployed to other accounts by {stack.deployed_by[0]}"
    return f", depends on {', '.join(sorted(stack.depends_on))}" if stack.depends_on else ""


def _plain(app: App) -> dict[str, Any]:
    """Return the order as plain values; a step is a list of logical ids."""
    return {
        "stack_steps": app.steps,
        "stacks": [
            {
                "name": stack.name,
                "depends_on": sorted(stack.depends_on),
                "nested_in": None
                if stack.nested_in is None
                else {"stack": stack.nested_in[0], "logical_id": stack.nested_in[1]},
                "creation": stack.creation,
                "deletion": stack.deletion,
                "resources": {
                    logical_id: {
                        "path": stack.path(logical_id),
                        "type": stack.type_of(logical_id),
                        "marks": [each.value for each in stack.marks.get(logical_id, ())],
                        "depends_on": [
                            {"logical_id": each.dependency, "sources": each.sources}
                            for each in stack.dependencies_of(logical_id)
                        ],
                    }
                    for logical_id in stack.resources
                },
            }
            for stack in app.stacks.values()
        ],
    }
