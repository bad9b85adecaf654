"""How resources are called in a picture, in the room there is."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from slr_constructs.templates.lifecycle import Mark, Removal
from slr_constructs.templates.words import listed, printable

if TYPE_CHECKING:
    from slr_constructs.templates.app import Stack

#: what each mark means, for a legend.
MEANINGS = {
    Mark.ROLE: "service-linked role",
    Mark.FEATURE: "uses the role",
    Mark.RELEASE: "switches off before deletion",
    Mark.OWNER: "what it is switched on for",
}

_REMOVALS = {
    Removal.KEPT: "it stays when the stack is deleted",
    Removal.WHEN_UNUSED: "it is deleted with the stack if nobody else needs it",
    Removal.DELETED: "it is deleted with the stack",
}
#: what the one resource of a construct is called: the construct's own name says as much.
_DEFAULT_CHILDREN = ("/Resource", "/Default")
#: what CDK calls the resource that a nested stack is in its parent.
_NESTED = re.compile(r"([^/]+)\.NestedStack/\1\.NestedStackResource$")
#: after a slash, before a word, be it written apart or with a capital.
_BREAKS = re.compile(r"(?<=[/\s:_-])(?=\w)|(?<=[a-z0-9])(?=[A-Z])")
_ELLIPSIS = "…"
# widths in parts of the type size, a little wide, for nobody knows the reader's font
_NARROW, _MIDDLE, _WIDE, _FULL = 0.36, 0.61, 0.7, 1.0
_NARROW_LETTERS = frozenset("fijlrtI.,:;'|!/()[] ")
_WIDE_LETTERS = frozenset("mwMW@%&")


def width_of(text: str, size: float) -> float:
    """Return about how many pixels a text is wide."""
    return size * sum(_width(each) for each in text)


def shorten(text: str, room: float, size: float) -> str:
    """Return a text that fits, without its middle if need be: both ends say what it is."""
    if width_of(text, size) <= room:
        return text
    left = room - width_of(_ELLIPSIS, size)
    head, tail = 0, len(text)
    while True:
        # the end has what tells constructs of one scope apart, so it comes first
        at_end = len(text) - tail <= head
        left -= size * _width(text[tail - 1] if at_end else text[head])
        if left < 0:
            return f"{text[:head]}{_ELLIPSIS}{text[tail:]}"
        head, tail = (head, tail - 1) if at_end else (head + 1, tail)


def wrap(text: str, room: float, size: float) -> list[str]:
    """Return a text in one line or two, broken between words, and shortened if need be."""
    if width_of(text, size) <= room:
        return [text]
    breaks = [each.start() for each in _BREAKS.finditer(text)]
    fitting = [each for each in breaks if width_of(text[:each], size) <= room]
    if not fitting:
        return [shorten(text, room, size)]
    # between two constructs rather than within a name, if nothing is lost by it
    scopes = [
        each for each in fitting if text[each - 1] == "/" and width_of(text[each:], size) <= room
    ]
    end = (scopes or fitting)[-1]
    return [text[:end], shorten(text[end:], room, size)]


def short_name(stack: Stack, logical_id: str) -> str:
    """Return what a person calls a resource: the path of its construct, or its logical id."""
    name = _NESTED.sub(r"\1", stack.show(logical_id))
    for each in _DEFAULT_CHILDREN:
        name = name.removesuffix(each) or name
    return printable(name)


def short_type(type_: str) -> str:
    """Return a type without the word that almost all start with."""
    return printable(type_.removeprefix("AWS::"))


def marks_in_words(stack: Stack, logical_id: str) -> list[str]:
    """Return what a resource is to a role, in a sentence for each mark."""
    sentences = []
    for mark in stack.marks.get(logical_id, ()):
        if mark is Mark.ROLE:
            role = stack.roles[logical_id]
            sentences.append(f"Role: {role.name}; {_REMOVALS[role.removal]}.")
        elif mark is Mark.OWNER:
            features = sorted(
                {user.feature for user in stack.users.values() if logical_id in user.owners}
            )
            sentences.append(f"Owner: {listed(features)} is switched on for it.")
        else:
            user = stack.users[logical_id]
            owners = [short_name(stack, each) for each in user.owners if each != logical_id]
            if mark is Mark.RELEASE:
                then = f"before {listed(owners)} is deleted" if owners else "when it is deleted"
                sentences.append(f"Release: switches {user.feature} off {then}.")
            else:
                whose = f" of {listed(owners)}" if owners else ""
                sentences.append(f"Feature: {user.feature}{whose} needs the role until it is off.")
    return [printable(each) for each in sentences]


def _width(letter: str) -> float:
    if letter in _NARROW_LETTERS:
        return _NARROW
    if unicodedata.combining(letter):
        return 0
    if letter in _WIDE_LETTERS or unicodedata.east_asian_width(letter) in "WF":
        return _FULL
    return _WIDE if letter.isupper() or ord(letter) > 0x24F else _MIDDLE  # noqa: PLR2004 - Latin ends there
