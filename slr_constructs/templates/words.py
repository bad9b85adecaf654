"""Format names and lists of names for messages, and compare names."""

from __future__ import annotations

from string import ascii_lowercase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: the number of names that are listed at most.
_MOST = 5
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_NO_LETTERS = bytes(each for each in range(256) if each not in ascii_lowercase.encode())


def visible(text: str) -> str:
    """Return a text on one line, without control characters."""
    return "".join(each if each.isprintable() else _REPLACEMENT for each in text)


def printable(text: str) -> str:
    """Return a name from a template that is safe to show: on one line, without backquotes."""
    return visible(text).replace("`", _REPLACEMENT)


def letters_of(text: str) -> str:
    """Return the letters of a text in lower case: `PutX`, `put_x` and `put-x` have the same."""
    return text.lower().encode(errors="replace").translate(None, delete=_NO_LETTERS).decode()


def listed(names: Iterable[str]) -> str:
    """Join names with commas, and with "and" before the last one."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def briefly(names: Sequence[str]) -> str:
    """Join names like `listed`; of many names, only the first ones and the number of others."""
    if len(names) <= _MOST:
        return listed(names)
    return listed([*names[: _MOST - 1], f"{len(names) - _MOST + 1} more"])


def counted(number: int, noun: str) -> str:
    """Return a number with its noun in the singular or plural."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
