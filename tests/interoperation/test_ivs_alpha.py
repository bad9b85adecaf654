"""The L2s of `aws-cdk.aws-ivs-alpha`, which know nothing of the role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_ivs, aws_s3
from aws_cdk.aws_ivs_alpha import Channel, RecordingConfiguration

from slr_constructs import IvsRecordingConfiguration, ServiceLinkedRole, catalogue
from tests.interoperation.guarded import said_of_stack

if TYPE_CHECKING:
    from aws_cdk import Stack


def test_an_l2_recording_has_no_role() -> None:
    """It is said of the L1 inside; the channel that records is not what needs the role."""

    def define(stack: Stack) -> None:
        bucket = aws_s3.Bucket(stack, "Recordings")
        recording = RecordingConfiguration(stack, "Recording", bucket=bucket)
        Channel(stack, "Studio", recording_configuration=recording)

    assert said_of_stack(define) == [("RoleNotDeclared", "Show/Recording/Resource")]


def test_an_l2_recording_is_right_with_our_role() -> None:
    """The L2 depends on the role, and the L1 inside with it."""

    def define(stack: Stack, *, ordered: bool) -> None:
        role = ServiceLinkedRole(stack, "Role", definition=catalogue.IVS_RECORD_TO_S3)
        bucket = aws_s3.Bucket(stack, "Recordings")
        recording = RecordingConfiguration(stack, "Recording", bucket=bucket)
        Channel(stack, "Studio", recording_configuration=recording)
        if ordered:
            recording.node.add_dependency(role)

    wrong = said_of_stack(lambda stack: define(stack, ordered=False))
    assert wrong[0] == ("RoleOrder", "Show/Recording/Resource")
    assert said_of_stack(lambda stack: define(stack, ordered=True)) == []


def test_an_l2_channel_is_recorded_by_our_construct() -> None:
    """Its L1 is what our construct takes."""

    def define(stack: Stack) -> None:
        bucket = aws_s3.Bucket(stack, "Recordings")
        channel = Channel(stack, "Studio").node.default_child
        assert isinstance(channel, aws_ivs.CfnChannel)
        IvsRecordingConfiguration(stack, "Recording", bucket=bucket).record(channel)

    assert said_of_stack(define) == []


def test_an_l2_channel_without_recording_is_nothing_to_speak_of() -> None:
    """Nor is one with a recording configuration of elsewhere, for it needs no role to be made."""

    def define(stack: Stack) -> None:
        Channel(stack, "Studio")
        arn = "arn:aws:ivs:us-east-1:111122223333:recording-configuration/AbCdEf1G2hij"
        elsewhere = RecordingConfiguration.from_arn(stack, "Elsewhere", arn)
        Channel(stack, "Other", recording_configuration=elsewhere)

    assert said_of_stack(define) == []
