"""Templates that are wrong in any place: every command answers, or refuses in a sentence."""

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
#: what may stand where something else should, the intrinsics wrongly used among it.
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
    """Yield where there is something in a template."""
    yield place
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _places(each, (*place, key))


def _spoilt(template: dict[str, Any], place: tuple[Any, ...], odd: Any) -> Any:  # noqa: ANN401
    """Return a template with something odd in one place."""
    if not place:
        return odd
    spoilt = copy.deepcopy(template)
    inner: Any = spoilt
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = odd
    return spoilt


def _answers(arguments: list[str]) -> None:
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
def test_whatever_stands_in_a_template(
    templates: list[dict[str, Any]], data: st.DataObject
) -> None:
    """One place, or two, of a real template are spoilt; each command is asked."""
    template = data.draw(st.sampled_from(templates))
    spoilt = template
    for _ in range(data.draw(st.integers(1, 2))):
        place = data.draw(st.sampled_from(sorted(_places(spoilt), key=repr)))
        spoilt = _spoilt(spoilt, place, data.draw(ODD))
    with tempfile.TemporaryDirectory() as folder:
        good, bad = Path(folder, "good.json"), Path(folder, "bad.json")
        good.write_text(json.dumps(template))
        bad.write_text(json.dumps(spoilt))

        _answers(["order", str(bad), "--format", data.draw(st.sampled_from(FORMATS))])
        _answers(["diff", str(good), str(bad)])
        _answers(["diff", str(bad), str(good)])
        _answers(["check", str(bad), "--format", data.draw(st.sampled_from(CHECK_FORMATS))])
        _answers(["check", str(bad), "--format", data.draw(st.sampled_from(("text", "sarif")))])


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

        _answers(["order", str(path)])
        _answers(["check", str(path)])
        _answers(["check", str(path)])
