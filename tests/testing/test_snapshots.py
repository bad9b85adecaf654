"""The snapshot extensions, which remove values that are irrelevant in a review."""

from __future__ import annotations

import json

import yaml

from slr_constructs.testing import TemplateSnapshotExtension, TemplateYamlSnapshotExtension
from slr_constructs.testing.snapshots import normalize


def test_asset_hashes_are_replaced() -> None:
    """A changed asset does not change a snapshot; the rest of its address stays."""
    code = {"S3Bucket": "cdk-hnb659fds-assets", "S3Key": f"{'0123456789abcdef' * 4}.zip"}

    assert normalize(code) == {"S3Bucket": "cdk-hnb659fds-assets", "S3Key": "<asset>.zip"}


def test_shorter_hashes_stay() -> None:
    """Logical ids end in eight hexadecimal digits, which stay in the snapshot."""
    assert normalize(["Stream5CA015BA", "0123456789abcdef" * 3]) == [
        "Stream5CA015BA",
        "0123456789abcdef" * 3,
    ]


def test_bootstrap_and_path_metadata_are_removed() -> None:
    """They are the same in every stack."""
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


def test_values_of_the_stack_are_kept() -> None:
    """Other parameters, empty values and numbers stay."""
    template = {"Parameters": {"Name": {"Type": "String"}}, "Outputs": {}, "Count": 0, "No": None}

    assert normalize(template) == template


def test_a_snapshot_is_json_with_sorted_keys() -> None:
    """Templates that differ only in the order of keys have the same snapshot."""
    extension = TemplateSnapshotExtension()

    text = extension.serialize({"b": 1, "a": [True, None, "x"]})

    assert json.loads(str(text)) == {"a": [True, None, "x"], "b": 1}
    assert text == extension.serialize({"a": [True, None, "x"], "b": 1})


def test_a_snapshot_may_be_yaml() -> None:
    """It has the same content; dates and booleans in texts stay texts."""
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
