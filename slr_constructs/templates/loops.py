"""Expand `Fn::ForEach` in the resources of a template.

If the values of a loop are in the template, its resources are written once for each value, as
CloudFormation does it. If they are not, for example because a parameter has them, the resources are
written once, with the variable in place of the value.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from slr_constructs.templates.text import LARGEST_VALUE, size_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PREFIX = "Fn::ForEach::"
#: more than CloudFormation accepts in a template.
_MOST = 1000
#: more characters than CloudFormation accepts in a logical id.
_LONGEST = 255
_VARIABLE = re.compile(r"[$&]\{(\w+)\}")


class LoopError(ValueError):
    """A loop cannot be expanded; the message says why."""


class _Key(str):  # noqa: SLOT000 - instances have a mark, like those of cfn-lint
    """A logical id with the position of the key in the file that it was made from."""

    start_mark: Any


def is_loop(key: str) -> bool:
    """Return whether a key of a mapping is a loop."""
    return key.startswith(PREFIX)


def expanded(loop: Any, most: int = LARGEST_VALUE) -> dict[str, Any]:  # noqa: ANN401 - any part of a template
    """Return the resources of a loop.

    Args:
        loop: The value of the key: a list of a variable, its values, and the resources.

        most: The largest size of all resources, as `text.size_of` returns it.
            Default: that of a template.

    Raises:
        LoopError: The loop is malformed or has too many resources.
    """
    if _size(loop) > _MOST:
        raise LoopError(f"it has more than {_MOST} resources")
    found, size = {}, 0
    for logical_id, body in _of_loop(loop, {}):
        found[logical_id] = body
        size += size_of(body)
        if size > most:
            raise LoopError("its resources are too large")
    return found


def _size(loop: Any) -> int:  # noqa: ANN401 - any part of a template
    """Return the number of resources of a loop; a loop without resources counts too."""
    values, resources = _parts(loop)[1:]
    inner = sum(_size(each) if is_loop(key) else 1 for key, each in resources.items())
    return len(values or [None]) * max(inner, 1)


def _parts(loop: Any) -> tuple[str, list[str] | None, dict[str, Any]]:  # noqa: ANN401 - any part of a template
    """Return the variable, the values and the resources of a loop; unknown values are None."""
    match loop:
        case [str(variable), collection, dict(resources)]:
            values = collection if isinstance(collection, list) else [None]
            is_known = all(isinstance(each, str | int) for each in values)
            if is_known and any(len(str(each)) > _LONGEST for each in values):
                raise LoopError(f"a value has more than {_LONGEST} characters")
            return variable, [*map(str, values)] if is_known else None, resources
    raise LoopError("it must be a list of a variable, its values and its resources")


def _of_loop(loop: Any, known: Mapping[str, str]) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - any part of a template
    variable, values, resources = _parts(loop)
    if values is None:
        # in logical ids only: the value of a property stays unknown
        texts = [(f"{sign}{{{variable}}}", variable) for sign in "$&"]
        bindings = [{each: _replaced(each, texts) for each in resources}]
    else:
        bindings = [{variable: each} for each in values]
    for each in bindings:
        inner = {**known, **each}
        for key, value in resources.items():
            if is_loop(key):
                yield from _of_loop(value, inner)
            else:
                yield _named(key, inner), _bound(value, inner)


def _replaced(text: str, pairs: list[tuple[str, str]]) -> str:
    for before, after in pairs:
        text = text.replace(before, after)
    return text


def _named(key: str, known: Mapping[str, str]) -> str:
    name = _bound(key, known)
    if not hasattr(key, "start_mark"):
        return str(name)
    marked = _Key(name)
    marked.start_mark = key.start_mark
    return marked


def _bound(value: Any, known: Mapping[str, str]) -> Any:  # noqa: ANN401 - any part of a template
    """Return a value with the values of variables."""
    if isinstance(value, str):
        value = known.get(value, value) if "{" in value else value
        return _VARIABLE.sub(lambda found: known.get(found[1], found[0]), value)
    if isinstance(value, list):
        return [_bound(each, known) for each in value]
    if isinstance(value, dict):
        name = value.get("Ref")
        if len(value) == 1 and isinstance(name, str) and name in known:
            return known[name]
        return {_bound(key, known): _bound(each, known) for key, each in value.items()}
    return value
