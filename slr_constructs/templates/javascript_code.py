"""SDK calls in JavaScript code that is in a template, and in other code that cannot be parsed.

The code is searched for calls; its control flow is not analyzed. Literal parameters are read, with
the properties of the custom resource and the environment variables of the function.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from slr_constructs.templates.literals import UNKNOWN, is_reference
from slr_constructs.templates.python_code import PHASES, CodeCall
from slr_constructs.templates.words import letters_of

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

# an unclosed comment or text extends to the end, so that matching takes linear time
_PYTHON = re.compile(
    r"(?P<comment>\#[^\n]*)"
    r"|'''(?:\\?.)*?(?:'''|\Z)|\"\"\"(?:\\?.)*?(?:\"\"\"|\Z)"
    r"|'(?:\\.|[^'\\\n])*'?|\"(?:\\.|[^\"\\\n])*\"?",
    re.DOTALL,
)
_JAVASCRIPT = re.compile(
    r"(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))"
    r"|'(?:\\.|[^'\\\n])*'?|\"(?:\\.|[^\"\\\n])*\"?|`(?:\\.|[^`\\])*`?",
    re.DOTALL,
)
#: `chime.putX(`, `chime.put_x(`, `new PutXCommand(`, `new chime.PutXCommand(`
_CALL = re.compile(r"(?:\.\s*(\w+)|\bnew\s+(?:\w+\.)?(\w+)Command)\s*\(")
_CONDITIONAL = re.compile(r"\b(?:if|switch|for|while)\b|\?|&&|\|\|")
_VALUE = re.compile(
    r"\s*(?:(?P<open>[{\[])|(?P<quote>['\"])|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_$][\w$.]*))"
)
_KEY = re.compile(r"\s*(?:(?P<name>[\w$]+)|(?P<quote>['\"]))\s*")
_BRACKET = re.compile(r"[()\[\]{},;]")
#: what may follow a value.
_ENDS = frozenset([",", ")", "]", "}", ";", "\n", "\r", ""])
_NEAR = 100
_CONSTANTS = {"true": True, "false": False, "null": None, "undefined": None}
_PROPERTIES, _VARIABLES = "event.ResourceProperties", "process.env"
#: far more than parameters need.
_DEEPEST = 50


def calls_in_text(
    code: str,
    *,
    is_python: bool,
    properties: Mapping[Any, Any],
    variables: Mapping[Any, Any],
    operations: Container[str],
) -> list[CodeCall]:
    """Return the calls of some operations, in the order in which they are in the code.

    A call has a phase only if the code does not distinguish between the types of requests; then it
    is made for each of them.

    Args:
        code: The code of a module.

        is_python: Whether the code is Python that cannot be parsed.

        properties: The properties of the custom resource.

        variables: The environment variables.

        operations: The operations, as in `CodeCall.operation`.
    """
    text = _Text(code, _PYTHON if is_python else _JAVASCRIPT, properties, variables)
    calls = []
    for found in _CALL.finditer(text.bare):
        operation = letters_of(found[1] or found[2])
        if operation in operations:
            parameters = None if is_python else text.value_at(found.end())
            known = parameters if isinstance(parameters, dict) else None
            calls.append(CodeCall(None, None, operation, known))
    if is_python or "RequestType" in text.code:
        return calls
    is_certain = _CONDITIONAL.search(text.bare) is None
    return [each._replace(phase=phase, is_certain=is_certain) for phase in PHASES for each in calls]


def without_comments(code: str, *, is_python: bool) -> str:
    """Return code of the same length with blanks instead of comments."""
    pattern = _PYTHON if is_python else _JAVASCRIPT
    return _without_comments(code, pattern)


class _Text:
    """Code, and the literals in it."""

    def __init__(
        self,
        code: str,
        pattern: re.Pattern[str],
        properties: Mapping[Any, Any],
        variables: Mapping[Any, Any],
    ) -> None:
        self.code = _without_comments(code, pattern)
        #: the code with blanks instead of the content of texts; positions are the same.
        self.bare = pattern.sub(_blank, code)
        self._known = {_PROPERTIES: properties, _VARIABLES: variables}

    def value_at(self, position: int, depth: int = 0) -> Any:  # noqa: ANN401 - any value
        """Return the value of the expression at a position."""
        return self._value(position, depth)[0]

    def _value(self, position: int, depth: int) -> tuple[Any, int]:
        """Return a value, and the position after it."""
        found = _VALUE.match(self.code, position)
        value: Any = UNKNOWN
        end = position
        if found is not None and depth <= _DEEPEST:
            end = found.end()
            if found["open"]:
                read = self._mapping if found["open"] == "{" else self._list
                value, end = read(end, depth + 1)
            elif found["quote"]:
                value, end = self._quoted(found["quote"], end)
            elif found["number"]:
                is_placeholder = is_reference(found["number"])
                value = UNKNOWN if is_placeholder else float(found["number"])
            else:
                value = self._named(found["name"], depth + 1)
        # anything after the value makes it a part of a longer expression
        if self.bare[end : end + _NEAR].lstrip(" ")[:1] in _ENDS:
            return value, end
        return UNKNOWN, self._end_of_expression(end)

    def _quoted(self, quote: str, start: int) -> tuple[Any, int]:
        end = self.bare.find(quote, start)
        if end < 0:
            return UNKNOWN, len(self.bare)
        text = self.code[start:end]
        return UNKNOWN if "\\" in text or is_reference(text) else text, end + 1

    def _mapping(self, position: int, depth: int) -> tuple[Any, int]:
        result: dict[Any, Any] = {}
        while (found := _KEY.match(self.code, position)) is not None:
            name, end = found["name"], found.end()
            if found["quote"]:
                name, end = self._quoted(found["quote"], end)
            if self.bare[end : end + 1] == ":":
                value, end = self._value(end + 1, depth)
            else:
                # a shorthand, or a method
                value = self._named(name, depth)
            result[name] = value
            position = self._end_of_expression(end)
            if self.bare[position : position + 1] != ",":
                break
            position += 1
        # a computed key, or `...`
        rest = self._end_of_expression(position)
        if self.bare[position:rest].strip() or self.bare[rest : rest + 1] != "}":
            return UNKNOWN, rest
        return result, rest + 1

    def _list(self, position: int, depth: int) -> tuple[Any, int]:
        result = []
        while (end := self._end_of_expression(position)) < len(self.bare):
            if self.bare[position:end].strip():
                result.append(self._value(position, depth)[0])
            position = end + 1
            if self.bare[end] == "]":
                return result, position
            if self.bare[end] != ",":
                break
        return UNKNOWN, position

    def _named(self, name: str, depth: int) -> Any:  # noqa: ANN401 - any value
        if name in _CONSTANTS:
            return _CONSTANTS[name]
        holder, _, member = name.rpartition(".")
        if holder in self._known:
            return self._known[holder].get(member, UNKNOWN)
        assigned = re.compile(rf"(?<![\w$.]){re.escape(name)}\s*(?:[.\[][^=;\n]*)?=(?![=>])")
        found = [each.end() for each in assigned.finditer(self.bare)]
        # a variable that never changes
        return self.value_at(found[0], depth) if len(found) == 1 else UNKNOWN

    def _end_of_expression(self, position: int) -> int:
        """Return the position of the next comma, semicolon or closing bracket at this level."""
        depth = 0
        for found in _BRACKET.finditer(self.bare, position):
            if found[0] in "([{":
                depth += 1
            elif depth == 0:
                return found.start()
            elif found[0] in ")]}":
                depth -= 1
        return len(self.bare)


def _without_comments(code: str, pattern: re.Pattern[str]) -> str:
    return pattern.sub(lambda each: _blank(each) if each["comment"] else each[0], code)


def _blank(found: re.Match[str]) -> str:
    """Return a comment or the content of a text as blanks."""
    if found["comment"] or len(found[0]) < len("''"):
        return " " * len(found[0])
    return f"{found[0][0]}{' ' * (len(found[0]) - 2)}{found[0][-1]}"
