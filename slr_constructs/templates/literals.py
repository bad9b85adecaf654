"""Find mappings and literals in templates; intrinsic functions have no value before deployment."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Any

from slr_constructs.catalogue.resource_type import NO_VALUE, is_intrinsic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Unknown(Enum):
    """The type of `UNKNOWN`."""

    UNKNOWN = "unknown"


#: a value that the template does not contain; as a key, it stands for any other keys.
UNKNOWN = Unknown.UNKNOWN

#: placeholder for a reference in a text: valid in JSON and in code, with and without quotes.
_REFERENCE = "90715824630918273645"
_SUBSTITUTED = re.compile(r"\$\{[^!{}][^{}]*\}")


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


def delivered(value: Any) -> Any:  # noqa: ANN401 - any part of a template
    """Return a value as CloudFormation delivers it to a function: scalars are texts.

    Intrinsic functions and dynamic references are `UNKNOWN`.
    """
    if isinstance(value, dict) and not is_intrinsic(value):
        return {key: delivered(each) for key, each in value.items() if each != NO_VALUE}
    if isinstance(value, list):
        return [delivered(each) for each in value if each != NO_VALUE]
    if not is_literal(value):
        return UNKNOWN
    return str(value).lower() if isinstance(value, bool) else str(value)


def text_of(value: Any) -> str:  # noqa: ANN401 - any part of a template
    """Return a text with placeholders for the parts that CloudFormation fills in."""
    match value:
        case str():
            return value
        case {"Fn::Join": [str(delimiter), [*pieces]]}:
            return delimiter.join(map(text_of, pieces))
        case {"Fn::Sub": str(text) | [str(text), *_]}:
            return _SUBSTITUTED.sub(_REFERENCE, text).replace("${!", "${")
    return _REFERENCE


def is_reference(value: Any) -> bool:  # noqa: ANN401 - any value in a text
    """Return whether a value in the result of `text_of` is a placeholder."""
    return not isinstance(value, dict | list) and value in (_REFERENCE, int(_REFERENCE))
