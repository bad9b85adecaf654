"""The function's resources are L1s for everything that works on a whole stack or app.

The library defines them without the import of their modules. These tests fail with a bare
`CfnResource`, which has no tags and is of no L1's class.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import jsii
import pytest
from aws_cdk import (
    App,
    Aspects,
    IAspect,
    RemovalPolicies,
    Stack,
    Tags,
    Validations,
    aws_iam,
    aws_lambda,
    aws_logs,
)
from cdk_nag import HIPAASecurityChecks, NIST80053R5Checks

from slr_constructs import VoiceConnectorStreaming
from slr_constructs.testing import template_of
from tests.features.graph import FUNCTION, id_of, properties_of

if TYPE_CHECKING:
    from constructs import IConstruct

ROOT = Path(__file__).parents[2]
FUNCTION_ID = "Stack/ServiceLinkedRoleFunction"


@pytest.fixture
def streaming(stack: Stack) -> Stack:
    """Return a stack with the smallest feature."""
    VoiceConnectorStreaming(stack, "Streaming", voice_connector="a" * 22)
    return stack


def test_a_first_feature_imports_no_module_of_the_function() -> None:
    """The import of `aws_lambda` takes longer than the feature."""
    code = """
import sys
from aws_cdk import App, Stack
import slr_constructs
app = App()
stack = Stack(app, "Stack")
slr_constructs.VoiceConnectorStreaming(stack, "Streaming", voice_connector="a" * 22)
slr_constructs.MediaTailorAsRunLogging(stack, "Logs", channel="linear")
app.synth()
print(*(each for each in sys.modules if each.startswith("aws_cdk.")))
"""
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )

    imported = {each.removeprefix("aws_cdk.") for each in run.stdout.split()}
    assert "aws_mediatailor" in imported
    assert not imported & {
        "aws_ec2",
        "aws_iam",
        "aws_lambda",
        "aws_logs",
        "aws_s3",
        "aws_s3_assets",
        "aws_sns",
        "aws_sqs",
    }


@jsii.implements(IAspect)
class _Configure:
    """An aspect as users write it: it tests for the classes of L1s."""

    def visit(self, node: IConstruct) -> None:
        if isinstance(node, aws_lambda.CfnFunction):
            node.reserved_concurrent_executions = 5
        elif isinstance(node, aws_lambda.CfnEventInvokeConfig):
            node.maximum_retry_attempts = 1
        elif isinstance(node, aws_logs.CfnLogGroup):
            node.retention_in_days = 7
        elif isinstance(node, aws_iam.CfnRole):
            node.path = "/functions/"
        elif isinstance(node, aws_iam.CfnRolePolicy):
            node.policy_name = "Renamed"


def test_an_aspect_in_python_gets_objects_of_the_l1_classes(streaming: Stack) -> None:
    """It reads and sets their properties."""
    Aspects.of(streaming).add(_Configure())

    template = template_of(streaming)
    assert properties_of(template, FUNCTION)["ReservedConcurrentExecutions"] == 5
    assert properties_of(template, "AWS::Lambda::EventInvokeConfig")["MaximumRetryAttempts"] == 1
    assert properties_of(template, "AWS::Logs::LogGroup")["RetentionInDays"] == 7
    assert properties_of(template, "AWS::IAM::Role")["Path"] == "/functions/"
    names = {
        each["Properties"]["PolicyName"]
        for each in template["Resources"].values()
        if each["Type"] == "AWS::IAM::RolePolicy"
    }
    assert names == {"Renamed"}


def test_tags_of_an_app_are_on_the_function_its_role_and_its_log(streaming: Stack) -> None:
    """Only L1s have tags."""
    Tags.of(streaming.node.root).add("owner", "video")

    template = template_of(streaming)
    for kind in (FUNCTION, "AWS::IAM::Role", "AWS::Logs::LogGroup"):
        assert properties_of(template, kind)["Tags"] == [{"Key": "owner", "Value": "video"}]


def test_a_permissions_boundary_of_an_app_is_on_the_role(streaming: Stack) -> None:
    """The boundary is an aspect of CDK."""
    boundary = aws_iam.ManagedPolicy.from_managed_policy_name(streaming, "Boundary", "boundary")
    aws_iam.PermissionsBoundary.of(streaming.node.root).apply(boundary)

    assert "PermissionsBoundary" in properties_of(template_of(streaming), "AWS::IAM::Role")


def test_a_removal_policy_of_a_stack_keeps_the_log(streaming: Stack) -> None:
    """`RemovalPolicies` selects resources by their type."""
    RemovalPolicies.of(streaming).retain(apply_to_resource_types=["AWS::Logs::LogGroup"])

    template = template_of(streaming)
    logs = template["Resources"][id_of(template, "AWS::Logs::LogGroup")]
    assert logs["DeletionPolicy"] == "Retain"


def test_cdk_nag_checks_the_function_its_role_and_its_log(tmp_path: Path) -> None:
    """The rules of cdk-nag test for the classes of L1s."""
    app = App(outdir=str(tmp_path))
    VoiceConnectorStreaming(Stack(app, "Stack"), "Streaming", voice_connector="a" * 22)
    Validations.of(app).add_plugins(NIST80053R5Checks(app), HIPAASecurityChecks(app))

    with pytest.raises(RuntimeError):
        app.synth()

    report = json.loads((tmp_path / "validation-report.json").read_text())
    found = {
        (each["ruleName"].rpartition("-")[2], construct["constructPath"])
        for plugin in report["pluginReports"]
        for each in plugin["violations"]
        for construct in each["violatingConstructs"]
        if "-" in each["ruleName"]
    }
    assert found == {
        ("CloudWatchLogGroupEncrypted", f"{FUNCTION_ID}/Logs"),
        ("IAMNoInlinePolicy", f"{FUNCTION_ID}/Role"),
        ("LambdaConcurrency", f"{FUNCTION_ID}/Resource"),
        ("LambdaDLQ", f"{FUNCTION_ID}/Resource"),
        ("LambdaInsideVPC", f"{FUNCTION_ID}/Resource"),
    }
