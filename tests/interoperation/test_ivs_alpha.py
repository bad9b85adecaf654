"""The L2s of `aws-cdk.aws-ivs-alpha`, which do not define the role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_s3
from aws_cdk.aws_ivs_alpha import Channel, RecordingConfiguration

from slr_constructs import IvsRecordingConfiguration, ServiceLinkedRole, catalogue
from tests.interoperation.guarded import reported_in_stack

if TYPE_CHECKING:
    from aws_cdk import Stack


def test_an_l2_recording_has_no_role() -> None:
    """The finding is for the L1 inside; the channel itself does not need the role."""

    def define(stack: Stack) -> None:
        bucket = aws_s3.Bucket(stack, "Recordings")
        recording = RecordingConfiguration(stack, "Recording", bucket=bucket)
        Channel(stack, "Studio", recording_configuration=recording)

    assert reported_in_stack(define) == [("RoleNotDeclared", "Show/Recording/Resource")]


def test_an_l2_recording_has_no_finding_with_the_role() -> None:
    """The L2 depends on the role, and so does the L1 inside."""

    def define(stack: Stack, *, ordered: bool) -> None:
        role = ServiceLinkedRole(stack, "Role", definition=catalogue.IVS_RECORD_TO_S3)
        bucket = aws_s3.Bucket(stack, "Recordings")
        recording = RecordingConfiguration(stack, "Recording", bucket=bucket)
        Channel(stack, "Studio", recording_configuration=recording)
        if ordered:
            recording.node.add_dependency(role)

    wrong = reported_in_stack(lambda stack: define(stack, ordered=False))
    assert wrong[0] == ("RoleOrder", "Show/Recording/Resource")
    assert reported_in_stack(lambda stack: define(stack, ordered=True)) == []


def test_a_construct_can_record_an_l2_channel() -> None:
    """The construct finds the L1 of the channel."""

    def define(stack: Stack) -> None:
        bucket = aws_s3.Bucket(stack, "Recordings")
        IvsRecordingConfiguration(stack, "Recording", bucket=bucket).record(
            Channel(stack, "Studio")
        )

    assert reported_in_stack(define) == []


def test_an_l2_channel_without_recording_has_no_finding() -> None:
    """A channel with an imported recording configuration has none either: it needs no role."""

    def define(stack: Stack) -> None:
        Channel(stack, "Studio")
        arn = "arn:aws:ivs:us-east-1:111122223333:recording-configuration/AbCdEf1G2hij"
        elsewhere = RecordingConfiguration.from_arn(stack, "Elsewhere", arn)
        Channel(stack, "Other", recording_configuration=elsewhere)

    assert reported_in_stack(define) == []
