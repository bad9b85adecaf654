"""Invalid templates: every command prints a result or one error sentence."""

from __future__ import annotations

import copy
import json
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st

from slr_constructs.cli.command_line import slr_constructs
from tests.features.every_feature import RECIPES, Recipe
from tests.templates.apps import stack_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aws_cdk import Stack

FORMATS = ("text", "json", "mermaid", "svg", "html")
CHECK_FORMATS = ("text", "json", "sarif")
#: values that replace valid ones, including invalid uses of intrinsic functions.
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        0,
        -1.5,
        "",
        "text",
        "\ud800\x1b[2J",
        [],
        {},
        [[]],
        [None],
        {"Ref": 1},
        {"Ref": "AWS::NoValue"},
        {"Ref": ["A"]},
        {"Fn::GetAtt": []},
        {"Fn::GetAtt": "A"},
        {"Fn::GetAtt": {"A": "B"}},
        {"Fn::Sub": 1},
        {"Fn::Sub": ["${A}"]},
        {"Fn::Sub": ["${", {}]},
        {"Fn::If": ["Nowhere", 1]},
        {"Fn::If": "Nowhere"},
        {"Fn::ForEach::Loop": ["X", ["A"], {"A${X}": {}}]},
        {"Fn::Transform": {"Name": "AWS::Include"}},
        {"Fn::ImportValue": {"Ref": "A"}},
        {"aws:cdk:path": ["a"]},
    ]
)


@pytest.fixture(scope="module")
def templates() -> list[dict[str, Any]]:
    """Return a template of each feature."""
    return [
        dict(stack_of(partial(_define, recipe)).stacks["Show"].template)
        for recipe in RECIPES.values()
    ]


def _define(recipe: Recipe, stack: Stack) -> object:
    return recipe.define(stack, "a", None)


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401
    """Yield the paths of all values in a template."""
    yield place
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _places(each, (*place, key))


def _with_value(template: dict[str, Any], place: tuple[Any, ...], odd: Any) -> Any:  # noqa: ANN401
    """Return a template with one value replaced."""
    if not place:
        return odd
    invalid = copy.deepcopy(template)
    inner: Any = invalid
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = odd
    return invalid


def _assert_result(arguments: list[str]) -> None:
    result = CliRunner().invoke(slr_constructs, arguments, prog_name="slr-constructs")
    if result.exit_code == 2:
        assert result.stderr.startswith("slr-constructs: ")
        assert result.stderr.count("\n") == 1
    else:
        answers = (0,) if arguments[0] == "order" else (0, 1)
        assert result.exit_code in answers, result.exception
        assert result.exception is None or isinstance(result.exception, SystemExit)


@settings(max_examples=3 * settings().max_examples)
@given(data=st.data())
def test_commands_accept_or_reject_invalid_templates(
    templates: list[dict[str, Any]], data: st.DataObject
) -> None:
    """One or two values of a real template are replaced; every command runs."""
    template = data.draw(st.sampled_from(templates))
    invalid = template
    for _ in range(data.draw(st.integers(1, 2))):
        place = data.draw(st.sampled_from(sorted(_places(invalid), key=repr)))
        invalid = _with_value(invalid, place, data.draw(ODD))
    with tempfile.TemporaryDirectory() as folder:
        good, bad = Path(folder, "good.json"), Path(folder, "bad.json")
        good.write_text(json.dumps(template))
        bad.write_text(json.dumps(invalid))

        _assert_result(["order", str(bad), "--format", data.draw(st.sampled_from(FORMATS))])
        _assert_result(["diff", str(good), str(bad)])
        _assert_result(["diff", str(bad), str(good)])
        _assert_result(["check", str(bad), "--format", data.draw(st.sampled_from(CHECK_FORMATS))])
        _assert_result(
            ["check", str(bad), "--format", data.draw(st.sampled_from(("text", "sarif")))]
        )


@given(text=st.text() | st.binary().map(lambda each: each.decode("latin-1")))
@example(text="Resources: {A: {Type: a, DependsOn: A}}")
@example(text="Resources: &a {A: *a}")
@example(text="%")
@example(text="? ")
@example(text="!!python/object:os.system {}")
def test_whatever_stands_in_a_file(text: str) -> None:
    """Any text at all."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file")
        path.write_text(text, encoding="utf-8", errors="surrogatepass")

        _assert_result(["order", str(path)])
        _assert_result(["check", str(path)])
        _assert_result(["check", str(path)])
