"""Templates with invalid values in every position: the guard reports them and does not fail."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs.guard.check import check
from slr_constructs.templates.app import App
from slr_constructs.templates.reading import StackTemplate, read
from tests.features.every_feature import RECIPES
from tests.templates.apps import stack_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

exhaustive = pytest.mark.exhaustive

ODD: tuple[Any, ...] = (
    None,
    True,
    -1.5,
    "",
    "text",
    "\ud800",
    [],
    {},
    [[None]],
    {"Ref": ["A"]},
    {"Fn::If": [1]},
)


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401
    """Yield the paths of all values in a template."""
    if place:
        yield place
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _places(each, (*place, key))


@pytest.mark.no_cover  # coverage would take most of the time, and other tests cover the branches
@pytest.mark.parametrize(
    "every",
    [pytest.param(2 * len(ODD), id="one of two"), pytest.param(3, id="many", marks=exhaustive)],
)
@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_wrong_types_in_every_position(recipe: Any, every: int, tmp_path: Path) -> None:  # noqa: ANN401
    """The check does not raise, and its texts are printable."""
    template = dict(stack_of(lambda stack: recipe.define(stack, "a", None)).stacks["Show"].template)
    file = tmp_path / "show.json"
    checked = 0
    for number, place in enumerate(_places(template)):
        spoilt = copy.deepcopy(template)
        inner: Any = spoilt
        for key in place[:-1]:
            inner = inner[key]
        # each place gets some of the odd values or none, and each odd value some places
        for odd in ODD[number % every :: every]:
            inner[place[-1]] = odd
            file.write_text(json.dumps(spoilt))
            if "Resources" not in spoilt:
                continue
            findings = check(App(read([file])))
            checked += 1

            assert all(each.text.isprintable() for each in findings), place
    assert checked > 300 // every


@pytest.mark.parametrize("phase", ["Create", "Delete"])
def test_calls_next_to_a_circular_dependency_do_not_crash(phase: str) -> None:
    """The order of other resources does not matter for the calls."""
    call = {"service": "ChimeSDKVoice", "action": "putVoiceConnectorStreamingConfiguration"}
    parameters = {"parameters": {"StreamingConfiguration": {"DataRetentionInHours": 24}}}
    template = {
        "Resources": {
            "A": {"Type": "AWS::SNS::Topic", "DependsOn": "A"},
            "Streaming": {
                "Type": "Custom::AWS",
                "Properties": {phase: json.dumps(call | parameters)},
            },
        }
    }

    found = check(App([StackTemplate("Show", template)]))

    expected = ["EnabledOnDelete"]
    if phase == "Create":
        expected = ["DeleteCallMissing", "RoleNotDeclared"]
    assert {each.rule.id for each in found} == {*expected, "NotAnalyzed"}


def test_a_huge_template_is_checked() -> None:
    """Every feature in it is checked."""
    body = {"Type": "AWS::MediaPackage::Channel", "Properties": {"Id": "a", "EgressAccessLogs": {}}}
    resources = {f"Channel{number}": copy.deepcopy(body) for number in range(2000)}

    found = check(App([StackTemplate("Show", {"Resources": resources})]))

    assert len(found) == 2 * len(resources)
