"""Templates that are wrong in every position: the guard answers, and says what it did not read."""

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
    """Yield where there is something in a template."""
    if place:
        yield place
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _places(each, (*place, key))


@pytest.mark.parametrize(
    "every", [pytest.param(len(ODD), id="one"), pytest.param(3, id="many", marks=exhaustive)]
)
@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_wrong_types_in_every_position(recipe: Any, every: int, tmp_path: Path) -> None:  # noqa: ANN401
    """Nothing is raised, and what is found has a sentence."""
    template = dict(stack_of(lambda stack: recipe.define(stack, "a", None)).stacks["Show"].template)
    file = tmp_path / "show.json"
    tried = 0
    for number, place in enumerate(_places(template)):
        spoilt = copy.deepcopy(template)
        inner: Any = spoilt
        for key in place[:-1]:
            inner = inner[key]
        # in each place some of the odd values, and each of them in some places
        for odd in ODD[number % every :: every]:
            inner[place[-1]] = odd
            file.write_text(json.dumps(spoilt))
            if "Resources" not in spoilt:
                continue
            findings = check(App(read([file], lenient=True), lenient=True))
            tried += 1

            assert all(each.text.isprintable() for each in findings), place
    assert tried > 30


def test_a_circle_is_said_and_the_rest_is_checked() -> None:
    """Without an order there is no telling what comes first, but limits are limits."""
    template = {
        "Resources": {
            "A": {"Type": "AWS::SNS::Topic", "DependsOn": "B"},
            "B": {"Type": "AWS::SNS::Topic", "DependsOn": "A"},
            "Policy": {
                "Type": "AWS::IAM::ManagedPolicy",
                "Properties": {
                    "PolicyDocument": {
                        "Statement": {
                            "Effect": "Allow",
                            "Action": "iam:CreateServiceLinkedRole",
                            "Resource": "*",
                        }
                    }
                },
            },
        }
    }

    found = check(App([StackTemplate("Show", template)], lenient=True))

    assert [(each.rule.id, each.resource) for each in found] == [
        ("CreateServiceLinkedRoleAnywhere", "Policy"),
        ("NotRead", None),
    ]
    assert "the dependencies form a circle" in found[1].text


@pytest.mark.parametrize("phase", ["Create", "Delete"])
def test_calls_beside_a_circle_do_not_crash(phase: str) -> None:
    """What uses a role cannot be told without an order, and so nothing is said of calls."""
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

    found = check(App([StackTemplate("Show", template)], lenient=True))

    assert [each.rule.id for each in found] == ["NotRead"]


def test_references_to_nothing_are_no_references() -> None:
    """CloudFormation refuses them, and cfn-lint says so."""
    body = {
        "Type": "AWS::IVS::RecordingConfiguration",
        "DependsOn": ["Nowhere"],
        "Properties": {"DestinationConfiguration": {"S3": {"BucketName": {"Ref": "Nobody"}}}},
    }

    found = check(App([StackTemplate("Show", {"Resources": {"Recording": body}})]))

    assert [each.rule.id for each in found] == ["RoleNotDeclared"]


def test_a_huge_template_is_checked() -> None:
    """Each feature of it."""
    body = {"Type": "AWS::MediaPackage::Channel", "Properties": {"Id": "a", "EgressAccessLogs": {}}}
    resources = {f"Channel{number}": copy.deepcopy(body) for number in range(2000)}

    found = check(App([StackTemplate("Show", {"Resources": resources})]))

    assert len(found) == 2 * len(resources)
