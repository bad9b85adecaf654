"""Acknowledgements in CDK and in templates, and acknowledgements without effect."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import Acknowledgment, NestedStack, Stack, Stage, Validations, aws_mediapackage

from slr_constructs.guard.acknowledged import split
from slr_constructs.guard.check import check
from slr_constructs.guard.rules.acknowledgement_ignored import RULE as ACKNOWLEDGEMENT_IGNORED
from slr_constructs.templates.app import App
from slr_constructs.templates.reading import StackTemplate
from tests.templates.apps import read_back

if TYPE_CHECKING:
    from pathlib import Path

    import aws_cdk
    from constructs import Construct, IConstruct

NOT_DECLARED, NO_CLEAN_UP = "RoleNotDeclared", "CleanUpMissing"
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
    """Return the ids of the remaining findings, and those of acknowledged ones with reasons."""
    left, acknowledged = split(app, check(app))
    return [each.rule.id for each in left], [(each.rule.id, why) for each, why in acknowledged]


def template(of_resource: object = None, of_template: object = None) -> App:
    """Return a template with two channels without a role and without a clean-up resource."""
    body = {
        "Resources": {"Live": {**LIVE, "Metadata": of_resource}, "Other": LIVE},
        "Metadata": of_template,
    }
    return App([StackTemplate("Show", body)])


def test_nothing_is_acknowledged_by_default() -> None:
    """Each of the two channels has two findings."""
    assert sorted_out(template({"Owner": "team"}, {})) == (
        [NO_CLEAN_UP, NO_CLEAN_UP, NOT_DECLARED, NOT_DECLARED],
        [],
    )


def test_metadata_of_a_resource_acknowledges_one_rule_for_this_resource() -> None:
    """Other rules and other resources are not affected."""
    app = template(metadata(entry(NOT_DECLARED)))

    assert sorted_out(app) == (
        [NO_CLEAN_UP, NO_CLEAN_UP, NOT_DECLARED],
        [(NOT_DECLARED, "it is known")],
    )


def test_metadata_of_a_template_acknowledges_for_all_resources() -> None:
    """The reason of a resource takes precedence; a rule may have the prefix that CDK uses."""
    app = template(
        metadata(entry(NOT_DECLARED, "nearer")),
        metadata(entry(NOT_DECLARED), entry(f"slr-constructs::{NO_CLEAN_UP}", "by hand")),
    )

    assert sorted_out(app) == (
        [],
        [
            (NO_CLEAN_UP, "by hand"),
            (NO_CLEAN_UP, "by hand"),
            (NOT_DECLARED, "nearer"),
            (NOT_DECLARED, "it is known"),
        ],
    )


SHAPE = "`slr-constructs: {acknowledge: [{id: …, reason: …}]}`"


@pytest.mark.parametrize(
    ("acknowledgement", "fault"),
    [
        (metadata(entry("RoleNotThere")), "acknowledges `RoleNotThere`, which is not a rule"),
        (metadata(entry("a`\x1b")), "acknowledges `a\ufffd\ufffd`, which is not a rule"),
        (metadata({"id": NOT_DECLARED}), f"acknowledges `{NOT_DECLARED}` without a reason"),
        (metadata(entry(NOT_DECLARED, " ")), f"acknowledges `{NOT_DECLARED}` without a reason"),
        (
            metadata({"id": NOT_DECLARED, "reason": {"Ref": "A"}}),
            f"acknowledges `{NOT_DECLARED}` without a reason",
        ),
        (
            metadata({"reason": "it is known"}),
            f"has invalid metadata: the expected form is {SHAPE}",
        ),
        (metadata("RoleNotDeclared"), f"has invalid metadata: the expected form is {SHAPE}"),
        (
            {"slr-constructs": {"acknowledge": "?"}},
            f"has invalid metadata: the expected form is {SHAPE}",
        ),
        ({"slr-constructs": "?"}, f"has invalid metadata: the expected form is {SHAPE}"),
    ],
    ids=str,
)
def test_acknowledgements_without_effect_are_reported(acknowledgement: object, fault: str) -> None:
    """In the metadata of the resource and of the template, invalid entries have no effect."""
    for app, name, resource in (
        (template(acknowledgement), "`Live`", "Live"),
        (template(None, acknowledgement), "the template", None),
    ):
        left, acknowledged = split(app, check(app))
        ignored = [each for each in left if each.rule is ACKNOWLEDGEMENT_IGNORED]

        assert not acknowledged
        assert [(each.text, each.resource) for each in ignored] == [(f"{name} {fault}", resource)]


def channel(scope: Construct, name: str) -> aws_mediapackage.CfnChannel:
    """Define a channel without a role and without a clean-up resource."""
    return aws_mediapackage.CfnChannel(
        scope,
        name,
        id=name,
        egress_access_logs=aws_mediapackage.CfnChannel.LogConfigurationProperty(),
    )


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Acknowledge a rule like a CDK app."""
    Validations.of(construct).acknowledge(
        Acknowledgment(id=f"slr-constructs::{rule}", reason=reason)
    )


