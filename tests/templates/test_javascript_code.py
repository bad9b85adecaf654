"""SDK calls in JavaScript code, and in Python code that cannot be parsed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slr_constructs.templates.javascript_code import calls_in_text, without_comments
from slr_constructs.templates.literals import UNKNOWN
from slr_constructs.templates.python_code import PHASES, CodeCall

PROPERTIES = {"Id": "a", "Nested": {"Level": "5"}}
VARIABLES = {"LEVEL": "0"}


def calls(code: str, *, is_python: bool = False) -> list[CodeCall]:
    """Return the calls of `PutX` that code makes."""
    return calls_in_text(
        code,
        is_python=is_python,
        properties=PROPERTIES,
        variables=VARIABLES,
        operations={"putx"},
    )


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("{}", {}),
        ("{ a: 1, b: -2.5, c: 'x', d: \"y\", }", {"a": 1, "b": -2.5, "c": "x", "d": "y"}),
        (
            "{ a: true, b: false, c: null, d: undefined }",
            {"a": True, "b": False, "c": None, "d": None},
        ),
        ("{ 'a': { b: [] }, \"c\": ['x', { d: 1 }, ] }", {"a": {"b": []}, "c": ["x", {"d": 1}]}),
        ("{ a: 1 /* , b: 2 */, // c: 3\n d: 4 }", {"a": 1, "d": 4}),
        # what the template does not contain
        (
            "{ a: x.y, b: f(1, [2]), c: `x`, d: 'x' + 'y', e: 1 ? 2 : 3, g: 0 }",
            {"a": UNKNOWN, "b": UNKNOWN, "c": UNKNOWN, "d": UNKNOWN, "e": UNKNOWN, "g": 0},
        ),
        ("{ a: 90715824630918273645, b: '90715824630918273645' }", {"a": UNKNOWN, "b": UNKNOWN}),
        (r"{ a: 'x\n' }", {"a": UNKNOWN}),
        ("{ a }", {"a": UNKNOWN}),
        ("{ a() { return 1 } }", {"a": UNKNOWN}),
        ("{ ...x, a: 1 }", None),
        ("{ a: 1, ...x }", None),
        ("{ [x]: 1 }", None),
        ("{ a: [1, 2 }", None),
        ("{ a: [1, 2", None),
        ("{ a: 'x", None),
        ("{ a: [1; 2] }", None),
        ("x", None),
        ("", None),
        ("'x'", None),
        # the request and the environment
        (
            "{ a: event.ResourceProperties.Id, b: event.ResourceProperties.No }",
            {"a": "a", "b": UNKNOWN},
        ),
        ("{ a: event.ResourceProperties.Nested }", {"a": {"Level": "5"}}),
        ("{ a: process.env.LEVEL, b: process.env.NO }", {"a": "0", "b": UNKNOWN}),
        ("{ a: Number(process.env.LEVEL) }", {"a": UNKNOWN}),
        ("{" * 100 + "}" * 100, None),
    ],
    ids=repr,
)
@pytest.mark.parametrize("call", ["client.putX({})", "client.send(new PutXCommand({}))"])
def test_literal_parameters_are_read(call: str, argument: str, expected: object) -> None:
    """A part that is not a literal is unknown."""
    found = calls(f"const client = new X();\nawait {call.replace('{}', argument)};")

    assert [each.parameters for each in found] == [expected] * 3


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("const input = { a: 1 };", "", {"a": 1}),
        ("const input = { a: 1 }\n", "", {"a": 1}),
        ("let input;\ninput = { a: level };\nvar level = 2;", "", {"a": 2}),
        ("const a = 1, input = { a };", "", {"a": 1}),
        ("const input = { a: 1 };\ninput.a = 2;", "", None),
        ("const input = { a: 1 };\ninput['a'] = 2;", "", None),
        ("let input = { a: 1 };", "input = { a: 2 };", None),
        ("const input = build({ a: 1 });", "", None),
        ("const input = input;", "", None),
        ("const other = (input) => { a: 1 };", "", None),
        ("if (input == { a: 1 }) {}", "", None),
    ],
)
def test_a_variable_that_does_not_change_is_read(before: str, after: str, expected: object) -> None:
    """If it may change, it is unknown."""
    found = calls(f"{before}\nclient.putX(input);\n{after}")

    assert [each.parameters for each in found] == [expected] * 3


@pytest.mark.parametrize(
    ("code", "phases", "is_certain"),
    [
        ("client.putX({});", PHASES, True),
        ("try { client.putX({}); } catch (e) { console.log(e); }", PHASES, True),
        ("if (x) client.putX({});", PHASES, False),
        ("x && client.putX({});", PHASES, False),
        ("if (event.RequestType === 'Delete') client.putX({});", (None,), False),
        ("// RequestType\nclient.putX({});", PHASES, True),
        ("'RequestType'; client.putX({});", (None,), False),
    ],
)
def test_code_with_types_of_requests_needs_its_control_flow(
    code: str, phases: tuple[str | None, ...], *, is_certain: bool
) -> None:
    """Code that does not name the type of the request handles all types in the same way."""
    assert [(each.phase, each.is_certain) for each in calls(code)] == [
        (each, is_certain) for each in phases
    ]


@pytest.mark.parametrize("code", ["client.putX([1, 2", "client.putX({ a: 1", "client.putX('a"])
def test_code_that_ends_early_is_read(code: str) -> None:
    """The parameters are unknown."""
    assert [each.parameters for each in calls(code)] == [None] * 3


def test_python_that_cannot_be_parsed_is_searched() -> None:
    """Parameters and types of requests are unknown."""
    (found,) = calls("print 'x'\n# client.put_x()\nclient.put_x(a=1)", is_python=True)

    assert found == CodeCall(None, None, "putx", None)


@pytest.mark.parametrize("is_python", [True, False])
@given(code=st.text(alphabet="'\"`\\/*#\n .putX({})[],:;=a"))
def test_any_text_is_searched(code: str, *, is_python: bool) -> None:
    """Comments become blanks, and everything else keeps its position."""
    result: Any = calls(code, is_python=is_python)

    assert isinstance(result, list)
    assert len(without_comments(code, is_python=is_python)) == len(code)
