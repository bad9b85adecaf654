"""An interactive page of an app's order: one file that needs no network.

The page has the picture, the same order as a list, and a script that shows the dependencies of a
resource and steps through a creation and a teardown. Without the script, the picture and the list
still work. The page's `Content-Security-Policy` allows only its own script and style sheets, so
that names in a template cannot run code.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

from slr_constructs.pictures.labels import breakable, escaped, marks_in_words, short_name
from slr_constructs.pictures.steps import Walk, creation_of, teardown_of
from slr_constructs.pictures.svg import legend, numbers_of, sections, text_of
from slr_constructs.templates.app import Place
from slr_constructs.templates.words import counted, printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slr_constructs.templates.app import App, Stack

#: an app is large if it has more resources or a stack has more steps. On a screen of 1400 by 900
#: pixels, the picture has room for 40 boxes in 5 columns next to the panel.
_MOST_RESOURCES, _MOST_STEPS = 40, 5
#: an HTML parser could read the end of the data, or a comment, in a name.
_ESCAPED = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def html(app: App) -> str:
    """Return an interactive page that shows an app's order.

    Args:
        app: The stacks.
    """
    picture_style, page_style = text_of("picture.css"), text_of("report.css")
    script = text_of("report.js")
    resources = sum(len(stack.resources) for stack in app.stacks.values())
    related = sum(len(stack.marks) for stack in app.stacks.values())
    return text_of("report.html").format(
        policy=(
            f"default-src 'none'; img-src data:; style-src {_hash(picture_style)}"
            f" {_hash(page_style)}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
        ),
        title=f"The order of {counted(len(app.stacks), 'stack')}",
        picture_style=picture_style,
        page_style=page_style,
        all=sections(app, only_roles=False),
        roles=sections(app, only_roles=True),
        legend=legend(),
        related=related,
        resources=resources,
        notes="".join(f'<p class="note">{escaped(each)}.</p>\n' for each in app.notes),
        steps="".join(_steps_of_stack(stack) for stack in app.stacks.values()),
        data=json.dumps(_data(app), ensure_ascii=False, separators=(",", ":")).translate(_ESCAPED),
        script=script,
    )


def _steps_of_stack(stack: Stack) -> str:
    """Return a stack's steps as a list, with the same content as the picture."""
    items = "".join(
        f"<li>{', '.join(_in_list(stack, each) for each in step)}</li>\n" for step in stack.creation
    )
    more = f", after {', '.join(sorted(stack.depends_on))}" if stack.depends_on else ""
    more += f", nested in {stack.nested_in[0]}" if stack.nested_in else ""
    empty = "" if items else "<p>This stack has no resources.</p>\n"
    return (
        f"<h2>{escaped(stack.name)}</h2>\n<p>Created in this order{escaped(more)}.</p>\n"
        f"{empty}<ol>\n{items}</ol>\n"
    )


def _in_list(stack: Stack, logical_id: str) -> str:
    marks = ", ".join(each.value for each in stack.marks.get(logical_id, ()))
    return (
        f"{breakable(short_name(stack, logical_id))}"
        f" <small>{breakable(stack.type_of(logical_id))}{f' ({marks})' if marks else ''}</small>"
    )


def _data(app: App) -> dict[str, Any]:
    """Return the data for the script, in which a resource is the number of its box."""
    creation, teardown = creation_of(app), teardown_of(app)
    numbers = numbers_of(app)
    return {
        "onlyRoles": _is_large(app) and any(stack.marks for stack in app.stacks.values()),
        "stacks": [printable(each) for each in app.stacks],
        "steps": {
            "creation": _steps(app, creation, numbers),
            "teardown": _steps(app, teardown, numbers),
        },
        "resources": [
            _resource(app.stacks[place.stack], place.logical_id, numbers)
            | {"creation": creation.turns[place], "teardown": teardown.turns[place]}
            | ({"nested": printable(app.nested[place])} if place in app.nested else {})
            for place in (Place(*each) for each in numbers)
        ],
    }


def _is_large(app: App) -> bool:
    stacks = app.stacks.values()
    return sum(len(each.resources) for each in stacks) > _MOST_RESOURCES or any(
        len(each.creation) > _MOST_STEPS for each in stacks
    )


def _steps(app: App, walk: Walk, numbers: Mapping[tuple[str, str], int]) -> list[dict[str, Any]]:
    return [
        {
            "stack": printable(step.stack),
            "step": step.number,
            "of": len(app.stacks[step.stack].creation),
            "resources": [numbers[step.stack, each] for each in step.logical_ids],
        }
        for step in walk.steps
    ]


def _resource(
    stack: Stack, logical_id: str, numbers: Mapping[tuple[str, str], int]
) -> dict[str, Any]:
    return {
        "stack": printable(stack.name),
        "logicalId": printable(logical_id),
        "path": stack.path(logical_id),
        "name": short_name(stack, logical_id),
        "type": stack.type_of(logical_id),
        "marks": [each.value for each in stack.marks.get(logical_id, ())],
        "sentences": marks_in_words(stack, logical_id),
        "dependsOn": [
            [numbers[stack.name, each.dependency], each.sources]
            for each in stack.dependencies_of(logical_id)
        ],
    }


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
