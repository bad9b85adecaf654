"""The order as a Mermaid flowchart, which GitHub renders in Markdown.

GitHub renders up to 500 arrows and 50,000 characters. Use `svg` for larger apps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs.pictures.arrows import arrows_between, shown_in
from slr_constructs.pictures.labels import short_name, short_type
from slr_constructs.templates.role_usage import Mark
from slr_constructs.templates.words import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from slr_constructs.templates.app import App, Stack

_INDENT = "  "
#: an outline for each mark, with the same meaning as its colour.
_OUTLINES = {
    Mark.ROLE: ("([", "])"),
    Mark.FEATURE: ("[[", "]]"),
    Mark.CLEAN_UP: ("{{", "}}"),
    Mark.OWNER: ("[/", "/]"),
}
_PLAIN = ("[", "]")
#: each class sets its text colour too, so that it is readable on light and dark pages.
_CLASSES = {
    Mark.ROLE: "fill:#f4eeff,stroke:#6639ba,color:#3b1f73,stroke-width:2px",
    Mark.FEATURE: "fill:#e6f2ff,stroke:#0a53a8,color:#06305f,stroke-width:2px",
    Mark.CLEAN_UP: (
        "fill:#fff1e5,stroke:#953800,color:#5c2300,stroke-width:2px,stroke-dasharray:7 3"
    ),
    Mark.OWNER: "fill:#e6f8ea,stroke:#116329,color:#0a3d19,stroke-width:2px",
}
#: besides letters and digits, the characters that a label may contain unescaped; all others become
#: `#number;`.
_HARMLESS = frozenset(" /:.,-")


def mermaid(app: App, *, only_roles: bool = False) -> str:
    """Return a flowchart of an app's order.

    The label of an arrow names the source of the dependency. An arrow that follows from other
    arrows is left out (a transitive reduction within each stack).

    Args:
        app: The stacks.

        only_roles: Show only resources that belong to a service-linked role. Arrows then lead
            through resources that are not shown.
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
            start, end = numbers[name, arrow.dependent], numbers[name, arrow.dependency]
            label = f'|"{_label(arrow.sources)}"|' if arrow.sources else ""
            lines.append(f"{_INDENT}{start} -->{label} {end}")
        lines += [
            f"{_INDENT}{stacks[name]} ==>|depends on| {stacks[each]}"
            for each in sorted(stack.depends_on)
            if each in stacks
        ]
        if stack.nested_in is not None:
            lines.append(f"{_INDENT}{numbers[stack.nested_in]} -.- {stacks[name]}")
    lines += [f"{_INDENT}classDef {_class_name(mark)} {look}" for mark, look in _CLASSES.items()]
    for mark in Mark:
        members = [
            number
            for (name, each), number in numbers.items()
            if mark in app.stacks[name].marks.get(each, ())[:1]
        ]
        if members:
            lines.append(f"{_INDENT}class {','.join(members)} {_class_name(mark)}")
    return "\n".join([*lines, ""])


def _subgraph(
    app: App, name: str, numbers: Mapping[tuple[str, str], str], stacks: Mapping[str, str]
) -> Iterator[str]:
    stack = app.stacks[name]
    yield f'{_INDENT}subgraph {stacks[name]}["{_label(name)}"]'
    if not stack.resources:
        yield f'{2 * _INDENT}{stacks[name]}none["no resources"]'
    for step, logical_ids in enumerate(stack.creation, 1):
        for each in logical_ids:
            if (name, each) in numbers:
                yield f"{2 * _INDENT}{numbers[name, each]}{_node(stack, each, step)}"
    for other in stacks:
        nested_in = app.stacks[other].nested_in
        if nested_in is not None and nested_in[0] == name:
            for line in _subgraph(app, other, numbers, stacks):
                yield f"{_INDENT}{line}"
    yield f"{_INDENT}end"


def _node(stack: Stack, logical_id: str, step: int) -> str:
    marks = stack.marks.get(logical_id, ())
    left, right = _OUTLINES[marks[0]] if marks else _PLAIN
    lines = [
        short_name(stack, logical_id),
        short_type(stack.type_of(logical_id)),
        ": ".join([f"step {step}", *([", ".join(each.value for each in marks)] if marks else [])]),
    ]
    return f'{left}"{"<br>".join(_label(each) for each in lines)}"{right}'


def _class_name(mark: Mark) -> str:
    return mark.value.replace("-", "")


def _label(text: str) -> str:
    """Return a text without syntax of Mermaid, Markdown or HTML."""
    return "".join(
        each if each.isalnum() or each in _HARMLESS else f"#{ord(each)};"
        for each in printable(text)
    )
