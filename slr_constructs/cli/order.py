"""`slr-constructs order`: in which order stacks and their resources come and go."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from slr_constructs.cli.output import OUTPUT, PATHS, read_app, write, write_lines
from slr_constructs.cli.refusal import Refusal
from slr_constructs.pictures.html import html
from slr_constructs.pictures.mermaid import mermaid
from slr_constructs.pictures.svg import svg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from slr_constructs.templates.app import App, Stack

#: these show all, and let their readers choose.
_WHOLE: dict[str, Callable[[App], str]] = {
    "json": lambda app: json.dumps(_plain(app), indent=2),
    "html": html,
}
_PICTURES = {"mermaid": mermaid, "svg": svg}
_BLANK = (Text(), Text())


@click.command()
@PATHS
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "mermaid", "svg", "html"]),
    default="text",
    show_default=True,
    help="Lines to read, JSON for programs, or a picture: Mermaid for Markdown, SVG, or a page in"
    " which creation and teardown can be played.",
)
@click.option(
    "--only-roles",
    is_flag=True,
    help="Leave out what has to do with no role, in text, Mermaid and SVG.",
)
@OUTPUT
def order(paths: tuple[Path, ...], form: str, *, only_roles: bool, output: Path | None) -> None:
    """Show the order in which stacks and their resources are created and deleted.

    PATH is a cloud assembly, the folder that `cdk synth` writes, or a CloudFormation template in
    JSON or YAML. Nested stacks are read too, where their templates are files beside it.

    Resources with the same number, a wave, do not wait for one another. What has to do with a
    service-linked role is marked: the role itself, a feature that uses it, the owner that the
    feature is switched on for, and a release, which switches it off on delete.

    \b
      cdk synth --quiet && slr-constructs order cdk.out
      slr-constructs order cdk.out --format html --output order.html
      slr-constructs order template.yaml --format json
    """  # noqa: D301 - click reads \b
    if only_roles and form in _WHOLE:
        raise Refusal(f"--only-roles is for text, Mermaid and SVG: {form} has all, with its marks")
    app = read_app(paths)
    if form == "text":
        write_lines(output, _lines(app, only_roles=only_roles))
    elif form in _WHOLE:
        write(output, _WHOLE[form](app))
    else:
        write(output, _PICTURES[form](app, only_roles=only_roles))


def _lines(app: App, *, only_roles: bool) -> Iterator[tuple[Text, Text]]:
    if len(app.stacks) > 1:
        yield _heading("stacks, in the order of deployment; they are destroyed the other way round")
        for number, wave in enumerate(app.waves, start=1):
            for name in wave:
                yield Text(f"  {number:3}  "), Text(f"{name}{_where(app, name)}")
        yield _BLANK
    for stack in app.stacks.values():
        yield _heading(f"{stack.name}{_where(app, stack.name)}")
        if not (stack.marks if only_roles else stack.resources):
            nothing = "nothing that has to do with a role" if only_roles else "no resources"
            yield Text("  "), Text(nothing)
            yield _BLANK
            continue
        for title, waves in (("creation", stack.creation), ("teardown", stack.deletion)):
            yield Text("  "), Text(title, style="bold")
            for number, wave in enumerate(waves, start=1):
                shown = [each for each in wave if each in stack.marks or not only_roles]
                for logical_id in sorted(shown, key=stack.show):
                    yield _line(stack, number, logical_id)
        yield _BLANK


def _heading(text: str) -> tuple[Text, Text]:
    return Text(), Text(text, style="bold")


def _line(stack: Stack, number: int, logical_id: str) -> tuple[Text, Text]:
    marks = ", ".join(each.value for each in stack.marks.get(logical_id, ()))
    name = Text(stack.show(logical_id), style="bold" if marks else "")
    name.append(f"  {stack.type_of(logical_id)}", style="not bold dim")
    return Text(f"  {number:3}  {marks:14}  "), name


def _where(app: App, name: str) -> str:
    """Return how a stack stands to others."""
    stack = app.stacks[name]
    if stack.nested_in is not None:
        parent, logical_id = stack.nested_in
        return f", nested in {parent}, wave {app.stacks[parent].wave_of(logical_id)}"
    return f", waits for {', '.join(sorted(stack.waits_for))}" if stack.waits_for else ""


def _plain(app: App) -> dict[str, Any]:
    """Return what there is to tell as plain values; waves are lists of logical ids."""
    return {
        "stack_waves": app.waves,
        "stacks": [
            {
                "name": stack.name,
                "waits_for": sorted(stack.waits_for),
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
                        "waits_for": [
                            {"logical_id": each.dependency, "said_by": each.said_by}
                            for each in stack.waits(logical_id)
                        ],
                    }
                    for logical_id in stack.resources
                },
            }
            for stack in app.stacks.values()
        ],
    }
