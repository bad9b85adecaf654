"""What cannot be read is said, and the rest is checked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs.guard.check import check
from slr_constructs.guard.unread import NOT_READ
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
    """Return what is found in a template that is read leniently."""
    path = folder / "show.json"
    path.write_text(json.dumps(template))
    with pytest.raises(TemplateError):
        App.read([path])
    findings = check(App.read([path], lenient=True))
    return [(each.rule.id, each.resource, each.text) for each in findings]


def test_a_resource_that_is_none_is_left_out(tmp_path: Path) -> None:
    """And the others are checked."""
    resources = {"Fn::ForEach::Loop": LOOP, "Odd": [], "Live": LIVE}
    said = found(tmp_path, {"Resources": resources})

    assert [each[:2] for each in said] == [
        ("RoleNotDeclared", "Live"),
        ("ReleaseMissing", "Live"),
        ("LimitBroken", "Live"),
        ("NotRead", "Fn::ForEach::Loop"),
        ("NotRead", "Odd"),
    ]
    assert said[3][2] == (
        "not checked: Fn::ForEach::Loop is for CloudFormation to expand: the order can be read from"
        " the expanded template"
    )
    assert said[4][2] == "not checked: Odd is no resource: a resource is a mapping with a Type"


def test_resources_that_are_none_at_all_are_left_out(tmp_path: Path) -> None:
    """The stack is empty then."""
    assert found(tmp_path, {"Resources": ["?"]}) == [
        (
            "NotRead",
            None,
            "not checked: Resources is a mapping in a template, and here it is ['?']",
        )
    ]


def test_a_stack_without_an_order_has_no_roles(tmp_path: Path) -> None:
    """What needs no order is checked all the same."""
    wide = {"Effect": "Allow", "Action": "iam:CreateServiceLinkedRole", "Resource": "*"}
    policy = {
        "Type": "AWS::IAM::Policy",
        "Properties": {"PolicyDocument": {"Statement": wide}},
        "DependsOn": "Live",
    }
    said = found(tmp_path, {"Resources": {"Live": {**LIVE, "DependsOn": "A"}, "A": policy}})

    assert [each[:2] for each in said] == [
        ("CreateServiceLinkedRoleAnywhere", "A"),
        ("NotRead", None),
    ]
    assert said[1][2] == (
        "not checked: the dependencies form a circle: Live -DependsOn-> A -DependsOn-> Live"
    )


def test_a_nested_stack_whose_template_is_elsewhere_is_said(tmp_path: Path) -> None:
    """It is no reason to refuse the rest, so this is said to strict readers too."""
    nested = {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {"TemplateURL": "https://example.com/a.json"},
    }
    path = tmp_path / "show.json"
    path.write_text(json.dumps({"Resources": {"Nested": nested}}))
    sentence = (
        "the template of the nested stack Nested is not here, so the nested stack stands for its"
        " resources"
    )

    for app in (App.read([path]), App.read([path], lenient=True)):
        (finding,) = check(app)
        assert app.notes == [f"show: {sentence}"]
        assert (finding.rule, finding.resource) == (NOT_READ, "Nested")
        assert finding.text == f"not checked: {sentence}"


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
def test_a_macro_may_make_anything(transform: object, macros: list[str]) -> None:
    """But those of AWS that make no roles and no features are left alone."""
    app = plain(Topic={"Type": "AWS::SNS::Topic"})
    app.stacks["Show"].template = {"Transform": transform}

    assert [each.text for each in check(app)] == [
        f"not checked: what the macro `{each}` makes of the template" for each in macros
    ]
