"""Parse the text of a template: JSON, or YAML with the short tags of CloudFormation.

CloudFormation reads every key as a text, and takes the last value of a key that is repeated. So do
these functions, and they report the repeated keys.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: far more than any template has; the recursive readers need a call for each level.
_DEEPEST = 200

KeyPath = tuple[str, ...]
"""The keys and the positions in lists that lead to a value."""


class TextError(ValueError):
    """A syntax error and its position."""


_TOO_DEEP = TextError(f"nested more than {_DEEPEST} levels deep")


@dataclass(frozen=True, slots=True)
class Parsed:
    """The value of a text."""

    value: Any
    #: the paths of the keys that are repeated.
    repeated: tuple[KeyPath, ...] = ()


def parse(text: str) -> Parsed:
    """Parse a text that is JSON or YAML.

    Raises:
        TextError: It is neither.
    """
    if text.lstrip()[:1] not in ("{", "["):
        return _from_yaml(text)
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
            return _from_yaml(text)
        except TextError:
            where = f"in line {error.lineno}, column {error.colno}"
            raise TextError(f"{error.msg} {where}") from None
    except ValueError as error:
        # a number with thousands of digits
        raise TextError(str(error)) from None
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


def _from_yaml(text: str) -> Parsed:
    # imported here because it takes seconds, and CDK writes JSON
    import yaml  # noqa: PLC0415
    from cfnlint.decode import cfn_yaml  # noqa: PLC0415

    try:
        _refuse_depth(yaml.parse(text, Loader=cfn_yaml.FastLoader))
        loader = cfn_yaml.CfnFullLoader(text, None)
        loader.add_multi_constructor("!", cfn_yaml.multi_constructor)
        root = loader.get_single_node()
        if root is None:
            return Parsed({})
        repeated = tuple(dict.fromkeys(_with_text_keys(root)))
        return Parsed(loader.construct_document(root), repeated)
    except TextError:
        raise
    except cfn_yaml.CfnParseError as error:
        first = error.matches[0]
        raise TextError(f"{first.message.splitlines()[0]} in line {first.linenumber}") from None
    except yaml.MarkedYAMLError as error:
        # the position of an error at the end may be after the last line
        line = min(error.problem_mark.line + 1, len(text.splitlines()))
        raise TextError(f"{error.problem} in line {line}") from None
    except Exception as error:  # noqa: BLE001 - the constructors of values raise errors of any kind
        why = str(error).splitlines()
        raise TextError(why[0] if why else type(error).__name__) from None


def _refuse_depth(events: Iterable[Any]) -> None:
    """Raise an error for a text that would crash the loader, which recurses in C."""
    import yaml  # noqa: PLC0415

    depth = 0
    for event in events:
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise _TOO_DEEP


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
