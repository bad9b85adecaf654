"""What is acknowledged, in CDK and in plain templates, and what is said of it in vain."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import Acknowledgment, NestedStack, Stack, Stage, Validations, aws_mediapackage

from slr_constructs.guard.acknowledged import ACKNOWLEDGEMENT_IGNORED, split
from slr_constructs.guard.check import check
from slr_constructs.templates.app import App
from slr_constructs.templates.reading import StackTemplate
from tests.templates.apps import read_back

if TYPE_CHECKING:
    from pathlib import Path

    import aws_cdk
    from constructs import Construct, IConstruct

NOT_DECLARED, NO_RELEASE = "RoleNotDeclared", "ReleaseMissing"
LIVE = {
    "Type": "AWS::MediaPackage::Channel",
    "Properties": {"Id": "live", "EgressAccessLogs": {}},
}


def metadata(*entries: object) -> dict[str, Any]:
    """Return metadata with acknowledgements."""
    return {"slr-constructs": {"acknowledge": list(entries)}}


def entry(rule: str, reason: str = "it is known") -> dict[str, str]:
    """Return one acknowledgement."""
    return {"id": rule, "reason": reason}


def sorted_out(app: App) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the ids of what is left, and those of what is acknowledged, with the reasons."""
    left, acknowledged = split(app, check(app))
    return [each.rule.id for each in left], [(each.rule.id, why) for each, why in acknowledged]


def template(of_resource: object = None, of_template: object = None) -> App:
    """Return a template with a channel that has neither role nor release, and a second one."""
    body = {
        "Resources": {"Live": {**LIVE, "Metadata": of_resource}, "Other": LIVE},
        "Metadata": of_template,
    }
    return App([StackTemplate("Show", body)])


def test_nothing_is_acknowledged_unless_somebody_says_so() -> None:
    """Two channels, and two findings each."""
    assert sorted_out(template({"Owner": "us"}, {})) == (
        [NOT_DECLARED, NO_RELEASE, NOT_DECLARED, NO_RELEASE],
        [],
    )


def test_a_resource_acknowledges_for_itself() -> None:
    """One rule, and not another; and not for the next resource."""
    app = template(metadata(entry(NOT_DECLARED)))

    assert sorted_out(app) == (
        [NO_RELEASE, NOT_DECLARED, NO_RELEASE],
        [(NOT_DECLARED, "it is known")],
    )


def test_a_template_acknowledges_for_all_of_its_resources() -> None:
    """The reason of a resource goes before it; a rule may be named as CDK does."""
    app = template(
        metadata(entry(NOT_DECLARED, "nearer")),
        metadata(entry(NOT_DECLARED), entry(f"slr-constructs::{NO_RELEASE}", "by hand")),
    )

    assert sorted_out(app) == (
        [],
        [
            (NOT_DECLARED, "nearer"),
            (NO_RELEASE, "by hand"),
            (NOT_DECLARED, "it is known"),
            (NO_RELEASE, "by hand"),
        ],
    )


SHAPE = "`slr-constructs: {acknowledge: [{id: …, reason: …}]}`"


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (metadata(entry("RoleNotThere")), "acknowledges `RoleNotThere`, which is no rule"),
        (metadata(entry("a`\x1b")), "acknowledges `a\ufffd\ufffd`, which is no rule"),
        (metadata({"id": NOT_DECLARED}), f"acknowledges `{NOT_DECLARED}` without a reason"),
        (metadata(entry(NOT_DECLARED, " ")), f"acknowledges `{NOT_DECLARED}` without a reason"),
        (
            metadata({"id": NOT_DECLARED, "reason": {"Ref": "A"}}),
            f"acknowledges `{NOT_DECLARED}` without a reason",
        ),
        (metadata({"reason": "it is known"}), f"has other metadata than {SHAPE}"),
        (metadata("RoleNotDeclared"), f"has other metadata than {SHAPE}"),
        ({"slr-constructs": {"acknowledge": "?"}}, f"has other metadata than {SHAPE}"),
        ({"slr-constructs": "?"}, f"has other metadata than {SHAPE}"),
    ],
    ids=str,
)
def test_what_acknowledges_nothing_is_said(said: object, fault: str) -> None:
    """Of the resource and of the template; and it acknowledges nothing."""
    for app, name, resource in (
        (template(said), "`Live`", "Live"),
        (template(None, said), "the template", None),
    ):
        left, acknowledged = split(app, check(app))
        ignored = [each for each in left if each.rule is ACKNOWLEDGEMENT_IGNORED]

        assert not acknowledged
        assert [(each.text, each.resource) for each in ignored] == [(f"{name} {fault}", resource)]


