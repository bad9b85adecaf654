"""Parts that cannot be analyzed are reported, and the rest is checked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs.guard.check import check
from slr_constructs.guard.rules.not_analyzed import RULE
from slr_constructs.templates.app import App
from slr_constructs.templates.reading import TemplateError
from tests.templates.apps import plain

if TYPE_CHECKING:
    from pathlib import Path

LIVE = {
    "Type": "AWS::MediaPackage::Channel",
    "Properties": {"Id": "a b", "EgressAccessLogs": {}},
}
LOOP = ["X", ["A", "B"], {"Topic${X}": {"Type": "AWS::SNS::Topic"}}]


def found(folder: Path, template: dict[str, Any]) -> list[tuple[str, str | None, str]]:
    """Return the findings about a template that is read with `lenient`."""
    path = folder / "show.json"
    path.write_text(json.dumps(template))
    with pytest.raises(TemplateError):
        App.read([path])
    findings = check(App.read([path], lenient=True))
    return [(each.rule.id, each.resource, each.text) for each in findings]


def test_an_invalid_resource_is_skipped(tmp_path: Path) -> None:
    """The other resources are checked."""
    resources = {"Fn::ForEach::Loop": LOOP, "Odd": [], "Live": LIVE}
    reported = found(tmp_path, {"Resources": resources})

    assert [each[:2] for each in reported] == [
        ("CleanUpMissing", "Live"),
        ("InvalidPropertyValue", "Live"),
        ("RoleNotDeclared", "Live"),
        ("NotAnalyzed", "Fn::ForEach::Loop"),
        ("NotAnalyzed", "Odd"),
    ]
    assert reported[3][2] == (
        "not analyzed: Fn::ForEach::Loop: CloudFormation must expand it first; pass the expanded"
        " template"
    )
    assert reported[4][2] == (
        "not analyzed: Odd is not a resource: it must be a mapping with a Type"
    )


def test_resources_that_are_not_a_mapping_are_skipped(tmp_path: Path) -> None:
    """The stack is treated as empty."""
    assert found(tmp_path, {"Resources": ["?"]}) == [
        (
            "NotAnalyzed",
            None,
            "not analyzed: Resources must be a mapping, got ['?']",
        )
    ]


def test_a_stack_without_an_order_has_no_roles(tmp_path: Path) -> None:
    """Rules that do not need the order still apply."""
    wide = {"Effect": "Allow", "Action": "iam:CreateServiceLinkedRole", "Resource": "*"}
    policy = {
        "Type": "AWS::IAM::Policy",
        "Properties": {"PolicyDocument": {"Statement": wide}},
        "DependsOn": "Live",
    }
    reported = found(tmp_path, {"Resources": {"Live": {**LIVE, "DependsOn": "A"}, "A": policy}})

    assert [each[:2] for each in reported] == [
        ("CreateServiceLinkedRoleAnywhere", "A"),
        ("NotAnalyzed", None),
    ]
    assert reported[1][2] == (
        "not analyzed: circular dependency between resources: Live -DependsOn-> A -DependsOn-> Live"
    )


def test_a_nested_stack_without_its_template_is_reported(tmp_path: Path) -> None:
    """It is not an error, so it is reported with and without `lenient`."""
    nested = {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {"TemplateURL": "https://example.com/a.json"},
    }
    path = tmp_path / "show.json"
    path.write_text(json.dumps({"Resources": {"Nested": nested}}))
    sentence = (
        "the template of the nested stack Nested was not found, so its resources are not analyzed"
    )

    for app in (App.read([path]), App.read([path], lenient=True)):
        (finding,) = check(app)
        assert app.notes == [f"show: {sentence}"]
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
