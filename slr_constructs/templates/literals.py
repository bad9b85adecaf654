"""Find mappings and literals in templates; intrinsic functions have no value before deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def mapping(value: Any) -> Mapping[str, Any]:  # noqa: ANN401 - any part of a template
    """Return a value if it is a mapping, or else an empty mapping."""
    return value if isinstance(value, dict) else {}


def branches(value: Any) -> Iterator[Any]:  # noqa: ANN401 - any part of a template
    """Yield all possible values: the branches of nested `Fn::If`, or the value itself."""
    if not isinstance(value, dict) or "Fn::If" not in value:
        yield value
        return
    choice = value["Fn::If"]
    for each in choice[1:] if isinstance(choice, list) else ():
        yield from branches(each)


def literals_at(value: Any, *path: str) -> Iterator[Any]:  # noqa: ANN401 - any part of a template
    """Return the possible values at a path that are literals."""
    return filter(is_literal, values_at(value, *path))


def values_at(value: Any, *path: str) -> Iterator[Any]:  # noqa: ANN401 - any part of a template
    """Yield the possible values at a path, both literals and intrinsic functions."""
    for branch in branches(value):
        if not path:
            yield branch
        elif isinstance(branch, dict) and path[0] in branch:
            yield from values_at(branch[path[0]], *path[1:])


def is_literal(value: Any) -> bool:  # noqa: ANN401 - any part of a template
    """Return whether a value is a text, a number, a boolean, or a list of these."""
    if isinstance(value, list):
        return all(map(is_literal, value))
    if isinstance(value, str):
        # a dynamic reference, which CloudFormation resolves
        return "{{resolve:" not in value
    return isinstance(value, int | float)
