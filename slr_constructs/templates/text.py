"""Parse the text of a template: JSON, or YAML with the short tags of CloudFormation.

CloudFormation reads every key as a text, and takes the last value of a key that is repeated. So do
these functions, and they report the repeated keys.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slr_constructs.templates.files import MEGABYTE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    #: a function that builds the value of a node.
    _Constructor = Callable[[Any, Any], Any]

#: far more than any template has; the recursive readers need a call for each level.
_DEEPEST = 200
#: the size that a value has at least, in bytes of memory.
_SMALLEST = 32
#: more digits than any number has; Python refuses to print numbers with 4,300 digits.
_DIGITS = 1000
#: the memory that the values of a template may take, in bytes, with its aliases expanded: several
#: times as much as those of the 1 MB that CloudFormation accepts.
LARGEST_VALUE = 10 * MEGABYTE

KeyPath = tuple[str, ...]
"""The keys and the positions in lists that lead to a value."""


class TextError(ValueError):
    """A syntax error and its position."""


_TOO_LARGE = TextError("too many values, or they are too large when aliases are expanded")
_TOO_DEEP = TextError(f"nested more than {_DEEPEST} levels deep")


@dataclass(frozen=True, slots=True)
class Parsed:
    """The value of a text."""

    value: Any
    #: the paths of the keys that are repeated.
    repeated: tuple[KeyPath, ...] = ()


def parse(text: str, most: int = LARGEST_VALUE) -> Parsed:
    """Parse a text that is JSON or YAML.

    Args:
        text: The text.

        most: The largest size of the value, as `size_of` returns it.
            Default: that of a template.

    Raises:
        TextError: It is neither, or its value is too large.
    """
    return (_from_json if text.lstrip()[:1] in {"{", "["} else _from_yaml)(text, most)


def _from_json(text: str, most: int) -> Parsed:
    marked: list[_Repeated] = []

    def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        each = dict(pairs)
        if len(each) == len(pairs):
            return each
        marked.append(_Repeated(each))
        marked[-1].repeated = tuple(_repeated_in(key for key, _ in pairs))
        return marked[-1]

    try:
        value = json.loads(text, object_pairs_hook=mapping)
    except RecursionError:
        raise _TOO_DEEP from None
    except json.JSONDecodeError as error:
        try:
            # YAML may start with a brace too
            return _from_yaml(text, most)
        except TextError:
            where = f"in line {error.lineno}, column {error.colno}"
            raise TextError(f"{error.msg} {where}") from None
    except ValueError as error:
        # a number with thousands of digits
        raise TextError(str(error)) from None
    if size_of(value) > most:
        raise _TOO_LARGE
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for each in level for _, inner in _members(each)]
    if level:
        raise _TOO_DEEP
    return Parsed(value, tuple(_repeated_keys(value)) if marked else ())


def _repeated_keys(value: Any) -> Iterator[KeyPath]:  # noqa: ANN401 - any part of a template
    left: deque[tuple[KeyPath, Any]] = deque([((), value)])
    while left:
        path, each = left.popleft()
        if isinstance(each, _Repeated):
            yield from ((*path, key) for key in each.repeated)
        left.extend(((*path, str(key)), inner) for key, inner in _members(each))


def size_of(value: Any) -> int:  # noqa: ANN401 - any part of a template
    """Return the size of a value: about the memory that it needs, in bytes.

    A part that is contained twice, such as that of a YAML alias, counts twice.
    """
    size, left = 0, [value]
    while left:
        each = left.pop()
        size += _SMALLEST
        if isinstance(each, str):
            size += len(each)
        elif isinstance(each, dict):
            left.extend(each)
            left.extend(each.values())
        elif isinstance(each, list):
            left.extend(each)
    return size


class _Repeated(dict[str, Any]):
    """A mapping in JSON with keys that are repeated."""

    repeated: tuple[str, ...]


def _repeated_in(keys: Iterable[str]) -> list[str]:
    """Return the keys that occur more than once, each of them once."""
    seen: set[str] = set()
    return list(dict.fromkeys(each for each in keys if each in seen or seen.add(each)))  # type: ignore[func-returns-value]


def _members(value: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401 - any part of a template
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)


def _from_yaml(text: str, most: int) -> Parsed:
    # imported here because it takes seconds, and CDK writes JSON
    import yaml  # noqa: PLC0415
    from cfnlint.decode import cfn_yaml  # noqa: PLC0415

    try:
        _refuse_size(yaml.parse(text, Loader=cfn_yaml.FastLoader), most)
        loader = cfn_yaml.CfnFullLoader(text, None)
        loader.yaml_constructors = _constructors(loader.yaml_constructors)
        loader.add_multi_constructor("!", cfn_yaml.multi_constructor)
        root = loader.get_single_node()
        if root is None:
            return Parsed({})
        repeated = tuple(dict.fromkeys(_with_text_keys(root)))
        return Parsed(loader.construct_document(root), repeated)
    except TextError:
        raise
    except yaml.MarkedYAMLError as error:
        # the position of an error at the end may be after the last line
        line = min(error.problem_mark.line + 1, len(text.splitlines()))
        raise TextError(f"{error.problem} in line {line}") from None
    except Exception as error:  # noqa: BLE001 - the constructors of values raise errors of any kind
        why = str(error).splitlines()
        raise TextError(why[0] if why else type(error).__name__) from None


def _refuse_size(events: Iterable[Any], most: int) -> None:
    """Raise an error for a value that is too large or too deep when its aliases are expanded.

    It would crash the loader, which recurses in C, or take too long. A merge key has no other size
    than its value.
    """
    import yaml  # noqa: PLC0415

    #: size and depth of the values with an anchor; None while the value is not complete.
    anchored: dict[str | None, tuple[int, int] | None] = {}
    #: anchor, size and depth of the open collections; the first one stands for the stream.
    around: list[tuple[str | None, int, int]] = [(None, 0, 0)]
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent):
            around.append((event.anchor, _SMALLEST, 0))
            anchored[event.anchor] = None
            size = depth = 0
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, size, depth = around.pop()
            anchored[anchor] = size, depth
        elif isinstance(event, yaml.ScalarEvent):
            size, depth = _SMALLEST + len(event.value), 0
            anchored[event.anchor] = size, depth
        elif isinstance(event, yaml.AliasEvent):
            # the loader reports an anchor that is not defined
            known = anchored.get(event.anchor, (0, 0))
            if known is None:
                raise TextError(f"the value of the anchor {event.anchor} contains itself")
            size, depth = known
        else:
            continue
        outer, total, deepest = around[-1]
        around[-1] = outer, total + size, max(deepest, depth + 1)
        if len(around) + depth > _DEEPEST:
            raise _TOO_DEEP
        if total + size > most:
            raise _TOO_LARGE


def _constructors(known: Mapping[str | None, _Constructor]) -> dict[str | None, _Constructor]:
    """Return the functions that build the values of a template, by tag.

    CloudFormation has only the values of JSON: a date is a text, and sets and bytes do not exist.
    """
    standard = "tag:yaml.org,2002:"
    return {
        **{each: known[each] for each in (None, f"{standard}null", f"{standard}bool")},
        f"{standard}map": _construct_mapping,
        f"{standard}seq": lambda loader, node: loader.construct_sequence(node, deep=True),
        f"{standard}str": lambda loader, node: loader.construct_scalar(node),
        f"{standard}timestamp": lambda loader, node: loader.construct_scalar(node),
        f"{standard}int": _construct_number,
        f"{standard}float": _construct_number,
    }


def _construct_mapping(loader: Any, node: Any) -> dict[str, Any]:  # noqa: ANN401 - PyYAML has no types
    """Build a mapping; cfn-lint's own function takes quadratic time. Its keys have a position."""
    from cfnlint.decode.node import str_node  # noqa: PLC0415

    loader.flatten_mapping(node)
    value = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise TextError(f"a key is not a text in line {key_node.start_mark.line + 1}")
        marked = str_node(key, key_node.start_mark, key_node.end_mark)
        value[marked] = loader.construct_object(value_node, deep=True)
    return value


