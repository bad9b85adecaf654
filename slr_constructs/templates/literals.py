"""What a template says outright: nobody knows yet what an intrinsic will be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_VALUE = {"Ref": "AWS::NoValue"}


def branches(value: Any) -> Iterator[Any]:  # noqa: ANN401 - any part of a template
    """Yield what a value may be: the branches of an `Fn::If`, however deep, or else itself."""
    if not isinstance(value, dict) or "Fn::If" not in value:
        yield value
        return
    choice = value["Fn::If"]
    for each in choice[1:] if isinstance(choice, list) else ():
        yield from branches(each)


def literals_at(value: Any, *path: str) -> Iterator[Any]:  # noqa: ANN401 - any part of a template
    """Yield what stands at a path, and may be there, as far as it is written out."""
    for each in values_at(value, *path):
        if is_literal(each):
            yield each


def values_at(value: Any, *path: str) -> Iterator[Any]:  # noqa: ANN401 - any part of a template
    """Yield what stands at a path, and may be there, be it written out or not."""
    for branch in branches(value):
        if not path:
            yield branch
        elif isinstance(branch, dict) and path[0] in branch:
            yield from values_at(branch[path[0]], *path[1:])


def is_literal(value: Any) -> bool:  # noqa: ANN401 - any part of a template
    """Tell whether a value is a text, a number, true or false, or a list of such."""
    if isinstance(value, list):
        return all(map(is_literal, value))
    if isinstance(value, str):
        # CloudFormation looks this up
        return "{{resolve:" not in value
    return isinstance(value, int | float)


def is_absent(value: Any) -> bool:  # noqa: ANN401 - any part of a template
    """Tell whether a property is as good as left out, whatever a condition says."""
    return value is None or value == NO_VALUE
