"""Labels of resources in a picture, shortened to the space that is available."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from html import escape
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from slr_constructs.templates.role_usage import Mark, Removal
from slr_constructs.templates.words import listed, printable

if TYPE_CHECKING:
    from slr_constructs.templates.app import Stack

#: what each mark means, for the legend.
MEANINGS = {
    Mark.ROLE: "service-linked role",
    Mark.FEATURE: "uses the role",
    Mark.CLEAN_UP: "disables a feature on deletion",
    Mark.OWNER: "has the feature",
}

_REMOVALS = {
    Removal.KEPT: "it is kept when the stack is deleted",
    Removal.WHEN_UNUSED: "it is deleted with the stack if nothing else uses it",
    Removal.DELETED: "it is deleted with the stack",
}
#: ids of the only resource of a construct: the construct's own name is enough.
_DEFAULT_CHILDREN = ("/Resource", "/Default")
#: the path that CDK gives to the resource of a nested stack in its parent.
_NESTED = re.compile(r"(?<![^/])([^/]+)\.NestedStack/\1\.NestedStackResource$")
#: after a slash or a separator, and before a word that starts with a capital.
_BREAKS = re.compile(r"(?<=[/\s:_-])(?=\w)|(?<=[a-z0-9])(?=[A-Z])")
_ELLIPSIS = "…"
_MOST_LINES = 3
# widths in parts of the font size, slightly too wide, because the reader's font is unknown
_NARROW, _MIDDLE, _WIDE, _FULL = 0.36, 0.61, 0.7, 1.0
_NARROW_LETTERS = frozenset("fijlrtI.,:;'|!/()[] ")
_WIDE_LETTERS = frozenset("mwMW@%&\N{REPLACEMENT CHARACTER}")


def escaped(text: str) -> str:
    """Return a text for SVG and HTML."""
    return escape(printable(text))


def width_of(text: str, size: float) -> float:
    """Return the approximate width of a text in pixels."""
    return size * sum(_width(each) for each in text)


def shorten(text: str, room: float, size: float) -> str:
    """Return a text that fits, without its middle if necessary, because both ends identify it."""
    if width_of(text, size) <= room:
        return text
    left = room - width_of(_ELLIPSIS, size)
    head, tail = 0, len(text)
    while True:
        # the end distinguishes constructs of one scope, so it takes precedence
        at_end = len(text) - tail <= head
        left -= size * _width(text[tail - 1] if at_end else text[head])
        if left < 0:
            return f"{text[:head]}{_ELLIPSIS}{text[tail:]}"
        head, tail = (head, tail - 1) if at_end else (head + 1, tail)


def wrap(text: str, room: float, size: float) -> list[str]:
    """Return a text in at most three lines, broken between words, and shortened if necessary."""
    lines: list[str] = []
    # the width of the text before each position; measured once, because a name may be very long
    before = [*accumulate(map(_width, text), initial=0.0)]
    breaks = [each.start() for each in _BREAKS.finditer(text)]
    start = 0

    def fits(end: int) -> bool:
        return size * (before[end] - before[start]) <= room

    while not fits(len(text)) and len(lines) < _MOST_LINES - 1:
        fitting = [each for each in breaks if each > start and fits(each)]
        if not fitting:
            break
        # prefer a break between two constructs to one within a name if the rest still fits
        scopes = [
            each
            for each in fitting
            if text[each - 1] == "/" and size * (before[-1] - before[each]) <= room
        ]
        end = (scopes or fitting)[-1]
        lines.append(text[start:end])
        start = end
    return [*lines, shorten(text[start:], room, size)]


def wrap_all(text: str, room: float, size: float) -> list[str]:
    """Return a text in as many lines as it needs, broken between words, or else anywhere."""
    lines: list[str] = []
    # the width of the text before each position; measured once, because a name may be very long
    before = [*accumulate(map(_width, text), initial=0.0)]
    breaks = [0, *(each.start() for each in _BREAKS.finditer(text))]
    start = 0
    while size * (before[-1] - before[start]) > room:
        most = max(start + 1, bisect_right(before, before[start] + room / size) - 1)
        word = breaks[bisect_right(breaks, most) - 1]
        end = word if word > start else most
        lines.append(text[start:end].rstrip(" "))
        start = end
    return [*lines, text[start:]]


def breakable(text: str) -> str:
    """Return a text for HTML that may break between the words of a name."""
    text = printable(text)
    ends = [0, *(each.start() for each in _BREAKS.finditer(text)), len(text)]
    return "<wbr>".join(escape(text[start:end]) for start, end in pairwise(ends))


def short_name(stack: Stack, logical_id: str) -> str:
    """Return a readable name of a resource: the path of its construct, or its logical id."""
    name = _NESTED.sub(r"\1", stack.show(logical_id))
    for each in _DEFAULT_CHILDREN:
        name = name.removesuffix(each) or name
    return name


def short_type(type_: str) -> str:
    """Return a type without its prefix `AWS::`."""
    return printable(type_.removeprefix("AWS::"))


def marks_in_words(stack: Stack, logical_id: str) -> list[str]:
    """Return how a resource concerns a role, in one sentence for each mark."""
    sentences = []
    for mark in stack.marks.get(logical_id, ()):
        if mark is Mark.ROLE:
            sentences += [
                f"Role: {role.name}; {_REMOVALS[role.removal]}."
                for role in stack.roles
                if role.logical_id == logical_id
            ]
        elif mark is Mark.OWNER:
            features = sorted(
                {usage.feature for usage in stack.usages.values() if logical_id in usage.owners}
            )
            sentences.append(f"Owner: {listed(features)} is configured on it.")
        else:
            usage = stack.usages[logical_id]
            owners = [short_name(stack, each) for each in usage.owners if each != logical_id]
            if mark is Mark.CLEAN_UP:
                when = f"before {listed(owners)} is deleted" if owners else "when it is deleted"
                sentences.append(f"Clean-up: disables {usage.feature} {when}.")
            else:
                of = f" of {listed(owners)}" if owners else ""
                sentences.append(
                    f"Feature: {usage.feature}{of} needs the role until it is disabled."
                )
    return [printable(each) for each in sentences]


def _width(letter: str) -> float:
    if letter in _NARROW_LETTERS:
        return _NARROW
    if unicodedata.combining(letter):
        return 0
    if letter in _WIDE_LETTERS or unicodedata.east_asian_width(letter) in "WF":
        return _FULL
    return _WIDE if letter.isupper() or ord(letter) > 0x24F else _MIDDLE  # noqa: PLR2004 - Latin ends there
