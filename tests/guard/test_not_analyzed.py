"""Parts that cannot be analyzed are reported, and the rest is checked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs.guard.check import check
from slr_constructs.guard.rules.not_analyzed import RULE
from slr_constructs.templates.app import App
from tests.templates.apps import plain

if TYPE_CHECKING:
    from pathlib import Path

LIVE = {
    "Type": "AWS::MediaPackage::Channel",
    "Properties": {"Id": "a b", "EgressAccessLogs": {}},
}
LOOP = ["X", ["A", "B"], ["no resources"]]


def found(folder: Path, template: dict[str, Any]) -> list[tuple[str, str | None, str]]:
    """Return the findings about a template."""
    path = folder / "show.json"
    path.write_text(json.dumps(template))
    findings = check(App.read([path]))
    return [(each.rule.id, each.resource, each.text) for each in findings]


def test_an_invalid_resource_is_skipped(tmp_path: Path) -> None:
    """The other resources are checked."""
    resources = {"Fn::ForEach::Loop": LOOP, "Odd": [], "Live": LIVE}
    reported = found(tmp_path, {"Resources": resources})

    assert [each[:2] for each in reported] == [
        ("CleanUpMissing", "Live"),
        ("InvalidPropertyValue", "Live"),
        ("NotAnalyzed", "Fn::ForEach::Loop"),
        ("RoleNotDeclared", "Live"),
        ("NotAnalyzed", "Odd"),
    ]
    assert reported[2][2] == (
        "not analyzed: the loop cannot be expanded: it must be a list of a variable, its values and"
        " its resources"
    )
    assert reported[4][2] == ("not analyzed: not a resource: it must be a mapping with a Type")


def test_resources_that_are_not_a_mapping_are_skipped(tmp_path: Path) -> None:
    """The stack is treated as empty."""
    assert found(tmp_path, {"Resources": ["?"]}) == [
        (
            "NotAnalyzed",
            None,
            "not analyzed: Resources must be a mapping, got ['?']",
        )
    ]


def test_a_stack_without_an_order_is_checked(tmp_path: Path) -> None:
    """Rules that do not need the order apply."""
    wide = {"Effect": "Allow", "Action": "iam:CreateServiceLinkedRole", "Resource": "*"}
    policy = {
        "Type": "AWS::IAM::Policy",
        "Properties": {"PolicyDocument": {"Statement": wide}},
        "DependsOn": "Live",
    }
    reported = found(tmp_path, {"Resources": {"Live": {**LIVE, "DependsOn": "A"}, "A": policy}})

    assert [each[:2] for each in reported] == [
        ("CleanUpMissing", "Live"),
        ("InvalidPropertyValue", "Live"),
        ("CreateServiceLinkedRoleAnywhere", "A"),
        ("NotAnalyzed", None),
        ("RoleNotDeclared", "Live"),
    ]
    assert reported[3][2] == (
        "not analyzed: circular dependency between resources: Live -DependsOn-> A -DependsOn-> Live"
    )


def test_a_nested_stack_without_its_template_is_reported(tmp_path: Path) -> None:
    """Nothing is downloaded."""
    nested = {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {"TemplateURL": "https://example.com/a.json"},
    }
    path = tmp_path / "show.json"
    path.write_text(json.dumps({"Resources": {"Nested": nested}}))
    sentence = "the template of the nested stack was not found, so its resources are not analyzed"

    app = App.read([path])
    (finding,) = check(app)
    assert app.notes == [f"show: Nested: {sentence}"]
    assert (finding.rule, finding.resource) == (RULE, "Nested")
    assert finding.text == f"not analyzed: {sentence}"


@pytest.mark.parametrize(
    ("transform", "macros"),
    [
        ("AWS::Serverless-2016-10-31", []),
        (["AWS::LanguageExtensions", {"Name": "AWS::Include"}], ["AWS::Include"]),
        (["Tidy", "a`b"], ["Tidy", "a\ufffdb"]),
        ({"Name": {"Ref": "Macro"}}, []),
        (None, []),
    ],
    ids=str,
)
def test_macros_are_reported(transform: object, macros: list[str]) -> None:
    """AWS transforms that do not add roles or features are not reported."""
    app = plain(Topic={"Type": "AWS::SNS::Topic"})
    app.stacks["Show"].template = {"Transform": transform}

    assert [each.text for each in check(app)] == [
        f"not analyzed: the output of the macro `{each}`" for each in macros
    ]
