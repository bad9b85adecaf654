"""The broadcast: a live show, its recordings, and access logs of its viewers.

This stack shows `IvsRecordingConfiguration` and `MediaPackageAccessLogging`: two roles in one
stack, with one function. The recordings stay when the stack is deleted.
"""

from typing import Any

from aws_cdk import Duration, RemovalPolicy, Stack, aws_ivs, aws_logs, aws_mediapackage, aws_s3
from constructs import Construct

from slr_constructs import (
    AccessLogs,
    IvsRecordingConfiguration,
    MediaPackageAccessLogging,
    Renditions,
    Resolution,
    Thumbnails,
    ThumbnailStorage,
)


class BroadcastStack(Stack):
    """An IVS channel that is recorded, and a MediaPackage channel with access logs.

    Shows `IvsRecordingConfiguration` with renditions and thumbnails, and
    `MediaPackageAccessLogging` with your own log group and without ingress logs.
    """

    def __init__(self, scope: Construct, id: str, **kwargs: Any) -> None:  # noqa: ANN401 - those of Stack
        super().__init__(scope, id, **kwargs)
        self._define_studio()
        self._define_delivery()

    def _define_studio(self) -> None:
        recordings = aws_s3.Bucket(
            self,
            "Recordings",
            block_public_access=aws_s3.BlockPublicAccess.BLOCK_ALL,
            encryption=aws_s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            # keep the recordings when the stack is deleted
            removal_policy=RemovalPolicy.RETAIN,
            server_access_logs_bucket=aws_s3.Bucket(
                self,
                "RecordingsAccess",
                block_public_access=aws_s3.BlockPublicAccess.BLOCK_ALL,
                encryption=aws_s3.BucketEncryption.S3_MANAGED,
                enforce_ssl=True,
                lifecycle_rules=[aws_s3.LifecycleRule(expiration=Duration.days(90))],
            ),
        )
        recording = IvsRecordingConfiguration(
            self,
            "Recording",
            bucket=recordings,
            name="live-show",
            reconnect_window=Duration.seconds(60),
            renditions=Renditions.custom(Resolution.FULL_HD, Resolution.SD),
            thumbnails=Thumbnails.interval(
                Duration.seconds(30),
                resolution=Resolution.SD,
                storage=[ThumbnailStorage.SEQUENTIAL, ThumbnailStorage.LATEST],
            ),
        )
        recording.record(aws_ivs.CfnChannel(self, "Studio", name="live-show-studio"))

    def _define_delivery(self) -> None:
        viewers = aws_logs.LogGroup(
            self,
            "Viewers",
            log_group_name="/aws/MediaPackage/LiveShowViewers",
            retention=aws_logs.RetentionDays.THREE_MONTHS,
            removal_policy=RemovalPolicy.DESTROY,
        )
        MediaPackageAccessLogging(
            self,
            "Audience",
            channel=aws_mediapackage.CfnChannel(
                self, "Delivery", id="live-show", description="The live show"
            ),
            ingress=AccessLogs.OFF,
            egress=viewers,
        )