def channel(scope: Construct, name: str) -> aws_mediapackage.CfnChannel:
    """Define a channel that has neither role nor release."""
    return aws_mediapackage.CfnChannel(
        scope,
        name,
        id=name,
        egress_access_logs=aws_mediapackage.CfnChannel.LogConfigurationProperty(),
    )


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Acknowledge as a CDK app does."""
    Validations.of(construct).acknowledge(
        Acknowledgment(id=f"slr-constructs::{rule}", reason=reason)
    )


def test_what_cdk_has_acknowledged_is_read_from_the_assembly() -> None:
    """For a construct and all that is below it, the nearest first; in nested stacks and stages."""

    def define(app: aws_cdk.App) -> None:
        stack = Stack(app, "Show")
        acknowledge(channel(stack, "Live"), NOT_DECLARED, "of the construct")
        nested = NestedStack(stack, "Nested")
        acknowledge(channel(nested, "Inner"), NOT_DECLARED, "of the nested")
        acknowledge(stack, NO_RELEASE, "of the stack")
        staged = Stack(Stage(app, "Prod"), "Show")
        acknowledge(channel(staged, "Live"), NOT_DECLARED, "of the stage")

    app = read_back(define)
    left, acknowledged = split(app, check(app))

    assert [(each.stack, each.rule.id) for each in left] == [("Prod/Show", NO_RELEASE)]
    assert sorted((each.stack, each.rule.id, why) for each, why in acknowledged) == [
        ("Prod/Show", NOT_DECLARED, "of the stage"),
        ("Show", NO_RELEASE, "of the stack"),
        ("Show", NOT_DECLARED, "of the construct"),
        ("Show/Nested", NO_RELEASE, "of the stack"),
        ("Show/Nested", NOT_DECLARED, "of the nested"),
    ]


def test_a_rule_of_cdk_that_is_none_of_the_guards_is_said() -> None:
    """Once, also with a nested stack; the rules of others are not the guard's business."""

    def define(app: aws_cdk.App) -> None:
        stack = Stack(app, "Show")
        NestedStack(stack, "Nested")
        acknowledge(stack, "RoleNotThere", "it is known")
        Validations.of(stack).acknowledge(
            Acknowledgment(id="AwsSolutions::S1", reason="it is known"),
            # the constructs' own warning, which has the id of a rule
            Acknowledgment(id="slr-constructs:RegionNotOffered", reason="it is known"),
        )

    assert [each.text for each in check(read_back(define))] == [
        "`Show` acknowledges `RoleNotThere`, which is no rule"
    ]


def test_the_constructs_own_warning_is_acknowledged_with_the_rule() -> None:
    """It has the same id, and CDK writes it down in another way."""
    said = {"Show": {"Construct-Annotations::slr-constructs:RegionNotOffered": "it is new there"}}
    recording = {
        "Type": "AWS::IVS::RecordingConfiguration",
        "Properties": {"DestinationConfiguration": {}},
    }
    app = App(
        [
            StackTemplate(
                "Show", {"Resources": {"A": recording}}, region="eu-south-2", acknowledged=said
            )
        ]
    )

    assert sorted_out(app) == ([NOT_DECLARED], [("RegionNotOffered", "it is new there")])


@pytest.mark.parametrize(
    "artifact",
    [
        {"metadata": {"/Show": [{"type": "aws:cdk:acknowledged-rules", "data": "?"}]}},
        {"metadata": {"/Show": [{"type": "aws:cdk:other", "data": {"a": "b"}}, "?"]}},
        {"metadata": {"/Show": "?"}},
        {"metadata": "?"},
    ],
    ids=str,
)
def test_metadata_of_other_kinds_acknowledges_nothing(
    artifact: dict[str, Any], tmp_path: Path
) -> None:
    """Whatever a manifest has."""
    (tmp_path / "show.json").write_text(json.dumps({"Resources": {"Live": LIVE}}))
    manifest = {
        "artifacts": {
            "Show": {
                "type": "aws:cloudformation:stack",
                "properties": {"templateFile": "show.json"},
                **artifact,
            }
        }
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))

    assert sorted_out(App.read([tmp_path])) == ([NOT_DECLARED, NO_RELEASE], [])


def test_what_an_older_cdk_writes_into_the_manifest_is_read(tmp_path: Path) -> None:
    """The metadata stands there, and in no file of its own."""
    said = {"type": "aws:cdk:acknowledged-rules", "data": {f"slr-constructs::{NO_RELEASE}": "why"}}
    (tmp_path / "show.json").write_text(json.dumps({"Resources": {"Live": LIVE}}))
    artifact = {
        "type": "aws:cloudformation:stack",
        "properties": {"templateFile": "show.json"},
        "metadata": {"/Show": [said]},
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {"Show": artifact}}))

    assert sorted_out(App.read([tmp_path])) == ([NOT_DECLARED], [(NO_RELEASE, "why")])
