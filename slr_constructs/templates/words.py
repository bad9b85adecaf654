"""Names and lists of names, as they stand in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def visible(text: str) -> str:
    """Return a text on one line, without what a terminal would obey."""
    return "".join(each if each.isprintable() else _REPLACEMENT for each in text)


def printable(text: str) -> str:
    """Return a name from a template as it may be shown: visible, and without quotes of ours."""
    return visible(text).replace("`", _REPLACEMENT)


def listed(names: Iterable[str]) -> str:
    """Return one name or more with commas between, and "and" before the last."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
