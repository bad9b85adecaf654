"""IVS recording: live channels, to S3.

CloudFormation supports the recording configuration and the channel's reference to it, so both are
native for a channel of the app. The stack's function changes an existing channel.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from aws_cdk import Duration, Stack, aws_ivs, aws_s3
from constructs import Construct

from slr_constructs._arn import last_part
from slr_constructs._errors import UsageError, check, check_kind
from slr_constructs._feature import Feature, already_configured, check_region, claim
from slr_constructs._handler_function import HandlerFunction
from slr_constructs._ordering import use_role
from slr_constructs._permissions import configure_feature
from slr_constructs._registry import mark_ordered
from slr_constructs._service_linked_role import ServiceLinkedRole, role_for
from slr_constructs.catalogue.ivs_recording import CHANNEL, IVS_RECORD_TO_S3
from slr_constructs.handler.slr_handler import contract, rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import CfnResource


class Resolution(Enum):
    """The size of a picture. IVS uses the nearest resolution that the channel has."""

    FULL_HD = "FULL_HD"
    HD = "HD"
    SD = "SD"
    LOWEST_RESOLUTION = "LOWEST_RESOLUTION"


class ThumbnailStorage(Enum):
    """How thumbnails are stored in the bucket."""

    #: Store each thumbnail under its own name, in sequence.
    SEQUENTIAL = "SEQUENTIAL"

    #: Store only the latest thumbnail, always under the same name.
    LATEST = "LATEST"


@dataclass(frozen=True, slots=True)
class Renditions:
    """The renditions of a stream that are recorded."""

    selection: str
    resolutions: tuple[Resolution, ...] = ()

    @classmethod
    def all(cls) -> Renditions:
        """Record every rendition."""
        return cls("ALL")

    @classmethod
    def none(cls) -> Renditions:
        """Record no renditions, only thumbnails."""
        return cls("NONE")

    @classmethod
    def custom(cls, *resolutions: Resolution) -> Renditions:
        """Record only these renditions, one or more."""
        return cls("CUSTOM", resolutions)


@dataclass(frozen=True, slots=True)
class Thumbnails:
    """Whether and how often a thumbnail of the stream is stored."""

    mode: str
    every: Duration | None = None
    resolution: Resolution | None = None
    storage: tuple[ThumbnailStorage, ...] = ()

    @classmethod
    def disabled(cls) -> Thumbnails:
        """Store no thumbnails."""
        return cls("DISABLED")

    @classmethod
    def interval(
        cls,
        every: Duration | None = None,
        *,
        resolution: Resolution | None = None,
        storage: Sequence[ThumbnailStorage] = (),
    ) -> Thumbnails:
        """Store a thumbnail at a regular interval.

        Args:
            every: The interval, 1 to 60 seconds. Default: 60 seconds.

            resolution: The size of the thumbnails. Default: the resolution of the stream.

            storage: How thumbnails are stored. Default: sequentially.
        """
        return cls("INTERVAL", every, resolution, tuple(storage))


class IvsRecordingConfiguration(Feature):
    """Record IVS channels to a bucket.

    Defines an `AWS::IVS::RecordingConfiguration`, `<id>/Resource`. It is created after the role,
    and deleted after the channels that it records and before the role. A recording configuration
    cannot be updated: on a change, CloudFormation replaces it and moves the channels of the app to
    the new one.

    Args:
        bucket: The bucket for the recordings, in the region of the channel. If the bucket already
            has a policy, the policy is created first, because IVS adds a statement to it.

        name: The name of the recording configuration, which need not be unique. Default: no name.

        reconnect_window: How long a broadcast may be interrupted and still continue in the same
            recording, 0 to 300 seconds. Default: each interruption ends the recording.

        renditions: The renditions that are recorded. Default: all renditions.

        thumbnails: Whether and how often a thumbnail is stored. Default: every 60 seconds.

        role: The role `AWSServiceRoleForIVSRecordToS3`. Default: the role of the stack, declared on
            first use.

    Raises:
        UsageError: A prop breaks its rule (`IvsRecordingName`, `IvsReconnectWindow`,
            `IvsThumbnailInterval`), `Renditions.custom` has no rendition (`IvsRenditions`), or the
            role belongs to another service (`RoleOfAnotherService`).
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        bucket: aws_s3.IBucket,
        name: str | None = None,
        reconnect_window: Duration | None = None,
        renditions: Renditions | None = None,
        thumbnails: Thumbnails | None = None,
        role: ServiceLinkedRole | None = None,
    ) -> None:
        super().__init__(scope, id)
        l1 = aws_ivs.CfnRecordingConfiguration
        check_kind(self, "bucket", bucket, "an IBucket", "bucket_name")
        check(rules.IVS_RECORDING_NAME, name, at=self, prop="name")
        window = self._seconds("reconnect_window", reconnect_window)
        check(rules.IVS_RECONNECT_WINDOW, window, at=self, prop="reconnect_window")
        rendition_configuration = self._renditions(renditions)
        thumbnail_configuration = self._thumbnails(thumbnails)
        self._role = role_for(self, role, IVS_RECORD_TO_S3)
        self._resource = l1(
            self,
            "Resource",
            name=name,
            destination_configuration=l1.DestinationConfigurationProperty(
                s3=l1.S3DestinationConfigurationProperty(bucket_name=bucket.bucket_name)
            ),
            recording_reconnect_window_seconds=window,
            rendition_configuration=rendition_configuration,
            thumbnail_configuration=thumbnail_configuration,
        )
        use_role(self._role, self._resource)
        if bucket.policy is not None:
            self._resource.node.add_dependency(bucket.policy)

    @property
    def recording_configuration_arn(self) -> str:
        """The recording configuration's ARN."""
        return self._resource.attr_arn

    @property
    def resource(self) -> aws_ivs.CfnRecordingConfiguration:
        """The recording configuration, deleted after all resources that depend on it."""
        return self._resource

    def record(self, channel: aws_ivs.CfnChannel | str) -> CfnResource:
        """Record a channel.

        For a channel of the app, the method sets its native property; no function is needed. For an
        existing channel, it defines a custom resource that sets the channel's recording
        configuration on create and removes it on delete. IVS does not change a channel that is
        live: the function waits until the stream ends, and fails if that takes too long.

        Args:
            channel: The channel in this app, or the ARN of an existing one.

        Returns:
            The resource whose deletion ends the recording: the channel or the custom resource.

        Raises:
            UsageError: The ARN is not the ARN of a channel (`IvsChannelArn`), the channel is in
                another region than the stack (`OwnerRegion`), or it already has a recording
                configuration (`FeatureSetTwice`).
        """
        check_kind(
            self, "channel", channel, "a CfnChannel or the ARN of one", aws_ivs.CfnChannel, str
        )
        check_region(self, "channel", channel)
        if isinstance(channel, str):
            return self._record_existing(channel)
        if channel.recording_configuration_arn:
            raise already_configured(self, channel, "a recording configuration")
        channel.recording_configuration_arn = self._resource.attr_arn
        # the channel depends on the recording configuration through this reference
        mark_ordered(channel)
        return channel

    def _record_existing(self, channel_arn: str) -> CfnResource:
        check(rules.IVS_CHANNEL_ARN, channel_arn, at=self, prop="channel")
        wanted = contract.IvsChannelRecording(
            channel_arn=channel_arn, recording_configuration_arn=self._resource.attr_arn
        )
        claim(self, CHANNEL, wanted, channel_arn)
        # the id is derived from the channel: with a number as the id, two channels that change
        # places would each undo the change of the other
        known = json.dumps(Stack.of(self).resolve(channel_arn), sort_keys=True)
        scope = Construct(self, f"Channel{hashlib.sha256(known.encode()).hexdigest()[:8]}")
        return HandlerFunction.of(self).define(
            scope,
            "Resource",
            wanted,
            target=last_part(channel_arn),
            permissions=[configure_feature(CHANNEL, channel_arn, marks_owner=True)],
        )

    def _renditions(
        self, renditions: Renditions | None
    ) -> aws_ivs.CfnRecordingConfiguration.RenditionConfigurationProperty | None:
        check_kind(self, "renditions", renditions, "a Renditions", Renditions, optional=True)
        if renditions is None:
            return None
        for each in renditions.resolutions:
            check_kind(self, "renditions", each, "Resolution values", Resolution)
        if renditions.selection == "CUSTOM" and not renditions.resolutions:
            raise UsageError(
                "IvsRenditions",
                at=self,
                prop="renditions",
                allowed="one or more Resolution values for Renditions.custom",
                got=renditions.resolutions,
            )
        return aws_ivs.CfnRecordingConfiguration.RenditionConfigurationProperty(
            rendition_selection=renditions.selection,
            renditions=[each.value for each in renditions.resolutions] or None,
        )

    def _thumbnails(
        self, thumbnails: Thumbnails | None
    ) -> aws_ivs.CfnRecordingConfiguration.ThumbnailConfigurationProperty | None:
        check_kind(self, "thumbnails", thumbnails, "a Thumbnails", Thumbnails, optional=True)
        if thumbnails is None:
            return None
        every = self._seconds("thumbnails", thumbnails.every)
        check(rules.IVS_THUMBNAIL_INTERVAL, every, at=self, prop="thumbnails")
        return aws_ivs.CfnRecordingConfiguration.ThumbnailConfigurationProperty(
            recording_mode=thumbnails.mode,
            target_interval_seconds=every,
            resolution=thumbnails.resolution.value if thumbnails.resolution else None,
            storage=[each.value for each in thumbnails.storage] or None,
        )

    def _seconds(self, prop: str, duration: Duration | None) -> float | None:
        check_kind(self, prop, duration, "a Duration", Duration, optional=True)
        return None if duration is None else duration.to_seconds(integral=False)