def _construct_number(loader: Any, node: Any) -> float:  # noqa: ANN401 - PyYAML has no types
    """Build a number; a long one would take quadratic time."""
    if len(node.value) > _DIGITS:
        raise TextError(f"a number with more than {_DIGITS} digits")
    is_whole = node.tag.endswith(":int")
    number: float = (loader.construct_yaml_int if is_whole else loader.construct_yaml_float)(node)
    return number


def _with_text_keys(root: Any) -> Iterator[KeyPath]:  # noqa: ANN401 - a node
    """Make all keys of a tree of nodes texts, keep the last of equal ones, and yield their paths.

    YAML 1.1 takes `On`, `1234` and `2010-09-09` for other values than texts. A key without a text
    stays, and is refused.
    """
    import yaml  # noqa: PLC0415

    text, merge = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"
    seen: set[int] = set()
    left: deque[tuple[KeyPath, Any]] = deque([((), root)])
    while left:
        path, node = left.popleft()
        # an alias is the same node again
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            left.extend(((*path, str(n)), each) for n, each in enumerate(node.value))
        elif isinstance(node, yaml.MappingNode):
            pairs: dict[Any, tuple[Any, Any]] = {}
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode) and key.tag != merge and key.value:
                    key.tag = text
                    if key.value in pairs:
                        yield (*path, key.value)
                    pairs[key.value] = (key, value)
                    left.append(((*path, key.value), value))
                else:
                    pairs[id(key)] = (key, value)
                    left.extend([(path, key), (path, value)])
            node.value = list(pairs.values())
