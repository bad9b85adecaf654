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
from slr_constructs._environment import check_environment
from slr_constructs._errors import amount_of, check, check_kind, check_list
from slr_constructs._feature import Feature, already_configured, claim, owner_of
from slr_constructs._handler_function import HandlerFunction
from slr_constructs._ordering import use_role
from slr_constructs._permissions import configure_feature
from slr_constructs._registry import mark_ordered
from slr_constructs._service_linked_role import ServiceLinkedRole, role_for
from slr_constructs._usage_error import UsageError
from slr_constructs.catalogue.ivs_recording import CHANNEL, IVS_RECORD_TO_S3
from slr_constructs.handler.slr_handler import contract, rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import CfnResource
    from constructs import IConstruct


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
    storage: Sequence[ThumbnailStorage] = ()

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
        return cls("INTERVAL", every, resolution, storage)


class IvsRecordingConfiguration(Feature):
    """Record IVS channels to a bucket.

    Defines an `AWS::IVS::RecordingConfiguration`, `<id>/Resource`. It is created after the role,
    and deleted after the channels that it records and before the role. A recording configuration
    cannot be updated: on a change, CloudFormation replaces it and moves the channels of the app to
    the new one.

    Args:
        bucket: The bucket for the recordings, in the account and region of the channel. If the
            bucket already has a policy, the policy is created first, because IVS adds a statement
            to it.

        name: The name of the recording configuration, which need not be unique. Default: no name.

        reconnect_window: How long a broadcast may be interrupted and still continue in the same
            recording, 0 to 300 seconds. Default: each interruption ends the recording.

        renditions: The renditions that are recorded. Default: all renditions.

        thumbnails: Whether and how often a thumbnail is stored. Default: every 60 seconds.

        role: The role `AWSServiceRoleForIVSRecordToS3`. Default: the role of the stack, declared on
            first use.

    Raises:
        UsageError: A prop breaks its rule (`IvsBucketName`, `IvsRecordingName`,
            `IvsReconnectWindow`, `IvsThumbnailInterval`, `IvsRenditions`, `IvsThumbnails`), a
            duration is a token in another unit than seconds (`DurationUnit`), neither renditions
            nor thumbnails are recorded (`NothingRecorded`), the bucket or the role is in another
            account, or the bucket in another region (`OtherEnvironment`), or the role belongs to
            another service (`RoleOfAnotherService`).
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        bucket: aws_s3.IBucket | aws_s3.CfnBucket,
        name: str | None = None,
        reconnect_window: Duration | None = None,
        renditions: Renditions | None = None,
        thumbnails: Thumbnails | None = None,
        role: ServiceLinkedRole | None = None,
    ) -> None:
        super().__init__(scope, id)
        l1 = aws_ivs.CfnRecordingConfiguration
        check_kind(self, "bucket", bucket, "an IBucket or a CfnBucket", "bucket_name")
        check(rules.IVS_BUCKET_NAME, bucket.bucket_name, at=self, prop="bucket")
        # IVS User Guide, "Auto-Record to Amazon S3": the account must own the bucket, which must be
        # in the region of the recording configuration
        check_environment(self, "bucket", bucket, "account", "region")
        check(rules.IVS_RECORDING_NAME, name, at=self, prop="name")
        window = amount_of(self, "reconnect_window", reconnect_window, "seconds")
        check(rules.IVS_RECONNECT_WINDOW, window, at=self, prop="reconnect_window")
        rendition_configuration = self._renditions(renditions)
        thumbnail_configuration = self._thumbnails(thumbnails)
        if renditions == Renditions.none() and thumbnails == Thumbnails.disabled():
            raise UsageError(
                "NothingRecorded",
                at=self,
                prop="thumbnails",
                allowed="a Thumbnails.interval if no renditions are recorded",
                got="DISABLED",
            )
        self._role = role_for(self, role, IVS_RECORD_TO_S3)
        self._resource = l1(
            self,
            "Resource",
            name=name,
            destination_configuration=l1.DestinationConfigurationProperty(
                s3=l1.S3DestinationConfigurationProperty(
                    bucket_name=(
                        bucket.ref if isinstance(bucket, aws_s3.CfnBucket) else bucket.bucket_name
                    )
                )
            ),
            recording_reconnect_window_seconds=window,
            rendition_configuration=rendition_configuration,
            thumbnail_configuration=thumbnail_configuration,
        )
        use_role(self._role, self._resource)
        if not isinstance(bucket, aws_s3.CfnBucket) and bucket.policy is not None:
            self._resource.node.add_dependency(bucket.policy)

    @property
    def recording_configuration_arn(self) -> str:
        """The recording configuration's ARN."""
        return self._resource.attr_arn

    @property
    def resource(self) -> aws_ivs.CfnRecordingConfiguration:
        """The recording configuration, deleted after all resources that depend on it."""
        return self._resource

    def record(self, channel: aws_ivs.CfnChannel | IConstruct | str) -> CfnResource:
        """Record a channel.

        For a channel of the app, the method sets its native property; no function is needed. For an
        existing channel, it defines a custom resource that sets the channel's recording
        configuration on create and removes it on delete. IVS does not change a channel that is
        live: the function waits until the stream ends, and fails if that takes too long.

        Args:
            channel: The channel in this app: a `CfnChannel`, or a construct around one, such as a
                `Channel` of aws-cdk.aws-ivs-alpha. Or the ARN of an existing channel.

        Returns:
            The resource whose deletion ends the recording: the channel or the custom resource.

        Raises:
            UsageError: The ARN is not the ARN of a channel (`IvsChannelArn`), the channel is in
                another account or region than the stack (`OtherEnvironment`), or it already has a
                recording configuration (`FeatureSetTwice`).
        """
        owner = owner_of(
            self,
            "channel",
            channel,
            "a CfnChannel or the ARN of one",
            aws_ivs.CfnChannel,
            arn="channel_arn",
        )
        if isinstance(owner, str):
            return self._record_existing(owner)
        if owner.recording_configuration_arn:
            raise already_configured(self, owner, "a recording configuration")
        claim(self, CHANNEL, owner)
        owner.recording_configuration_arn = self._resource.attr_arn
        # the channel depends on the recording configuration through this reference
        mark_ordered(owner)
        return owner

    def _record_existing(self, channel_arn: str) -> CfnResource:
        check(rules.IVS_CHANNEL_ARN, channel_arn, at=self, prop="channel")
        wanted = contract.IvsChannelRecording(
            channel_arn=channel_arn, recording_configuration_arn=self._resource.attr_arn
        )
        claim(self, CHANNEL, channel_arn, channel_arn)
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
        chosen = check_list(
            self, "renditions", renditions.resolutions, "Resolution values", Resolution
        )
        is_custom = renditions.selection == "CUSTOM"
        if (
            renditions.selection not in ("ALL", "NONE", "CUSTOM")
            or is_custom != bool(chosen)
            or len({*chosen}) < len(chosen)
        ):
            raise UsageError(
                "IvsRenditions",
                at=self,
                prop="renditions",
                allowed="Renditions.all(), Renditions.none(), or Renditions.custom with one or more"
                " Resolution values, each once",
                got=(renditions.selection, *renditions.resolutions),
            )
        return aws_ivs.CfnRecordingConfiguration.RenditionConfigurationProperty(
            rendition_selection=renditions.selection,
            renditions=[*chosen] or None,
        )

    def _thumbnails(
        self, thumbnails: Thumbnails | None
    ) -> aws_ivs.CfnRecordingConfiguration.ThumbnailConfigurationProperty | None:
        check_kind(self, "thumbnails", thumbnails, "a Thumbnails", Thumbnails, optional=True)
        if thumbnails is None:
            return None
        every = amount_of(self, "thumbnails", thumbnails.every, "seconds")
        check(rules.IVS_THUMBNAIL_INTERVAL, every, at=self, prop="thumbnails")
        resolution, kind = thumbnails.resolution, "a Resolution"
        check_kind(self, "thumbnails", resolution, kind, Resolution, optional=True)
        storage = check_list(
            self,
            "thumbnails",
            thumbnails.storage,
            "a list of ThumbnailStorage values",
            ThumbnailStorage,
        )
        if thumbnails.mode not in ("DISABLED", "INTERVAL") or len({*storage}) < len(storage):
            raise UsageError(
                "IvsThumbnails",
                at=self,
                prop="thumbnails",
                allowed="Thumbnails.disabled(), or Thumbnails.interval with storage values, each"
                " once",
                got=(thumbnails.mode, *thumbnails.storage),
            )
        return aws_ivs.CfnRecordingConfiguration.ThumbnailConfigurationProperty(
            recording_mode=thumbnails.mode,
            target_interval_seconds=every,
            resolution=None if resolution is None else resolution.value,
            storage=[*storage] or None,
        )
