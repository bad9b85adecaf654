"""A picture of the order: a lane for each stack, a column for each step, arrows to dependencies.

The picture is one file without scripts and fonts. It follows the light or dark mode of the screen,
and can be used as an image. Colour is never the only sign: each mark has a shape and a word.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from slr_constructs.pictures.arrows import arrows_between, shown_in
from slr_constructs.pictures.labels import (
    MEANINGS,
    breakable,
    escaped,
    short_name,
    short_type,
    shorten,
    width_of,
    wrap,
    wrap_all,
)
from slr_constructs.pictures.layout import Box, Column, Layout, lay_out
from slr_constructs.templates.role_usage import Mark
from slr_constructs.templates.words import counted, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from slr_constructs.templates.app import App, Stack

_MARGIN, _LANE_GAP, _INDENT = 16, 16, 20
_LANE_SIDE, _LANE_TOP, _LANE_FOOT = 16, 26, 18
_STACK_LINE, _ABOUT_LINE = 18, 16
#: from the last line of a heading to the boxes, from the top of a section to the boxes, and from
#: the title of a column to the boxes.
_HEAD_FOOT, _STEP_HEAD, _STEP_FOOT = 31, 30, 11
_LEGEND_HEIGHT = 70
_SENTENCES = (
    "Created from left to right, deleted from right to left.",
    "An arrow leads from a resource to one that it depends on.",
)
_SMALLEST_LANE = 740
_GAP = 40
_BOX_SIDE = 10
_NARROWEST, _WIDEST = 96, 178
_BOX, _NAME_LINE, _MARKS = 42, 15, 20
_NAME_SIZE, _TYPE_SIZE, _STACK_SIZE = 12, 11, 15
_BOLD = 1.12
_ROUND, _ROUNDER = 5, 20
_ICON = 14

#: a shape of ten by ten pixels for each mark, with the same meaning as its colour.
_SHAPES = {
    Mark.ROLE: '<circle cx="5" cy="5" r="4.5"/>',
    Mark.FEATURE: '<path d="M5-.5 10.5 5 5 10.5-.5 5z"/>',
    Mark.CLEAN_UP: '<path d="M0 .5h10L5 10z"/>',
    Mark.OWNER: '<path d="M.5.5h9v9h-9z"/>',
}


@dataclass(slots=True)
class _Lane:
    """A stack in the picture."""

    stack: Stack
    about: str
    indent: int
    layout: Layout


def svg(app: App, *, only_roles: bool = False) -> str:
    """Return a picture of an app's order.

    CloudFormation creates resources from left to right. An arrow leads to a dependency; it is left
    out if it follows from other arrows. A nested stack follows its parent.

    Args:
        app: The stacks.

        only_roles: Show only resources that belong to a service-linked role. Arrows then lead
            through resources that are not shown, and the steps keep their numbers.
    """
    numbers = numbers_of(app)
    lane_width, lanes = _lanes(app, only_roles=only_roles)
    lane_width = max(_SMALLEST_LANE, lane_width)
    width = max([lane_width + each.indent for each in lanes], default=lane_width) + 2 * _MARGIN
    y = _MARGIN + _LEGEND_HEIGHT
    drawn: list[str] = []
    for lane in lanes:
        head = _head(lane, lane_width)
        drawn += _lane(lane, head, lane_width, y, numbers)
        y += _height(lane, head) + _LANE_GAP
    if not lanes:
        drawn.append(f'<text class="about" x="{_MARGIN}" y="{y + 16}">{_empty(app)}</text>')
        y += 32
    height = y - _LANE_GAP + _MARGIN
    subject = "Resources that belong to a role" if only_roles else "Order of resources"
    sentences = [f"{each.stack.name}: {each.about}." for each in lanes]
    sentences += [f"{note}." for note in app.notes]
    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg" class="order" role="img"',
        f' width="{width}" height="{height}" viewBox="0 0 {width} {height}">',
        f"<title>{subject} in {counted(len(lanes), 'stack')}</title>",
        f"<desc>{escaped(' '.join(sentences))}</desc>",
        f"<style>\n{text_of('picture.css')}</style>",
        f'<rect class="ground" width="{width}" height="{height}" rx="8"/>',
        *_legend(),
        *drawn,
        "</svg>",
    ]
    return "\n".join([*lines, ""])


def sections(app: App, *, only_roles: bool) -> str:
    """Return the same picture for a page: a section with a picture for each stack.

    The headings are text of the page, so that they wrap and stay visible while a picture scrolls,
    and a printer can start a page with a stack.

    Args:
        app: The stacks.

        only_roles: As for `svg`.
    """
    numbers = numbers_of(app)
    width, lanes = _lanes(app, only_roles=only_roles)
    return "".join(_section(each, width, numbers) for each in lanes) or (
        f'<p class="about">{_empty(app)}</p>\n'
    )


def legend() -> str:
    """Return the legend for a page, as the items of a list."""
    return "".join(
        f'<li><svg class="order" width="{_mark_width(mark)}" height="14" aria-hidden="true">'
        f"{_mark(mark, 0, 11)}</svg>{meaning}</li>\n"
        for mark, meaning in MEANINGS.items()
    )


@cache
def text_of(name: str) -> str:
    """Return the text of a file in this package."""
    return (files("slr_constructs.pictures") / name).read_text(encoding="utf-8")


def numbers_of(app: App) -> dict[tuple[str, str], int]:
    """Return a number for each resource, which identifies its box and arrows for scripts."""
    places = ((name, each) for name, stack in app.stacks.items() for each in stack.resources)
    return {place: number for number, place in enumerate(places)}


def _empty(app: App) -> str:
    return "No resource belongs to a role." if app.stacks else "The app has no stacks."


def _lanes(app: App, *, only_roles: bool) -> tuple[int, list[_Lane]]:
    """Return the width that all lanes share, and the lanes."""
    shown = shown_in(app, only_roles=only_roles)
    rooms: dict[int, float] = {}
    for name, ids in shown.items():
        stack = app.stacks[name]
        for each in ids:
            step = stack.step_of(each)
            rooms[step] = max(rooms.get(step, 0), _room(stack, each))
    columns: list[Column] = []
    #: the number of the column for each step.
    column_of: dict[int, int] = {}
    x = _LANE_SIDE
    for step in sorted(rooms):
        column_of[step] = len(columns)
        columns.append(Column(x, min(_WIDEST, max(_NARROWEST, round(rooms[step])))))
        x += columns[-1].width + _GAP
    lanes = []
    for name, ids in shown.items():
        stack = app.stacks[name]
        where = {each: column_of[stack.step_of(each)] for each in ids}
        heights = {
            each: _box_height(stack, each, columns[column].width) for each, column in where.items()
        }
        layout = lay_out(columns, where, heights, arrows_between(stack, ids))
        about = _about(app, stack, len(ids))
        lanes.append(_Lane(stack, about, _INDENT * _depth(app, stack), layout))
    return columns[-1].x + columns[-1].width + _LANE_SIDE if columns else 0, lanes


def _room(stack: Stack, logical_id: str) -> float:
    """Return the width that a box needs for its whole text."""
    name = width_of(short_name(stack, logical_id), _NAME_SIZE) * _BOLD
    type_ = width_of(short_type(stack.type_of(logical_id)), _TYPE_SIZE)
    marks = sum(_mark_width(each) for each in stack.marks.get(logical_id, ()))
    return max(name, type_, marks) + 2 * _BOX_SIDE


def _name_lines(stack: Stack, logical_id: str, width: int) -> list[str]:
    return wrap(short_name(stack, logical_id), (width - 2 * _BOX_SIDE) / _BOLD, _NAME_SIZE)


def _box_height(stack: Stack, logical_id: str, width: int) -> int:
    more = len(_name_lines(stack, logical_id, width)) - 1
    return _BOX + _NAME_LINE * more + _MARKS * (logical_id in stack.marks)


def _mark_width(mark: Mark) -> int:
    return round(_ICON + width_of(mark.value, _TYPE_SIZE) * _BOLD) + 12


def _depth(app: App, stack: Stack) -> int:
    return 0 if stack.nested_in is None else 1 + _depth(app, app.stacks[stack.nested_in[0]])


def _head(lane: _Lane, width: int) -> list[tuple[str, int, str]]:
    """Return the lines above a lane's boxes: class, vertical position and text.

    A name is never shortened, because it identifies the stack.
    """
    room = width - 2 * _LANE_SIDE
    lines = []
    y = _LANE_TOP
    for kind, text, size, height in (
        ("stack", printable(lane.stack.name), _STACK_SIZE * _BOLD, _STACK_LINE),
        ("about", printable(lane.about), _NAME_SIZE, _ABOUT_LINE),
    ):
        for line in wrap_all(text, room, size):
            lines.append((kind, y, line))
            y += height
    return lines


def _head_height(head: list[tuple[str, int, str]]) -> int:
    _, last, _ = head[-1]
    return last + _HEAD_FOOT


def _height(lane: _Lane, head: list[tuple[str, int, str]]) -> int:
    return _head_height(head) + lane.layout.height + _LANE_FOOT


def _lane(
    lane: _Lane,
    head: list[tuple[str, int, str]],
    width: int,
    y: int,
    numbers: Mapping[tuple[str, str], int],
) -> Iterator[str]:
    x = _MARGIN + lane.indent
    name = escaped(lane.stack.name)
    yield f'<g class="lane" data-stack="{name}" transform="translate({x} {y})">'
    yield f'<rect width="{width}" height="{_height(lane, head)}" rx="8"/>'
    for kind, at, line in head:
        yield f'<text class="{kind}" x="{_LANE_SIDE}" y="{at}">{escape(line)}</text>'
    yield from _drawn(lane, _head_height(head), numbers)
    yield "</g>"


def _section(lane: _Lane, width: int, numbers: Mapping[tuple[str, str], int]) -> str:
    height = _STEP_HEAD + lane.layout.height + _LANE_FOOT
    depth = lane.indent // _INDENT
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    lines = [
        f'<section class="lane" data-stack="{escaped(lane.stack.name)}" data-depth="{depth}">',
        f'<h2 class="stack">{breakable(lane.stack.name)}</h2>',
        f'<p class="about">{escaped(lane.about)}</p>',
        f'<svg class="order" role="presentation" {size}>',
        *_drawn(lane, _STEP_HEAD, numbers),
        "</svg>",
        "</section>",
    ]
    return "\n".join([*lines, ""])


def _drawn(lane: _Lane, y: int, numbers: Mapping[tuple[str, str], int]) -> Iterator[str]:
    """Yield the titles of the columns above a vertical position, and the boxes below it."""
    stack = lane.stack
    headings: dict[int, Box] = {}
    for each, box in lane.layout.boxes.items():
        headings.setdefault(stack.step_of(each), box)
    for step, box in sorted(headings.items()):
        yield f'<text class="step" x="{box.x}" y="{y - _STEP_FOOT}">step {step}</text>'
    yield f'<g transform="translate(0 {y})">'
    for arrow, path in lane.layout.paths:
        ends = (numbers[stack.name, each] for each in (arrow.dependent, arrow.dependency))
        yield '<path class="arrow" data-from="{}" data-to="{}" d="{}"/>'.format(*ends, path)
    for each, box in sorted(lane.layout.boxes.items(), key=lambda item: item[1][:2]):
        yield _box(stack, each, box, numbers[stack.name, each])
    yield "</g>"


def _box(stack: Stack, logical_id: str, box: Box, number: int) -> str:
    marks = stack.marks.get(logical_id, ())
    lines = _name_lines(stack, logical_id, box.width)
    type_ = shorten(short_type(stack.type_of(logical_id)), box.width - 2 * _BOX_SIDE, _TYPE_SIZE)
    words = [stack.show(logical_id), logical_id, stack.type_of(logical_id)]
    words += [", ".join(each.value for each in marks)] if marks else []
    classes = " ".join(["box", *(each.value for each in marks[:1])])
    rounding = _ROUNDER if Mark.ROLE in marks else _ROUND
    parts = [
        f'<g class="{classes}" data-n="{number}" data-id="{escaped(logical_id)}"',
        f' data-step="{stack.step_of(logical_id)}" transform="translate({box.x} {box.y})">',
        f"<title>{escape(chr(10).join(printable(each) for each in words))}</title>",
        f'<rect width="{box.width}" height="{box.height}" rx="{rounding}"/>',
    ]
    y = 18
    for line in lines:
        parts.append(f'<text class="name" x="{_BOX_SIDE}" y="{y}">{escaped(line)}</text>')
        y += _NAME_LINE
    parts.append(f'<text class="type" x="{_BOX_SIDE}" y="{y}">{escaped(type_)}</text>')
    x = _BOX_SIDE
    for mark in marks:
        parts.append(_mark(mark, x, y + _MARKS - 1))
        x += _mark_width(mark)
    return "".join([*parts, "</g>"])


def _mark(mark: Mark, x: int, y: int) -> str:
    return (
        f'<g class="mark {mark.value}" transform="translate({x} {y - 9})">{_SHAPES[mark]}'
        f'<text x="{_ICON}" y="9">{mark.value}</text></g>'
    )


def _legend() -> Iterator[str]:
    yield '<g class="legend">'
    x = _MARGIN
    for mark, meaning in MEANINGS.items():
        yield _mark(mark, x, _MARGIN + 10)
        x += _mark_width(mark) - 4
        yield f'<text class="meaning" x="{x}" y="{_MARGIN + 10}">{meaning}</text>'
        x += round(width_of(meaning, _NAME_SIZE)) + 10
    for number, sentence in enumerate(_SENTENCES, 1):
        y = _MARGIN + 12 + 20 * number
        yield f'<text class="meaning" x="{_MARGIN}" y="{y}">{sentence}</text>'
    yield "</g>"


def _about(app: App, stack: Stack, shown: int) -> str:
    """Return the size of a stack, its parent and its dependencies."""
    size = counted(len(stack.resources), "resource")
    if shown < len(stack.resources):
        size = f"{shown} of {size}"
    parts = [f"{size}, {counted(len(stack.creation), 'step')}"]
    if stack.nested_in is not None:
        parent, logical_id = stack.nested_in
        parts.append(f"nested in {parent}, step {app.stacks[parent].step_of(logical_id)}")
    if stack.depends_on:
        parts.append(f"depends on {', '.join(sorted(stack.depends_on))}")
    return "; ".join(parts)
