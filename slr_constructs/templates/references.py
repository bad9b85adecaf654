"""Follow references to resources, in one stack and from one stack to another.

A value may refer to a resource of another stack in four ways: with a parameter of a nested stack,
with an output of a nested stack, with an export (`Fn::ImportValue`), and with an output of another
stack (`Fn::GetStackOutput`). In each case, the other template has the value that is passed on.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from slr_constructs.templates.literals import mapping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.templates.app import App, Stack

#: a value, and the stack in whose template it is.
_Value = tuple["Stack", Any]

_SUBSTITUTED = re.compile(r"\$\{([^!{}][^{}]*)\}")
_OUTPUT = "Outputs."


class References:
    """The references of an app.

    Args:
        app: The app. Its stacks must not change any more.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._nested = {tuple(place): name for place, name in app.nested.items()}
        self._exports: dict[str, list[_Value]] = {}
        self._outputs: dict[tuple[str, str], list[_Value]] = {}
        for stack in app.stacks.values():
            for name, output in mapping(stack.template.get("Outputs")).items():
                value = (stack, mapping(output).get("Value"))
                self._outputs.setdefault((stack.deployed_as, name), []).append(value)
                export = mapping(mapping(output).get("Export")).get("Name")
                self._exports.setdefault(key_of(export), []).append(value)

    def resources_behind(self, stack: Stack, value: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any part of a template
        """Yield stack and logical id of the resources that a value refers to, in any stack.

        Args:
            stack: The stack that contains the value.

            value: Any part of its template.
        """
        # references may be circular, so each value is read once
        seen: set[tuple[str, str]] = set()
        left: list[_Value] = [(stack, value)]
        while left:
            at, each = left.pop()
            if isinstance(each, list):
                left.extend((at, member) for member in each)
            elif isinstance(each, dict) and (at.name, key_of(each)) not in seen:
                seen.add((at.name, key_of(each)))
                left.extend((at, member) for member in each.values())
                left.extend(self._imported(at, each))
                for name, attribute in _named(each):
                    passed_on = [*self._passed_on(at, name, attribute)]
                    left.extend(passed_on)
                    if not passed_on and name in at.resources:
                        yield at.name, name

    def _passed_on(self, stack: Stack, name: str, attribute: str) -> Iterator[_Value]:
        """Yield the value behind a parameter of a nested stack, or behind an output of one."""
        if stack.nested_in is not None and name not in stack.resources:
            outer, nested = stack.nested_in
            parent = self._app.stacks[outer]
            properties = mapping(parent.resources[nested].get("Properties"))
            yield parent, mapping(properties.get("Parameters")).get(name)
        inner = self._nested.get((stack.name, name))
        if inner is not None and attribute.startswith(_OUTPUT):
            outputs = mapping(self._app.stacks[inner].template.get("Outputs"))
            output = outputs.get(attribute.removeprefix(_OUTPUT))
            yield self._app.stacks[inner], mapping(output).get("Value")

    def _imported(self, stack: Stack, value: dict[str, Any]) -> Iterator[_Value]:
        """Yield the values that a stack imports from the other stacks of its environment."""
        output = mapping(value.get("Fn::GetStackOutput"))
        found = self._exports.get(key_of(value.get("Fn::ImportValue")), [])
        found = found or self._outputs.get(
            (str(output.get("StackName")), str(output.get("OutputName"))), []
        )
        here = (stack.account, stack.region)
        yield from (each for each in found if (each[0].account, each[0].region) == here)


def _named(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the names that an intrinsic function refers to, each with an attribute or none."""
    match value:
        case {"Ref": str(name)}:
            yield name, ""
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            yield name, attribute
        case {"Fn::GetAtt": str(text)}:
            name, _, attribute = text.partition(".")
            yield name, attribute
        case {"Fn::Sub": str(text) | [str(text), *_]}:
            for each in _SUBSTITUTED.findall(text):
                name, _, attribute = each.partition(".")
                yield name, attribute


def names_in(value: Any) -> set[str]:  # noqa: ANN401 - any part of a template
    """Return the parameters and resources that a value refers to, without pseudo parameters."""
    if isinstance(value, list):
        return set().union(*map(names_in, value))
    if not isinstance(value, dict):
        return set()
    found = {name for name, _ in _named(value) if not name.startswith("AWS::")}
    return found.union(*map(names_in, value.values()))


def key_of(value: Any) -> str:  # noqa: ANN401 - any part of a template
    """Return a text that is equal for equal values."""
    return json.dumps(value, sort_keys=True, default=str)
