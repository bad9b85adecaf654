"""The order as a Mermaid flowchart, which GitHub draws where it shows Markdown.

GitHub draws up to 500 arrows and 50,000 characters; for more there is `svg`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs.pictures.arrows import arrows_between, shown_in
from slr_constructs.pictures.labels import short_name, short_type
from slr_constructs.templates.lifecycle import Mark
from slr_constructs.templates.words import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from slr_constructs.templates.app import App, Stack

_INDENT = "  "
#: an outline for each mark, which says the same as its colour.
_OUTLINES = {
    Mark.ROLE: ("([", "])"),
    Mark.FEATURE: ("[[", "]]"),
    Mark.RELEASE: ("{{", "}}"),
    Mark.OWNER: ("[/", "/]"),
}
_PLAIN = ("[", "]")
#: the colours name their text too, so that they can be read on a light page and on a dark one.
_CLASSES = {
    Mark.ROLE: "fill:#f4eeff,stroke:#6639ba,color:#3b1f73,stroke-width:2px",
    Mark.FEATURE: "fill:#e6f2ff,stroke:#0a53a8,color:#06305f,stroke-width:2px",
    Mark.RELEASE: "fill:#fff1e5,stroke:#953800,color:#5c2300,stroke-width:2px,stroke-dasharray:7 3",
    Mark.OWNER: "fill:#e6f8ea,stroke:#116329,color:#0a3d19,stroke-width:2px",
}
#: all that a label may hold as it is, with letters and digits; the rest becomes `#number;`.
_HARMLESS = frozenset(" /:.,-")


def mermaid(app: App, *, only_roles: bool = False) -> str:
    """Return a flowchart of an app's order.

    An arrow says by what a resource waits for another; it is left out where others say the same
    (a transitive reduction within each stack).

    Args:
        app: The stacks.

        only_roles: Show only what has to do with a service-linked role. Arrows then lead through
            what is not shown.
    """
    shown = shown_in(app, only_roles=only_roles)
    places = ((name, each) for name in shown for each in shown[name])
    numbers = {place: f"r{number}" for number, place in enumerate(places, start=1)}
    stacks = {name: f"s{number}" for number, name in enumerate(shown, start=1)}
    lines = ["flowchart RL"]
    if not shown:
        lines.append(f'{_INDENT}nothing["nothing to show"]')
    for name in shown:
        if app.stacks[name].nested_in is None:
            lines += _subgraph(app, name, numbers, stacks)
    for name, ids in shown.items():
        stack = app.stacks[name]
        for arrow in arrows_between(stack, ids):
            ends = (numbers[name, arrow.dependent], numbers[name, arrow.dependency])
            lines.append(f"{_INDENT}{ends[0]} -->{_said(arrow.said_by)} {ends[1]}")
        lines += [
            f"{_INDENT}{stacks[name]} ==>|waits for| {stacks[each]}"
            for each in sorted(stack.waits_for)
            if each in stacks
        ]
        if stack.nested_in is not None:
            lines.append(f"{_INDENT}{numbers[stack.nested_in]} -.- {stacks[name]}")
    lines += [f"{_INDENT}classDef {mark.value} {look}" for mark, look in _CLASSES.items()]
    for mark in Mark:
        members = [
            number
            for (name, each), number in numbers.items()
            if mark in app.stacks[name].marks.get(each, ())[:1]
        ]
        if members:
            lines.append(f"{_INDENT}class {','.join(members)} {mark.value}")
    return "\n".join([*lines, ""])


def _subgraph(
    app: App, name: str, numbers: Mapping[tuple[str, str], str], stacks: Mapping[str, str]
) -> Iterator[str]:
    stack = app.stacks[name]
    yield f'{_INDENT}subgraph {stacks[name]}["{_label(name)}"]'
    if not stack.resources:
        yield f'{2 * _INDENT}{stacks[name]}none["no resources"]'
    for wave, logical_ids in enumerate(stack.creation, 1):
        for each in logical_ids:
            if (name, each) in numbers:
                yield f"{2 * _INDENT}{numbers[name, each]}{_node(stack, each, wave)}"
    for other in stacks:
        nested_in = app.stacks[other].nested_in
        if nested_in is not None and nested_in[0] == name:
            for line in _subgraph(app, other, numbers, stacks):
                yield f"{_INDENT}{line}"
    yield f"{_INDENT}end"


def _node(stack: Stack, logical_id: str, wave: int) -> str:
    marks = stack.marks.get(logical_id, ())
    left, right = _OUTLINES[marks[0]] if marks else _PLAIN
    lines = [
        short_name(stack, logical_id),
        short_type(stack.type_of(logical_id)),
        ": ".join([f"wave {wave}", *([", ".join(each.value for each in marks)] if marks else [])]),
    ]
    return f'{left}"{"<br>".join(_label(each) for each in lines)}"{right}'


def _said(said_by: str) -> str:
    return f'|"{_label(said_by)}"|' if said_by else ""


def _label(text: str) -> str:
    """Return a text in which nothing is syntax, be it Mermaid's, Markdown's or HTML's."""
    return "".join(
        each if each.isalnum() or each in _HARMLESS else f"#{ord(each)};"
        for each in printable(text)
    )
