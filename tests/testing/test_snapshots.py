"""The extension: what is noise in a review is left out, and nothing else is."""

from __future__ import annotations

import json

import yaml

from slr_constructs.testing import TemplateSnapshotExtension, TemplateYamlSnapshotExtension
from slr_constructs.testing.snapshots import normalize


def test_asset_hashes_are_all_the_same() -> None:
    """A changed asset changes no template's snapshot; the rest of its address stays."""
    code = {"S3Bucket": "cdk-hnb659fds-assets", "S3Key": f"{'0123456789abcdef' * 4}.zip"}

    assert normalize(code) == {"S3Bucket": "cdk-hnb659fds-assets", "S3Key": "<asset>.zip"}


def test_shorter_hashes_stay() -> None:
    """A logical id ends in eight digits, which are part of what a reviewer compares."""
    assert normalize(["Stream5CA015BA", "0123456789abcdef" * 3]) == [
        "Stream5CA015BA",
        "0123456789abcdef" * 3,
    ]


def test_bootstrap_and_path_metadata_are_dropped() -> None:
    """Every stack has them, and none is about the stack."""
    template = {
        "Resources": {
            "Bucket": {
                "Type": "AWS::S3::Bucket",
                "Metadata": {"aws:cdk:path": "Stack/Bucket/Resource"},
            },
            "Function": {
                "Type": "AWS::Lambda::Function",
                "Metadata": {"aws:cdk:path": "Stack/Function", "owner": "team"},
            },
        },
        "Parameters": {"BootstrapVersion": {"Type": "AWS::SSM::Parameter::Value<String>"}},
        "Rules": {"CheckBootstrapVersion": {"Assertions": []}},
    }

    assert normalize(template) == {
        "Resources": {
            "Bucket": {"Type": "AWS::S3::Bucket"},
            "Function": {"Type": "AWS::Lambda::Function", "Metadata": {"owner": "team"}},
        }
    }


def test_what_a_stack_says_itself_is_kept() -> None:
    """Parameters of one's own, empty values and numbers are no noise."""
    template = {"Parameters": {"Name": {"Type": "String"}}, "Outputs": {}, "Count": 0, "No": None}

    assert normalize(template) == template


def test_a_snapshot_is_json_in_the_order_of_names() -> None:
    """Two templates that differ in the order of keys alone are the same text."""
    extension = TemplateSnapshotExtension()

    text = extension.serialize({"b": 1, "a": [True, None, "x"]})

    assert json.loads(str(text)) == {"a": [True, None, "x"], "b": 1}
    assert text == extension.serialize({"a": [True, None, "x"], "b": 1})


def test_a_snapshot_may_be_yaml() -> None:
    """The same content, and no text of it taken for a date or a truth value."""
    template = {
        "Version": "2012-10-17",
        "Switch": "on",
        "Code": {"S3Key": f"{'0123456789abcdef' * 4}.zip"},
        "Metadata": {"aws:cdk:path": "Stack/Bucket"},
        "Long": "word " * 40,
        "Shared": [shared := {"a": 1}, shared],
    }

    text = str(TemplateYamlSnapshotExtension().serialize(template))

    assert yaml.safe_load(text) == json.loads(str(TemplateSnapshotExtension().serialize(template)))
    assert "Version: '2012-10-17'\n" in text
    assert "S3Key: <asset>.zip\n" in text
    assert "Metadata" not in text
    assert "&" not in text
