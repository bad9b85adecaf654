"""The contents of an SVG, parsed from its text."""

from __future__ import annotations

import re
from typing import NamedTuple
from xml.etree import ElementTree as ET

SVG = "{http://www.w3.org/2000/svg}"
_HEAD = "m7-4l-7 4 7 4"
_NUMBER = re.compile(r"-?\d+")


class Box(NamedTuple):
    """A resource in the picture, and its position within its lane."""

    stack: str
    logical_id: str
    step: int
    x: int
    y: int
    width: int
    height: int
    texts: list[str]
    title: str
    classes: list[str]

    def has(self, x: int, y: int) -> bool:
        """Return whether a point is in the box or on its edge."""
        return self.x <= x <= self.x + self.width and self.y <= y <= self.y + self.height


class Arrow(NamedTuple):
    """An arrow, and the points of its line."""

    dependent: int
    dependency: int
    points: list[tuple[int, int]]


class Drawn:
    """A picture.

    Args:
        text: The SVG.
    """

    def __init__(self, text: str) -> None:
        self.root = ET.fromstring(text)  # noqa: S314 - our own
        self.boxes: dict[int, Box] = {}
        self.arrows: list[Arrow] = []
        self.lanes = self.root.findall(f"{SVG}g[@class='lane']")
        for lane in self.lanes:
            for element in lane.iter(f"{SVG}g"):
                if element.get("class", "").split()[:1] == ["box"]:
                    number = int(element.attrib["data-n"])
                    assert number not in self.boxes
                    self.boxes[number] = _box(lane.attrib["data-stack"], element)
            self.arrows += [
                _arrow(path) for path in lane.iter(f"{SVG}path") if path.get("class") == "arrow"
            ]

    def dependencies(self) -> dict[int, set[int]]:
        """Return the dependencies that the arrows show, direct and indirect."""
        direct: dict[int, set[int]] = {number: set() for number in self.boxes}
        for arrow in self.arrows:
            direct[arrow.dependent].add(arrow.dependency)
        found: dict[int, set[int]] = {}
        for number in sorted(self.boxes, key=lambda each: self.boxes[each].step):
            found[number] = direct[number].union(*(found[each] for each in direct[number]))
        return found


def _box(stack: str, element: ET.Element) -> Box:
    x, y = map(int, _NUMBER.findall(element.attrib["transform"]))
    (rect,) = element.findall(f"{SVG}rect")
    return Box(
        stack,
        element.attrib["data-id"],
        int(element.attrib["data-step"]),
        x,
        y,
        int(rect.attrib["width"]),
        int(rect.attrib["height"]),
        [str(text.text) for text in element.iter(f"{SVG}text")],
        str(element.findtext(f"{SVG}title")),
        element.attrib["class"].split()[1:],
    )


def _arrow(path: ET.Element) -> Arrow:
    line = path.attrib["d"]
    assert line.endswith(_HEAD)
    points: list[tuple[int, int]] = []
    for command, numbers in re.findall(r"([MHC])([-\d ]+)", line.removesuffix(_HEAD)):
        values = [int(each) for each in numbers.split()]
        points.append((values[0], points[-1][1]) if command == "H" else (values[-2], values[-1]))
    return Arrow(int(path.attrib["data-from"]), int(path.attrib["data-to"]), points)
