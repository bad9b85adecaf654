"""Place boxes and arrows: columns from left to right, few crossings, arrows around boxes.

An arrow that passes a column bends there, in a free position between the boxes. Arrows to one box
share their bends, and so look like one line with branches. Barycentres determine the order in a
column. The neighbours of a box determine its vertical position.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass, field
from itertools import chain, pairwise
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slr_constructs.pictures.arrows import Arrow

_ORDERINGS = 12
_SETTLINGS = 8
_BEND_HEIGHT = 4
_BETWEEN_BOXES, _BESIDE_A_BEND = 14, 8
#: a straight line is more important than a close box.
_BEND_WEIGHT = 6.0
_LOOSE_WEIGHT = 0.05
_PORT_DISTANCE, _PORT_MARGIN = 8, 10
_HEAD = "m7-4l-7 4 7 4"


class Column(NamedTuple):
    """A column of a picture."""

    x: int
    width: int


class Box(NamedTuple):
    """The position and size of a resource."""

    x: int
    y: int
    width: int
    height: int


@dataclass(slots=True)
class Layout:
    """One lane: its boxes by logical id, and its arrows as paths of an SVG."""

    boxes: dict[str, Box]
    paths: list[tuple[Arrow, str]]
    height: int


@dataclass(slots=True, eq=False)
class _Item:
    """A box, or a bend of the arrows to a box."""

    height: int
    weight: float = 1.0
    left: list[_Item] = field(default_factory=list)
    right: list[_Item] = field(default_factory=list)
    place: int = 0
    y: float = 0.0


def lay_out(
    columns: Sequence[Column],
    where: Mapping[str, int],
    heights: Mapping[str, int],
    arrows: Sequence[Arrow],
) -> Layout:
    """Lay out one lane.

    Args:
        columns: The columns, from left to right.

        where: The number of the column of each box. An arrow leads to a column further left.

        heights: The height of each box.

        arrows: The dependencies to draw.
    """
    boxes = {each: _Item(heights[each]) for each in where}
    filled: list[list[_Item]] = [[] for _ in columns]
    for each, column in where.items():
        filled[column].append(boxes[each])
    furthest: dict[str, int] = {}
    for arrow in arrows:
        furthest[arrow.dependency] = max(furthest.get(arrow.dependency, 0), where[arrow.dependent])
    bends: dict[tuple[str, int], _Item] = {}
    for target, end in furthest.items():
        before = boxes[target]
        for column in range(where[target] + 1, end):
            bend = _Item(_BEND_HEIGHT, _BEND_WEIGHT)
            filled[column].append(bend)
            bends[target, column] = bend
            _link(before, bend)
            before = bend
    for arrow in arrows:
        beside = where[arrow.dependent] - 1
        _link(
            bends.get((arrow.dependency, beside), boxes[arrow.dependency]), boxes[arrow.dependent]
        )
    _order(filled)
    _settle(filled)
    items = list(chain.from_iterable(filled))
    top = min((each.y - each.height / 2 for each in items), default=0)
    bottom = max((each.y + each.height / 2 for each in items), default=0)
    for item in items:
        item.y = round(item.y - top)
    return Layout(
        {
            each: Box(
                columns[column].x,
                round(boxes[each].y - heights[each] / 2),
                columns[column].width,
                heights[each],
            )
            for each, column in where.items()
        },
        [(arrow, _path(arrow, columns, where, boxes, bends)) for arrow in arrows],
        round(bottom - top),
    )


def _link(left: _Item, right: _Item) -> None:
    left.right.append(right)
    right.left.append(left)


def _order(columns: list[list[_Item]]) -> None:
    """Sort each column into the order with the fewest crossings among those that were tried."""
    for column in columns:
        # boxes without arrows go below the others
        column.sort(key=lambda each: not (each.left or each.right))
        _number(column)
    best = [list(column) for column in columns]
    fewest = _crossings(columns)
    for turn in range(_ORDERINGS):
        if not fewest:
            break
        to_the_right = turn % 2 == 0
        for column in columns if to_the_right else reversed(columns):
            places = {
                each: fmean(other.place for other in beside)
                if (beside := each.left if to_the_right else each.right)
                else each.place
                for each in column
            }
            column.sort(key=lambda each: (not (each.left or each.right), places[each]))
            _number(column)
        if (crossings := _crossings(columns)) < fewest:
            best, fewest = [list(column) for column in columns], crossings
    for column, found in zip(columns, best, strict=True):
        column[:] = found
        _number(column)


def _number(column: list[_Item]) -> None:
    for place, each in enumerate(column):
        each.place = place


def _crossings(columns: list[list[_Item]]) -> int:
    """Return the number of crossings of lines between the columns."""
    crossings = 0
    for column in columns:
        seen: list[int] = []
        for each in column:
            ends = sorted(other.place for other in each.right)
            crossings += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return crossings


def _settle(columns: list[list[_Item]]) -> None:
    """Give each item a vertical position near the items that it is linked with."""
    for column in columns:
        for above, below in pairwise(column):
            below.y = above.y + _distance(above, below)
    for turn in range(_SETTLINGS):
        last = turn >= _SETTLINGS - 2
        to_the_right = turn % 2 == 0
        for column in columns if to_the_right else reversed(columns):
            wanted = []
            for each in column:
                beside = each.left if to_the_right else each.right
                if last:
                    beside = each.left + each.right
                wanted.append(
                    (fmean(other.y for other in beside), each.weight)
                    if beside
                    else (each.y, _LOOSE_WEIGHT)
                )
            _place(column, wanted)


def _distance(above: _Item, below: _Item) -> float:
    both_boxes = min(above.height, below.height) > _BEND_HEIGHT
    return (above.height + below.height) / 2 + (_BETWEEN_BOXES if both_boxes else _BESIDE_A_BEND)


def _place(column: list[_Item], wanted: list[tuple[float, float]]) -> None:
    """Move items as near to their wanted positions as their order and distances allow.

    This is an isotonic regression: items that would pass each other become a block, which is placed
    at the average of the wanted positions of its members.
    """
    offset = 0.0
    offsets: list[float] = []
    blocks: list[tuple[float, float, int]] = []
    for index, (y, weight) in enumerate(wanted):
        offset += _distance(column[index - 1], column[index]) if index else 0
        offsets.append(offset)
        block = (y - offset, weight, 1)
        while blocks and blocks[-1][0] >= block[0]:
            mean, heavy, count = blocks.pop()
            total = heavy + block[1]
            block = ((mean * heavy + block[0] * block[1]) / total, total, count + block[2])
        blocks.append(block)
    start = (mean for mean, _, count in blocks for _ in range(count))
    for each, base, distance in zip(column, start, offsets, strict=True):
        each.y = base + distance


def _path(
    arrow: Arrow,
    columns: Sequence[Column],
    where: Mapping[str, int],
    boxes: Mapping[str, _Item],
    bends: Mapping[tuple[str, int], _Item],
) -> str:
    """Return an arrow as the path of an SVG, including its head."""
    start, end = boxes[arrow.dependent], boxes[arrow.dependency]
    column = where[arrow.dependent]
    x, y = columns[column].x, round(_port(start, bends.get((arrow.dependency, column - 1), end)))
    path = f"M{x} {y}"
    for passed in range(column - 1, where[arrow.dependency] - 1, -1):
        item = bends.get((arrow.dependency, passed), end)
        right = columns[passed].x + columns[passed].width
        middle = (x + right) // 2
        to = round(item.y)
        path += f"H{right}" if to == y else f"C{middle} {y} {middle} {to} {right} {to}"
        x, y = right, to
        if item is not end:
            x = columns[passed].x
            path += f"H{x}"
    return f"{path}{_HEAD}"


def _port(item: _Item, beside: _Item) -> float:
    """Return the vertical position at which an arrow leaves the left side of its box."""
    count = len(item.left)
    place = sorted(item.left, key=lambda each: each.y).index(beside)
    distance = min(_PORT_DISTANCE, (item.height - 2 * _PORT_MARGIN) / max(1, count - 1))
    return item.y + distance * (place - (count - 1) / 2)
