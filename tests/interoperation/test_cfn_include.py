"""YAML and JSON templates that `CfnInclude` adds to an app, with constructs of this library."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from aws_cdk import Stack, aws_mediatailor
from aws_cdk.cloudformation_include import CfnInclude, CfnIncludeProps

from slr_constructs import MediaTailorSessionLogging, ServiceLinkedRole, catalogue
from tests.interoperation.guarded import reported_in_stack

if TYPE_CHECKING:
    from pathlib import Path

YAML = """\
Parameters:
  Bucket: {Type: String}
Resources:
  Recording:
    Type: AWS::IVS::RecordingConfiguration
    Properties:
      DestinationConfiguration:
        S3: {BucketName: !Ref Bucket}
"""
ADS = {
    "Type": "AWS::MediaTailor::PlaybackConfiguration",
    "Properties": {
        "Name": "ads",
        "AdDecisionServerUrl": "https://ads.example.com",
        "VideoContentSourceUrl": "https://video.example.com",
    },
}


@pytest.mark.parametrize("ordered", [True, False])
def test_a_resource_of_a_yaml_template_can_depend_on_a_role(
    tmp_path: Path, *, ordered: bool
) -> None:
    """In the app, the resource is an L1."""
    file = tmp_path / "show.yaml"
    file.write_text(YAML)

    def define(stack: Stack, *, role: bool) -> None:
        included = CfnInclude(stack, "Included", template_file=str(file))
        if role:
            ours = ServiceLinkedRole(stack, "Role", definition=catalogue.IVS_RECORD_TO_S3)
            if ordered:
                included.get_resource("Recording").node.add_dependency(ours)

    path = "Show/Included/Recording"
    assert reported_in_stack(lambda stack: define(stack, role=False)) == [("RoleNotDeclared", path)]
    assert reported_in_stack(lambda stack: define(stack, role=True)) == (
        [] if ordered else [("RoleOrder", path)]
    )


@pytest.mark.parametrize("ours", [True, False])
def test_a_construct_can_configure_logging_for_an_owner_of_a_json_template(
    tmp_path: Path, *, ours: bool
) -> None:
    """It replaces the property in the template."""
    file = tmp_path / "ads.json"
    logs = {} if ours else {"LogConfiguration": {"PercentEnabled": 5}}
    body = {**ADS, "Properties": {**ADS["Properties"], **logs}}  # type: ignore[dict-item]
    file.write_text(json.dumps({"Resources": {"Ads": body}}))

    def define(stack: Stack) -> None:
        included = CfnInclude(stack, "Included", template_file=str(file))
        if ours:
            ads = included.get_resource("Ads")
            assert isinstance(ads, aws_mediatailor.CfnPlaybackConfiguration)
            MediaTailorSessionLogging(stack, "Sessions", playback_configuration=ads)

    assert reported_in_stack(define) == (
        []
        if ours
        else [
            ("CleanUpMissing", "Show/Included/Ads"),
            ("RoleNotDeclared", "Show/Included/Ads"),
        ]
    )


def test_a_nested_template_is_read_too(tmp_path: Path) -> None:
    """`CfnInclude` creates the construct of the nested stack."""
    (tmp_path / "inner.yaml").write_text(YAML)
    outer = tmp_path / "outer.json"
    nested = {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {"TemplateURL": "https://elsewhere"},
    }
    outer.write_text(json.dumps({"Resources": {"Inner": nested}}))

    def define(stack: Stack, *, role: bool) -> None:
        inner = CfnIncludeProps(
            template_file=str(tmp_path / "inner.yaml"), parameters={"Bucket": "recordings"}
        )
        included = CfnInclude(
            stack, "Included", template_file=str(outer), load_nested_stacks={"Inner": inner}
        )
        if role:
            ours = ServiceLinkedRole(stack, "Role", definition=catalogue.IVS_RECORD_TO_S3)
            included.get_resource("Inner").node.add_dependency(ours)

    ((rule, path),) = reported_in_stack(lambda stack: define(stack, role=False))
    assert rule == "RoleNotDeclared"
    assert path.startswith("Show/Included/Inner")
    assert path.endswith("/Recording")
    assert reported_in_stack(lambda stack: define(stack, role=True)) == []