def test_acknowledgements_of_cdk_are_read_from_the_assembly() -> None:
    """They apply to everything below a construct; the nearest one takes precedence."""

    def define(app: aws_cdk.App) -> None:
        stack = Stack(app, "Show")
        acknowledge(channel(stack, "Live"), NOT_DECLARED, "of the construct")
        nested = NestedStack(stack, "Nested")
        acknowledge(channel(nested, "Inner"), NOT_DECLARED, "of the nested")
        acknowledge(stack, NO_CLEAN_UP, "of the stack")
        staged = Stack(Stage(app, "Prod"), "Show")
        acknowledge(channel(staged, "Live"), NOT_DECLARED, "of the stage")

    app = read_back(define)
    left, acknowledged = split(app, check(app))

    assert [(each.stack, each.rule.id) for each in left] == [("Prod/Show", NO_CLEAN_UP)]
    assert sorted((each.stack, each.rule.id, why) for each, why in acknowledged) == [
        ("Prod/Show", NOT_DECLARED, "of the stage"),
        ("Show", NO_CLEAN_UP, "of the stack"),
        ("Show", NOT_DECLARED, "of the construct"),
        ("Show/Nested", NO_CLEAN_UP, "of the stack"),
        ("Show/Nested", NOT_DECLARED, "of the nested"),
    ]


def test_an_unknown_rule_in_cdk_is_reported() -> None:
    """It is reported once, even with a nested stack; rules of other plugins are ignored."""

    def define(app: aws_cdk.App) -> None:
        stack = Stack(app, "Show")
        NestedStack(stack, "Nested")
        acknowledge(stack, "RoleNotThere", "it is known")
        Validations.of(stack).acknowledge(
            Acknowledgment(id="AwsSolutions::S1", reason="it is known"),
            # the warning of the constructs, which has the id of a rule
            Acknowledgment(id="slr-constructs:RegionNotOffered", reason="it is known"),
        )

    assert [each.text for each in check(read_back(define))] == [
        "`Show` acknowledges `RoleNotThere`, which is not a rule"
    ]


def test_the_warning_of_the_constructs_also_acknowledges_the_rule() -> None:
    """It has the same id, but CDK stores it in another format."""
    acknowledged = {
        "Show": {"Construct-Annotations::slr-constructs:RegionNotOffered": "new in this region"}
    }
    recording = {
        "Type": "AWS::IVS::RecordingConfiguration",
        "Properties": {"DestinationConfiguration": {}},
    }
    app = App(
        [
            StackTemplate(
                "Show",
                {"Resources": {"A": recording}},
                region="eu-south-2",
                acknowledged=acknowledged,
            )
        ]
    )

    assert sorted_out(app) == ([NOT_DECLARED], [("RegionNotOffered", "new in this region")])


def assembly(folder: Path, metadata: object) -> App:
    """Return an assembly of one stack, with metadata in its manifest."""
    (folder / "show.json").write_text(json.dumps({"Resources": {"Live": LIVE}}))
    artifact = {
        "type": "aws:cloudformation:stack",
        "properties": {"templateFile": "show.json"},
        "metadata": metadata,
    }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": {"Show": artifact}}))
    return App.read([folder])


@pytest.mark.parametrize(
    "metadata",
    [
        {"/Show": [{"type": "aws:cdk:acknowledged-rules", "data": "?"}]},
        {"/Show": [{"type": "aws:cdk:other", "data": {"a": "b"}}, "?"]},
        {"/Show": "?"},
        "?",
    ],
    ids=str,
)
def test_other_metadata_in_the_manifest_is_ignored(metadata: object, tmp_path: Path) -> None:
    """Invalid metadata and metadata of other types do not acknowledge a rule."""
    assert sorted_out(assembly(tmp_path, metadata)) == ([NO_CLEAN_UP, NOT_DECLARED], [])


def test_acknowledgements_of_older_cdk_versions_are_read_from_the_manifest(tmp_path: Path) -> None:
    """The manifest contains the metadata; there is no separate file."""
    entry = {
        "type": "aws:cdk:acknowledged-rules",
        "data": {f"slr-constructs::{NO_CLEAN_UP}": "why"},
    }

    assert sorted_out(assembly(tmp_path, {"/Show": [entry]})) == (
        [NOT_DECLARED],
        [(NO_CLEAN_UP, "why")],
    )
